"""What an inertial sensor feels, sample by sample: a posture, or recorded rows of counts.

Counts are those of the LSM6DSOX at 16 g (0.488 mg) and 2000 dps (70 mdps), six a row: ax, ay, az,
gx, gy, gz; rows come 104 a second. Samples are computed when somebody asks, so that hours cost
nothing until then; noise is a hash of the sample's number for the same reason.
"""

RATE_HZ = 104
ROW_BYTES = 12
_ONE = 1 << 32  # one row, in the position's fixed point
_MG_PER_COUNT = 0.488
_DPS_PER_COUNT = 0.07


class Rows:
    """Rows in memory. Whatever has `length` and `window(i)` can stand in its place (a file).

    `window(i)` returns (first, data): little-endian int16 rows as bytes, of which row i is one.
    """

    def __init__(self, rows):
        """`rows`: array('h') or bytes. ValueError unless it holds whole rows, and one at least."""
        self._data = bytes(rows)
        if not self._data or len(self._data) % ROW_BYTES:
            raise ValueError("a motion needs whole rows of six 16-bit counts")
        self.length = len(self._data) // ROW_BYTES

    def window(self, i):
        """Return (0, all rows)."""
        return 0, self._data


class Motion:
    """Samples by number; the chip says when its clock starts and how fast it is."""

    def __init__(self):
        self.rest = [0, 0, 0, 0, 0, 0]
        self.noise = 0
        self.offset = (0, 0, 0, 0, 0, 0)
        self.shifted = False  # whether any offset is not 0
        self.seed = 1
        self.rows = None
        self.data = b""  # rows first to end of `rows`
        self._first = self._end = 0
        self._step = _ONE
        self._base = 0
        self.start_us = 0

    def set_rest(self, accel_mg, gyro_dps):
        """Set the posture in mg and degrees a second, three axes each."""
        self.rest = [_count(value / _MG_PER_COUNT) for value in accel_mg]
        self.rest += [_count(value / _DPS_PER_COUNT) for value in gyro_dps]

    def play(self, rows, sample, sample_us):
        """Replay `rows`: the sample of this number, due at sample_us, is row 0."""
        self.rows = rows
        self.data = b""
        self._first = self._end = 0
        self.start_us = sample_us
        self._base = -sample * self._step

    def clock(self, rate_hz, ppm, first_us):
        """The clock starts: sample 0 comes at first_us."""
        self._step = RATE_HZ * _ONE * 1000000 // (rate_hz * (1000000 + ppm))
        # The phase between rows and samples has no meaning: whole rows, so that rows stay rows.
        late_us = first_us - self.start_us
        self._base = (late_us * RATE_HZ + 500000) // 1000000 * _ONE

    def row_at(self, n):
        """Return the number of the row that sample n takes, negative before the first."""
        return (self._base + n * self._step + 0x80000000) >> 32

    def exact(self, n):
        """Return where in `data` sample n stands as it is, -1 if it has to be computed."""
        if self.rows is None or self.shifted:
            return -1
        place = (self._base + n * self._step + 0x800000) >> 24
        row = place >> 8
        if place & 0xFF or row < 0 or row >= self.rows.length:
            return -1
        if not self._first <= row < self._end:
            self._fetch(row)
        return (row - self._first) * ROW_BYTES

    def sample(self, n, out):
        """Put the six counts of sample n into `out`."""
        rows = self.rows
        place = (self._base + n * self._step + 0x800000) >> 24 if rows is not None else -1
        row = place >> 8
        if row < 0:
            self._rest(n, out)
        elif row >= rows.length - 1:
            self._row(rows.length - 1, out)
            if row > rows.length - 1:
                out[3] = out[4] = out[5] = 0
        else:
            self._row(row, out)
            part = place & 0xFF
            if part:
                for i in range(6):
                    out[i] = (out[i] * (256 - part) + self._count_of(row + 1, i) * part + 128) >> 8
        if self.shifted:
            for i in range(6):
                out[i] += self.offset[i]

    def _fetch(self, row):
        self._first, self.data = self.rows.window(row)
        self._end = self._first + len(self.data) // ROW_BYTES

    def _row(self, row, out):
        for i in range(6):
            out[i] = self._count_of(row, i)

    def _count_of(self, row, i):
        if not self._first <= row < self._end:
            self._fetch(row)
        at = (row - self._first) * ROW_BYTES + 2 * i
        value = self.data[at] | self.data[at + 1] << 8
        return value - 0x10000 if value & 0x8000 else value

    def _rest(self, n, out):
        for i in range(6):
            out[i] = self.rest[i]
        peak = self.noise
        if peak:
            x = (n * 2654435 + self.seed) & 0x3FFFFFFF
            for i in range(6):
                x = ((x ^ x >> 7) * 40503 + 12345 + i) & 0x3FFFFFFF
                reach = peak if i < 3 else peak // 2
                out[i] += (x >> 8) % (2 * reach + 1) - reach


def _count(value):
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)
