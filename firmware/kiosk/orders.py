"""What the network may ask, as plain dicts, and what it is answered; and the records as messages.

Ids of commands, banks and members are 16 hexadecimal digits. Times are Unix seconds.

    {"do": "rent", "id": ID, "until": TIME, "member": ID [, "slot": N]}   eject, and charge
    {"do": "force", "id": ID, "until": TIME, "slot": N}   eject for an administrator, no charge
    {"do": "ack", "seq": N}                 every message up to N has arrived
    {"do": "time", "unix": TIME}            what time it is
    {"do": "closed", "ref": N, "cents": N}  a rental ended at another cabinet
    {"do": "admit", "slot": N}              the bank in the slot is one of ours, and sound
    {"do": "quarantine", "slot": N}         it is reported damaged
    {"do": "service", "slot": N, "on": true or false}     a slot goes into or out of service
    {"do": "door", "open": true or false}   somebody who may is about to open the door
    {"do": "forget", "member": ID}          delete the palm when no bank is out
    {"do": "consent"}                       the person in front agrees, on the own telephone
    {"do": "block", "member": ID, "on": true or false}

The answer has "do", "id" if there was one, and "result": a word of records.REASONS.
"""

import binascii

from kiosk import records as r
from kiosk.clock import EPOCH_UNIX_S

_BYTES = ("command", "bank", "member")


def message(sequence, payload):
    """Return a record as the dict that the operator gets, or None for what is no record."""
    kind, at_s, values = r.unpack(payload)
    if not kind or kind == r.CHECKPOINT:
        return None
    out = {"seq": sequence, "is": r.NAMES[kind], "at": at_s + EPOCH_UNIX_S}
    for name, value in zip(r.LAYOUT[kind][1], values):
        out[name] = text(value) if name in _BYTES else value
    if "until_s" in out:
        until_s = out.pop("until_s")
        out["until"] = until_s + EPOCH_UNIX_S if until_s else 0
    if kind == r.VOID:
        out["reason"] = r.REASONS[out["reason"]]
    return out


def text(rom):
    """Return 8 bytes as 16 hexadecimal digits."""
    return binascii.hexlify(rom).decode()


def identity(order, key):
    """Return the 8 bytes of an id; ValueError if it is none."""
    value = order.get(key)
    if not isinstance(value, str) or len(value) != 16:
        raise ValueError(key)
    return binascii.unhexlify(value)


def whole(order, key, low, high):
    """Return a whole number; ValueError if it is none, or out of range."""
    value = order.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(key)
    return value


def flag(order, key):
    """Return True or False; ValueError for anything else."""
    value = order.get(key)
    if not isinstance(value, bool):
        raise ValueError(key)
    return value
