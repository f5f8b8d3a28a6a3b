"""The flash chip: bytes that survive a reset, and the faults that a flash has.

NOR flash: an erase sets a block to 0xFF, a program can only clear bits. Operations (programs and
erases) are counted, and the power can be cut before, inside or after any of them; from the cut on
every operation fails without effect, so that no `except` or `finally` of the firmware can matter.
"""

from array import array

EIO = 5
CUTS = ("before", "prefix", "mix", "after")


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
        self._undo = None
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
        old = bytes(memoryview(self._data)[at : at + n])
        new = bytes(data)
        if old != self._blank[:n]:
            new = bytes([a & b for a, b in zip(old, new)])
        return self._write(at, old, new, "program")

    def erase(self, block):
        """Set a block to 0xFF; returns 0, or -EIO once the power is off."""
        at = block * self.block
        old = bytes(memoryview(self._data)[at : at + self.block])
        return self._write(at, old, self._blank, "erase")

    def _write(self, at, old, new, kind):
        if self.off:
            return -EIO
        torn = new
        if self._cut is not None:
            self._cut[0] -= 1
            if not self._cut[0]:
                torn = self._torn(old, new, kind)
                self.off = True
        if torn is not None:
            self._count(kind, at, len(new), 1)
            if self._undo is not None:
                self._undo.append((kind, at, old, torn))
            self._data[at : at + len(new)] = torn
        return -EIO if self.off else 0

    def _torn(self, old, new, kind):
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
            kind, at, old, new = log[index]
            if index == keep and done:
                old = mix(old, new, seed)
            else:
                self._count(kind, at, len(old), -1)
            self._data[at : at + len(old)] = old

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
