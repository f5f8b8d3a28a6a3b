"""`pinbench train rain`: fit the rain forecast's weights and write them as firmware modules.

The recipe. Features are those of the core itself, run over every file. A row counts as positive
if an onset comes within 15 minutes (in the next row on coarser data), though an alarm holds for
60: the late signs are the sharp ones, and closing is quick. Rows with rain in the last two hours,
or soon but not that soon, are left out. A linear part and sixty trees are fitted to it and added.
How sure their sum is, and how often it is high on idle time (where the budgets begin), is measured
on folds that were left out. Nothing depends on the clock or the machine: the same files and seed
give the same bytes.
"""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from pinbench.errors import UsageError
from pinbench.evaluate import fitted, rain_fit, weather
from pinbench.evaluate.cores import FIRMWARE, core
from pinbench.evaluate.rain_score import Score, Truth, within_next

NEAR_MIN = 15
COARSE_MIN = (20, 30)  # the fine recordings, thinned to these steps, help the coarse weights
TREES = 60
NEGATIVES = 40000
TREE_NEGATIVES = 15000
# module name: what it was fitted for, the climate whose rows calibrate it, its kind of steps
EXPERTS = {
    "temperate": ("5 to 10 minute readings with pressure", "falkensee", "fine"),
    "tropical": ("5 to 10 minute readings, showers", "singapore", "fine"),
    "coarse": ("15 to 30 minute readings", "falkensee", "coarse"),
    "continental": ("hourly readings, inland", "beijing", "hourly"),
    "coastal": ("hourly readings, by the sea", "nyc", "hourly"),
}

_fitted = {}  # what experts of one kind share, so that it is fitted once


class Sample:
    """One recording with its features, its truth and its folds."""

    def __init__(self, record):
        self.weather = record
        self.truth = truth = Truth(record)
        self.climate = record.climate
        step = record.step_min
        self.kind = "hourly" if step == 60 else "coarse" if step > 10 else "fine"
        self.features = features(record)
        rows = np.arange(len(truth.rain))
        last_rain = np.maximum.accumulate(np.where(truth.rain, rows, -(10**6)))
        self.eligible = rows - last_rain >= truth.dry_rows - truth.hold
        self.target = within_next(truth.onset, max(1, NEAR_MIN // step))
        self.judged = truth.dry & self.eligible
        self.used = self.judged & (self.target | ~truth.soon)
        self.fold = _folds(record)


def _folds(record):
    """Years where there are several, else months (two together on hourly data): what is left out
    goes with its whole spell of weather, over all stations of the climate."""
    days = record.time_s.astype("datetime64[s]")
    year = days.astype("datetime64[Y]").astype(int)
    month = days.astype("datetime64[M]").astype(int)
    if record.step_min == 60:
        # The last weeks of a recording's year stay with it.
        return np.where(record.climate == "nyc", 5000 + month % 12 // 2, np.clip(year, 43, 45))
    if record.climate == "singapore":
        return month
    return np.full(len(year), int(np.bincount(year).argmax()))


def features(record):
    """The core's features of every row (int16), as the device would have them."""
    module = core("window.forecast_features")
    maker = module.Features(record.step_min)
    columns = record.columns

    def column(name, scale, origin=0):
        values = columns[name]
        out = np.rint((np.nan_to_num(values) - origin) * scale).astype(int)
        return np.where(np.isnan(values), module.MISSING, out).tolist()

    temp = column("temp_c", 100)
    rh = column("rh_pct", 100)
    pressure = column("pressure_hpa", 40, 1000)
    wind = column("wind_ms", 10)
    rain = column("precip_mm", 10)
    minutes = (record.time_s // 60 % 1440).tolist()
    dry_rows = 180 // record.step_min
    out = np.empty((len(minutes), module.COUNT), np.int16)
    for i, minute in enumerate(minutes):
        onset = rain[i] > 0 and maker.since_rain() >= dry_rows
        maker.update(
            minute // 60, minute % 60, temp[i], rh[i], pressure[i], wind[i], rain[i], onset
        )
        out[i] = maker.values
    return out


def thinned(record, step_min):
    """The recording as a station with fewer readings would have had it."""
    place = -(-record.time_s // (step_min * 60))
    start = place[0]
    place = place - start
    count = int(place[-1]) + 1
    columns = {}
    for name, values in record.columns.items():
        known = ~np.isnan(values)
        column = np.full(count, np.nan)
        if name == "precip_mm":
            seen = np.bincount(place[known], minlength=count) > 0
            column[seen] = np.bincount(place[known], values[known], count)[seen]
        else:
            column[place[known]] = values[known]
        columns[name] = column
    time_s = (np.arange(count) + start) * step_min * 60
    return weather.Weather(record.path, step_min, time_s, columns)


def samples(paths, tell):
    """Every recording as a Sample, and the fine ones with pressure thinned as well."""
    out = []
    for path in weather.find(paths):
        record = weather.load(path)
        out.append(Sample(record))
        tell(f"features of {path.name}")
        if record.step_min <= 10 and not np.isnan(record.columns["pressure_hpa"]).all():
            out += [Sample(thinned(record, step)) for step in COARSE_MIN]
    return out


def fit_expert(name, chosen, seed, leave_out=()):
    """Fit one expert on the samples without the folds in `leave_out`: a rain_fit.Table whose
    points are log odds and whose `usual` is filled in."""
    _, climate, kind = EXPERTS[name]
    pool = [s for s in chosen if s.kind == kind and (kind == "hourly" or s.climate == climate)]
    own = [s for s in pool if s.climate == climate]
    if not own:
        raise UsageError(f"No recording of climate {climate} ({kind} steps) to fit '{name}' on.")
    folds = sorted(set(np.unique(np.concatenate([s.fold for s in own]))) - set(leave_out))
    odds = [np.full(len(s.fold), np.nan) for s in own]
    for fold in folds:
        linears, trees = _fit_parts(pool, own, seed, {*leave_out, fold})
        for sample, out in zip(own, odds, strict=True):
            rows = sample.fold == fold
            if rows.any():
                out[rows] = sum(p.odds(sample.features[rows]) for p in linears + trees)
    slope, offset = _calibrate(own, odds)
    linears, trees = _fit_parts(pool, own, seed, set(leave_out))
    table = rain_fit.whole(linears, trees, slope, offset)
    points = [np.floor(32 * (slope * out + offset)) for out in odds]
    table.usual = _usual(own, points)
    return table


def _fit_parts(pool, own, seed, left_out):
    # The experts of hourly readings share what was fitted on their pool.
    key = (tuple(sorted(left_out)), seed, *map(id, pool))
    if key not in _fitted:
        rows, target = _training_rows(pool, seed, left_out, NEGATIVES)
        linear = rain_fit.Linear(200 if pool[0].kind == "hourly" else 300).fit(rows, target)
        rows, target = _training_rows(pool, seed, left_out, TREE_NEGATIVES)
        _fitted[key] = (linear, rain_fit.Trees(TREES, seed).fit(rows, target))
    linears = [_fitted[key][0]]
    trees = [_fitted[key][1]]
    if len(own) < len(pool):
        # One set for all hourly climates is too blunt, and one climate alone too little.
        rows, target = _training_rows(own, seed, left_out, NEGATIVES)
        linears.append(rain_fit.Linear(200).fit(rows, target, like=linears[0]))
        leaf = 60 if len(rows) > 20000 else 30
        rows, target = _training_rows(own, seed, left_out, TREE_NEGATIVES)
        trees.append(rain_fit.Trees(TREES, seed + 1, leaf).fit(rows, target))
    return linears, trees


def _training_rows(chosen, seed, left_out, negatives):
    left_out = np.array(sorted(left_out), dtype=int)
    features = []
    targets = []
    for sample in chosen:
        rows = np.flatnonzero(sample.used & ~np.isin(sample.fold, left_out))
        features.append(sample.features[rows])
        targets.append(sample.target[rows])
    features = np.vstack(features)
    target = np.concatenate(targets)
    if target.sum() < 20:
        raise UsageError("Too few rain onsets to fit on (20 wanted); give more recordings.")
    quiet = np.flatnonzero(~target)
    if len(quiet) > negatives:
        quiet = np.random.default_rng(seed).choice(quiet, negatives, replace=False)
    rows = np.concatenate([np.flatnonzero(target), quiet])
    return features[rows], target[rows]


def _calibrate(own, odds):
    """Slope and offset that make the sum of parts a log odds (Platt's method, Newton steps)."""
    known = [s.judged & ~np.isnan(o) for s, o in zip(own, odds, strict=True)]
    x = np.concatenate([o[k] for o, k in zip(odds, known, strict=True)])
    y = np.concatenate([s.target[k] for s, k in zip(own, known, strict=True)]).astype(float)
    centre, spread = x.mean(), x.std()
    design = np.column_stack([(x - centre) / spread, np.ones(len(x))])
    # From no slope at all Newton's method does not overshoot, however far apart the sums lie.
    answer = np.array([0.0, np.log(y.mean() / (1 - y.mean()))])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(design @ answer, -30, 30)))
        weight = np.maximum(chance * (1 - chance), 1e-9)
        change = np.linalg.solve((design * weight[:, None]).T @ design, design.T @ (y - chance))
        answer += change
        if np.abs(change).max() < 1e-6:
            break
    return answer[0] / spread, answer[1] - answer[0] * centre / spread


def _usual(own, points):
    """Per level of points, the share of dry time that is idle and has its hold's highest there."""
    budget = core("window.forecast_budget")
    counts = np.zeros(budget.LEVELS)
    dry = 0
    for sample, score in zip(own, points, strict=True):
        truth = sample.truth
        known = ~np.isnan(score)
        dry += (truth.dry & known).sum() * truth.step_min
        score = np.where(known & sample.eligible & truth.rh_known, score, -(10.0**6))
        best = score.copy()
        for back in range(1, truth.hold):
            best[back:] = np.maximum(best[back:], score[:-back])
        idle = truth.dry & ~truth.after_rain & ~truth.soon & known
        level = (best[idle] - budget.FIRST_POINT) // budget.LEVEL_POINTS
        level = np.minimum(budget.LEVELS - 1, level[level >= 0]).astype(int)
        counts += np.bincount(level, minlength=budget.LEVELS) * truth.step_min
    return np.round(counts / max(1, dry) * 65535).astype(int)


def cross_validate(paths, seed=1, tell=print):
    """Measure the recipe and the core on what was left out of the fitting.

    Every row is scored by weights fitted without its fold (a year, a month, or two months on short
    hourly records, over all stations of its climate), and those scores go through the core's own
    experts and budgets, whose state lasts over all files of a station. The vectorised scores are
    the core's to the last point (a test holds that). Coarse steps that were thinned from fine ones
    are measured apart, as CLIMATE@STEP. Returns {climate: [Score of calm, of balanced, of eager]}.
    """
    _need_scikit_learn()
    try:
        chosen = samples(paths, tell)
    except weather.WeatherError as error:
        raise UsageError(str(error)) from None
    points = {}
    for name, (_, climate, kind) in EXPERTS.items():
        judged = [s for s in chosen if s.kind == kind]
        fitted_on = [s for s in judged if kind == "hourly" or s.climate == climate]
        for fold in sorted(set(np.unique(np.concatenate([s.fold for s in fitted_on])))):
            table = fit_expert(name, chosen, seed, {int(fold)})
            for sample in fitted_on:
                rows = sample.fold == fold
                column = points.setdefault((name, id(sample)), np.zeros(len(rows), int))
                column[rows] = table.points(sample.features[rows])
            tell(f"{name} without fold {fold}")
        table = fit_expert(name, chosen, seed)
        points[name] = table
        for sample in judged:
            if (name, id(sample)) not in points:
                points[name, id(sample)] = table.points(sample.features)
    scores = {}
    stations = {}
    for sample in chosen:
        own = sample.weather
        thin = sample.kind == "coarse" and "min" not in own.name
        climate = f"{own.climate}@{own.step_min}" if thin else own.climate
        stations.setdefault((climate, own.station, sample.kind), []).append(sample)
    for (climate, _, kind), group in stations.items():
        total = scores.setdefault(climate, [Score() for _ in range(3)])
        _replay(sorted(group, key=lambda s: int(s.weather.time_s[0])), kind, points, total)
    return dict(sorted(scores.items()))


class _Told:
    """An expert whose points are known beforehand."""

    def __init__(self, place, table):
        self.place = place
        self.usual = table.usual.tolist()

    def score(self, values):
        return values[self.place]


def _replay(group, kind, points, total):
    """Run scores known beforehand through the core's experts and budgets, over one station."""
    shipped = core("window.forecast_shipped")
    budgets = core("window.forecast_budget")
    names = [name for name, (_, _, its_kind) in EXPERTS.items() if its_kind == kind]
    pressure = not np.isnan(group[0].weather.columns["pressure_hpa"]).all()
    which = {"coarse": shipped.COARSE, "hourly": shipped.HOURLY}.get(
        kind, shipped.FINE_PRESSURE if pressure else shipped.FINE
    )
    evidence = shipped.evidence(which)
    step = group[0].weather.step_min
    tables = [_Told(place, points[name]) for place, name in enumerate(names)]
    experts = core("window.forecast_experts").Experts(step, tables, evidence)
    budget = budgets.Budget(step, experts.usual())
    for sample in group:
        truth = sample.truth
        columns = [points[name, id(sample)].tolist() for name in names]
        alarms = np.zeros((len(truth.rain), 3), bool)
        flags = zip(
            truth.rain.tolist(), truth.rh_known.tolist(), truth.valid.tolist(), strict=True
        )
        for row, (wet, rh_known, valid) in enumerate(flags):
            onset = wet and budget.since_rain() >= truth.dry_rows - 1
            told = [column[row] for column in columns]
            score = experts.score(told) if rh_known else budgets.NO_SCORE
            alarms[row] = budget.step(score, wet, valid)
            experts.learn(valid and budget.eligible and not wet, onset, budget.since_rain())
        for setting, score in enumerate(total):
            score.add(truth, alarms[:, setting])


def run(paths, seed=1, out=None, tell=print):
    """Fit all experts on the weather files at `paths` and write firmware/window/forecast_NAME.py.

    out: another folder to write to. Raises UsageError, in one sentence, for files that cannot be
    used.
    """
    _need_scikit_learn()
    folder = Path(out) if out else FIRMWARE / "window"
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder; make it, or leave --out away.")
    try:
        chosen = samples(paths, tell)
    except weather.WeatherError as error:
        raise UsageError(str(error)) from None
    origin = _origin(paths, seed)
    for name in EXPERTS:
        table = fit_expert(name, chosen, seed)
        path = folder / f"forecast_{name}.py"
        path.write_text(source(name, table, origin), encoding="utf-8")
        tell(f"wrote {path.name}")
    if not out:
        fitted.write("rain", weather.find(paths))


def _need_scikit_learn():
    if importlib.util.find_spec("sklearn") is None:
        raise UsageError("Fitting needs scikit-learn: pip install 'pinbench[evaluate]'.")


def _origin(paths, seed):
    digest = hashlib.sha256()
    files = weather.find(paths)
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return f"{len(files)} files, SHA-256 {digest.hexdigest()[:16]}, seed {seed}"


def source(name, table, origin):
    """The text of a generated module."""
    lines = [
        f'"""Rain forecast weights: {EXPERTS[name][0]}. Generated, do not edit.',
        "",
        f"By `pinbench train rain` from {origin}.",
        "The layout is described in forecast_score.py.",
        '"""',
        "",
        "from binascii import a2b_base64",
        "",
    ]
    lines += _literal("HINGES", table.hinges.astype("<i2").tobytes())
    lines += _literal("FEATURES", bytes(table.features))
    lines += _literal("CUTS", np.array(table.cuts).astype("<i2").tobytes())
    lines += _literal("LEAVES", np.array(table.leaves).astype("<i2").tobytes())
    lines += _literal("USUAL", np.asarray(table.usual).astype("<u2").tobytes())
    return "\n".join([*lines, f"BIAS = {int(table.bias)}", ""])


def _literal(name, data):
    """A bytes constant in base 64, which fits a source file and is unpacked at import."""
    import base64

    text = base64.b64encode(data).decode()
    rows = [text[at : at + 92] for at in range(0, len(text), 92)]
    return [f"{name} = a2b_base64(", *[f'    "{row}"' for row in rows], ")"]
