"""Synthetic motions of a trunk, for machines without recordings: rows of six counts at 104 Hz.

They are made, not measured, and prove nothing about people. Axes as in the recordings: x to the
wearer's right, y down, z forward; upright and at rest the accelerometer reads (0, -1 g, 0). Falls
are those of an inverted pendulum: a rod of 1.7 m that tips over its foot (lean'' = 3 g / (2 * 1.7
m) * sin lean), the sensor 0.95 m up; the rest are key frames of lean and load with smooth ways
between them. Sines are a series of our own, so that both interpreters get the same rows.
"""

from array import array

_G_COUNTS = 2049.18  # counts of 0.488 mg
_DPS_PER_RAD = 57.29577951308232
_COUNTS_PER_DPS = 14.285714285714286  # 70 mdps
_HZ = 104
_PI = 3.141592653589793
_ROD = 1.5 * 9.81 / 1.7
_SENSOR_M = 0.95
_G = 9.81

# name: (kind, direction or frames). Frames: (ms, lean forward deg, lean right deg, load in g).
# Load is what carries the body along its own axis: 1 at rest, under 1 while it sinks.
_FRAMES = {
    "stand": ((2000, 0, 0, 1),),
    "sit down hard": (
        (1000, 0, 0, 1), (250, 25, 0, 0.55), (150, 30, 0, 0.5), (60, 25, 0, 3.2), (60, 20, 0, 1),
        (500, 5, 0, 1), (1500, 0, 0, 1),
    ),
    "jump": (
        (1000, 0, 0, 1), (200, 12, 0, 0.7), (180, 8, 0, 2.1), (60, 2, 0, 0.05), (260, 0, 0, 0.05),
        (50, 4, 0, 4.0), (150, 8, 0, 0.8), (300, 2, 0, 1), (1500, 0, 0, 1),
    ),
    "stumble": (
        (1000, 0, 0, 1), (120, 10, 3, 0.7), (160, 28, 6, 0.65), (90, 22, 2, 2.4),
        (200, 10, -3, 1.2), (250, 3, 0, 0.95), (1500, 0, 0, 1),
    ),
    "lie down": ((1000, 0, 0, 1), (1200, 40, 0, 1), (1500, 85, 0, 1), (2000, 85, 0, 1)),
    "take off": (
        (500, 0, 0, 1), (400, 30, -50, 1.1), (500, -60, 40, 0.9), (400, 70, 60, 1.1),
        (300, 80, 0, 1.3), (2000, 85, 0, 1),
    ),
    "bend": ((800, 0, 0, 1), (700, 70, 0, 1), (700, 70, 0, 1), (700, 0, 0, 1), (800, 0, 0, 1)),
}  # fmt: skip
_FALLS = {
    "fall forward": (1, 0),
    "fall backward": (-1, 0),
    "fall right": (0, 1),
    "fall left": (0, -1),
}
_GAITS = {"walk": (1.8, 0.22, 10), "jog": (2.6, 0.9, 16)}  # steps/s, bounce in g, s
NAMES = tuple(sorted(list(_FRAMES) + list(_FALLS) + list(_GAITS)))


def sine(x):
    """Return the sine of x radians, within 1e-9 for |x| up to some hundred turns."""
    turns = int(x / (2 * _PI) + (0.5 if x >= 0 else -0.5))
    x -= turns * 2 * _PI
    if x > _PI / 2:
        x = _PI - x
    elif x < -_PI / 2:
        x = -_PI - x
    square = x * x
    total = term = x
    for n in (6, 20, 42, 72, 110, 156):
        term *= -square / n
        total += term
    return total


def motion(name):
    """Return (rows as array('h'), number of the row of the impact or -1).

    Raises ValueError for a name that is not in NAMES.
    """
    if name in _FALLS:
        return _fall(_FALLS[name])
    if name in _GAITS:
        return _gait(_GAITS[name]), -1
    if name in _FRAMES:
        return _keyed(_FRAMES[name]), -1
    raise ValueError("motion %r is unknown: choose one of %s" % (name, ", ".join(NAMES)))


def _row(out, lean, side, rates, along, forward, right):
    """Add a row. Angles in rad, rates in rad/s; `along` the body's axis upwards, `forward` and
    `right` in g besides what gravity gives."""
    # What holds a leaning body up points to the sky, which lies behind it.
    up = sine(_PI / 2 - lean) * sine(_PI / 2 - side) * along
    out.append(_count((right - sine(side) * along) * _G_COUNTS))
    out.append(_count(-up * _G_COUNTS))
    out.append(_count((forward - sine(lean) * along) * _G_COUNTS))
    out.append(_count(-rates[0] * _DPS_PER_RAD * _COUNTS_PER_DPS))
    out.append(0)
    out.append(_count(rates[1] * _DPS_PER_RAD * _COUNTS_PER_DPS))


def _count(value):
    value = int(value + 0.5) if value >= 0 else -int(0.5 - value)
    return max(-32768, min(32767, value))


def _sway(k, peak):
    """A little restlessness in counts, the same each time."""
    return ((k * 2654435 + 12345 >> 7) ^ k * 40503) % (2 * peak + 1) - peak


def _shaken(out):
    for k in range(len(out)):
        out[k] = max(-32768, min(32767, out[k] + _sway(k, 6)))
    return out


def _fall(direction):
    out = array("h")
    for _ in range(_HZ):
        _row(out, 0.0, 0.0, (0.0, 0.0), 1.0, 0.0, 0.0)
    lean, rate = 0.06, 0.25  # a push at the chest
    step = 1.0 / (_HZ * 16)
    while lean < 1.48:
        pull = _ROD * sine(lean)
        _leaning(out, direction, lean, rate, pull)
        for _ in range(16):
            rate += _ROD * sine(lean) * step
            lean += rate * step
    impact = len(out) // 6
    for load in (3.5, 7.0, 5.5, 2.5, 0.6, 1.4):
        a = (1.5 * direction[0], 1.5 * direction[1])
        _row(out, a[0], a[1], (0.0, 0.0), load, 0.0, 0.0)
    for _ in range(3 * _HZ):
        _row(out, 1.5 * direction[0], 1.5 * direction[1], (0.0, 0.0), 1.0, 0.0, 0.0)
    return _shaken(out), impact


def _leaning(out, direction, lean, rate, pull):
    """One row of the tipping rod: gravity less what its own motion takes."""
    axial = sine(_PI / 2 - lean) - _SENSOR_M * rate * rate / _G
    across = _SENSOR_M * pull / _G - sine(lean)
    out.append(_count(across * direction[1] * _G_COUNTS))
    out.append(_count(-axial * _G_COUNTS))
    out.append(_count(across * direction[0] * _G_COUNTS))
    turning = rate * _DPS_PER_RAD * _COUNTS_PER_DPS
    out.append(_count(-turning * direction[0]))
    out.append(0)
    out.append(_count(turning * direction[1]))


def _gait(kind):
    steps_s, bounce, lasts_s = kind
    out = array("h")
    for k in range(int(lasts_s * _HZ)):
        at = 2 * _PI * steps_s * k / _HZ
        lean = 0.05 + 0.03 * sine(at)
        side = 0.04 * sine(at / 2)
        rates = (0.03 * 2 * _PI * steps_s * sine(at + _PI / 2), 0.25 * sine(at / 2 + _PI / 2))
        load = 1.0 + bounce * sine(at) + 0.3 * bounce * sine(2 * at + 0.7)
        _row(out, lean, side, rates, load, 0.12 * sine(at + 1.0), 0.08 * sine(at / 2))
    return _shaken(out)


def _keyed(frames):
    out = array("h")
    lean = side = 0.0
    load = 1.0
    for ms, to_lean, to_side, to_load in frames:
        n = ms * _HZ // 1000
        to_lean, to_side = to_lean / _DPS_PER_RAD, to_side / _DPS_PER_RAD
        for k in range(n):
            part = (k + 1) / n
            smooth = (1 - sine(_PI / 2 - _PI * part)) / 2
            speed = _PI / 2 * sine(_PI * part) * _HZ / n
            rates = ((to_lean - lean) * speed, (to_side - side) * speed)
            at_lean = lean + (to_lean - lean) * smooth
            at_side = side + (to_side - side) * smooth
            _row(out, at_lean, at_side, rates, load + (to_load - load) * smooth, 0.0, 0.0)
        lean, side, load = to_lean, to_side, to_load
    return _shaken(out)
