"""The garment's scenarios, on both interpreters, and its deadlines in virtual time."""

import os

import pytest

from pinbench import play, scenario
from pinbench.paths import SCENARIOS
from pinbench.report.table import story

FOLDER = SCENARIOS / "airbag"
FILES = sorted(FOLDER.glob("*.toml"))
LONG = os.environ.get("PINBENCH_PROFILE") == "long"
# What `make test` plays; the long profile plays every run of every file, on both interpreters.
SOME = (
    "fall_left_inert.toml",
    "take_off.toml",
    "damaged_words.toml",
    "sensor_fails.toml",
    "stuck_axis.toml",
    "bad_inflator.toml",
    "power_cut_armed.toml",
)
PERIOD_US = 9615


def first(name):
    return scenario.load(FOLDER / name)[0]


def every_run():
    return [run for path in FILES for run in scenario.load(path)]


def short(run):
    return run.name.rpartition("/")[2]


def traced(run):
    """Play on CPython; return the outcome and the records as (time_us, channel, who, first)."""
    records = []

    def sink(line):
        time_us, channel, rest = line.split("|", 2)
        who, _, value = rest.partition("|")
        if channel in ("net", "spi", "log", "file"):
            records.append((int(time_us), channel, who, value))

    return play.play(run, sinks=[sink]), records


@pytest.mark.long
@pytest.mark.parametrize("name", SOME)
def test_the_scenario_holds(name):
    outcome = play.play(first(name))
    assert outcome.held, story(outcome)


@pytest.mark.long
@pytest.mark.vm
def test_a_fall_is_the_same_on_both_interpreters():
    found = play.diff(first("fall_backward.toml"))
    assert found.equal, found.story()


@pytest.mark.long
@pytest.mark.vm
@pytest.mark.skipif(not LONG, reason="all of them in the long profile")
@pytest.mark.parametrize("run", every_run(), ids=short)
def test_every_run_holds_and_is_the_same_on_both_interpreters(run):
    outcome = play.play(run)
    assert outcome.held, story(outcome)
    found = play.diff(run)
    assert found.equal, found.story()


@pytest.mark.long
def test_from_the_sample_to_the_gas_within_its_deadlines():
    """The decision is charged 1.5 ms, bus and calls what they take."""
    outcome, records = traced(first("fall_backward.toml"))
    assert outcome.held, story(outcome)
    fires = [at for at, channel, who, value in records if (channel, who) == ("net", "fire")]
    fire_us = max(at for at in fires if at < fires[-1])
    sampled_us = max(
        at for at, _, who, value in records if who == "imu_int1" and value == "1" and at < fire_us
    )
    read_us = max(at for at, channel, who, _ in records if channel == "spi" and at < fire_us)
    decided_us = read_us + 1500
    assert fire_us - sampled_us <= 10_000, "age of the sample at the edge of FIRE"
    assert 0 <= fire_us - decided_us <= 1_000, "decision to FIRE edge"


@pytest.mark.long
def test_a_sample_that_does_not_come_opens_arm_within_two_periods():
    run = next(r for r in scenario.load(FOLDER / "sensor_fails.toml") if "frozen" in r.name)
    outcome, records = traced(run)
    assert outcome.held, story(outcome)
    opened_us = max(at for at, _, who, value in records if who == "arm" and value == "0")
    sampled_us = max(at for at, _, who, value in records if who == "imu_int1" and value == "1")
    assert 0 < opened_us - sampled_us <= 2 * PERIOD_US


@pytest.mark.long
def test_the_record_is_on_flash_before_arm_closes_and_nothing_is_written_while_it_is_closed():
    outcome, records = traced(first("fall_backward.toml"))
    assert outcome.held, story(outcome)
    arm, noted = False, 0
    for at, channel, who, value in records:
        if (channel, who) == ("net", "arm"):
            arm = value == "1"
            # Twice it is closed: for a moment in the self-test, before anything is worn.
            assert not arm or noted or at < 8_000_000
        elif channel == "file":
            assert not arm, f"{who} at {at}"
            noted += who.startswith("/firing/") and value.startswith("flush")
    assert noted == 2, "ARMING before, SPENT after"
