"""The words of an LSM6DSOX's FIFO in one preallocated ring: tag byte and six data bytes each."""

WORD = 7
DEPTH = 512


def _parity():
    """Return for each tag without its parity bit the byte that has even parity."""
    table = bytearray(256)
    for tag in range(0, 256, 2):
        ones = 0
        for bit in range(8):
            ones += tag >> bit & 1
        table[tag] = tag | ones & 1
    return bytes(table)


_EVEN = _parity()


class WordQueue:
    """`count` words of at most `depth`; `lost` counts those overwritten, `overrun` latches it."""

    def __init__(self):
        self._ring = bytearray(DEPTH * WORD)
        self._view = memoryview(self._ring)
        self.depth = DEPTH
        self.lost = 0
        self.clear()

    def clear(self):
        """Empty it; the slot counter starts again."""
        self._head = 0
        self.count = 0
        self._counter = 3
        self.overrun = False

    def slot(self):
        """The next time slot begins: its words bear the next number."""
        self._counter = self._counter + 1 & 3

    def skip(self, slots, words):
        """So many slots came and were overwritten before anybody looked."""
        if slots:
            self._counter = self._counter + slots & 3
            self.lost += slots * words
            self.overrun = True

    def _place(self, sensor, flaw):
        while self.count >= self.depth:
            self.drop()
            self.lost += 1
            self.overrun = True
        at = (self._head + self.count) % DEPTH * WORD
        self._ring[at] = _EVEN[sensor << 3 | self._counter << 1] ^ flaw
        self.count += 1
        return at + 1

    def push(self, sensor, flaw, data, start):
        """Add a word with the six bytes of `data` from `start`; flaw 1 spoils its parity."""
        at = self._place(sensor, flaw)
        ring = self._ring
        ring[at : at + 6] = data[start : start + 6]

    def push_counts(self, sensor, flaw, counts, first):
        """Add a word of three counts."""
        at = self._place(sensor, flaw)
        ring = self._ring
        for i in (first, first + 1, first + 2):
            value = counts[i]
            ring[at] = value & 0xFF
            ring[at + 1] = value >> 8 & 0xFF
            at += 2

    def peek(self, at):
        """Return byte `at` (0 the tag) of the oldest word; 0 of an empty queue."""
        return self._ring[self._head * WORD + at] if self.count else 0

    def drop(self):
        """The oldest word has been read, or overwritten."""
        if self.count:
            self._head = (self._head + 1) % DEPTH
            self.count -= 1

    def pop_into(self, buffer, at):
        """Move the oldest word into buffer[at:at + 7]."""
        start = self._head * WORD
        buffer[at : at + WORD] = self._view[start : start + WORD]
        self.drop()
