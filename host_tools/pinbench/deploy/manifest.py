"""The manifest of a version: what it is, and the size and SHA-256 of each of its files.

    {"format": 1, "device", "board", "version", "commit", "mpy": [version, architecture],
     "live": false, "files": {path: {"sha256", "bytes"}}, "loader": N, "id"}

`id` is the SHA-256 of the canonical rest, so equal versions have equal ids, whoever builds them.
"""

import hashlib
import json

from pinbench.errors import PinbenchError

FORMAT = 1
_TYPES = {
    "format": int,
    "device": str,
    "board": str,
    "version": str,
    "commit": str,
    "mpy": list,
    "live": bool,
    "files": dict,
    "loader": int,
    "id": str,
}


def canonical(table):
    """Return the one text of a table: sorted keys, no spaces, ASCII."""
    return json.dumps(table, sort_keys=True, separators=(",", ":"))


def identify(table):
    """Return the id of a manifest, its own "id" left out."""
    rest = {key: value for key, value in table.items() if key != "id"}
    return hashlib.sha256(canonical(rest).encode()).hexdigest()


def describe(data):
    """Return the entry of a file."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def make(files, **about):
    """Return the manifest of `files` (path -> bytes); `about` gives the other keys but the id."""
    table = {"format": FORMAT, "files": {path: describe(files[path]) for path in files}, **about}
    table["id"] = identify(table)
    return check(table)


def check(table):
    """Return `table` if it is a whole manifest that vouches for itself; raises PinbenchError."""
    if not isinstance(table, dict):
        raise PinbenchError("the manifest is no JSON object")
    for key, kind in _TYPES.items():
        if type(table.get(key)) is not kind:
            raise PinbenchError(f"the manifest has no {key}, or one of a wrong kind")
    if table["format"] != FORMAT:
        raise PinbenchError(
            f"the manifest has format {table['format']}, this pinbench knows {FORMAT}"
        )
    for path, entry in table["files"].items():
        parts = path.split("/")
        sound = isinstance(entry, dict) and "" not in parts and ".." not in parts
        if not (sound and _is_digest(entry.get("sha256")) and type(entry.get("bytes")) is int):
            raise PinbenchError(f"the manifest's entry of {path!r} is wrong")
    if table["id"] != identify(table):
        raise PinbenchError("the manifest does not have the id that its contents give")
    return table


def _is_digest(text):
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")
