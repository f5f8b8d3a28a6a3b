"""What a Hydreon RG-15 writes: lines out of a UART's bytes, and readings out of lines.

After the RG-15 instructions, "RS232 Communication", and the tokens of ESPHome's hydreon_rgxx.
"""

from micropython import const

_LINE_MAX = const(128)  # a reply with every fault is just over 100 characters
_CHUNK = const(32)
_CHUNKS = const(8)  # a call: as much as the port buffers, so that noise cannot hold us here
_LF = const(0x0A)
_CR = const(0x0D)
_MM_PER_INCH = 25.4
_BAD = -1.0  # an amount that is not there: none is negative

_FAULTS = ("LensBad", "EmSat", "TooCold")
_FIELDS = ("Acc", "EventAcc", "TotalAcc", "RInt")
_METRIC = ("mm", "mmph", "mm/h")
_IMPERIAL = ("in", "iph", "in/h")


class LineReader:
    """Cuts what has arrived at `uart` into lines; never waits. `damaged` counts those dropped."""

    def __init__(self, uart):
        self._uart = uart
        self._chunk = bytearray(_CHUNK)
        self._at = self._end = 0
        self._line = bytearray(_LINE_MAX)
        self._length = 0  # of the line so far; _LINE_MAX + 1 once it is too long to be one
        self.damaged = 0

    def next(self):
        """Return a complete line as str, else None. Takes in at most 256 bytes."""
        for _ in range(_CHUNKS):
            while self._at < self._end:
                byte = self._chunk[self._at]
                self._at += 1
                line = self._take(byte)
                if line:
                    return line
            waiting = self._uart.any()
            if not waiting:
                return None
            # No more than has arrived, or the UART would wait for the rest of the chunk.
            self._end = self._uart.readinto(self._chunk, min(waiting, _CHUNK)) or 0
            self._at = 0
        return None

    def _take(self, byte):
        # Either end counts, so that a lost newline does not weld two replies together.
        if byte != _LF and byte != _CR:
            if self._length < _LINE_MAX:
                self._line[self._length] = byte
                self._length += 1
            else:
                self._length = _LINE_MAX + 1
            return None
        length, self._length = self._length, 0
        sound = length <= _LINE_MAX
        for i in range(min(length, _LINE_MAX)):
            if not 0x20 <= self._line[i] < 0x7F:
                sound = False
        if not sound:
            self.damaged += 1
            return None
        return str(self._line[:length], "ascii")


def parse(line):
    """Return (values, faults) of a line: Acc, EventAcc, TotalAcc in mm, RInt in mm/h.

    values is None unless all four are there and every word is known: there is no checksum, so a
    line with one odd word is not believed at all. Inches become millimetres; no unit is metric.
    """
    values = [_BAD] * 4
    faults = ()
    field = unit_of = None  # what the next word gives its value to, or its unit
    for word in line.replace(",", " ").split():
        if field is not None:
            values[field] = _number(word)
            if values[field] == _BAD:
                return None, ()
            field, unit_of = None, field
        elif word in _FIELDS and values[_FIELDS.index(word)] == _BAD:
            field, unit_of = _FIELDS.index(word), None
        elif word in _FAULTS:
            faults += (word,)
            unit_of = None
        elif unit_of is not None and (word in _METRIC or word in _IMPERIAL):
            if word in _IMPERIAL:
                values[unit_of] *= _MM_PER_INCH
            unit_of = None
        else:
            return None, ()
    return (None if _BAD in values else values), faults


def _number(word):
    """Return a plain decimal as a float, else _BAD: float() alone would take "nan" and "1e9"."""
    if len(word) > 8 or word.count(".") > 1 or not word.replace(".", "").isdigit():
        return _BAD
    return float(word)
