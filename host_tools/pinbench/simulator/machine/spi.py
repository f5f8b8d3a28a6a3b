"""machine.SPI (facts: SPI-01 to SPI-09)."""

from pinbench.simulator.machine.small import octets
from pinbench.simulator.oserror import OSError

_DMA_FROM = 32  # bytes from which rp2 uses DMA (SPI-08)


def make_spi(bench):
    """Return the SPI class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call
    rp2 = profile.platform == "rp2"

    class SPI:
        MSB = 0
        LSB = 1

        def __init__(self, id, *args, **kwargs):
            call()
            if id not in profile.spi_ids:
                raise ValueError("SPI(%d) doesn't exist" % id)
            self._id = id
            self._bus = bench.spi(id)
            self._asked = 1000000
            self._polarity = self._phase = 0
            self._bits = 8
            self._pins = profile.SPI_PINS[id]
            self._parse(*args, **kwargs)

        def init(self, *args, **kwargs):
            call()
            self._parse(*args, **kwargs)

        def _parse(
            self,
            baudrate=None,
            *,
            polarity=None,
            phase=None,
            bits=None,
            firstbit=0,
            sck=-1,
            mosi=-1,
            miso=-1,
        ):
            if firstbit != 0 and rp2:
                raise NotImplementedError("LSB")  # SPI-04
            pins = []
            for name, pin, default, lane in (
                ("SCK", sck, self._pins[0], 2),
                ("MOSI", mosi, self._pins[1], 3),
                ("MISO", miso, self._pins[2], 0),
            ):
                number = default if pin == -1 else bench.pin_number(pin)
                if rp2 and number is not None:  # SPI-05
                    if number % 4 != lane or number >> 3 & 1 != self._id:
                        raise ValueError("bad %s pin" % name)
                pins.append(number)
            self._pins = pins
            self._bus.miso = None if pins[2] is None else bench.pad(pins[2]).net
            if baudrate is not None:
                self._asked = baudrate
            self._baudrate = _achieved(profile, self._asked)
            self._polarity = self._polarity if polarity is None else polarity
            self._phase = self._phase if phase is None else phase
            self._bits = self._bits if bits is None else bits

        def _exchange(self, out, into):
            whole = self._bus.exchange(out, into, self._baudrate)
            if not whole and rp2 and len(out) >= _DMA_FROM:
                raise OSError(profile.EIO)

        def write(self, buf):
            call()
            self._exchange(octets(buf), None)

        def read(self, nbytes, write=0):
            call()
            buffer = bytearray(nbytes)
            self._exchange(bytes([write]) * nbytes, buffer)
            return bytes(buffer)

        def readinto(self, buf, write=0):
            call()
            self._exchange(bytes([write]) * len(buf), buf)  # SPI-01

        def write_readinto(self, write_buf, read_buf):
            call()
            if len(write_buf) != len(read_buf):
                raise ValueError("buffers must be the same length")  # SPI-02
            self._exchange(bytes(octets(write_buf)), read_buf)

        def deinit(self):
            call()

        def __repr__(self):
            text = "SPI(%d, baudrate=%d, polarity=%d, phase=%d, bits=%d, sck=%s, mosi=%s, miso=%s)"
            values = (self._id, self._baudrate, self._polarity, self._phase, self._bits)
            return text % (values + tuple(self._pins))

    return SPI


def _achieved(profile, baudrate):
    """Return the baudrate that the divider allows, at or below the one asked for (SPI-06)."""
    if profile.platform != "rp2":
        clock = 80000000
        return clock // max(1, (clock + baudrate - 1) // baudrate)
    clock = profile.cpu_hz  # an even prescaler to 254, a divider to 256 (pico-sdk hardware_spi)
    prescale = 2
    while prescale < 254 and clock >= prescale * 256 * baudrate:
        prescale += 2
    divider = 256
    while divider > 1 and clock // (prescale * (divider - 1)) <= baudrate:
        divider -= 1
    return clock // (prescale * divider)
