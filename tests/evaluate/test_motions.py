"""Recordings that a scenario of the garment names: found, brought to counts, or refused."""

import base64
import lzma

import numpy as np
import pytest

from pinbench.evaluate import resample
from pinbench.evaluate.motions import prepare
from pinbench.scenario import ScenarioError, load

HEADER = (
    "file,offset,samples,subject,activity_code,activity,trial,is_fall,fs_hz,"
    "acc_g_per_lsb,gyro_dps_per_lsb,onset_index,impact_index\n"
)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A set of one walk and one fall, made up."""
    folder = tmp_path / "falls" / "mine"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(4)
    values = rng.integers(-2000, 2000, (900, 6)).astype("<i2")
    (folder / "A.i16.xz").write_bytes(lzma.compress(values.tobytes()))
    (folder / "index.csv").write_text(
        HEADER
        + "A.i16.xz,0,500,A,D01,Walking,R01,0,200,0.001,0.06,,\n"
        + "A.i16.xz,500,400,A,F01,Fall,R01,1,100,0.001,0.06,100,250\n"
    )
    monkeypatch.setenv("PINBENCH_DATA", str(tmp_path))
    return values


def test_a_recording_becomes_rows_by_the_one_resampler(data):
    made = prepare({"x": {"recording": "mine/A/F01/R01"}, "y": {"table": [[0] * 6]}})
    rows = np.frombuffer(base64.b64decode(made["x"]["rows"]), "<i2").reshape(-1, 6)
    assert (rows == resample.counts(data[500:], 100, 0.001, 0.06)).all()
    assert (made["x"]["onset_row"], made["x"]["impact_row"]) == (104, 260)
    assert made["y"] == {"table": [[0] * 6]}
    walk = prepare({"x": {"recording": "mine/A/D01/R01"}})["x"]
    assert walk["impact_row"] == walk["onset_row"] == -1


@pytest.mark.parametrize(
    "motions, says",
    [
        ({"x": {"recording": "mine/A/F01"}}, "SET/SUBJECT/ACTIVITY/TRIAL"),
        ({"x": {"recording": "mine/A/F09/R01"}}, "has no recording A/F09/R01"),
        ({"x": {"recording": "yours/A/F01/R01"}}, "cannot be read"),
        ({"x": {"recording": "mine/A/F01/R01", "table": []}}, "takes no 'table'"),
        ([], "a table of tables"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(data, motions, says):
    with pytest.raises(ValueError, match=says):
        prepare(motions)


def test_without_recordings(monkeypatch):
    monkeypatch.delenv("PINBENCH_DATA", raising=False)
    with pytest.raises(ValueError, match="set PINBENCH_DATA"):
        prepare({"x": {"recording": "mine/A/F01/R01"}})


SCENARIO = """
why = "A recording as the garment's motion."
device = "airbag"
board = "rpi_pico2_w"
lasts = "5 s"
[world]
motions = { mine = { recording = "mine/A/F01/R01" } }
%s
[[at]]
time = "1 s"
do = "play"
motion = "%s"
"""


def test_a_scenario_names_recordings(data, tmp_path):
    path = tmp_path / "one.toml"
    path.write_text(SCENARIO % ("", "mine"))
    (run,) = load(path)
    assert run.job["world"]["motions"]["mine"]["impact_row"] == 260
    for extra, motion, says in (
        ("", "yours", "motion 'yours' is unknown: choose one of bend"),
        ("battery_pct = 400", "mine", "battery_pct of 'world' must lie between 0 and 100"),
        ('motion = "fly"', "mine", "motion 'fly' is unknown"),
    ):
        path.write_text(SCENARIO % (extra, motion))
        with pytest.raises(ScenarioError, match=says):
            load(path)
