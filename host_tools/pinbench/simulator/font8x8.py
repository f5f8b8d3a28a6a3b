"""The bench's own font of 8 by 8 pixels, for framebuf's text and for reading it back.

Glyphs are 5 by 7, drawn for this bench: seven rows from the top, a letter of base 32 each, the
leftmost pixel its highest bit. A real board's framebuf has another font (same cell), so a picture
from there differs in its pixels.
"""

FIRST = 32
LAST = 127  # also stands for what has no glyph
_GLYPHS = (
    "0000000 4444404 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid 4480000 2488842 8422248 04lel40 "
    "044v440 0000c48 000v000 00000cc 01248g0 ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he "
    "68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48 248g842 00v0v00 8421248 eh12404 eh1dlle "
    "ehhvhhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e 72222ic hikokih "
    "ggggggv hrllhhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 "
    "hhhllla hha4ahh hhha444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v 8420000 00e1fhf "
    "ggmphhu 00egghe 11djhhf 00ehvge 698s888 0fhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e "
    "00qllhh 00mphhh 00ehhhe 00uhugg 00djf11 00mpggg 00ege1u 88s8896 00hhhjd 00hhha4 00hhlla "
    "00ha4ah 0hhhf1e 00v248v 2448442 4444444 8442448 008l200 vhhhhhv"
).split()
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def _columns(glyph):
    """Return the eight columns of a cell, bit 0 on top, one empty column before the glyph."""
    out = bytearray(8)
    for row in range(7):
        bits = _DIGITS.index(glyph[row])
        for x in range(5):
            if bits >> (4 - x) & 1:
                out[1 + x] |= 1 << row
    return bytes(out)


_TABLE = [_columns(glyph) for glyph in _GLYPHS]


def columns(code):
    """Return the cell of a character code: eight columns, bit 0 on top."""
    return _TABLE[(code if FIRST <= code <= LAST else LAST) - FIRST]


def character(cell):
    """Return the character whose cell these eight column bytes are, "?" if there is none."""
    for i in range(len(_TABLE)):
        if _TABLE[i] == cell:
            return chr(FIRST + i) if FIRST + i != LAST else "?"
    return "?"
