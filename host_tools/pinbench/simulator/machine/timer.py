"""machine.Timer (facts: TMR-01 to TMR-12)."""


def make_timer(bench):
    """Return the Timer class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call

    class Timer:
        ONE_SHOT = 0
        PERIODIC = 1

        def __init__(self, id=-1, **kwargs):
            call()
            if id not in profile.timer_ids:
                raise ValueError("Timer doesn't exist")  # TMR-01
            self._event = None
            self._fn = None
            bench.at_reset(self._cancel)
            if kwargs:
                self._start(**kwargs)

        def init(self, **kwargs):
            call()
            self._cancel()
            self._start(**kwargs)

        def _start(
            self, *, mode=1, callback=None, period=-1, freq=None, tick_hz=1000, hard=False
        ):
            if hard and not profile.hard_irq:
                raise ValueError("hard Timers are not implemented")  # TMR-03
            if freq is not None:
                period_us = int(1000000 / freq)
            else:
                period_us = period * 1000000 // tick_hz
            self._period_us = max(period_us, 1)  # TMR-12
            self._mode = mode
            self._fn = callback
            self._hard = hard
            self._event = kernel.after(self._period_us, self._tick)

        def _tick(self, _):
            due = kernel.now_us
            if self._mode == 1:
                self._event = kernel.at(due + self._period_us, self._tick)  # TMR-05
            else:
                self._event = None
            if self._fn is None:
                return
            if self._hard:
                if not kernel.interrupt(self._fn, self, "Timer"):
                    self._cancel()  # TMR-08
            else:
                kernel.schedule(self._fn, self, "Timer")

        def _cancel(self):
            kernel.cancel(self._event)
            self._event = None

        def deinit(self):
            call()
            self._cancel()

    return Timer
