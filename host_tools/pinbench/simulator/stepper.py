"""Runs a bench's firmware a stretch at a time, for tests (CPython, host only).

Firmware is one call stack, so it runs in a thread of its own; only one of the two threads ever runs,
and the hand-over happens at an event of the virtual clock, so that a run stays a function of its
seed.
"""

import threading

from pinbench.simulator.watchman import LIMIT_S, Watchman


class Stepper:
    """`run_until(time_us)` starts the firmware's `main` at first use and stops it at that time."""

    def __init__(self, bench, main, limit_s=LIMIT_S):
        self._bench = bench
        self._main = main
        self._limit_s = limit_s
        self._thread = None
        self._watchman = None
        self._paused = threading.Semaphore(0)
        self._resume = threading.Semaphore(0)
        self._closing = False
        self._error = None
        self.ended = False

    def run_until(self, time_us):
        """Let the device run to `time_us` (virtual, since the start). Raises what ended it, if
        something did; returns at once if the time is past."""
        if self.ended or time_us <= self._bench.kernel.now_us:
            return
        self._bench.kernel.at(time_us, self._pause)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="firmware", daemon=True)
            self._thread.start()
        else:
            self._watchman.active = True
            self._resume.release()
        self._paused.acquire()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def close(self):
        """End the run and its thread."""
        if self._thread is not None and not self.ended:
            self._closing = True
            self._bench.kernel.halt("end")
            self._watchman.active = True
            self._resume.release()
            self._thread.join(timeout=5)
        self.ended = True

    def _work(self):
        bench = self._bench
        ident = threading.get_ident()
        self._watchman = Watchman(bench.kernel, ident, bench.roots, self._limit_s)
        self._watchman.start()
        try:
            bench.run(self._main)
        except BaseException as error:
            if not self._closing:
                self._error = error
        finally:
            self._watchman.end()
            self.ended = True
            self._paused.release()

    def _pause(self, _):
        self._watchman.active = False
        self._paused.release()
        self._resume.acquire()
