"""A board's settings: read with secrets masked, changed in one step. They survive every flash."""

import json
import tomllib
from pathlib import Path

from pinbench.deploy.link import Link
from pinbench.deploy.snippets import deflate, literal
from pinbench.errors import UsageError

# What marks a name as a secret's, wherever in it. The board masks: no secret crosses the cable.
SECRET_WORDS = ("password", "secret", "token", "key")


def is_secret(name):
    """True for the (dotted) name of a setting that is never shown."""
    return any(word in name.lower() for word in SECRET_WORDS)


def get(port):
    """Return the settings of the board at `port` as a dict, secrets masked."""
    with Link(port) as link:
        link.load("look", "change", "settings")
        found = link.ask(f"masked(table('/settings.json') or {{}}, {SECRET_WORDS!r})")
    return found if isinstance(found, dict) else {}


def change(port, changes):
    """Merge `changes` (nested dicts; None takes a name away) into the board's settings.

    Returns True if what was there was damaged, and is now in /settings.bad.
    """
    text = json.dumps(changes)
    with Link(port) as link:
        link.load("look", "change", "settings")
        packed = literal(deflate(text.encode()))
        return link.ask(b"change(json.loads(inflate(" + packed + b").read()))") is True


def parse(words, ask):
    """Return the changes that words like `hold_min=60` ask for.

    A dotted name goes into a table: `wiring.pins.button=GP21`. A value is JSON where it can be
    (60, true, null), else text. `ask(name)` gives the value of a word without "=". Raises
    UsageError.
    """
    changes = {}
    for word in words:
        name, equals, text = word.partition("=")
        parts = name.split(".")
        if not all(parts):
            raise UsageError(f"{name or word!r} is no name of a setting: write NAME=VALUE")
        value = _value(text if equals else ask(name))
        table = changes
        for part in parts[:-1]:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise UsageError(f"{name} is set twice, once as a table")
        table[parts[-1]] = value
    return changes


def _value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_file(path):
    """Return the settings in a .toml or .json file. Raises UsageError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        found = tomllib.loads(text) if str(path).endswith(".toml") else json.loads(text)
    except FileNotFoundError:
        raise UsageError(f"there is no {path}: name a .toml or a .json file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    except ValueError:  # the parser's words may hold a secret
        kind = "TOML" if str(path).endswith(".toml") else "JSON"
        raise UsageError(f"{path} is not {kind}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} must hold an object, name by name")
    try:
        json.dumps(found)
    except TypeError:
        raise UsageError(f"{path} holds a date or time: write it as a text") from None
    return found


def rows(found, prefix=""):
    """Yield (dotted name, value) of all settings, sorted."""
    for name in sorted(found):
        if isinstance(found[name], dict):
            yield from rows(found[name], f"{prefix}{name}.")
        else:
            yield prefix + name, found[name]
