"""Can six counts be what a worn sensor measures? An axis that sticks or saturates cannot.

While a wearer moves no axis gives the same count again and again: the accelerometer's noise alone
is 4 counts (LSM6DSOX datasheet, table 3: 1.8 mg rms at +-16 g). At rest the gyroscope may well
(0.4 counts), so only samples during which the others move count. Full scale (16 g, 2000 dps) is
nothing that happens to a trunk before it hits the ground. A doubtful sample does not fire; many
of them in a row are a fault.
"""

from micropython import const

FINE = const(0)
DOUBTFUL = const(1)
BAD = const(2)

# Counts that all six change together from one sample to the next: it moves. In the recordings of
# daily life three equal samples of an axis while this moves come 40 to 130 times an hour, five of
# them at most 3 times, twelve never.
_STIR = const(60)
_STUCK_DOUBT = const(3)  # equal samples while it moves: 29 ms
_STUCK = const(12)  # 115 ms
_FULL = const(10)  # samples at full scale: 96 ms
_RUNS = const(6)
_FULLS = const(12)
SIZE = const(18)


def clear(s, sample):
    """Begin with this first sample."""
    for i in range(6):
        s[i] = sample[i]
        s[_RUNS + i] = 0
        s[_FULLS + i] = 0


def check(s, sample):
    """Take one sample (six int16); return FINE, DOUBTFUL or BAD. s: SIZE ints, kept between."""
    stir = 0
    for i in range(6):
        change = sample[i] - s[i]
        stir += change if change >= 0 else -change
    worst = FINE
    for i in range(6):
        value = sample[i]
        if value != s[i]:
            s[_RUNS + i] = 0
        elif stir > _STIR:
            s[_RUNS + i] += 1
        s[i] = value
        if value == 32767 or value == -32768:
            s[_FULLS + i] += 1
        else:
            s[_FULLS + i] = 0
        if s[_RUNS + i] >= _STUCK or s[_FULLS + i] >= _FULL:
            return BAD
        if s[_RUNS + i] >= _STUCK_DOUBT or s[_FULLS + i]:
            worst = DOUBTFUL
    return worst
