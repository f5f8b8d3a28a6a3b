"""Single faults, thousands of them: none fires, and one that was planted to fire is found."""

import importlib.util
import os
import time
from array import array
from pathlib import Path

import pytest

from pinbench.evaluate import airbag_faults, falls_core
from pinbench.worlds import synthetic

LONG = os.environ.get("PINBENCH_PROFILE") == "long"
DATA = os.environ.get("PINBENCH_DATA")
HOUR_S = 3600


def _bench_campaign():
    spec = importlib.util.spec_from_file_location(
        "bench_campaign", Path(__file__).with_name("bench_campaign.py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
def test_two_thousand_single_faults_through_the_whole_bench_never_fire():
    campaign = _bench_campaign()
    ended, bad = campaign.campaign(2000, seed=1)
    assert bad == [], "time_us, fault, seed of the fault, 1 if it fired and 2 if it broke"
    assert sum(ended[name][0] for name in campaign.FAULTS) == 2000
    assert min(sum(counts) for counts in ended.values()) > 50


@pytest.mark.long
def test_a_planted_fault_that_fires_is_found_on_the_bench():
    campaign = _bench_campaign()
    ended, bad = campaign.campaign(4, seed=2, faults={"planted": campaign.planted})
    assert ended == {"planted": [0, 4, 0]} and len(bad) == 4


def gait():
    """Counts of synthetic walking and jogging, when there are no recordings."""
    import numpy as np

    for name in ("walk", "jog"):
        rows, _ = synthetic.motion(name)
        yield name, np.array(array("h", rows), np.int16).reshape(-1, 6)


def an_hour():
    """An hour of SisFall's walking (D01, D02), or the synthetic gait."""
    from pinbench.evaluate import falls_data

    if not DATA:
        yield from gait()
        return
    path = falls_data.find(DATA)["sisfall"]
    trials = [t for t in falls_data.index(path) if t.code in ("D01", "D02")]
    seconds = 0.0
    chosen = []
    for trial in trials:
        if seconds < HOUR_S:
            chosen.append(trial)
            seconds += trial.samples / trial.fs_hz
    for trial, counts in falls_data.read(path, chosen):
        yield trial.name, counts


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="minutes: in the long profile")
def test_every_single_fault_at_every_sample_of_an_hour_of_walking_never_fires(capsys):
    if not falls_core.fast():
        pytest.skip("numba is not installed")
    began = time.perf_counter()
    campaign = airbag_faults.Campaign()
    samples = 0
    for name, counts in an_hour():
        campaign.run(name, counts)
        samples += len(counts)
    with capsys.disabled():
        print(
            f"\n{campaign.tried:,} single faults at {samples:,} samples, {campaign.steps:,} "
            f"samples played on, in {time.perf_counter() - began:.0f} s"
        )
    assert campaign.fires == []


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="compiles the core: in the long profile")
def test_a_planted_fault_that_fires_is_found_by_the_exhaustive_one():
    if not falls_core.fast():
        pytest.skip("numba is not installed")
    campaign = airbag_faults.Campaign(kinds=[airbag_faults.PLANTED])
    for name, counts in gait():
        campaign.run(name, counts, every=50)
    assert len(campaign.fires) > 5


def test_no_changed_bit_of_the_tables_in_use_passes():
    assert airbag_faults.tables_that_pass(every=1 if LONG else 211) == []
