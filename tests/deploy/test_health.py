"""What the console's lines say of a switch."""

import pytest

from pinbench.deploy.health import Watch

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "main.py", line 2, in <module>',
    "ImportError: no module named 'window.gone'",
]
CASES = {
    "well": (["slot b: window 0.1, on trial", "well, up 0 s", "slot b: well, on trial"], "well"),
    "a first version, without a trial": (["slot b: window 0.1", "slot b: well, on trial"], "well"),
    "confirmed is well too": (["slot b: window 0.1, on trial", "slot b: confirmed"], "confirmed"),
    "crashes, and is given up": (
        ["slot b: window 0.1, on trial", *TRACEBACK] * 3
        + ["slot a: back, since b was not confirmed"],
        "back",
    ),
    "never reports": (
        ["slot b: window 0.1, on trial", "slot a: back, since b was not confirmed"], "back",
    ),
    "the loader chose the other": (["slot a: window 0.1"], "back"),
    "falls into the REPL": (
        ["slot b: window 0.1", *TRACEBACK, "MicroPython v1.29.0; Pico"], "ended",
    ),
    "comes to its end": (["slot b: window 0.1", "MicroPython v1.29.0; Pico"], "ended"),
    "nothing to start": (["slots: neither holds a whole version"], "ended"),
}  # fmt: skip


@pytest.mark.parametrize("lines, kind", CASES.values(), ids=CASES)
def test_how_it_went(lines, kind):
    watch = Watch("b")
    for line in lines:
        watch.line(line)
    outcome = watch.over(1)
    assert outcome.kind == kind
    assert (outcome.exit_code == 0) == (kind in ("well", "confirmed"))
    if "window.gone" in str(lines):
        assert "ImportError: no module named 'window.gone'" in outcome.text


@pytest.mark.parametrize("lines", [[], ["slot b: window 0.1, on trial"], ["slot b: well"[:7]]])
def test_silence_is_not_health(lines):
    watch = Watch("b")
    for line in lines:
        watch.line(line)
    outcome = watch.over(9)
    assert (outcome.kind, outcome.exit_code) == ("silent", 1)
    assert "9 s" in outcome.text


def test_the_other_slots_health_is_not_this_ones():
    watch = Watch("b")
    watch.line("slot a: well, on trial")
    assert watch.outcome is None


def test_confirmed_is_waited_for_when_asked():
    watch = Watch("b", until="confirmed")
    watch.line("slot b: well, on trial")
    assert watch.outcome is None
    watch.line("slot b: confirmed")
    assert watch.outcome.kind == "confirmed"
