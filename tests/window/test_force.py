"""Rule "force": under 100 N on whatever is in the gap, by the current or the encoder alone."""

from hypothesis import example, given
from hypothesis.strategies import (
    booleans,
    fixed_dictionaries,
    floats,
    integers,
    none,
    sampled_from,
)

LIMIT_N = 100

# The whole box, its corners drawn often: there the worst cases lie.
DRIVES = fixed_dictionaries(
    {
        "supply_mv": sampled_from((10500, 14400)) | integers(10500, 14400),
        "resistance_mohm": sampled_from((2700, 3300)) | integers(2700, 3300),
        "friction_n": sampled_from((20, 60)) | floats(20, 60),
        "static_per_mille": sampled_from((1000, 1200)) | integers(1000, 1200),
    }
)
STIFFNESS = sampled_from((1, 65)) | floats(1, 65)
GAPS_MM = floats(4, 200)
RUNS_UP_MM = sampled_from((0, 0)) | floats(0, 8) | floats(0, 200)
STARTS_US = sampled_from((0, ((1 << 30) - 3000) * 1000, (1 << 30) - 3_000_000))
JITTER_US = sampled_from((0, 300))


def closing(rig, drive, stiffness, gap_mm, run_up_mm, **options):
    """Return a rig that is about to close upon the obstacle, `run_up_mm` away."""
    position_um = int(min(395, gap_mm + run_up_mm) * 1000)
    made = rig(position_um=position_um, **drive, **options).known()
    made.drive.set_obstacle(position_um / 1000 if run_up_mm == 0 else gap_mm, stiffness)
    return made.wish(0)


def attempt(made, attempts=2):
    """Close again and again, a person saying yes each time; the force is that of all attempts."""
    for _ in range(attempts):
        made.readings.acknowledged = True
        made.step()
        made.readings.acknowledged = False
        made.settle()
        assert made.drive.peak_force_n < LIMIT_N
        if made.drive.limit_shut:  # so soft, or so low, that it was shut upon
            assert made.drive.force_n < LIMIT_N and made.state == "rest"
            return made
        assert made.state == "blocked"
        assert made.drive.force_n == 0, "what was pinched must be free"
    return made


@given(DRIVES, STIFFNESS, GAPS_MM, RUNS_UP_MM, STARTS_US, JITTER_US)
def test_with_both_trips(rig, drive, stiffness, gap_mm, run_up_mm, start_us, jitter_us):
    attempt(
        closing(rig, drive, stiffness, gap_mm, run_up_mm, start_us=start_us, jitter_us=jitter_us)
    )


@given(DRIVES, STIFFNESS, GAPS_MM, RUNS_UP_MM, STARTS_US, JITTER_US)
def test_with_the_encoder_alone(rig, drive, stiffness, gap_mm, run_up_mm, start_us, jitter_us):
    options = {"monitor": False, "start_us": start_us, "jitter_us": jitter_us}
    attempt(closing(rig, drive, stiffness, gap_mm, run_up_mm, **options))


@given(DRIVES, STIFFNESS, GAPS_MM, RUNS_UP_MM, integers(0, 12_000_000) | integers(0, 2_500_000))
def test_with_the_current_alone_and_python_halted(
    rig, drive, stiffness, gap_mm, run_up_mm, halted_us
):
    made = closing(rig, drive, stiffness, gap_mm, run_up_mm)
    made.halted_us = halted_us
    made.run(15 + run_up_mm / 10)
    assert made.drive.peak_force_n < LIMIT_N


@given(DRIVES, STIFFNESS, GAPS_MM, RUNS_UP_MM)
def test_with_the_current_alone_and_an_encoder_that_says_all_is_well(
    rig, core, drive, stiffness, gap_mm, run_up_mm
):
    """Python runs and keeps the limit in step with the duty, but no slip is ever seen."""
    made = closing(rig, drive, stiffness, gap_mm, run_up_mm)
    made.sash.stroke.slip.step = deaf(made.sash.stroke.slip)
    made.settle()
    assert made.drive.peak_force_n < LIMIT_N


@given(integers(-1000, 1000))
def test_the_trip_follows_the_duty_and_never_lies_above_the_pinch_current(core, duty_pm):
    """0.85 A at the motor is 82 N on the hand (safety.py); 15 mA is the least that is armed."""
    limit_ma = core("window.safety").current_limit_ma(duty_pm)
    assert limit_ma <= max(15, 850 * abs(duty_pm) // 1000)
    assert limit_ma > 0


def deaf(slip):
    """Return the judge's step with its verdict cut off."""
    judge = slip.step

    def step(*arguments):
        judge(*arguments)
        return False

    return step


@given(DRIVES, booleans(), floats(1, 399), sampled_from((0, 30, 100)), JITTER_US)
@example(
    {
        "supply_mv": 10500,
        "resistance_mohm": 3300,
        "friction_n": 60,
        "static_per_mille": 1200,
    },
    False,
    120.0,
    0,
    0,
)
def test_nothing_trips_where_nothing_is_in_the_way(rig, drive, monitor, from_mm, pct, jitter_us):
    made = rig(
        monitor=monitor, position_um=int(from_mm * 1000), jitter_us=jitter_us, **drive
    ).known()
    made.wish(pct).settle()
    assert made.notes == []
    assert made.state == "rest"
    if pct == 0:
        assert made.drive.limit_shut
    elif pct == 100:
        assert made.drive.limit_open
    else:
        assert abs(made.drive.position_mm - 4 * pct) < 2.5


@given(DRIVES, none() | sampled_from((3, 65)))
def test_without_trips_the_drive_is_strong_and_quick(rig, drive, stiffness):
    """What the rules hold back: at full duty 300 N and more, 10 to 25 mm/s."""
    sash = rig(position_um=300000, **drive).drive
    sash.drive(-1.0)
    if stiffness is None:
        sash.advance(1_000_000)
        assert 10 <= -sash.speed_mm_s <= 25
    else:
        sash.set_obstacle(150, stiffness)
        sash.advance(60_000_000)
        assert sash.peak_force_n >= 300
