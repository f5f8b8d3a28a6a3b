"""The settings: read with secrets masked, changed as a whole (VM only; after change.py)."""

import json
import os

from change import put_settings
from look import table

_PATH = "/settings.json"
_MOST = 8192  # services.settings takes a larger file for a damaged one
MASK = "********"


def masked(value, words):
    """Return a copy of `value` in which everything under a name with one of `words` is MASK."""
    if not isinstance(value, dict):
        return value
    out = {}
    for name in value:
        secret = [word for word in words if word in name.lower()]
        out[name] = MASK if secret and value[name] != "" else masked(value[name], words)
    return out


def change(changes):
    """Merge `changes` into the settings; None takes a name away. One rename.

    A file that is no JSON object is put aside as /settings.bad first; returns True if it was.
    """
    now = table(_PATH)
    text = json.dumps(_merged(now or {}, changes))
    if len(text) > _MOST:
        raise ValueError("the settings would have %d bytes, %d are allowed" % (len(text), _MOST))
    damaged = now is None and _PATH[1:] in os.listdir("/")
    if damaged:
        os.rename(_PATH, "/settings.bad")
    put_settings(text)
    return damaged


def _merged(old, changes):
    new = dict(old)
    for name in changes:
        value = changes[name]
        if value is None:
            new.pop(name, None)
        elif isinstance(value, dict):
            there = new.get(name)
            new[name] = _merged(there if isinstance(there, dict) else {}, value)
        else:
            new[name] = value
    return new
