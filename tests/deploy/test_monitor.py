"""A board's lines, decoded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.deploy import monitor


@pytest.mark.parametrize(
    "text, kind",
    [
        ("slot b: window 0.1.0, on trial", "slot"),
        ("slots: neither holds a whole version", "slot"),
        ("Traceback (most recent call last):", "error"),
        ('  File "main.py", line 2, in <module>', "error"),
        ("ImportError: no module named 'x'", "error"),
        ("motor: silent for 8001 ms; safe state, waiting for the watchdog", "error"),
        ("RG-15 does not answer: rain is assumed", "warning"),
        ("weather: RAIN", "text"),
        ("MicroPython v1.29.0; Raspberry Pi Pico W", "prompt"),
    ],
)
def test_lines_are_told_apart(text, kind):
    assert [(line.text, line.kind) for line in monitor.decode(text)] == [(text, kind)]


@given(text=st.text())
def test_no_line_can_change_the_terminal(text):
    for line in monitor.decode(text):
        assert line.text.replace("\t", " ").isprintable()


def test_a_record_is_shown_by_its_decoder(monkeypatch):
    monkeypatch.setitem(monitor.DECODERS, "=BB ", lambda text: [text[4:], "second"])
    assert [line.text for line in monitor.decode("=BB first")] == ["first", "second"]
