"""machine.bitstream: bits as pulses of two lengths (extmod/machine_bitstream.c).

rp2 sends with interrupts off; esp32 by its RMT, while the caller waits.
"""

from binascii import hexlify

from pinbench.simulator import pads


def make_bitstream(bench, Pin):
    """Return the function bitstream(pin, encoding, timing, buf) of this boot."""
    kernel = bench.kernel
    rp2 = kernel.profile.platform == "rp2"

    def bitstream(pin, encoding, timing, buf):
        kernel.call()
        data = bytes(memoryview(buf))
        if encoding != 0:
            raise ValueError("encoding")
        if not isinstance(timing, (tuple, list)):
            raise TypeError("object '%s' isn't a tuple or list" % type(timing).__name__)
        if len(timing) != 4:
            raise ValueError("requested length 4 but object has length %d" % len(timing))
        pad = (pin if isinstance(pin, Pin) else Pin(pin))._pad
        ones = 0
        for byte in data:
            while byte:
                ones += byte & 1
                byte >>= 1
        zeros = 8 * len(data) - ones
        lasts_ns = zeros * (timing[0] + timing[1]) + ones * (timing[2] + timing[3])
        net = pad.net
        kernel.note("chip", net.name, "bitstream", hexlify(data).decode())
        if pad.mode == pads.OUT and not net.is_stuck():
            for fn in net.bitstream[:]:
                fn(tuple(timing), data)
        us = (lasts_ns + 999) // 1000
        if rp2:
            kernel.busy_us(us)
        else:
            kernel.spend(us)

    return bitstream
