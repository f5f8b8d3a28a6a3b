"""Settings on the command line: what is said, what is asked for, what is never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.deploy import settings, snippets
from pinbench.errors import UsageError


def never(name):
    raise AssertionError(f"asked for {name}")


@pytest.mark.parametrize(
    "words, expected",
    [
        (["hold_min=60"], {"hold_min": 60}),
        (["on=true", "off=null"], {"on": True, "off": None}),
        (["name=the attic"], {"name": "the attic"}),
        (['pin="0042"'], {"pin": "0042"}),
        (["url=mqtt://a?b=c"], {"url": "mqtt://a?b=c"}),
        (["empty="], {"empty": ""}),
        (
            ["wiring.pins.button=GP21", "wiring.pins.led=GP3"],
            {"wiring": {"pins": {"button": "GP21", "led": "GP3"}}},
        ),
    ],
)
def test_what_is_said_is_meant(words, expected):
    assert settings.parse(words, never) == expected


@pytest.mark.parametrize("words", [["=1"], ["a..b=1"], [".a=1"], ["a=1", "a.b=2"]])
def test_what_is_no_setting_is_refused(words):
    with pytest.raises(UsageError):
        settings.parse(words, never)


def test_a_name_alone_is_asked_for():
    assert settings.parse(["wifi_password"], lambda name: "s3") == {"wifi_password": "s3"}


@pytest.mark.parametrize("name", ["wifi_password", "mqtt.TOKEN", "api_key", "client_secret"])
def test_these_are_secrets(name):
    assert settings.is_secret(name)


@pytest.mark.parametrize("text", ['{"wifi_password": "hunter2"', "[1]", "nonsense hunter2"])
def test_a_file_that_cannot_be_read_is_refused_without_its_words(tmp_path, text):
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        settings.read_file(str(path))
    assert "hunter2" not in str(error.value)


def test_toml_and_json_say_the_same(tmp_path):
    (tmp_path / "s.toml").write_text('hold_min = 5\n[mqtt]\nhost = "h"\n')
    (tmp_path / "s.json").write_text('{"hold_min": 5, "mqtt": {"host": "h"}}')
    found = settings.read_file(str(tmp_path / "s.toml"))
    assert found == settings.read_file(str(tmp_path / "s.json"))
    assert list(settings.rows(found)) == [("hold_min", 5), ("mqtt.host", "h")]
    (tmp_path / "d.toml").write_text("when = 2026-01-01\n")
    with pytest.raises(UsageError, match="date"):
        settings.read_file(str(tmp_path / "d.toml"))


TREES = st.recursive(
    st.integers() | st.text(max_size=4),
    lambda inner: st.dictionaries(st.text("abpasswordkey_", min_size=1, max_size=9), inner),
    max_leaves=8,
).filter(lambda tree: isinstance(tree, dict))


@given(tree=TREES)
def test_the_boards_mask_leaves_no_secret_and_all_else(tree):
    """device/settings.py's `masked`, the same source that the board runs."""
    names = {}
    exec(snippets.source("settings"), names)
    check_masked(names["masked"](tree, settings.SECRET_WORDS), tree)


def check_masked(masked, tree):
    assert set(masked) == set(tree)
    for name, value in tree.items():
        if settings.is_secret(name):
            assert masked[name] == ("" if value == "" else "********")
        elif isinstance(value, dict):
            check_masked(masked[name], value)
        else:
            assert masked[name] == value
