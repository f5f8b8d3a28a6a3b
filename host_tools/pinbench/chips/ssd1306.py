"""Solomon SSD1306 128x64 display on I2C at 0x3C (rev 1.5).

Control byte 0x80: one command byte follows (and another control byte may); 0x00: commands to the
stop; 0x40: data to the stop. Commands of section 9: addressing modes 20 (0 horizontal, 1 vertical,
2 page), 21 and 22 windows, 00-1F and B0-B7 in page mode, 40-7F start line, 81 contrast, 8D charge
pump, A0/A1 and C0/C8 mirrored, A4/A5, A6/A7 inverse, A8 multiplex, AD (iref, SSD1306B), AE/AF
off/on, D3 offset, D5, D9, DA, DB, E3 nop. Others, and arguments out of range, are violations; so
is switching on (AF) without the charge pump (8D 14), since there is no VCC outside. GDDRAM keeps
its content when off; at power-on it is noise.

Test face: `on`, `contrast`, `inverted`, `ram` (1024 bytes, page by page), `picture()`: 64 strings
of 128 "#" and "." as seen (all dark while off), `text()`: the lines of 8x8 characters of the
bench's own font that stand on the picture at columns of 8 and rows of 8 (unreadable cells are
"?"), without blank lines; `frames`: how often the last byte of the window was written.
"""

from pinbench.chips.base import I2CChip
from pinbench.simulator.font8x8 import character

_WIDTH, _PAGES = 128, 8
_HORIZONTAL, _VERTICAL, _PAGE = 0, 1, 2
# Commands with arguments: how many, and the bits that each may have.
_ARGUMENTS = {
    0x20: (0x03,),
    0x21: (0x7F, 0x7F),
    0x22: (0x07, 0x07),
    0x81: (0xFF,),
    0x8D: (0x14,),
    0xA8: (0x3F,),
    0xAD: (0x30,),
    0xD3: (0x3F,),
    0xD5: (0xFF,),
    0xD9: (0xFF,),
    0xDA: (0x32,),
    0xDB: (0x70,),
}
_MUST = {0x8D: 0x10, 0xDA: 0x02}  # bits that are always set


class SSD1306(I2CChip):
    """See the module."""

    KIND = "ssd1306"

    def __init__(self, address=0x3C):
        I2CChip.__init__(self, address)
        self.frames = 0
        self.ram = bytearray(_WIDTH * _PAGES)
        self.unplugged = False

    def power_on(self):
        """Supply on: dark, its memory is noise."""
        I2CChip.power_on(self)
        random = self.kernel.random.fork()
        for i in range(len(self.ram)):
            self.ram[i] = random.bits(8)
        self.on = False
        self.contrast = 0x7F
        self.inverted = False
        self._all_on = False
        self._pump = False
        self._mode = _PAGE
        self._columns = [0, _WIDTH - 1]
        self._pages = [0, _PAGES - 1]
        self._column = self._page = 0
        self._page_column = self._page_page = 0
        self._start_line = self._offset = 0
        self._mirror_x = self._mirror_y = False
        self._lines = 64
        self._command = None
        self._expect = None

    # -- test face

    def picture(self):
        """Return 64 strings of 128 "#" and "." as a person sees it."""
        out = []
        for y in range(64):
            line = y if self._mirror_y else 63 - y
            # Seen from the glass: COM scan reversed (C8) puts row 0 on top in the usual mounting.
            row = (line + self._start_line + self._offset) % 64
            out.append(self._row(row, line < self._lines))
        return out

    def _row(self, row, driven):
        letters = []
        page, bit = row >> 3, row & 7
        for x in range(_WIDTH):
            column = x if self._mirror_x else _WIDTH - 1 - x
            lit = self._all_on or self.ram[page * _WIDTH + column] >> bit & 1
            letters.append("#" if self.on and driven and bool(lit) != self.inverted else ".")
        return "".join(letters)

    def text(self):
        """Return the lines of text on it, without blank ones and blanks at their ends."""
        picture = self.picture()
        lines = []
        for top in range(0, 64, 8):
            letters = ""
            for left in range(0, _WIDTH, 8):
                cell = bytearray(8)
                for y in range(8):
                    for x in range(8):
                        if picture[top + y][left + x] == "#":
                            cell[x] |= 1 << y
                letters += character(bytes(cell))
            if letters.strip():
                lines.append(letters.rstrip())
        return lines

    # -- I2C

    def i2c_start(self, read):
        """It answers writes; a read gives its status."""
        self._control = None
        self._single = False
        return self.powered and not self.unplugged

    def i2c_read(self):
        """Status: bit 6 while off."""
        return 0 if self.on else 0x40

    def i2c_write(self, byte):
        """A control byte, a command byte or data."""
        if self._control is None:
            if byte & 0x3F:
                self.violation("control byte 0x%02x" % byte)
            self._control = byte & 0x40
            self._single = bool(byte & 0x80)
            return True
        if self._control:
            self._data(byte)
        else:
            self._instruct(byte)
        if self._single:
            self._control = None
        return True

    def _data(self, byte):
        if self._mode == _PAGE:
            self.ram[self._page_page * _WIDTH + self._page_column] = byte
            self._page_column = (self._page_column + 1) % _WIDTH
            return
        self.ram[self._page * _WIDTH + self._column] = byte
        columns, pages = self._columns, self._pages
        if self._column == columns[1] and self._page == pages[1]:
            self.frames += 1
        if self._mode == _HORIZONTAL:
            if self._column == columns[1]:
                self._column = columns[0]
                self._page = pages[0] if self._page == pages[1] else (self._page + 1) & 7
            else:
                self._column = (self._column + 1) % _WIDTH
        elif self._page == pages[1]:
            self._page = pages[0]
            self._column = columns[0] if self._column == columns[1] else self._column + 1 & 0x7F
        else:
            self._page = (self._page + 1) & 7

    def _instruct(self, byte):
        if self._command is not None:
            self._expect.append(byte)
            if len(self._expect) == len(_ARGUMENTS[self._command]):
                command, self._command = self._command, None
                self._obey(command, self._expect)
        elif byte in _ARGUMENTS:
            self._command, self._expect = byte, []
        else:
            self._obey_plain(byte)

    def _obey(self, command, values):
        for value, mask in zip(values, _ARGUMENTS[command]):
            if value & ~mask or value & _MUST.get(command, 0) != _MUST.get(command, 0):
                self.violation("command 0x%02x with 0x%02x" % (command, value))
                return
        first = values[0]
        if command == 0x20:
            if first == 3:
                self.violation("addressing mode 3")
            else:
                self._mode = first
        elif command == 0x21 or command == 0x22:
            if values[1] < first:
                self.violation("a window that ends before it begins")
            elif command == 0x21:
                self._columns, self._column = values, first
            else:
                self._pages, self._page = values, first
        elif command == 0x81:
            self.contrast = first
        elif command == 0x8D:
            self._pump = bool(first & 0x04)
        elif command == 0xA8:
            if first < 15:
                self.violation("a multiplex ratio of %d" % (first + 1))
            self._lines = first + 1
        elif command == 0xD3:
            self._offset = first

    def _obey_plain(self, byte):
        if byte < 0x10:
            self._page_column = self._page_column & 0x70 | byte
        elif byte < 0x18:
            self._page_column = self._page_column & 0x0F | (byte & 7) << 4
        elif 0x40 <= byte < 0x80:
            self._start_line = byte & 0x3F
        elif byte in (0xA0, 0xA1):
            self._mirror_x = byte == 0xA1
        elif byte in (0xA4, 0xA5):
            self._all_on = byte == 0xA5
        elif byte in (0xA6, 0xA7):
            self.inverted = byte == 0xA7
        elif byte in (0xAE, 0xAF):
            if byte == 0xAF and not self._pump:
                self.violation("switched on without its charge pump")
            self.on = byte == 0xAF
            self.kernel.note("chip", self.name, "on" if self.on else "off")
        elif 0xB0 <= byte < 0xB8:
            self._page_page = byte & 7
        elif byte in (0xC0, 0xC8):
            self._mirror_y = byte == 0xC8
        elif byte not in (0x2E, 0xE3):  # scrolling off, no operation
            self.violation("command 0x%02x is unknown" % byte)
