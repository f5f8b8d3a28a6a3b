"""WS2812B-V5 lights in a chain on one pin (WorldSemi): 24 bits each, green, red, blue, high bit
first.

Pin `in`, fed by machine.bitstream. Windows: T0H 220 to 380 ns, T1H 580 to 1000, T0L and T1L 580 to
1000, reset over 280 us of low. A bit outside its window is read wrongly one time in eight, and
counted in `out_of_window` (MicroPython's default (400, 850, 800, 450) is outside); a burst that
begins within 280 us of the last goes on where that one stopped. More data than lights goes out of
the chain's end.

Test face: `pixels`: list of (red, green, blue); `lit`, number not black; `bursts`; `strict` True
(the default): bits outside the windows are a violation, once a burst. Constructor: count=8.
"""

from pinbench.chips.base import Chip

_RESET_US = 280
# ns: shortest and longest of each part of a bit (libdriver/ws2812b, datasheet of the V5).
_WINDOWS = ((220, 380, "T0H"), (580, 1000, "T0L"), (580, 1000, "T1H"), (580, 1000, "T1L"))


class WS2812(Chip):
    """See the module."""

    KIND = "ws2812"
    PINS = ("in",)

    def __init__(self, count=8, strict=True):
        Chip.__init__(self)
        self.strict = strict
        self.count = count
        self.pixels = [(0, 0, 0)] * count
        self.bursts = 0
        self.out_of_window = 0
        self._at = 0
        self._ended_us = -_RESET_US

    @property
    def lit(self):
        """How many lights are not black."""
        return len([pixel for pixel in self.pixels if pixel != (0, 0, 0)])

    def attach(self, kernel, name, nets):
        """As Chip.attach; listens from now on."""
        Chip.attach(self, kernel, name, nets)
        self._random = kernel.random.fork()
        nets["in"].bitstream.append(self._burst)

    def power_off(self):
        """All dark."""
        self.pixels = [(0, 0, 0)] * self.count
        Chip.power_off(self)

    def _burst(self, timing, data):
        if not self.powered:
            return
        now_us = self.kernel.now_us
        if now_us - self._ended_us >= _RESET_US:
            self._at = 0
        received = bytearray(data)
        wrong = [
            "%s of %d ns" % (window[2], ns)
            for ns, window in zip(timing, _WINDOWS)
            if not window[0] <= ns <= window[1]
        ]
        if wrong:
            self.out_of_window += 8 * len(data)
            for i in range(len(received)):
                for bit in range(8):
                    if not self._random.below(8):
                        received[i] ^= 1 << bit
            if self.strict:
                self.violation("bits outside their windows: %s" % ", ".join(wrong))
        for i in range(0, len(received) - 2, 3):
            if self._at < self.count:
                self.pixels[self._at] = (received[i + 1], received[i], received[i + 2])
            self._at += 1
        self.bursts += 1
        lasts_ns = 0
        for byte in data:
            ones = 0
            while byte:
                ones += byte & 1
                byte >>= 1
            lasts_ns += ones * (timing[2] + timing[3]) + (8 - ones) * (timing[0] + timing[1])
        self._ended_us = now_us + lasts_ns // 1000
        self.kernel.note("chip", self.name, "lit", self.lit)
