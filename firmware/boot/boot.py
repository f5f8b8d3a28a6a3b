# pinbench loader 1
"""The slot loader: starts one of two whole versions, and goes back if the new one is not well.

boot.py only defines `start`; main.py calls it. So the raw REPL, which runs boot.py at a soft reset
but not main.py, is reached without starting or counting anything. Nothing of a slot is imported
before its trial is counted, and whatever it raises ends in a reset or in the REPL.
"""

import gc
import json
import os
import sys
import time

import machine

_ACTIVE = "/slots/active"
_deadline = None  # a timer that nothing refers to would be collected, and so stopped


def _table(path):
    try:
        with open(path) as file:
            found = json.loads(file.read())
        return found if isinstance(found, dict) else {}
    except Exception:  # none, damaged, or more than the heap holds
        return {}


def _whole(slot):
    """Return (device, version, id) of a slot whose files are all there, else None."""
    found = _table("/slots/%s/manifest.json" % slot)
    try:
        sizes = {}  # of each folder: a listing is much quicker than asking for each file
        for path in found["files"]:
            folder, _, name = path.rpartition("/")
            if folder not in sizes:
                entries = os.ilistdir("/slots/%s/%s" % (slot, folder))
                sizes[folder] = {entry[0]: entry[-1] for entry in entries}  # size: last
            if sizes[folder][name] != found["files"][path]["bytes"]:
                return None
        return found["device"], found["version"], found["id"]
    except Exception:  # a file is missing, or this is no manifest
        return None


def _store(record):
    """Replace the record in one step (RST-18); False if the flash refuses."""
    try:
        with open(_ACTIVE + ".new", "w") as file:
            file.write(json.dumps(record))
        os.rename(_ACTIVE + ".new", _ACTIVE)
        return True
    except OSError as error:
        print("slots: %s" % error)
        return False


def _count(record):
    """Count one more boot of a trial; False if it has had them all, or can't be counted."""
    tries = record.get("tries")
    if not isinstance(tries, int) or tries >= record.get("max_tries", 3):
        return False
    record["tries"] = tries + 1
    return _store(record)


def _go_back(record):
    """Make the previous slot the one that starts; should this fail, the count will do it."""
    slot = record["previous"]
    print("slot %s: back, since %s was not confirmed" % (slot, record["slot"]))
    back = dict(record, slot=slot, state="confirmed", tries=0, previous=None)
    back["failed"] = record.get("id")
    back["id"] = _whole(slot)[2]
    _store(back)


def _watch(record):
    """Give the trial its time, whatever it does: a timer ends it from outside."""
    global _deadline

    def late(_):
        if _table(_ACTIVE).get("state") == "trial":
            _go_back(record)
            machine.reset()

    period_ms = record.get("health_s", 60) * 1000
    _deadline = machine.Timer(-1)
    _deadline.init(mode=machine.Timer.ONE_SHOT, period=period_ms, callback=late)


def start():
    """Start the version that is due; main.py's only line."""
    record = _table(_ACTIVE)
    slot, previous = record.get("slot"), record.get("previous")
    found = _whole(slot)
    trial = found is not None and record.get("state") == "trial" and _whole(previous) is not None
    if trial and not _count(record):
        _go_back(record)
        found, trial = None, False
    if found is None:
        for slot in (previous, "a", "b"):
            found = _whole(slot)
            if found is not None:
                break
        else:
            print("slots: neither holds a whole version")
            return
    print("slot %s: %s %s%s" % (slot, found[0], found[1], ", on trial" if trial else ""))
    sys.path.insert(0, "/slots/%s" % slot)
    gc.collect()
    try:
        if trial:
            _watch(record)
        __import__(found[0] + ".main")
    except Exception as error:
        if not trial:
            raise  # into the REPL, as from any main.py
        sys.print_exception(error)
        time.sleep_ms(500)  # for whoever reads it
        machine.reset()
