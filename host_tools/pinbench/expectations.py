"""What a scenario may expect: the sentences of `that =`, as a table, and how each becomes a check.

A check is plain data for `simulator.player.Player`, so that the interpreter that plays it need not
know English. The table is printed by `pinbench sim --help`.
"""

import difflib
import re

from pinbench.durations import parse_us

# Words of each device's world: a state is (measure, comparison, value); a quantity is the measure
# and what one of each unit is in it. Measures are whole numbers, and named by the world.
STATES = {
    "window": {
        "sash is closed": ("sash_um", "<=", 500),
        "sash is open": ("sash_um", ">", 500),
        "sash is fully open": ("sash_um", ">=", 399_500),
        "sash is still": ("speed_um_s", "==", 0),
        "no movement": ("speed_um_s", "==", 0),
        "motor is off": ("drive_permille", "==", 0),
        "motor is on": ("drive_permille", "!=", 0),
    },
    "kiosk": {
        "no slot is unlocked": ("unlocked_now", "==", 0),
        "exactly one slot is unlocked": ("unlocked_now", "==", 1),
        "no solenoid is driven": ("driven_now", "==", -1),
    },
}
QUANTITIES = {
    "window": {
        "force on obstacle": ("peak_obstacle_mn", {"N": 1000, "mN": 1}),
        "sash opening": ("sash_um", {"mm": 1000, "um": 1}),
        "rain through the window": ("rain_in_um", {"mm": 1000, "um": 1}),
    }
}

_HOW_OFTEN = r"(?P<often>once|never|\d+ times|at least \d+ times?|at most \d+ times?)"
_LIMIT = r"(?P<limit>under|over|at least|at most|equal to)"
_NUMBER = r"(?P<number>-?\d+(?:\.\d+)?)"
_COMPARISONS = {"under": "<", "over": ">", "at least": ">=", "at most": "<=", "equal to": "=="}
_WORDS = {"no": 0, "one": 1, "two": 2, "three": 3}


def _state(found, device):
    states = STATES.get(device, {})
    text = " ".join(found["state"].split())
    if text not in states:
        raise ValueError(_nearest(text, states, "state"))
    measure, comparison, value = states[text]
    return {"kind": "holds", "measure": measure, "op": comparison, "value": value}


def _quantity(found, device):
    quantities = QUANTITIES.get(device, {})
    if found["quantity"] not in quantities:
        raise ValueError(_nearest(found["quantity"], quantities, "quantity"))
    measure, units = quantities[found["quantity"]]
    if found["unit"] not in units:
        raise ValueError(f"{found['quantity']} is given in {' or '.join(units)}")
    value = round(float(found["number"]) * units[found["unit"]])
    check = {"kind": "holds", "measure": measure, "value": value}
    check["op"] = _COMPARISONS[found["limit"]]
    if found["verb"] == "stays":
        check["at"] = "always"
    return check


def _measure(found, _device):
    check = {"kind": "holds", "measure": found["measure"], "value": int(float(found["number"]))}
    check["op"] = _COMPARISONS[found["limit"]]
    if found["verb"] == "stays":
        check["at"] = "always"
    return check


def _log(found, _device):
    op, value = _often(found["often"])
    return {"kind": "log", "says": found["text"], "op": op, "value": value}


def _event(found, _device):
    op, value = _often(found["often"])
    return {"kind": "event", "event": found["event"], "op": op, "value": value}


def _exactly(found, _device):
    count = found["count"]
    value = _WORDS[count] if count in _WORDS else int(count)
    return {"kind": "event", "event": found["event"], "op": "==", "value": value}


def _order(found, _device):
    return {"kind": "order", "event": found["event"], "then": found["then"]}


def _counter(name):
    return lambda found, _device: {
        "kind": "counter",
        "counter": name,
        "op": "==",
        "value": int(found["number"]),
    }


# pattern as written for people, regular expression, builder, what it says
EXPECTATIONS = (
    (
        "log says 'TEXT' HOW-OFTEN",
        rf"log says '(?P<text>.+)' {_HOW_OFTEN}",
        _log,
        "lines of the device's log that contain TEXT; HOW-OFTEN is once, never, N times, "
        "at least N times or at most N times",
    ),
    (
        "'EVENT' happens HOW-OFTEN",
        rf"'(?P<event>[^']+)' happens {_HOW_OFTEN}",
        _event,
        "how often the world saw EVENT",
    ),
    (
        "exactly N 'EVENT'",
        r"exactly (?P<count>\d+|no|one|two|three) '(?P<event>[^']+)'",
        _exactly,
        "the same, for one number",
    ),
    (
        "'EVENT' comes before 'EVENT'",
        r"'(?P<event>[^']+)' comes before '(?P<then>[^']+)'",
        _order,
        "both happen, the first one first",
    ),
    ("resets N", r"resets (?P<number>\d+)", _counter("resets"), "how often the device restarted"),
    (
        "watchdog bites N",
        r"watchdog bites (?P<number>\d+)",
        _counter("watchdog"),
        "how many of the restarts were the watchdog's",
    ),
    (
        "measure NAME stays|is LIMIT VALUE",
        rf"measure (?P<measure>\w+) (?P<verb>stays|is) {_LIMIT} {_NUMBER}",
        _measure,
        "a measure of the world, a whole number; LIMIT is under, over, at least, at most or "
        "equal to",
    ),
    (
        "QUANTITY stays|is LIMIT VALUE UNIT",
        rf"(?P<quantity>[a-z ]+?) (?P<verb>stays|is) {_LIMIT} {_NUMBER} (?P<unit>\w+)",
        _quantity,
        "a quantity of the world by its own words, such as 'force on obstacle stays under 100 N'",
    ),
    ("STATE", r"(?P<state>[a-z ]+)", _state, "a state of the world, such as 'sash is closed'"),
)

# key beside `that`, what it says; EVENT-OR-TIME is "first drop" or "3 h"
WHEN = (
    ("at", 'a moment ("12 h", an event, "end", "always"); without any of these: "end"'),
    ("before", "the state holds at the moment just before; counts stop there"),
    ("after", "the state holds from then on; counts begin there"),
    ("until", "ends what `after` began"),
    ("within", "with `after`: it is enough that the state is reached in this time"),
)


def parse(entry, device):
    """Return the check of one [[expect]] table for a scenario of `device`.

    Raises ValueError with one sentence if the entry is not understood.
    """
    text = entry.get("that")
    if not isinstance(text, str):
        raise ValueError('an [[expect]] needs that = "..." with what must hold')
    for key in entry:
        if key != "that" and key not in dict(WHEN):
            raise ValueError(_nearest(key, dict(WHEN), "key of [[expect]]"))
    for _, expression, build, _ in EXPECTATIONS:
        found = re.fullmatch(expression, text.strip())
        if found is not None:
            check = build(found, device)
            break
    else:
        raise ValueError(_nearest(text, _known(device), "expectation"))
    check["that"] = text
    _add_when(check, entry)
    return check


def _add_when(check, entry):
    for key in ("at", "before", "after", "until"):
        if key in entry:
            check[key] = anchor(entry[key])
    if "within" in entry:
        check["within_us"] = parse_us(entry["within"])
        if "after" not in entry:
            raise ValueError("`within` counts from `after`: give both")
    moments = [key for key in ("at", "before", "after") if key in entry]
    if "at" in moments and len(moments) > 1:
        raise ValueError("give `at` or `before` and `after`, not both")
    if check["kind"] != "holds" and ("within" in entry or "at" in entry):
        raise ValueError("a count takes `before`, `after` and `until`, not `at` or `within`")
    if check["kind"] in ("counter", "order") and len(entry) > 1:
        raise ValueError(f"{check['that']!r} is over the whole run: it takes no time")


def anchor(text):
    """Return a moment as the player takes it: microseconds if `text` is a time, else an event."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is neither a time nor an event")
    return parse_us(text) if text.strip()[:1].isdigit() else text


def _often(text):
    if text == "once":
        return "==", 1
    if text == "never":
        return "==", 0
    words = text.split()
    if words[0] == "at":
        return (">=" if words[1] == "least" else "<="), int(words[2])
    return "==", int(words[0])


def _known(device):
    quantities = [
        f"{q} stays under 100 {next(iter(QUANTITIES[device][q][1]))}"
        for q in QUANTITIES.get(device, {})
    ]
    return [row[0] for row in EXPECTATIONS] + list(STATES.get(device, {})) + quantities


def _nearest(word, known, what):
    return unknown(word, known, what)


def unknown(word, known, what):
    """Return the one sentence for a word that is not among `known`, with the nearest of them."""
    near = difflib.get_close_matches(word, list(known), 1, 0.4)
    if near:
        return f"{word!r} is no {what}: did you mean {near[0]!r}?"
    return f"{word!r} is no {what}; known are {', '.join(sorted(known))}"


def describe():
    """Return the vocabulary as text for `pinbench sim --help`."""
    lines = ['what [[expect]] may say in that = "..." :']
    for pattern, _, _, says in EXPECTATIONS:
        lines.append(f"  {pattern}\n      {says}")
    lines.append("and when, beside it:")
    for key, says in WHEN:
        lines.append(f"  {key:<8}{says}")
    return "\n".join(lines)


def describe_device(device):
    """Return lines on the states and quantities that a device's expectations may name."""
    lines = []
    if device in STATES:
        lines.append(f"  its states: {', '.join(STATES[device])}")
    if device in QUANTITIES:
        lines.append(f"  its quantities: {', '.join(QUANTITIES[device])}")
    return lines
