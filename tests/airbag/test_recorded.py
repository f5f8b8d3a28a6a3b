"""Recorded falls, replayed at register level through the whole bench."""

import base64
import os

import pytest

from pinbench import play, scenario
from pinbench.evaluate import falls_core, falls_data, resample
from pinbench.evaluate.cores import core
from pinbench.paths import SCENARIOS
from pinbench.report.table import story

PLAYED_AT_US = 16_000_000


def some_falls(count):
    """Yield (trial, counts, row of the impact) of falls of KFall that are fired at in time."""
    path = falls_data.find(os.environ["PINBENCH_DATA"])["kfall"]
    trials = [t for t in falls_data.index(path) if t.is_fall][::211]
    tables = core("airbag.detector_tables")
    for trial, counts in falls_data.read(path, trials):
        (run,) = falls_core.wear(tables, [(trial, counts)])
        impact = trial.impact * resample.RATE_HZ // trial.fs_hz
        if run.fire is not None and impact - run.fire > 20 and count:
            count -= 1
            yield trial, counts, impact


@pytest.mark.long
@pytest.mark.needs_data
@pytest.mark.vm
def test_recorded_falls_are_fired_at_before_the_impact_on_both_interpreters():
    one = scenario.load(SCENARIOS / "airbag" / "fall_backward.toml")[0]
    played = 0
    for trial, counts, impact in some_falls(2):
        rows = base64.b64encode(counts.astype("<i2").tobytes()).decode()
        motion = {"rows": rows, "impact_row": impact}
        world = {**one.job["world"], "motions": {"recorded": motion}}
        timeline = [entry for entry in one.job["timeline"] if entry["do"] == "buckle"]
        params = {"motion": "recorded", "then": ""}
        timeline.append({"do": "play", "time_us": PLAYED_AT_US, "params": params})
        end_us = PLAYED_AT_US + len(counts) * 9615 + 8_000_000
        job = {**one.job, "world": world, "timeline": timeline, "expect": [], "end_us": end_us}
        run = scenario.Scenario(one.path, trial.name, trial.activity, job)
        outcome = play.play(run)
        assert outcome.held, story(outcome)
        measures = outcome.result["measures"]
        assert measures["fired"] == 1 and measures["lead_ms"] >= 100, trial.name
        found = play.diff(run)
        assert found.equal, found.story()
        played += 1
    assert played == 2
