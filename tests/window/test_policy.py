"""One wish out of forecast, rain, wind, moisture and a person, at any order of events."""

from hypothesis import given
from hypothesis.strategies import booleans, floats, integers, lists, none, sampled_from, tuples

MINUTE_MS = 60_000
EVENTS = lists(
    tuples(
        integers(1, 20 * MINUTE_MS),  # time that passes before
        sampled_from((0, 0, 0, 1, 2)),  # DRY, WET, UNKNOWN
        booleans(),  # the forecast's alarm
        none() | integers(0, 2500),  # wind in cm/s
        sampled_from((0, 20, 60)),  # what the room asks for
        sampled_from((False, False, False, True)),  # the button
    ),
    max_size=30,
)


class Day:
    """A policy and what it is told."""

    def __init__(self, core, hold_min=60, override_min=60):
        self.module = core("window.policy")
        self.auto = core("window.override").AUTO
        self.stay = core("window.override").STAY
        self.policy = self.module.Policy(hold_min * MINUTE_MS, override_min * MINUTE_MS)
        self.inputs = self.module.Inputs()
        self.inputs.rain = self.module.DRY
        self.inputs.position_pct = 60

    def step(self, elapsed_ms=5000, **inputs):
        for name, value in inputs.items():
            setattr(self.inputs, name, value)
        self.policy.step(elapsed_ms, self.inputs)
        self.inputs.pressed = self.inputs.alarm = False
        return self.policy.wish_pct

    def minutes(self, minutes, **inputs):
        for _ in range(int(minutes * 12)):
            wish = self.step(**inputs)
        return wish


@given(EVENTS)
def test_rain_shuts_unless_a_person_holds_it_and_then_half_at_most(core, events):
    day = Day(core)
    for elapsed_ms, rain, alarm, wind, airing, pressed in events:
        wish = day.step(
            elapsed_ms,
            rain=rain,
            alarm=alarm,
            wind_cm_s=wind,
            airing_pct=airing,
            pressed=pressed,
            shut=day.policy.wish_pct == 0,
        )
        held = day.policy.override.state != day.auto
        assert wish == day.stay or 0 <= wish <= 100
        if rain == day.module.WET:
            assert wish <= 50 if held else wish == 0
        if wind is not None and wind >= 1400 and rain == day.module.DRY:
            assert wish == 0 or day.policy.state in (day.module.RAINING, day.module.DRYING)
        assert not day.policy.acknowledged, "nothing was blocked"


@given(EVENTS)
def test_a_press_on_a_blocked_sash_acknowledges_and_does_no_more(core, events):
    day = Day(core)
    for elapsed_ms, rain, alarm, _, _, pressed in events:
        day.step(elapsed_ms, rain=rain, alarm=alarm, pressed=pressed, blocked=True)
        assert day.policy.acknowledged == pressed
        assert day.policy.override.state == day.auto
        assert not day.policy.attended, "a close that follows is warned of"


def test_nothing_moves_at_boot_while_the_rain_sensor_starts(core):
    day = Day(core)
    assert day.step(rain=day.module.UNKNOWN) == day.stay
    assert day.minutes(0.4) == day.stay
    assert day.minutes(0.3) == 0, "silence means rain in the end"


def test_it_shuts_on_the_alarm_holds_and_goes_back_to_where_it_was(core):
    day = Day(core)
    assert day.step(alarm=True) == 0
    assert day.minutes(59) == 0
    assert day.minutes(2) == 60


def test_a_new_alarm_holds_anew(core):
    day = Day(core)
    day.step(alarm=True)
    day.minutes(50)
    day.step(alarm=True)
    assert day.minutes(58) == 0
    assert day.minutes(3) == 60


def test_after_rain_it_waits_until_all_is_dry(core):
    day = Day(core)
    assert day.step(rain=day.module.WET) == 0
    day.minutes(30)
    assert day.minutes(10, rain=day.module.DRY) == 0
    assert day.minutes(2) == 60


def test_a_sensor_lost_in_the_rain_is_rain(core):
    day = Day(core)
    day.step(rain=day.module.WET)
    assert day.minutes(300, rain=day.module.UNKNOWN) == 0


def test_a_person_in_the_rain_has_half_the_window_for_an_hour(core):
    day = Day(core)
    day.minutes(5, rain=day.module.WET)
    assert day.step(pressed=True, shut=True) == 50
    assert day.policy.attended
    assert day.minutes(59) == 50
    assert day.minutes(2) == 0
    assert not day.policy.attended


def test_a_press_while_it_moves_stops_it(core):
    day = Day(core)
    day.step(alarm=True)
    assert day.step(pressed=True, moving=True) == day.stay
    assert day.step(pressed=True, moving=False, shut=False) == 0


def test_a_gale_shuts_whoever_holds_it_and_a_lull_must_last(core):
    day = Day(core)
    day.step(pressed=True, shut=True)
    assert day.step(wind_cm_s=1500) == 0
    assert day.minutes(8, wind_cm_s=500) == 0
    assert day.minutes(3) == 100


@given(
    indoor=tuples(floats(0, 100), floats(5, 35)),
    outdoor=tuples(floats(0, 100), floats(-20, 40)),
)
def test_airing_never_brings_moisture_in(core, indoor, outdoor):
    module = core("window.ventilation")
    ventilation = module.Ventilation()
    pct = ventilation.step(*indoor, *outdoor)
    assert pct in (0, 20, 40, 60, 80, 100)
    if pct:
        assert module.absolute_g_m3(*indoor) > module.absolute_g_m3(*outdoor)
        assert outdoor[1] >= 0 or pct == 20
    assert ventilation.step(None, indoor[1], *outdoor) == 0


def test_the_room_is_aired_until_it_is_dry(core):
    ventilation = core("window.ventilation").Ventilation()
    assert ventilation.step(55, 21, 60, 5) == 0
    assert ventilation.step(70, 21, 60, 5) > 0
    assert ventilation.step(55, 21, 60, 5) > 0, "not to and fro"
    assert ventilation.step(49, 21, 60, 5) == 0


def test_it_opens_by_the_difference_in_steps_and_follows_no_small_change(core):
    module = core("window.ventilation")
    ventilation = module.Ventilation()

    def pct(grams):
        outdoor_pct = 100 * (indoor_g_m3 - grams) / module.absolute_g_m3(100, 10)
        return ventilation.step(65, 21, outdoor_pct, 10)

    indoor_g_m3 = module.absolute_g_m3(65, 21)
    assert pct(2.9) == 60  # 5 g/m3 are all of it
    assert pct(3.6) == 60, "72 %: within three quarters of a step"
    assert pct(3.9) == 80
    assert pct(4.9) == 100
    assert pct(2.0) == 40


def test_absolute_humidity_is_right(core):
    """20 C and saturated: 17.3 g/m3 in any table."""
    assert abs(core("window.ventilation").absolute_g_m3(100, 20) - 17.3) < 0.1


def test_a_sensor_stuck_wet_is_heated_and_believed_again_when_dry(core):
    wetness = core("window.wetness").Wetness()
    heats = 0
    for _ in range(60):
        reading = wetness.step(100.2)
        heats += wetness.wants_heat
    assert reading is None and heats >= 5
    assert wetness.step(71.0) == 71.0 or wetness.step(71.0) == 71.0


def test_after_the_heat_four_samples_pass_before_one_is_believed(core):
    module = core("window.wetness")
    wetness = module.Wetness()
    for _ in range(30):
        wetness.step(100)
    pulses = 0
    while wetness.wants_heat:
        pulses += 1
        assert wetness.step(60) is None, "hot: it says nothing of the air"
    assert pulses == 9
    assert [wetness.step(80) for _ in range(5)] == [None, None, None, 80, 80]


@given(lists(floats(-6, 99.4), min_size=1, max_size=200))
def test_a_sensor_that_is_not_full_is_believed(core, readings):
    wetness = core("window.wetness").Wetness()
    assert [wetness.step(reading) for reading in readings] == readings


@given(integers(0, (1 << 30) - 1), integers(-(1 << 29), (1 << 29) - 1))
def test_ticks_may_wrap(core, then, passed):
    assert core("window.ticks").since((then + passed) % (1 << 30), then) == passed
