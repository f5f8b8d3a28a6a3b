"""The window's world: its actions, its measures, its events, and what it says when misused."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers

from pinbench.worlds.window import WindowWorld

RAINY = [
    [0, 6000, 1500, 101300, 0, 0],
    [60, 8000, 1500, -1, 0, 200],
    [120, 9500, 1400, -1, 6000, 0],
]
RAINY += [[180, 9700, 1400, 100900, 0, 0]]


def test_weather_reaches_the_chips(place):
    here = place(weather=RAINY)
    here.run_s(30 * 60)
    assert here.chips["humidity"].rh_pct == 70
    assert here.chips["humidity"].temp_c == 15
    assert here.chips["pressure"].pressure_hpa == 1013
    assert here.chips["rain"].rain_mm_per_h == 0
    here.run_s(60 * 60)
    assert here.chips["rain"].rain_mm_per_h == 6
    assert here.chips["indoor"].rh_pct > 45
    here.run_s(60 * 60)
    assert (
        here.chips["pressure"].pressure_hpa == 1009 or here.chips["pressure"].pressure_hpa > 1009
    )


def test_rain_events_and_the_rain_that_comes_in(place):
    here = place(weather=RAINY, sash={"open_pct": 1})  # 4 mm
    here.run_s(60 * 60 + 1800)
    assert here.world.events["first drop"] == 3_600_000_000
    assert here.measure("rain_um") == here.measure("rain_in_um") == 3000
    here.drive(-1)
    here.run_s(1)
    here.drive(0)
    here.run_s(2 * 3600)
    assert here.measure("rain_um") == 6000
    assert here.measure("rain_in_um") == 3000
    names = here.events()
    assert names.index("first drop") < names.index("rain starts") < names.index("gap closes")
    assert names[-1] == "rain stops" and names.count("first drop") == 1


@settings(max_examples=20)
@given(shut_s=integers(0, 3500))
def test_rain_in_is_rain_until_the_gap_closes(place, shut_s):
    here = place(
        weather=[[0, 6000, 1500, 101300, 0, 0], [60, 9000, 1500, 101300, 7200, 0]],
        sash={"open_pct": 2},
    )
    here.run_s(shut_s)
    here.drive(-1)
    here.run_s(3)
    gap_us = here.world.events["gap closes"]
    assert abs(here.measure("rain_in_um") - gap_us * 7200 / 3.6e9) <= 1


def test_an_obstacle_is_touched_squeezed_and_taken_away(place):
    here = place(sash={"open_pct": 30})
    end = here.world.act("obstacle", {"gap_mm": 100, "stiffness_n_per_mm": 50})
    here.drive(-1)
    here.run_s(10)
    assert "obstacle touched" in here.world.events
    assert here.measure("obstacle_mn") > 300_000
    end()
    here.run_s(1)
    assert here.measure("obstacle_mn") == 0 and here.measure("peak_obstacle_mn") > 300_000
    assert here.measure("speed_um_s") < -10_000


def test_an_obstacle_may_be_there_already(place):
    here = place(sash={"open_pct": 30})
    here.world.act("obstacle", {"stiffness_n_per_mm": 10, "compressed_mm": 2})
    assert here.measure("obstacle_mn") == 20_000


def test_supply_sags_for_motor_bridge_and_monitor(place):
    here = place(sash={"open_pct": 50})
    here.drive(1)
    here.run_s(1)
    end = here.world.act("supply", {"mv": 10500})
    here.run_s(1)
    assert here.chips["current"].bus_mv == here.chips["drive"].supply_mv == 10500
    assert here.measure("speed_um_s") == pytest.approx((10.5 - 1) / 0.6 * 1000, abs=2)
    end()
    here.world.act("supply", {"mv": 5000})
    here.run_s(1)
    assert here.measure("speed_um_s") == 0 and here.measure("drive_permille") == 0


def test_wind_loads_the_drive_and_ends(place):
    here = place(sash={"open_pct": 50})
    here.drive(1)
    here.run_s(1)
    calm_ma = here.measure("motor_ma")
    end = here.world.act("wind", {"speed_m_s": 25, "towards": "closed"})
    here.run_s(1)
    assert here.measure("motor_ma") > calm_ma + 100
    end()
    here.run_s(1)
    assert here.measure("motor_ma") == calm_ma


def test_faults_reach_their_chips_and_end(place):
    here = place(sash={"open_pct": 50})
    for name, params, role, attribute in (
        ("limit broken", {"which": "open"}, "limit_open", "broken"),
        ("limit stuck", {}, "limit_closed", "welded"),
        ("humidity stuck", {"which": "indoor"}, "indoor", "stuck_wet"),
        ("unplug rain sensor", {}, "rain", "unplugged"),
        ("encoder dead", {}, "encoder", "stuck"),
    ):
        end = here.world.act(name, params)
        assert getattr(here.chips[role], attribute)
        end()
        assert not getattr(here.chips[role], attribute)


def test_button_moisture_jam_friction_and_power(place):
    here = place(sash={"open_pct": 50})
    here.world.act("press button", {"ms": 200})
    here.run_s(0.1)
    assert here.kernel.net("button").level == 0
    here.run_s(0.2)
    assert here.kernel.net("button").level == 1
    end = here.world.act("moisture", {"g_per_h": 2000})
    here.run_s(1200)
    damp = here.measure("indoor_rh_centi_pct")
    assert damp > 5000
    end()
    here.drive(1)
    jam = here.world.act("jam", {})
    here.run_s(1)
    assert here.measure("speed_um_s") == 0
    jam()
    grease = here.world.act("friction", {"n": 0})
    here.run_s(1)
    assert here.measure("speed_um_s") == 20_000
    grease()
    here.world.act("power cut", {})
    assert here.kernel.halted.kind == "power" and here.kernel.halted.off_us == 1_000_000


@pytest.mark.parametrize(
    ("name", "params", "sentence"),
    [
        ("obstacel", {}, "'obstacel' is not something this world can do"),
        ("obstacle", {"gap": 3}, "'obstacle' does not take 'gap': it takes compressed_mm, gap_mm"),
        ("obstacle", {"gap_mm": 900}, "gap_mm of 'obstacle' must lie between -1 and 400, not 900"),
        ("obstacle", {"gap_mm": "wide"}, "gap_mm of 'obstacle' must be a number, not 'wide'"),
        ("rain", {}, "'rain' needs mm_per_h (intensity in mm/h, 0 to 300)"),
        ("wind", {"speed_m_s": 3, "towards": "up"}, "must be closed or open, not 'up'"),
        ("jam", {"hard": 1}, "'jam' does not take 'hard': it takes no parameter"),
    ],
)
def test_wrong_parameters_get_one_sentence(place, name, params, sentence):
    with pytest.raises(ValueError) as caught:
        place().world.act(name, params)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_wrong_worlds_and_measures_get_one_sentence(place):
    with pytest.raises(ValueError, match="open_pct of 'sash' must lie between 0 and 100"):
        place(sash={"open_pct": 120})
    with pytest.raises(ValueError, match="room of .world. must be a table"):
        place(room=3)
    with pytest.raises(ValueError, match="'sash' is not a measure of the window"):
        place().measure("sash")


def test_every_action_and_measure_is_served_and_documented(place):
    here = place()
    for name in WindowWorld.MEASURES:
        assert isinstance(here.measure(name), int) and WindowWorld.MEASURES[name]
    for name, entry in WindowWorld.ACTIONS.items():
        assert entry["doc"] and "\n" not in entry["doc"]
        assert hasattr(here.world, "_act_" + name.replace(" ", "_"))
        assert all(rule["doc"] for rule in entry["params"].values())


def test_the_trace_holds_ints_and_words_only(place):
    here = place(weather=RAINY, sash={"open_pct": 10})
    here.world.act("wind", {"speed_m_s": 3.5})
    here.drive(1)
    here.run_s(2)
    for _, _, who, values in here.records:
        assert isinstance(who, str)
        assert all(type(v) in (int, str) for v in values)
