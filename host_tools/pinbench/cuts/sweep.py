"""Power cuts at every operation of the flash, and again at every operation of the recovery.

A story's golden run tells its operations. A run up to a cut is the golden run up to there, so what
a cut leaves behind follows from the operations before it and a part of the one that it tears; the
processor is gone with the supply, and nothing that it would have done next has an effect. From
each of these images the story recovers on the real littlefs, and judges what it finds. The
operations of that recovery are cut in the same way.

    class Story:
        unit = 256                          # bytes: the granule of a program
        def play(self): ...                 # -> [(context, Life)]: from the flash as it stands
        def recover(self, context): ...     # the same after a cut in a life of that context

`play` and `recover` run lives on one device (cuts.lives.Lives, or anything with its `image`,
`put`, `mark` and `restore`), judge, and raise Wrong. `context` is theirs alone; it can be hashed.
They must be a function of the image and the context.
"""

import hashlib
import random
from dataclasses import dataclass

from pinbench.errors import PinbenchError

_RUN = 4  # operations in a row for one process: neighbours leave equal images behind


class Wrong(PinbenchError):
    """What must hold after a cut did not; the text says what was found."""


@dataclass(frozen=True)
class Cut:
    """A cut at operation `op` (1 is the first) in the way `variant`, and in its recovery."""

    op: int
    variant: str
    second: int = 0  # 0: none
    second_variant: str = ""

    def options(self):
        """Return the words of the command line that repeat it."""
        words = f"--op {self.op} --variant {self.variant}"
        if self.second:
            words += f" --second {self.second} --second-variant {self.second_variant}"
        return words


@dataclass(frozen=True)
class Failure:
    """A cut after which something did not hold."""

    cut: Cut
    text: str


@dataclass
class Tally:
    """What was cut; the two numbers `expected` are counted apart, from the operations alone."""

    operations: int = 0
    cuts: int = 0
    expected: int = 0
    second_operations: int = 0
    second_cuts: int = 0
    second_expected: int = 0


def variants(operation, unit, seeds=(1,)):
    """Return the names of the ways to cut one operation.

    "before"; torn inside: a program after each whole number of units ("prefix256"), or as a mix of
    old and new bits ("mix1", the number is a seed); an erase as a mix of old bytes and 0xFF; and
    "after".
    """
    found = ["before"]
    if operation.kind == "program":
        found += [f"prefix{n}" for n in range(unit, len(operation.new), unit)]
    return [*found, *(f"mix{seed}" for seed in seeds), "after"]


def torn(operation, variant):
    """Return the bytes that a cut leaves where the operation worked. Raises ValueError."""
    old, new = operation.old, operation.new
    if variant == "before":
        return old
    if variant == "after":
        return new
    if variant.startswith("prefix"):
        n = int(variant[6:])
        return new[:n] + old[n:]
    if not variant.startswith("mix"):
        raise ValueError(f"there is no variant {variant}")
    source = random.Random(f"{variant[3:]} {operation.at}")
    if operation.kind == "erase":
        mask = b"".join(source.choice((b"\0", b"\xff")) for _ in range(len(old)))
    else:
        mask = source.randbytes(len(old))
    bits = int.from_bytes(mask, "little")
    from_old = int.from_bytes(old, "little") & bits
    from_new = int.from_bytes(new, "little") & ~bits
    return (from_old | from_new).to_bytes(len(old), "little")


class Sweep:
    """All cuts of one story on one device, or those that `only` names.

    `first`, `second`: the kinds of variant ("before", "prefix", "mix", "after") in which each
    operation is cut, and each of a recovery; None for all, () for none. `every`: only recoveries
    from the cuts of each n-th operation are cut. `share` (k, n): only the k-th of n parts of the
    operations, for n processes, k from 0. `stop`: at the first failure.
    """

    def __init__(
        self,
        device,
        story,
        first=None,
        second=None,
        every=1,
        seeds=(1,),
        share=(0, 1),
        only=None,
        stop=False,
    ):
        self.tally = Tally()
        self.failures: list[Failure] = []
        self._device = device
        self._story = story
        self._first = first
        self._second = second
        self._every = every
        self._seeds = seeds
        self._share = share
        self._only = only
        self._stop = stop
        self._known = {}  # key -> what was wrong, "" for nothing
        self._last = None  # key and operations of the last recovery

    def run(self, on_cut=lambda tally: None):
        """Do it; returns the failures. `on_cut(tally)` is called after each first cut.

        Raises Wrong if the story does not hold without any cut.
        """
        start = self._device.mark()
        golden = _flat(self._story.play())
        self._device.restore(start)
        tally = self.tally
        tally.operations = len(golden)
        tally.expected = sum(
            len(self._variants(operation, self._first))
            for index, (_, operation) in enumerate(golden)
            if self._is_ours(index)
        )
        for index, context, variant in self._cuts(golden, self._first):
            cut = Cut(index + 1, variant)
            wanted = self._is_ours(index)
            if self._only is not None:
                wanted = (cut.op, cut.variant) == (self._only.op, self._only.variant)
            if wanted:
                self._recover(cut, context)
                on_cut(tally)
            if self.failures and self._stop:
                break
        return self.failures

    def _is_ours(self, index):
        part, parts = self._share
        return index // _RUN % parts == part

    def _recover(self, cut, context):
        tally = self.tally
        tally.cuts += 1
        key = self._key(context)
        if self._last is None or self._last[0] != key:
            recovery, self._known[key] = self._judged(context)
            self._last = key, recovery
        recovery = self._last[1]
        self._note(cut, self._known[key])
        if self._second == () or cut.op % self._every:
            return
        if self._only is not None and not self._only.second:
            return
        tally.second_operations += len(recovery)
        tally.second_expected += sum(len(self._variants(op, self._second)) for _, op in recovery)
        for index, then, variant in self._cuts(recovery, self._second):
            twice = Cut(cut.op, cut.variant, index + 1, variant)
            if self._only is not None and twice != self._only:
                continue
            key = self._key(then)
            if key not in self._known:
                self._known[key] = self._judged(then)[1]
            self._note(twice, self._known[key])
            tally.second_cuts += 1

    def _key(self, context):
        # The same image in the same context is recovered once: what follows is the same. Of two
        # neighbours, "after" and "before" are such a pair.
        return context, hashlib.blake2b(self._device.image, digest_size=16).digest()

    def _judged(self, context):
        """Recover; returns its operations and what was wrong. Leaves the flash as it was."""
        mark = self._device.mark()
        recovery, wrong = [], ""
        try:
            recovery = _flat(self._story.recover(context))
        except Wrong as error:
            wrong = str(error)
        self._device.restore(mark)
        return recovery, wrong

    def _note(self, cut, wrong):
        if wrong:
            self.failures.append(Failure(cut, wrong))

    def _variants(self, operation, some):
        found = variants(operation, self._story.unit, self._seeds)
        return found if some is None else [name for name in found if _family(name) in some]

    def _cuts(self, operations, some):
        """Yield each cut with the flash as it leaves it; puts the flash back at the end."""
        device = self._device
        for index, (context, operation) in enumerate(operations):
            for variant in self._variants(operation, some):
                device.put([(operation.at, torn(operation, variant))])
                yield index, context, variant
            device.put([(operation.at, operation.new)])
        device.put([(op.at, op.old) for _, op in reversed(operations)])


def _family(variant):
    return variant.rstrip("0123456789")


def _flat(lives):
    """Return (context, operation) of all operations; a stamp becomes part of the context."""
    return [
        (context if operation.stamp is None else (context, operation.stamp), operation)
        for context, life in lives
        for operation in life.operations
    ]
