"""One wish out of forecast, rain, wind, moisture and a person, at any order of events."""

from hypothesis import example, given
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
    """Saturated over water, by WMO No. 8: what any table says."""
    absolute_g_m3 = core("window.ventilation").absolute_g_m3
    for temp_c, grams in ((-10, 2.358), (0, 4.85), (20, 17.28), (40, 51.1)):
        assert abs(absolute_g_m3(100, temp_c) / grams - 1) < 0.003, temp_c
    assert absolute_g_m3(50, 20) == absolute_g_m3(100, 20) / 2


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
@example(0, (1 << 29) - 1)
@example(0, -(1 << 29))
@example((1 << 30) - 1, 1)
@example(0, -1)
@example(0, 0)
def test_ticks_may_wrap(core, then, passed):
    assert core("window.ticks").since((then + passed) % (1 << 30), then) == passed


def test_rain_ends_after_a_dry_minute_and_the_sash_opens_ten_minutes_later(core):
    day = Day(core)
    day.step(1, rain=day.module.WET)
    day.step(59_999, rain=day.module.DRY)
    assert day.policy.state == day.module.RAINING
    day.step(1)
    assert day.policy.state == day.module.DRYING and day.policy.wet
    assert day.step(599_999) == 0 and day.policy.wet
    assert day.step(1) == 60 and not day.policy.wet


def test_it_goes_back_to_where_it_was_when_it_had_to_shut_not_to_where_it_got(core):
    day = Day(core)
    assert day.step(rain=day.module.WET, position_pct=70) == 0
    day.minutes(5, position_pct=30)
    day.minutes(1.1, rain=day.module.DRY, position_pct=0)
    assert day.minutes(11) == 70
    assert day.step(alarm=True, position_pct=40) == 0
    assert day.minutes(61) == 70, "it was on its way: the wish counts"


def test_a_gale_begins_at_14_m_s_and_lasts_until_ten_minutes_below_10(core):
    day = Day(core)
    assert day.step(wind_cm_s=1399) == day.stay
    assert day.step(wind_cm_s=1400) == 0
    assert day.step(600_000, wind_cm_s=1000) == 0
    assert day.step(599_999, wind_cm_s=999) == 0
    assert day.step(1) == 60


def test_a_sensor_unheard_of_for_30_s_is_rain_and_less_is_none(core):
    day = Day(core)
    unknown = day.module.UNKNOWN
    assert day.step(29_999, rain=unknown) == day.stay
    assert day.step(1, rain=day.module.DRY) == day.stay
    assert day.step(29_999, rain=unknown) == day.stay, "counted anew"
    assert day.step(1) == 0


def test_who_pressed_is_there_for_15_s(core):
    day = Day(core)
    assert not day.policy.attended
    day.step(1, pressed=True, shut=True)
    assert day.policy.attended
    day.step(14_999)
    assert day.policy.attended
    day.step(1)
    assert not day.policy.attended


def test_a_press_holds_to_the_millisecond_and_each_press_anew(core):
    day = Day(core, override_min=60)
    assert day.step(1, pressed=True, shut=True) == 100
    day.step(3_000_000)
    assert day.step(1, pressed=True, moving=True) == day.stay
    day.step(3_599_999, moving=False, airing_pct=20)
    assert day.policy.wish_pct == day.stay
    assert day.step(1) == 20


def test_an_alarm_holds_to_the_millisecond(core):
    day = Day(core, hold_min=60)
    assert day.step(1, alarm=True) == 0
    assert day.step(3_599_999) == 0
    assert day.step(1) == 60


def test_each_press_does_what_the_sash_can_do_next(core):
    """Shut opens, open shuts, moving stops; a press on a held sash at rest gives it back."""
    for first, second, wishes in (
        ({"shut": True}, {"shut": False}, (100, 0)),
        ({"shut": True}, {"shut": True}, (100, 0)),
        ({"shut": False}, {"shut": True}, (0, 0)),
        ({"shut": False}, {"shut": False}, (0, 0)),
        ({"shut": True}, {"moving": True}, (100, -1)),
        ({"shut": False}, {"moving": True}, (0, -1)),
        ({"moving": True}, {"shut": True, "moving": False}, (-1, 100)),
        ({"moving": True}, {"shut": False, "moving": False}, (-1, 0)),
    ):
        day = Day(core)
        day.step(alarm=True)
        seen = day.step(pressed=True, **first), day.step(pressed=True, **second)
        assert seen == wishes, (first, second)


def test_a_stopped_sash_gives_way_to_rain_down_to_half(core):
    day = Day(core)
    assert day.step(pressed=True, moving=True) == day.stay
    assert day.step(rain=day.module.WET, position_pct=51) == 50
    assert day.step(position_pct=50) == day.stay


def test_the_wish_of_the_room_holds_in_fair_weather(core):
    day = Day(core)
    assert day.step(airing_pct=40) == 40
    assert day.step(alarm=True) == 0
    assert day.step(airing_pct=80) == 0, "rain is due: not now"
    assert day.minutes(61) == 80
    assert day.step(airing_pct=0) == 0


def test_a_room_is_damp_from_60_to_50_percent_and_only_if_it_is_worth_it(core):
    module = core("window.ventilation")

    def outdoor_pct(indoor_pct, grams):
        """At 10 C, so that it is drier outside than a room at 21 C by so many grams."""
        there = module.absolute_g_m3(indoor_pct, 21) - grams
        return 100 * there / module.absolute_g_m3(100, 10)

    def pct(ventilation, indoor_pct, grams):
        return ventilation.step(indoor_pct, 21, outdoor_pct(indoor_pct, grams), 10)

    ventilation = module.Ventilation()
    assert pct(ventilation, 59.9, 3) == 0
    assert pct(ventilation, 65, 1.49) == 0
    assert pct(ventilation, 60, 1.51) == 40, "30 %: half a step more is rounded up"
    assert pct(module.Ventilation(), 65, 2.48) == 40 and pct(module.Ventilation(), 65, 2.52) == 60
    assert pct(ventilation, 50.1, 0.6) == 20, "the least"
    assert pct(ventilation, 50, 0.6) == 0
    assert pct(ventilation, 65, 1.51) > 0
    assert pct(ventilation, 65, 0.49) == 0
    assert pct(ventilation, 65, 20) == 100


def test_in_frost_it_opens_no_wider_than_a_crack(core):
    module = core("window.ventilation")
    assert module.Ventilation().step(70, 21, 60, -0.1) == 20
    assert module.Ventilation().step(70, 21, 60, 0) == 100


def test_none_of_the_four_readings_may_be_missing(core):
    for missing in range(4):
        ventilation = core("window.ventilation").Ventilation()
        assert ventilation.step(70, 21, 60, 5) > 0
        readings = [None if at == missing else known for at, known in enumerate((70, 21, 60, 5))]
        assert ventilation.step(*readings) == 0


def test_half_an_hour_at_the_top_is_doubted_and_a_minute_below_begins_anew(core):
    wetness = core("window.wetness").Wetness()
    for _ in range(2):
        assert [wetness.step(99.5) for _ in range(29)] == [99.5] * 29
        assert wetness.step(99.4) == 99.4
    assert [wetness.step(100) for _ in range(30)] == [100] * 29 + [None]
    assert wetness.wants_heat


def test_a_sensor_still_full_after_the_heat_is_stuck_and_heated_again_after_an_hour(core):
    module = core("window.wetness")
    wetness = module.Wetness()
    while wetness.state != module.STUCK:
        assert wetness.step(100) is None or wetness.state != module.STUCK
    rest = 0
    while not wetness.wants_heat:
        rest += 1
        assert wetness.step(100) is None
    assert rest == 60
    for _ in range(9 + 4):
        assert wetness.step(100) is None
    assert wetness.state == module.STUCK
    assert wetness.step(99.4) == 99.4, "below the top it is sound, heated or not"
