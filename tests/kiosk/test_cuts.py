"""The power is cut at every operation of the flash, in a whole rental and return.

The unchanged firmware runs on the bench, on the real littlefs; people do what they do, with or
without power. In the end ledger, slots and hands must agree.
"""

import os

import pytest

from pinbench import play, scenario
from pinbench.chips.cabinet import Bank
from pinbench.evaluate.kiosk import rig as kiosk
from pinbench.evaluate.kiosk.disk import Disk
from pinbench.paths import SCENARIOS
from pinbench.session import Session

LONG = os.environ.get("PINBENCH_PROFILE") == "long"
MODES = ("before", "prefix", "mix", "after")
FROM_US = 5_000_000  # the first start, and its records, lie before
END_US = 60_000_000


class Story:
    """One run: somebody taps a card, takes the bank, and brings it back; and a second person."""

    def __init__(self, files, cut=None, again=None):
        one = play.only(scenario.load(SCENARIOS / "kiosk" / "two_people.toml")[0])
        job = {**one.job, "timeline": [], "expect": [], "end_us": END_US, "files": files}
        self.session = Session(job)
        self.bench = self.session.bench
        self.kernel = self.bench.kernel
        self.cabinet = self.bench.chips["cabinet"]
        self.held = None
        self.ops = self.start_ops = 0
        self.log = []
        self.kernel.trace.sinks.append(self.record)
        self.kernel.at(FROM_US, self.begin, (cut, again))
        for time_ms, act in (
            (6_000, self.tap), (8_500, self.take), (12_000, self.take), (20_000, self.bring_back),
            (30_000, self.bring_back), (40_000, self.count), (45_000, self.tap),
        ):  # fmt: skip
            self.kernel.at(time_ms * 1000, act, None)

    def record(self, time_us, channel, who, values):
        if channel == "log":
            self.log.append(values[0])

    def begin(self, cuts):
        cut, again = cuts
        flash = self.bench.flash
        self.start_ops = flash.ops
        if cut is not None:
            flash.cut_at(*cut)
        if again is not None:  # the next cut is laid when this one has come
            self.kernel.after(1_600_000, lambda _: flash.cut_at(*again))

    def tap(self, _):
        self.session.world.act("tap tag", {"tag": 5 if self.kernel.now_us < 4e7 else 6})

    def take(self, _):
        for slot in self.cabinet.slots:
            if slot.gate_open and slot.bank is not None and self.held is None:
                self.held = self.cabinet.take(self.cabinet.slots.index(slot))

    def bring_back(self, _):
        if self.held is not None:
            self.cabinet.insert(7, self.held)
            self.held = None

    def count(self, _):
        self.ops = self.bench.flash.ops - self.start_ops

    def play(self):
        result = self.session.play()
        assert result["error"] is None, result["error"]
        assert result["unexpected"] == []
        assert not any("Traceback" in line for line in self.log), self.log
        return self

    def ledger(self):
        """Read the ledger as the next start would."""
        disk = Disk()
        files = self.bench.flash.mounted
        for name in files.names("/ledger"):
            disk.files["/ledger/" + name] = files.read("/ledger/" + name)
        disk.folders.add("/ledger")
        kiosk._OS.disk = disk
        journal = kiosk.load("services.journal").Journal("/ledger", 4096, 64)
        assert journal.damaged == 0
        kinds = [kiosk.records.unpack(payload) for _, payload in journal.records()]
        return kiosk.load("kiosk.ledger").Ledger(journal, kiosk.load("kiosk.clock").Clock()), kinds

    def check(self):
        ledger, kinds = self.ledger()
        for number, slot in enumerate(self.cabinet.slots):
            rom = slot.bank.rom if slot.bank is not None else None
            known = ledger.slots[number].bank
            assert known == (bytes(rom) if rom is not None else None), number
        r = kiosk.records
        count = {kind: sum(k == kind for k, _, _ in kinds) for kind in range(1, 13)}
        assert count[r.EJECT] >= sum(slot.ejects for slot in self.cabinet.slots)
        assert count[r.TAKEN] - count[r.RETURNED] == 0, "one end for each rental"
        assert count[r.MISSING] == 0
        assert not any(slot.bad or slot.out for slot in ledger.slots)
        assert ledger.rentals == {}
        # The last tap has opened a slot; whatever was before, the cabinet serves.
        assert sum(slot.ref != 0 for slot in ledger.slots) == 1


def ledger_so_far(least):
    """Return the files of a ledger of many rentals, the newest segment `least` bytes or longer.

    The banks in the slots are those of the world's start.
    """
    rig = kiosk.Rig(filled=0)
    for number in range(6):
        rig.boxes[number].inside = Bank(1001 + number).rom
    rig.settle(2)
    who = 0
    while True:
        newest = rig.disk.files[max(rig.disk.files)]
        if len(rig.disk.files) == 3 and least <= len(newest) <= least + 150:
            return dict(rig.disk.files)
        who += 1
        slot = rig.rent(who)
        rig.run(200, 100)
        thing = rig.take(slot)
        rig.run(300, 100)
        rig.put(slot, thing)
        rig.run(20_000, 10_000)


# The newest segment lies within its folder's own block, in a block of its own, and is full: the
# rental begins a new one, and writes a checkpoint.
STARTS = {"small": None, "grown": 2000, "full": 3850}


@pytest.fixture(scope="module", params=STARTS)
def start(request):
    """The files that the flash holds before, and how many operations a rental and return make."""
    least = STARTS[request.param]
    files = ledger_so_far(least) if least else {}
    story = Story(files).play()
    story.check()
    assert 2 < story.ops < MOST
    return files, story.ops


MOST = 60


@pytest.mark.long
def test_cut_at_each_operation(start):
    files, operations = start
    cuts = 0
    for n in range(1, operations + 1):
        for mode in MODES if LONG else (MODES[n % 4],):
            story = Story(files, cut=(n, mode, 256 if mode == "prefix" else n)).play()
            assert story.bench.resets.get("power") == 1, "the cut did not come"
            story.check()
            cuts += 1
    assert cuts == operations * (len(MODES) if LONG else 1)


@pytest.mark.long
def test_cut_again_during_recovery(start):
    files, operations = start
    for n in range(1, operations + 1, 1 if LONG else 7):
        for again in range(1, 6) if LONG else (1, 2):
            Story(files, cut=(n, "mix", n), again=(again, "mix", n)).play().check()
