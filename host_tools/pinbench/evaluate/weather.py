"""Recorded weather: one station's file, read and put on a regular grid.

The schema is a gzip CSV with a header: `time` (UTC, ISO 8601, ending in Z), `temp_c`, `rh_pct`,
`pressure_hpa`, `precip_mm` (the amount in the interval that ends at `time`), `wind_ms`; further
columns are left alone, an empty cell is a missing reading.
"""

import csv
import gzip
import zlib
from datetime import UTC, datetime
from pathlib import Path

READINGS = ("temp_c", "rh_pct", "pressure_hpa", "precip_mm", "wind_ms")
_NEEDED = ("time", "temp_c", "rh_pct", "precip_mm")
_BRIDGE_MIN = 20


class WeatherError(Exception):
    """A weather file cannot be used; the text is one sentence with what to do."""


class Weather:
    """One file on its grid.

    climate, station, name: from the file's name. step_min: 5, 10, 15, ... or 60. time_s: seconds
    since 1970 at each row's end (ints, `step_min` apart). columns: READINGS to float arrays, with
    nan for what is missing; `precip_mm` is the sum over the row's interval.
    """

    def __init__(self, path, step_min, time_s, columns):
        self.path = path
        self.name = path.name.split(".")[0]
        self.climate = self.name.split("_")[0]
        self.station = station_of(path)
        self.step_min = step_min
        self.time_s = time_s
        self.columns = columns

    def rows(self):
        """Yield (time_s, temp_c, rh_pct, pressure_hpa, precip_mm, wind_ms), None for missing."""
        lists = [self.time_s.tolist()]
        for name in ("temp_c", "rh_pct", "pressure_hpa", "precip_mm", "wind_ms"):
            lists.append([None if x != x else x for x in self.columns[name].tolist()])
        return zip(*lists, strict=True)


def station_of(path):
    """The station a file belongs to: CLIMATE_STATION, or CLIMATE alone where a year follows."""
    parts = Path(path).name.split(".")[0].split("_")
    if len(parts) > 1 and not parts[1][:4].isdigit():
        return "_".join(parts[:2])
    return parts[0]


def find(paths):
    """The weather files named by paths (files, or folders searched for *.csv.gz), sorted.

    Raises WeatherError for a path that does not exist or a folder without such files.
    """
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(path.glob("*.csv.gz"))
            if not inside:
                raise WeatherError(f"{path} holds no *.csv.gz file; name a folder that does.")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise WeatherError(f"{path} does not exist; name a weather file or a folder of them.")
    return sorted(set(files))


def load(path):
    """Read one file and grid it. Raises WeatherError, in one sentence, for a file that is wrong.

    Grid: 60 minutes if the median interval is over 40, 5 if it is at most 5, else the nearest 5.
    A row belongs to the grid step in whose interval it ends; the last reading of a step counts,
    and amounts of rain are added up. A reading bridges a gap of up to 20 minutes (one row on
    hourly data) after it; rain is never bridged.
    """
    import numpy as np

    path = Path(path)
    times, columns = _read(path)
    times = np.array(times, dtype=np.int64)
    _, first = np.unique(times, return_index=True)  # sorted, and the first of equal times
    times = times[first]
    if len(times) < 2:
        raise WeatherError(f"{path} has fewer than two rows; use a longer recording.")
    median_min = float(np.median(np.diff(times))) / 60
    step = 60 if median_min > 40 else 5 if median_min <= 5 else int(round(median_min / 5) * 5)
    place = -(-times // (step * 60))
    start = int(place[0])
    place = place - start
    count = int(place[-1]) + 1
    if count > 50 * len(times) + 1000:
        raise WeatherError(f"{path} has times years apart; check its column 'time'.")
    gridded = {}
    for name in READINGS:
        values = np.array(columns[name], dtype=float)[first]
        known = ~np.isnan(values)
        column = np.full(count, np.nan)
        if name == "precip_mm":
            total = np.bincount(place[known], values[known], count)
            seen = np.bincount(place[known], minlength=count) > 0
            column[seen] = total[seen]
        else:
            column[place[known]] = values[known]  # the last of a step stays
            column = _bridge(column, max(1, _BRIDGE_MIN // step) if step < 60 else 1)
        gridded[name] = column
    return Weather(path, step, (np.arange(count) + start) * step * 60, gridded)


def _bridge(column, limit):
    import numpy as np

    i = np.arange(len(column))
    last = np.maximum.accumulate(np.where(np.isnan(column), -1, i))
    use = (last >= 0) & (i - last <= limit)
    return np.where(use, column[np.maximum(last, 0)], np.nan)


def _read(path):
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return _parse(path, csv.reader(file))
    except gzip.BadGzipFile:
        raise WeatherError(
            f"{path} is not gzip; compress it with gzip, or fetch it again."
        ) from None
    except (EOFError, zlib.error):
        raise WeatherError(f"{path} is cut short or damaged; fetch it again.") from None
    except UnicodeDecodeError:
        raise WeatherError(f"{path} is not UTF-8 text; export it again as UTF-8.") from None
    except csv.Error as error:
        raise WeatherError(f"{path} is not a CSV table ({error}); export it again.") from None
    except OSError as error:
        reason = error.strerror or error
        raise WeatherError(f"{path} cannot be read ({reason}); check the path.") from None


def _parse(path, rows):
    header = next(rows, None)
    if not header:
        raise WeatherError(f"{path} is empty; give a file with a header and rows.")
    for name in _NEEDED:
        if name not in header:
            raise WeatherError(f"{path} has no column '{name}'; its header must name it.")
    at_time = header.index("time")
    places = [(name, header.index(name)) for name in READINGS if name in header]
    times = []
    columns = {name: [] for name in READINGS}
    for row in rows:
        if not row:
            continue
        if len(row) != len(header):
            raise WeatherError(
                f"{path} line {rows.line_num} has {len(row)} cells where the header has "
                f"{len(header)}; fetch or export it again."
            )
        times.append(_seconds(path, rows.line_num, row[at_time]))
        for name, at in places:
            columns[name].append(_number(path, rows.line_num, name, row[at]))
    if not times:
        raise WeatherError(f"{path} has a header and no rows; use a longer recording.")
    for name in READINGS:
        columns[name] = columns[name] or [float("nan")] * len(times)
    return times, columns


def _seconds(path, line, text):
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise WeatherError(
            f"{path} line {line}: time {text!r} is not ISO 8601 (2017-01-31T12:00:00Z wanted)."
        ) from None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return int(time.timestamp())


def _number(path, line, name, text):
    if not text:
        return float("nan")
    try:
        value = float(text)
    except ValueError:
        value = float("inf")
    if value in (float("inf"), float("-inf")):
        raise WeatherError(f"{path} line {line}: {name} is {text!r}, not a number; correct it.")
    return value
