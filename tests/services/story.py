"""A seeded story of journal and settings under cuts and damage, told alike by both interpreters.

Arguments: host_tools, firmware, seed. Run by test_on_vm.py.
"""

import sys

sys.path.insert(0, sys.argv[1])

from pinbench.simulator.bench import Bench  # noqa: E402
from pinbench.simulator.kernel import Halt  # noqa: E402
from pinbench.simulator.rng import Random  # noqa: E402
from pinbench.simulator.trace import line  # noqa: E402

MODES = ("before", "prefix", "mix", "after")
say = print  # the bench puts its own in its place


class Silent:
    """Stands for the device's log."""

    def line(self, text):
        say("log", text)


def main():
    random = Random(int(sys.argv[3]))
    bench = Bench("rp2", seed=5, roots=(sys.argv[2],))
    bench.kernel.trace.sinks.append(lambda *record: say(line(*record)))
    acknowledged = []
    for chapter in range(12):
        journal = bench.load("services.journal").Journal(segment_bytes=512, segments=3)
        settings = bench.load("services.settings")
        schema = {"n": settings.Integer(0, 0, 100000), "note": settings.Text("", 500)}
        stored = settings.Settings(schema, Silent())
        say("chapter", chapter, journal.first, journal.last, journal.damaged, stored["n"])
        for sequence, payload in journal.records():
            say(sequence, len(payload), payload[0] if payload else -1)
        bench.flash.cut_at(1 + random.below(40), MODES[random.below(4)], random.below(1024))
        try:
            for _ in range(30):
                payload = bytes([random.below(256)]) * random.below(90)
                acknowledged.append(journal.append(payload))
                if random.below(4) == 0:
                    stored.update({"n": stored["n"] + 1, "note": "x" * random.below(400)})
        except Halt as halt:
            say("halt", halt.kind, acknowledged[-1] if acknowledged else 0)
            bench.kernel.revive()
        bench.loader.leave()
        bench.boot()
        if chapter % 3 == 2:
            damage(bench.flash.mounted, random)
    flash = bench.flash
    say(flash.ops, flash.erases, flash.programmed_bytes, sum(flash.image()))


def damage(files, random):
    """Flip a bit at rest, or cut a file short, behind the back of the journal."""
    names = sorted(files.names("/journal"))
    path = "/journal/" + names[random.below(len(names))]
    data = bytearray(files.read(path))
    if not data:
        return
    if random.below(2):
        data[random.below(len(data))] ^= 1 << random.below(8)
    else:
        data = data[: random.below(len(data))]
    files.install(path, data)


main()
