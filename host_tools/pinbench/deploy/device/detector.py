"""The garment's detector, timed: no pin is touched and no file written (VM only)."""

import gc
import time

from look import feed

_WARM_UP = 110  # samples, so that the model decides


def _play(step, count):
    """Give `step` so many samples of noise; below 2**30 everywhere, so no int lies on a heap."""
    state = 1
    for _ in range(count):
        state = (state * 77 + 13) & 0xFFFFF
        step((state >> 4) - 32768, -2049, state & 255, state & 511, -(state & 127), state & 63)


def _worst(step, count):
    worst_us = 0
    state = 1
    for _ in range(count):
        state = (state * 77 + 13) & 0xFFFFF
        since_us = time.ticks_us()
        step((state >> 4) - 32768, -2049, state & 255, state & 511, -(state & 127), state & 63)
        worst_us = max(worst_us, time.ticks_diff(time.ticks_us(), since_us))
    return worst_us


def _nothing(ax, ay, az, wx, wy, wz):
    return False


def _us(step, count):
    feed()
    since_us = time.ticks_us()
    _play(step, count)
    return time.ticks_diff(time.ticks_us(), since_us)


def measure(detector, count):
    """Return [microseconds of all samples, of the loop alone, of the slowest; bytes gained].

    The collector is off meanwhile. Keep `count` such that a pass takes less than the watchdog.
    """
    detector.start(0, -2049, 0)
    step = detector.step
    _play(step, _WARM_UP)
    gc.collect()
    gc.disable()
    try:
        feed()
        before = gc.mem_alloc()
        _play(step, count)
        gained = gc.mem_alloc() - before
        whole_us = _us(step, count)
        loop_us = _us(_nothing, count)
        feed()
        worst_us = _worst(step, count)
    finally:
        gc.enable()
    return [whole_us, loop_us, worst_us, gained]
