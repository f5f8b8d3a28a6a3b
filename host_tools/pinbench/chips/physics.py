"""The little physics that several chips share, the same to the last bit on both interpreters.

math.exp may differ in its last bit between two C libraries, which would let two traces part ways;
what stands here uses the four operations only.
"""


def exp(x):
    """Return e to the power x, within 1e-14 relative for x from -300 to 300."""
    halvings = 0
    while x > 0.25 or x < -0.25:
        x *= 0.5
        halvings += 1
    term = total = 1.0
    for n in range(1, 14):
        term *= x / n
        total += term
    for _ in range(halvings):
        total *= total
    return total


def saturation_hpa(temp_c):
    """Return the vapour pressure in hPa of saturated air over water, -45 to 130 degrees C.

    Magnus formula with the coefficients of the WMO guide (WMO-No. 8, annex 4.B).
    """
    return 6.112 * exp(17.62 * temp_c / (243.12 + temp_c))


def power(base, n):
    """Return base ** n for an int n >= 0 by squaring."""
    result = 1.0
    while n:
        if n & 1:
            result *= base
        base *= base
        n >>= 1
    return result
