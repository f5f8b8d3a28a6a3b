"""The module `framebuf` (extmod/modframebuf.c), the same on both interpreters.

Of its own, so that traces agree, with a font of its own (font8x8). Without ellipse, poly and the
legacy FrameBuffer1; a FrameBuffer is no buffer itself, so write out the buffer that it was given.
"""

from pinbench.simulator.font8x8 import columns
from pinbench.simulator.machine.small import namespace

MONO_VLSB, RGB565, GS4_HMSB, MONO_HLSB, MONO_HMSB, GS2_HMSB, GS8 = range(7)
_BITS = (1, 16, 4, 1, 1, 2, 8)


def _size(width, height, kind, stride):
    """Return the bytes that a picture takes."""
    if kind == MONO_VLSB:
        return stride * ((height + 7) // 8)
    per_byte = 8 // _BITS[kind] if kind != RGB565 else 0
    if kind == RGB565:
        return stride * height * 2
    return (stride + per_byte - 1) // per_byte * height


def make_framebuf(bench):
    """Return the module of this boot."""
    call = bench.kernel.call

    class FrameBuffer:
        def __init__(self, buffer, width, height, format, stride=-1):
            call()
            if stride < 0:
                stride = width
            if not 0 <= format < len(_BITS):
                raise ValueError("invalid format")
            if width < 1 or height < 1 or stride < width:
                raise ValueError
            if format in (MONO_HLSB, MONO_HMSB):
                stride = (stride + 7) & ~7
            elif format == GS2_HMSB:
                stride = (stride + 3) & ~3
            elif format == GS4_HMSB:
                stride = (stride + 1) & ~1
            if len(buffer) < _size(width, height, format, stride):
                raise ValueError
            self._buffer = buffer
            self._width = width
            self._height = height
            self._kind = format
            self._stride = stride

        def _set(self, x, y, c):
            buffer = self._buffer
            kind = self._kind
            if kind == MONO_VLSB:
                at, bit = (y >> 3) * self._stride + x, y & 7
            elif kind == RGB565:
                at = 2 * (y * self._stride + x)
                buffer[at] = c & 0xFF
                buffer[at + 1] = c >> 8 & 0xFF
                return
            elif kind == GS8:
                buffer[y * self._stride + x] = c & 0xFF
                return
            elif kind == GS4_HMSB:
                at, shift = (y * self._stride + x) >> 1, 0 if x & 1 else 4
                buffer[at] = buffer[at] & ~(15 << shift) & 0xFF | (c & 15) << shift
                return
            elif kind == GS2_HMSB:
                at, shift = (y * self._stride + x) >> 2, 2 * (x & 3)
                buffer[at] = buffer[at] & ~(3 << shift) & 0xFF | (c & 3) << shift
                return
            else:
                at = (y * self._stride + x) >> 3
                bit = x & 7 if kind == MONO_HMSB else 7 - (x & 7)
            buffer[at] = buffer[at] & ~(1 << bit) & 0xFF | (1 if c else 0) << bit

        def _get(self, x, y):
            buffer = self._buffer
            kind = self._kind
            if kind == MONO_VLSB:
                return buffer[(y >> 3) * self._stride + x] >> (y & 7) & 1
            if kind == RGB565:
                at = 2 * (y * self._stride + x)
                return buffer[at] | buffer[at + 1] << 8
            if kind == GS8:
                return buffer[y * self._stride + x]
            if kind == GS4_HMSB:
                return buffer[(y * self._stride + x) >> 1] >> (0 if x & 1 else 4) & 15
            if kind == GS2_HMSB:
                return buffer[(y * self._stride + x) >> 2] >> 2 * (x & 3) & 3
            bit = x & 7 if kind == MONO_HMSB else 7 - (x & 7)
            return buffer[(y * self._stride + x) >> 3] >> bit & 1

        def _inside(self, x, y):
            return 0 <= x < self._width and 0 <= y < self._height

        def _area(self, x, y, w, h, c):
            left, top = max(x, 0), max(y, 0)
            right, bottom = min(x + w, self._width), min(y + h, self._height)
            for row in range(top, bottom):
                for column in range(left, right):
                    self._set(column, row, c)

        def fill(self, c):
            call()
            if _BITS[self._kind] == 1:
                value = 0xFF if c else 0
                for i in range(_size(self._width, self._height, self._kind, self._stride)):
                    self._buffer[i] = value
            else:
                self._area(0, 0, self._width, self._height, c)

        def pixel(self, x, y, *c):
            call()
            if not self._inside(x, y):
                return None
            if not c:
                return self._get(x, y)
            self._set(x, y, c[0])

        def fill_rect(self, x, y, w, h, c):
            call()
            self._area(x, y, w, h, c)

        def hline(self, x, y, w, c):
            call()
            self._area(x, y, w, 1, c)

        def vline(self, x, y, h, c):
            call()
            self._area(x, y, 1, h, c)

        def rect(self, x, y, w, h, c, f=False):
            call()
            if f:
                self._area(x, y, w, h, c)
                return
            self._area(x, y, w, 1, c)
            self._area(x, y + h - 1, w, 1, c)
            self._area(x, y, 1, h, c)
            self._area(x + w - 1, y, 1, h, c)

        def line(self, x1, y1, x2, y2, c):
            call()
            step_x, step_y = (1 if x2 > x1 else -1), (1 if y2 > y1 else -1)
            dx, dy = abs(x2 - x1), -abs(y2 - y1)
            error = dx + dy
            while True:
                if self._inside(x1, y1):
                    self._set(x1, y1, c)
                if x1 == x2 and y1 == y2:
                    return
                twice = 2 * error
                if twice >= dy:
                    error += dy
                    x1 += step_x
                if twice <= dx:
                    error += dx
                    y1 += step_y

        def text(self, s, x, y, c=1):
            call()
            for letter in s:
                code = ord(letter)
                cell = columns(code)
                for column in range(8):
                    bits = cell[column]
                    row = y
                    while bits:
                        if bits & 1 and self._inside(x + column, row):
                            self._set(x + column, row, c)
                        bits >>= 1
                        row += 1
                x += 8

        def scroll(self, xstep, ystep):
            call()
            if abs(xstep) >= self._width or abs(ystep) >= self._height:
                return
            xs = range(self._width) if xstep < 0 else range(self._width - 1, -1, -1)
            ys = range(self._height) if ystep < 0 else range(self._height - 1, -1, -1)
            for y in ys:
                for x in xs:
                    if self._inside(x - xstep, y - ystep):
                        self._set(x, y, self._get(x - xstep, y - ystep))

        def blit(self, fbuf, x, y, key=-1, palette=None):
            call()
            for row in range(fbuf._height):
                for column in range(fbuf._width):
                    if not self._inside(x + column, y + row):
                        continue
                    c = fbuf._get(column, row)
                    if c == key:
                        continue
                    if palette is not None:
                        c = palette._get(c, 0)
                    self._set(x + column, y + row, c)

    return namespace(
        FrameBuffer=FrameBuffer,
        MONO_VLSB=MONO_VLSB,
        MVLSB=MONO_VLSB,
        RGB565=RGB565,
        GS4_HMSB=GS4_HMSB,
        MONO_HLSB=MONO_HLSB,
        MONO_HMSB=MONO_HMSB,
        GS2_HMSB=GS2_HMSB,
        GS8=GS8,
    )
