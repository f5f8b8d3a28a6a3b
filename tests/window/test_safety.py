"""The rules of safety.py one by one, at the ends of their ranges (positions in edges, 5 an mm)."""

import pytest

CLOSING, OPENING = -1, 1


@pytest.fixture
def safety(core):
    return core("window.safety")


def test_resistance_is_the_frames_only_past_the_switch_ahead_of_a_known_sash(safety):
    assert safety.is_frame(CLOSING, True, 1)
    assert not safety.is_frame(CLOSING, True, 2), "a switch stands at 2 edges: not past it"
    assert safety.is_frame(OPENING, True, 1999)
    assert not safety.is_frame(OPENING, True, 1998)
    assert not safety.is_frame(CLOSING, False, 0)
    assert not safety.is_frame(OPENING, False, 2000)


def test_speed_is_bounded_where_a_hand_may_be_and_only_in_closing(safety):
    assert safety.ceiling_um_s(CLOSING, True, 1125, True) == 10500
    assert safety.ceiling_um_s(CLOSING, True, 1126, True) == 0
    assert safety.ceiling_um_s(CLOSING, False, 1900, True) == 10500, "unknown is dangerous"
    assert safety.ceiling_um_s(CLOSING, True, 500, False) == 8500
    assert safety.ceiling_um_s(OPENING, True, 500, True) == 0
    assert safety.ceiling_um_s(OPENING, False, 500, False) == 0


def test_an_idle_drive_may_settle_but_not_work(safety):
    assert not safety.runs_away(4, 150, False) and not safety.runs_away(-4, -1, False)
    assert safety.runs_away(5, 0, False) and safety.runs_away(-5, 0, False)
    assert safety.runs_away(0, 151, False) and safety.runs_away(0, 0, True)


def test_a_switch_pressed_20_mm_from_its_end_lies(safety):
    assert not safety.limit_lies(100, False, True) and safety.limit_lies(101, False, True)
    assert not safety.limit_lies(1900, True, False) and safety.limit_lies(1899, True, False)
    assert not safety.limit_lies(1000, False, False)


def test_the_stroke_is_400_mm_of_5_edges(safety):
    assert safety.STROKE_EDGES == 400 * 5


def test_the_current_limit_follows_the_duty_from_15_to_850_ma(safety):
    assert [safety.current_limit_ma(duty_pm) for duty_pm in (0, 10, 500, -500, 1000)] == [
        *(15, 15, 425, 425, 850)
    ]


def test_a_close_that_nobody_attends_is_warned_of_and_nothing_else(safety):
    assert safety.warning_needed(CLOSING, False)
    assert not safety.warning_needed(CLOSING, True)
    assert not safety.warning_needed(OPENING, False)
