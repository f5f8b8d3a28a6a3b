"""Two end switches, normally closed to ground, with pull-ups.

A switch that opens at its end reads high there, and so does a broken wire or a plug pulled: what
fails looks like an end reached, and stops the drive.
"""

from machine import Pin

# Two of three agree. Index: the last three samples as bits.
_MAJORITY = (0, 0, 0, 1, 0, 1, 1, 1)


class LimitSwitches:
    """`open` and `closed` are True at that end, `fault` if both are: a wire is broken.

    pin_open, pin_closed: numbers, or Pins that are inputs with pull-ups. The first sample is taken
    at once and believed.
    """

    def __init__(self, pin_open, pin_closed):
        self._pin_open = _input(pin_open)
        self._pin_closed = _input(pin_closed)
        self._open_bits = 7 * self._pin_open.value()
        self._closed_bits = 7 * self._pin_closed.value()
        self.open = self.closed = self.fault = False
        self._decide()

    def step(self):
        """Take one sample of each; call every 1 to 10 ms. A change counts at its second sample."""
        self._open_bits = (self._open_bits << 1 | self._pin_open.value()) & 7
        self._closed_bits = (self._closed_bits << 1 | self._pin_closed.value()) & 7
        self._decide()

    def _decide(self):
        self.open = _MAJORITY[self._open_bits] == 1
        self.closed = _MAJORITY[self._closed_bits] == 1
        self.fault = self.open and self.closed


def _input(pin):
    return Pin(pin, Pin.IN, Pin.PULL_UP) if isinstance(pin, int) else pin
