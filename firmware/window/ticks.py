"""Differences of tick counts that wrap at 2**30 (TIM-01), without a clock of its own."""

from micropython import const

_PERIOD = const(1 << 30)
_HALF = const(1 << 29)


def since(now, then):
    """Return `now - then` of two tick counts of the same unit, -2**29 to 2**29 - 1."""
    return ((now - then + _HALF) & (_PERIOD - 1)) - _HALF
