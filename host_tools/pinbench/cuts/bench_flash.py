"""The flash of a bench as a device of cuts.sweep: for stories that need chips and a world.

    device = BenchFlash(geometry("rpi_pico_w"))
    mark = device.mark()                            # before it boots: a mount may write
    bench = Bench(...); bench.flash = device.flash  # one bench a life
    ...                                             # boot it, run it
    life = device.life(mark, "off", said)

What lies outside the flash (a solenoid that has fired, a bank that is gone) is part of what a cut
leaves behind: `stamp()`, called at every operation, returns it as something that can be hashed,
and the story's `recover` gets (context, stamp) instead of the context.
"""

from pinbench.cuts.lives import Life, Operation
from pinbench.simulator.machine.flash import Flash


class BenchFlash:
    """`flash` is what a Bench takes; it begins blank. See sweep for what else is asked of it."""

    def __init__(self, shape, stamp=lambda: None):
        self.geometry = shape
        self.flash = _Recorded(shape.size, shape.block, shape.program)
        self.flash.stamp = stamp

    @property
    def image(self):
        """The flash as it stands, not to be changed."""
        return self.flash.data

    def put(self, pieces):
        """Write (at, bytes) pieces into the flash as they are: no operation of the board."""
        for at, data in pieces:
            self.flash.data[at : at + len(data)] = data

    def mark(self):
        """Return where the history of operations stands, for `restore` and `life`."""
        return len(self.flash.history)

    def restore(self, mark):
        """Take back every operation since `mark`. What `put` wrote in between is not undone."""
        late = self.flash.history[mark:]
        del self.flash.history[mark:]
        self.put((op.at, op.old) for op in reversed(late))

    def life(self, mark, ended, said):
        """Return the Life that began at `mark`, and switch the supply off and on again."""
        self.flash.off = True
        operations = self.flash.history[mark:]
        self.flash.power_on()
        return Life(ended, said, operations)


class _Recorded(Flash):
    """A Flash that remembers every operation."""

    def __init__(self, size, block, prog):
        super().__init__(size, block, prog)
        self.history = []
        self.stamp = lambda: None

    @property
    def data(self):
        return self._data

    def _write(self, at, new, kind):
        n = len(new)
        old = bytes(self._data[at : at + n])
        before = self.ops
        status = super()._write(at, new, kind)
        if self.ops > before:
            done = bytes(self._data[at : at + n])
            self.history.append(Operation(kind, at, old, done, self.stamp()))
        return status

    def rollback(self, done, of, seed=0):
        """See Flash: what did not come about is forgotten, what was torn stays as it is."""
        taken = [] if self._undo is None else self.history[len(self.history) - len(self._undo) :]
        counted = self.ops
        super().rollback(done, of, seed)
        gone = counted - self.ops
        torn = taken and done < of and done
        del self.history[len(self.history) - gone - bool(torn) :]
        if torn:
            last = taken[len(taken) - gone - 1]
            now = bytes(self._data[last.at : last.at + len(last.old)])
            self.history.append(Operation(last.kind, last.at, last.old, now, last.stamp))
