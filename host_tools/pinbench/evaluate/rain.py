"""`pinbench evaluate rain`: the rain forecast that ships, measured on recorded weather.

The core is fed every gridded row with its time and the rain of that row, and nothing later. Its
state lasts over all files of one station in order of time, and starts as shipped at a new station.
"""

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from pinbench.errors import UsageError
from pinbench.evaluate import fitted, weather
from pinbench.evaluate.cores import core

SETTINGS = ("calm", "balanced", "eager")
COLUMNS = (
    ("onsets", "onsets", "%d"),
    ("caught_pct", "caught %", "%.1f"),
    ("needless_pct", "needless %", "%.1f"),
    ("lift", "lift", "%.1f"),
    ("closings_per_week", "closings/week", "%.1f"),
    ("false_closings_per_week", "(false)", "%.1f"),
    ("lead_min_median", "lead min", "%.0f"),
    ("mm_open_pct", "mm open %", "%.1f"),
)


def alarms(record, forecast):
    """Run a core `Forecast` over one recording: an array of bools, a row and a setting."""
    import numpy as np

    step = forecast.step
    out = [
        step(time_s, temp, rh, pressure, rain, wind)
        for time_s, temp, rh, pressure, rain, wind in record.rows()
    ]
    return np.array(out, bool)


def station(files):
    """Measure one station: its files in order of time. Returns (climate, one Score a setting)."""
    from pinbench.evaluate.rain_score import Score, Truth

    forecasts = core("window.forecast")
    records = sorted((weather.load(path) for path in files), key=lambda r: int(r.time_s[0]))
    scores = [Score() for _ in SETTINGS]
    forecast = None
    for record in records:
        if forecast is None or forecast.step_min != record.step_min:
            successor = forecasts.Forecast(record.step_min)
            if forecast is not None:
                successor.load(forecast.save())
            forecast = successor
        truth = Truth(record)
        given = alarms(record, forecast)
        for i, score in enumerate(scores):
            score.add(truth, given[:, i])
    return records[0].climate, scores


def measure(paths, jobs=None, tell=lambda text: None):
    """Scores by climate: {climate: [Score of calm, of balanced, of eager]}.

    paths: weather files, or folders of them. jobs: processes, all cores if None. tell: is called
    with a line whenever a station is done. Raises WeatherError for a file that cannot be used.
    """
    groups = {}
    for path in weather.find(paths):
        groups.setdefault(weather.station_of(path), []).append(path)
    jobs = min(len(groups), jobs or os.cpu_count() or 1)
    found = {}
    # The longest first, so that no process is left with it at the end.
    work = sorted(groups, key=lambda name: -sum(p.stat().st_size for p in groups[name]))
    if jobs == 1:
        results = map(station, (groups[name] for name in work))
        _collect(work, results, found, tell)
    else:
        with ProcessPoolExecutor(jobs) as pool:
            results = pool.map(station, (groups[name] for name in work))
            _collect(work, results, found, tell)
    climates = {}
    for name in sorted(found):
        climate, scores = found[name]
        if climate in climates:
            for total, score in zip(climates[climate], scores, strict=True):
                total.merge(score)
        else:
            climates[climate] = scores
    return dict(sorted(climates.items()))


def _collect(work, results, found, tell):
    for done, (name, result) in enumerate(zip(work, results, strict=True), 1):
        found[name] = result
        tell(f"{done}/{len(work)} stations: {name}")


def report(climates):
    """The object that `--json` prints, from what `measure` returned."""
    return {
        "climates": {
            climate: {
                setting: score.result() for setting, score in zip(SETTINGS, scores, strict=True)
            }
            for climate, scores in climates.items()
        }
    }


def table(figures):
    """The same as lines of text."""
    lines = [f"{'climate':12} {'setting':9}" + "".join(f"{head:>14}" for _, head, _ in COLUMNS)]
    for climate, settings in figures["climates"].items():
        for setting, values in settings.items():
            cells = [
                "-" if values[key] is None else form % values[key] for key, _, form in COLUMNS
            ]
            lines.append(f"{climate:12} {setting:9}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def run(paths, as_json=False, plot=None, jobs=None):
    """Measure, and print the table or the JSON; with `plot`, draw the picture to that file.

    Raises UsageError, in one sentence, for files that cannot be used. Progress goes to stderr.
    """

    def tell(text):
        print(text, file=sys.stderr, flush=True)

    try:
        climates = measure(paths, jobs, tell)
    except weather.WeatherError as error:
        raise UsageError(str(error)) from None
    except BrokenProcessPool:
        raise UsageError(
            "A measuring process died; try --jobs 1, which needs less memory."
        ) from None
    if words := fitted.warning("rain", weather.find(paths)):
        tell(words)
    figures = report(climates)
    if plot:
        from pinbench.evaluate import rain_plots

        rain_plots.draw(climates, plot)
    print(json.dumps(figures, indent=1) if as_json else table(figures))
    return figures
