"""Each state machine runs from its table, and each hole in it says why it is there."""

import itertools

import pytest

# Module, states, events: every pair has a row in TABLE or a reason in NO_ROW.
MACHINES = {
    "window.override": (4, 4),
    "window.ventilation": (2, 4),
    "window.policy": (5, 4),
}


@pytest.mark.parametrize("name", MACHINES)
def test_every_pair_has_a_row_or_a_reason(core, name):
    module = core(name)
    states, events = MACHINES[name]
    assert len(module.STATES) == states and len(module.EVENTS) == events
    pairs = set(itertools.product(range(states), range(events)))
    assert set(module.TABLE) | set(module.NO_ROW) == pairs
    assert not set(module.TABLE) & set(module.NO_ROW)
    assert all(state in range(states) for state in module.TABLE.values())


def test_every_pair_of_the_sash_has_a_row_or_a_reason(core):
    sash = core("window.sash")
    pairs = set(itertools.product(range(len(sash.STATES)), range(len(sash.EVENTS))))
    reasoned = set()
    for states, events in sash.NO_ROW.values():
        reasoned |= set(itertools.product(states, events))
    assert not reasoned & set(sash.TABLE), "a row and a reason for the same pair"
    assert set(sash.TABLE) | reasoned == pairs
    for after, action in sash.TABLE.values():
        assert 0 <= after < len(sash.STATES)
        assert action is None or callable(getattr(sash.Sash, action))


def test_the_tables_of_the_sash_can_be_left_from_everywhere(core):
    """No state but rest is for ever, and a fault only until a person has looked."""
    sash = core("window.sash")
    reached = {sash.REST}
    for _ in sash.STATES:
        reached |= {state for (state, _), (after, _) in sash.TABLE.items() if after in reached}
    assert reached == set(range(len(sash.STATES)))


def test_only_a_person_ends_blocked_and_fault(core):
    sash = core("window.sash")
    for (state, event), (after, _) in sash.TABLE.items():
        if state in (sash.BLOCKED, sash.FAULT) and after not in (sash.BLOCKED, sash.FAULT):
            assert event == sash.ACK


def test_a_stroke_only_goes_forward(core):
    stroke = core("window.stroke")
    for (phase, event), after in stroke.TABLE.items():
        assert after > phase or event == stroke.CHANGED


def test_a_wet_sensor_is_sound_again_or_asked_again(core):
    wetness = core("window.wetness")
    assert {state for state, _ in wetness.TABLE} == set(range(len(wetness.STATES)))
    times = (wetness.HEATED, wetness.SETTLED_LOW, wetness.SETTLED_FULL, wetness.REST_OVER)
    for pair in itertools.product(range(len(wetness.STATES)), (wetness.FULL, wetness.LOW)):
        assert (pair in wetness.TABLE) != (pair in wetness.NO_ROW)
    for event in times:
        assert sum(1 for _, listed in wetness.TABLE if listed == event) == 1
