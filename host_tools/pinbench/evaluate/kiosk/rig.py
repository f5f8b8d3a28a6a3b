"""The kiosk's core in a cabinet of plain Python: slots, gates, banks, people and an operator.

The model is independent of the core: it knows physics (what is where, what a pulse does) and what
the operator was told, and from these says what must hold.
"""

import random
import types
from typing import Any

from pinbench.evaluate.kiosk.disk import Disk, PowerCut
from pinbench.paths import FIRMWARE
from pinbench.simulator.loader_cpython import Loader

SLOTS = 8
START_UNIX = 1767225600  # 2026-01-01
TICK_MS = 20


class Proxy:
    """Stands for `os` and `open`: those of whichever disk is in use."""

    def __init__(self):
        self.disk = Disk()
        self.random = random.Random(1)

    def __getattr__(self, name):
        return getattr(self.disk, name)

    def urandom(self, n):
        return bytes(self.random.randrange(256) for _ in range(n))


_OS = Proxy()
_FAKES = {"micropython": types.SimpleNamespace(const=lambda value: value), "os": _OS}
_LOADER = Loader([FIRMWARE], _FAKES, lambda *args: _OS.disk.open(*args), print)


def load(name) -> Any:
    """Load one module of the firmware with nothing around it but the disk in memory."""
    return _LOADER.load(name)


records = load("kiosk.records")
orders = load("kiosk.orders")


def bank(number):
    """Return the id of a bank: family 1, a serial, and a check that nobody here computes."""
    return bytes([1, number & 255, number >> 8, 0, 0, 0, 7, number * 5 & 255])


def member(number):
    return bytes([77, number & 255, number >> 8, 1, 2, 3, 4, 5])


class Box:
    """One slot: what is in it (bytes, "dummy" or None), and whether its gate is open."""

    def __init__(self, inside=None):
        self.inside: Any = inside
        self.open = False
        self.jams = 0  # so many pulses do nothing
        self.dead = False  # the contact of the id is dirty
        self.temp_dc = 250
        self.pulses = 0


class Outing:
    """What truly happened to a bank: when it went, and when it came back.

    unsure: one of the two while nobody could see it, so that the bill may be too small. swapped: a
    dummy was put in its place before anybody saw it gone.
    """

    def __init__(self, thing, slot, since_ms, unsure):
        self.bank = thing
        self.slot = slot
        self.swapped = False
        self.since_ms = since_ms
        self.back_ms: int | None = None
        self.unsure = unsure


class Rig:
    """`core` runs until the power is cut; `boot()` starts it again on what is on the disk."""

    def __init__(self, filled=6, segments=64, seed=1, **tariff):
        self.disk = Disk()
        self.boxes = [Box(bank(n + 1) if n < filled else None) for n in range(SLOTS)]
        self.held = {}  # bank -> member who took it from an open slot
        self.loose = {}  # the same, for a bank that is back, but not behind a shut gate
        self.outings = []  # Outing, in order
        self.billed = {}  # ref -> Outing
        self.settled = {}  # ref -> cents
        self.true_ms = 0
        _OS.random = random.Random(seed)
        self.segments = segments
        self.tariff_args = tariff
        self.rtc_s: int | None = None  # what the clock says at the next start; None: it is right
        self.switches_dead = False
        self.door_shut = self.case_shut = True
        self.online = True
        self.coil_dead = set()
        self.core: Any = None
        self.told = {}  # sequence -> message that the operator has
        self.log = []  # actions
        self.ejects = {}  # command id -> number of slots opened for it
        self.opened = []  # slot, in order
        self.asked: int | None = None  # who has asked for a bank last
        self.opened_for = {}  # slot -> who had asked when it opened
        self.pulse_cut: str | None = None  # "before", "after": the power goes at the next pulse
        self.unwritten = []  # pulses without a record on the disk
        self.boots = 0
        self.boot()

    # -- power

    def boot(self):
        """Start the firmware; may itself be cut (PowerCut)."""
        _OS.disk = self.disk
        if self.disk.off:
            self.disk.power_on()
        self.core = None
        self.boots += 1
        clock = load("kiosk.clock").Clock()
        journal = load("services.journal").Journal("/ledger", 4096, self.segments)
        ledger = load("kiosk.ledger").Ledger(journal, clock)
        clock.start(self.unix_s if self.rtc_s is None else self.rtc_s)
        tariff = load("kiosk.tariff").Tariff(**self.tariff_args)
        members = load("kiosk.members").Members()
        self.core = load("kiosk.core").Kiosk(ledger, tariff, members, lambda: _OS.urandom(8))
        self.core.online = self.online
        return self.core

    @property
    def unix_s(self):
        return START_UNIX + self.true_ms // 1000

    def off(self, seconds=60):
        """The power is gone for a while."""
        self.core = None
        self.true_ms += int(seconds * 1000)

    def reboot(self, seconds=60):
        self.off(seconds)
        self.boot()

    # -- time

    def masks(self):
        if self.switches_dead:
            return None, None
        present = sum((box.inside is not None) << n for n, box in enumerate(self.boxes))
        shut = sum((not box.open) << n for n, box in enumerate(self.boxes))
        return present, shut

    def step(self, ms=TICK_MS):
        """One round of the shell: switches, ids, temperatures, core, actions, messages."""
        core = self.core
        _OS.disk = self.disk
        self.true_ms += ms
        for number, box in enumerate(self.boxes):
            core.custody.places[number].temp_dc = box.temp_dc
        try:
            core.step(ms, *self.masks(), self.door_shut, self.case_shut)
            number = core.custody.wants_id()
            if number >= 0:
                core.custody.identified(number, self.rom(number))
            self.act()
            if self.online:
                self.talk()
        except PowerCut:
            self.core = None
            raise

    def rom(self, number):
        box = self.boxes[number]
        return box.inside if isinstance(box.inside, bytes) and not box.dead else b""

    def run(self, ms, tick=TICK_MS):
        while ms > 0:
            self.step(min(ms, tick))
            ms -= tick
        return self

    def settle(self, seconds=10):
        """Let the core see everything: half a minute of virtual time in long steps."""
        self.run(int(seconds * 1000), 100)
        return self

    def act(self):
        """Do what the core wants."""
        while self.core.actions:
            name, number, value = self.core.actions.pop(0)
            self.log.append((name, number, value))
            if name == "eject":
                self.pulse(number)

    def pulse(self, number):
        if not self.is_written(number):
            self.unwritten.append(number)
        if self.pulse_cut == "before":
            self.pulse_cut, self.core = None, None
            raise PowerCut
        box = self.boxes[number]
        box.pulses += 1
        if number in self.coil_dead:
            self.core.pulsed(False)
            return
        if box.jams:
            box.jams -= 1
        else:
            if not box.open:
                self.opened.append(number)
                self.opened_for[number] = self.asked
                command = self.core.ledger.slots[number].command
                self.ejects[command] = self.ejects.get(command, 0) + 1
            box.open = True
        if self.pulse_cut == "after":
            self.pulse_cut, self.core = None, None
            raise PowerCut
        self.core.pulsed(True)

    def is_written(self, number):
        """True if the disk holds an eject of that slot behind which nothing closes it."""
        journal = load("services.journal")
        found = []
        for name in sorted(self.disk.files)[-2:]:
            data = self.disk.files[name]
            for _, _, payload in journal.scan(int(name[-12:-4]), data):
                kind, _, values = records.unpack(payload)
                if kind:
                    found.append((kind, values))
        for kind, values in reversed(found):
            if kind == records.EJECT and values[3] == number:
                return True
            if kind in (records.TAKEN, records.VOID) and values[-3 if kind == 3 else 1] == number:
                return False
        return False

    def talk(self):
        """The operator hears everything, acknowledges now and then."""
        for message in self.core.outgoing():
            self.hear(message)

    def hear(self, message):
        known = self.told.get(message["seq"])
        assert known is None or known == message, "one number, two messages"
        if known is None:
            self.told[message["seq"]] = message
            self.judge(message)

    def judge(self, message):
        """Hold a bill against what truly happened: never for more time than it was out."""
        if message["is"] == "taken" and not message["why"]:
            until_ms = (message["at"] - START_UNIX + 2) * 1000
            self.billed[message["ref"]] = self.outing(orders.identity(message, "bank"), until_ms)
        if message["is"] not in ("returned", "sold", "closed"):
            return
        ref, cents = message["ref"], message["cents"]
        assert self.settled.setdefault(ref, cents) == cents, "one rental, two bills"
        if message["is"] == "returned":
            outing = self.billed[ref]
            kept_s = (outing.back_ms - outing.since_ms) // 1000
            assert cents <= self.core.tariff.charge(kept_s + 2), "charged for too long"
            if not outing.unsure:
                assert cents >= self.core.tariff.charge(kept_s - 65), "charged for too short"

    def acknowledge(self):
        if self.told:
            self.core.command({"do": "ack", "seq": max(self.told)})

    # -- people

    def rent(self, who=1):
        """A card is held to the reader; returns the slot that opens, or None."""
        self.asked = who
        self.core.card(member(who))
        self.act()
        return self.open_slot()

    def open_slot(self):
        for number, box in enumerate(self.boxes):
            if box.open and box.inside is not None:
                return number
        return None

    def take(self, number, who=None):
        """The one for whom it opened takes the bank; the gate springs shut behind it."""
        who = self.opened_for.get(number) if who is None else who
        box = self.boxes[number]
        assert box.open and box.inside is not None
        thing, box.inside = box.inside, None
        box.open = False
        if thing in self.loose:
            self.held[thing] = self.loose.pop(thing)
            self.outing(thing).back_ms = None
        elif isinstance(thing, bytes):
            self.held[thing] = member(who or 0)
            self.outings.append(Outing(thing, number, self.true_ms, self.core is None))
        return thing

    def push(self, number):
        """Push a bank that was not taken back in: the gate shuts over it."""
        self.boxes[number].open = False
        self.loose.pop(self.boxes[number].inside, None)

    def put(self, number, thing, shut=True):
        """Put something into an empty slot."""
        box = self.boxes[number]
        assert box.inside is None
        box.inside = thing
        box.open = not shut
        for held in self.held if thing == "dummy" else ():
            self.outing(held).swapped = self.outing(held).slot == number
        if thing in self.held:
            if not shut:
                self.loose[thing] = self.held[thing]
            del self.held[thing]
            outing = self.outing(thing)
            outing.back_ms = self.true_ms
            outing.unsure = outing.unsure or self.core is None

    def outing(self, thing, until_ms=1 << 62):
        """Return the last outing of a bank that began until then."""
        return [o for o in self.outings if o.bank == thing and o.since_ms <= until_ms][-1]

    def empty_slot(self):
        return next(n for n, box in enumerate(self.boxes) if box.inside is None)

    # -- what must hold

    def messages(self, kind):
        return [m for _, m in sorted(self.told.items()) if m["is"] == kind]

    def check(self):
        """What must hold at every moment."""
        assert self.unwritten == [], "a solenoid fired before its eject was on flash"
        assert all(count == 1 for count in self.ejects.values()), "two ejects for one command"
        if self.core is not None:
            held = [slot.bank for slot in self.core.ledger.slots if slot.bank]
            out = [bank for bank, _, _ in self.core.ledger.rentals.values()]
            assert len(held) == len(set(held)) and len(out) == len(set(out))
            assert not set(held) & set(out), "a bank in a slot and rented"

    def check_settled(self):
        """What must hold when everything has come to rest, gates shut."""
        self.check()
        ledger = self.core.ledger
        for number, box in enumerate(self.boxes):
            if isinstance(box.inside, bytes) and not box.dead:
                assert ledger.slots[number].bank == box.inside, number
            if box.inside is None:
                assert ledger.slots[number].bank is None, number
            assert not ledger.slots[number].ref
        out = {bank: who for bank, who, _ in ledger.rentals.values()}
        sold = {orders.identity(m, "bank") for m in self.messages("sold")}
        for thing, who in self.held.items():
            charged = out.get(thing) == who or thing in sold
            assert charged or self.outing(thing).swapped, "somebody holds a bank uncharged"
        for thing in out:
            assert thing in self.held, "somebody is charged for a bank not taken"
