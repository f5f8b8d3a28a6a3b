"""What is on the device; changes nothing. Executed on the board by the host (VM only).

`feed` is called before every file: the host sets it to the feed of a watchdog that runs.
"""

import hashlib
import json
import os
import sys
from binascii import hexlify

ACTIVE = "/slots/active"
SLOTS = ("a", "b")
_buffer = bytearray(2048)


def feed():
    """Nothing to feed, unless the host says so."""


def read(path):
    """Return the text of a file, None if there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def table(path):
    """Return the JSON object in a file, None if there is none or it is damaged."""
    try:
        found = json.loads(read(path) or "")
        return found if isinstance(found, dict) else None
    except ValueError:
        return None


def folder(slot):
    """Return the folder of a slot."""
    return "/slots/" + slot


def manifest(slot):
    """Return the manifest of a slot, None if it has none: then nothing in it counts."""
    return table(folder(slot) + "/manifest.json")


def digest(path):
    """Return the SHA-256 of a file in hex. Raises OSError."""
    feed()
    sha = hashlib.sha256()
    view = memoryview(_buffer)
    with open(path, "rb") as file:
        while True:
            n = file.readinto(_buffer)
            if not n:
                return hexlify(sha.digest()).decode()
            sha.update(view[:n])


def sizes(top, below=""):
    """Return path -> bytes of all files below the folder `top`, relative to it.

    A listing tells the sizes: asking for each file by its path walks the tree every time.
    """
    found = {}
    try:
        entries = list(os.ilistdir(top + below))
    except OSError:
        return found
    for entry in entries:
        path = below + "/" + entry[0]
        if entry[1] == 0x4000:
            found.update(sizes(top, path))
        else:
            found[path[1:]] = entry[3]
    return found


def files(top):
    """Return the paths of all files below the folder `top`, relative to it."""
    return list(sizes(top))


def hashes(top):
    """Return path -> SHA-256 for all files below the folder `top`, relative to it."""
    return {path: digest(top + "/" + path) for path in files(top)}


def verify(slot):
    """Return the paths in a slot that are missing, changed or stale; None: it has no manifest.

    [] says that every byte is what the manifest says, and that nothing else is there.
    """
    found = manifest(slot)
    return None if found is None else differences(slot, found["files"])


def differences(slot, wanted):
    """As `verify`, against a manifest's `files`."""
    there = hashes(folder(slot))
    there.pop("manifest.json", None)
    wrong = [path for path in wanted if there.get(path) != wanted[path]["sha256"]]
    return sorted(wrong + [path for path in there if path not in wanted])


def whole(slot):
    """True if all files of a slot's manifest are there with their sizes: what the loader asks."""
    found = manifest(slot)
    if found is None:
        return False
    there = sizes(folder(slot))
    for path in found["files"]:
        if there.get(path) != found["files"][path]["bytes"]:
            return False
    return True


def running():
    """Return the slot that the loader would start now, None if there is none."""
    named = (table(ACTIVE) or {}).get("slot")
    for slot in (named,) + SLOTS:
        if slot in SLOTS and whole(slot):
            return slot
    return None


def look():
    """Return what a plan needs, as a dict fit for JSON.

    active: the record of /slots/active or None; running: the slot that starts at a boot, or None;
    ids: slot -> id of its manifest or None; loader: first line of /boot.py or None; main: what
    /main.py begins with (80 characters) or None; top: names in the root; free_bytes; mpy:
    sys.implementation._mpy; machine; release.
    """
    found = os.statvfs("/")
    ids = {}
    for slot in SLOTS:
        ids[slot] = (manifest(slot) or {}).get("id")
    main = read("/main.py")
    loader = read("/boot.py")
    return {
        "active": table(ACTIVE),
        "running": running(),
        "ids": ids,
        "loader": None if loader is None else loader.split("\n")[0],
        "main": None if main is None else main[:80],
        "top": sorted(os.listdir("/")),
        "free_bytes": found[0] * found[3],
        "mpy": getattr(sys.implementation, "_mpy", 0),
        "machine": getattr(sys.implementation, "_machine", ""),
        "release": ".".join([str(part) for part in sys.implementation.version[:3]]),
    }
