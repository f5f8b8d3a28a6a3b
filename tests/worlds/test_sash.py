"""The sash obeys its datasheet, gains no energy, and moves the same however it is looked at."""

from hypothesis import assume, example, given, settings
from hypothesis.strategies import (
    booleans,
    fixed_dictionaries,
    floats,
    integers,
    lists,
    sampled_from,
    tuples,
)

from pinbench.worlds.sash import BACK_EMF_V_S_PER_MM, THRUST_N_PER_A, SashMechanics

PLANTS = fixed_dictionaries(
    {
        "supply_mv": integers(10500, 14400),
        "resistance_mohm": integers(2700, 3300),
        "friction_n": integers(20, 60),
        "static_per_mille": integers(1000, 1200),
    }
)
DUTIES = floats(-1, 1) | sampled_from((-1.0, 0.0, 1.0))
INPUTS = sampled_from(("coast", "brake")) | DUTIES
STEPS = lists(tuples(INPUTS, integers(1, 2_000_000)), min_size=1, max_size=8)
OBSTACLES = tuples(floats(4, 200), floats(1, 65))


def give(sash, command):
    if command == "coast" or command == 0:
        sash.coast()
    elif command == "brake":
        sash.brake()
    else:
        sash.drive(command)


def reference(plant, position_mm, inputs, obstacle, step_us=2):
    """The same sash by explicit steps of 2 us: slow, and written from the datasheet alone."""
    volts, ohm = plant["supply_mv"] / 1000, plant["resistance_mohm"] / 1000
    moving_n = plant["friction_n"]
    static_n = moving_n * plant["static_per_mille"] / 1000
    gap, stiffness = obstacle
    x, v, peak, charge = position_mm, 0.0, 0.0, 0.0
    for command, lasts_us in inputs:
        driven = not isinstance(command, str) and command != 0
        for _ in range(lasts_us // step_us):
            amps = 0.0
            if driven:
                amps = (volts * command - BACK_EMF_V_S_PER_MM * v) / ohm
                amps = max(-3.3, min(3.3, amps))
                charge += amps * (amps * ohm + BACK_EMF_V_S_PER_MM * v) / volts * step_us * 1000
            elif command == "brake":
                amps = -BACK_EMF_V_S_PER_MM * v / ohm
            thrust = THRUST_N_PER_A * amps
            spring = max(0.0, gap - x) * stiffness + max(0.0, -1 - x) * 2000
            spring -= max(0.0, x - 401) * 2000
            sign = (v > 0) - (v < 0) or (thrust > 0) - (thrust < 0)
            opposing = max(0.0, -sign * spring)
            drag = moving_n + (0 if driven else 30)
            if v == 0:
                if abs(thrust) - opposing - static_n < 0.1:
                    continue
                drag = moving_n
            before = v
            v += (thrust - sign * (drag + opposing)) / 40 * 1000 * step_us / 1e6
            if before * v < 0 or (abs(v) < 1e-3 and abs(v) < abs(before)):
                v = 0.0
            x += (before + v) / 2 * step_us / 1e6
            peak = max(peak, max(0.0, gap - x) * stiffness)
    return x, v, peak, charge


@settings(max_examples=25)
@given(
    plant=PLANTS,
    start_mm=floats(0, 396),
    inputs=lists(tuples(INPUTS, integers(1, 60_000)), min_size=1, max_size=3),
    ahead_mm=floats(-3, 3),
    stiffness=floats(1, 65),
)
def test_closed_form_is_what_fine_steps_give(plant, start_mm, inputs, ahead_mm, stiffness):
    gap_mm = start_mm + ahead_mm
    sash = SashMechanics(position_um=start_mm * 1000, **plant)
    sash.set_obstacle(gap_mm, stiffness)
    for command, lasts_us in inputs:
        give(sash, command)
        sash.advance(sash.now_us + lasts_us // 2 * 2)
    x, v, peak, charge = reference(plant, start_mm, inputs, (gap_mm, stiffness))
    assert abs(sash.position_mm - x) < 2e-3
    assert abs(sash.speed_mm_s - v) < 0.1
    assert abs(sash.peak_force_n - max(peak, stiffness * ahead_mm)) < 0.2
    assert abs(sash.charge_nc - charge) < 1e-3 * abs(charge) + 2e4


@given(
    plant=PLANTS,
    start_um=integers(0, 400_000),
    inputs=STEPS,
    obstacle=OBSTACLES,
    samples=lists(integers(1, 300_000), max_size=20),
)
def test_the_trajectory_is_the_same_however_it_is_sampled(
    plant, start_um, inputs, obstacle, samples
):
    def play(look):
        sash = SashMechanics(position_um=start_um, **plant)
        sash.set_obstacle(*obstacle)
        for command, lasts_us in inputs:
            give(sash, command)
            end_us = sash.now_us + lasts_us
            for after_us in look:
                sash.advance(min(end_us, sash.now_us + after_us))
                assert sash.peak_force_n >= sash.force_n
            sash.advance(end_us)
        return sash.position_mm, sash.speed_mm_s, sash.peak_force_n, sash.charge_nc, sash.edges

    assert play(()) == play(samples)


@given(plant=PLANTS, start_um=integers(0, 400_000), inputs=STEPS, obstacle=OBSTACLES)
def test_no_energy_comes_from_nothing(plant, start_um, inputs, obstacle):
    """What sash and obstacle hold, and friction took, came out of the supply or was there before.

    Steps in which the motor brakes are left out: what it feeds back is a loss here, not a store.
    """
    sash = SashMechanics(position_um=start_um, **plant)
    sash.set_obstacle(*obstacle)
    volts = plant["supply_mv"] / 1000
    gap, stiffness = obstacle

    def stored_mj():
        spring = stiffness * max(0.0, gap - sash.position_mm) ** 2 / 2
        stops = 2000 * (max(0, -1 - sash.position_mm) + max(0, sash.position_mm - 401)) ** 2 / 2
        return 40 * sash.speed_mm_s**2 / 2 / 1000 + spring + stops

    for command, lasts_us in inputs:
        give(sash, command)
        before_mj, drawn_nc, from_mm = stored_mj(), sash.charge_nc, sash.position_mm
        back = sash.current_ma < 0
        sash.advance(sash.now_us + lasts_us)
        if isinstance(command, str) or not back:
            electric_mj = volts * (sash.charge_nc - drawn_nc) / 1e6
            friction_mj = plant["friction_n"] * abs(sash.position_mm - from_mm)
            assert stored_mj() + friction_mj <= before_mj + electric_mj + 1e-6 * (1 + before_mj)


@given(plant=PLANTS, start_um=integers(0, 400_000), inputs=STEPS)
def test_stops_and_currents_keep_their_bounds(plant, start_um, inputs):
    sash = SashMechanics(position_um=start_um, **plant)
    for command, lasts_us in inputs:
        give(sash, command)
        for _ in range(10):
            sash.advance(sash.now_us + lasts_us // 10)
            assert -1.35 < sash.position_mm < 401.35
            assert sash.limit_shut == (sash.position_mm <= 0.5)
            assert sash.limit_open == (sash.position_mm >= 399.5)
            if command != "brake":
                assert abs(sash.motor_ma) <= 3300.001


@given(plant=PLANTS, start_um=integers(100_000, 300_000), sign=sampled_from((-1, 1)))
def test_unopposed_it_moves_at_10_to_25_mm_a_second(plant, start_um, sign):
    sash = SashMechanics(position_um=start_um, **plant)
    sash.drive(float(sign))
    sash.advance(1_000_000)
    assert 10 <= sign * sash.speed_mm_s <= 25
    steady = (plant["supply_mv"] - plant["resistance_mohm"] * plant["friction_n"] / 120) / 600
    assert abs(sign * sash.speed_mm_s - steady) < 1e-5


@given(plant=PLANTS, gap_mm=floats(20, 200), stiffness=floats(20, 65))
def test_with_trips_off_it_pushes_at_least_300_n(plant, gap_mm, stiffness):
    sash = SashMechanics(position_um=gap_mm * 1000 + 5000, **plant)
    sash.set_obstacle(gap_mm, stiffness)
    sash.drive(-1.0)
    sash.advance(60_000_000)
    assert not sash.moving
    assert 300 <= sash.peak_force_n <= 3.3 * 120
    held_n = sash.force_n
    sash.coast()
    sash.advance(70_000_000)
    assert sash.force_n == held_n  # self-locking: it presses until it is driven away


@given(plant=PLANTS, start_um=integers(0, 400_000), obstacle=OBSTACLES, brake=booleans())
def test_undriven_it_comes_to_rest_and_stays(plant, start_um, obstacle, brake):
    sash = SashMechanics(position_um=start_um, **plant)
    sash.set_obstacle(*obstacle)
    sash.drive(-1.0)
    sash.advance(300_000)
    give(sash, "brake" if brake else "coast")
    sash.advance(600_000)
    at_mm = sash.position_mm
    assert not sash.moving
    sash.advance(3_600_000_000)
    assert sash.position_mm == at_mm
    assert sash.current_ma == 0


@given(plant=PLANTS, duty=floats(0.2, 1), start_mm=floats(5, 350), ahead_mm=floats(0.1, 40))
def test_a_place_ahead_is_reached_when_it_says(plant, duty, start_mm, ahead_mm):
    sash = SashMechanics(position_um=start_mm * 1000, **plant)
    sash.drive(duty)
    assume(sash.moving)
    target_mm = start_mm + ahead_mm
    while True:
        due_us = sash.time_at(target_mm)
        if due_us < 1e29:
            break
        assert sash.change_us < 1e29
        sash.advance(sash.change_us)
    sash.advance(int(due_us) - 1)
    assert sash.position_mm < target_mm
    sash.advance(int(due_us) + 2)
    assert sash.position_mm > target_mm


def test_a_welded_bridge_heeds_no_input():
    sash = SashMechanics(position_um=100_000)
    sash.weld(-1)
    sash.coast()
    sash.advance(1_000_000)
    assert sash.speed_mm_s < -15 and sash.driven
    sash.weld(0)
    sash.advance(1_200_000)
    assert not sash.moving and not sash.driven


def test_a_jam_stops_it_and_ends():
    sash = SashMechanics(position_um=100_000)
    sash.drive(1.0)
    sash.advance(500_000)
    sash.jam()
    sash.advance(510_000)
    at_mm = sash.position_mm
    sash.advance(1_000_000)
    assert sash.position_mm == at_mm and sash.motor_ma == 3300
    sash.jam(False)
    sash.advance(1_100_000)
    assert sash.speed_mm_s > 15


def test_under_6_1_volts_the_bridge_lets_go():
    sash = SashMechanics(position_um=100_000)
    sash.drive(1.0)
    sash.advance(500_000)
    sash.set_supply_mv(6000)
    sash.advance(600_000)
    assert not sash.moving and sash.current_ma == 0
    sash.set_supply_mv(12_000)
    sash.advance(700_000)
    assert sash.speed_mm_s > 15


@given(wind_n=floats(-60, 60), duty=sampled_from((-1.0, 1.0)), stiffness=floats(5, 65))
@example(wind_n=-40.0, duty=-1.0, stiffness=20.0)
def test_wind_adds_to_what_the_motor_does_and_moves_nothing_alone(wind_n, duty, stiffness):
    sash = SashMechanics(position_um=150_000)
    sash.set_wind_n(wind_n)
    sash.advance(1_000_000)
    assert sash.position_mm == 150
    sash.set_obstacle(100, stiffness)
    sash.drive(duty)
    sash.advance(1_500_000)
    against_n = max(0.0, -duty * wind_n)
    speed = (12 - 3 * (40 + against_n) / 120) / 0.6
    assert abs(duty * sash.speed_mm_s - speed) < 1e-5
    sash.advance(120_000_000)
    if duty < 0:  # thrust at the limit less friction, with the wind's help or against it
        assert abs(sash.force_n - (3.3 * 120 - 40 - wind_n)) < 12


@given(duty=floats(0.3, 1.0))
def test_supply_current_is_duty_times_motor_current(duty):
    sash = SashMechanics(position_um=100_000)
    sash.drive(duty)
    sash.advance(400_000)
    assert abs(sash.current_ma - duty * sash.motor_ma) < 1e-6
    assert abs(sash.motor_ma - 1000 * 40 / 120) < 0.01


def test_a_current_limit_that_ends_at_a_crawl_lets_it_start():
    # The regime changes below the speed that counts as rest: it must not fall back to rest there.
    sash = SashMechanics(friction_n=60, static_per_mille=1000, mass_kg=5, position_um=200_000)
    sash.drive(0.825034287193495)
    sash.advance(1_000_000)
    assert abs(sash.speed_mm_s - (12 * 0.825034287193495 - 1.5) / 0.6) < 1e-5
