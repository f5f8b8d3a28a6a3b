"""Palms: enrolled with consent and once, deleted when asked, and seen nowhere else."""

import copy

import pytest

from pinbench import play, scenario
from pinbench.evaluate.kiosk.rig import Rig, load, orders
from pinbench.paths import SCENARIOS
from pinbench.session import Session
from pinbench.simulator.trace import line
from pinbench.worlds.cabinet import uid_of

p = load("kiosk.palm")


class Reader:
    """A palm reader in a few lines: who it knows, and which hand is over it."""

    def __init__(self, rig):
        self.rig = rig
        self.users = {}
        self.hand = None
        self.did = []
        self.mute = False
        self.keeps = False  # deletions do nothing

    def run(self, seconds):
        for _ in range(int(seconds * 10)):
            wish = self.rig.core.reader(100)
            if wish is not None:
                self.do(*wish)
            self.rig.step(100)
        return self

    def do(self, name, value):
        self.did.append(name)
        palm = self.rig.core.palm
        if self.mute:
            palm.heard(p.FAILED, -1)
        elif name == "verify":
            uid = next((u for u, hand in self.users.items() if hand == self.hand), None)
            if self.hand is None:
                palm.heard(p.NOBODY, 13)
            elif self.hand == "forged":
                palm.heard(p.FORGED, 12)
            else:
                palm.heard(*((p.KNOWN, uid) if uid else (p.UNKNOWN, 8)))
        elif name == "enrol":
            uid = 1001 + len(self.users)
            self.users[uid] = self.hand
            palm.heard(p.ENROLLED, uid)
        elif name == "delete":
            if not self.keeps:
                self.users.pop(value, None)
            palm.heard(p.DONE, 0)
        else:
            palm.heard(p.DONE, sorted(self.users))

    def enrol(self, hand):
        """The whole way: unknown, offered, agreed by a card, enrolled."""
        self.hand = hand
        self.run(12)
        self.rig.core.card(b"cardcard")
        self.run(1)
        self.hand = None
        self.run(4)
        return self


@pytest.fixture
def reader():
    return Reader(Rig().settle(2)).run(4)


def said(reader):
    return [name for name, _, _ in reader.rig.log]


def members(reader):
    return reader.rig.core.palm.members.entries


def test_without_consent_nobody_is_enrolled(reader):
    reader.hand = "a"
    reader.run(40)
    assert "offer" in said(reader) and "enrol" not in reader.did and reader.users == {}


def test_with_consent_a_palm_is_enrolled_and_rents(reader):
    reader.enrol("a")
    assert list(reader.users) == [1001] and [m[0] for m in members(reader)] == [1001]
    assert reader.rig.opened == []
    reader.hand = "a"
    reader.run(4)
    assert reader.rig.opened == [0]


def test_a_card_that_agrees_opens_nothing(reader):
    reader.enrol("a")
    assert reader.rig.opened == []
    reader.rig.core.card(b"cardcard")
    reader.rig.act()
    assert reader.rig.opened == [0], "but it does when nothing is offered"


def test_a_known_palm_is_not_enrolled_again(reader):
    reader.enrol("a")
    reader.hand = "b"
    while not reader.rig.core.palm.offering:
        reader.run(1)
    reader.hand = "a"  # another hand agrees
    reader.rig.core.card(b"cardcard")
    reader.run(1)
    assert "already" in said(reader) and len(reader.users) == 1 == len(members(reader))


def test_deleted_when_asked_and_proven_by_the_list(reader):
    reader.enrol("a").enrol("b")
    who = orders.text(members(reader)[0][1])
    reader.rig.core.command({"do": "forget", "member": who})
    reader.run(5)
    assert list(reader.users.values()) == ["b"] and len(members(reader)) == 1
    assert "deleted" in said(reader)


def test_not_deleted_while_a_bank_is_out(reader):
    rig = reader.rig
    reader.enrol("a")
    reader.hand = "a"
    reader.run(4)
    reader.hand = None
    thing = rig.take(rig.open_slot(), 0)
    rig.core.command({"do": "forget", "member": orders.text(members(reader)[0][1])})
    reader.run(20)
    assert len(reader.users) == 1
    rig.put(7, thing)
    reader.run(10)
    assert reader.users == {} and members(reader) == []


def test_a_deletion_that_does_not_happen_is_not_claimed_and_tried_again(reader):
    reader.enrol("a")
    reader.keeps = True
    reader.rig.core.command({"do": "forget", "member": orders.text(members(reader)[0][1])})
    reader.run(5)
    assert "deleted" not in said(reader) and "undeleted" in said(reader)
    reader.keeps = False
    reader.run(15)
    assert "deleted" in said(reader) and reader.users == {}


def test_a_palm_without_an_account_is_deleted_at_the_next_start(reader):
    """The power went between enrolling and noting it: nobody agreed to be kept without a use."""
    reader.users = {1001: "a", 1002: "b"}
    reader.rig.reboot()
    reader.run(20)
    assert reader.users == {}


def test_an_unanswered_enrolment_leaves_no_palm_behind(reader):
    reader.hand = "a"
    while not reader.rig.core.palm.offering:
        reader.run(0.1)
    reader.rig.core.card(b"cardcard")
    palm = reader.rig.core.palm
    assert palm.step(10, True, lambda member: False) == ("verify", None)
    palm.heard(p.UNKNOWN, 8)
    assert palm.step(10, True, lambda member: False) == ("enrol", None)
    reader.users[1001] = "a"  # it did, but its answer is lost
    palm.restarted()
    reader.hand = None
    reader.run(20)
    assert reader.users == {} and members(reader) == []


def test_forged_palms_make_the_reader_rest_and_cards_still_rent(reader):
    reader.hand = "forged"
    reader.run(20)
    looks = reader.did.count("verify")
    reader.run(30)
    assert reader.did.count("verify") == looks and "rest" in said(reader)
    assert reader.rig.rent() is not None


def test_a_mute_reader_stops_nothing(reader):
    reader.mute = True
    reader.run(30)
    assert reader.rig.rent() is not None


def test_palms_may_be_kept_for_one_rental_only():
    rig = Rig().settle(2)
    rig.core.palm._new = load("kiosk.members").FORGET_AFTER
    reader = Reader(rig).run(4).enrol("a")
    assert len(reader.users) == 1, "not before it was used"
    reader.hand = "a"
    reader.run(4)
    reader.hand = None
    thing = rig.take(rig.open_slot(), 0)
    reader.run(5)
    assert len(reader.users) == 1
    rig.put(7, thing)
    reader.run(10)
    assert reader.users == {}


# -- nothing of a palm or a card is seen outside

WIRES = ("uart", "i2c")  # what the readers say on their wires; the cabinet's door is over them


def told(palms_before, tag=4711):
    """Play the regular's day; return everything that could be seen, and the session.

    `palms_before` moves the id that the reader gives the palm.
    """
    job = copy.deepcopy(play.only(scenario.load(SCENARIOS / "kiosk" / "regular.toml")[0]).job)
    for action in job["timeline"]:
        if action["do"] == "tap tag":
            action["params"]["tag"] = tag
    session = Session(job)
    seen = []

    def sink(time_us, channel, who, values):
        if channel not in WIRES:
            seen.append(line(time_us, channel, who, values))

    session.bench.kernel.trace.sinks.append(sink)
    chip = session.bench.chips["palm"]

    def fill(_):
        for number in range(palms_before):
            chip.add_user(f"stranger {number}")

    session.bench.kernel.at(9_000_000, fill)
    result = session.play()
    assert result["error"] is None and session.world.measure("ejects") == 6
    files = session.bench.flash.mounted
    ledger = {name: files.read("/ledger/" + name) for name in files.names("/ledger")}
    assert max(chip.users) == 1001 + palms_before
    return seen, ledger, session


def test_nothing_outside_the_readers_wire_depends_on_the_palms_id():
    """Log, journal, file names, messages, lights, times: all alike for palm 1001 and palm 1048."""
    first, second = told(0), told(47)
    assert first[0] == second[0]
    assert first[1] == second[1]
    files = [run[2].bench.flash.mounted.read("/members.bin") for run in (first, second)]
    assert files[0] != files[1], "the one place where the id stands"


def test_a_cards_number_stands_nowhere():
    seen, ledger, session = told(0, tag=0xABCDEF)
    uid = uid_of(0xABCDEF)
    kept = b"".join(ledger.values()) + session.bench.flash.mounted.read("/members.bin")
    for part in (uid, uid[::-1], uid[3:6]):
        assert part not in kept
        assert not any(part.hex() in text for text in seen)
    assert not any("11259375" in text for text in seen if "|world|" not in text)


def test_nobody_is_named_to_the_reader():
    _, _, session = told(0)
    assert all(name == bytes(32) for name, _ in session.bench.chips["palm"].users.values())


def test_messages_carry_pseudonyms_only():
    _, ledger, session = told(0)
    kinds = load("kiosk.records")
    known = {name for _, names in kinds.LAYOUT.values() for name in names}
    assert known == {
        "command", "until_s", "why", "slot", "bank", "member", "ref", "reason", "bad", "cents",
        "seconds", "what",
    }  # fmt: skip
    assert ledger and session
