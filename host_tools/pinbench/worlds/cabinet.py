"""The kiosk's surroundings: people with palms and tags, banks in slots and in hands, mischief.

[world] of a scenario:
  banks = [[SLOT, SERIAL], ...]   what is in the slots at the start (default: slots 0 to 5 hold the
                                  banks 1001 to 1006); out = [SERIAL, ...]: banks that people have
  enrolled = [PERSON, ...]        people whose palms the reader knows at the start, in this order
  return_ms                       after which a gate left open shuts again (default 32000)

People are numbers; so are tags. Palm and name of a person never come into the trace: it says that
somebody does something. A bank is named by its serial number. Chips are found by kind: cabinet,
mcp23017, ai10, pn532, ssd1306, ws2812, buzzer; the contacts by role: door, tamper (closed = shut).

Events: "gate open", "gate shut", "bank taken", "bank returned", "palm held", "palm gone", "tag
held", "door forced", "tampered", "two unlocked" (which must never be).
"""

from pinbench.chips.cabinet import SLOTS, Bank
from pinbench.worlds.actions import choice, number
from pinbench.worlds.base import World

_DEFAULT_BANKS = [[n, 1001 + n] for n in range(6)]
_READER_FLAWS = (
    "wrong_xor", "double_sync", "lie_long", "lie_short", "garbage", "split", "twice", "swallow",
)  # fmt: skip
_PERSON = number("person", 1, 10000)
_SLOT = number("slot, 0 to 7", 0, SLOTS - 1)


def uid_of(tag):
    """Return the UID of tag number `tag`: seven bytes, the maker's first."""
    return bytes((0x04, 0x5A, 0, tag >> 16 & 0xFF, tag >> 8 & 0xFF, tag & 0xFF, 0x80))


class CabinetWorld(World):
    """`chips`: role -> chip, `params`: the scenario's [world]. Raises ValueError, in one sentence.

    `start()` once at power-up; `act(name, params)` does what ACTIONS names and returns a function
    that ends it, or None; `measure(name)` returns one of MEASURES as an int; `events`: time in us
    of each event's first occurrence; `place(serial)`: where a bank is, "slot N" or "out".
    """

    PARAMS = {
        "banks": {"doc": "[[slot, serial], ...] at the start"},
        "out": {"doc": "serials of banks that people have at the start"},
        "enrolled": {"doc": "people whose palms the reader knows at the start"},
        "return_ms": {"doc": "after which a gate left open shuts again"},
    }
    NAME = "the kiosk"
    PRIVATE = ("person",)
    ACTIONS = {
        "present palm": {
            "doc": "somebody holds a palm over the reader",
            "params": {
                "person": _PERSON,
                "ms": number("for so many milliseconds", 1, 600000, 2000),
            },
        },
        "spoof palm": {
            "doc": "somebody holds a picture of a palm over the reader",
            "params": {
                "person": _PERSON,
                "ms": number("for so many milliseconds", 1, 600000, 2000),
            },
        },
        "tap tag": {
            "doc": "somebody holds a tag to the other reader",
            "params": {
                "tag": number("its number", 0, 16777215),
                "ms": number("for so many milliseconds", 1, 600000, 500),
            },
        },
        "take bank": {
            "doc": "a hand takes the bank out of an open slot, if it can (slot -1: of any)",
            "params": {"slot": number("slot, 0 to 7", -1, SLOTS - 1, -1)},
        },
        "return bank": {
            "doc": "somebody pushes a bank into a slot",
            "params": {
                "slot": _SLOT,
                "serial": number("which (0: the one taken last)", 0, (1 << 48) - 1, 0),
            },
        },
        "return dummy": {
            "doc": "somebody pushes a wrong object into a slot",
            "params": {"slot": _SLOT},
        },
        "pull out": {
            "doc": "what is in a slot is gone, by force",
            "params": {"slot": _SLOT},
        },
        "push gate": {"doc": "somebody pushes a gate shut", "params": {"slot": _SLOT}},
        "block gate": {"doc": "a hand keeps a gate from shutting", "params": {"slot": _SLOT}},
        "force gate": {"doc": "a gate is broken open", "params": {"slot": _SLOT}},
        "jam slot": {"doc": "the gate does not open", "params": {"slot": _SLOT}},
        "coil fault": {
            "doc": "a solenoid fails",
            "params": {"slot": _SLOT, "kind": choice("how", "open", "short")},
        },
        "gate switch stuck": {
            "doc": "a gate switch keeps its state",
            "params": {"slot": _SLOT, "kind": choice("which", "open", "closed")},
        },
        "bank switch stuck": {
            "doc": "a bank switch keeps its state",
            "params": {"slot": _SLOT, "kind": choice("which", "open", "closed")},
        },
        "thermistor fault": {
            "doc": "a slot's thermistor fails",
            "params": {"slot": _SLOT, "kind": choice("how", "open", "short")},
        },
        "slot temperature": {
            "doc": "a slot grows warm or cold",
            "params": {"slot": _SLOT, "c": number("degrees C", -40, 120)},
        },
        "bad contact": {
            "doc": "the id contact of the bank in a slot chatters for ever",
            "params": {"slot": _SLOT},
        },
        "dead id": {"doc": "the bank in a slot tells no id", "params": {"slot": _SLOT}},
        "force door": {"doc": "the cabinet's door is opened", "params": {}},
        "tamper": {"doc": "the tamper loop is broken", "params": {}},
        "unplug reader": {"doc": "the palm reader's plug is out", "params": {}},
        "reboot reader": {"doc": "the palm reader starts again in mid-run", "params": {}},
        "reader flaw": {
            "doc": "coming frames of the palm reader go wrong",
            "params": {
                "kind": choice("how", *_READER_FLAWS),
                "count": number("how many", 1, 1000000, 1),
            },
        },
        "reader late": {
            "doc": "an aborted command of the palm reader succeeds late",
            "params": {"ms": number("up to so many milliseconds later", 1, 60000, 400)},
        },
        "reader full": {"doc": "the palm reader's storage is full", "params": {}},
        "rogue frame": {
            "doc": "a frame that nobody asked for comes from the palm reader's line",
            "params": {"message": number("its MsgID (250: a template)", 0, 255, 250)},
        },
        "unplug tag reader": {"doc": "the NFC reader does not answer", "params": {}},
        "unplug display": {"doc": "the display does not answer", "params": {}},
        "unplug expander": {"doc": "the port expander does not answer", "params": {}},
        "power cut": {
            "doc": "no supply for a while",
            "params": {"off_ms": number("in ms", 0, 86400000, 1000)},
        },
        "reset pulse": {"doc": "a spike on the reset line", "params": {}},
    }
    MEASURES = {
        "unlocked_now": "slots that are unlocked",
        "most_unlocked": "most slots that were unlocked at once",
        "driven_now": "slot whose solenoid is driven, -1 none",
        "drives": "times that a solenoid was driven",
        "ejects": "times that a gate came open by its solenoid",
        "taken": "banks that were taken",
        "returned": "objects that were pushed in",
        "banks_in": "banks in the slots",
        "banks_out": "banks that people have",
        "gates_open": "gates that stand open",
        "palms_known": "palms in the reader's table",
        "reader_commands": "commands that the palm reader got",
        "lit": "lights that are not black",
        "frames": "whole pictures that the display got",
        "beeps": "sounds so far",
        "sounding": "1 while the beeper can be heard",
        "door_open": "1 while the door is open",
    }
    for _n in range(SLOTS):
        MEASURES["bank_%d" % _n] = "serial of the bank in slot %d, 0 none, -1 a dummy" % _n
        MEASURES["ejects_%d" % _n] = "times that gate %d came open by its solenoid" % _n
        MEASURES["gate_%d" % _n] = "1 while gate %d stands open" % _n

    def __init__(self, kernel, chips, nets, params):
        World.__init__(self, kernel)
        self.chips = chips
        self._by_kind = {}
        for role in sorted(chips):
            self._by_kind.setdefault(chips[role].KIND, chips[role])
        self._banks = {}  # serial -> Bank
        self._last_taken = 0
        self._taken = self._returned = 0
        self._most_unlocked = 0
        self._palm_end = None
        self.check(params, ())
        self._inside = _pairs(params.get("banks", _DEFAULT_BANKS))
        self._outside = list(params.get("out", []))
        self._enrolled = list(params.get("enrolled", []))
        self._return_ms = params.get("return_ms")

    @staticmethod
    def check(params, done):
        """Check [world] before anything runs. Raises ValueError, in one sentence."""
        serials = [serial for _, serial in _pairs(params.get("banks", _DEFAULT_BANKS))]
        for serial in _whole_numbers("out", params):
            serials.append(serial)
        if len(set(serials)) != len(serials):
            raise ValueError("a bank is in two places at the start: its serial occurs twice")
        _whole_numbers("enrolled", params)
        return_ms = params.get("return_ms", 1)
        if not isinstance(return_ms, int) or return_ms < 1:
            raise ValueError("return_ms of [world] is a time in ms, not %r" % (return_ms,))

    def start(self):
        """Show every chip its surroundings; call once, when the bench is powered."""
        cabinet = self._kind("cabinet")
        cabinet.connect(self._kind("mcp23017"))
        cabinet.on_change(self._changed)
        if self._return_ms is not None:
            cabinet.return_ms = self._return_ms
        for slot, serial in self._inside:
            cabinet.insert(slot, self._bank(serial), now=False)
        for role in ("door", "tamper"):
            if role in self.chips:
                self.chips[role].closed = True
        reader = self._by_kind.get("ai10")
        if reader is not None:
            for person in self._enrolled:
                reader.add_user(person)

    def _measure(self, name):
        for kind in ("bank_", "ejects_", "gate_"):
            if name.startswith(kind):
                return self._measure_slot(kind, int(name[len(kind) :]))
        return World._measure(self, name)

    def _arguments(self, values):
        """Counts and serials as ints, whatever the file wrote; a temperature stays."""
        for key in values:
            if isinstance(values[key], float) and key != "c":
                values[key] = int(values[key])
        return values

    def place(self, serial):
        """Return "slot N" or "out" for a bank; ValueError for one that does not exist."""
        if serial not in self._banks:
            raise ValueError("there is no bank %d" % serial)
        for n in range(SLOTS):
            if self._kind("cabinet").slots[n].bank is self._banks[serial]:
                return "slot %d" % n
        return "out"

    # -- what happens

    def _changed(self, cabinet, n, what):
        if what == "bank out":
            self._taken += 1
            self._event("bank taken")
        elif what == "bank in":
            self._returned += 1
            self._event("bank returned")
        elif what in ("gate open", "gate shut"):
            self._event(what)
        unlocked = cabinet.unlocked
        if unlocked > self._most_unlocked:
            self._most_unlocked = unlocked
            if unlocked > 1:
                self._event("two unlocked")

    def _bank(self, serial):
        bank = self._banks.get(serial)
        if bank is None:
            bank = self._banks[serial] = Bank(serial)
        return bank

    # -- people

    def _act_present_palm(self, person, ms):
        return self._hold(person, ms, True)

    def _act_spoof_palm(self, person, ms):
        return self._hold(person, ms, False)

    def _hold(self, person, ms, alive):
        self.kernel.cancel(self._palm_end)
        self._kind("ai10").present(person, alive)
        self._event("palm held")
        self._palm_end = self.kernel.after(ms * 1000, self._let_go)
        return lambda: self._let_go(None)

    def _let_go(self, _):
        self.kernel.cancel(self._palm_end)
        self._palm_end = None
        if self._kind("ai10").palm is not None:
            self._kind("ai10").remove()
            self._event("palm gone")

    def _act_tap_tag(self, tag, ms):
        self._kind("pn532").tap(uid_of(tag), ms)
        self._event("tag held")

    def _act_take_bank(self, slot):
        cabinet = self._kind("cabinet")
        for n in range(SLOTS) if slot < 0 else (slot,):
            one = cabinet.slots[n]
            if one.gate_open and not one.flap and one.bank is not None:
                self._last_taken = cabinet.take(n).serial or 0
                return
        self.kernel.note("world", "nothing to take")

    def _act_return_bank(self, slot, serial):
        serial = serial or self._last_taken
        if not serial:
            raise ValueError("'return bank' needs a serial: none was taken yet")
        if serial in self._banks and self.place(serial) != "out":
            raise ValueError("bank %d is in %s already" % (serial, self.place(serial)))
        self._insert(slot, self._bank(serial))

    def _act_return_dummy(self, slot):
        self._insert(slot, Bank(None))

    def _insert(self, slot, bank):
        cabinet = self._kind("cabinet")
        if cabinet.slots[slot].bank is not None:
            self.kernel.note("world", "slot is taken", slot)
            return
        cabinet.insert(slot, bank)

    def _act_pull_out(self, slot):
        cabinet = self._kind("cabinet")
        if not cabinet.slots[slot].gate_open:
            cabinet.force_gate(slot)
        cabinet.slots[slot].flap = False
        if cabinet.slots[slot].bank is not None:
            self._last_taken = cabinet.take(slot).serial or 0

    def _act_push_gate(self, slot):
        self._kind("cabinet").push_gate(slot)

    def _act_block_gate(self, slot):
        return _set(self._slot(slot), "blocked", True)

    def _act_force_gate(self, slot):
        self._kind("cabinet").force_gate(slot)

    # -- faults

    def _act_jam_slot(self, slot):
        return _set(self._slot(slot), "jammed", True)

    def _act_coil_fault(self, slot, kind):
        return _set(self._slot(slot), "coil", kind)

    def _act_gate_switch_stuck(self, slot, kind):
        return self._stuck(slot, "gate_switch", kind)

    def _act_bank_switch_stuck(self, slot, kind):
        return self._stuck(slot, "bank_switch", kind)

    def _stuck(self, slot, field, kind):
        cabinet = self._kind("cabinet")
        undo = _set(cabinet.slots[slot], field, kind)
        cabinet.refresh()

        def end():
            undo()
            cabinet.refresh()

        return end

    def _act_thermistor_fault(self, slot, kind):
        return _set(self._slot(slot), "sensor", kind)

    def _act_slot_temperature(self, slot, c):
        return _set(self._slot(slot), "temp_c", float(c))

    def _act_bad_contact(self, slot):
        return self._spoil(slot, "chatters")

    def _act_dead_id(self, slot):
        return self._spoil(slot, "dead")

    def _spoil(self, slot, field):
        bank = self._slot(slot).bank
        if bank is None:
            raise ValueError("slot %d is empty" % slot)
        return _set(bank, field, True)

    def _act_force_door(self):
        return self._open("door", "door forced")

    def _act_tamper(self):
        return self._open("tamper", "tampered")

    def _open(self, role, event):
        if role not in self.chips:
            raise ValueError("this board has no %s switch" % role)
        self.chips[role].closed = False
        self._event(event)
        return lambda: setattr(self.chips[role], "closed", True)

    def _act_unplug_reader(self):
        return _set(self._kind("ai10"), "unplugged", True)

    def _act_reboot_reader(self):
        self._kind("ai10").reboot()

    def _act_reader_flaw(self, kind, count):
        return _set(self._kind("ai10"), kind, count)

    def _act_reader_late(self, ms):
        reader = self._kind("ai10")
        reader.late_ms = ms
        return _set(reader, "late_success", True)

    def _act_reader_full(self):
        reader = self._kind("ai10")
        return _set(reader, "capacity", len(reader.users))

    def _act_rogue_frame(self, message):
        self._kind("ai10").rogue(message, bytes(64))

    def _act_unplug_tag_reader(self):
        return _set(self._kind("pn532"), "unplugged", True)

    def _act_unplug_display(self):
        return _set(self._kind("ssd1306"), "unplugged", True)

    def _act_unplug_expander(self):
        return _set(self._kind("mcp23017"), "unplugged", True)

    def _act_power_cut(self, off_ms):
        self.kernel.power_cut(off_ms)

    def _act_reset_pulse(self):
        self.kernel.reset_pulse()

    def _kind(self, kind):
        if kind not in self._by_kind:
            raise ValueError("this board has no %s" % kind)
        return self._by_kind[kind]

    def _slot(self, n):
        return self._kind("cabinet").slots[n]

    # -- measures

    def _measure_slot(self, kind, n):
        slot = self._slot(n)
        if kind == "ejects_":
            return slot.ejects
        if kind == "gate_":
            return 1 if slot.gate_open else 0
        if slot.bank is None:
            return 0
        return slot.bank.serial or -1

    def _measure_unlocked_now(self):
        return self._kind("cabinet").unlocked

    def _measure_most_unlocked(self):
        return self._most_unlocked

    def _measure_driven_now(self):
        return self._kind("cabinet").driven

    def _measure_drives(self):
        return sum([slot.drives for slot in self._kind("cabinet").slots])

    def _measure_ejects(self):
        return sum([slot.ejects for slot in self._kind("cabinet").slots])

    def _measure_taken(self):
        return self._taken

    def _measure_returned(self):
        return self._returned

    def _measure_banks_in(self):
        slots = self._kind("cabinet").slots
        return len([slot for slot in slots if slot.bank is not None and slot.bank.serial])

    def _measure_banks_out(self):
        return len(self._banks) + self._never_seen() - self._measure_banks_in()

    def _never_seen(self):
        return len([serial for serial in self._outside if serial not in self._banks])

    def _measure_gates_open(self):
        return len([slot for slot in self._kind("cabinet").slots if slot.gate_open])

    def _measure_palms_known(self):
        return len(self._kind("ai10").users) if "ai10" in self._by_kind else 0

    def _measure_reader_commands(self):
        return self._kind("ai10").commands if "ai10" in self._by_kind else 0

    def _measure_lit(self):
        return self._kind("ws2812").lit if "ws2812" in self._by_kind else 0

    def _measure_frames(self):
        return self._kind("ssd1306").frames if "ssd1306" in self._by_kind else 0

    def _measure_beeps(self):
        return self._kind("buzzer").count if "buzzer" in self._by_kind else 0

    def _measure_sounding(self):
        return 1 if "buzzer" in self._by_kind and self._by_kind["buzzer"].sounding else 0

    def _measure_door_open(self):
        return 0 if "door" not in self.chips or self.chips["door"].closed else 1


def _pairs(table):
    out = []
    for entry in table if isinstance(table, (list, tuple)) else [table]:
        good = isinstance(entry, (list, tuple)) and len(entry) == 2
        good = good and isinstance(entry[0], int) and isinstance(entry[1], int)
        if not good or not 0 <= entry[0] < SLOTS or entry[1] < 1:
            raise ValueError("banks of [world] are [slot 0 to 7, serial], not %r" % (entry,))
        if entry[0] in [slot for slot, _ in out]:
            raise ValueError("slot %d of [world] holds two banks" % entry[0])
        out.append((entry[0], entry[1]))
    return out


def _whole_numbers(key, params):
    """Return params[key], a list of ints; none if it is left out."""
    values = params.get(key, [])
    for value in values if isinstance(values, (list, tuple)) else [None]:
        if not isinstance(value, int):
            raise ValueError("%s of [world] is a list of numbers, not %r" % (key, values))
    return values


def _set(owner, name, value):
    """Set an attribute; returns a function that puts the old value back."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    return lambda: setattr(owner, name, before)
