"""The state tables: named, reachable, never a dead end, and the code runs from them."""

import itertools

import pytest


def reached(table, start):
    found = {start}
    while True:
        more = {after for (state, _), (after, _) in table.items() if state in found} - found
        if not more:
            return found
        found |= more


@pytest.mark.parametrize("name, start", [("kiosk.rental", "IDLE"), ("kiosk.palm", "CLOSED")])
def test_every_state_is_named_reached_and_left(core, name, start):
    module = core(name)
    states = range(len(module.STATES))
    for (state, event), (after, _) in module.TABLE.items():
        assert state in states and after in states and event in range(len(module.EVENTS))
    begin = reached(module.TABLE, getattr(module, start))
    if name == "kiosk.rental":
        assert module.STATES[module.LOST] == "lost"
        assert begin == set(states)
        left = {state for state, _ in module.TABLE}
        assert set(states) - left == {module.LOST}, "only a bank that was sold ends"
    else:
        assert begin == set(states)
        assert {state for state, _ in module.TABLE} == set(states)
    assert {event for _, event in module.TABLE} == set(range(len(module.EVENTS)))


def test_only_gone_leads_to_a_charge(core):
    t = core("kiosk.rental")
    charging = [key for key, (_, action) in t.TABLE.items() if action == "charge"]
    assert charging == [(t.EJECTING, t.GONE)]


def test_only_a_chosen_slot_is_ejected_and_only_a_shut_gate_settles(core):
    t = core("kiosk.rental")
    ejecting = {event for (_, event), (_, action) in t.TABLE.items() if action == "eject"}
    settling = {event for (_, event), (_, action) in t.TABLE.items() if action == "settle"}
    assert ejecting == {t.CHOSEN} and settling == {t.SHUT}


def test_a_machine_refuses_what_has_no_row(core):
    t = core("kiosk.rental")
    for state, event in itertools.product(range(len(t.STATES)), range(len(t.EVENTS))):
        machine = t.Machine(state)
        if (state, event) in t.TABLE:
            assert machine.take(event) == t.TABLE[state, event][1]
            assert machine.state == t.TABLE[state, event][0]
        else:
            with pytest.raises(ValueError, match=t.EVENTS[event]):
                machine.take(event)


def test_palms_are_enrolled_only_behind_consent_and_a_second_look(core):
    p = core("kiosk.palm")
    before = {state for (state, _), (after, _) in p.TABLE.items() if after == p.ENROLLING}
    assert before == {p.CHECKING}
    before = {(s, e) for (s, e), (after, _) in p.TABLE.items() if after == p.CHECKING}
    assert before == {(p.OFFERING, p.CONSENT)}


def test_every_action_has_words(core):
    t, p, words = core("kiosk.rental"), core("kiosk.palm"), core("kiosk.words")
    inner = {"read_id", "refuse", "settle", "thank", "charge", "void"}
    inner |= {"offer", "eject", "turn_away"}
    for action in {action for _, action in t.TABLE.values() if action} - inner:
        assert action in words.SAID
    silent = {"verify", "enrol", "list", "delete", "present", "compare", "welcome", "forged"}
    for action in {action for _, action in p.TABLE.values() if action} - silent:
        assert action in words.SAID
    for _, shown, _ in words.SAID.values():
        assert len(shown) <= 8 and all(len(line) <= 16 for line in shown)
    for reason in range(len(core("kiosk.records").REASONS)):
        _, shown, _ = words.said("turn_away", -1, reason)
        assert all(len(line) <= 16 for line in shown)
