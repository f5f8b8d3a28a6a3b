"""A vibration motor (ERM) behind a MOSFET on one pin: what the wearer felt.

Pin `in`: high or PWM drives it. It spins up within 40 ms; shorter drives are not felt.
Test face: `runs`, the last 64 as (start_us, duration_us, duty_u16) of felt drives; `count` of all
felt; `running`; `seized` True: it draws current and nobody feels it.
"""

from pinbench.chips.base import Chip

_KEEP = 64
_SPIN_UP_US = 40000


class VibrationMotor(Chip):
    """See the module."""

    KIND = "vibration_motor"
    PINS = ("in",)

    def __init__(self):
        Chip.__init__(self)
        self.runs = []
        self.count = 0
        self.seized = False
        self._start_us = None
        self._duty = 0

    @property
    def running(self):
        """True while it turns fast enough to be felt."""
        return (
            self._start_us is not None
            and not self.seized
            and self.kernel.now_us - self._start_us >= _SPIN_UP_US
        )

    def attach(self, kernel, name, nets):
        """As Chip.attach; follows its net from now on."""
        Chip.attach(self, kernel, name, nets)
        nets["in"].watch(self._update)
        self._update(nets["in"])

    def power_off(self):
        """It runs down."""
        self._end()
        Chip.power_off(self)

    def power_on(self):
        """Supply on: it follows its net."""
        Chip.power_on(self)
        self._update(self.nets["in"])

    def _update(self, net):
        driven = self.powered and net.duty > 0
        if not driven:
            self._end()
        elif self._start_us is None:
            self._start_us = self.kernel.now_us
            self._duty = net.duty

    def _end(self):
        if self._start_us is None:
            return
        duration_us = self.kernel.now_us - self._start_us
        if duration_us >= _SPIN_UP_US and not self.seized:
            self.count += 1
            self.runs.append((self._start_us, duration_us, self._duty))
            if len(self.runs) > _KEEP:
                self.runs.pop(0)
            self.kernel.note("chip", self.name, "felt", duration_us)
        self._start_us = None
