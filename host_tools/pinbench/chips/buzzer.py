"""A buzzer on one pin: it records what could be heard."""

from pinbench.chips.base import Chip

_KEEP = 64


class Buzzer(Chip):
    """Test face: `beeps`, the last 64 as (start_us, duration_us, freq_hz), freq_hz 0 for a steady
    high level (heard only from a buzzer with its own oscillator); `count` of all; `sounding`."""

    KIND = "buzzer"
    PINS = ("in",)

    def __init__(self):
        Chip.__init__(self)
        self.beeps = []
        self.count = 0
        self._start_us = None
        self._freq_hz = 0

    @property
    def sounding(self):
        """True while it can be heard."""
        return self._start_us is not None

    def attach(self, kernel, name, nets):
        """As Chip.attach; listens to its net from now on."""
        Chip.attach(self, kernel, name, nets)
        nets["in"].watch(self._update)
        self._update(nets["in"])

    def power_off(self):
        """Silence."""
        self._end()
        Chip.power_off(self)

    def _update(self, net):
        on = self.powered and net.duty > 0
        if on and self._start_us is not None and net.freq_hz == self._freq_hz:
            return  # louder or softer, the same beep
        self._end()
        if on:
            self._start_us = self.kernel.now_us
            self._freq_hz = net.freq_hz
            self.count += 1

    def _end(self):
        if self._start_us is None:
            return
        duration_us = self.kernel.now_us - self._start_us
        self.beeps.append((self._start_us, duration_us, self._freq_hz))
        if len(self.beeps) > _KEEP:
            self.beeps.pop(0)
        self.kernel.note("chip", self.name, "beep", self._freq_hz, duration_us)
        self._start_us = None
