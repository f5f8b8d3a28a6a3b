"""Fitting the rain forecast: what is fitted on the host is what the device computes."""

import gzip
from array import array

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="fitting needs scikit-learn (pinbench[evaluate])")

from pinbench.errors import UsageError  # noqa: E402
from pinbench.evaluate import rain_fit, train_rain  # noqa: E402
from pinbench.evaluate.cores import core  # noqa: E402

features = core("window.forecast_features")
scores = core("window.forecast_score")


def rows(seed, count):
    """Feature rows with every size of number, and missing ones."""
    chance = np.random.default_rng(seed)
    scale = 2.0 ** chance.integers(1, 14, features.COUNT)
    values = np.clip(chance.normal(0, scale, (count, features.COUNT)), -32000, 32000)
    values[chance.random(values.shape) < 0.1] = features.MISSING
    values[:, 3] = features.MISSING
    return values.astype(np.int16)


def fitted(seed=3):
    found = rows(seed, 3000)
    target = (found[:, 0] > found[:, 1]) & (found[:, 7] != features.MISSING)
    linear = rain_fit.Linear(300).fit(found, target)
    trees = [rain_fit.Trees(8, 1).fit(found, target), rain_fit.Trees(4, 2, 30).fit(found, target)]
    table = rain_fit.whole([linear], trees, 0.6, -2.5)
    table.usual = np.arange(64)
    return linear, trees, table


def module(table):
    scope = {}
    exec(train_rain.source("tropical", table, "a test"), scope)
    return type("Module", (), scope)


@pytest.mark.long
def test_many_rows_at_once_score_as_the_core_scores_one():
    table = fitted()[2]
    told = scores.Table(module(table))
    found = rows(4, 400)
    assert table.points(found).tolist() == [told.score(array("h", row)) for row in found.tolist()]
    assert list(told.usual) == list(range(64))


def test_whole_numbers_stay_near_the_fitted_model():
    linear, trees, table = fitted()
    found = rows(5, 400)
    odds = linear.odds(found) + sum(part.odds(found) for part in trees)
    assert np.abs(table.points(found) - 32 * (0.6 * odds - 2.5)).max() < 6


@pytest.mark.long
def test_the_same_seed_gives_the_same_bytes_twice():
    assert train_rain.source("coarse", fitted()[2], "x") == train_rain.source(
        "coarse", fitted()[2], "x"
    )


def test_too_little_rain_is_one_sentence(tmp_path):
    with gzip.open(tmp_path / "falkensee_2020.csv.gz", "wt") as file:
        file.write("time,temp_c,rh_pct,pressure_hpa,precip_mm,wind_ms\n")
        for i in range(1000):
            time = np.datetime64("2020-01-01T00:00:00") + np.timedelta64(5 * i, "m")
            file.write(f"{time}Z,{10 + i % 7},{60 + i % 11},1010,0,1\n")
    with pytest.raises(UsageError, match="Too few rain onsets"):
        train_rain.run([tmp_path], out=tmp_path, tell=lambda text: None)


def test_every_expert_ships_with_tables_of_the_right_size():
    for name in train_rain.EXPERTS:
        shipped = core(f"window.forecast_{name}")
        trees = len(shipped.FEATURES) // 7
        assert len(shipped.HINGES) == 12 * features.COUNT
        assert (len(shipped.CUTS), len(shipped.LEAVES)) == (14 * trees, 16 * trees)
        assert len(shipped.USUAL) == 128
        assert max(byte & 127 for byte in shipped.FEATURES) < features.COUNT
        assert len(shipped.HINGES) + 37 * trees < 8192
