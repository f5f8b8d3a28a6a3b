"""The controllers that the bench's is compared with."""

from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from pinbench.worlds.baselines import humidity_threshold, rain_sensor

HOURS = lists(tuples(integers(3000, 10000), integers(0, 9000)), min_size=2, max_size=24)


def rows(hours):
    return [[60 * i, rh, 1500, 101300, um, 0] for i, (rh, um) in enumerate(hours)]


def test_a_plain_rain_sensor_lets_in_the_first_45_seconds():
    dry, wet = (6000, 0), (6000, 4000)
    result = rain_sensor(rows([dry, dry, wet, wet, dry, dry, wet]))
    assert result["closings"] == 2
    assert result["rain_in_um"] == 100  # twice 45 s of 4 mm/h


def test_a_threshold_that_saw_it_coming_lets_in_nothing():
    result = humidity_threshold(rows([(6000, 0), (8000, 0), (9500, 0), (9500, 4000)]))
    assert result == {"rain_in_um": 0, "closings": 1, "open_min": 80}


def test_it_reopens_an_hour_after_the_last_drop():
    table = rows([(6000, 0), (6000, 1000), *[(6000, 0)] * 4])
    assert rain_sensor(table)["open_min"] == 5 * 60 - 2 * 60


@given(hours=HOURS)
def test_they_keep_their_order(hours):
    table = rows(hours)
    plain, damp = rain_sensor(table), humidity_threshold(table)
    fallen = sum(row[4] for row in table[1:])
    assert 0 <= damp["rain_in_um"] <= plain["rain_in_um"] + 1 <= fallen + 1
    assert damp["open_min"] <= plain["open_min"] <= table[-1][0]
