"""The ledger's records, as they stand in the journal (little-endian, the kind first).

No record names a person: a member is 8 random bytes, and what the palm reader calls them stands
nowhere here.
"""

import struct

from micropython import const

CHECKPOINT = const(1)
EJECT = const(2)  # written before the solenoid fires
TAKEN = const(3)
VOID = const(4)
RETURNED = const(5)  # and settled, in one record
SOLD = const(6)
PLACED = const(7)
MISSING = const(8)
MARK = const(9)
REFUSED = const(10)
CLOSED = const(11)
EARLY = const(0x80)  # added to the kind
TICK = const(12)  # nothing has happened, but time has passed
NAMES = (
    "", "checkpoint", "eject", "taken", "void", "returned", "sold", "placed", "missing", "mark",
    "refused", "closed", "tick",
)  # fmt: skip

# kind -> (layout behind kind and time, names of the fields)
LAYOUT = {
    EJECT: ("<8sIBB8s8s", ("command", "until_s", "why", "slot", "bank", "member")),
    TAKEN: ("<IBB8s8s", ("ref", "why", "slot", "bank", "member")),
    VOID: ("<IBB", ("ref", "slot", "reason")),
    RETURNED: ("<IB8sBII", ("ref", "slot", "bank", "bad", "cents", "seconds")),
    SOLD: ("<I8sI", ("ref", "bank", "cents")),
    PLACED: ("<B8sB", ("slot", "bank", "bad")),
    MISSING: ("<B8s", ("slot", "bank")),
    MARK: ("<BBB", ("slot", "what", "reason")),
    REFUSED: ("<8sIB", ("command", "until_s", "reason")),
    CLOSED: ("<II", ("ref", "cents")),
    TICK: ("<", ()),
}
_HEAD = "<BI"
_HEAD_BYTES = const(5)
SLOT = "<8sIBBI8sIB8sI"  # bank, since, bad, out, ref, command, until, why, member, at
SLOT_BYTES = const(43)
RENTAL = "<I8s8sI"  # ref, bank, member, since
RENTAL_BYTES = const(24)
ANSWER = "<8sIBBI"  # command, until, reason, slot, ref
ANSWER_BYTES = const(18)
# Acknowledged, checkpoint before this one, seen until, slots, rentals, answers.
COUNTS = "<IIIBBB"
COUNTS_BYTES = const(15)

# Why a slot ejects.
RENT = const(0)
BY_FORCE = const(1)  # an administrator's command: no rental, no charge

# Reasons, of a refusal and of a void.
OK = const(0)
REASONS = (
    "ok", "expired", "clock unknown", "none left", "no such slot", "out of service", "busy",
    "has one", "blocked", "not taken", "jammed", "power cut", "flash", "full", "damaged command",
    "too many attempts", "liveness", "offline limit",
)  # fmt: skip
(
    _, EXPIRED, CLOCK, NONE, NO_SLOT, OUT, BUSY, HAS_ONE, BLOCKED, NOT_TAKEN, JAM, POWER, FLASH,
    FULL, DAMAGED, ATTEMPTS, LIVENESS, OFFLINE_LIMIT,
) = range(18)  # fmt: skip

# What a MARK says: `what`, then its reason, 0 to lift it.
QUARANTINE = const(0)
SERVICE = const(1)
HOT, UNKNOWN_BANK, REPORTED, DUPLICATE = 1, 2, 3, 4
BAD = ("", "hot", "unknown bank", "reported damaged", "id is there twice")
JAMMED, OBJECT = 1, 2
OUTS = ("", "jammed", "wrong object")


def pack(kind, at_s, early, *values):
    """Return the bytes of a record; `early`: the slots were not all looked at since the start."""
    head = struct.pack(_HEAD, kind | EARLY if early else kind, at_s)
    return head + struct.pack(LAYOUT[kind][0], *values)


def unpack(payload):
    """Return (kind, time, values); (0, 0, ()) for what is none of these records."""
    if len(payload) >= _HEAD_BYTES:
        kind, at_s = struct.unpack_from(_HEAD, payload, 0)
        kind &= ~EARLY
        if kind == CHECKPOINT:
            return kind, at_s, ()
        layout = LAYOUT.get(kind)
        if layout and len(payload) == _HEAD_BYTES + struct.calcsize(layout[0]):
            return kind, at_s, struct.unpack_from(layout[0], payload, _HEAD_BYTES)
    return 0, 0, ()
