"""The kiosk's surroundings: people, banks, mischief, and what is measured of them."""


import pytest

from pinbench.chips.catalogue import chip_class
from pinbench.simulator.kernel import Kernel
from pinbench.worlds.cabinet import CabinetWorld, uid_of

CHIPS = {
    "slots": "cabinet",
    "expander": "mcp23017",
    "palm": "ai10",
    "nfc": "pn532",
    "display": "ssd1306",
    "lights": "ws2812",
    "beeper": "buzzer",
    "door": "contact",
    "tamper": "contact",
}


class Line:
    def send(self, data, delay_us=0):
        pass


class Place:
    """A CabinetWorld with its chips on a bare kernel."""

    def __init__(self, without=(), **world):
        self.records = []
        self.kernel = Kernel("esp32", seed=3)
        self.kernel.trace.sinks.append(lambda *record: self.records.append(record))
        self.chips = {}
        for role, kind in CHIPS.items():
            if role in without:
                continue
            chip = self.chips[role] = chip_class(kind)()
            if kind == "ai10":
                chip.attach_uart(Line())
            chip.attach(self.kernel, role, {p: self.kernel.net(f"{role}.{p}") for p in chip.PINS})
        self.world = CabinetWorld(self.kernel, self.chips, {}, world)
        self.world.start()
        self.run_s(0.1)

    def run_s(self, seconds):
        self.kernel.run_until(self.kernel.now_us + round(seconds * 1e6))

    def act(self, name, **params):
        return self.world.act(name, params)

    def eject(self, n):
        for bit in range(3):
            self.kernel.net(f"slots.sel{bit}").drive("host", n >> bit & 1)
        self.kernel.net("slots.eject").drive("host", 1)
        self.run_s(0.1)
        self.kernel.net("slots.eject").drive("host", 0)

    def measures(self, *names):
        return [self.world.measure(name) for name in names]


def test_the_start():
    on = Place(banks=[[2, 55], [7, 66]], out=[77], enrolled=[4, 9])
    assert on.measures("banks_in", "banks_out", "bank_2", "bank_7", "bank_0") == [2, 1, 55, 66, 0]
    assert on.measures("palms_known", "door_open", "unlocked_now") == [2, 0, 0]
    assert on.chips["palm"].enrolled(9) == [1002]
    assert on.world.place(55) == "slot 2"
    with pytest.raises(ValueError, match="no bank 99"):
        on.world.place(99)


@pytest.mark.parametrize(
    "world, says",
    [
        ({"banks": [[8, 1]]}, "slot 0 to 7"),
        ({"banks": [[1, 5], [2, 5]]}, "in two places"),
        ({"banks": [[1, 5]], "out": [5]}, "in two places"),
        ({"banks": [[1, 5], [1, 6]]}, "slot 1 of .* holds two"),
        ({"banks": 3}, "slot 0 to 7"),
        ({"enrolled": ["anna"]}, "enrolled .* is a list of numbers"),
        ({"out": 7}, "out .* is a list of numbers"),
        ({"return_ms": "soon"}, "time in ms"),
    ],
)
def test_what_cannot_be(world, says):
    with pytest.raises(ValueError, match=says):
        Place(**world)


def test_a_rental_and_its_return():
    on = Place()
    on.act("take bank")
    assert on.measures("taken") == [0]  # all gates are shut
    on.eject(4)
    assert on.measures("unlocked_now", "ejects", "ejects_4", "gate_4") == [1, 1, 1, 1]
    on.act("take bank")
    assert on.measures("taken", "bank_4", "banks_out", "unlocked_now") == [1, 0, 1, 0]
    assert on.world.place(1005) == "out"
    on.act("return bank", slot=6)
    on.run_s(0.5)
    assert on.measures("returned", "bank_6", "gate_6", "banks_out") == [1, 1005, 0, 0]
    with pytest.raises(ValueError, match="in slot 6 already"):
        on.act("return bank", slot=7, serial=1005)
    assert on.measures("most_unlocked") == [1]
    assert "two unlocked" not in on.world.events
    assert {"bank taken", "bank returned", "gate open"} <= set(on.world.events)


def test_two_open_gates_over_banks_are_noticed():
    on = Place()
    on.eject(0)
    on.eject(1)
    assert on.measures("most_unlocked", "gates_open") == [2, 2]
    assert "two unlocked" in on.world.events


def test_dummies_strangers_and_full_slots():
    on = Place(out=[3003])
    on.act("return dummy", slot=7)
    on.act("return bank", slot=6, serial=3003)
    on.act("return dummy", slot=6)
    on.run_s(1)
    assert on.measures("bank_7", "bank_6", "returned") == [-1, 3003, 2]
    assert on.measures("banks_out") == [0]
    with pytest.raises(ValueError, match="needs a serial"):
        on.act("return bank", slot=0)


def test_force():
    on = Place()
    on.act("pull out", slot=3)
    assert on.measures("bank_3", "gate_3", "ejects_3", "taken") == [0, 1, 0, 1]
    on.act("push gate", slot=3)
    assert on.measures("gate_3") == [0]
    shut = on.act("force door")
    assert on.measures("door_open") == [1]
    shut()
    assert on.measures("door_open") == [0]
    on.act("tamper")
    assert on.world.events.keys() >= {"door forced", "tampered"}


def test_palms_and_tags():
    on = Place(enrolled=[4])
    on.act("present palm", person=4, ms=500)
    assert on.chips["palm"].palm == 4
    on.run_s(0.6)
    assert on.chips["palm"].palm is None
    on.act("spoof palm", person=4)
    assert not on.chips["palm"]._alive
    on.act("present palm", person=5, ms=3000)  # the second hand outlasts the first one's end
    on.run_s(2.5)
    assert on.chips["palm"].palm == 5
    on.act("tap tag", tag=77, ms=300)
    assert on.chips["nfc"].tag == uid_of(77) and len(uid_of(77)) == 7
    on.run_s(0.4)
    assert on.chips["nfc"].tag is None


def test_the_trace_does_not_say_who():
    on = Place(enrolled=[4711])
    on.act("present palm", person=4711)
    on.run_s(3)
    assert not any("4711" in repr(record) for record in on.records)


@pytest.mark.parametrize(
    "action, params, role, field, value",
    [
        ("unplug reader", {}, "palm", "unplugged", True),
        ("reader flaw", {"kind": "split", "count": 2}, "palm", "split", 2),
        ("reader late", {}, "palm", "late_success", True),
        ("unplug tag reader", {}, "nfc", "unplugged", True),
        ("unplug display", {}, "display", "unplugged", True),
        ("unplug expander", {}, "expander", "unplugged", True),
    ],
)
def test_faults_come_and_go(action, params, role, field, value):
    on = Place()
    before = getattr(on.chips[role], field)
    end = on.act(action, **params)
    assert getattr(on.chips[role], field) == value
    end()
    assert getattr(on.chips[role], field) == before


@pytest.mark.parametrize(
    "action, params, field, value",
    [
        ("jam slot", {}, "jammed", True),
        ("block gate", {}, "blocked", True),
        ("coil fault", {"kind": "short"}, "coil", "short"),
        ("gate switch stuck", {"kind": "open"}, "gate_switch", "open"),
        ("bank switch stuck", {"kind": "closed"}, "bank_switch", "closed"),
        ("thermistor fault", {"kind": "open"}, "sensor", "open"),
        ("slot temperature", {"c": 61.5}, "temp_c", 61.5),
    ],
)
def test_faults_of_a_slot_come_and_go(action, params, field, value):
    on = Place()
    slot = on.chips["slots"].slots[2]
    before = getattr(slot, field)
    end = on.act(action, slot=2, **params)
    assert getattr(slot, field) == value
    end()
    assert getattr(slot, field) == before


def test_a_stuck_switch_shows_at_once():
    on = Place()
    end = on.act("gate switch stuck", slot=2, kind="open")
    assert on.chips["expander"]._outside[2] is None
    end()
    assert on.chips["expander"]._outside[2] == 0


def test_spoilt_identities():
    on = Place()
    end = on.act("dead id", slot=1)
    assert on.chips["slots"].slots[1].bank.dead
    end()
    on.act("bad contact", slot=1)
    assert on.chips["slots"].slots[1].bank.chatters
    with pytest.raises(ValueError, match="slot 7 is empty"):
        on.act("dead id", slot=7)


def test_reader_full_and_rogue():
    on = Place(enrolled=[1, 2])
    end = on.act("reader full")
    assert on.chips["palm"].capacity == 2
    end()
    assert on.chips["palm"].capacity == 100
    sent = []
    on.chips["palm"].port.send = lambda data, delay_us=0: sent.append(data)
    on.act("rogue frame")
    assert sent[0][2] == 0xFA
    on.act("reboot reader")
    on.run_s(1.1)
    assert sent[-1] == bytes.fromhex("EFAA0100010000")


def test_a_board_without_some_parts():
    on = Place(without=("nfc", "display", "lights", "beeper", "door", "tamper", "palm"))
    for name in on.world.MEASURES:
        assert isinstance(on.world.measure(name), int)
    for action, params in (("tap tag", {"tag": 1}), ("force door", {}), ("unplug display", {})):
        with pytest.raises(ValueError, match="this board has no"):
            on.act(action, **params)
    with pytest.raises(ValueError, match="'mood' is not a measure of the kiosk"):
        on.world.measure("mood")


@pytest.mark.vm
def test_both_interpreters_print_the_same(printed):
    here, there = printed("vm_cabinet.py")
    assert len(here) > 300
    assert here == there
