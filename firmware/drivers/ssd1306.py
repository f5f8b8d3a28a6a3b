"""SSD1306 display of 128 x 64 pixels on I2C (Solomon, rev. 1.5): lines of text, a page a call.

All of it at once blocks for 23 ms at 400 kHz; a page, the eighth part, for 3 ms.
"""

import framebuf
from micropython import const

_PAGES = const(8)
_WIDTH = const(128)
_COMMAND = const(0x80)
_DATA = const(0x40)
_START = (
    0xAE,  # off
    0x20, 0x02,  # page addressing: no window to set, so none to lose
    0x40, 0xA1, 0xA8, 0x3F, 0xC8, 0xD3, 0x00, 0xDA, 0x12,  # as the usual module is wired
    0xD5, 0x80, 0xD9, 0xF1, 0xDB, 0x30, 0x81, 0xFF, 0xA4, 0xA6,
    0x8D, 0x14,  # the charge pump, before it is switched on
    0xAF,
)  # fmt: skip


class SSD1306:
    """Raises OSError if the display does not answer. `step` draws what `show` asked for."""

    def __init__(self, i2c, address=0x3C):
        self._i2c = i2c
        self._address = address
        self._two = bytearray((_COMMAND, 0))
        self._page = bytearray(_WIDTH + 1)
        self._page[0] = _DATA
        self._pixels = memoryview(self._page)[1:]
        self._canvas = framebuf.FrameBuffer(self._pixels, _WIDTH, 8, framebuf.MONO_VLSB)
        self._lines = [""] * _PAGES
        self._dirty = (1 << _PAGES) - 1  # its memory holds noise at power-on
        for command in _START:
            self._send(command)

    def show(self, lines):
        """Set up to 8 lines of 16 characters; those that are new are drawn by `step`."""
        for page in range(_PAGES):
            line = lines[page] if page < len(lines) else ""
            if line != self._lines[page]:
                self._lines[page] = line
                self._dirty |= 1 << page

    def step(self):
        """Draw one line, if any is to be drawn; returns whether there was one."""
        for page in range(_PAGES):
            if self._dirty & 1 << page:
                self._canvas.fill(0)
                self._canvas.text(self._lines[page], 0, 0)
                for command in (0xB0 | page, 0x00, 0x10):
                    self._send(command)
                self._i2c.writeto(self._address, self._page)
                self._dirty &= ~(1 << page)
                return True
        return False

    def _send(self, command):
        self._two[1] = command
        self._i2c.writeto(self._address, self._two)
