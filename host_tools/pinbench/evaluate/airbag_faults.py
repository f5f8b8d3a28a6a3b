"""Single faults in the garment, one at every sample of a recording: none may fire.

The detector, the check of its inputs and its answers run as the firmware has them, compiled where
numba is there (as in falls_core.py); the wearer is armed and walks. At every sample each kind of
fault is laid on a copy of the state as it is then, and the copy goes on for three seconds or until
the inputs are found to be impossible, which opens ARM. What the copy would close is put to the
firmware's own `Firing.decide`. Faults that open ARM by themselves, whatever the wearer does (a
damaged word, a flipped bit in a number that is kept twice, changed tables), are in tests/airbag.
"""

from typing import Any

from pinbench.evaluate import falls_core
from pinbench.evaluate.cores import core

AXES = ("ax", "ay", "az", "wx", "wy", "wz")
_WORDS = ("partial sum", "score", "model's answer", "second condition's answer")
AFTER = 312  # samples: 3 s
_BITS = 31
# kind of fault -> name; the numbers are those of `_compiled`
KINDS = {}
for _axis, _name in enumerate(AXES):
    KINDS[_axis] = f"{_name} sticks"
    KINDS[6 + _axis] = f"{_name} at full scale, positive"
    KINDS[12 + _axis] = f"{_name} at full scale, negative"
for _word, _name in enumerate(_WORDS):
    for _bit in range(_BITS):
        KINDS[18 + _word * _BITS + _bit] = f"bit {_bit} of the {_name}"
PLANTED = 1000  # a fault that fires, to show that the campaign would see it
_compiled = []


def _build():
    if _compiled:
        return _compiled[0]
    import numpy as np

    names = ("motion", "trees", "second_condition", "detector", "inputs")
    jit, modules = falls_core.compiled(names)
    decide, check = modules["detector"].decide, modules["inputs"].check
    bad, fine = modules["inputs"].BAD, modules["inputs"].FINE

    @jit
    def go(
        d, s, ring, x, spare, second, checks, guesses, features, cuts, leaves, count, level,
        enough, counts, kinds, every, found,
    ):  # fmt: skip
        sample = np.zeros(6, np.int16)
        d2, s2, ring2 = d.copy(), s.copy(), ring.copy()
        x2, spare2, second2, checks2 = x.copy(), spare.copy(), second.copy(), checks.copy()
        steps = 0
        n = 0
        for k in range(len(counts)):
            if d[5] == 0 and k % every == 0:
                for kind in kinds:
                    d2[:], s2[:], ring2[:] = d, s, ring
                    x2[:], spare2[:], second2[:], checks2[:] = x, spare, second, checks
                    lasts = 312
                    if 18 <= kind < 1000:
                        d2[1 + (kind - 18) // 31] ^= 1 << (kind - 18) % 31
                        lasts = 2  # such a word is made anew every second sample
                    for j in range(k, min(k + lasts, len(counts))):
                        sample[:] = counts[j]
                        if kind < 6:
                            sample[kind] = counts[k - 1, kind]
                        elif kind < 12:
                            sample[kind - 6] = 32767
                        elif kind < 18:
                            sample[kind - 12] = -32768
                        elif kind == 1000 and j > k + 4:
                            d2[3] = 1
                            d2[2] = level + 1
                        looked = check(checks2, sample)
                        if looked == bad:
                            break
                        steps += 1
                        fire = decide(
                            d2, s2, ring2, x2, spare2, second2, guesses, features, cuts, leaves,
                            count, level, enough,
                            int(sample[0]), int(sample[1]), int(sample[2]),
                            int(sample[3]), int(sample[4]), int(sample[5]),
                        )  # fmt: skip
                        if kind == 1000:
                            fire = d2[3] & d2[4]
                        if looked == fine and fire == 1 and d2[2] > level:
                            if n < len(found):
                                found[n, 0] = k
                                found[n, 1] = kind
                                found[n, 2] = j
                            n += 1
                            break
            sample[:] = counts[k]
            check(checks, sample)
            decide(
                d, s, ring, x, spare, second, guesses, features, cuts, leaves,
                count, level, enough,
                int(sample[0]), int(sample[1]), int(sample[2]),
                int(sample[3]), int(sample[4]), int(sample[5]),
            )  # fmt: skip
        return n, steps

    _compiled.append(go)
    return go


class Campaign:
    """One armed wearer; `run` adds a recording to what was tried."""

    def __init__(self, kinds=None):
        self.kinds = sorted(KINDS) if kinds is None else list(kinds)
        self.tried = 0
        self.steps = 0
        self.fires = []  # (name of the trial, sample, kind, sample of the shot)
        self.quiet_fires = 0  # triggers without any fault, which end an armed time
        self._detector = core("airbag.detector").Detector()

    def run(self, name, counts, every=1):
        """Lay each kind at every `every`-th sample of counts (int16 rows of six at 104 Hz)."""
        import numpy as np

        detector = self._detector
        detector.start(*counts[0, :3].tolist())
        arrays = falls_core._arrays(detector)
        checks = np.zeros(core("airbag.inputs").SIZE, np.int32)
        checks[:6] = counts[0]
        found = np.zeros((1000, 3), np.int64)
        kinds = np.array(self.kinds, np.int64)
        go: Any = _build()  # compiled, with a star for its first arguments
        n, steps = go(
            *arrays[:6], checks, *arrays[6:], detector._count, detector._level, detector._enough,
            counts, kinds, every, found,
        )  # fmt: skip
        warm = core("airbag.detector").WARM_UP
        self.tried += len(self.kinds) * max(0, -(-(len(counts) - warm) // every))
        self.steps += steps
        for k, kind, shot in found[: min(n, len(found))].tolist():
            if self._closes():
                self.fires.append((name, k, KINDS.get(kind, "planted"), shot))

    def _closes(self):
        """What the firmware's own state table makes of a detector that wants to fire."""
        firing = core("airbag.firing")
        made = armed()
        return made.decide(1, 1, 1) == firing.CLOSE


def armed():
    """A live garment, armed."""
    firing = core("airbag.firing")
    made = firing.Firing(True)
    for event in (firing.GOOD, firing.PASSED, firing.FIT):
        made.take(event)
    for bit in range(7):
        made.permit(1 << bit, True)
    if made.take(firing.ARM) != firing.ARMED:
        raise AssertionError("the state table does not arm")
    return made


def tables_that_pass(every=1):
    """Flip every `every`-th bit of cuts and leaves in turn; return those that `whole` misses."""
    detector = core("airbag.detector").Detector()
    out = []
    for name in ("_cuts", "_leaves"):
        data = memoryview(getattr(detector, name)).cast("B")
        for place in range(0, 8 * len(data), every):
            data[place >> 3] ^= 1 << (place & 7)
            if detector.whole():
                out.append((name, place))
            data[place >> 3] ^= 1 << (place & 7)
    return out
