"""What the slots' switches say, held against the ledger: where every bank is.

The same rules serve in daily use and after a power cut, whichever record was the last: a slot
without its bank and with an open eject was taken, one with its bank behind a shut gate was not.
A bank is known by its id alone, read again whenever it may have been exchanged.
"""

from micropython import const

from kiosk import records as r
from kiosk import rental as t
from kiosk.ledger import SLOTS

_STEADY_MS = const(60)  # a switch says the same for so long before it is believed
_ID_TRIES = const(3)
_ID_PAUSE_MS = const(300)
_RETRY_MS = const(1000)  # after the flash refused
_HOT_DC = const(450)  # 45 C, tenths of a degree
_COLDEST_DC = const(-400)  # less is a broken sensor
NO_ID = b""


class Place:
    """One slot as the switches show it. present, shut: None while unknown or bouncing.

    `dark_s`: until then it was in sight.
    """

    def __init__(self, dark_s):
        self.present = self.shut = None
        self.id = None  # None: to be read; NO_ID: there is none
        self.temp_dc = None
        self.machine = t.Machine()
        self.suspect = 0
        self.left = False  # it was empty since the desk set this to False
        self.dark_s = dark_s
        self.found = None  # it was full at the first sight after the dark; None: not seen yet
        self.unseen = False  # nobody could see, since the desk set this to False
        self.tries = 0
        self.pause_ms = 0
        self._raw = -1
        self._steady_ms = 0

    def look(self, elapsed_ms, present, shut):
        """Take a sample of both switches."""
        raw = present << 1 | shut
        if raw != self._raw:
            self._raw = raw
            self._steady_ms = 0
            self.present = self.shut = None
            return
        self._steady_ms += elapsed_ms
        if self._steady_ms >= _STEADY_MS:
            self.present = bool(present)
            self.shut = bool(shut)
            self.found = bool(present) and self.found is not False
            if not present or not shut:
                self.id = None  # it can be exchanged now
                self.tries = 0
                self.left = self.left or not present

    def blind(self, now_s):
        """The switches cannot be read; it is dark."""
        if self.found is not None:
            self.found = None
            self.dark_s = now_s
        self._raw = -1
        self.unseen = True
        self.present = self.shut = None

    @property
    def is_hot(self):
        """True if it is too hot, or nobody knows."""
        return self.temp_dc is None or not _COLDEST_DC <= self.temp_dc <= _HOT_DC


class Custody:
    """`act(name, number, value)` is told of what happens: see core.py.

    admit: banks that nobody knows are taken as the cabinet's own (its first start).
    """

    def __init__(self, ledger, tariff, act, admit=False):
        self.places = [Place(ledger.seen_s) for _ in range(SLOTS)]
        self.admit = admit
        self.service = False  # the door was opened by who may
        self._ledger = ledger
        self._tariff = tariff
        self._act = act

    @property
    def busy(self):
        """True while a switch bounces, or a return is on its way."""
        for place in self.places:
            if place.present is None or (place.present and place.id is None):
                return True
            if place.machine.state not in (t.IDLE, t.QUARANTINED):
                return True
        return False

    # -- what comes in

    def step(self, elapsed_ms, present, shut):
        """Take both switches of all slots as bit masks (None: unreadable); set things right."""
        for number in range(SLOTS):
            place = self.places[number]
            if present is None or shut is None:
                place.blind(self._ledger.clock.now_s)
                continue
            place.look(elapsed_ms, present >> number & 1, shut >> number & 1)
            place.pause_ms = max(0, place.pause_ms - elapsed_ms)
        early = False
        for number in range(SLOTS):
            place = self.places[number]
            early = early or self._is_pending(number, place)
            if place.present is not None and not place.pause_ms:
                try:
                    self._settle(number, place)
                except OSError as error:
                    place.pause_ms = _RETRY_MS
                    self._act("flash", number, error)
        if not early:
            self._ledger.early = False

    def _is_pending(self, number, place):
        """True while it is not known what the start has found in a slot."""
        if place.found and self._ledger.slots[number].bank is None:
            return place.machine.state != t.QUARANTINED
        return place.found is None

    def wants_id(self):
        """Return the number of a slot whose bank's id is to be read, or -1."""
        for number in range(SLOTS):
            place = self.places[number]
            if place.present and place.shut and place.id is None and not place.pause_ms:
                return number
        return -1

    def identified(self, number, rom):
        """Take what was read there: 8 bytes, or NO_ID."""
        place = self.places[number]
        if not place.present or not place.shut:
            return
        if rom == NO_ID:
            place.tries += 1
            if place.tries < _ID_TRIES:
                place.pause_ms = _ID_PAUSE_MS
                return
        place.id = rom

    # -- what an open eject came to, for the desk

    def is_gone(self, number):
        """True if the bank of a slot is no longer in it, or was out since `left` was cleared."""
        place = self.places[number]
        if place.present is None:
            return False
        # What cannot be read, and was never out, is the bank with a bad contact.
        return place.left or place.id not in (None, NO_ID, self._ledger.slots[number].bank)

    def is_kept(self, number):
        """True if the bank of slot `number` is in it, and the gate shut over it."""
        place = self.places[number]
        if not place.present or not place.shut or place.left:
            return False
        return place.id in (NO_ID, self._ledger.slots[number].bank)

    def is_fit(self, number):
        """True if what is in the slot may be given to a customer."""
        slot = self._ledger.slots[number]
        sound = slot.bank and not slot.ref and not slot.bad and not slot.out
        place = self.places[number]
        ready = place.present and place.shut and place.id == slot.bank
        return bool(sound and ready) and not place.is_hot

    def released(self, number):
        """The operator has taken the bank of a slot out of quarantine."""
        machine = self.places[number].machine
        if machine.state == t.QUARANTINED:
            machine.take(t.RELEASED)

    # -- the rules

    def _settle(self, number, place):
        slot = self._ledger.slots[number]
        if slot.ref:
            return  # the desk waits for it
        if slot.bank is None:
            self._returning(number, place)
        elif not place.present:
            self._lost(number)
        elif place.id is None:
            pass  # being read
        elif place.id == slot.bank:
            self._sound(number, place, slot)
        elif place.id == NO_ID:
            if slot.out != r.OBJECT:
                self._ledger.mark(number, r.SERVICE, r.OBJECT)
                self._act("object", number, None)
        else:
            self._lost(number)  # exchanged: what is there now is looked at next time

    def _sound(self, number, place, slot):
        if slot.out == r.OBJECT:
            self._ledger.mark(number, r.SERVICE, 0)
        hot = place.temp_dc is not None and place.temp_dc > _HOT_DC
        if hot and not slot.bad:
            self._ledger.mark(number, r.QUARANTINE, r.HOT)
            self._act("quarantine", number, r.HOT)

    def _lost(self, number):
        self._ledger.missing(number)
        self.places[number].machine = t.Machine()
        self._act("missing", number, self.service)

    def _returning(self, number, place):
        """A thing in a slot that is empty by the ledger."""
        machine = place.machine
        if not place.present:
            if machine.state != t.IDLE:
                machine.take(t.REMOVED)
            if self._ledger.slots[number].out == r.OBJECT:
                self._ledger.mark(number, r.SERVICE, 0)
                self._act("freed", number, None)
            return
        if machine.state == t.IDLE:
            machine.take(t.INSERTED)
        if machine.state == t.RETURN_DETECTED and place.id is not None:
            claimed = self._claim(number, place.id)
            if claimed is None:
                return  # another slot has to say first whether it still has this bank
            if place.id == NO_ID or claimed:
                machine.take(t.UNREADABLE)
                self._act("object", number, None)
            else:
                self._verify(place)
        if machine.state == t.QUARANTINED and self._ledger.slots[number].out != r.OBJECT:
            self._ledger.mark(number, r.SERVICE, r.OBJECT)
        if machine.state == t.LOCKED:
            if place.id is None:  # the gate was open again: read what is there now
                machine.take(t.REMOVED)
            elif place.shut:
                machine.take(t.SHUT)
        if machine.state == t.SETTLE:
            self._book(number, place)

    def _claim(self, number, rom):
        """True if another slot surely holds that id, None while it may."""
        other = self._ledger.where(rom)
        if other < 0 or other == number:
            return False
        place = self.places[other]
        if place.present and place.id == NO_ID:
            return False  # what stands in there has no name: this is the bank
        if not place.present or place.id != rom:
            return None
        return True

    def _verify(self, place):
        place.machine.take(t.READ)
        place.suspect = 0
        if place.temp_dc is not None and place.temp_dc > _HOT_DC:
            place.suspect = r.HOT
        elif not self._is_known(place.id):
            place.suspect = r.UNKNOWN_BANK
        place.machine.take(t.SUSPECT if place.suspect else t.SOUND)

    def _is_known(self, rom):
        ledger = self._ledger
        return self.admit or ledger.rental_of(rom) or ledger.where(rom) >= 0

    def _book(self, number, place):
        """The gate is shut over a bank with a name: end its rental, or take it in."""
        ledger = self._ledger
        ref = ledger.rental_of(place.id)
        # The quarantine stands in the same record: no power cut can come between.
        if ref:
            # One that came back unseen, as without power, costs no more than what was seen.
            end_s = place.dark_s if place.found else ledger.clock.now_s
            seconds = max(0, end_s - ledger.rentals[ref][2])
            cents = self._tariff.charge(seconds)
            ledger.returned(ref, number, place.suspect, cents, seconds)
            self._act("returned", number, cents)
        else:
            ledger.placed(number, place.id, place.suspect)
            self._act("placed", number, None)
        if place.suspect:
            place.machine.take(t.SUSPECT)
            self._act("quarantine", number, place.suspect)
        else:
            place.machine.take(t.RECORDED)
