"""`pinbench evaluate falls`: the fall detector that ships, measured on recordings.

Whole trials are replayed through the integer core, causally; a wearer's calibration is what the
trials before have taught. A trigger's time is that of the last sample of the recording that it
depends on. The core is compiled (falls_core.py); a seeded sample of trials also runs through the
interpreted `Detector`, and a difference is an error.
"""

import json
import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from pinbench.errors import PinbenchError, UsageError
from pinbench.evaluate import falls_core, falls_data, falls_score, fitted, resample
from pinbench.evaluate.cores import core

CHECKED = 6  # trials a set that are run by the interpreted core as well
COLUMNS = (
    ("falls", 1, "falls", "%d"),
    ("adl", 1, "ADL", "%d"),
    ("in_time_150ms", 100, "in time %", "%.1f"),
    ("sensitivity", 100, "sens %", "%.1f"),
    ("early", 100, "early %", "%.1f"),
    ("specificity", 100, "spec %", "%.1f"),
    ("specificity_older", 100, "older %", "%.1f"),
    ("false_per_hour", 1, "false/h", "%.2f"),
)


class Mismatch(PinbenchError):
    """The compiled and the interpreted core differ."""


def runs(path, trials, tables=None, jobs=None, tell=lambda text: None, keep=False):
    """A falls_core.Run for each trial of one set, in order. tables: those that ship if None.

    jobs: processes or threads, one a core if None. tell: called with a line a subject.
    """
    tables = tables or core("airbag.detector_tables")
    places = {}
    for i, trial in enumerate(trials):
        places.setdefault(trial.subject, []).append(i)
    work = [(path, [trials[i] for i in at], tables, keep) for at in places.values()]
    out: list = [None] * len(trials)
    jobs = min(len(work), jobs or os.cpu_count() or 1)
    if falls_core.fast():
        falls_core._build()
        pool = ThreadPoolExecutor(jobs)  # compiled code and xz let other threads run
    else:
        pool = ProcessPoolExecutor(jobs)
        work = [(p, t, _plain(tables), keep) for p, t, _, keep in work]
    with pool:
        for done, (name, got) in enumerate(zip(places, pool.map(_subject, work), strict=True), 1):
            for i, one in zip(places[name], got, strict=True):
                out[i] = one
            if done % 5 == 0 or done == len(work):
                tell(f"{path.name}: {done}/{len(work)} subjects")
    return out


def _plain(tables):
    """The tables as an object that another process can be sent."""
    import types

    names = ("TREES", "LEVEL", "ENOUGH", "FEATURES", "CUTS", "LEAVES", "CRC")
    return types.SimpleNamespace(**{name: getattr(tables, name) for name in names})


def _subject(job):
    path, trials, tables, keep = job
    return falls_core.wear(tables, list(falls_data.read(path, trials)), keep=keep)


def check(path, trials, got, tables=None, seed=1, count=CHECKED):
    """Run a seeded sample of trials through the interpreted core. Raises Mismatch."""
    detector = core("airbag.detector").Detector(tables or core("airbag.detector_tables"))
    chosen = random.Random(seed).sample(range(len(trials)), min(count, len(trials)))
    for i in sorted(chosen):
        ((_, counts),) = falls_data.read(path, [trials[i]])
        detector.wear(got[i].calibration)
        if not falls_core.same(got[i], falls_core.interpreted(detector, counts)):
            raise Mismatch(f"the compiled core differs in {path.name} {trials[i].name}; report it")
    return len(chosen)


def measure(folder, jobs=None, tell=lambda text: None):
    """Replay every set under folder: {name: (trials, runs)}. Raises FallDataError."""
    if not falls_core.fast():
        tell("numba is not installed, so that this takes long: `make setup` installs it")
    sets = {}
    for name, path in falls_data.find(folder).items():
        trials = falls_data.index(path)
        got = runs(path, trials, None, jobs, tell)
        sets[name] = (trials, got)
        if falls_core.fast():
            count = check(path, trials, got)
            tell(f"{name}: {count} trials are the same in the interpreted core")
    return sets


def triggers(trials, counts):
    """First counts (or None) as samples of the recordings."""
    return [
        None if k is None else resample.source_index(k, t.fs_hz)
        for t, k in zip(trials, counts, strict=True)
    ]


def report(sets):
    """The object that `--json` prints, from what `measure` returned."""
    out = {}
    for name, (trials, got) in sets.items():
        figures = falls_score.figures(trials, triggers(trials, [r.fire for r in got]))
        model = falls_score.figures(trials, triggers(trials, [r.model for r in got]))
        out[name] = {**figures, "model_only": model}
    return {"sets": out}


def table(figures):
    """The same as lines of text."""
    head = f"{'set':10} {'trigger':10}" + "".join(f"{text:>11}" for _, _, text, _ in COLUMNS)
    lines = [head + f"{'lead ms: median, p5':>22}"]
    for name, shipped in figures["sets"].items():
        for kind, values in (("both", shipped), ("model only", shipped["model_only"])):
            cells = [
                "-" if values[key] is None else form % (values[key] * scale)
                for key, scale, _, form in COLUMNS
            ]
            lead = values["lead_ms"]
            ends = "-" if lead["median"] is None else f"{lead['median']:.0f}, {lead['p5']:.0f}"
            lines.append(
                f"{name:10} {kind:10}" + "".join(f"{cell:>11}" for cell in cells) + f"{ends:>22}"
            )
    for name, shipped in figures["sets"].items():
        worst = sorted(
            ((v.get("false", 1 - v.get("in_time_150ms", 1)), key)
             for key, v in shipped["by_activity"].items()),
            reverse=True,
        )[:8]  # fmt: skip
        lines.append(
            f"{name}: most often wrong: " + "; ".join(f"{k} {100 * w:.0f} %" for w, k in worst)
        )
    return "\n".join(lines)


def run(folder, as_json=False, plot=None, jobs=None):
    """Measure, and print the table or the JSON; with `plot`, draw the pictures to that file.

    Raises UsageError, in one sentence, for recordings that do not do. Progress goes to stderr.
    """

    def tell(text):
        print(text, file=sys.stderr, flush=True)

    try:
        sets = measure(folder, jobs, tell)
        found = falls_data.find(folder)
        if words := fitted.warning("falls", falls_data.files(found)):
            tell(words)
        figures = report(sets)
        if plot:
            from pinbench.evaluate import falls_plots

            falls_plots.draw(sets, found, plot)
    except falls_data.FallDataError as error:
        raise UsageError(str(error)) from None
    except BrokenProcessPool:
        raise UsageError(
            "A measuring process died; try --jobs 1, which needs less memory."
        ) from None
    print(json.dumps(figures, indent=1) if as_json else table(figures))
    return figures
