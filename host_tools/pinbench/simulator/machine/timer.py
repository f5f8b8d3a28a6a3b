"""machine.Timer (facts: TMR-01 to TMR-12).

What runs is an Alarm; firmware holds a Timer. The two are apart so that a Timer which nobody
refers to any more can be found: on rp2 a collection cancels it (TMR-06).
"""

from pinbench.simulator.oserror import OSError


class Alarms:
    """The alarms of one boot that are running; `pool` bounds their number (None: no bound)."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.pool = kernel.profile.alarm_pool
        self.bursts = kernel.profile.alarms_burst
        self.running = []

    def stop(self):
        """The processor stops."""
        for alarm in list(self.running):
            alarm.cancel()


class Alarm:
    """What calls `fn(handle)` every `period_us` (mode 1) or once (mode 0)."""

    def __init__(self, alarms):
        self._alarms = alarms
        self._kernel = alarms.kernel
        self._event = None
        self.handle = None
        self.started_us = 0

    def start(self, handle, fn, period_us, periodic, hard):
        """Run from now; OSError(ENOMEM) when the pool is used up (TMR-09)."""
        alarms = self._alarms
        if alarms.pool is not None and len(alarms.running) >= alarms.pool:
            raise OSError(self._kernel.profile.ENOMEM)
        self.handle = handle
        self._fn = fn
        self._period_us = period_us
        self._periodic = periodic
        self._hard = hard
        alarms.running.append(self)
        self.started_us = self._kernel.now_us
        self._event = self._kernel.after(period_us, self._tick)

    def cancel(self):
        """Stop; harmless when stopped. What is queued still runs (TMR-10)."""
        self._kernel.cancel(self._event)
        self._event = None
        running = self._alarms.running
        if self in running:
            running.remove(self)
        self.handle = None

    def _tick(self, _):
        kernel = self._kernel
        due = self._event[0]
        if kernel.irq_off:
            self._due = due
            kernel.pend(self._late)
            return
        handle = self.handle
        self._next(due)
        self._fire(handle)

    def _next(self, due):
        if self._periodic:
            self.started_us = due
            # From when it was due, not from now: the length of a callback adds no drift (TMR-05).
            self._event = self._kernel.at(due + self._period_us, self._tick)
        else:
            self.cancel()

    def _late(self):
        """Interrupts were blocked when it was due: rp2 makes up for every tick that it missed, as
        far as the queue holds them; esp32 skips to the next (TMR-11)."""
        if self._event is None:
            return
        handle = self.handle
        if not self._periodic:
            self._next(self._due)
            self._fire(handle)
            return
        missed = (self._kernel.now_us - self._due) // self._period_us + 1
        self._next(self._due + (missed - 1) * self._period_us)
        for _ in range(missed if self._alarms.bursts else 1):
            if self._event is None:
                return
            self._fire(handle)

    def _fire(self, handle):
        fn = self._fn
        if fn is None:
            if self._kernel.profile.platform == "rp2":
                return
            fn = _call_none  # esp32 queues None as it is (TMR-07)
        if not self._hard:
            self._kernel.schedule(fn, handle, "Timer")
        elif not self._kernel.interrupt(fn, handle, "Timer"):
            self.cancel()  # TMR-08


def _call_none(_):
    raise TypeError("'NoneType' object isn't callable")


def make_timer(bench):
    """Return the Timer class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call
    alarms = bench.alarms
    rp2 = profile.platform == "rp2"

    class Timer:
        ONE_SHOT = 0
        PERIODIC = 1

        def __init__(self, id=-1, **kwargs):
            call()
            if id not in profile.timer_ids:  # TMR-01
                if rp2:
                    raise ValueError("Timer doesn't exist")
                raise ValueError("invalid Timer number, max %d" % len(profile.timer_ids[1:]))
            self._alarm = Alarm(alarms)
            if kwargs:
                self._start(**kwargs)

        def init(self, **kwargs):
            call()
            self._alarm.cancel()
            self._start(**kwargs)

        def _start(self, *, mode=1, callback=None, period=-1, freq=None, tick_hz=1000, hard=False):
            if hard and not profile.hard_irq:
                raise ValueError("hard Timers are not implemented")  # TMR-03
            if period < 0:
                period += 1 << 32  # its default is the largest unsigned number
            if freq is not None:
                period_us = int(1000000 / freq)
            else:
                period_us = period * 1000000 // tick_hz
            if not rp2 and period_us == 0:
                raise ValueError("period too small")  # TMR-09
            self._alarm.start(self, callback, max(period_us, 1), mode == 1, hard)  # TMR-12
            if rp2:
                bench.watch_timer(self)

        def deinit(self):
            call()
            self._alarm.cancel()

        if not rp2:

            def value(self):
                """Milliseconds since it began or last fired; 0 when it does not run (TMR-11)."""
                call()
                if self._alarm.handle is None:
                    return 0
                return (kernel.now_us - self._alarm.started_us) // 1000

    return Timer
