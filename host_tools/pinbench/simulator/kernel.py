"""The kernel: one virtual clock, one event queue, the soft callbacks, and what is noted of a run.

Time is an int of microseconds since the start of the run. It moves only when firmware calls a fake
module: each call costs the profile's `call_cost_us`, a sleep or a transfer its own time. Whatever
is due on the way happens at its own instant, first in first out among equals. Firmware callbacks
that are soft wait in a queue of the port's depth and run one at a time at polling calls (SCH-02,
SCH-03); hard ones run in the event itself.
"""

import heapq

try:
    import traceback
except ImportError:  # MicroPython: taken now, before firmware's own `sys` stands in its place
    import io
    import sys

    traceback = None

if traceback is not None:
    from pinbench.simulator.alloc_guard import call as call_guarded
else:
    from micropython import heap_lock, heap_unlock  # pyright: ignore[reportMissingImports]

from pinbench.simulator.nets import Net
from pinbench.simulator.profiles import profile as find_profile
from pinbench.simulator.rng import Random
from pinbench.simulator.trace import Trace


class Halt(BaseException):
    """The processor stops here: a reset, a bite of the watchdog, a power cut, the end of the run.

    `kind` is "end", "reset", "watchdog", "power", "deepsleep" or "idle" (nothing can ever happen
    again). It is a BaseException so that firmware's `except Exception` cannot hold it.
    """

    def __init__(self, kind, off_us=0):
        super().__init__(kind)
        self.kind = kind
        self.off_us = off_us


class CtrlC(KeyboardInterrupt):
    """Ctrl-C on the simulated console; the host's own is a plain KeyboardInterrupt."""


def _interrupt(_):
    raise CtrlC


class SimulationBug(BaseException):
    """The simulator itself failed inside an event: never to be taken for the firmware's error."""


# Stands as `halted` while a hard handler runs on the VM with the heap locked, and is what a fake
# raises that has no boundary; made ahead, because nothing can be made then.
_HEAP_LOCKED = SimulationBug(
    "a hard handler called a fake that simulator/boundary.py does not know"
)


class Kernel:
    """See the module. `profile` is a Profile or its name, `seed` an int, `start_ticks_us` what
    `ticks_us` would read, unwrapped, at time 0."""

    def __init__(self, profile="rp2", seed=0, start_ticks_us=0, trace=None):
        self.profile = find_profile(profile) if isinstance(profile, str) else profile
        self.now_us = 0
        self.start_ticks_us = start_ticks_us
        self.seed = seed
        self.random = Random(seed)
        self.trace = trace if trace is not None else Trace()
        self.events = 0
        self.callbacks = 0
        self.losses = {}
        self.violations = []
        self.halted = None
        self.irq_off = 0
        self._heap = []
        self._sequence = 0
        self._nets = {}
        self._soft = []
        self._in_soft = False
        self._hard = 0
        self.locked = False  # the VM's real heap, for a hard handler
        self.heap_locks = 0
        self.emergency = False  # alloc_emergency_exception_buf has been called
        self._pended = []
        self._cost_us = self.profile.call_cost_us

    # -- the event queue

    def at(self, time_us, fn, arg=None):
        """Call fn(arg) when the clock reaches `time_us`; returns the event, for `cancel`."""
        self._sequence += 1
        event = [time_us if time_us > self.now_us else self.now_us, self._sequence, fn, arg]
        heapq.heappush(self._heap, event)
        return event

    def after(self, delay_us, fn, arg=None):
        """Call fn(arg) `delay_us` from now; returns the event."""
        return self.at(self.now_us + delay_us, fn, arg)

    def cancel(self, event):
        """Make an event do nothing; None and past events are harmless."""
        if event is not None:
            event[2] = None

    def run_until(self, time_us):
        """Advance the clock without any firmware; for tests of chips and worlds."""
        self._advance(time_us)

    def _fire(self):
        event = heapq.heappop(self._heap)
        if event[0] > self.now_us:
            self.now_us = event[0]
        fn = event[2]
        if fn is not None:
            event[2] = None
            self.events += 1
            try:
                fn(event[3])
            except Exception as error:
                raise SimulationBug(describe(error))

    def _advance(self, target_us):
        heap = self._heap
        while heap and heap[0][0] <= target_us:
            self._fire()
            if self.halted is not None:
                raise self.halted
        if target_us > self.now_us:
            self.now_us = target_us

    # -- time as firmware spends it

    def call(self):
        """Charge one call into a fake module. Raises Halt once the processor has stopped."""
        if self.halted is not None:
            self._stopped()
        target = self.now_us + self._cost_us
        heap = self._heap
        if heap and heap[0][0] <= target:
            self._advance(target)
        else:
            self.now_us = target

    def spend(self, us):
        """Let `us` pass without delivering soft callbacks: a transfer, a busy wait."""
        if self.halted is not None:
            self._stopped()
        if us > 0:
            self._advance(self.now_us + us)

    def busy_us(self, us):
        """Let `us` pass with interrupts blocked (a flash erase, SCH-11): hard handlers wait
        too.
        """
        self.irq_off += 1
        try:
            self.spend(us)
        finally:
            self.irq_off -= 1
        if not self.irq_off:
            self.flush_pended()

    def sleep(self, us):
        """Let `us` pass, delivering soft callbacks one at a time as they come (TIM-06)."""
        if self.halted is not None:
            self._stopped()
        end = self.now_us + us
        while True:
            waiting = self._soft and not self._in_soft
            if waiting:
                self._deliver()
            if self.now_us >= end:
                return
            if not waiting:
                self.wait(end)

    def wait(self, end_us):
        """Move to the next event or to `end_us` (None: for ever), whichever is first."""
        heap = self._heap
        if heap and (end_us is None or heap[0][0] <= end_us):
            self._fire()
            if self.halted is not None:
                raise self.halted
        elif end_us is None:
            self.halt("idle")
            raise self.halted
        elif end_us > self.now_us:
            self.now_us = end_us

    def doze(self, us):
        """Stand still until an interrupt comes, for `us` at most (None: for ever). It is served
        only when the processor has woken (RST-20)."""
        end = None if us is None else self.now_us + us
        self.irq_off += 1
        try:
            while not self._pended and (end is None or self.now_us < end):
                self.wait(end)
        finally:
            self.irq_off -= 1
        self.flush_pended()

    def idle(self, end_us):
        """One round of a polling wait: a soft callback if one waits, else as `wait`."""
        if self._soft and not self._in_soft:
            self._deliver()
        else:
            self.wait(end_us)

    def poll(self):
        """Deliver one soft callback if one waits: the polling calls call this (SCH-03)."""
        if self._soft and not self._in_soft:
            self._deliver()

    def ticks_us(self):
        """Return the unwrapped tick counter in microseconds."""
        return self.start_ticks_us + self.now_us

    # -- callbacks

    def schedule(self, fn, arg, who):
        """Queue a soft callback; a full queue drops it (False) and counts the loss (PIN-19)."""
        if len(self._soft) >= self.profile.queue_depth:
            self.note("callback", who, "dropped")
            self.loss("dropped callback", who)
            return False
        self._soft.append((fn, arg, who))
        return True

    def queue_full(self):
        """True when `micropython.schedule` would have to refuse."""
        return len(self._soft) >= self.profile.queue_depth

    def ctrl_c(self, _=None):
        """Ctrl-C on the console: KeyboardInterrupt at the next poll, in front of what waits."""
        self._soft.insert(0, (_interrupt, None, "Ctrl-C"))

    def callbacks_wait(self):
        """True while a soft callback waits for a polling call."""
        return bool(self._soft)

    def next_event_us(self):
        """Return the time of the next event, None if there is none."""
        return self._heap[0][0] if self._heap else None

    def _deliver(self):
        fn, arg, who = self._soft.pop(0)
        self._in_soft = True
        self.callbacks += 1
        self.note("callback", who, "run")
        try:
            fn(arg)
        except Exception as error:  # SCH-04: printed and swallowed
            self.log_exception(error)
        finally:
            self._in_soft = False

    def interrupt(self, fn, arg, who):
        """Run a hard handler now, or when interrupts are let in again.

        Returns False when it raised (PIN-21): the caller then disables its source.
        """
        if self.irq_off or self._hard:  # handlers have one priority: none interrupts another
            entry = (self.interrupt, (fn, arg, who))
            if entry not in self._pended:  # one pending bit a source, as in hardware
                self._pended.append(entry)
            return True
        self.callbacks += 1
        self.note("callback", who, "hard")
        self._hard += 1
        try:
            if traceback is not None:
                call_guarded(fn, arg, self.emergency)
            else:
                self._call_locked(fn, arg)
        except Exception as error:
            self.log("Uncaught exception in IRQ callback handler")
            # Its text found no room (SCH-10).
            self.log(describe_error(error) if self.emergency else type(error).__name__)
            return False
        finally:
            self._hard -= 1
        if self._pended:
            self.flush_pended()
        return True

    def _call_locked(self, fn, arg):
        if self.halted is not None:
            fn(arg)
            return
        self.relock()
        try:
            fn(arg)
        finally:
            if self.locked:
                self.lift()

    def relock(self):
        """Lock the VM's heap: firmware goes on in a hard handler. Nothing once it has halted."""
        if self.halted is None:
            self.halted = _HEAP_LOCKED
            self.locked = True
            heap_lock()

    def lift(self):
        """Unlock the VM's heap: a fake does the simulator's own work."""
        heap_unlock()
        self.locked = False
        self.halted = None

    def pend(self, fn):
        """Call fn() as soon as interrupts are let in again; the caller asks only once."""
        self._pended.append((fn, ()))

    def heap_is_locked(self):
        """True in a hard handler and between heap_lock and heap_unlock."""
        return self._hard > 0 or self.heap_locks > 0

    def lock_heap(self):
        """micropython.heap_lock: on the VM its own as well, until a fake that has no boundary is
        called. Locks nest."""
        self.heap_locks += 1
        if traceback is None:
            self.relock()

    def unlock_heap(self):
        """micropython.heap_unlock."""
        self.heap_locks -= 1
        if self.heap_locks and traceback is None:
            self.relock()

    def flush_pended(self):
        """Run the interrupts that waited while they were blocked."""
        while self._pended and not self.irq_off and not self._hard:
            fn, args = self._pended.pop(0)
            fn(*args)

    # -- the other core

    def enter_core(self):
        """Core 1 goes on: it runs no soft callback (SCH-13). Returns what `leave_core` needs."""
        state = self._in_soft
        self._in_soft = True
        return state

    def leave_core(self, state):
        """Core 0 goes on."""
        self._in_soft = state

    # -- what stops the processor

    def _stopped(self):
        """Raise Halt; or go on, unlocked, where the main program had locked the heap itself."""
        if not self.locked or self._hard:
            raise self.halted
        self.lift()

    def halt(self, kind, off_us=0):
        """Stop the processor at the next instant that firmware asks anything of it."""
        if self.halted is None:
            self.halted = Halt(kind, off_us)

    def power_cut(self, off_ms):
        """Cut the supply for `off_ms` of virtual time."""
        self.note("fault", "supply", "cut", off_ms)
        self.halt("power", off_ms * 1000)

    def reset_pulse(self):
        """A spike on the reset line: the processor starts again, the surroundings go on."""
        self.note("fault", "reset", "pulse")
        self.halt("power", 0)

    def restart_ticks(self):
        """The processor comes out of a reset: its counters begin at 0 (TIM-10)."""
        self.start_ticks_us = -self.now_us

    def revive(self):
        """After a halt: forget everything that lived in the processor."""
        self.halted = None
        self._soft = []
        self._in_soft = False
        self._hard = 0
        self.heap_locks = 0
        self.emergency = False
        self._pended = []
        self.irq_off = 0

    # -- what is noted

    def net(self, name):
        """Return the Net called `name`, made at first use."""
        net = self._nets.get(name)
        if net is None:
            net = self._nets[name] = Net(self, name)
        return net

    def note(self, channel, who, *values):
        """Add a record to the trace; values are ints and strings."""
        self.trace.record(self.now_us, channel, who, values)

    def log(self, text):
        """One line that firmware printed."""
        self.trace.record(self.now_us, "log", "", (text,))

    def log_exception(self, error):
        """The last line of a traceback: the text that both interpreters agree on."""
        self.log(describe_error(error))

    def violation(self, who, text):
        """The firmware did what a datasheet forbids: fails the run unless expected."""
        self.violations.append((self.now_us, who, text))
        self.note("violation", who, text)

    def loss(self, kind, who):
        """A silent loss: counted, and fails the run unless expected."""
        self.losses[kind] = self.losses.get(kind, 0) + 1
        self.note("loss", who, kind, self.losses[kind])


def describe_error(error):
    """Return `ValueError: text`, the same on both interpreters."""
    name = type(error).__name__
    if isinstance(error, (OSError, KeyError)) and error.args:
        return "%s: %s" % (name, error.args[0])
    text = str(error)
    return "%s: %s" % (name, text) if text else name


def describe(error):
    """Return the traceback of `error` as text, on either interpreter."""
    if traceback is not None:
        return "".join(traceback.format_exception(error))
    out = io.StringIO()
    sys.print_exception(error, out)
    return out.getvalue()
