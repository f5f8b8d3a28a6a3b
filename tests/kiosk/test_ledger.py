"""The ledger on a disk that is cut, damaged and full, by itself and with the whole cabinet."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pinbench.evaluate.kiosk import campaign
from pinbench.evaluate.kiosk.disk import PowerCut
from pinbench.evaluate.kiosk.rig import SLOTS, Rig, load, member, orders

LONG = os.environ.get("PINBENCH_PROFILE") == "long"


def state(ledger):
    """Everything that a ledger knows, but for answers to commands that have expired."""
    slots = [vars(slot) for slot in ledger.slots]
    now_s = ledger.clock.now_s + 10
    answers = {c: a for c, a in ledger._answers.items() if a[0] > now_s}
    return slots, ledger.rentals, answers


def commits_of(play):
    """Return how many commits to the disk a story makes."""
    rig = Rig().settle(2)
    before = rig.disk.commits
    play(rig)
    return rig.disk.commits - before


def rent_and_return(rig):
    """A whole rental: card, eject, taken, 20 minutes, returned, settled."""
    slot = rig.rent()
    rig.run(400)
    if slot is not None:
        thing = rig.take(slot)
        rig.run(1000, 100)
        rig.run(1_200_000, 60_000)
        rig.put(slot, thing)
    rig.settle(2)
    return rig


def finish(rig):
    """After a cut: what people do when the power is back; then all must be right."""
    rig.settle(2)
    slot = rig.open_slot()
    if slot is not None:
        rig.take(slot)
        rig.settle(2)
    for thing in list(rig.held):
        rig.put(rig.empty_slot(), thing)
        rig.settle(2)
    rig.check_settled()
    assert rig.core.ledger.rentals == {}
    taken = {m["ref"] for m in rig.messages("taken")}
    ended = {m["ref"] for m in rig.messages("returned")}
    assert taken == ended, "each rental ends once, and only those that began"


CUTS = [(n, after) for n in range(1, 8) for after in (False, True)]


@pytest.mark.parametrize("n, after", CUTS)
def test_power_cut_at_every_record_of_a_rental_and_return_and_again_in_recovery(n, after):
    total = commits_of(rent_and_return)
    assert total <= len(CUTS) // 2, "a cut is missing from the list"
    for again in range(4):
        rig = Rig().settle(2)
        rig.disk.cut_at(n, after)
        if n > total:
            rent_and_return(rig)
        else:
            with pytest.raises(PowerCut):
                rent_and_return(rig)
        rig.off(60)
        try:
            rig.disk.power_on()
            if again:
                rig.disk.cut_at(again)
            rig.boot()
            rig.settle(2)
        except PowerCut:
            rig.off(60)
            rig.boot()
        rig.disk.power_on()
        rig.core.resend()
        finish(rig)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_power_cut_at_the_solenoid_fires_it_once_or_not_at_all(moment):
    rig = Rig().settle(2)
    rig.pulse_cut = moment
    with pytest.raises(PowerCut):
        rig.rent()
    pulses = rig.boxes[0].pulses
    rig.reboot()
    rig.settle(40)
    assert rig.boxes[0].pulses == pulses, "a solenoid fired again after a reset"
    finish(rig)


@given(st.lists(st.integers(0, 1 << 30), min_size=1, max_size=40), st.integers(0, 3))
def test_the_state_is_the_records_read_again(seeds, checkpoints):
    story = campaign.Story(seeds[0])
    story.play(min(len(seeds), 8))
    ledger = story.rig.core.ledger
    for _ in range(checkpoints):
        ledger.checkpoint()
    before = state(ledger)
    story.rig.reboot(0)
    assert state(story.rig.core.ledger) == before


def damage(rig, data, name, how):
    raw = bytearray(rig.disk.files[name])
    if not raw:
        return
    at = data.draw(st.integers(0, len(raw) - 1))
    if how == "tail":
        raw = raw[:at]
    else:
        end = min(len(raw), at + data.draw(st.integers(1, 60)))
        raw[at:end] = bytes(data.draw(st.integers(1, 255)) ^ byte for byte in raw[at:end])
    rig.disk.files[name] = bytes(raw)


@given(st.integers(0, 10_000), st.data())
def test_after_damage_every_bank_is_where_its_switch_says_and_nothing_opens(seed, data):
    """Damage may lose a record. What the switches show is right all the same; no slot opens."""
    story = campaign.Story(seed)
    story.play(data.draw(st.integers(1, 12)))
    rig = story.rig
    how = data.draw(st.sampled_from(["tail", "middle"]))
    damage(rig, data, data.draw(st.sampled_from(sorted(rig.disk.files))), how)
    opened = len(rig.opened)
    rig.reboot(10)
    rig.told.clear()  # numbers that were torn off may be given to others: the operator is asked
    rig.billed.clear()
    rig.online = rig.core.online = False
    rig.settle(5)
    ledger = rig.core.ledger
    assert len(rig.opened) == opened
    held = [slot.bank for slot in ledger.slots if slot.bank]
    assert len(held) == len(set(held))
    for number, box in enumerate(rig.boxes):
        if box.inside is None:
            assert ledger.slots[number].bank is None
        elif isinstance(box.inside, bytes):
            assert ledger.slots[number].bank == box.inside
    out = {thing for thing, _, _ in ledger.rentals.values()}
    assert not out & set(held), "charged for a bank that is in its slot"
    assert rig.rent(5000) is not None or not story.fit()


@given(st.integers(0, 1000), st.data())
def test_a_lost_checkpoint_costs_nothing_because_there_are_two(seed, data):
    story = campaign.Story(seed)
    rig = story.rig
    for _ in range(3):
        story.play(story.rentals + 3)
        rig.core.ledger.checkpoint()
        rig.acknowledge()
    before = state(rig.core.ledger)
    r, journal = load("kiosk.records"), load("services.journal")
    newest = None
    for name in sorted(rig.disk.files):
        for at, sequence, payload in journal.scan(int(name[-12:-4]), rig.disk.files[name]):
            if payload[0] & ~r.EARLY == r.CHECKPOINT and (not newest or sequence > newest[0]):
                newest = sequence, name, at + data.draw(st.integers(0, len(payload) + 10))
    raw = bytearray(rig.disk.files[newest[1]])
    raw[newest[2]] ^= 1 << data.draw(st.integers(0, 7))
    rig.disk.files[newest[1]] = bytes(raw)
    rig.reboot(0)
    assert state(rig.core.ledger) == before


def test_the_journal_stays_bounded_and_old_records_go_when_they_are_acknowledged():
    rig = Rig(segments=12).settle(2)
    sizes = []
    for number in range(400):
        slot = rig.rent(number)
        rig.run(200, 100)
        thing = rig.take(slot, number)
        rig.run(300, 100)
        rig.put(slot, thing)
        rig.run(60_000, 10_000)
        rig.acknowledge()
        sizes.append(sum(len(data) for data in rig.disk.files.values()))
    assert max(sizes) <= 12 * 4096 and len(rig.messages("returned")) == 400
    rig.reboot(0)
    rig.settle()
    rig.check_settled()


def test_when_nobody_acknowledges_rentals_stop_but_returns_go_on():
    rig = Rig(segments=12).settle(2)
    out = []
    while True:
        slot = rig.rent(len(out))
        if slot is None:
            break
        rig.run(200, 100)
        thing = rig.take(slot, len(out))
        rig.run(300, 100)
        if len(out) % 50:
            rig.put(slot, thing)
            rig.run(60_000, 10_000)
        out.append(thing)
    assert rig.log[-1] == ("turn_away", -1, load("kiosk.records").FULL)
    for thing in list(rig.held):
        rig.put(rig.empty_slot(), thing)
        rig.settle(2)
    rig.check_settled()
    rig.acknowledge()
    rig.run(60_000, 10_000)
    assert rig.rent(9999) is not None


def test_a_story_is_a_function_of_its_seed():
    logs = [campaign.Story(77).play(12).rig.log for _ in range(2)]
    assert logs[0] == logs[1]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 60 if LONG else 6))
def test_rentals_under_random_faults_violate_nothing(seed):
    story = campaign.Story(1_000_000 + seed).play(200)
    assert len(story.kinds) > 20, "some fault was never laid"


# -- people, banks, network and faults, as hypothesis likes


class Cabinet(RuleBasedStateMachine):
    """The whole core against the model of the rig, in any order that can happen."""

    def __init__(self):
        super().__init__()
        self.rig = Rig(filled=4, segments=12).settle(2)
        self.people = 0
        self.commands = []

    def survive(self, seconds=30):
        self.rig.off(seconds)
        for outing in self.rig.outings[-4:]:
            outing.unsure = True
        self.rig.disk.power_on()
        self.rig.boot()
        self.rig.core.resend()

    def attempt(self, play):
        try:
            play()
        except PowerCut:
            self.survive()

    @rule(ms=st.sampled_from([20, 60, 100, 500, 2000, 31_000]))
    def wait(self, ms):
        self.attempt(lambda: self.rig.run(ms, max(20, ms // 10)))

    @rule(hours=st.integers(1, 60))
    def wait_long(self, hours):
        self.attempt(lambda: self.rig.run(hours * 3_600_000, 590_000))

    @rule()
    def somebody_holds_a_card(self):
        self.people += 1
        self.attempt(lambda: self.rig.rent(self.people))

    @rule(who=st.integers(1, 5))
    def a_regular_comes_again(self, who):
        self.attempt(lambda: self.rig.rent(10_000 + who))

    @precondition(lambda self: self.rig.open_slot() is not None)
    @rule()
    def take(self):
        self.rig.run(100, 50)
        slot = self.rig.open_slot()
        if slot is not None:
            self.rig.take(slot)

    @precondition(lambda self: self.rig.open_slot() is not None)
    @rule()
    def push_shut(self):
        self.attempt(lambda: self.rig.run(200, 100))
        slot = self.rig.open_slot()
        if slot is not None:
            self.rig.push(slot)

    @precondition(lambda self: self.rig.held)
    @rule(data=st.data(), shut=st.booleans())
    def bring_back(self, data, shut):
        thing = data.draw(st.sampled_from(sorted(self.rig.held)))
        free = [n for n, box in enumerate(self.rig.boxes) if box.inside is None]
        if free:
            self.rig.put(data.draw(st.sampled_from(free)), thing, shut)

    @rule(number=st.integers(0, SLOTS - 1))
    def a_thing_is_put_in(self, number):
        box = self.rig.boxes[number]
        if box.inside is None and not box.open:
            self.rig.put(number, "dummy")

    @rule(number=st.integers(0, SLOTS - 1))
    def a_thing_is_taken_out(self, number):
        box = self.rig.boxes[number]
        if box.inside == "dummy":
            box.inside = None

    @rule(late_s=st.sampled_from([-60, 0, 60, 300]))
    def a_command_comes(self, late_s):
        rig = self.rig
        self.people += 1
        order = {
            "do": "rent",
            "id": f"{self.people:016x}",
            "until": rig.unix_s + late_s,
            "member": orders.text(member(self.people)),
        }
        self.commands.append(order)
        self.deliver(order)

    @precondition(lambda self: self.commands)
    @rule(data=st.data())
    def a_command_comes_again(self, data):
        self.deliver(data.draw(st.sampled_from(self.commands)))

    def deliver(self, order):
        def play():
            if self.rig.core.desk.free:
                self.rig.asked = int(order["id"], 16)
            self.rig.core.command(dict(order))
            self.rig.act()

        self.attempt(play)

    @rule()
    def the_operator_acknowledges(self):
        self.rig.acknowledge()

    @rule(up=st.booleans())
    def network(self, up):
        self.rig.online = self.rig.core.online = up

    @rule(n=st.integers(1, 4), after=st.booleans())
    def the_power_will_be_cut(self, n, after):
        self.rig.disk.cut_at(n, after)

    @rule(seconds=st.integers(1, 5000))
    def the_power_is_cut_now(self, seconds):
        self.survive(seconds)

    @rule(moment=st.sampled_from(["before", "after", None]))
    def the_power_will_be_cut_at_a_pulse(self, moment):
        self.rig.pulse_cut = moment

    @rule(full=st.booleans())
    def flash(self, full):
        self.rig.disk.full = full

    @rule(dead=st.booleans())
    def switches(self, dead):
        self.rig.switches_dead = dead

    @rule(number=st.integers(0, SLOTS - 1), jams=st.integers(0, 4))
    def jam(self, number, jams):
        self.rig.boxes[number].jams = jams

    @rule(number=st.integers(0, SLOTS - 1), hot=st.booleans())
    def heat(self, number, hot):
        self.rig.boxes[number].temp_dc = 480 if hot else 250

    @rule(kind=st.sampled_from(["lost", "back", "ahead"]))
    def the_clock_is_wrong_at_the_next_start(self, kind):
        shift = {"lost": -self.rig.unix_s + 946684800, "back": -86400, "ahead": 90 * 86400}
        self.rig.rtc_s = self.rig.unix_s + shift[kind]
        self.survive(5)
        self.rig.rtc_s = None
        self.rig.core.command({"do": "time", "unix": self.rig.unix_s})

    @rule(number=st.integers(0, SLOTS - 1))
    def the_operator_admits(self, number):
        self.attempt(lambda: self.rig.core.command({"do": "admit", "slot": number}))
        order = {"do": "service", "slot": number, "on": True}
        self.attempt(lambda: self.rig.core.command(order))

    @invariant()
    def nothing_is_violated(self):
        self.rig.check()

    def teardown(self):
        """In the end all faults are gone, and everything comes to rest."""
        rig = self.rig
        rig.disk.full = rig.switches_dead = False
        rig.disk.power_on()
        rig.pulse_cut = None
        rig.online = rig.core.online = True
        for box in rig.boxes:
            box.jams = 0
            box.temp_dc = 250
        for _ in range(60):
            rig.run(200, 100)
            for number, box in enumerate(rig.boxes):
                if box.open:
                    rig.push(number)
            if rig.core.desk.free:
                break
            rig.run(1000, 250)
        rig.run(3000, 250)
        rig.check_settled()


TestCabinet = Cabinet.TestCase
TestCabinet.settings = settings(
    max_examples=4000 if LONG else 60, stateful_step_count=60 if LONG else 40
)
