"""DS2401 silicon serial number, on 1-Wire (19-5860): 8-bit family, 48-bit serial, CRC-8.

1-Wire face: `onewire_reset()` -> True if present; `onewire_write(bit)`; `onewire_read()` -> bit.
After the reset come, least significant bit first: 0x33 (or 0x0F) READ ROM: 64 bits; 0xF0 SEARCH
ROM: bit, its complement, the host's choice, 64 times; 0x55 MATCH ROM and 0xCC SKIP ROM: accepted,
nothing to say after. Any other command is a violation. `rom`: family, serial (6, low first), CRC.
"""

from pinbench.chips.base import Chip

_READ_ROM, _READ_ROM_OLD, _SEARCH_ROM, _MATCH_ROM, _SKIP_ROM = 0x33, 0x0F, 0xF0, 0x55, 0xCC
_COMMAND, _READ, _SEARCH, _MATCH, _DONE = range(5)


def rom_of(serial, family=0x01):
    """Return the eight ROM bytes of a 48-bit serial number."""
    data = bytearray([family])
    for i in range(6):
        data.append(serial >> (8 * i) & 0xFF)
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    data.append(crc)
    return bytes(data)


class Identity:
    """The 1-Wire side of one part, wherever its contact is; `complain(text)` takes violations."""

    def __init__(self, rom):
        self.rom = rom
        self._state = _DONE
        self._bits = 0
        self._byte = 0
        self._step = 0

    def reset(self):
        """A reset pulse; it answers with its presence."""
        self._state = _COMMAND
        self._bits = self._byte = 0
        return True

    def _bit(self, place):
        return self.rom[place >> 3] >> (place & 7) & 1

    def write(self, bit, complain):
        """A write slot of the host."""
        state = self._state
        if state == _COMMAND:
            self._byte |= bit << self._bits
            self._bits += 1
            if self._bits == 8:
                self._begin(self._byte, complain)
        elif state == _SEARCH:
            if bit != self._bit(self._bits):
                self._state = _DONE  # the host went another way
            self._bits += 1
            self._step = 0
            if self._bits == 64:
                self._state = _DONE

    def _begin(self, command, complain):
        self._bits = self._step = 0
        if command in (_READ_ROM, _READ_ROM_OLD):
            self._state = _READ
        elif command == _SEARCH_ROM:
            self._state = _SEARCH
        elif command in (_MATCH_ROM, _SKIP_ROM):
            self._state = _MATCH
        else:
            self._state = _DONE
            complain("1-Wire command 0x%02x is unknown" % command)

    def read(self):
        """A read slot: its bit, 1 when it has nothing to say."""
        if self._state == _READ:
            bit = self._bit(self._bits)
            self._bits += 1
            if self._bits == 64:
                self._state = _DONE
            return bit
        if self._state == _SEARCH and self._step < 2:
            self._step += 1
            bit = self._bit(self._bits)
            return bit if self._step == 1 else 1 - bit
        return 1


class DS2401(Chip):
    """One part on a net of its own. Test face: `rom`; `unplugged`."""

    KIND = "ds2401"
    PINS = ("io",)

    def __init__(self, serial=0x0000A1B2C3D4, family=0x01):
        Chip.__init__(self)
        self.unplugged = False
        self._identity = Identity(rom_of(serial, family))

    @property
    def rom(self):
        """Family, serial (low byte first) and CRC, eight bytes."""
        return self._identity.rom

    def attach(self, kernel, name, nets):
        """As Chip.attach; takes its place on the wire, which feeds it."""
        Chip.attach(self, kernel, name, nets)
        nets["io"].onewire.append(self)

    def onewire_reset(self):
        """A reset pulse; True if it answers."""
        return not self.unplugged and self._identity.reset()

    def onewire_write(self, bit):
        """A write slot."""
        if not self.unplugged:
            self._identity.write(bit, self.violation)

    def onewire_read(self):
        """A read slot; 1 leaves the line high."""
        return 1 if self.unplugged else self._identity.read()
