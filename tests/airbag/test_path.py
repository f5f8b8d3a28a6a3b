"""The armed path without a bench: when it fires, when it opens ARM, and what it keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.evaluate.cores import core

path = core("airbag.path")
inputs = core("airbag.inputs")


def wants_to_fire(made):
    made.detector.model = made.detector.second = made.detector.above = True
    return made


def test_a_fall_fires_once_and_the_pulse_is_ended(rig):
    made = wants_to_fire(rig().make_armed())
    made.give()
    assert made.ladder.orders == ["arm", "fire"]
    assert made.state == "firing"
    made.wait(path.FINISH_US + 1000 * path.TICK_MS)
    assert made.ladder.orders == ["arm", "fire", "finish"]
    assert made.state == "spent" and not made.ladder.arm_on
    for _ in range(50):
        made.give()
    assert made.fired == 1


def test_the_pulse_is_not_ended_before_its_two_milliseconds(rig):
    made = wants_to_fire(rig().make_armed())
    made.give()
    made.wait(2000)
    assert made.state == "firing" and "finish" not in made.ladder.orders


def test_it_does_not_arm_before_the_detector_is_warm(rig):
    made = rig().make_ready()
    for _ in range(path.WARM_UP - 1):
        made.give()
    assert made.core.take(made.firing.ARM) == made.firing.READY
    made.give()
    assert made.core.take(made.firing.ARM) == made.firing.ARMED


@pytest.mark.parametrize("lacks", ["model", "second", "above"])
def test_one_condition_alone_does_not_fire(rig, lacks):
    made = wants_to_fire(rig().make_armed())
    setattr(made.detector, lacks, False)
    for _ in range(20):
        made.give()
    assert made.fired == 0 and made.state == "armed"


def test_an_inert_build_says_what_it_would_do_and_opens_arm(rig):
    made = wants_to_fire(rig(live=False).make_armed())
    made.give()
    assert made.fired == 0 and made.state == "safe"
    assert made.path.would_fire and made.box.marked and not made.ladder.arm_on


def test_damaged_tables_do_not_fire(rig):
    made = wants_to_fire(rig().make_armed())
    made.detector.intact = False
    made.give()
    assert made.fired == 0 and made.state == "fault" and not made.ladder.arm_on


@pytest.mark.parametrize("fault", range(1, 6))
def test_what_the_sensor_reports_opens_arm_and_never_fires(rig, fault):
    made = wants_to_fire(rig().make_armed())
    if fault <= 2:
        made.imu.fault = -fault
        made.give()
    else:
        made.give(-fault)
    assert (made.fired, made.state, made.path.cause) == (0, "safe", fault)
    assert not made.ladder.arm_on and made.core.permits & made.firing.FRESH == 0
    made.imu.fault = 0
    made.give()
    assert made.fired == 0


def test_a_missed_sample_is_noticed_within_two_periods(rig):
    made = rig().make_armed()
    since_us = made.path.last_us
    while made.ladder.arm_on:
        made.wait(100)
        assert made.now_us - since_us <= 2 * 9615
    assert made.path.cause == path.LATE and made.state == "safe"


@pytest.mark.parametrize("percent", [-4, 4])
def test_a_clock_within_its_tolerance_is_no_missed_sample(rig, percent):
    made = rig().make_armed()
    for _ in range(500):
        made.give(after_us=9615 * (100 + percent) // 100)
    assert made.state == "armed"


@pytest.mark.parametrize("percent", [-15, 15])
def test_a_wrong_sample_clock_opens_arm(rig, percent):
    made = rig().make_armed()
    for _ in range(250):
        made.give(after_us=9615 * (100 + percent) // 100)
    assert made.state == "safe" and made.path.cause == path.CLOCK


def test_samples_that_pile_up_open_arm_but_not_before_it_is_closed(rig):
    made = rig().make_ready()
    made.imu.waiting = [made.row() for _ in range(10)]
    made.path.on_sample(None)
    assert made.state == "ready"
    made = rig().make_armed()
    made.imu.waiting = [made.row() for _ in range(3)]
    made.path.on_sample(None)
    assert made.state == "safe" and made.path.cause == path.LATE


@pytest.mark.parametrize("axis", range(6))
@pytest.mark.parametrize("value", [None, 32767, -32768])
def test_an_axis_that_sticks_or_saturates_while_the_wearer_moves_opens_arm(rig, axis, value):
    made = rig().make_armed()
    first = None
    for k in range(30):
        row = [300 * ((k + i) % 5) - 500 for i in range(6)]
        first = row[axis] if first is None else first
        row[axis] = first if value is None else value
        made.detector.model = made.detector.second = made.detector.above = k >= 4
        if k == 4:
            assert made.fired == 0
        made.give(row)
    assert (made.state, made.path.cause, made.fired) == ("safe", path.AXIS, 0)


def test_a_gyroscope_that_reads_the_same_at_rest_is_no_fault(rig):
    made = rig().make_armed()
    for k in range(300):
        made.give([k % 7 - 3, -2049 + k % 5, k % 3, 0, 0, 0])
    assert made.state == "armed" and made.path.doubts == 0


def test_nothing_that_happens_during_the_pulse_stops_it(rig):
    for disturb in ("gone", "late", "tables", "damaged"):
        made = wants_to_fire(rig().make_armed())
        made.give()
        if disturb == "gone":
            made.imu.fault = -1
            made.path.on_sample(None)
        elif disturb == "tables":
            made.path.break_()
        elif disturb == "late":
            made.path.suspect(path.LATE)
        else:
            made.imu.waiting.append(-3)
            made.path.on_sample(None)
        assert made.ladder.arm_on and made.state == "firing"
        made.wait(10000)
        assert made.state == "spent" and not made.ladder.arm_on


@given(
    story=st.lists(
        st.sampled_from(
            ["sample", "fall", "damaged", "overrun", "wait", "tables", "disarm", "pile"]
        ),
        max_size=30,
    ),
    live=st.booleans(),
)
def test_whatever_comes_fire_is_closed_at_most_once_and_only_with_arm_on(rig, story, live):
    made = rig(live=live).make_armed()
    for word in story:
        made.detector.model = made.detector.second = made.detector.above = word == "fall"
        if word == "damaged":
            made.give(-4)
        elif word == "overrun":
            made.imu.fault = -2
            made.give()
            made.imu.fault = 0
            made.imu.waiting.clear()
        elif word == "wait":
            made.wait(30000)
        elif word == "tables":
            made.detector.intact = False
            made.detector.model = made.detector.second = made.detector.above = True
            made.give()
        elif word == "disarm":
            made.core.permit(made.firing.BUCKLED, False)
            made.give()
        elif word == "pile":
            made.imu.waiting += [made.row()] * 3
            made.give()
            made.imu.waiting.clear()
        else:
            made.give()
        if made.state not in ("armed", "firing"):
            assert not made.ladder.arm_on
    assert made.ladder.orders.count("fire") <= (1 if live else 0)
    assert "fire without arm" not in made.ladder.orders


def test_the_box_holds_what_came_before_and_after(rig):
    made = wants_to_fire(rig().make_armed())
    made.give()
    made.detector.model = False
    for _ in range(600):
        made.give()
    assert made.box.full
    pieces = []
    made.box.write(pieces.append, 77)
    from pinbench.report import blackbox

    record = blackbox.decode(b"".join(pieces))
    assert len(record.rows) == made.box.rows and record.uptime_s == 77
    moment = record.rows[record.moment]
    assert moment.fired and not record.rows[record.moment - 1].fired
    assert len(record.rows) - record.moment - 1 == 520
    assert record.moment == path.WARM_UP
    assert moment.counts == made_row(made, path.WARM_UP + 1)


def made_row(made, count):
    made.count = count
    return tuple(made.row())
