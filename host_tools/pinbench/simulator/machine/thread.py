"""The `_thread` module of rp2: one more core, without a lock between the two (facts: SCH-13).

Each core is a thread of the host, but only one ever runs: they hand over to each other at events,
every few microseconds of virtual time, so that both go on side by side, and every time the same
way. Soft callbacks run on core 0 alone. Interrupts that are blocked, a flash write among them,
hold the hand-over up as well.
"""

import _thread as host

from pinbench.simulator.machine import small
from pinbench.simulator.oserror import OSError

_SLICE_US = 10


class Cores:
    """Which core runs. Lives as long as one boot."""

    def __init__(self, kernel):
        self._kernel = kernel
        self.core = 0
        self.busy = False  # core 1 has something to run
        self._turns = []

    def start(self, fn, args, kwargs):
        """Run fn on core 1. OSError when it is in use."""
        if self.busy:
            raise OSError("core1 in use")
        self.busy = True
        self._turns = [host.allocate_lock(), host.allocate_lock()]
        for turn in self._turns:
            turn.acquire()
        host.start_new_thread(self._life, (fn, args, kwargs))
        self._kernel.after(_SLICE_US, self._switch)

    def stop(self):
        """The processor has halted: core 1 learns it at its next step, which is now."""
        if self.busy:
            self._give(1)

    def _life(self, fn, args, kwargs):
        kernel = self._kernel
        self._turns[1].acquire()
        try:
            if kernel.halted is None:
                fn(*args, **kwargs)
        except Exception as error:
            kernel.log("Unhandled exception in thread")
            kernel.log_exception(error)
        except BaseException:  # noqa: S110 (SystemExit ends a thread; a halt ends them all)
            pass
        self.busy = False
        self.core = 0
        kernel.leave_core(self._state)
        self._turns[0].release()

    def _switch(self, _):
        if not self.busy:
            return
        kernel = self._kernel
        kernel.after(_SLICE_US, self._switch)
        if not kernel.irq_off and not kernel.heap_is_locked():
            self._give(1 - self.core)

    def _give(self, core):
        me = self.core
        if core:
            self._state = self._kernel.enter_core()
        else:
            self._kernel.leave_core(self._state)
        self.core = core
        self._turns[core].release()
        self._turns[me].acquire()


def make_thread(bench):
    """Return the module of this boot."""
    kernel = bench.kernel
    call = kernel.call
    cores = bench.cores

    class Lock:
        def __init__(self):
            self._locked = False

        def acquire(self, blocking=True, timeout=-1):
            call()
            end = kernel.now_us + timeout * 1000000
            while self._locked:
                if not blocking or (timeout >= 0 and kernel.now_us >= end):
                    return False
                kernel.spend(1)
            self._locked = True
            return True

        def release(self):
            call()
            if not self._locked:
                raise RuntimeError
            self._locked = False

        def locked(self):
            call()
            return self._locked

        def __enter__(self):
            self.acquire()
            return self

        def __exit__(self, *args):
            self.release()

    def start_new_thread(fn, args, kwargs=None):
        call()
        cores.start(fn, args, kwargs or {})

    def get_ident():
        call()
        return cores.core

    def thread_exit():
        call()
        raise SystemExit

    def stack_size(*size):
        call()
        return 0

    def allocate_lock():
        call()
        return Lock()

    return small.namespace(
        LockType=Lock,
        allocate_lock=allocate_lock,
        start_new_thread=start_new_thread,
        get_ident=get_ident,
        exit=thread_exit,
        stack_size=stack_size,
    )
