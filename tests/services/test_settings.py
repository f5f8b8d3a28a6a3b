"""Settings: checked, whole after any power cut, and never loud about a secret."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.simulator.kernel import Halt

PATH = "/settings.json"
MODES = ("before", "prefix", "mix", "after")
names = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8)
plain = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text("abc é", max_size=5)


class Lines(list):
    """Stands for the device's log."""

    line = list.append


def schema(module):
    return {
        "hold_min": module.Integer(60, 1, 1440),
        "mode": module.Choice("balanced", ("calm", "balanced", "eager")),
        "buzzer": module.Flag(True),
        "gain": module.Number(1.0, 0.0, 10.0),
        "password": module.Text("", 63, secret=True),
    }


DEFAULTS = {"hold_min": 60, "mode": "balanced", "buzzer": True, "gain": 1.0, "password": ""}


def settings(bench, stored=None):
    """Return (Settings, its log) on a flash that holds `stored`."""
    module = bench.load("services.settings")
    if stored is not None:
        bench.flash.mounted.install(PATH, stored)
    log = Lines()
    return module.Settings(schema(module), log), log


def values(found):
    return {name: found[name] for name in DEFAULTS}


def test_nothing_stored_means_the_defaults_and_no_word(bench):
    found, log = settings(bench)
    assert values(found) == DEFAULTS
    assert log == []


def test_what_is_set_is_there_after_a_reset(bench):
    found, _ = settings(bench)
    found.set("hold_min", 5)
    found.update({"mode": "eager", "password": "hunter2"})
    bench.boot()
    found, log = settings(bench)
    assert values(found) == DEFAULTS | {"hold_min": 5, "mode": "eager", "password": "hunter2"}
    assert log == []


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("hold_min", 0, "a whole number from 1 to 1440"),
        ("hold_min", True, "a whole number"),
        ("hold_min", 2.0, "a whole number"),
        ("gain", float("nan"), "a number from 0.0 to 10.0"),
        ("gain", True, "a number"),
        ("buzzer", 1, "true or false"),
        ("mode", "wild", "one of calm, balanced, eager"),
        ("mode", ["calm"], "one of"),
        ("password", "x" * 64, "a text of 0 to 63 characters"),
        ("colour", 1, "there is no setting colour"),
    ],
)
def test_what_the_schema_refuses_changes_nothing(bench, name, value, words):
    found, _ = settings(bench)
    with pytest.raises(ValueError, match=words):
        found.update({"hold_min": 7, name: value})
    assert values(found) == DEFAULTS
    assert PATH[1:] not in bench.flash.mounted.names()


def test_a_refused_value_in_the_file_is_one_line_and_its_default(bench):
    stored = json.dumps({"hold_min": -3, "mode": "eager", "gain": "x"})
    found, log = settings(bench, stored)
    assert values(found) == DEFAULTS | {"mode": "eager"}
    assert len(log) == 1
    assert "gain must be a number" in log[0] and "hold_min must be" in log[0]


@pytest.mark.parametrize(
    "stored", [b"", b"{", b"[1]", b"3", b"\xff\xfe{}", b"x" * 9000, b"[" * 5000, b'{"mode": "cal']
)
def test_a_damaged_file_is_put_aside_with_one_line(bench, stored):
    found, log = settings(bench, stored)
    assert values(found) == DEFAULTS
    assert len(log) == 1 and "damaged" in log[0]
    host = bench.flash.mounted
    assert host.read("/settings.bad") == stored
    assert "settings.json" not in host.names()
    bench.boot()
    _, log = settings(bench)
    assert log == []


@given(st.dictionaries(names, plain | st.lists(plain, max_size=3), max_size=5))
def test_unknown_keys_are_kept(bench, unknown):
    for name in DEFAULTS:
        unknown.pop(name, None)
    found, log = settings(bench, json.dumps(unknown))
    found.set("hold_min", 9)
    stored = json.loads(bench.flash.mounted.read(PATH))
    assert stored == DEFAULTS | unknown | {"hold_min": 9}
    assert log == []


def test_a_secret_is_in_no_line_and_no_text(bench):
    found, log = settings(bench, json.dumps({"password": "hunter2"}))
    assert found["password"] == "hunter2"
    assert found.public()["password"] == "***"
    assert "hunter2" not in repr(found) + str(found) + "".join(log)
    with pytest.raises(ValueError) as caught:
        found.set("password", "hunter2" * 20)
    assert "hunter2" not in str(caught.value)
    _, log = settings(bench, json.dumps({"password": ["hunter2"]}))
    assert len(log) == 1 and "hunter2" not in log[0]


def test_a_full_flash_leaves_the_old_values(bench):
    found, _ = settings(bench)
    found.set("hold_min", 5)
    bench.flash.full = True
    with pytest.raises(OSError):
        found.set("hold_min", 6)
    assert found["hold_min"] == 5
    bench.flash.full = False
    assert bench.flash.mounted.names() == ["settings.json"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("password", ["short", "long " * 12])
def test_settings_are_old_or_new_whatever_operation_is_cut(bench, mode, password):
    old = DEFAULTS | {"hold_min": 5, "password": password[::-1]}
    new = old | {"hold_min": 6, "password": password}
    cut = True
    n = 0
    while cut:
        n += 1
        bench.begin()
        found, _ = settings(bench, json.dumps(old))
        bench.flash.cut_at(n, mode, n * 256)
        try:
            found.update(new)
            cut = False
        except Halt:
            bench.kernel.revive()
        bench.boot()
        bench.flash.power_on()
        found, log = settings(bench)
        assert values(found) in ((old, new) if cut else (new,))
        assert log == []
    assert n > 3


@given(st.data())
def test_no_byte_in_the_file_can_stop_the_device(bench, data):
    raw = bytearray(json.dumps(DEFAULTS).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found, log = settings(bench, bytes(raw))
    module = bench.load("services.settings")
    assert all(s.accepts(found[name]) for name, s in schema(module).items())
    assert len(log) <= 1
