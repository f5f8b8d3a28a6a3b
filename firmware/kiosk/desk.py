"""The desk: one person at a time, or a command of the network, from a name to a bank in hand.

The order is the point. What may be refused is refused first; then the eject is on flash; then, and
once, the slot opens; only a bank that is gone from its slot is charged. After a reset the desk
goes on with the eject that the ledger holds open, and fires no solenoid for it again.
"""

from micropython import const

from kiosk import records as r
from kiosk import rental as t
from kiosk.ledger import NOBODY, SLOTS

_TAKE_MS = const(30000)  # then the damper of the gate shuts it, and the rental is void
_SHUTS_MS = const(5000)  # for the damper; a gate that is open still hangs
_OPENS_MS = const(1000)  # after a pulse, for the gate to spring open
_PULSES = const(3)
_LONGEST_S = const(600)  # validity that a command may have
_RETRY_MS = const(1000)
_SLOTS_TRIED = const(3)  # for one member, when slots jam
_OFFLINE_MOST = const(200)  # rentals that the operator has not heard of
# Refusals that pass, or that the clock repeats by itself. The others are final, and recorded.
_PASSING = (r.CLOCK, r.EXPIRED, r.DAMAGED, r.BUSY, r.FULL, r.FLASH)


class Desk:
    """`act(name, number, value)` is told what happens; `act("eject", slot, ref)` fires a solenoid,
    and must be answered by `pulsed`. See core.py.
    """

    def __init__(self, ledger, custody, act, token):
        self.machine = t.Machine()
        self.slot = -1
        self.left_ms = 0  # to take the bank
        self.offline = 0  # rentals begun since the operator was last heard
        self._ledger = ledger
        self._custody = custody
        self._act = act
        self._token = token  # returns 8 random bytes
        self._pulses = 0
        self._opened = False
        self._pulsing = False
        self._wait_ms = self._retry_ms = self._over_ms = 0
        self._tried = 0
        self._command = self.member = NOBODY
        self._why = r.RENT
        self._until_s = 0
        self._reason = r.OK

    @property
    def free(self):
        """True while nobody is served."""
        return self.machine.state == t.IDLE

    # -- who comes

    def present(self, member, online, allowed=r.OK):
        """A member is in front, by palm or card. `allowed` is a reason to refuse, or OK."""
        if not self.free or self._open_eject() >= 0:
            return r.BUSY
        self._begin(self._token(), 0, r.RENT, member)
        self.machine.take(t.PRESENTED)
        if allowed != r.OK:
            return self._turn_away(t.REJECTED, allowed)
        self.machine.take(t.KNOWN)
        return self._authorise(online)

    def command(self, command, until_s, why, member, number=-1, online=True):
        """Take a command of the network; returns (reason, slot, ref) to answer it with.

        One that was heard before is answered with what came of it then, and does nothing.
        """
        ledger = self._ledger
        known = ledger.answer(command)
        if known is not None:
            return known
        reason = self._refusal(until_s, number)
        if reason == r.OK:
            self._begin(command, until_s, why, member)
            if why == r.BY_FORCE:
                self.machine.take(t.FORCED)
                reason = self._by_force(number)
            else:
                self.machine.take(t.COMMAND)
                reason = self._authorise(online, number)
        if reason == r.OK:
            return reason, self.slot, ledger.slots[self.slot].ref
        if reason not in _PASSING:
            try:
                ledger.refused(command, until_s, reason)
            except OSError as error:
                self._act("flash", -1, error)
                reason = r.FLASH
        return reason, 0, 0

    def _refusal(self, until_s, number):
        clock = self._ledger.clock
        if not clock.trusted:
            return r.CLOCK
        if until_s < clock.now_s:
            return r.EXPIRED
        if until_s > clock.now_s + _LONGEST_S or not -1 <= number < SLOTS:
            return r.DAMAGED
        if not self.free or self._open_eject() >= 0:
            return r.BUSY
        return r.OK

    def _begin(self, command, until_s, why, member):
        self._command, self._until_s, self._why, self.member = command, until_s, why, member
        self._tried = 0

    def _authorise(self, online, number=-1):
        reason = self._ledger.refuses()
        if reason == r.OK and self._ledger.has_one(self.member):
            reason = r.HAS_ONE
        if reason != r.OK:
            return self._turn_away(t.DENIED, reason)
        if not online:
            self.machine.take(t.OFFLINE)
            if self.offline >= _OFFLINE_MOST:
                return self._turn_away(t.DENIED, r.OFFLINE_LIMIT)
        self.machine.take(t.GRANTED)
        return self._select(number, online)

    def _select(self, number, online=True):
        """Take the slot that was asked for, or the one whose bank is on charge for longest."""
        if number < 0:
            fit = [n for n in range(SLOTS) if self._custody.is_fit(n)]
            if fit:
                number = min(fit, key=self._charged_since)
        elif not self._custody.is_fit(number):
            number = -1
        if number < 0:
            return self._turn_away(t.NONE_LEFT, r.NONE)
        reason = self._fire_first(number)
        if reason == r.OK and not online:
            self.offline += 1
        return reason

    def _charged_since(self, number):
        return self._ledger.slots[number].since_s

    def _by_force(self, number):
        """By force: an empty hand of an administrator. Never a bank in quarantine."""
        if number < 0 or not self._custody.is_fit(number):
            return self._turn_away(t.DENIED, r.NO_SLOT)
        reason = self._ledger.refuses()
        if reason != r.OK:
            return self._turn_away(t.DENIED, reason)
        return self._fire_first(number)

    def _fire_first(self, number):
        """Write the eject, then fire; nothing fires if the flash refuses."""
        try:
            ref = self._ledger.eject(self._command, self._until_s, self._why, number, self.member)
        except OSError as error:
            self._act("flash", number, error)
            event = t.DENIED if self._why == r.BY_FORCE else t.NONE_LEFT
            return self._turn_away(event, r.FLASH)
        self.machine.take(t.CHOSEN)
        self._watch(number)
        self._fire(ref)
        return r.OK

    def _watch(self, number):
        self.slot = number
        place = self._custody.places[number]
        place.left = place.unseen = False
        self._pulses = 0
        self._opened = self._pulsing = False
        self._wait_ms = self._retry_ms = 0
        self.left_ms = _TAKE_MS
        self._over_ms = 0
        self._reason = r.NOT_TAKEN

    def _fire(self, ref):
        self._pulses += 1
        self._pulsing = True
        self._act("eject", self.slot, ref)

    def _turn_away(self, event, reason):
        self.machine.take(event)
        self._act("turn_away", -1, reason)
        return reason

    # -- the slot is open

    def pulsed(self, sound):
        """The solenoid was driven; `sound` is False if its current was none or too much."""
        self._pulsing = False
        self._wait_ms = _OPENS_MS
        if not sound:
            self._pulses = _PULSES  # a coil that is broken or shorted is not tried again
            self._act("coil", self.slot, None)

    def step(self, elapsed_ms):
        """Let time pass, and see what came of an open eject."""
        if self.machine.state != t.EJECTING:
            if self.free:
                self._resume()
            return
        if self._pulsing:
            return
        self._wait_ms = max(0, self._wait_ms - elapsed_ms)
        self._retry_ms = max(0, self._retry_ms - elapsed_ms)
        self.left_ms = max(0, self.left_ms - elapsed_ms)
        custody = self._custody
        place = custody.places[self.slot]
        if place.present is None or self._retry_ms:
            return
        if place.shut is False or place.unseen:
            self._opened = True  # or may have: it is not fired at again
        if custody.is_gone(self.slot):
            self._end(t.GONE)
        elif not custody.is_kept(self.slot):
            self._over_ms += 0 if self.left_ms else elapsed_ms
            if self._over_ms >= _SHUTS_MS:
                # It hangs in the open gate, and can still be taken: only a shut gate ends this.
                self._act("hanging", self.slot, None)
                self._over_ms = 0
        elif self._opened or self._reason == r.POWER:
            self._end(t.KEPT)
        elif not self._wait_ms:
            self._again()

    def _again(self):
        """The gate did not open."""
        if self._pulses < _PULSES:
            self._fire(self._ledger.slots[self.slot].ref)
        else:
            self._reason = r.JAM
            self._end(t.JAMMED)

    def _end(self, event):
        action = t.TABLE[(self.machine.state, event)][1]
        try:
            if action == "charge":
                self._ledger.taken(self.slot)
            else:
                self._ledger.void(self.slot, self._reason)
        except OSError as error:
            self._act("flash", self.slot, error)
            self._retry_ms = _RETRY_MS
            return
        slot, self.slot = self.slot, -1
        self.machine.take(event)
        if event == t.JAMMED:
            self._jammed(slot)
        else:
            self._act(self.machine.take(t.RECORDED), slot, self._reason)
            self.machine = t.Machine()

    def _jammed(self, slot):
        try:
            self._ledger.mark(slot, r.SERVICE, r.JAMMED)
        except OSError as error:
            self._act("flash", slot, error)
        self._act("jammed", slot, None)
        self._tried += 1
        if self._until_s or self._tried >= _SLOTS_TRIED:
            # The network asked for one eject and gets one answer; it may ask again.
            self._act(self.machine.take(t.RECORDED), slot, r.JAM)
            return
        self._command = self._token()
        self.machine.take(t.JAMMED)
        self._select(-1)

    # -- after a reset

    def _open_eject(self):
        for number in range(SLOTS):
            if self._ledger.slots[number].ref:
                return number
        return -1

    def _resume(self):
        """An eject is open in the ledger, and nobody is served: the power went in between."""
        number = self._open_eject()
        if number < 0:
            return
        slot = self._ledger.slots[number]
        self._begin(slot.command, slot.until_s, slot.why, slot.member)
        self.machine.state = t.EJECTING
        self._watch(number)
        self._reason = r.POWER
        self._pulses = _PULSES  # never again for this command
