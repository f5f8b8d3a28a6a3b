"""Which of the two slots this version runs from, and its word that it is well.

A version that has just been flashed is on trial: the loader (boot.py) counts its boots and sets it
a time, and goes back to the old version unless `confirm` comes first.
"""

import asyncio
import json
import sys

from services.atomic import write_atomic
from services.log import describe

ACTIVE = "/slots/active"
WELL_S = 20  # how long a device must have been well, without a break, to be believed


def running():
    """Return "a" or "b", None if the firmware was not started from a slot (on the bench)."""
    for path in sys.path:
        if path.startswith("/slots/"):
            return path[7:]
    return None


def trial():
    """Return the record of the trial that this version is on, None if it is on none."""
    slot = running()
    if slot is None:
        return None
    try:
        with open(ACTIVE) as file:
            record = json.loads(file.read())
        on_trial = record["slot"] == slot and record["state"] == "trial"
        return record if on_trial else None
    except (OSError, ValueError, TypeError, KeyError):  # nothing that could be confirmed
        return None


def confirm():
    """Keep this version; nothing if it is not on trial. Raises OSError: then it still is.

    One flash write and one rename, half a second at worst in which no interrupt comes (SCH-11).
    """
    record = trial()
    if record is not None:
        record["state"] = "confirmed"
        record["tries"] = 0
        write_atomic(ACTIVE, json.dumps(record))


async def confirm_when_well(health, log, may_write, well_s=WELL_S):
    """Confirm a version on trial once `health.well` has held for `well_s`; ends then.

    Ends at once if there is no trial. `may_write()` tells when the flash may be written: while
    nothing moves, while nothing is armed. Its lines are what the host waits for after a flash.
    """
    if trial() is None:
        return
    well = 0
    pause_ms = 300  # the host waits for the first report; then it is looked at every second
    while True:
        await asyncio.sleep_ms(pause_ms)
        pause_ms = 1000
        well = well + 1 if health.well else 0
        if well == 1:
            log.line("slot %s: well, on trial" % running())
        if well > well_s and may_write():  # so long since it was first seen to be well
            try:
                confirm()
                log.line("slot %s: confirmed" % running())
                return
            except OSError as error:
                log.fault("slots", "slot %s: not confirmed, %s" % (running(), describe(error)))
