"""`pinbench train falls`: fit the fall detector's trees and write them as a firmware module.

The recipe. Features are those of the core itself, over every recording as the detector scores
them (every second count). Each trial is one bag: a fall's bag, from 200 ms after its start (450 ms
before the impact at most) to 180 ms before the impact, must hold one high score; an activity's,
by 10 s, none. That is what a trigger means, and the loss (cross-entropy of the bag's soft maximum)
says so. A small first model picks the hardest samples of every activity. One model is fitted on
all sets. The level is chosen on the scores of subjects left out, by subject, in four folds. The
same recordings and seed give the same bytes.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from pinbench.errors import UsageError
from pinbench.evaluate import falls, falls_data, falls_score, falls_tables, fitted
from pinbench.evaluate.cores import FIRMWARE
from pinbench.evaluate.resample import RATE_HZ

FOLDS = 4
TREES = 160
FIRST_TREES = 30
LAST_MS = 180  # a score later than this before the impact does not count
EARLIEST_MS = 450
SPECIFICITY = 0.985  # of the set that is worst off at the level
ENOUGH = 820
WARM = 52  # scores that the detector does not use
_STEP = 6  # of an activity's scores one in so many is kept
_SETTINGS = {
    "num_leaves": 16,
    "max_depth": falls_tables.DEPTH,
    "learning_rate": 0.1,
    "min_data_in_leaf": 40,
    "max_bin": 127,
    "feature_fraction": 0.5,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


class Set:
    """One set's trials with features, and each subject's fold."""

    def __init__(self, name, path, jobs, tell):
        self.name = name
        trials = falls_data.index(path)
        runs = falls.runs(path, trials, None, jobs, tell, keep=True)
        self.trials = trials
        self.features = [run.features for run in runs]
        subjects = sorted({t.subject for t in trials})
        self.fold = np.array([subjects.index(t.subject) % FOLDS for t in trials])


def place(trial, sample):
    """The first score whose decision comes at or after a sample of the recording."""
    return max(0, int(np.ceil((sample / trial.fs_hz * RATE_HZ - 1) / 2)))


def rows(chosen, seed, model=None):
    """Training rows of (trial, features) pairs: features, labels and bags, sorted by bag."""
    rng = np.random.default_rng(seed)
    parts = []
    bag = 0
    for trial, features in chosen:
        n = len(features)
        hot = (
            -features[:, 0].astype(float)
            if model is None
            else model.predict(features, raw_score=True)
        )
        if not trial.is_fall:
            spread = np.arange(rng.integers(_STEP), n, _STEP)
            picked = np.union1d(spread, _highest(hot, 30 * max(1, n // 1000)))
            parts.append((features[picked], np.zeros(len(picked)), bag + picked // 500))
            bag += n // 500 + 1
            continue
        ms = trial.fs_hz / 1000
        first = max(place(trial, trial.start) + 10, place(trial, trial.impact - EARLIEST_MS * ms))
        last = place(trial, trial.impact - LAST_MS * ms)
        picked = np.arange(min(first, n - 1), min(n, max(last, first + 1)))
        parts.append((features[picked], np.ones(len(picked)), np.full(len(picked), bag)))
        before = max(0, place(trial, trial.start) - 3)
        picked = np.union1d(np.arange(0, before, _STEP), _highest(hot[:before], 15))
        parts.append((features[picked], np.zeros(len(picked)), np.full(len(picked), bag + 1)))
        bag += 2
    x, y, bags = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.argsort(bags, kind="stable")
    return x[order], y[order], np.unique(bags[order], return_inverse=True)[1]


def _highest(values, count):
    return np.argsort(-values, kind="stable")[:count].astype(int)


def bag_loss(labels, bags, plain=0.05, weight=8.0, size=3.0):
    """LightGBM's objective: cross-entropy of log(sum exp(score) / size) a bag, and a little of the
    ordinary one (`plain`)."""
    starts = np.r_[0, np.flatnonzero(np.diff(bags)) + 1]
    wanted = labels[starts]

    def gradients(scores, _data):
        scores = np.clip(scores, -30, 30)
        odds = np.exp(scores)
        chance = odds / (1 + odds)
        total = np.add.reduceat(odds, starts)
        high = total / (total + size)
        share = odds / total[bags]
        slope = weight * (high - wanted)[bags] * share + plain * (chance - labels)
        bend = weight * (high * (1 - high))[bags] * share + plain * chance * (1 - chance)
        return slope, np.maximum(bend, 1e-4)

    return gradients


def fit(chosen, seed):
    """Fit on (trial, features) pairs; the booster."""
    import lightgbm

    settings = dict(_SETTINGS, seed=seed)
    x, y, _ = rows(chosen, seed)
    if y.sum() < 20 or y.min() == 1:
        raise UsageError(
            "Too few falls or activities to fit on (20 wanted); give more recordings."
        )
    first = dict(settings, objective="binary", learning_rate=0.2)
    model = lightgbm.train(first, lightgbm.Dataset(x, y), FIRST_TREES)
    x, y, bags = rows(chosen, seed, model)
    loss = dict(settings, objective=bag_loss(y, bags))
    return lightgbm.train(loss, lightgbm.Dataset(x, y), TREES)


def chosen(sets, leave_out=None, only=None):
    """The (trial, features) pairs of all sets but one fold, or of one set alone."""
    return [
        pair
        for s in sets
        if only in (None, s.name)
        for pair, fold in zip(zip(s.trials, s.features, strict=True), s.fold, strict=True)
        if fold != leave_out
    ]


def unseen(sets, seed, tell):
    """Fit without each fold: a list of tables (integers, level 0), one a fold."""
    made = []
    for fold in range(FOLDS):
        booster = fit(chosen(sets, fold), seed)
        made.append(falls_tables.tables(falls_tables.from_lightgbm(booster), 0, ENOUGH))
        tell(f"fold {fold + 1} of {FOLDS} fitted")
    return made


def level_of(sets, scores):
    """The lowest level at which every set's quiet activities reach SPECIFICITY. scores: {set name:
    a score array a trial}, of subjects left out."""
    levels = []
    for s in sets:
        top = [
            max(p[WARM:], default=-(2**30))
            for t, p in zip(s.trials, scores[s.name], strict=True)
            if not t.is_fall
        ]
        levels.append(int(np.ceil(np.quantile(top, SPECIFICITY))))
    return max(levels)


def run(folder, seed=1, out=None, validate=False, as_json=False, jobs=None):
    """Fit on every set under folder and write firmware/airbag/detector_tables.py (or `out`).

    Prints the figures of the integer core on every subject, with tables fitted without it; with
    `validate` that is all. Raises UsageError, in one sentence. Progress goes to stderr.
    """

    def tell(text):
        print(text, file=sys.stderr, flush=True)

    try:
        found = falls_data.find(folder)
        sets = [Set(name, path, jobs, tell) for name, path in found.items()]
        folds = unseen(sets, seed, tell)
        replayed = _replay(sets, found, folds, jobs, tell)
    except falls_data.FallDataError as error:
        raise UsageError(str(error)) from None
    level = level_of(sets, {name: [r.scores for r in runs] for name, runs in replayed.items()})
    tell(f"level {level}")
    for made in folds:
        made.LEVEL = level
        falls_tables.seal(made)
    replayed = _replay(sets, found, folds, jobs, tell)
    figures = falls.report({s.name: (s.trials, replayed[s.name]) for s in sets})
    print(json.dumps(figures, indent=1) if as_json else falls.table(figures), flush=True)
    if validate:
        _across(sets, found, seed, jobs, tell)
        return figures
    booster = fit(chosen(sets), seed)
    made = falls_tables.tables(falls_tables.from_lightgbm(booster), level, ENOUGH)
    path = Path(out) if out else FIRMWARE / "airbag" / "detector_tables.py"
    path.write_text(falls_tables.source(made, _origin(found, seed)), encoding="utf-8")
    if not out:
        fitted.write("falls", falls_data.files(found))
    tell(f"wrote {path.name}")
    return figures


def _replay(sets, found, folds, jobs, tell):
    """Every subject through the integer core, with the tables of the fold that left it out."""
    out = {}
    for s in sets:
        runs = [None] * len(s.trials)
        for fold, made in enumerate(folds):
            at = np.flatnonzero(s.fold == fold)
            got = falls.runs(found[s.name], [s.trials[i] for i in at], made, jobs, tell)
            for i, one in zip(at, got, strict=True):
                runs[i] = one
        out[s.name] = runs
    return out


def _across(sets, found, seed, jobs, tell):
    """Fit on one set, run on another; at the level where 95 % of its activities are quiet."""
    for source in sets:
        for target in sets:
            if source is target:
                continue
            booster = fit(chosen(sets, only=source.name), seed)
            made = falls_tables.tables(falls_tables.from_lightgbm(booster), 0, ENOUGH)
            runs = falls.runs(found[target.name], target.trials, made, jobs)
            tops = [
                r.scores[WARM:].max()
                for t, r in zip(target.trials, runs, strict=True)
                if not t.is_fall and len(r.scores) > WARM
            ]
            made.LEVEL = int(np.ceil(np.quantile(tops, 0.95)))
            falls_tables.seal(made)
            runs = falls.runs(found[target.name], target.trials, made, jobs)
            fired = falls.triggers(target.trials, [r.model for r in runs])
            figures = falls_score.figures(target.trials, fired)
            tell(
                f"fitted on {source.name}, run on {target.name}, model alone: in time "
                f"{100 * (figures['in_time_150ms'] or 0):.1f} % at specificity "
                f"{100 * (figures['specificity'] or 0):.1f} %"
            )


def _origin(found, seed):
    digest = hashlib.sha256()
    for name, path in found.items():
        for file in sorted(path.iterdir()):
            digest.update(f"{name}/{file.name}".encode() + file.read_bytes())
    return f"{' and '.join(found)}, SHA-256 {digest.hexdigest()[:16]}, seed {seed}"
