"""The garment's detector over many recordings: the core that ships, compiled where numba is there.

The firmware's functions take ints and arrays alone, so numba compiles those very functions; there
is no second version to keep equal. A test holds the results bit-identical, and every evaluation
runs a seeded sample of trials through the interpreted `Detector` as well and compares.
"""

import types
from typing import Any

from pinbench.evaluate.cores import core

_MODULES = ("motion", "trees", "second_condition")
_compiled = []


class Run:
    """What the detector did in one trial, in counts at 104 Hz. None where nothing came."""

    def __init__(self, fire, model, scores, calibration, features: Any = None):
        self.fire = fire  # first count at which FIRE closes
        self.model: Any = model  # first count at which the model alone would close it
        self.scores: Any = scores  # int32, one at every second count (1, 3, ...)
        self.calibration = calibration  # of the wearer, as it was at the start
        self.features = features  # int16 rows at counts 0, 2, ..., if asked for


def fast():
    """True if the core can be compiled here."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


def compiled(names):
    """The compiler, and {name: a module} of the garment's modules with their functions compiled.

    names: those that others import come before them. Needs numba (see `fast`).
    """
    import numba

    jit = numba.njit(nogil=True)
    modules = {}
    for name in names:
        source = core(f"airbag.{name}")
        space = {**vars(source), **modules}
        for key, value in vars(source).items():
            if isinstance(value, types.FunctionType) and value.__module__ == source.__name__:
                space[key] = jit(types.FunctionType(value.__code__, space, key))
        made = types.ModuleType(source.__name__)
        vars(made).update(space)
        modules[name] = made
    return jit, modules


def _build():
    """`decide` and `begin`, compiled, and a loop of them over one trial."""
    if _compiled:
        return _compiled[0]
    jit, modules = compiled((*_MODULES, "detector"))
    decide = modules["detector"].decide

    @jit
    def loop(
        d, s, ring, x, spare, second, guesses, features, cuts, leaves, count, level, enough,
        counts, scores, kept, found,
    ):  # fmt: skip
        for k in range(len(counts)):
            fire = decide(
                d, s, ring, x, spare, second, guesses,
                features, cuts, leaves, count, level, enough,
                int(counts[k, 0]), int(counts[k, 1]), int(counts[k, 2]),
                int(counts[k, 3]), int(counts[k, 4]), int(counts[k, 5]),
            )  # fmt: skip
            if k & 1:
                scores[k >> 1] = d[2]
            elif len(kept):
                for j in range(len(x)):
                    kept[k >> 1, j] = x[j]
            if fire == 1 and found[0] < 0:
                found[0] = k
            if d[3] == 1 and found[1] < 0:
                found[1] = k

    _compiled.append((modules["motion"].begin, loop))
    return _compiled[0]


def _arrays(detector):
    import numpy as np

    state = (detector._d, detector._s, detector._ring, detector._x, detector._spare)
    state += (detector._second, detector._guesses, detector._features, detector._cuts)
    state += (detector._leaves,)
    kinds = {"i": np.int32, "h": np.int16}
    # numba writes through these views into the detector's own arrays
    return [
        np.frombuffer(a, kinds[a.typecode] if hasattr(a, "typecode") else np.uint8) for a in state
    ]


def wear(tables, trials, tell=None, keep=False):
    """Run one wearer's trials, [(trial, counts)] in order, and return a Run for each.

    Filters start anew with a trial; the calibration is what the trials before have taught.
    keep: also keep the features.
    """
    import numpy as np

    detector = core("airbag.detector").Detector(tables)
    if not fast():
        return [interpreted(detector, counts, keep) for _, counts in trials]
    _, loop = _build()
    arrays = _arrays(detector)
    runs = []
    for _, counts in trials:
        calibration = detector.calibration()
        detector.start(*counts[0, :3].tolist())
        scores = np.zeros(len(counts) // 2, np.int32)
        kept = np.zeros(((len(counts) + 1) // 2 if keep else 0, len(arrays[3])), np.int16)
        found = np.full(2, -1)
        loop(
            *arrays,
            detector._count,
            detector._level,
            detector._enough,
            counts,
            scores,
            kept,
            found,
        )
        fire, model = (None if k < 0 else int(k) for k in found)
        runs.append(Run(fire, model, scores, calibration, kept if keep else None))
    return runs


def interpreted(detector, counts, keep=False):
    """The same for one trial by the firmware's own `Detector`, call by call."""
    import numpy as np

    calibration = detector.calibration()
    detector.start(*counts[0, :3].tolist())
    fire = model = None
    scores = []
    kept = []
    for k, row in enumerate(counts.tolist()):
        if detector.step(*row) and fire is None:
            fire = k
        if detector.model and model is None:
            model = k
        if k & 1:
            scores.append(detector.score)
        elif keep:
            kept.append(list(detector._x))
    features = np.array(kept, np.int16) if keep else None
    return Run(fire, model, np.array(scores, np.int32), calibration, features)


def same(run, other):
    """True if two runs agree in every score and trigger."""
    import numpy as np

    return (run.fire, run.model) == (other.fire, other.model) and np.array_equal(
        run.scores, other.scores
    )
