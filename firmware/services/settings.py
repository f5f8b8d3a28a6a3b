"""The device's settings: a JSON object in /settings.json, checked against a declared schema.

    SCHEMA = {
        "hold_min": Integer(60, 1, 1440),
        "setting": Choice("balanced", ("calm", "balanced", "eager")),
        "wifi_password": Text("", 63, secret=True),
    }
    settings = Settings(SCHEMA, log)
    settings["hold_min"]

A write is whole or did not happen: a new file is written and closed, then renamed over the old
one, which littlefs does in one commit. Keys that the schema does not know are kept, since a newer
or older version of the firmware may know them. No secret is ever printed.
"""

import json
import os

from services.atomic import write_atomic
from services.log import describe

PATH = "/settings.json"
MAX_BYTES = 8192  # a larger file is damaged, not settings


class Integer:
    """A whole number from `low` to `high`."""

    def __init__(self, default, low, high, secret=False):
        self.default = default
        self.secret = secret
        self._low = low
        self._high = high

    def accepts(self, value):
        """True if `value` may be stored."""
        is_int = isinstance(value, int) and not isinstance(value, bool)
        return is_int and self._low <= value <= self._high

    def wants(self):
        """Say in words what is accepted."""
        return "a whole number from %d to %d" % (self._low, self._high)


class Number:
    """A number from `low` to `high`; single precision on a board, so prefer scaled integers."""

    def __init__(self, default, low, high, secret=False):
        self.default = default
        self.secret = secret
        self._low = low
        self._high = high

    def accepts(self, value):
        """True if `value` may be stored."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and self._low <= value <= self._high

    def wants(self):
        """Say in words what is accepted."""
        return "a number from %s to %s" % (self._low, self._high)


class Flag:
    """true or false."""

    def __init__(self, default, secret=False):
        self.default = default
        self.secret = secret

    def accepts(self, value):
        """True if `value` may be stored."""
        return isinstance(value, bool)

    def wants(self):
        """Say in words what is accepted."""
        return "true or false"


class Text:
    """A string of `low` to `high` characters."""

    def __init__(self, default, high, low=0, secret=False):
        self.default = default
        self.secret = secret
        self._low = low
        self._high = high

    def accepts(self, value):
        """True if `value` may be stored."""
        return isinstance(value, str) and self._low <= len(value) <= self._high

    def wants(self):
        """Say in words what is accepted."""
        return "a text of %d to %d characters" % (self._low, self._high)


class Choice:
    """One of `values`, which are strings."""

    def __init__(self, default, values, secret=False):
        self.default = default
        self.secret = secret
        self._values = values

    def accepts(self, value):
        """True if `value` may be stored."""
        return isinstance(value, str) and value in self._values

    def wants(self):
        """Say in words what is accepted."""
        return "one of " + ", ".join(self._values)


class Settings:
    """`schema` is a dict name -> Integer, Number, Flag, Text or Choice; `log` a services.log.Log.

    Reads the file at once and never raises for what stands in it: a file that is no JSON object is
    put aside as settings.bad and the defaults hold; a value that the schema refuses is replaced by
    its default. Either is one line in the log.
    """

    def __init__(self, schema, log, path=PATH):
        self._schema = schema
        self._log = log
        self._path = path
        self._values = {}
        self._unknown = {}
        for name in schema:
            self._values[name] = schema[name].default
        self._load()

    def __getitem__(self, name):
        return self._values[name]

    def set(self, name, value):
        """Change one setting and store it; see `update`."""
        self.update({name: value})

    def update(self, changes):
        """Change several settings, all or none, and store them.

        Raises ValueError, in one sentence, for an unknown name or a value that the schema refuses;
        OSError if the flash refuses: then the values are the old ones.
        """
        for name in sorted(changes):
            if name not in self._schema:
                raise ValueError("there is no setting %s" % name)
            if not self._schema[name].accepts(changes[name]):
                raise ValueError("%s must be %s" % (name, self._schema[name].wants()))
        new = dict(self._values)
        new.update(changes)
        write_atomic(self._path, self._text(new))
        self._values = new

    def public(self):
        """Return a dict that may be shown: `***` stands for a secret that is set."""
        out = {}
        for name in self._schema:
            value = self._values[name]
            out[name] = "***" if self._schema[name].secret and value else value
        return out

    def __repr__(self):
        return "Settings(%s)" % _object(self.public())

    def _text(self, values):
        merged = dict(self._unknown)
        merged.update(values)
        return _object(merged) + "\n"

    def _load(self):
        found = self._read()
        if found is None:
            return
        refused = []
        for name in found:
            if name not in self._schema:
                self._unknown[name] = found[name]
            elif self._schema[name].accepts(found[name]):
                self._values[name] = found[name]
            else:
                refused.append("%s must be %s" % (name, self._schema[name].wants()))
        if refused:
            text = "settings: %s; the default holds"
            self._log.line(text % ", ".join(sorted(refused)))

    def _read(self):
        try:
            if os.stat(self._path)[6] > MAX_BYTES:
                return self._put_aside("too long")
            with open(self._path) as file:
                found = json.loads(file.read())
        except OSError as error:
            if error.errno != 2:  # ENOENT: nothing was ever set
                self._log.line("settings: %s; the defaults hold" % describe(error))
            return None
        except (ValueError, RuntimeError, MemoryError):  # RuntimeError: nested too deeply
            return self._put_aside("no JSON")
        if not isinstance(found, dict):
            return self._put_aside("no JSON object")
        return found

    def _put_aside(self, why):
        path = self._path
        aside = (path[:-5] if path.endswith(".json") else path) + ".bad"
        text = "settings: damaged (%s), kept as %s; the defaults hold" % (why, aside)
        try:
            os.rename(path, aside)
        except OSError as error:
            text += " (%s)" % describe(error)
        self._log.line(text)
        return None


def _object(values):
    # Sorted, because the order of a dict differs from one interpreter to the next.
    parts = ["%s: %s" % (json.dumps(name), json.dumps(values[name])) for name in sorted(values)]
    return "{" + ", ".join(parts) + "}"
