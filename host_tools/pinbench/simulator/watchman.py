"""Stops firmware that loops without calling anything, and says where (CPython, host only).

Such a loop never moves the virtual clock, so no event of the simulation can end it: only the wall
clock can. On the VM the host does the same with an interrupt signal (see play.py).
"""

import contextlib
import ctypes
import os
import sys
import threading

LIMIT_S = 10.0


class HungLoop(BaseException):
    """Firmware ran this long without calling a fake module; the text names file and line."""


class Watchman(threading.Thread):
    """Watches one thread: unless `kernel` moves within `limit_s` of wall time, the thread gets a
    HungLoop. `active` may be cleared while the thread rightly waits."""

    def __init__(self, kernel, thread_id, roots, limit_s=LIMIT_S):
        super().__init__(name="watchman", daemon=True)
        self._kernel = kernel
        self._thread_id = thread_id
        self._roots = [os.path.abspath(root) + os.sep for root in roots]
        self._limit_s = limit_s
        self._over = threading.Event()
        self.active = True

    def run(self):
        """Look a few times in each `limit_s`."""
        looks = 5
        seen, still = None, 0
        while not self._over.wait(self._limit_s / looks):
            now = (self._kernel.now_us, self._kernel.trace.count, self._kernel.events)
            still = still + 1 if now == seen and self.active else 0
            seen = now
            if still >= looks:
                self._stop_it()
                still = 0

    def end(self):
        """Stop watching."""
        self._over.set()

    def _stop_it(self):
        where = self._where()
        if where is None:
            return  # the simulator itself is busy, not the firmware
        text = "firmware ran %g s without calling anything, at %s" % (self._limit_s, where)
        error = type("HungLoop", (HungLoop,), {"__str__": lambda self: text})
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread_id), ctypes.py_object(error)
        )

    def _where(self):
        frame = sys._current_frames().get(self._thread_id)
        while frame is not None:
            path = frame.f_code.co_filename
            for root in self._roots:
                if path.startswith(root):
                    return "%s:%d" % (path[len(root) :], frame.f_lineno)
            frame = frame.f_back
        return None


@contextlib.contextmanager
def watching(kernel, roots, limit_s=LIMIT_S):
    """Guard the code inside against loops that call nothing, in the calling thread."""
    watchman = Watchman(kernel, threading.get_ident(), roots, limit_s)
    watchman.start()
    try:
        yield watchman
    finally:
        watchman.end()
