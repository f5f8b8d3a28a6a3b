"""The sweep over a bench's own flash: the journal, cut at every operation of an append."""

import pytest

from pinbench.cuts.bench_flash import BenchFlash
from pinbench.cuts.lives import Geometry
from pinbench.cuts.sweep import Sweep, Wrong
from pinbench.paths import FIRMWARE
from pinbench.simulator.bench import Bench

SHAPE = Geometry(size=64 * 4096, block=4096, program=256)
RECORDS = [bytes([n]) * (30 + 40 * n) for n in range(6)]


class JournalStory:
    """Records are appended, over the end of a segment; what was acknowledged must come back."""

    def __init__(self, lost=0):
        self.unit = SHAPE.program
        self.acknowledged = 0
        self.device = BenchFlash(SHAPE, stamp=lambda: self.acknowledged)
        self._lost = lost  # of the records that are read, the last ones

    def _life(self):
        bench = Bench("rp2", seed=1, roots=(FIRMWARE,))
        mark = self.device.mark()
        bench.flash = self.device.flash
        bench.boot()
        journal = bench.load("services.journal").Journal(segment_bytes=512, segments=3)
        found = [data for _, data in journal.records()]
        found = found[: len(found) - self._lost]
        for record in RECORDS[len(found) :]:
            journal.append(record)
            self.acknowledged += 1
        bench.loader.leave()
        return found, self.device.life(mark, "off", [])

    def play(self):
        self.acknowledged = 0
        _, life = self._life()
        return [("append", life)]

    def recover(self, context):
        _, acknowledged = context
        self.acknowledged = acknowledged
        found, life = self._life()
        if found != RECORDS[: len(found)] or len(found) < acknowledged:
            raise Wrong(f"{acknowledged} records were acknowledged, {len(found)} came back")
        return [("append", life)]


def test_what_was_acknowledged_comes_back_after_any_cut():
    story = JournalStory()
    sweep = Sweep(story.device, story, second=("before",), every=5)
    assert sweep.run() == []
    tally = sweep.tally
    assert tally.operations >= 12
    assert tally.cuts == tally.expected > 40
    assert tally.second_cuts == tally.second_expected > 20


def test_a_record_that_is_lost_is_found():
    story = JournalStory(lost=1)
    failures = Sweep(story.device, story, second=()).run()
    assert any("came back" in failure.text for failure in failures)


@pytest.mark.parametrize(("done", "of"), [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)])
def test_a_stretch_that_was_cut_short_is_remembered_as_it_ended(done, of):
    device = BenchFlash(SHAPE)
    flash = device.flash
    start = flash.image()
    flash.program(0, 0, bytes(256))
    flash.begin()
    for block in range(1, 5):
        flash.program(block, 0, bytes(range(256)))
    flash.rollback(done, of, seed=9)
    assert flash.ops == len(flash.history)
    now = bytearray(start)
    for op in flash.history:
        assert bytes(now[op.at : op.at + len(op.old)]) == op.old
        now[op.at : op.at + len(op.new)] = op.new
    assert now == device.image
    device.restore(0)
    assert device.image == start
