"""The room's air: water is conserved, and everything tends to where it should."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from pinbench.worlds.room import Room, vapour_g_m3

OPENINGS, TEMPERATURES = floats(0, 400), floats(-15, 38)
HUMIDITIES, WINDS = floats(5, 100), floats(0, 20)


def test_absolute_humidity_is_what_tables_say():
    # Saturated air holds 17.3 g/m3 at 20 degrees C and 9.4 at 10 (psychrometric tables).
    assert vapour_g_m3(100, 20) == pytest.approx(17.3, rel=0.01)
    assert vapour_g_m3(100, 10) == pytest.approx(9.4, rel=0.01)


@given(opening=OPENINGS, out=HUMIDITIES, wind=WINDS, minutes=integers(2, 240))
def test_one_long_step_equals_many_short_ones(opening, out, wind, minutes):
    """Exact where the air exchange stays the same: the same temperature in and out."""
    one, many = Room(heated_c=18), Room(heated_c=18)
    one.step(minutes, opening, out, 18, wind)
    for _ in range(minutes):
        many.step(1, opening, out, 18, wind)
    assert one.vapour_g_m3 == pytest.approx(many.vapour_g_m3)
    assert one.temp_c == pytest.approx(many.temp_c)


@given(opening=OPENINGS, out=HUMIDITIES, out_c=TEMPERATURES, wind=WINDS)
def test_without_people_it_never_leaves_the_range_between_in_and_out(opening, out, out_c, wind):
    room = Room(source_g_h=0)
    low, high = sorted((room.vapour_g_m3, vapour_g_m3(out, out_c)))
    for _ in range(600):
        before_c = room.temp_c
        room.step(1, opening, out, out_c, wind)
        assert room.vapour_g_m3 <= high + 1e-9
        # Below `low` only where the cooled air could not hold it.
        assert room.vapour_g_m3 >= low - 1e-9 or room.rh_pct > 99.999
        assert 0 <= room.rh_pct <= 100
        assert min(before_c, out_c, 21) - 1e-9 <= room.temp_c <= max(before_c, out_c, 21) + 1e-9


@given(minutes=integers(1, 120), source=floats(0, 3000))
def test_in_a_sealed_room_all_water_stays(minutes, source):
    room = Room(leak_per_h=0, source_g_h=source)
    room.changes_per_h = lambda *_: 0.0
    before = room.vapour_g_m3
    room.step(minutes, 0, 50, 21, 0)
    expected = before + source / room.volume_m3 * minutes / 60
    assert room.vapour_g_m3 == pytest.approx(min(expected, vapour_g_m3(100, 21)))


@given(narrow=floats(0, 199), wider=floats(1, 200), out_c=TEMPERATURES, wind=WINDS)
def test_a_wider_gap_and_more_wind_exchange_more_air(narrow, wider, out_c, wind):
    room = Room()
    still = room.changes_per_h(narrow, out_c, wind)
    assert room.changes_per_h(narrow + wider, out_c, wind) > still
    assert room.changes_per_h(narrow + wider, out_c, wind + 1) > still


def test_half_an_hour_of_airing_takes_out_a_third_of_the_water_in_winter():
    room = Room(rh_pct=80)
    before = room.vapour_g_m3
    room.step(30, 400, 90, 2, 2)
    assert room.vapour_g_m3 < before * 2 / 3
    assert room.temp_c < 19
