"""The ledger: where every bank is, who has it, and what every command was answered.

Each change is one record, on flash before anything acts on it; the state is nothing but the
records read again, so a reset loses none of it. What the record of an eject leaves open (was it
taken before the power went?) the switches of the slots answer: see custody.py.

Every few kilobytes the state is written whole, as a checkpoint; two are kept, so that damage to
one loses nothing. The records double as the messages to the operator: they stay until the network
has acknowledged them.
"""

import struct

from micropython import const

from kiosk import records as r

NOBODY = bytes(8)
SLOTS = const(8)
# Of no interest to the operator.
_SILENT = (r.CHECKPOINT, r.TICK)
_TICK_S = const(600)
_RECENT = const(8)
_HEAD_BYTES = const(5)
_OVERHEAD = const(11)  # bytes that the journal adds to a record
_CHECKPOINT_EVERY = const(8192)
_RESERVE = const(24576)  # bytes that are kept for returns when the journal fills up
_MOST_RENTALS = const(96)  # with the answers, what a checkpoint of one segment holds
_MOST_ANSWERS = const(48)


class Slot:
    """What the ledger knows of a slot. bank: 8 bytes or None; ref: of the eject that is open."""

    def __init__(self):
        self.bank = None
        self.since_s = 0  # it is charged since
        self.bad = 0  # reason of the quarantine of what is in it
        self.out = 0  # reason why it is out of service
        self.close()

    def close(self):
        """No eject is open."""
        self.ref = self.why = self.until_s = self.at_s = 0
        self.command = self.member = NOBODY


class Ledger:
    """`journal` is a services.journal.Journal, `clock` has now_s.

    Every method that records raises OSError if the flash refuses; nothing has changed then.
    slots: of Slot. rentals: ref -> (bank, member, since_s).
    """

    def __init__(self, journal, clock):
        self.clock = clock
        self.journal = journal
        self.slots = [Slot() for _ in range(SLOTS)]
        self.rentals = {}
        self.acked = 0  # the operator has every record up to this
        self.last_s = 0  # time of the last record
        self.seen_s = 0  # the same, while the slots were in sight: a later return came later
        self.early = True  # set to False when all slots have been looked at since the start
        self._answers = {}  # command -> (until_s, reason, slot, ref)
        self._checkpoints = [0, 0]  # sequence of the one before the last, and of the last
        self._since = 0  # bytes since the last
        self._recent = []  # (sequence, payload) of the last records, to spare the flash
        self._recover()

    # -- what others ask

    @property
    def empty(self):
        """True at the very first start."""
        return not self.journal.last

    def where(self, bank):
        """Return the number of the slot that holds `bank`, or -1."""
        for number in range(SLOTS):
            if self.slots[number].bank == bank:
                return number
        return -1

    def rental_of(self, bank):
        """Return the ref of the rental of a bank, 0 if it is not rented from here."""
        for ref in self.rentals:  # NUM-07 ok: a bank is in one rental at most
            if self.rentals[ref][0] == bank:
                return ref
        return 0

    def has_one(self, member):
        """True while a member has a bank, or may be about to take one."""
        for ref in self.rentals:  # NUM-07 ok: any rental of theirs will do
            if self.rentals[ref][1] == member:
                return True
        for slot in self.slots:
            if slot.ref and slot.why == r.RENT and slot.member == member:
                return True
        return False

    def answer(self, command):
        """Return (reason, slot, ref) of a command that was heard before, else None."""
        for number in range(SLOTS):
            slot = self.slots[number]
            if slot.ref and slot.command == command:
                return r.OK, number, slot.ref
        known = self._answers.get(command)
        return known[1:] if known else None

    def refuses(self):
        """Return why no eject may be recorded now, or OK: what is left is for returns."""
        if self.journal.room() < _RESERVE or len(self.rentals) >= _MOST_RENTALS:
            return r.FULL
        self._forget()
        return r.FULL if len(self._answers) >= _MOST_ANSWERS else r.OK

    # -- what happens

    def eject(self, command, until_s, why, number, member):
        """Record that a slot is about to open; return the ref. Fire only after this."""
        bank = self.slots[number].bank
        return self._write(r.EJECT, command, until_s, why, number, bank, member)

    def taken(self, number):
        """The bank of an open eject is gone: now, and only now, somebody pays for it."""
        slot = self.slots[number]
        return self._write(r.TAKEN, slot.ref, slot.why, number, slot.bank, slot.member)

    def void(self, number, reason):
        """The bank of an open eject is still there, behind a shut gate."""
        return self._write(r.VOID, self.slots[number].ref, number, reason)

    def returned(self, ref, number, bad, cents, seconds):
        """A rented bank is back behind a shut gate: the rental ends and is settled.

        `bad` is the reason of its quarantine, 0 for none.
        """
        return self._write(r.RETURNED, ref, number, self.rentals[ref][0], bad, cents, seconds)

    def sold(self, ref, cents):
        """A rental has cost the deposit."""
        return self._write(r.SOLD, ref, self.rentals[ref][0], cents)

    def closed(self, ref, cents):
        """The operator says that a rental ended at another cabinet."""
        return self._write(r.CLOSED, ref, cents)

    def placed(self, number, bank, bad):
        """A bank that was not rented from here is in a slot."""
        return self._write(r.PLACED, number, bank, bad)

    def missing(self, number):
        """A bank is gone, and no eject was open."""
        return self._write(r.MISSING, number, self.slots[number].bank)

    def mark(self, number, what, reason):
        """Quarantine what is in a slot, or put the slot out of service; reason 0 lifts it."""
        return self._write(r.MARK, number, what, reason)

    def refused(self, command, until_s, reason):
        """A command of the network was refused, and will be, however often it comes."""
        return self._write(r.REFUSED, command, until_s, reason)

    def tick(self):
        """Record that time passes, if somebody pays for it and nothing was recorded for long."""
        if self.rentals and self.clock.now_s - self.last_s >= _TICK_S:
            self._write(r.TICK)

    # -- messages

    def acknowledge(self, sequence):
        """The operator has every record up to `sequence`; said again after a reset, if lost."""
        self.acked = max(self.acked, min(sequence, self.journal.last))
        self._hold()

    def unsent(self, after, most=8):
        """Return up to `most` (sequence, payload) behind `after` that the operator should get."""
        after = max(after, self.acked)
        found = self._recent
        if not found or found[0][0] > after + 1:
            found = self.journal.records(after + 1)
        out = []
        for sequence, payload in found:
            if sequence > after and r.unpack(payload)[0] not in _SILENT:
                out.append((sequence, payload))
                if len(out) >= most:
                    break
        return out

    # -- the journal

    def checkpoint(self):
        """Write the state whole, and drop what is older than the checkpoint before this one."""
        self._forget()
        parts = [
            struct.pack("<BI", r.CHECKPOINT, self.clock.now_s),
            struct.pack(
                r.COUNTS,
                self.acked,
                self._checkpoints[1],
                self.seen_s if self.early else self.clock.now_s,
                SLOTS,
                len(self.rentals),
                len(self._answers),
            ),
        ]
        for slot in self.slots:
            values = (slot.bank or NOBODY, slot.since_s, slot.bad, slot.out, slot.ref)
            values += (slot.command, slot.until_s, slot.why, slot.member, slot.at_s)
            parts.append(struct.pack(r.SLOT, *values))
        for ref in sorted(self.rentals):
            parts.append(struct.pack(r.RENTAL, ref, *self.rentals[ref]))
        for command in sorted(self._answers):
            parts.append(struct.pack(r.ANSWER, command, *self._answers[command]))
        sequence = self.journal.append(b"".join(parts))
        self._checkpoints = [self._checkpoints[1], sequence]
        self._since = 0
        self._hold()

    def _hold(self):
        keep = min(self._checkpoints[0], self.acked + 1) if self._checkpoints[0] else 0
        self.journal.hold(keep)
        if keep:
            self.journal.drop_before(keep)

    def _write(self, kind, *values):
        if self._since >= _CHECKPOINT_EVERY:
            self.checkpoint()
        at_s = self.clock.now_s
        payload = r.pack(kind, at_s, self.early, *values)
        try:
            sequence = self.journal.append(payload)
        except OSError:
            self._recent = []  # it may be on flash all the same
            raise
        self._recent.append((sequence, payload))
        if len(self._recent) > _RECENT:
            self._recent.pop(0)
        self._since += len(payload) + _OVERHEAD
        self.last_s = at_s
        if not self.early:
            self.seen_s = at_s
        self._apply(kind, at_s, sequence, values)
        return sequence

    def _recover(self):
        """Read the newest checkpoint that is whole, and apply what comes after it."""
        start = 0
        for sequence, payload in self.journal.newest():
            if r.unpack(payload)[0] == r.CHECKPOINT and self._restore(payload):
                start = self._checkpoints[1] = sequence
                break
        for sequence, payload in self.journal.records(start):
            kind, at_s, values = r.unpack(payload)
            self.last_s = max(self.last_s, at_s)
            if kind > r.CHECKPOINT and not payload[0] & r.EARLY:
                self.seen_s = max(self.seen_s, at_s)
            if kind > r.CHECKPOINT:
                self._since += len(payload) + _OVERHEAD
                self._apply(kind, at_s, sequence, values)
        self.clock.now_s = max(self.clock.now_s, self.last_s)
        self._hold()

    def _restore(self, payload):
        """Take the state from a checkpoint; False if it is none of this version."""
        at = _HEAD_BYTES + r.COUNTS_BYTES
        if len(payload) < at:
            return False
        counts = struct.unpack_from(r.COUNTS, payload, _HEAD_BYTES)
        acked, before, seen_s, slots, rentals, answers = counts
        size = slots * r.SLOT_BYTES + rentals * r.RENTAL_BYTES + answers * r.ANSWER_BYTES
        if slots != SLOTS or len(payload) != at + size:
            return False
        self.acked = acked
        self.seen_s = seen_s
        self._checkpoints[0] = before
        for slot in self.slots:
            values = struct.unpack_from(r.SLOT, payload, at)
            slot.bank = None if values[0] == NOBODY else values[0]
            slot.since_s, slot.bad, slot.out, slot.ref = values[1:5]
            slot.command, slot.until_s, slot.why, slot.member, slot.at_s = values[5:]
            at += r.SLOT_BYTES
        for _ in range(rentals):
            ref, bank, member, since_s = struct.unpack_from(r.RENTAL, payload, at)
            self.rentals[ref] = (bank, member, since_s)
            at += r.RENTAL_BYTES
        for _ in range(answers):
            values = struct.unpack_from(r.ANSWER, payload, at)
            self._answers[values[0]] = values[1:]
            at += r.ANSWER_BYTES
        return True

    # -- what a record means; it must make sense after damage has swallowed others

    def _apply(self, kind, at_s, sequence, values):
        if kind == r.EJECT:
            command, until_s, why, number, bank, member = values
            slot = self._slot(number)
            self._vacate(bank, number)
            # It was there, so whoever had it has returned it, in a record that is lost.
            self.rentals.pop(self.rental_of(bank), None)
            slot.bank = bank
            slot.ref, slot.command, slot.until_s = sequence, command, until_s
            slot.why, slot.member, slot.at_s = why, member, at_s
        elif kind == r.TAKEN:
            ref, why, number, bank, member = values
            slot = self._slot(number)
            self._vacate(bank, number)
            self._end(slot, r.OK, number, ref)
            self._empty(slot)
            self.rentals.pop(self.rental_of(bank), None)
            if why == r.RENT:
                self.rentals[ref] = (bank, member, at_s)
        elif kind == r.VOID:
            ref, number, reason = values
            slot = self._slot(number)
            if slot.ref == ref:
                self._end(slot, reason, number, ref)
        elif kind == r.RETURNED:
            ref, number, bank, bad, _, _ = values
            self.rentals.pop(ref, None)
            self._put(number, bank, bad, at_s)
        elif kind in (r.SOLD, r.CLOSED):
            self.rentals.pop(values[0], None)
        elif kind == r.PLACED:
            number, bank, bad = values
            self.rentals.pop(self.rental_of(bank), None)
            self._put(number, bank, bad, at_s)
        elif kind == r.MISSING:
            slot = self._slot(values[0])
            if slot.bank == values[1]:
                self._empty(slot)
        elif kind == r.MARK:
            number, what, reason = values
            if what == r.QUARANTINE:
                self._slot(number).bad = reason
            else:
                self._slot(number).out = reason
        elif kind == r.REFUSED:
            self._answers[values[0]] = (values[1], values[2], 0, 0)

    def _slot(self, number):
        return self.slots[number % SLOTS]

    def _end(self, slot, reason, number, ref):
        """Close an eject, and remember what its command is to be answered."""
        if slot.ref:
            if slot.until_s:
                self._answers[slot.command] = (slot.until_s, reason, number, ref)
            slot.close()

    def _put(self, number, bank, bad, at_s):
        slot = self._slot(number)
        if slot.ref:  # its record got lost: something else is there, so it was taken
            if slot.bank != bank and slot.why == r.RENT:
                self.rentals[slot.ref] = (slot.bank, slot.member, slot.at_s)
            self._end(slot, r.OK, number, slot.ref)
        self._vacate(bank, number)
        slot.bank = bank
        slot.since_s = at_s
        slot.bad = bad

    def _vacate(self, bank, number):
        """A bank is in one place: not in any other slot than `number`."""
        for other in range(SLOTS):
            if other != number and self.slots[other].bank == bank:
                self._empty(self.slots[other])

    def _empty(self, slot):
        slot.bank = None
        slot.bad = 0
        slot.close()

    def _forget(self):
        """Forget answers to commands that have expired: those are refused for that."""
        now_s = self.clock.now_s
        # NUM-07 ok: whichever goes first, all go
        for command in [c for c in self._answers if self._answers[c][0] < now_s]:
            del self._answers[command]
