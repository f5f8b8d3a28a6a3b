"""WS2812B lights in a chain (WorldSemi): green, red, blue, high bit first.

`machine.bitstream` is what the frozen module `neopixel` stands on; the timing it takes by itself
is outside the windows of the present revision for T0H and T1L, so these are given here.
"""

from machine import Pin, bitstream

# ns: high and low of a 0, high and low of a 1. 220 to 380, 580 to 1000, 580 to 1000, 580 to 1000.
_TIMING = (300, 900, 800, 650)


class WS2812:
    """`count` lights on `pin`, a number or a Pin; dark from the start.

    A write stops interrupts for 30 us a light.
    """

    def __init__(self, pin, count):
        self._pin = Pin(pin, Pin.OUT, value=0) if isinstance(pin, int) else pin
        self._bytes = bytearray(3 * count)
        bitstream(self._pin, 0, _TIMING, self._bytes)

    def show(self, colours):
        """Set all lights: a list of (red, green, blue), 0 to 255. Writes only what is new."""
        at = 0
        changed = False
        for red, green, blue in colours:
            for value in (green, red, blue):
                changed = changed or self._bytes[at] != value
                self._bytes[at] = value
                at += 1
        if changed:
            bitstream(self._pin, 0, _TIMING, self._bytes)
