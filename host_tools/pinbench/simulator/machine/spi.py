"""machine.SPI (facts: SPI-01 to SPI-09)."""


def make_spi(bench):
    """Return the SPI class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call

    class SPI:
        MSB = 0
        LSB = 1

        def __init__(self, id, *args, **kwargs):
            call()
            if id not in profile.spi_ids:
                raise ValueError("SPI(%d) doesn't exist" % id)
            self._bus = bench.spi(id)
            self._baudrate = 1000000
            self._parse(*args, **kwargs)

        def init(self, *args, **kwargs):
            call()
            self._parse(*args, **kwargs)

        def _parse(
            self,
            baudrate=None,
            *,
            polarity=0,
            phase=0,
            bits=8,
            firstbit=0,
            sck=None,
            mosi=None,
            miso=None,
        ):
            if firstbit != 0 and profile.platform == "rp2":
                raise NotImplementedError("LSB")  # SPI-04
            if baudrate is not None:
                self._baudrate = baudrate

        def write(self, buf):
            call()
            self._bus.exchange(buf, None, self._baudrate)

        def read(self, nbytes, write=0):
            call()
            buffer = bytearray(nbytes)
            self._bus.exchange(bytes([write]) * nbytes, buffer, self._baudrate)
            return bytes(buffer)

        def readinto(self, buf, write=0):
            call()
            self._bus.exchange(bytes([write]) * len(buf), buf, self._baudrate)

        def write_readinto(self, write_buf, read_buf):
            call()
            if len(write_buf) != len(read_buf):
                raise ValueError("buffers must be the same length")  # SPI-02
            self._bus.exchange(bytes(write_buf), read_buf, self._baudrate)

        def deinit(self):
            call()

    return SPI
