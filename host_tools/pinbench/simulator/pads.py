"""The pads of the microcontroller: what outlives the Pin objects and, on rp2, a soft reset.

Latch and pad are kept apart, so read-back, open drain, shorts and retention come out by
themselves.
"""

IN, OUT, OPEN_DRAIN = range(3)


class Pad:
    """One GPIO: direction, latch, pull and the net it is bonded to."""

    def __init__(self, number, net):
        self.number = number
        self.net = net
        self.source = "GP%d" % number
        self.function = "sio"
        self.adc_fault = 0  # esp-idf error by which conversions of this pin fail, 0 for none
        self.reset()

    def reset(self):
        """Power-on state: an input, nothing pulled, whatever drove the net let go."""
        self.mode = IN
        self.latch = 0
        self.function = "sio"
        self.net.drive(self.source, None)
        self.net.pull(self.source, None)

    def set_mode(self, mode):
        """IN, OUT or OPEN_DRAIN; takes the pin back from any peripheral (PIN-16)."""
        self.mode = mode
        self.function = "sio"
        self._apply()

    def set_pull(self, level):
        """0, 1 or None for no pull."""
        self.net.pull(self.source, level)

    def set_latch(self, level):
        """Load the output latch; the pad follows only in an output mode (PIN-05)."""
        self.latch = level
        self._apply()

    def put(self, level):
        """Write the latch as C drivers do on rp2: with the emulated open drain the direction stays
        as it is, so a released pin is not pulled low (PIN-12)."""
        if self.function == "sio" and self.mode == OPEN_DRAIN:
            if not self.latch:
                self.net.drive(self.source, level)
        else:
            self.set_latch(level)

    def take(self, function, pull=None):
        """A peripheral takes the pin: the GPIO block lets go, `pull` (0, 1, None) is applied."""
        self.function = function
        self.net.drive(self.source, None)
        self.net.pull(self.source, pull)

    def drive_pwm(self, freq_hz, duty_u16):
        """The PWM block drives the pad."""
        self.function = "pwm"
        self.net.drive_pwm(self.source, freq_hz, duty_u16)

    def _apply(self):
        if self.function != "sio":
            return
        if self.mode == OUT:
            self.net.drive(self.source, self.latch)
        elif self.mode == OPEN_DRAIN and not self.latch:
            self.net.drive(self.source, 0)
        else:
            self.net.drive(self.source, None)
