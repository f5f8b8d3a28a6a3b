"""What encoder, switches and current monitor show is what the sash does."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers, lists, sampled_from, tuples

from pinbench.worlds.sash import SashMechanics

MOVES = lists(
    tuples(sampled_from((-1.0, -0.5, 0.0, 0.6, 1.0)), floats(0.01, 3)), min_size=1, max_size=6
)


def read_quadrature(records, names=("hall_a", "hall_b")):
    """Count edges from the trace of both nets alone; returns (count, illegal steps)."""
    order = ((0, 0), (1, 0), (1, 1), (0, 1))
    levels, count, illegal, last = {}, 0, 0, None
    for _, channel, who, values in records:
        if channel == "net" and who in names:
            levels[who] = values[0]
            if len(levels) == 2:
                now = order.index((levels[names[0]], levels[names[1]]))
                step = 0 if last is None else (now - last) % 4
                count += {0: 0, 1: 1, 3: -1, 2: 0}[step]
                illegal += step == 2
                last = now
    return count, illegal


@settings(max_examples=30)
@given(moves=MOVES, open_pct=integers(0, 100))
def test_the_encoder_counts_every_edge(place, moves, open_pct):
    here = place(sash={"open_pct": open_pct})
    here.kernel.net("hall_a").drive("start", None)
    start = here.world.drive.edges
    before = len(here.records)
    levels = [here.kernel.net(n).level for n in ("hall_a", "hall_b")]
    first = [(0, "net", n, (v,)) for n, v in zip(("hall_a", "hall_b"), levels, strict=True)]
    for duty, seconds in moves:
        here.drive(duty)
        here.run_s(seconds)
    count, illegal = read_quadrature(first + here.records[before:])
    position_edges = here.measure("sash_um") / 200
    assert illegal == 0
    assert start + count == here.measure("edges") == here.chips["encoder"].count
    assert -1e-2 <= position_edges - here.measure("edges") <= 1 + 1e-2


@given(friction_n=integers(20, 60), supply_mv=integers(10500, 14400))
@settings(max_examples=20)
def test_limit_switches_change_at_their_places(place, friction_n, supply_mv):
    here = place(sash={"open_pct": 1, "friction_n": friction_n, "supply_mv": supply_mv})
    here.drive(-1)
    while not here.chips["limit_closed"].pressed:
        assert here.measure("sash_um") > 499
        here.run_s(0.0001)
    assert here.measure("sash_um") > 495
    here.drive(0)
    here.run_s(0.2)
    assert here.measure("closes") == 1 and here.events()[-2:] == ["motor off", "sash rests"]
    here.drive(1)
    while here.chips["limit_closed"].pressed:
        assert here.measure("sash_um") < 505
        here.run_s(0.0001)
    here.drive(1)
    here.run_s(40)
    assert here.chips["limit_open"].pressed and here.measure("opens") == 1
    assert 401_000 <= here.measure("sash_um") <= 401_350


@settings(max_examples=20)
@given(
    stiffness=floats(5, 65),
    friction_n=integers(20, 60),
    supply_mv=integers(10500, 14400),
    limit_ma=integers(900, 1500),
)
def test_the_trip_comes_within_a_millisecond(place, stiffness, friction_n, supply_mv, limit_ma):
    """The pin falls when the current passes the limit, give or take its averaging (560 us)."""
    plant = {"friction_n": friction_n, "supply_mv": supply_mv}
    here = place(sash={"open_pct": 100, **plant})
    here.drive(-1)
    here.world.act("obstacle", {"gap_mm": 385, "stiffness_n_per_mm": stiffness})
    free = SashMechanics(position_um=400_000, **plant)
    free.advance(here.kernel.now_us + 50)  # the bridge wakes
    free.drive(-1.0)
    free.set_obstacle(385, stiffness)
    free.advance(500_000)
    while free.current_ma < limit_ma + 0.125:  # the chip rounds to 0.25 mA
        free.advance(free.now_us + 50)
    here.run_s(0.5 - here.kernel.now_us / 1e6)
    here.arm_trip(limit_ma)
    here.run_s(free.now_us / 1e6 - 0.5 + 0.25)
    fell = [t for t, c, who, v in here.records if (c, who, v) == ("chip", "current", ("alert", 1))]
    assert len(fell) == 1
    assert -600 <= fell[0] - free.now_us <= 1000
    assert here.measure("speed_um_s") == 0 and here.measure("drive_permille") == 0
    # Hardware alone, from full speed: the force stays near what the limit allows.
    allowed_n = 120 * limit_ma / 1000 - friction_n
    assert here.measure("peak_obstacle_mn") / 1000 <= allowed_n + 12


def test_inrush_is_seen_by_the_current_monitor(place):
    here = place(sash={"open_pct": 50})
    here.arm_trip(2000)
    here.drive(1)
    here.run_s(0.01)
    assert here.chips["current"].alert  # 3.3 A for a millisecond at full duty from rest
    here.run_s(1)
    assert here.measure("drive_permille") == 0


def test_at_rest_nothing_happens(place):
    here = place(sash={"open_pct": 50})
    here.drive(1)
    here.run_s(1)
    here.drive(0)
    here.run_s(1)
    events = here.kernel.events
    here.run_s(30)
    assert here.kernel.events - events <= 3  # rain sensor and the minute, not the sash


def test_a_welded_bridge_runs_to_the_stop(place):
    here = place(sash={"open_pct": 10})
    end = here.world.act("weld relay", {"towards": "closed"})
    here.run_s(10)
    assert here.measure("drive_permille") == -1000 and here.measure("sash_um") < -1000
    end()
    here.run_s(1)
    assert here.measure("drive_permille") == 0 and here.measure("motor_ma") == 0


def test_lost_edges_are_counted_and_missing(place):
    here = place(sash={"open_pct": 0})
    end = here.world.act("encoder loses edges", {"per_mille": 300})
    here.drive(1)
    here.run_s(10)
    end()
    lost = here.measure("lost_edges")
    assert 200 <= lost <= 350
    assert here.chips["encoder"].count == here.measure("edges") - lost


@pytest.mark.parametrize("channel", ["a", "b", "both"])
def test_a_dead_encoder_keeps_its_levels(place, channel):
    here = place(sash={"open_pct": 0})
    end = here.world.act("encoder dead", {"channel": channel})
    before = len(here.records)
    here.drive(1)
    here.run_s(3)
    moved = {who for _, c, who, _ in here.records[before:] if c == "net" and "hall" in who}
    assert moved == {"a": {"hall_b"}, "b": {"hall_a"}, "both": set()}[channel]
    end()
    here.run_s(1)
    moved = {who for _, c, who, _ in here.records[before:] if c == "net" and "hall" in who}
    assert moved == {"hall_a", "hall_b"}


def test_both_inputs_at_once_are_counted_and_a_brake_is_not(place):
    here = place(sash={"open_pct": 50})
    for role in ("motor_in1", "motor_in2"):
        here.kernel.net(role).drive("test", 1)
    here.run_s(0.1)
    here.drive(0)
    before = here.measure("both_directions")
    here.kernel.net("motor_in1").drive_pwm("test", 20000, 40000)
    assert here.measure("both_directions") == before
    here.kernel.net("motor_in2").drive_pwm("test", 20000, 20000)
    assert here.measure("both_directions") == before + 1


def test_a_start_towards_a_pressed_switch_is_counted(place):
    here = place(sash={"open_pct": 0})
    here.drive(1)
    here.run_s(1)
    assert here.measure("starts_into_limit") == 0
    here.drive(-1)
    here.run_s(3)
    assert here.measure("starts_into_limit") == 0  # it was free when it was told to
    here.drive(0)
    here.run_s(0.1)
    here.drive(-0.1)
    here.run_s(0.001)
    assert here.measure("starts_into_limit") == 1


def test_motor_time_is_counted(place):
    here = place(sash={"open_pct": 50})
    for _ in range(3):
        here.drive(0.7)
        here.run_s(0.5)
        here.drive(0)
        here.run_s(0.25)
    assert 1495 <= here.measure("motor_on_ms") <= 1500  # the bridge takes 50 us to wake
