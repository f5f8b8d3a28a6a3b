"""The frozen module `neopixel`, over machine.bitstream (micropython-lib, drivers/led/neopixel)."""

from pinbench.simulator.machine.small import namespace

_FAST_NS = (400, 850, 800, 450)  # 800 kHz
_SLOW_NS = (800, 1700, 1600, 900)  # 400 kHz


def make_neopixel(bench):
    """Return the module of this boot."""
    kernel = bench.kernel
    machine = bench.machine

    class NeoPixel:
        ORDER = (1, 0, 2, 3)  # of (red, green, blue, white) on the wire

        def __init__(self, pin, n, bpp=3, timing=1):
            self.pin = pin
            self.n = n
            self.bpp = bpp
            self.buf = bytearray(n * bpp)
            self.pin.init(pin.OUT)
            if isinstance(timing, int):
                timing = _FAST_NS if timing else _SLOW_NS
            self.timing = timing

        def __len__(self):
            kernel.call()
            return self.n

        def __setitem__(self, i, v):
            kernel.call()
            first = i * self.bpp
            for channel in range(self.bpp):
                self.buf[first + self.ORDER[channel]] = v[channel]

        def __getitem__(self, i):
            kernel.call()
            first = i * self.bpp
            return tuple([self.buf[first + self.ORDER[c]] for c in range(self.bpp)])

        def fill(self, v):
            kernel.call()
            for i in range(self.n):
                for channel in range(self.bpp):
                    self.buf[i * self.bpp + self.ORDER[channel]] = v[channel]

        def write(self):
            machine.bitstream(self.pin, 0, self.timing, self.buf)

    return namespace(NeoPixel=NeoPixel)
