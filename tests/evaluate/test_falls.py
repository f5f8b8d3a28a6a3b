"""Scoring of the fall detector: known answers on trials made by hand, and wrong recordings."""

import csv
import json
import lzma
import os
import types

import numpy as np
import pytest

from pinbench.errors import UsageError
from pinbench.evaluate import falls, falls_data, falls_score, falls_tables, resample
from pinbench.evaluate.cores import core

COLUMNS = (
    "file,offset,samples,subject,age_group,activity_code,activity,trial,is_fall,fs_hz,"
    "acc_g_per_lsb,gyro_dps_per_lsb,onset_index,impact_index"
).split(",")
KEYS = [
    "falls", "adl", "sensitivity", "in_time_150ms", "early", "specificity", "specificity_older",
    "false_per_hour", "lead_ms", "by_activity", "model_only",
]  # fmt: skip


def row(**changed):
    values: dict[str, object] = dict.fromkeys(COLUMNS, "")
    values.update(
        file="S1.i16.xz", offset=0, samples=600, subject="S1", age_group="young",
        activity_code="F01", activity="Fall", trial="R01", is_fall="1", fs_hz=100,
        acc_g_per_lsb=0.001, gyro_dps_per_lsb=0.0572958, onset_index=400, impact_index=470,
    )  # fmt: skip
    values.update(changed)
    return {key: str(value) for key, value in values.items()}


def fall(**changed):
    return falls_data.Trial(row(**changed))


def activity(**changed):
    return fall(is_fall="0", activity_code="D01", activity="Walk", onset_index="", impact_index="",
                **changed)  # fmt: skip


def write(folder, rows, values=None):
    """A set on disk: the index, and one file of `values` (samples of six)."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "index.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    if values is None:
        values = np.tile([0, -1000, 0, 0, 0, 0], (1200, 1))
    (folder / "S1.i16.xz").write_bytes(lzma.compress(np.asarray(values, "<i2").tobytes()))
    return folder


# ---- scoring


@pytest.mark.parametrize(
    ("trigger", "lead"),
    [(389, None), (390, 800), (455, 150), (456, 140), (469, 10), (470, None), (None, None)],
)
def test_a_hit_lies_between_100_ms_before_onset_and_the_impact(trigger, lead):
    assert falls_score.lead_ms(fall(), trigger) == lead


def test_without_an_onset_label_a_hit_begins_1500_ms_before_the_impact():
    trial = fall(onset_index="", fs_hz=200, impact_index=800, samples=1200)
    assert falls_score.lead_ms(trial, 499) is None
    assert falls_score.lead_ms(trial, 500) == 1500


def test_the_figures_of_a_set_made_by_hand():
    trials = [fall(), fall(), fall(), fall()]
    trials += [activity(samples=36000), activity(samples=36000, age_group="older")] * 2
    triggers = [430, 460, 100, None, None, 17, None, None]
    got = falls_score.figures(trials, triggers)
    assert (got["falls"], got["adl"]) == (4, 4)
    assert got["sensitivity"] == 0.5  # 400 and 100 ms
    assert got["in_time_150ms"] == 0.25
    assert got["early"] == 0.25
    assert got["specificity"] == 0.75
    assert got["specificity_older"] == 0.5
    assert got["false_per_hour"] == 2.5  # one in 0.4 h
    assert got["lead_ms"] == {"median": 250.0, "p5": 115.0, "p95": 385.0}
    assert got["by_activity"] == {
        "D01 Walk": {"trials": 4, "false": 0.25},
        "F01 Fall": {"trials": 4, "in_time_150ms": 0.25},
    }


def test_a_set_without_falls_or_without_activities_has_no_shares_of_them():
    got = falls_score.figures([activity()], [None])
    assert got["sensitivity"] is None and got["lead_ms"]["median"] is None
    got = falls_score.figures([fall()], [430])
    assert got["specificity"] is None and got["false_per_hour"] is None


# ---- resampling


@pytest.mark.parametrize("fs_hz", [50, 100, 104, 200, 238, 1000])
def test_a_count_needs_nothing_later_than_its_time_says(fs_hz):
    """Change the recording after a sample: no count that is known by then may change."""
    draw = np.random.default_rng(3)
    a = draw.integers(-3000, 3000, (fs_hz * 4, 6))
    b = a.copy()
    cut = fs_hz * 2
    b[cut:] += 500
    x, y = (resample.counts(v, fs_hz, 0.001, 0.05) for v in (a, b))
    assert len(x) == resample.length(len(a), fs_hz)
    known = np.array([resample.source_index(k, fs_hz) < cut for k in range(len(x))])
    assert np.array_equal(x[known], y[known])
    assert abs(known.sum() - 208) < 6


def test_one_g_is_2049_counts_and_the_chip_saturates():
    values = np.tile([0, -1000, 20000, 0, 1000, -32768], (400, 1))
    got = resample.counts(values, 100, 0.001, 0.07)
    assert (got == [0, -2049, 32767, 0, 1000, -32768]).all()


def test_a_slow_sine_comes_out_as_it_went_in():
    time = np.arange(1000) / 200
    values = np.tile(np.rint(1000 * np.sin(2 * np.pi * time))[:, None], (1, 6))
    got = resample.counts(values, 200, 0.000488, 0.07)[:, 0]
    wanted = 1000 * np.sin(2 * np.pi * (np.arange(len(got)) / 104 + 0.0025))
    assert np.abs(got - wanted).max() < 4  # the mean of two samples lies between them


# ---- recordings that are wrong


def broken(tmp_path, change):
    folder = write(tmp_path / "set", [row()])
    change(folder)
    with pytest.raises(UsageError) as caught:
        falls.run(str(tmp_path), jobs=1)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    return text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: (f / "index.csv").unlink(), "holds no index.csv"),
        (lambda f: (f / "index.csv").write_text("file,offset\n"), "no column 'subject'"),
        (lambda f: (f / "index.csv").write_bytes(b"\xff\xfe\x00"), "not UTF-8"),
        (lambda f: write(f, [row(samples="many")]), "line 2 is damaged"),
        (lambda f: write(f, [row(samples=-5)]), "impossible samples"),
        (lambda f: write(f, [row(impact_index="")]), "no trial that can be scored"),
        (lambda f: write(f, [row(samples=5000)]), "shorter than its index"),
        (lambda f: (f / "S1.i16.xz").write_bytes(b"no"), "not xz"),
        (lambda f: (f / "S1.i16.xz").write_bytes(lzma.compress(b"12345")), "whole samples"),
        (lambda f: (f / "S1.i16.xz").unlink(), "cannot be read"),
    ],
)
def test_a_wrong_recording_is_one_sentence(tmp_path, change, says):
    assert says in broken(tmp_path, change)


def test_a_folder_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="is not a folder"):
        falls.run(str(tmp_path / "none"))


# ---- the whole verb


@pytest.mark.long
def test_the_json_has_the_keys_that_programs_rely_on(tmp_path, capsys):
    write(
        tmp_path / "made", [row(), row(is_fall="0", offset=600, impact_index="", onset_index="")]
    )
    falls.run(str(tmp_path), as_json=True, plot=str(tmp_path / "p.png"), jobs=1)
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["sets"] and list(printed["sets"]) == ["made"]
    figures = printed["sets"]["made"]
    assert list(figures) == KEYS
    assert list(figures["model_only"]) == KEYS[:-1]
    assert list(figures["lead_ms"]) == ["median", "p5", "p95"]
    assert (figures["falls"], figures["adl"], figures["specificity"]) == (1, 1, 1.0)
    assert (tmp_path / "p.png").stat().st_size > 10000


# ---- tables


def nested(depth, draw):
    if depth == 0 or draw.random() < 0.2:
        return {"leaf_value": float(draw.normal())}
    return {
        "split_feature": int(draw.integers(0, 56)),
        "threshold": float(draw.normal() * 500) + 0.5,
        "left_child": nested(depth - 1, draw),
        "right_child": nested(depth - 1, draw),
    }


def walk(node, x):
    while "leaf_value" not in node:
        left = x[node["split_feature"]] <= node["threshold"]
        node = node["left_child" if left else "right_child"]
    return int(np.rint(node["leaf_value"] * falls_tables.LEAF_UNIT))


def test_the_flat_tables_score_as_the_fitted_trees():
    draw = np.random.default_rng(2)
    trees = [nested(4, draw) for _ in range(20)]
    made = falls_tables.tables(trees, 0, 0)
    score = core("airbag.trees").score
    features = bytes(20) + made.FEATURES
    cuts = np.r_[np.zeros(20, np.int16), np.frombuffer(made.CUTS, "<i2")]
    leaves = np.frombuffer(made.LEAVES, "<i2")
    for _ in range(200):
        x = draw.integers(-1500, 1500, 56)
        got = score(x, features, cuts, leaves, 20, 0, 20)
        assert got == sum(walk(tree, x) for tree in trees)


def test_the_generated_module_holds_what_was_made():
    made = falls_tables.tables([nested(4, np.random.default_rng(1))] * 4, 77, 88)
    space = {}
    exec(falls_tables.source(made, "a test"), space)
    assert core("airbag.detector").intact(types.SimpleNamespace(**space))
    assert (space["TREES"], space["LEVEL"], space["CUTS"]) == (4, 77, made.CUTS)


# ---- on the recordings


@pytest.mark.needs_data
def test_recorded_trials_are_the_same_in_the_compiled_and_the_interpreted_core():
    found = falls_data.find(os.path.join(os.environ["PINBENCH_DATA"], "falls"))
    for path in found.values():
        trials = falls_data.index(path)
        subject = [t for t in trials if t.subject == trials[0].subject][:40]
        got = falls.runs(path, subject)
        assert falls.check(path, subject, got, seed=3, count=4) == 4
