"""The kiosk's core: switches, palms, cards and commands in; ejects, words and messages out.

It has no pins and no clock of its own. `step` is called every few milliseconds; what it wants
done stands in `actions`, to be taken from there: (name, slot or -1, value). One of them moves
something: ("eject", slot, ref), whose record is on flash by then. The shell drives the solenoid
and answers with `pulsed`. The others are to be shown, said or logged: see words.py.
"""

from micropython import const

from kiosk import orders
from kiosk import palm as p
from kiosk import records as r
from kiosk.attempts import Attempts
from kiosk.clock import EPOCH_UNIX_S
from kiosk.custody import Custody
from kiosk.desk import Desk
from kiosk.ledger import NOBODY, SLOTS
from kiosk.members import KEEP
from kiosk.palm import Palm
from kiosk.rental import DEPOSIT_REACHED, RENTED, Machine

_SALES_MS = const(60000)  # between two looks for rentals that have cost the deposit
_UNIX_MOST = const((1 << 31) - 1)


class Kiosk:
    """`ledger` is a Ledger, `tariff` a Tariff, `members` a Members.

    `token` returns 8 random bytes. `wish` is that of who enrols, see members.py.

    online: set by the shell, whether the operator can be reached. members_changed: set here when
    the members must be stored; the shell sets it back.
    """

    def __init__(self, ledger, tariff, members, token, wish=KEEP):
        self.actions = []
        self.online = False
        self.members_changed = False
        self.ledger = ledger
        self.tariff = tariff
        self.attempts = Attempts()
        self.custody = Custody(ledger, tariff, self._act, ledger.empty)
        self.desk = Desk(ledger, self.custody, self._act, token)
        self.palm = Palm(members, self._palm_act, token, wish)
        self.tampered = False  # the door is open without leave, or the case was
        self._breached = False
        self._sales_ms = 0
        self._sent = ledger.acked

    def _act(self, name, number, value):
        self.actions.append((name, number, value))
        if name == "wave" and self.palm.members.rented(self.desk.member):
            self.members_changed = True

    # -- time and switches

    def step(self, elapsed_ms, present, shut, door_shut=True, case_shut=True):
        """Let time pass. present, shut: bit masks of the slots, None if they cannot be read."""
        self.ledger.clock.step(elapsed_ms)
        self.attempts.step(elapsed_ms)
        self._guard(door_shut, case_shut)
        self.custody.step(elapsed_ms, present, shut)
        self.desk.step(elapsed_ms)
        self._sales_ms -= elapsed_ms
        if self._sales_ms <= 0:
            self._sales_ms = _SALES_MS
            try:
                self._sell()
                self.ledger.tick()
            except OSError as error:
                self._act("flash", -1, error)
        if self.custody.admit and self._all_known():
            self.custody.admit = False

    def reader(self, elapsed_ms):
        """Return what the palm reader is to do, as Palm.step does."""
        free = self.desk.free and not self.attempts.resting and not self.tampered
        return self.palm.step(elapsed_ms, free, self.ledger.has_one)

    def pulsed(self, sound):
        """The solenoid of the last ("eject", slot, ref) has been driven."""
        self.desk.pulsed(sound)

    def _guard(self, door_shut, case_shut):
        wrong = self._breached or not case_shut or (not door_shut and not self.custody.service)
        if wrong and not self.tampered:
            self._act("tamper", -1, "door" if case_shut else "case")
        elif self.tampered and not wrong:
            self._act("untampered", -1, None)
        self.tampered = wrong

    def alarm(self, what):
        """A template was seen on the reader's line: nobody is served until somebody has looked."""
        if not self._breached:
            self._breached = True
            self.tampered = True
            self._act("tamper", -1, what)

    def _all_known(self):
        for place in self.custody.places:
            if place.present is None or (place.present and place.id is None):
                return False
        return True

    def _sell(self):
        ledger = self.ledger
        for ref in sorted(ledger.rentals):
            seconds = ledger.clock.now_s - ledger.rentals[ref][2]
            if self.tariff.is_sold(seconds):
                action = Machine(RENTED).take(DEPOSIT_REACHED)
                ledger.sold(ref, self.tariff.deposit)
                self._act(action, -1, self.tariff.deposit)

    # -- people

    def card(self, member):
        """A card was held to the reader; `member` is a pseudonym made from it, of 8 bytes.

        While an enrolment is offered it means: I agree. Else it rents, without any palm.
        """
        if self.palm.offering:
            self.palm.consent()
            return
        self._present(member)

    def _present(self, member):
        if not self.desk.free:
            return
        allowed = r.OK
        if self.tampered:
            allowed = r.OUT
        elif member in self.palm.members.blocked:
            allowed = r.BLOCKED
        elif not self.attempts.tried(member):
            allowed = r.ATTEMPTS
        self.desk.present(member, self.online, allowed)

    def _palm_act(self, name, value):
        if name == "present":
            self.attempts.genuine()
            self._present(value)
        elif name == "offer" and not self.attempts.tried(None):
            self.palm.take(p.DECLINE)
            self._act("turn_away", -1, r.ATTEMPTS)
        elif name == "forged":
            if self.attempts.forged():
                self._act("rest", -1, None)
            self._act("turn_away", -1, r.LIVENESS)
        else:
            if name in ("enrolled", "deleted"):
                self.members_changed = True
            self._act(name, -1, None)

    # -- the network

    def command(self, order):
        """Take a command (see orders.py), which may be anything; returns the answer, a dict."""
        answer = {"result": r.REASONS[r.DAMAGED]}
        if not isinstance(order, dict):
            return answer
        do = order.get("do")
        method = _ORDERS.get(do) if isinstance(do, str) else None
        if not method:
            return answer
        answer["do"] = str(do)
        try:
            answer["result"] = r.REASONS[getattr(self, method)(order, answer) or r.OK]
        except ValueError:
            pass  # the answer says so already
        except OSError as error:
            self._act("flash", -1, error)
            answer["result"] = r.REASONS[r.FLASH]
        return answer

    def _rent(self, order, answer):
        member = orders.identity(order, "member")
        if member == NOBODY:
            raise ValueError("member")
        number = orders.whole(order, "slot", 0, SLOTS - 1) if "slot" in order else -1
        blocked = member in self.palm.members.blocked
        return self._eject(order, answer, r.RENT, member, number, blocked)

    def _force(self, order, answer):
        number = orders.whole(order, "slot", 0, SLOTS - 1)
        return self._eject(order, answer, r.BY_FORCE, NOBODY, number, False)

    def _eject(self, order, answer, why, member, number, blocked):
        command = orders.identity(order, "id")
        if command == NOBODY:
            raise ValueError("id")
        answer["id"] = order["id"]
        until_s = orders.whole(order, "until", 1, _UNIX_MOST) - EPOCH_UNIX_S
        if until_s <= 0:
            return r.EXPIRED
        if self.ledger.answer(command) is None and (blocked or self.tampered):
            return r.BLOCKED if blocked else r.OUT
        out = self.desk.command(command, until_s, why, member, number, self.online)
        reason, answer["slot"], answer["ref"] = out
        return reason

    def _ack(self, order, _):
        self.ledger.acknowledge(orders.whole(order, "seq", 0, _UNIX_MOST))
        self._sent = max(self._sent, self.ledger.acked)

    def _time(self, order, _):
        unix_s = orders.whole(order, "unix", 1, _UNIX_MOST)
        ledger = self.ledger
        if not ledger.clock.sync(unix_s, bool(ledger.rentals)):
            return r.CLOCK

    def _closed(self, order, _):
        ref = orders.whole(order, "ref", 1, _UNIX_MOST)
        cents = orders.whole(order, "cents", 0, self.tariff.deposit)
        if ref not in self.ledger.rentals:
            return r.NONE
        self.ledger.closed(ref, cents)

    def _slot(self, order):
        number = orders.whole(order, "slot", 0, SLOTS - 1)
        return number, self.ledger.slots[number]

    def _admit(self, order, _):
        number, slot = self._slot(order)
        if slot.bank is None or slot.ref:
            return r.NO_SLOT
        self.ledger.mark(number, r.QUARANTINE, 0)
        self.custody.released(number)

    def _quarantine(self, order, _):
        number, slot = self._slot(order)
        if slot.bank is None or slot.ref:
            return r.NO_SLOT
        self.ledger.mark(number, r.QUARANTINE, r.REPORTED)

    def _service(self, order, _):
        number, slot = self._slot(order)
        if slot.ref:
            return r.BUSY
        self.ledger.mark(number, r.SERVICE, 0 if orders.flag(order, "on") else r.JAMMED)

    def _door(self, order, _):
        self.custody.service = orders.flag(order, "open")
        self._breached = self._breached and not self.custody.service

    def _forget(self, order, _):
        if not self.palm.members.forget(orders.identity(order, "member")):
            return r.NONE
        self.members_changed = True

    def _consent(self, _order, _):
        if not self.palm.offering:
            return r.NONE
        self.palm.consent()

    def _block(self, order, _):
        member = orders.identity(order, "member")
        blocked = self.palm.members.blocked
        if member in blocked:
            blocked.remove(member)
        if orders.flag(order, "on"):
            blocked.append(member)

    # -- messages to the operator

    def heard_of(self):
        """The operator is there again: rentals begun without asking count anew."""
        self.desk.offline = 0

    def outgoing(self, most=8):
        """Return the next messages to send, oldest first; they count as sent, not as arrived."""
        last = self.ledger.journal.last
        if self._sent >= last:
            return []  # without a look at the flash
        found = self.ledger.unsent(self._sent, most)
        self._sent = found[-1][0] if found else last
        out = [orders.message(sequence, payload) for sequence, payload in found]
        return [each for each in out if each is not None]

    def resend(self):
        """The line broke: whatever was not acknowledged is sent again."""
        self._sent = self.ledger.acked

    @property
    def busy(self):
        """True while a step should come soon."""
        return bool(self.actions) or not self.desk.free or self.custody.busy

    @property
    def queued(self):
        """True while there is a record that the operator has not acknowledged."""
        return bool(self.ledger.unsent(self.ledger.acked, 1))


_ORDERS = {
    "rent": "_rent",
    "force": "_force",
    "ack": "_ack",
    "time": "_time",
    "closed": "_closed",
    "admit": "_admit",
    "quarantine": "_quarantine",
    "service": "_service",
    "door": "_door",
    "forget": "_forget",
    "consent": "_consent",
    "block": "_block",
}
