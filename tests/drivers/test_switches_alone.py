"""Limit switches and the button: bounce is filtered, and whatever breaks looks safe."""

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, integers, lists

UP, DOWN = 1, 0


def limits(alone, open_level=0, closed_level=0):
    pins = alone.pin(4, open_level), alone.pin(5, closed_level)
    return pins, alone.load("limit_switches").LimitSwitches(*pins)


@pytest.mark.parametrize("open_level", [0, 1])
@pytest.mark.parametrize("closed_level", [0, 1])
def test_the_first_sample_is_known_at_once(alone, open_level, closed_level):
    _, switches = limits(alone, open_level, closed_level)
    assert (switches.open, switches.closed) == (bool(open_level), bool(closed_level))
    assert switches.fault == bool(open_level and closed_level)


@given(samples=lists(booleans(), min_size=3))
def test_each_switch_is_the_majority_of_its_last_three_samples(new_alone, samples):
    (pin_open, pin_closed), switches = limits(new_alone(), samples[0], not samples[0])
    history = [samples[0]] * 3
    for sample in samples:
        pin_open.level, pin_closed.level = int(sample), int(not sample)
        switches.step()
        history = history[1:] + [sample]
        assert switches.open == (sum(history) >= 2)
        assert switches.closed == (not switches.open)
        assert not switches.fault


@given(at=integers(0, 20))
def test_one_odd_sample_is_nothing_two_in_a_row_are_an_end(new_alone, at):
    (pin_open, _), switches = limits(new_alone())
    for _ in range(at):
        switches.step()
    pin_open.level = 1
    switches.step()
    assert not switches.open
    pin_open.level = 0
    for _ in range(3):
        switches.step()
        assert not switches.open
    pin_open.level = 1
    switches.step()
    switches.step()
    assert switches.open


def test_both_ends_at_once_are_a_fault_for_as_long_as_it_lasts(alone):
    (pin_open, pin_closed), switches = limits(alone)
    pin_open.level = pin_closed.level = 1
    switches.step()
    switches.step()
    assert switches.fault
    pin_open.level = 0
    switches.step()
    switches.step()
    assert not switches.fault and switches.closed


def test_numbers_become_inputs_with_pull_ups(alone):
    alone.load("limit_switches").LimitSwitches(4, 5)
    alone.load("button").Button(6)
    for number in (4, 5, 6):
        pin = alone.pins[number]
        assert pin.settings == (pin.IN, pin.PULL_UP)


def samples_of(alone, levels):
    pin = alone.pin(6, levels[0] if levels else UP)
    button = alone.load("button").Button(pin)
    events = []
    for level in levels:
        pin.level = level
        events.append(button.pressed_event())
    return button, events


def test_a_press_is_one_event_however_long(alone):
    button, events = samples_of(alone, [UP] * 3 + [DOWN] * 50 + [UP] * 3 + [DOWN] * 3)
    assert events.count(True) == 2
    assert events.index(True) == 5
    assert button.down


def test_a_button_that_is_down_from_the_start_is_no_wish(alone):
    button, events = samples_of(alone, [DOWN] * 100)
    assert not any(events) and button.down
    _, events = samples_of(alone, [DOWN] * 10 + [UP] * 3 + [DOWN] * 3)
    assert events.count(True) == 1


@given(levels=lists(integers(0, 1)))
def test_events_and_releases_take_turns(new_alone, levels):
    _, events = samples_of(new_alone(), levels)
    runs = "".join(str(level) for level in levels)
    released, expected = False, []
    for end in range(1, len(runs) + 1):
        last = runs[max(0, end - 3) : end]
        expected.append(released and last == "000")
        released = last == "111" or released and last != "000"
    assert events == expected


def test_bounce_of_single_samples_is_filtered(alone):
    _, events = samples_of(alone, [UP] * 3 + [DOWN, UP] * 20)
    assert not any(events)
