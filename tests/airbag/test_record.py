"""What flash says after a power cut, and the battery's judgement."""

import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.evaluate.cores import core

record = core("airbag.record")
battery = core("airbag.battery")


def journal(words, damaged=0):
    payloads = [bytes([word]) for word in words]
    return types.SimpleNamespace(records=lambda: enumerate(payloads, 1), damaged=damaged)


@pytest.mark.parametrize(
    "words, newest",
    [
        ([], record.NOTHING),
        ([record.ARMING], record.ARMING),
        ([record.ARMING, record.RESOLVED], record.RESOLVED),
        ([record.RESOLVED, record.ARMING], record.ARMING),
        ([record.ARMING, record.SPENT], record.SPENT),
        ([record.ARMING, 77], record.ARMING),
    ],
)
def test_the_newest_word_counts(words, newest):
    assert record.newest(journal(words)) == newest


@given(words=st.lists(st.integers(1, 3), max_size=8))
def test_spent_is_followed_by_nothing(words):
    if record.SPENT in words:
        assert record.newest(journal(words)) == record.SPENT
        assert record.newest(journal(words, damaged=5)) == record.SPENT


@given(words=st.lists(st.integers(1, 2), max_size=8))
def test_damage_is_read_as_armed(words):
    assert record.newest(journal(words, damaged=1)) == record.ARMING


def test_an_unknown_battery_is_empty():
    made = battery.Battery()
    assert made.state == battery.EMPTY
    made.step(900, 4000, -20, True)
    assert made.state == battery.GOOD
    assert made.lost() == battery.EMPTY


@pytest.mark.parametrize(
    "charge_pm, cell_mv, trusted, state",
    [
        (800, 3900, True, battery.GOOD),
        (140, 3700, True, battery.LOW),
        (40, 3700, True, battery.EMPTY),
        (800, 3250, True, battery.EMPTY),
        (40, 3700, False, battery.GOOD),
        (40, 3250, False, battery.EMPTY),
    ],
)
def test_a_guessed_charge_does_not_decide(charge_pm, cell_mv, trusted, state):
    made = battery.Battery()
    made.step(900, 4000, -20, True)
    assert made.step(charge_pm, cell_mv, -20, trusted) == state


def test_it_does_not_flicker_at_its_limits():
    made = battery.Battery()
    made.step(900, 4000, -20, True)
    states = [made.step(50 + k % 2 - 1, 3700, -20, True) for k in range(10)]
    assert states[0] == battery.EMPTY and set(states[1:]) == {battery.EMPTY}


@given(charge_pm=st.integers(0, 1000), rate=st.integers(-300, 100))
def test_the_arm_time_is_careful(charge_pm, rate):
    made = battery.Battery()
    made.step(charge_pm, 3900, rate, True)
    drain = max(-rate, battery.NOMINAL_PM_H)
    assert made.hours * drain <= max(0, charge_pm - battery.EMPTY_PM)
    assert made.hours >= 0
