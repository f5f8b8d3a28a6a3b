"""The rental as a table: who may do what next, from the palm to the bill.

One machine runs for the desk (the person in front of the cabinet, or a command from the network)
and one for each slot (a thing that is put into it). What lasts, RENTED and LOST, the ledger keeps
between the two.
"""

# fmt: off
(
    IDLE, IDENTIFY, AUTHORISE, OFFLINE_QUEUED, SELECT_SLOT, EJECTING, FORCED_EJECT, TAKEN,
    NOT_TAKEN, RENTED, LOST, RETURN_DETECTED, VERIFY, LOCKED, SETTLE, QUARANTINED,
) = range(16)
STATES = (
    "idle", "identify", "authorise", "offline queued", "select slot", "ejecting", "forced eject",
    "taken", "not taken", "rented", "lost", "return detected", "verify", "locked", "settle",
    "quarantined",
)
# The desk's events, then those of a rental, then those of a slot.
(
    PRESENTED, COMMAND, FORCED, KNOWN, STRANGER, REJECTED, GRANTED, OFFLINE, DENIED, CHOSEN,
    NONE_LEFT, GONE, KEPT, JAMMED, RECORDED, DEPOSIT_REACHED,
    INSERTED, READ, UNREADABLE, REMOVED, SOUND, SUSPECT, SHUT, RELEASED,
) = range(24)
EVENTS = (
    "presented", "command", "forced", "known", "stranger", "rejected", "granted", "offline",
    "denied", "chosen", "none left", "gone", "kept", "jammed", "recorded", "deposit reached",
    "inserted", "read", "unreadable", "removed", "sound", "suspect", "shut", "released",
)
# fmt: on

# state, event -> next state, what is done on the way.
TABLE = {
    # The desk.
    (IDLE, PRESENTED): (IDENTIFY, None),
    (IDLE, COMMAND): (AUTHORISE, None),
    (IDLE, FORCED): (FORCED_EJECT, None),
    (IDENTIFY, KNOWN): (AUTHORISE, None),
    (IDENTIFY, STRANGER): (IDLE, "offer"),
    (IDENTIFY, REJECTED): (IDLE, "turn_away"),
    (AUTHORISE, GRANTED): (SELECT_SLOT, None),
    (AUTHORISE, OFFLINE): (OFFLINE_QUEUED, None),
    (AUTHORISE, DENIED): (IDLE, "turn_away"),
    (OFFLINE_QUEUED, GRANTED): (SELECT_SLOT, None),
    (OFFLINE_QUEUED, DENIED): (IDLE, "turn_away"),
    (SELECT_SLOT, CHOSEN): (EJECTING, "eject"),
    (SELECT_SLOT, NONE_LEFT): (IDLE, "turn_away"),
    (FORCED_EJECT, CHOSEN): (EJECTING, "eject"),
    (FORCED_EJECT, DENIED): (IDLE, "turn_away"),
    # The eject was written, and the solenoid fired once or more. GONE is the only way to a charge.
    (EJECTING, GONE): (TAKEN, "charge"),
    (EJECTING, KEPT): (NOT_TAKEN, "void"),
    (EJECTING, JAMMED): (NOT_TAKEN, "void"),
    (TAKEN, RECORDED): (RENTED, "wave"),
    (NOT_TAKEN, RECORDED): (IDLE, "regret"),
    (NOT_TAKEN, JAMMED): (SELECT_SLOT, None),  # the member gets another slot, by a new eject
    # A rental, for as long as the ledger holds it: the desk goes on with a machine of its own.
    (RENTED, DEPOSIT_REACHED): (LOST, "sell"),
    # A slot.
    (IDLE, INSERTED): (RETURN_DETECTED, "read_id"),
    (RETURN_DETECTED, READ): (VERIFY, None),
    (RETURN_DETECTED, UNREADABLE): (QUARANTINED, "refuse"),
    (RETURN_DETECTED, REMOVED): (IDLE, None),
    (VERIFY, SOUND): (LOCKED, None),
    (VERIFY, SUSPECT): (LOCKED, None),  # the customer has returned it all the same
    (VERIFY, REMOVED): (IDLE, None),
    # Not before the gate is shut over it: until then it can be pulled out again.
    (LOCKED, SHUT): (SETTLE, "settle"),
    (LOCKED, REMOVED): (IDLE, None),
    (SETTLE, RECORDED): (IDLE, "thank"),
    (SETTLE, SUSPECT): (QUARANTINED, "quarantine"),
    (SETTLE, REMOVED): (IDLE, None),  # before it was on flash
    (QUARANTINED, REMOVED): (IDLE, None),
    (QUARANTINED, RELEASED): (IDLE, None),
}


class Machine:
    """One transaction. `take(event)` returns the action of the row, or None."""

    def __init__(self, state=IDLE):
        self.state = state

    def take(self, event):
        """Go on; ValueError if the table has no row, which is a mistake of the caller."""
        row = TABLE.get((self.state, event))
        if row is None:
            raise ValueError("%s in state %s" % (EVENTS[event], STATES[self.state]))
        self.state = row[0]
        return row[1]
