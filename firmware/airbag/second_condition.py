"""The second of the two conditions that close FIRE: the accelerometer alone says "unsupported".

It shares nothing with the model but the three accelerometer counts: no gyroscope, no attitude, no
calibration, no tables. A body that goes down is not carried: |a| stays under 1 g, and the
shortfall, summed with a leak of 0.6 s, is the part of its fall that nothing held up. A wearer who
sits, bends or walks is carried again within a step. The chip's own free-fall interrupt was looked
at in its place and does not do (MODEL_CARD.md).
"""

from micropython import const

_ONE_G = const(2049)
_SHORTFALL = const(0)  # leaky sum of 1 g - |a|, counts
_HELD = const(1)  # samples for which the condition still holds
_ROOT = const(2)  # last magnitude, counts
SIZE = const(3)
_HOLD = const(21)  # 200 ms: the model may be that much later


def clear(s):
    """Forget what fell."""
    s[_SHORTFALL] = 0
    s[_HELD] = 0
    s[_ROOT] = _ONE_G


def falling(s, ax, ay, az, enough):
    """Take one sample of raw counts; 1 if the body was unsupported in the last 200 ms, else 0.

    enough: the shortfall that counts, in counts times samples (21730 is 1 m/s).
    """
    # |a| by 4 steps from the last one, which is close; far off it is too high, never too low.
    n = (ax >> 1) * (ax >> 1) + (ay >> 1) * (ay >> 1) + (az >> 1) * (az >> 1)
    y = s[_ROOT] >> 1
    y = (y + n // y + 1) >> 1
    y = (y + n // y + 1) >> 1
    y = (y + n // y + 1) >> 1
    y = ((y + n // y) >> 1) + 1
    s[_ROOT] = y << 1
    short = s[_SHORTFALL] + _ONE_G - (y << 1)
    short -= short >> 6
    if short < 0:
        short = 0
    s[_SHORTFALL] = short
    if short >= enough:
        s[_HELD] = _HOLD
    elif s[_HELD] > 0:
        s[_HELD] -= 1
    return 1 if s[_HELD] > 0 else 0
