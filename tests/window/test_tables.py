"""Each state machine runs from its table, and each hole in it has a reason, which stands here."""

import itertools

import pytest

# Module: states, events.
MACHINES = {
    "override": (
        ("AUTO", "_OPEN", "_SHUT", "_STOP"),
        ("_PRESS_SHUT", "_PRESS_OPEN", "_PRESS_MOVING", "_EXPIRE"),
    ),
    "ventilation": (("_SHUT", "_AIRING"), ("_DAMP", "_DRY", "_USELESS", "_BLIND")),
    "policy": (
        ("FAIR", "_DUE", "RAINING", "DRYING", "_WINDY"),
        ("_RAIN", "_GALE", "_ALARM", "_OVER"),
    ),
    "wetness": (("_SOUND", "_HEATING", "_SETTLING", "STUCK"), ("_FULL", "_LOW")),
    "sash": (
        ("_REST", "_WARN", "_PAUSE", "_MOVE", "_RECOIL_PAUSE", "_RECOIL", "BLOCKED", "FAULT"),
        ("_WIRING", "_LIE", "_RUNAWAY", "_PINCH", "_JAM", "_SEATED", "_LATE", "_BLIND")
        + ("_LIMIT", "_ARRIVED", "_GONE", "_ASKED", "_WISH", "_DUE", "_ACK"),
    ),
}

# Module: why a pair of these states and events has no row.
HOLES = {
    "override": {"no hold runs": (("AUTO",), ("_EXPIRE",))},
    "ventilation": {
        "there is nothing to air": (("_SHUT",), ("_DRY",)),
        "airing would bring in as much as it takes out": (("_SHUT",), ("_USELESS",)),
        "nothing is known": (("_SHUT",), ("_BLIND",)),
        "it is being aired": (("_AIRING",), ("_DAMP",)),
    },
    "policy": {
        "no time runs": (("FAIR",), ("_OVER",)),
        "it is shut already": (("RAINING",), ("_GALE",)),
        "it is raining already": (("RAINING",), ("_ALARM",)),
    },
    "wetness": {
        "all is well": (("_SOUND",), ("_LOW",)),
        "what is read while hot tells nothing": (("_HEATING",), ("_FULL", "_LOW")),
        "what is read before it has settled tells nothing": (("_SETTLING",), ("_FULL", "_LOW")),
        "known": (("STUCK",), ("_FULL",)),
    },
    "sash": {
        "nothing is driven": (
            ("_REST", "_WARN", "_PAUSE", "_RECOIL_PAUSE", "BLOCKED", "FAULT"),
            ("_PINCH", "_JAM", "_SEATED", "_LATE", "_BLIND", "_LIMIT", "_ARRIVED"),
        ),
        "it is driven, or has not settled": (
            ("_PAUSE", "_MOVE", "_RECOIL_PAUSE", "_RECOIL"),
            ("_RUNAWAY",),
        ),
        "it opens": (("_RECOIL",), ("_PINCH",)),
        "a hand is freed first": (
            ("_RECOIL_PAUSE", "_RECOIL"),
            ("_GONE", "_ASKED", "_WISH", "_ACK"),
        ),
        "the pause is over before it matters": (("_RECOIL_PAUSE",), ("_LIE",)),
        "a person must come first": (("BLOCKED", "FAULT"), ("_GONE", "_ASKED", "_WISH")),
        "already there": (("FAULT",), ("_WIRING", "_LIE", "_RUNAWAY")),
        "nothing is awaited": (("_REST", "_MOVE", "_RECOIL", "BLOCKED", "FAULT"), ("_DUE",)),
        "nothing is wished that could go": (("_REST",), ("_GONE",)),
        "the wish stands already": (("_WARN", "_PAUSE"), ("_WISH",)),
        "asked or not, it is about to move": (("_PAUSE",), ("_ASKED",)),
        "a changed wish ends the stroke softly": (("_MOVE",), ("_GONE", "_ASKED", "_WISH")),
        "nothing to acknowledge": (("_WARN", "_PAUSE", "_MOVE"), ("_ACK",)),
    },
}


def rows(module, width=3):
    """Return (state, event) -> what follows; each pair stands in the table once."""
    table = module.TABLE
    found = {(table[at], table[at + 1]): table[at + 2] for at in range(0, len(table), width)}
    assert len(table) == width * len(found)
    return found


def pairs(module, states, events):
    """Return the numbers of all these pairs."""
    return set(
        itertools.product(
            [getattr(module, s) for s in states], [getattr(module, e) for e in events]
        )
    )


@pytest.mark.parametrize("name", MACHINES)
def test_every_pair_has_a_row_or_a_reason(core, name):
    module = core("window." + name)
    table = rows(module, 4 if name == "sash" else 3)
    states, events = MACHINES[name]
    assert sorted(getattr(module, state) for state in states) == list(range(len(states)))
    assert len({getattr(module, event) for event in events}) == len(events)
    assert set(table.values()) <= set(range(len(states)))
    wanted = pairs(module, states, events)
    reasoned = set()
    for hole in HOLES[name].values():
        assert not reasoned & pairs(module, *hole), "two reasons for one pair"
        reasoned |= pairs(module, *hole)
    assert not reasoned & set(table), "a row and a reason for the same pair"
    assert (set(table) & wanted) | reasoned == wanted
    if name != "wetness":  # the rest of its events are the end of a time, one in a state
        assert set(table) <= wanted


def test_a_pair_without_a_row_leads_nowhere(core):
    following = core("window.table").following
    for name in MACHINES:
        module = core("window." + name)
        width = 4 if name == "sash" else 3
        table = rows(module, width)
        for pair in itertools.product(range(9), (*range(16), None)):
            at = following(module.TABLE, *pair, width)
            assert (module.TABLE[at] if at else None) == table.get(pair)


def test_the_tables_of_the_sash_can_be_left_from_everywhere(core):
    """No state but rest is for ever, and a fault only until a person has looked."""
    sash = core("window.sash")
    states = range(len(MACHINES["sash"][0]))
    reached = {sash._REST}
    for _ in states:
        reached |= {state for (state, _), after in rows(sash, 4).items() if after in reached}
    assert reached == set(states)


def test_only_a_person_ends_blocked_and_fault(core):
    sash = core("window.sash")
    for (state, event), after in rows(sash, 4).items():
        if state in (sash.BLOCKED, sash.FAULT) and after not in (sash.BLOCKED, sash.FAULT):
            assert event == sash._ACK


def test_what_the_sash_does_beside_has_a_number_each(core):
    sash = core("window.sash")
    actions = ("_NOTHING", "_RAISE", "_LEAVE", "_FORGIVE", "_BEGIN", "_TELL_PINCH", "_TELL_JAM")
    actions += ("_TELL_SEATED", "_TELL_BLIND", "_SETTLE", "_REOPEN")
    assert sorted(getattr(sash, action) for action in actions) == list(range(len(actions)))
    assert set(sash.TABLE[3::4]) == set(range(len(actions)))


def test_each_phase_and_event_of_a_stroke_has_a_number_each(core):
    stroke = core("window.stroke")
    phases = ("_GROPE", "_HOLD", "_LEARN", "_RISE", "_SETTLE", "_CRUISE", "_EASE", "_STILL")
    events = ("_STEADY", "_MEASURED", "_FREE", "_AT_SPEED", "_SETTLED", "_CHANGED", "_ENDING")
    assert [getattr(stroke, phase) for phase in phases] == list(range(8))
    assert [getattr(stroke, event) for event in (*events, "_STOPPED")] == list(range(1, 9))


def test_a_stroke_only_goes_forward(core):
    stroke = core("window.stroke")
    for (phase, event), after in rows(stroke).items():
        assert after > phase or event == stroke._CHANGED


def test_a_wet_sensor_is_sound_again_or_asked_again(core):
    wetness = core("window.wetness")
    table = rows(wetness)
    assert {state for state, _ in table} == set(range(4))
    times = (wetness._HEATED, wetness._SETTLED_LOW, wetness._SETTLED_FULL, wetness._REST_OVER)
    for event in times:
        assert sum(1 for _, listed in table if listed == event) == 1
