"""Thousands of rentals under random faults, each followed by the question whether all is right.

Every story is a function of its seed: `story(seed)` plays one cabinet for some rentals.
"""

import random

from pinbench.evaluate.kiosk.disk import PowerCut
from pinbench.evaluate.kiosk.rig import Rig, bank, member, orders

FAULTS = (
    "none", "none", "none", "none", "not_taken", "hangs", "cut_commit", "cut_pulse",
    "cut_waiting", "jam", "jam_for_good", "flash_full", "switches", "offline", "dummy", "hot",
    "foreign", "elsewhere", "clock_lost", "clock_back", "command", "command_twice",
    "command_late", "back_at_once", "returned_dark", "taken_dark", "cut_return", "coil",
)  # fmt: skip


class Story:
    """One cabinet, with people and accidents drawn from a seed."""

    def __init__(self, seed, segments=16):
        self.random = random.Random(seed)
        self.rig = Rig(filled=self.random.randrange(2, 8), segments=segments, seed=seed)
        self.rig.run(800, 100)
        self.rentals = 0
        self.people = 1
        self.commands = 0
        self.out = []  # banks that people have
        self.kinds = {}

    def play(self, rentals):
        """Play so many rentals; raises AssertionError when something does not hold."""
        while self.rentals < rentals:
            kind = self.random.choice(FAULTS)
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            self.visit(kind)
            self.calm()
            while self.out and (len(self.out) > 3 or self.random.random() < 0.6):
                self.bring_back(self.out.pop(self.random.randrange(len(self.out))))
                self.calm()
        while self.out:
            self.bring_back(self.out.pop())
        self.calm()
        return self

    # -- a visit

    def visit(self, kind):
        rig = self.rig
        self.people += 1
        self.prepare(kind)
        who = self.people
        try:
            slot = self.open_one(kind, who)
            if slot is not None:
                self.at_the_slot(kind, slot, who)
        except PowerCut:
            self.dark(kind)
        rig.disk.power_on()
        rig.pulse_cut = None
        rig.disk.full = rig.switches_dead = False
        rig.coil_dead.clear()
        for box in rig.boxes:
            box.jams = 0
        if not rig.online:
            rig.online = rig.core.online = True

    def prepare(self, kind):
        rig, rnd = self.rig, self.random
        if kind == "cut_commit":
            rig.disk.cut_at(rnd.randrange(1, 3), rnd.random() < 0.5)
        elif kind == "cut_pulse":
            rig.pulse_cut = rnd.choice(("before", "after"))
        elif kind in ("jam", "jam_for_good"):
            for box in rig.boxes:
                if rnd.random() < 0.5:
                    box.jams = rnd.randrange(1, 3) if kind == "jam" else 99
        elif kind == "coil":
            rig.coil_dead = {n for n in range(8) if rnd.random() < 0.4}
        elif kind == "flash_full":
            rig.disk.full = True
        elif kind == "offline":
            rig.online = rig.core.online = False
        elif kind == "hot":
            rnd.choice(rig.boxes).temp_dc = 460 + rnd.randrange(200)
        elif kind in ("clock_lost", "clock_back"):
            rig.off(rnd.randrange(1, 4000))
            rig.rtc_s = 946684800 if kind == "clock_lost" else rig.unix_s - 86400 * 3
            rig.boot()
            rig.core.command({"do": "time", "unix": rig.unix_s})
            rig.rtc_s = None
        elif kind == "foreign" and any(box.inside is None for box in rig.boxes):
            rig.put(rig.empty_slot(), bank(500 + self.people))
        elif kind == "dummy" and any(box.inside is None for box in rig.boxes):
            rig.put(rig.empty_slot(), "dummy")

    def open_one(self, kind, who):
        rig = self.rig
        if kind in ("foreign", "dummy", "hot"):
            rig.run(2400, 100)
        if kind.startswith("command"):
            return self.by_command(kind, who)
        slot = rig.rent(who)
        for _ in range(60):
            if slot is not None or rig.core.desk.free:
                break
            rig.step(100)
            slot = rig.open_slot()
        return slot

    def by_command(self, kind, who):
        rig = self.rig
        self.commands += 1
        order = {
            "do": "rent",
            "id": f"{self.commands:016x}",
            "until": rig.unix_s + 60,
            "member": orders.text(member(who)),
        }
        if kind == "command_late":
            order["until"] = rig.unix_s - 3
        answer = rig.core.command(order)
        rig.act()
        slot = rig.open_slot()
        assert (answer["result"] == "ok") == (slot is not None), answer
        if kind == "command_twice":
            self.again(order, answer)
            if slot is not None:
                self.at_the_slot(kind, slot, who)
            rig.reboot(self.random.randrange(1, 30))
            self.again(order, None)
            rig.run(300, 100)
            return None
        if kind == "command_late":
            assert slot is None
        return slot

    def again(self, order, answer):
        """The network delivers a command twice: nothing opens, and the answer is the same."""
        rig = self.rig
        before = len(rig.opened)
        for _ in range(2):
            heard = rig.core.command(dict(order))
            rig.act()
            assert answer is None or heard == answer
        assert len(rig.opened) == before

    def at_the_slot(self, kind, slot, who):
        rig, rnd = self.rig, self.random
        rig.run(rnd.choice((200, 300, 2000)), 100)
        if kind == "switches":
            rig.switches_dead = True
            rig.run(1000, 100)
        if kind in ("cut_waiting", "taken_dark"):
            if kind == "cut_waiting" and rnd.random() < 0.5:
                self.take(slot, who)
            raise PowerCut
        if kind == "not_taken":
            rig.run(31000, 500)
            rig.push(slot)
        elif kind == "hangs":
            rig.run(45000, 500)
            if rnd.random() < 0.5:
                rig.push(slot)
            else:
                self.take(slot, who)
        else:
            self.take(slot, who)
            if kind == "back_at_once":
                rig.run(rnd.choice((20, 40, 60, 80, 100, 200)), 20)
                self.put_back(self.out.pop())
        if kind == "switches":
            rig.run(1000, 100)
            rig.switches_dead = False
        rig.run(400, 100)

    def take(self, slot, who):
        thing = self.rig.take(slot, who)
        if isinstance(thing, bytes):
            self.out.append(thing)
            self.rentals += 1

    def dark(self, kind):
        """No power; people go on."""
        rig, rnd = self.rig, self.random
        rig.core = None
        # What went or came just now is noted when the power is back: nobody pays for the gap.
        lately = rig.true_ms - 60_000
        for outing in rig.outings[-9:]:
            if max(outing.since_ms, outing.back_ms or 0) > lately:
                outing.unsure = True
        slot = rig.open_slot()
        if slot is not None:
            if kind == "taken_dark" or rnd.random() < 0.5:
                self.take(slot, self.people)
            elif rnd.random() < 0.5:
                rig.push(slot)
        rig.off(rnd.randrange(1, 500))
        for _ in range(3):
            try:
                rig.disk.power_on()
                if rnd.random() < 0.3:
                    rig.disk.cut_at(rnd.randrange(1, 4), rnd.random() < 0.5)
                rig.boot()
                rig.run(600, 100)
                break
            except PowerCut:
                continue
        rig.disk.power_on()  # a cut that did not come is forgotten
        core = rig.core or rig.boot()
        core.resend()

    # -- returns

    def put_back(self, thing):
        free = [n for n, box in enumerate(self.rig.boxes) if box.inside is None]
        self.rig.put(self.random.choice(free), thing)

    def bring_back(self, thing):
        rig, rnd = self.rig, self.random
        tick_ms = 60_000 if rnd.random() < 0.02 else 1_800_000
        rig.run(rnd.choice((60, 400, 3000, 20000, 90000)) * 1000, tick_ms)
        kind = rnd.choice(FAULTS)
        if kind == "elsewhere":
            return self.elsewhere(thing)
        if all(box.inside is not None for box in rig.boxes):
            self.service()
        try:
            if kind == "returned_dark":
                rig.off(100)
                self.put_back(thing)
                raise PowerCut
            if kind == "cut_return":
                rig.disk.cut_at(1, rnd.random() < 0.5)
            self.put_back(thing)
            if rnd.random() < 0.1:  # pulled out again before the gate shuts
                slot = next(n for n, box in enumerate(rig.boxes) if box.inside == thing)
                rig.boxes[slot].open = True
                rig.run(300, 100)
                rig.boxes[slot].open = False
            rig.run(1000, 100)
        except PowerCut:
            self.dark("")
        rig.disk.power_on()

    def elsewhere(self, thing):
        """Another cabinet has it; the operator tells ours."""
        rig = self.rig
        ref = rig.core.ledger.rental_of(thing)
        rig.held.pop(thing)
        if ref:
            answer = rig.core.command({"do": "closed", "ref": ref, "cents": 200})
            assert answer["result"] == "ok"

    # -- between

    def calm(self):
        rig = self.rig
        for _ in range(60):
            rig.run(200, 100)  # nobody pushes a gate shut before it can be seen open
            for slot, box in enumerate(rig.boxes):
                if box.open:
                    rig.push(slot)
            if rig.core.desk.free:
                break
            rig.run(1000, 250)
        for box in rig.boxes:
            box.temp_dc = 250
        rig.run(3000, 250)
        rig.check_settled()
        rig.acknowledge()
        self.operator()

    def operator(self):
        """Somebody looks after the cabinet: quarantined banks, slots out of service, dummies."""
        if self.random.random() < 0.2 or len(self.fit()) < 2:
            self.service()

    def fit(self):
        return [n for n in range(8) if self.rig.core.custody.is_fit(n)]

    def service(self):
        rig = self.rig
        core = rig.core
        core.command({"do": "door", "open": True})
        for number, box in enumerate(rig.boxes):
            slot = core.ledger.slots[number]
            if box.inside == "dummy":
                box.inside = None
            elif slot.bad:
                core.command({"do": "admit", "slot": number})
            if slot.out:
                core.command({"do": "service", "slot": number, "on": True})
        rig.run(1000, 100)
        full = [n for n, box in enumerate(rig.boxes) if box.inside is not None]
        if len(full) > 6:
            rig.boxes[full[-1]].inside = None
        if len(full) < 2:
            rig.put(rig.empty_slot(), bank(2000 + self.people))
        rig.run(1000, 100)
        for number in range(8):
            if core.ledger.slots[number].bad:
                core.command({"do": "admit", "slot": number})
        core.command({"do": "door", "open": False})


def run(rentals, seed=1, each=200, tell=None):
    """Play stories of `each` rentals until there were `rentals`; returns counts.

    Raises AssertionError with the seed of the story in its notes.
    """
    done, counts = 0, {"stories": 0, "ejects": 0, "boots": 0}
    while done < rentals:
        story = Story(seed)
        try:
            story.play(min(each, rentals - done))
        except Exception as error:
            error.add_note(f"the story's seed is {seed}")
            raise
        done += story.rentals
        counts["stories"] += 1
        counts["ejects"] += len(story.rig.opened)
        counts["boots"] += story.rig.boots
        for kind, count in story.kinds.items():
            counts[kind] = counts.get(kind, 0) + count
        seed += 1
        if tell is not None:
            tell(done, rentals)
    counts["rentals"] = done
    return counts
