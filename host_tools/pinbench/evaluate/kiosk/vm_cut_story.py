"""The device's side of cut_story.py: the kiosk's core, with the cabinet as plain data.

It is executed once at the beginning of a life; the host then calls the functions. Each prints one
line of JSON. What the core wants done the host does, or does not, if the power has gone.
"""

import binascii
import json

from kiosk.clock import Clock
from kiosk.core import Kiosk
from kiosk.ledger import Ledger
from kiosk.members import Members
from kiosk.tariff import Tariff
from services.journal import Journal

core = None  # of this life


def start(unix_s):
    """The supply comes on; `unix_s` is what the real-time clock says."""
    global core
    clock = Clock()
    journal = Journal("/ledger", 4096, 64)
    ledger = Ledger(journal, clock)
    clock.start(unix_s)
    core = Kiosk(ledger, Tariff(), Members(), lambda: b"\x05token" + bytes(2))
    core.online = True
    for place in core.custody.places:
        place.temp_dc = 250
    print(json.dumps({"damaged": journal.damaged}))


def order(order):
    """The network asks for something."""
    _tell(core.command(order))


def pulsed():
    """The solenoid was driven."""
    core.pulsed(True)
    _tell(None)


def run(steps, step_ms, present, shut, ids):
    """Let time pass; ends early at an eject. ids: of what stands in the slots, in hexadecimal."""
    done = 0
    while done < steps and not core.actions:
        done += 1
        core.step(step_ms, present, shut)
        number = core.custody.wants_id()
        while number >= 0:
            core.custody.identified(number, binascii.unhexlify(ids[number]))
            number = core.custody.wants_id()
        core.actions = [each for each in core.actions if each[0] == "eject"]
    _tell(done)


def state():
    """Tell what the ledger says: banks of the slots, and those that are rented."""
    ledger = core.ledger
    _tell(
        {
            "slots": [_hex(slot.bank) for slot in ledger.slots],
            "open": [slot.ref for slot in ledger.slots],
            "rented": sorted([_hex(ledger.rentals[ref][0]) for ref in ledger.rentals]),
        }
    )


def _hex(rom):
    return binascii.hexlify(rom).decode() if rom else ""


def _tell(answer):
    ejects = [(number, ref) for name, number, ref in core.actions if name == "eject"]
    core.actions = []
    print(json.dumps((answer, ejects)))
