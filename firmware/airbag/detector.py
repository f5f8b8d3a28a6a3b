"""The fall detector: six raw counts in, "close FIRE" out, 104 times a second.

Two conditions must hold at once: the model (motion.py makes features, trees.py scores them by the
tables in detector_tables.py) and, from other information, second_condition.py. Half of the trees
are scored a sample, so the model decides at every second sample on features one sample old.
Nothing is allocated from `start` on. What it reaches, and its limits, stand in MODEL_CARD.md.
"""

import binascii
from array import array

from micropython import const

from airbag import detector_tables, motion, second_condition, trees

# What `decide` keeps.
_PHASE = const(0)
_PARTIAL = const(1)
_SCORE = const(2)
_MODEL = const(3)
_SECOND = const(4)
_WARM = const(5)
_INVERSE = const(6)  # of _PARTIAL, which waits for a sample: a flipped bit must not become a score
SIZE = const(7)
WARM_UP = const(104)  # samples without a decision: filters must fill
_NO_SCORE = const(-1073741823)


def decide(
    d, s, ring, x, spare, second, guesses, features, cuts, leaves, count, level, enough,
    ax, ay, az, wx, wy, wz,
):  # fmt: skip
    """Take one sample of raw counts; 1 if FIRE is to be closed, else 0. All state is in arrays."""
    d[_SECOND] = second_condition.falling(second, ax, ay, az, enough)
    half = count >> 1
    if d[_PHASE] == 0:
        motion.observe(s, ring, x, guesses, ax, ay, az, wx, wy, wz)
        d[_PHASE] = 1
        d[_PARTIAL] = trees.score(x, features, cuts, leaves, count, 0, half)
        d[_INVERSE] = ~d[_PARTIAL]
    else:
        # The features that are being scored stay; this sample's go where nobody reads them.
        motion.observe(s, ring, spare, guesses, ax, ay, az, wx, wy, wz)
        d[_PHASE] = 0
        d[_SCORE] = d[_PARTIAL] + trees.score(x, features, cuts, leaves, count, half, count)
        if d[_INVERSE] != ~d[_PARTIAL]:
            d[_SCORE] = _NO_SCORE
        d[_MODEL] = 1 if d[_SCORE] > level and d[_WARM] == 0 else 0
    if d[_WARM] > 0:
        d[_WARM] -= 1
    return d[_MODEL] & d[_SECOND]


class Detector:
    """The detector of one garment. Make it, `start` it, then `step` it for every sample."""

    def __init__(self, tables=detector_tables):
        """tables: a generated module; its CRC is checked. Raises ValueError if it is damaged."""
        if not intact(tables):
            raise ValueError("Detector: damaged tables; flash the firmware again")
        self._tables = tables
        count = tables.TREES
        self._count = count
        self._level = tables.LEVEL
        self._enough = tables.ENOUGH
        # The heap of nodes begins at `count` (trees.py).
        self._features = bytes(count) + tables.FEATURES
        self._cuts = array("h", bytes(2 * count) + tables.CUTS)
        self._leaves = array("h", tables.LEAVES)
        self._guesses = bytes(motion.roots())
        # A second copy of all that, to be compared before a decision counts (`whole`).
        self._pairs = tuple(
            (memoryview(used), memoryview(copy))
            for used, copy in (
                (self._features, bytearray(self._features)),
                (self._cuts, array("h", self._cuts)),
                (self._leaves, array("h", self._leaves)),
                (self._guesses, bytearray(self._guesses)),
            )
        )
        self._d = array("i", [0] * SIZE)
        self._s = array("i", [0] * motion.STATE_SIZE)
        self._ring = array("h", [0] * motion.RING_SIZE)
        self._x = array("h", [0] * motion.FEATURES)
        self._spare = array("h", [0] * motion.FEATURES)
        self._second = array("i", [0] * second_condition.SIZE)
        motion.new_wearer(self._s)
        self.start(0, -2049, 0)

    def start(self, ax, ay, az):
        """Begin with a first accelerometer reading (counts); the wearer's calibration stays.

        Takes some 20 samples' time: call it before the sampling begins. No decision for a second.
        """
        motion.begin(self._s, self._ring, self._guesses, ax, ay, az)
        second_condition.clear(self._second)
        for i in range(SIZE):
            self._d[i] = 0
        self._d[_SCORE] = _NO_SCORE
        self._d[_WARM] = WARM_UP
        self._d[_INVERSE] = -1

    def step(self, ax, ay, az, wx, wy, wz):
        """Take one sample, int16 counts; True when FIRE is to be closed. Allocates nothing."""
        return decide(
            self._d, self._s, self._ring, self._x, self._spare, self._second,
            self._guesses, self._features, self._cuts, self._leaves,
            self._count, self._level, self._enough,
            ax, ay, az, wx, wy, wz,
        ) == 1  # fmt: skip

    @property
    def model(self):
        """True if the model alone would close FIRE."""
        return self._d[_MODEL] == 1

    @property
    def second(self):
        """True if the second condition holds."""
        return self._d[_SECOND] == 1

    @property
    def above(self):
        """True if the last score says what `model` says: the same answer, kept elsewhere."""
        return self._d[_SCORE] > self._tables.LEVEL

    @property
    def score(self):
        """The model's last score; it fires above the tables' LEVEL."""
        return self._d[_SCORE]

    def whole(self):
        """True if the tables and settings in use equal their second copies. Allocates nothing.

        A comparison of 17 KB by the C library: 0.1 ms on a board, so it can stand between a
        decision and what follows from it. `check` is slower and needs no copy.
        """
        for used, copy in self._pairs:
            if used != copy:
                return False
        tables = self._tables
        return (
            self._count == tables.TREES
            and self._level == tables.LEVEL
            and self._enough == tables.ENOUGH
        )

    def check(self):
        """True if the tables, as they are used now, are still those that were generated."""
        count = self._count
        crc = binascii.crc32(self._features[count:])
        crc = binascii.crc32(bytes(self._cuts)[2 * count :], crc)
        crc = binascii.crc32(bytes(self._leaves), crc)
        return sealed(crc, count, self._level, self._enough) == self._tables.CRC

    def calibration(self):
        """The wearer's nine numbers, as bytes for the settings."""
        at = motion.CALIBRATION
        return bytes(self._s[at : at + motion.CALIBRATION_SIZE])

    def wear(self, calibration=None):
        """Take up what `calibration` gave, or begin with a new wearer. Raises ValueError for
        anything else; call `start` after it."""
        motion.new_wearer(self._s)
        if calibration is None:
            return
        if len(calibration) != 4 * motion.CALIBRATION_SIZE:
            raise ValueError("Detector: not a calibration; wear() without one begins anew")
        values = array("i", calibration)
        if not motion.plausible(values):
            raise ValueError("Detector: not a calibration; wear() without one begins anew")
        for i in range(motion.CALIBRATION_SIZE):
            self._s[motion.CALIBRATION + i] = values[i]


def sealed(crc, count, level, enough):
    """The CRC-32 of the tables, with the three settings after them."""
    return binascii.crc32(b"%d %d %d" % (count, level, enough), crc)


def intact(tables):
    """True if a tables module is whole: sizes, and CRC-32 over tables and settings."""
    count = tables.TREES
    if (len(tables.FEATURES), len(tables.CUTS), len(tables.LEAVES)) != (
        15 * count,
        30 * count,
        32 * count,
    ):
        return False
    crc = binascii.crc32(tables.FEATURES)
    crc = binascii.crc32(tables.CUTS, crc)
    crc = binascii.crc32(tables.LEAVES, crc)
    return sealed(crc, count, tables.LEVEL, tables.ENOUGH) == tables.CRC
