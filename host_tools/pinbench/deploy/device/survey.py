"""Everything that the host's plan asks of a board, in one answer (VM only; look.py goes first)."""

import os

from look import SLOTS, digest, folder, look, sizes, table, verify


def survey(block):
    """Return `look` and more, as a dict fit for JSON; changes nothing.

    bad: what `verify` finds in the slot that runs; shas: of its manifest, /boot.py and /main.py,
    None where there is none; blocks: slot -> blocks of `block` bytes that its files take; wiring:
    the settings' overrides; version: of MicroPython as os.uname tells it; strange: files that are
    neither in a slot nor in the journal, as [path, bytes].
    """
    found = look()
    slot = found["running"]
    found["bad"] = verify(slot) if slot else None
    paths = (folder(slot or "") + "/manifest.json", "/boot.py", "/main.py")
    found["shas"] = [_digest(path) for path in paths]
    found["blocks"] = {}
    for slot in SLOTS:
        there = sizes(folder(slot))
        found["blocks"][slot] = sum([-(-there[path] // block) for path in there])
    found["wiring"] = (table("/settings.json") or {}).get("wiring")
    found["version"] = os.uname().version
    found["strange"] = strange = []
    for entry in os.ilistdir("/"):
        path = "/" + entry[0]
        if entry[1] != 0x4000:
            if path != "/boot.py" or not _comments_only(path):
                strange.append((path, entry[3]))
        elif entry[0] not in ("slots", "journal"):
            there = sizes(path)
            strange += [(path + "/" + name, there[name]) for name in there]
    return found


def _digest(path):
    try:
        return digest(path)
    except OSError:
        return None


def _comments_only(path):
    """True if a file does nothing, as the boot.py of a fresh ESP32: every line is a comment."""
    with open(path) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                return False
    return True
