"""Rows of weather become air and rain at any minute, and no rain is lost or invented."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from pinbench.worlds.weather import Weather, rain_spans

AIR = tuples(
    integers(500, 10000), integers(-2000, 4000), integers(95000, 104000), integers(0, 9000)
)


@given(
    rows=lists(AIR, min_size=2, max_size=20),
    step=integers(1, 60),
    skips=lists(integers(0, 3), min_size=20, max_size=20),
)
def test_all_rain_falls_and_no_more(rows, step, skips):
    minute, table = 0, []
    for (rh, temp, pa, um), skip in zip(rows, skips, strict=False):
        table.append([minute, rh, temp, pa, um, 0])
        minute += step * (1 + (skip == 3))
    weather = Weather(table)
    fallen = 0.0
    for m in range(table[-1][0] + 60):
        weather.seek(m)
        fallen += weather.rain_um_h / 60
    assert fallen == pytest.approx(sum(row[4] for row in table[1:]))
    assert sum(um for _, _, um in rain_spans(table)) == sum(row[4] for row in table[1:])


@given(first=AIR, last=AIR, at=integers(0, 60))
def test_air_runs_straight_from_row_to_row(first, last, at):
    weather = Weather([[0, *first[:3], 0, 0], [60, *last[:3], 0, 600]])
    weather.seek(at)
    seen = weather.rh_centi_pct, weather.temp_centi_c, weather.pressure_pa, weather.wind_cm_s
    for value, a, b in zip(seen, (*first[:3], 0), (*last[:3], 600), strict=True):
        assert abs(value - (a + (b - a) * at / 60)) < 1


def test_gaps_hold_the_last_value():
    weather = Weather(
        [
            [0, 5000, 1000, 100000, 0, 0],
            [60, 6000, 1100, -1, 0, 0],
            [120, 7000, 1200, 100500, 0, 0],
            [300, 9000, 1500, 101000, 4000, 0],
        ]
    )
    weather.seek(90)
    assert (weather.rh_centi_pct, weather.pressure_pa) == (6500, 100000)
    weather.seek(239)
    assert (weather.rh_centi_pct, weather.pressure_pa, weather.rain_um_h) == (7000, 100500, 0)
    weather.seek(240)
    assert weather.rain_um_h == 4000  # the missing hours' rain fell in the last step
    weather.seek(1000)
    assert (weather.rh_centi_pct, weather.rain_um_h) == (9000, 0)


def test_going_back_is_the_same_as_going_there():
    rows = [
        [60 * i, 5000 + 100 * i, 1000, -1 if i % 3 else 100000 + i, i, 10 * i] for i in range(9)
    ]
    there, back = Weather(rows), Weather(rows)
    back.seek(480)
    for minute in (430, 310, 75, 10):
        fresh = Weather(rows)
        fresh.seek(minute)
        back.seek(minute)
        there = fresh
        names = ("rh_centi_pct", "temp_centi_c", "pressure_pa", "rain_um_h", "wind_cm_s")
        assert [getattr(back, n) for n in names] == [getattr(there, n) for n in names]


def test_rows_that_are_none_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        Weather([])
    with pytest.raises(ValueError, match="rise"):
        Weather([[5, 0, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0]])
