"""TI DRV8871 H-bridge for one DC motor (SLVSCY9B).

Control table as in its sister DRV8870 (SLVSCY8A, table 1: coast with sleep after 1 ms, wake 50 us
after an input rises, low-side brake). ITRIP = 64 / RILIM(kohm) A and PWM up to 200 kHz: confirmed
for the DRV8871 by TI's text as quoted by gyromech.com and Adafruit's guide to product 3190.
"""

from pinbench.chips.base import Chip

_SLEEP_US = 1000  # both inputs low this long
_WAKE_US = 50
_UVLO_FALLING_MV = 6100
_UVLO_RISING_MV = 6400
_MAXIMUM_PWM_HZ = 200000
_FULL = 65535


class DRV8871(Chip):
    """What the world reads: `drive`, the signed duty -1.0 to 1.0 that the motor sees (positive
    with IN1 high), and `state`: "coast", "brake" or "drive". `slow_decay` is True where the rest
    of each PWM period brakes instead of coasting. `on_change(fn)` calls fn(chip) after each
    change.

    Test face: `supply_mv` (undervoltage lockout below 6100, back above 6400), `shut_down` (over-
    current or overheating: outputs off until set False), `current_limit_ma`. Counters:
    `reversals_without_pause`, direction changes with less than `pause_us` of coast or brake
    between.
    """

    KIND = "drv8871"
    PINS = ("in1", "in2")

    def __init__(self, current_limit_ma=3300, supply_mv=12000):
        Chip.__init__(self)
        self.current_limit_ma = current_limit_ma
        self.drive = 0.0
        self.state = "coast"
        self.slow_decay = False
        self.pause_us = 1000  # the simulator's rule, not the datasheet's: let the current die down
        self.reversals_without_pause = 0
        self._supply_mv = supply_mv
        self._locked_out = supply_mv < _UVLO_RISING_MV
        self._shut_down = False
        self._listeners = []
        self._wake = None

    @property
    def supply_mv(self):
        """Motor supply in mV."""
        return self._supply_mv

    @supply_mv.setter
    def supply_mv(self, value):
        self._supply_mv = value
        if value < _UVLO_FALLING_MV:
            self._lock_out(True)
        elif value > _UVLO_RISING_MV:
            self._lock_out(False)

    @property
    def shut_down(self):
        """True while overcurrent or overtemperature protection holds the outputs off."""
        return self._shut_down

    @shut_down.setter
    def shut_down(self, value):
        self._shut_down = value
        if self.powered:
            self._update(None)

    @property
    def asleep(self):
        """True once both inputs have been low for 1 ms, until 50 us after one rises."""
        if self._low_since_us is None:
            return self._wake is not None
        return self.kernel.now_us - self._low_since_us >= _SLEEP_US

    def on_change(self, fn):
        """Call fn(chip) after every change of `drive` or `state`."""
        self._listeners.append(fn)

    def attach(self, kernel, name, nets):
        """As Chip.attach; follows the nets of both inputs from now on."""
        Chip.attach(self, kernel, name, nets)
        for pin in self.PINS:
            nets[pin].watch(self._update)

    def power_on(self):
        """Supply on; with both inputs low the chip sleeps at once (section 7.3.2)."""
        Chip.power_on(self)
        self._low_since_us = self.kernel.now_us - _SLEEP_US
        self._direction = 0
        self._drove_until_us = 0
        self._update(None)

    def power_off(self):
        """Outputs open."""
        Chip.power_off(self)
        self.kernel.cancel(self._wake)
        self._wake = None
        self._set("coast", 0.0, False)

    def _lock_out(self, locked):
        if locked != self._locked_out:
            self._locked_out = locked
            if self.kernel is not None:
                self.kernel.note("chip", self.name, "undervoltage", int(locked))
                if self.powered:
                    self._update(None)

    def _update(self, net):
        """An input, the supply or a protection changed."""
        if not self.powered:
            return
        in1, in2 = self.nets["in1"], self.nets["in2"]
        if net is not None and net.freq_hz > _MAXIMUM_PWM_HZ:
            self.violation("PWM of %d Hz: 200 kHz at most" % net.freq_hz)
        high, low = in1.duty, in2.duty
        if not high and not low:
            if self._low_since_us is None:
                # Low again before it has woken: it sleeps on.
                slept_us = _SLEEP_US if self._wake is not None else 0
                self._low_since_us = self.kernel.now_us - slept_us
            self.kernel.cancel(self._wake)
            self._wake = None
        elif self._low_since_us is not None:
            if self.asleep:
                self._wake = self.kernel.after(_WAKE_US, self._awake)
            self._low_since_us = None
        if self._locked_out or self._shut_down or self._wake is not None:
            self._set("coast", 0.0, False)
        else:
            self._apply(high, low)

    def _awake(self, _):
        self._wake = None
        self._update(None)

    def _apply(self, high, low):
        if high == low:
            # Equal trains switch both halves together: brake and coast in turns, which brakes.
            self._set("brake" if high else "coast", 0.0, high == _FULL)
        else:
            self._set("drive", (high - low) / _FULL, high == _FULL or low == _FULL)

    def _set(self, state, drive, slow_decay):
        if state == self.state and drive == self.drive and slow_decay == self.slow_decay:
            return
        self._watch_direction(drive)
        self.state = state
        self.drive = drive
        self.slow_decay = slow_decay
        for fn in self._listeners:
            fn(self)

    def _watch_direction(self, drive):
        now_us = self.kernel.now_us
        if self.drive:
            self._drove_until_us = now_us
        direction = (drive > 0) - (drive < 0)
        if not direction:
            return
        if direction == -self._direction and now_us - self._drove_until_us < self.pause_us:
            self.reversals_without_pause += 1
            self.kernel.note("fault", self.name, "reversal without pause")
        self._direction = direction
