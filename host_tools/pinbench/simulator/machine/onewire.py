"""1-Wire: the C module `_onewire` bit by bit, and the frozen modules `onewire` and `ds18x20`.

Times and return values after extmod/modonewire.c; the bus is the pin's net: a chip with a 1-Wire
face on it pulls it low, a net that is low when nobody pulls reads 0 throughout (so a shorted line
looks as if somebody were present).
"""

from pinbench.simulator.machine.small import namespace

# us, of modonewire.c: reset low, then until the presence is sampled, then the rest of its slot; a
# read slot until it is sampled and its rest; a write slot. The middle one, the first of a read and
# a write have interrupts off.
_RESET_US = (480, 70, 410)
_READ_US = (10, 40)
_WRITE_US = 70


def crc8(data):
    """Return the Dallas CRC of bytes (x^8 + x^5 + x^4 + 1, reflected, from 0)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc


class _Wire:
    """The functions of `_onewire` on the kernel's time."""

    def __init__(self, bench):
        self._kernel = bench.kernel

    def reset(self, pin):
        """A reset pulse; True if somebody is present."""
        kernel = self._kernel
        net = pin._pad.net
        kernel.call()
        kernel.spend(_RESET_US[0])
        present = not net.level
        for chip in net.onewire:
            present = bool(chip.onewire_reset()) or present
        kernel.busy_us(_RESET_US[1])
        kernel.spend(_RESET_US[2])
        kernel.note("chip", net.name, "1-Wire reset", 1 if present else 0)
        return present

    def readbit(self, pin):
        """One read slot."""
        self._kernel.call()
        return self._read(pin._pad.net)

    def readbyte(self, pin):
        """Eight read slots, least significant bit first."""
        self._kernel.call()
        net = pin._pad.net
        value = 0
        for bit in range(8):
            value |= self._read(net) << bit
        self._kernel.note("chip", net.name, "1-Wire read", value)
        return value

    def writebit(self, pin, value):
        """One write slot."""
        self._kernel.call()
        self._write(pin._pad.net, 1 if value else 0)

    def writebyte(self, pin, value):
        """Eight write slots."""
        self._kernel.call()
        net = pin._pad.net
        for bit in range(8):
            self._write(net, value >> bit & 1)
        self._kernel.note("chip", net.name, "1-Wire write", value & 0xFF)

    def crc8(self, data):
        """The CRC of a buffer."""
        self._kernel.call()
        return crc8(data)

    def _read(self, net):
        value = net.level
        for chip in net.onewire:
            value &= chip.onewire_read()
        self._kernel.busy_us(_READ_US[0])
        self._kernel.spend(_READ_US[1])
        return value

    def _write(self, net, bit):
        if net.level:  # a line that is held low carries nothing
            for chip in net.onewire:
                chip.onewire_write(bit)
        self._kernel.busy_us(_WRITE_US)


def make_onewire_c(bench):
    """The module `_onewire`."""
    wire = _Wire(bench)
    return namespace(
        reset=wire.reset,
        readbit=wire.readbit,
        readbyte=wire.readbyte,
        writebit=wire.writebit,
        writebyte=wire.writebyte,
        crc8=wire.crc8,
    )


def make_onewire(bench):
    """The module `onewire` (micropython-lib, drivers/bus/onewire)."""
    wire = _Wire(bench)

    class OneWireError(Exception):
        pass

    class OneWire:
        SEARCH_ROM = 0xF0
        MATCH_ROM = 0x55
        SKIP_ROM = 0xCC

        def __init__(self, pin):
            self.pin = pin
            pin.init(pin.OPEN_DRAIN, pin.PULL_UP)

        def reset(self, required=False):
            present = wire.reset(self.pin)
            if required and not present:
                raise OneWireError
            return present

        def readbit(self):
            return wire.readbit(self.pin)

        def readbyte(self):
            return wire.readbyte(self.pin)

        def readinto(self, buf):
            for i in range(len(buf)):
                buf[i] = wire.readbyte(self.pin)

        def writebit(self, value):
            wire.writebit(self.pin, value)

        def writebyte(self, value):
            wire.writebyte(self.pin, value)

        def write(self, buf):
            for byte in buf:
                wire.writebyte(self.pin, byte)

        def select_rom(self, rom):
            self.reset()
            self.writebyte(self.MATCH_ROM)
            self.write(rom)

        def crc8(self, data):
            return wire.crc8(data)

        def scan(self):
            found = []
            choices = 0  # a bit set: at this place of the last path the 1 was taken
            last = -1
            while True:
                rom, last, choices = self._search(last, choices)
                if rom is None:
                    return found
                found.append(rom)
                if last < 0:
                    return found

        def _search(self, last, choices):
            """Walk the tree once; returns (rom or None, deepest place with a 1 to try, path)."""
            if not self.reset():
                return None, -1, 0
            self.writebyte(self.SEARCH_ROM)
            rom = bytearray(8)
            path = 0
            untried = -1
            for place in range(64):
                bit, complement = self.readbit(), self.readbit()
                if bit and complement:
                    return None, -1, 0  # nobody is left
                if not bit and not complement:
                    if place < last:
                        bit = choices >> place & 1
                    else:
                        bit = 1 if place == last else 0
                    if not bit:
                        untried = place
                if bit:
                    rom[place >> 3] |= 1 << (place & 7)
                    path |= 1 << place
                self.writebit(bit)
            return rom, untried, path

    return namespace(OneWire=OneWire, OneWireError=OneWireError)


def make_ds18x20(bench):
    """The module `ds18x20` (micropython-lib, drivers/sensor/ds18x20)."""
    onewire = bench.load("onewire")

    class DS18X20:
        def __init__(self, onewire):
            self.ow = onewire
            self.buf = bytearray(9)

        def scan(self):
            return [rom for rom in self.ow.scan() if rom[0] in (0x10, 0x22, 0x28)]

        def convert_temp(self):
            self.ow.reset(True)
            self.ow.writebyte(self.ow.SKIP_ROM)
            self.ow.writebyte(0x44)

        def read_scratch(self, rom):
            self.ow.reset(True)
            self.ow.select_rom(rom)
            self.ow.writebyte(0xBE)
            self.ow.readinto(self.buf)
            if self.ow.crc8(self.buf):
                raise Exception("CRC error")
            return self.buf

        def read_temp(self, rom):
            buf = self.read_scratch(rom)
            raw = buf[1] << 8 | buf[0]
            raw -= (raw & 0x8000) << 1
            if rom[0] != 0x10:
                return raw / 16
            return (raw >> 1) - 0.25 + (buf[7] - buf[6]) / buf[7]

    return namespace(DS18X20=DS18X20, onewire=onewire)
