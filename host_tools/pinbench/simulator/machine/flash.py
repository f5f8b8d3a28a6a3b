"""The flash chip: bytes that survive a reset, and the faults that a flash has.

NOR flash: an erase sets a block to 0xFF, a program can only clear bits. Operations (programs and
erases) are counted, and the power can be cut before, inside or after any of them; from the cut on
every operation fails without effect, so that no `except` or `finally` of the firmware can matter.
"""

from array import array

EIO = 5
CUTS = ("before", "prefix", "mix", "after")
# Blocks that one stretch of operations overwrites at most, as far as files of devices go. Set
# aside when the flash is made, so that a run that writes needs no more memory than one that does
# not: what the firmware takes of a heap can then be told from what its flash takes.
_SPARE_BLOCKS = 8


class Flash:
    """`size` bytes in blocks of `block`, programmed in units of `prog`; blank when made.

    Counters: `ops`, `programs`, `erases`, `programmed_bytes`, and `wear` (erases of each block).
    Test face: `full` (True: a write finds no space), `bad_reads` (the next n reads of a file fail
    with EIO), `flip(block, offset, bit)`, `cut_at(...)`, `image()`, `load(image)`.
    """

    def __init__(self, size=848 * 1024, block=4096, prog=256):
        if size % block or block % prog:
            raise ValueError("flash of %d bytes: not whole blocks of %d" % (size, block))
        self.size = size
        self.block = block
        self.prog = prog
        self.blocks = size // block
        self.full = False
        self.bad_reads = 0
        self.off_ms = 1000
        self.mounted = None  # the Files of this boot: the next boot puts it out of work
        self.wear = array("L", [0] * self.blocks)
        self.ops = self.programs = self.erases = self.programmed_bytes = 0
        self.off = False
        self._cut = None
        self._undo = None  # (kind, at, n, where in `_spare` the old bytes are) of each operation
        self._spare = bytearray(_SPARE_BLOCKS * block)
        self._spared = 0
        self._blank = b"\xff" * block
        self._data = bytearray(size)
        for at in range(0, size, block):
            self._data[at : at + block] = self._blank

    # -- what the file system does

    def read(self, block, offset, n):
        """Return a view of `n` bytes."""
        at = block * self.block + offset
        return memoryview(self._data)[at : at + n]

    def program(self, block, offset, data):
        """Clear bits; returns 0, or -EIO once the power is off.

        ValueError for a program that is not whole units or leaves its block.
        """
        n = len(data)
        if offset % self.prog or n % self.prog or offset + n > self.block:
            raise ValueError("program of %d bytes at %d: not whole units" % (n, offset))
        at = block * self.block + offset
        old = memoryview(self._data)[at : at + n]
        if old != memoryview(self._blank)[:n]:
            data = bytes([a & b for a, b in zip(old, data)])
        return self._write(at, data, "program")

    def erase(self, block):
        """Set a block to 0xFF; returns 0, or -EIO once the power is off."""
        return self._write(block * self.block, self._blank, "erase")

    def _write(self, at, new, kind):
        if self.off:
            return -EIO
        torn = new
        if self._cut is not None:
            self._cut[0] -= 1
            if not self._cut[0]:
                torn = self._torn(bytes(memoryview(self._data)[at : at + len(new)]), bytes(new))
                self.off = True
        if torn is not None:
            self._count(kind, at, len(new), 1)
            if self._undo is not None:
                self._keep(kind, at, len(new))
            self._data[at : at + len(new)] = torn
        return -EIO if self.off else 0

    def _keep(self, kind, at, n):
        start, self._spared = self._spared, self._spared + n
        if self._spared > len(self._spare):
            self._spare.extend(bytes(self._spared - len(self._spare)))
        self._spare[start : self._spared] = memoryview(self._data)[at : at + n]
        self._undo.append((kind, at, n, start))

    def _torn(self, old, new):
        _, mode, detail = self._cut
        if mode == "before":
            return None
        if mode == "after":
            return new
        if mode == "prefix":
            return new[:detail] + old[detail:]
        return mix(old, new, detail)

    def _count(self, kind, at, n, by):
        self.ops += by
        if kind == "erase":
            self.erases += by
            self.wear[at // self.block] += by
        else:
            self.programs += by
            self.programmed_bytes += by * n

    # -- a stretch of operations that takes time, in which the processor may stop

    def begin(self):
        """Remember what the following operations overwrite, until `end` or `rollback`."""
        self._undo = []
        self._spared = 0

    def end(self):
        """The operations since `begin` stand."""
        self._undo = None

    def rollback(self, done, of, seed=0):
        """The processor stopped when `done` parts of `of` had passed since `begin`.

        Later operations are taken back, and the one in work at that moment is left torn (a mix of
        old and new bits drawn from `seed`). `done` 0 takes back all, cleanly.
        """
        log, self._undo = self._undo, None
        if not log or done >= of:
            return
        keep = done * len(log) // of
        for index in range(len(log) - 1, keep - 1, -1):
            kind, at, n, start = log[index]
            old = memoryview(self._spare)[start : start + n]
            if index == keep and done:
                old = mix(old, bytes(memoryview(self._data)[at : at + n]), seed)
            else:
                self._count(kind, at, n, -1)
            self._data[at : at + n] = old

    def ghost(self, fn, arg):
        """Call fn(arg) and take back every operation that it made: none of it happened."""
        cut, self._cut = self._cut, None
        self.begin()
        try:
            fn(arg)
        finally:
            self.rollback(0, 1)
            self._cut = cut

    # -- faults, and the test's view

    def cut_at(self, n, mode="before", detail=0, off_ms=1000):
        """Cut the power at the n-th operation from now (1 is the next one).

        `mode`: "before" it, "prefix" (only the first `detail` bytes were written), "mix" (each bit
        old or new, drawn from the seed `detail`), or "after" it. The supply is off for `off_ms`.
        """
        if n < 1 or mode not in CUTS:
            raise ValueError("a cut is at 1 or later, and one of %s" % ", ".join(CUTS))
        self._cut = [n, mode, detail]
        self.off_ms = off_ms

    def power_on(self):
        """A new boot: operations work again. A cut that has not come yet stays laid."""
        if self.off:
            self._cut = None
        self.off = False
        self._undo = None

    def flip(self, block, offset, bit):
        """Flip one bit at rest."""
        self._data[block * self.block + offset] ^= 1 << bit

    def image(self):
        """Return the whole flash as bytes: a littlefs image."""
        return bytes(self._data)

    def load(self, image):
        """Replace the contents; ValueError if the size differs."""
        if len(image) != self.size:
            raise ValueError("image of %d bytes for a flash of %d" % (len(image), self.size))
        self._data[:] = image


def mix(old, new, seed):
    """Return bytes in which each bit is that of `old` or of `new`, drawn from `seed`."""
    x = (seed * 2654435761 + 1) & 0xFFFFFFFF or 1
    out = bytearray(len(old))
    for at in range(len(old)):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        mask = x >> 24
        out[at] = old[at] & mask | new[at] & (mask ^ 0xFF)
    return bytes(out)
