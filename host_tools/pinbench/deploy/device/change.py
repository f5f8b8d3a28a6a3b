"""The steps of a flash. Executed on the board by the host, which is sent look.py first (VM only).

    begin(slot, text) -> paths that the host must send
    ... the host writes them to folder(slot) + "/" + path, in any order, whole or not ...
    finish(slot, text)      every byte is read back; the manifest makes the slot count
    switch(slot, id)        one rename
    machine.reset()

Each step may be repeated after a cut, by the same calls from the start. What must not be done is
refused by a ValueError with one sentence, before anything has been changed.
"""

import hashlib
import json
import os
from binascii import hexlify

from look import (
    ACTIVE,
    SLOTS,
    differences,
    feed,
    folder,
    manifest,
    read,
    running,
    table,
    whole,
)


def replace(path, text):
    """Make `path` hold `text`, or leave it as it was: a new file, then one rename (RST-18)."""
    feed()
    new = path + ".new"
    with open(new, "w") as file:
        file.write(text)
    os.rename(new, path)


def make_folder(path):
    """Make a folder, and those above it; nothing if it is there. The host's transfer uses it."""
    at = ""
    for part in path.split("/")[1:]:
        at += "/" + part
        try:
            os.mkdir(at)
        except OSError as error:
            if error.errno != 17:  # EEXIST
                raise


def create(path):
    """Open a new file, in a folder that is made if need be: asking for it first costs more."""
    try:
        return open(path, "wb")
    except OSError:
        make_folder(path[: path.rindex("/")])
        return open(path, "wb")


def begin(slot, text):
    """Prepare the idle slot for the manifest `text`; returns the paths that are to be sent.

    Files of that manifest which are there already are kept, or copied from the other slot; all
    else in the slot is removed, after the manifest that vouched for it.
    """
    record = table(ACTIVE) or {}
    if slot not in SLOTS:
        raise ValueError("there is no slot %s" % slot)
    if slot == running():
        raise ValueError("slot %s runs: it cannot be written" % slot)
    if record.get("state") == "trial" and record.get("previous") == slot:
        raise ValueError("slot %s is what the trial falls back to: roll back, or wait" % slot)
    top = folder(slot)
    make_folder(top)
    wanted = json.loads(text)["files"]
    wrong = differences(slot, wanted)
    if not wrong and read(top + "/manifest.json") == text:
        return []
    _remove(top + "/manifest.json")  # from here on the slot does not count
    _remove(top + "/manifest.json.new")
    for path in wrong:
        _remove(top + "/" + path)
    _prune(top)
    missing = [path for path in wanted if path in wrong]
    other = manifest("b" if slot == "a" else "a")
    if other is not None:
        missing = [p for p in missing if not _copy(slot, p, wanted[p], other["files"].get(p))]
    return missing


def _remove(path):
    feed()
    try:
        os.remove(path)
    except OSError as error:
        if error.errno != 2:  # ENOENT
            raise


def _prune(top):
    """Remove the folders that hold nothing any more."""
    for entry in list(os.ilistdir(top)):
        path = top + "/" + entry[0]
        if entry[1] == 0x4000:
            _prune(path)
            if not os.listdir(path):
                os.rmdir(path)


def _copy(slot, path, wanted, there):
    """Take a file over from the other slot, if its manifest's entry, `there`, is the same."""
    if there != wanted:
        return False
    other = "b" if slot == "a" else "a"
    to = folder(slot) + "/" + path
    sha = hashlib.sha256()  # of what is read here: `finish` reads the copy back
    buffer = bytearray(1024)
    view = memoryview(buffer)
    with open(folder(other) + "/" + path, "rb") as source:
        with create(to) as target:
            while True:
                feed()
                n = source.readinto(buffer)
                if not n:
                    break
                sha.update(view[:n])
                target.write(view[:n])
    return hexlify(sha.digest()).decode() == wanted["sha256"]


def finish(slot, text):
    """Read every file back, and if all are what `text` says, let the slot count."""
    wrong = differences(slot, json.loads(text)["files"])
    if wrong:
        raise ValueError("slot %s is not whole: %s" % (slot, ", ".join(wrong)))
    if read(folder(slot) + "/manifest.json") != text:
        replace(folder(slot) + "/manifest.json", text)


def switch(slot, id, health_s=60, max_tries=3):
    """Make `slot`, which must hold the version `id`, the one that boots next, on trial.

    It has `max_tries` boots, and `health_s` seconds in each, to confirm itself; then the loader
    goes back to the other slot, if that is whole. Repeated after a cut it changes nothing.
    """
    if (manifest(slot) or {}).get("id") != id or not whole(slot):
        raise ValueError("slot %s does not hold the version that is to start" % slot)
    record = table(ACTIVE) or {}
    if record.get("slot") == slot and record.get("id") == id:
        return
    other = "b" if slot == "a" else "a"
    _activate(slot, "trial", other if whole(other) else None, max_tries, health_s)


def rollback():
    """Make the previous version the one that boots next; returns its slot."""
    record = table(ACTIVE) or {}
    slot = record.get("previous")
    if slot not in SLOTS or not whole(slot):
        raise ValueError("there is no version to go back to")
    left = record["slot"] if record["state"] == "confirmed" else None
    _activate(slot, "confirmed", left, record["max_tries"], record["health_s"])
    return slot


def _activate(slot, state, previous, max_tries, health_s):
    record = {
        "slot": slot,
        "state": state,
        "tries": 0,
        "max_tries": max_tries,
        "previous": previous,
        "health_s": health_s,
        "id": (manifest(slot) or {}).get("id"),
    }
    replace(ACTIVE, json.dumps(record))


def put_settings(text):
    """Replace the settings by the JSON object `text`: whole old ones or whole new ones."""
    if not isinstance(json.loads(text), dict):
        raise ValueError("settings must be a JSON object")
    replace("/settings.json", text)


def put_loader(boot, main):
    """Install the loader: /boot.py, then /main.py, each by one rename; returns what was changed.

    An old main.py that pinbench did not write runs until the second rename, with the new boot.py,
    which only defines a function, before it.
    """
    changed = []
    for path, text in (("/boot.py", boot), ("/main.py", main)):
        if read(path) != text:
            compile(text, path, "exec")  # SyntaxError here, rather than at the next boot
            replace(path, text)
            changed.append(path)
    return changed


def remove(paths):
    """Remove files, and the folders that are empty then: what --adopt has copied to the host.

    What is gone already, as after a cut in the middle of this, is passed over.
    """
    for path in paths:
        _remove(path)
        try:
            while path.count("/") > 1:
                path = path[: path.rindex("/")]
                if os.listdir(path):
                    break
                os.rmdir(path)
        except OSError as error:
            if error.errno != 2:  # ENOENT
                raise
