"""What the sensor said five seconds before and after a moment: a ring in RAM, then one record.

A row is nine int16: the six counts, the score (a sixteenth of it), the detector's answers as bits
and the state. `put` allocates nothing; `record` is for when the garment is safe.
"""

import struct
from array import array

from micropython import const

ROW = const(9)
AFTER = const(520)  # rows: 5 s at 104 Hz
_ROWS = const(1041)
MAGIC = b"PBX1"
HEAD = "<4sHHHBBi"  # magic, rows, row of the moment, rate in Hz, reason, spare, uptime in s
_RATE_HZ = const(104)

MODEL = const(1)  # bits of a row's answers
SECOND = const(2)
DOUBTFUL = const(4)
FIRED = const(8)


class BlackBox:
    """The ring of one garment."""

    def __init__(self):
        self._rows = array("h", [0] * (_ROWS * ROW))
        self._at = 0
        self.rows = 0
        self._after = -1  # rows that came after the moment; -1: there was none yet
        self._closed = False
        self.reason = 0

    def clear(self):
        """Forget everything."""
        self._at = 0
        self.rows = 0
        self._after = -1
        self._closed = False
        self.reason = 0

    def put(self, sample, score, answers, state):
        """Add one row, unless the record is full. score: within 2**19. Allocates nothing."""
        if self._closed:
            return
        rows = self._rows
        at = self._at * ROW
        for i in range(6):
            rows[at + i] = sample[i]
        score >>= 4
        rows[at + 6] = -32768 if score < -32768 else 32767 if score > 32767 else score
        rows[at + 7] = answers
        rows[at + 8] = state
        self._at = self._at + 1 if self._at + 1 < _ROWS else 0
        if self.rows < _ROWS:
            self.rows += 1
        if self._after >= 0:
            self._after += 1
            self._closed = self._after >= AFTER

    def mark(self, reason):
        """This is the moment (the last row): keep what came before, and take AFTER rows more.

        Allocates nothing.
        """
        if self._after < 0:
            self.reason = reason
            self._after = 0

    @property
    def marked(self):
        """True once there was a moment."""
        return self._after >= 0

    @property
    def full(self):
        """True when the record may be written."""
        return self._closed

    def close(self):
        """No more rows will come (sampling ended): the record may be written."""
        self._closed = self._after >= 0

    def write(self, write, uptime_s):
        """Hand the record to write(bytes), in pieces of at most 1872 bytes.

        uptime_s: since the start, for whoever compares it with the log.
        """
        rows = self.rows
        moment = max(0, rows - 1 - max(0, self._after))
        write(struct.pack(HEAD, MAGIC, rows, moment, _RATE_HZ, self.reason, 0, uptime_s))
        first = (self._at - rows) % _ROWS
        done = 0
        while done < rows:
            at = (first + done) % _ROWS
            count = min(104, rows - done, _ROWS - at)
            write(bytes(self._rows[at * ROW : (at + count) * ROW]))
            done += count
