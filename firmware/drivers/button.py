"""A push button to ground, with a pull-up: debounced, one event a press."""

from machine import Pin
from micropython import const

_SAMPLES = const(0x07)  # three alike decide


class Button:
    """`down` is True while it is pressed.

    pin: number, or a Pin that is an input with a pull-up. A button that is down from the start
    gives no event until it has been released: one that is stuck, or shorted, is no wish.
    """

    def __init__(self, pin):
        self._pin = Pin(pin, Pin.IN, Pin.PULL_UP) if isinstance(pin, int) else pin
        self._bits = 0
        self.down = True

    def pressed_event(self):
        """Take one sample; return True once for each press. Call every 5 to 20 ms."""
        self._bits = (self._bits << 1 | self._pin.value()) & _SAMPLES
        if self._bits == _SAMPLES:
            self.down = False
        elif self._bits == 0 and not self.down:
            self.down = True
            return True
        return False
