"""An eccentric motor behind a transistor: felt where a buzzer is not heard."""

import time

from machine import Pin


class VibrationMotor:
    """Still from the start. pin: GPIO number; high drives it."""

    def __init__(self, pin):
        self._pin = Pin(pin, Pin.OUT, value=0)
        self._since_ms = 0
        self._for_ms = 0

    def run(self, for_ms):
        """Run for so long (40 ms pass before it is felt); `step` ends it."""
        self._since_ms = time.ticks_ms()
        self._for_ms = for_ms
        self._pin.value(1)

    def off(self):
        """Stop."""
        self._for_ms = 0
        self._pin.value(0)

    def step(self):
        """Stop when it is time; call every 20 ms or so. Return True while it runs."""
        if not self._for_ms:
            return False
        if not 0 <= time.ticks_diff(time.ticks_ms(), self._since_ms) < self._for_ms:
            self.off()
        return self._for_ms > 0
