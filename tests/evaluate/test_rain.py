"""Scoring of the rain forecast: known answers on series made by hand, and files that are wrong."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from pinbench.errors import UsageError
from pinbench.evaluate import rain, rain_plots, weather
from pinbench.evaluate.rain_score import Score, Truth

KEYS = [
    "onsets",
    "caught_pct",
    "needless_pct",
    "lift",
    "closings_per_week",
    "false_closings_per_week",
    "lead_min_median",
    "mm_open_pct",
]
HEADER = "time,temp_c,rh_pct,pressure_hpa,precip_mm,wind_ms"


def made(step_min, precip, rh=None):
    """A recording with rain as given, a row each."""
    count = len(precip)
    columns = {name: np.full(count, 50.0) for name in weather.READINGS}
    columns["precip_mm"] = np.array(precip, float)
    if rh is not None:
        columns["rh_pct"] = np.array(rh, float)
    return weather.Weather(
        Path("made_up.csv.gz"), step_min, np.arange(count) * step_min * 60, columns
    )


def score(record, alarm_rows):
    alarms = np.zeros(len(record.time_s), bool)
    alarms[alarm_rows] = True
    total = Score()
    total.add(Truth(record), alarms)
    return total


def write(path, lines):
    with gzip.open(path, "wt") as file:
        file.write("\n".join([HEADER, *lines]) + "\n")
    return path


def rows(count, step_min=5, start=0, rh=60.0):
    """Lines of a file: dry, but for an hour of rain every other day."""
    out = []
    for i in range(count):
        time = np.datetime64("2020-01-01T00:00:00") + np.timedelta64((start + i) * step_min, "m")
        wet = (start + i) * step_min % 2880 >= 2820
        out.append(f"{time}Z,20.5,{rh + 20 * wet},1010.2,{0.2 if wet else 0},1.5")
    return out


# ---- scoring


def test_an_onset_needs_three_known_dry_hours_before_it():
    precip = [0.0] * 200
    for row in (20, 60, 70, 150):  # too early in the record; counts; too soon; unknown before
        precip[row] = 0.2
    precip[140] = float("nan")
    assert np.flatnonzero(Truth(made(5, precip)).onset).tolist() == [60]


def test_an_onset_needs_humidity_known_at_the_row_before():
    rh = [50.0] * 100
    rh[59] = float("nan")
    precip = [0.0] * 100
    precip[60] = 0.2
    assert not Truth(made(5, precip, rh)).onset.any()


@pytest.mark.parametrize(
    ("alarm", "caught", "lead"), [(48, 1, 55), (59, 1, 0), (47, 0, 0), (60, 0, 0)]
)
def test_caught_means_closed_at_the_row_before(alarm, caught, lead):
    precip = [0.0] * 100
    precip[60] = 0.2
    result = score(made(5, precip), [alarm]).result()
    assert (result["onsets"], result["caught_pct"]) == (1, 100 * caught)
    assert result["lead_min_median"] == lead
    assert result["mm_open_pct"] == (0 if caught else 100)


def test_on_hourly_rows_the_hold_is_two_hours():
    precip = [0.0] * 40
    precip[20] = 1.0
    assert score(made(60, precip), [18]).result()["caught_pct"] == 100
    assert score(made(60, precip), [17]).result()["caught_pct"] == 0


def test_needless_is_the_closed_share_of_dry_time_without_rain_within_three_hours():
    precip = [0.0] * 300
    precip[150] = 0.4
    total = score(made(5, precip), [20, 130, 155, 200])
    result = total.result()
    # 12 rows each at 20 and 200; at 130 rain follows within three hours; at 155 the rows up to 161
    # are still in the hold after rain, and 162 to 166 are closed by the alarm alone.
    assert result["needless_pct"] == pytest.approx(100 * (12 + 12 + 5) / 299, abs=0.01)
    assert total.closings == 4  # 155 falls into the closure after the rain
    assert result["lift"] == pytest.approx(0 if not total.caught else result["lift"])
    assert result["false_closings_per_week"] == pytest.approx(2 / (300 * 5 / 10080), abs=0.01)


def test_an_alarm_without_humidity_does_not_count():
    rh = [50.0] * 100
    rh[30] = float("nan")
    assert score(made(5, [0.0] * 100, rh), [30]).closings == 0


def test_never_closing_has_no_lift():
    assert score(made(5, [0.0] * 100), []).result()["lift"] is None


# ---- files


def test_rows_are_put_on_the_grid_they_end_in(tmp_path):
    path = tmp_path / "here_2020.csv.gz"
    write(
        path,
        [
            "2020-01-01T00:02:00Z,1,50,,0.3,1",
            "2020-01-01T00:05:00Z,2,,1000,0.3,1",
            "2020-01-01T00:08:00Z,3,52,,,1",
            "2020-01-01T00:08:00Z,9,99,,9,9",
            "2020-01-01T00:41:00Z,4,53,,0,1",
        ],
    )
    record = weather.load(path)
    assert (record.climate, record.station, record.step_min) == ("here", "here", 5)
    assert record.time_s[0] == 1_577_836_800 + 300
    columns = {name: [None if x != x else x for x in v] for name, v in record.columns.items()}
    assert columns["temp_c"] == [2, 3, 3, 3, 3, 3, None, None, 4]
    assert columns["rh_pct"] == [50, 52, 52, 52, 52, 52, None, None, 53]
    assert columns["precip_mm"] == [0.6, None, None, None, None, None, None, None, 0]
    assert columns["pressure_hpa"][:2] == [1000, 1000]


@pytest.mark.parametrize("minutes", (1, 3, 5, 10, 20, 30, 60))
def test_the_grid_follows_the_median_interval(tmp_path, minutes):
    path = write(tmp_path / "here_2020.csv.gz", rows(50, minutes))
    assert weather.load(path).step_min == max(5, minutes)


def bad_files(folder):
    good = rows(20)
    yield "is empty", gzip.compress(b"")
    yield "is not gzip", "\n".join([HEADER, *good]).encode()
    yield "is not gzip", b""[:0] + b"PK\x03\x04 a zip file"
    packed = gzip.compress("\n".join([HEADER, *good]).encode())
    yield "cut short", packed[: len(packed) // 2]
    yield "no column 'rh_pct'", gzip.compress(b"time,temp_c,precip_mm\n2020-01-01T00:00:00Z,1,0\n")
    yield "no column 'time'", gzip.compress(b"temp_c,rh_pct,precip_mm\n1,2,0\n")
    yield "no rows", gzip.compress((HEADER + "\n").encode())
    yield "fewer than two", gzip.compress("\n".join([HEADER, good[0]]).encode())
    yield "not ISO 8601", gzip.compress("\n".join([HEADER, "yesterday,1,2,3,4,5"]).encode())
    yield (
        "not a number",
        gzip.compress("\n".join([HEADER, "2020-01-01T00:00:00Z,warm,2,3,4,5"]).encode()),
    )
    yield "cells", gzip.compress("\n".join([HEADER, "2020-01-01T00:00:00Z,1"]).encode())
    yield "not UTF-8", gzip.compress(b"time,\xff\xfe\n")


def test_a_wrong_file_is_one_sentence_that_names_it(tmp_path):
    path = tmp_path / "bad_2020.csv.gz"
    for text, content in bad_files(tmp_path):
        path.write_bytes(content)
        with pytest.raises(UsageError) as caught:
            rain.run([path], jobs=1)
        assert text in str(caught.value) and str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_path_without_weather_is_one_sentence(tmp_path):
    for path in (tmp_path, tmp_path / "absent.csv.gz"):
        with pytest.raises(UsageError, match=str(tmp_path)):
            rain.run([path])


def test_stations_are_told_from_years():
    names = {
        "falkensee_2017.csv.gz": "falkensee",
        "falkensee_2010_20min.csv.gz": "falkensee",
        "nyc_jfk_2013-01_2013-08.csv.gz": "nyc_jfk",
        "singapore_S107_2016-12_2017-04.csv.gz": "singapore_S107",
    }
    for name, station in names.items():
        assert weather.station_of(name) == station


# ---- the whole


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "here_2020.csv.gz", rows(1500))
    write(tmp_path / "here_2021_20min.csv.gz", rows(400, 20, start=1000))
    write(tmp_path / "there_one_2020.csv.gz", rows(200, 60))
    return tmp_path


def test_json_has_every_figure_of_every_setting(folder, capsys):
    picture = folder / "rain.png"
    rain.run([folder], as_json=True, plot=picture, jobs=1)
    found = json.loads(capsys.readouterr().out)
    assert list(found["climates"]) == ["here", "there"]
    for settings in found["climates"].values():
        assert list(settings) == ["calm", "balanced", "eager"]
        for figures in settings.values():
            assert list(figures) == KEYS
    assert picture.stat().st_size > 1000


def test_the_table_has_a_line_a_setting(folder, capsys):
    rain.run([folder], jobs=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 2 * 3
    assert lines[1].split()[:2] == ["here", "calm"]


def test_state_lasts_over_the_files_of_a_station_and_a_change_of_step(folder, monkeypatch):
    made = []

    class Spy(rain.core("window.forecast").Forecast):
        def load(self, state):
            super().load(state)
            made.append((state[3], self.slot_min))

    monkeypatch.setattr(rain.core("window.forecast"), "Forecast", Spy)
    rain.measure([folder], jobs=1)
    assert (5, 20) in made


def test_a_plot_that_cannot_be_written_is_one_sentence(folder):
    with pytest.raises(UsageError, match="cannot be written"):
        rain_plots.draw({}, folder / "rain.nonsense")


def _data():
    named = os.environ.get("PINBENCH_DATA")
    root = Path(named) if named else Path(__file__).parents[2] / ".." / "shared" / "data"
    for folder in (root / "weather", root):
        if list(folder.glob("nyc_*.csv.gz")):
            return folder
    pytest.skip(f"no recorded weather in {root}: set PINBENCH_DATA to the folder of recordings")


@pytest.mark.long
def test_on_recorded_weather_the_shipped_core_keeps_its_budgets():
    climates = rain.measure([next(iter(sorted(_data().glob("nyc_jfk*.csv.gz"))))], jobs=1)
    results = [score.result() for score in climates["nyc"]]
    assert results[0]["onsets"] > 50
    for result, budget in zip(results, (2, 5, 10), strict=True):
        assert result["needless_pct"] == pytest.approx(budget, rel=0.4)
        assert result["lift"] > 2
