"""Finds a loop in firmware that calls nothing, on CPython: virtual time stands still in it."""

import contextlib
import signal
import threading
from pathlib import Path

from pinbench.errors import PinbenchError


class Stalled(PinbenchError):
    """Nothing happened for too long; the text names file and line."""


class _Interrupt(BaseException):
    """Raised into the loop; firmware's `except Exception` cannot hold it."""


@contextlib.contextmanager
def watch(count, stall_s):
    """Within it, `count()` must rise every `stall_s` of wall time, or Stalled is raised.

    It takes the signal SIGALRM, so it guards only the main thread; elsewhere it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen, where = [-1], []

    def look(_number, frame):
        now = count()
        if now != seen[0]:
            seen[0] = now
            return
        where.append(_place(frame))
        raise _Interrupt

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, stall_s, stall_s)
    try:
        yield
    except _Interrupt:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if where:
        text = "nothing happened for %.0f s: a loop that calls nothing, at %s"
        raise Stalled(text % (stall_s, where[0]))


def _place(frame):
    while frame is not None and "host_tools" in Path(frame.f_code.co_filename).parts:
        frame = frame.f_back
    return "?" if frame is None else f"{frame.f_code.co_filename}, line {frame.f_lineno}"
