"""Single faults through the whole bench: the garment is armed, each fault in a forked process.

The parent walks on; the child lays its fault on the bench as it is at that moment and goes on for
three seconds. A child ends with 0 if nothing fired, 1 if the squib did, 2 for anything else.
"""

import gc
import os
import random
import signal
import sys

from pinbench import scenario
from pinbench.paths import SCENARIOS
from pinbench.session import Session

AFTER_US = 3_000_000
ARMED_US = 13_000_000
LASTS_US = 60_000_000
CHILD_S = 60  # of wall time; a child that takes longer ends as broken
AXES = ("ax", "ay", "az", "gx", "gy", "gz")
NOT_FIRED, FIRED, BROKEN = range(3)


def find(module, name):
    """The one object of a firmware class that is alive."""
    for thing in gc.get_objects():
        if type(thing).__name__ == name and type(thing).__module__ == module:
            return thing
    raise LookupError(name)


def flip(bench, draw):
    core = find("airbag.firing", "Firing")
    core.kept[draw.randrange(len(core.kept))] ^= 1 << draw.randrange(31)


def flip_table(bench, draw):
    detector = find("airbag.detector", "Detector")
    data = memoryview(draw.choice((detector._cuts, detector._leaves))).cast("B")
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def flip_answer(bench, draw):
    detector = find("airbag.detector", "Detector")
    detector._d[draw.randrange(7)] ^= 1 << draw.randrange(31)


def flip_row(bench, draw):
    core = find("airbag.firing", "Firing")
    core._next[draw.randrange(len(core._next))] ^= 1 << draw.randrange(8)


def flip_counts(bench, draw):
    found = find("airbag.path", "Path")
    found._checks[draw.randrange(len(found._checks))] ^= 1 << draw.randrange(31)


def sensor(name, value):
    return lambda bench, draw: setattr(bench.chips["imu"], name, value)


def ladder(name, value):
    return lambda bench, draw: setattr(bench.chips["inflator"], name, value)


def net(name, level):
    return lambda bench, draw: bench.fault("stuck_pin", name, {"level": level})


def of_bench(kind, **params):
    return lambda bench, draw: bench.fault(kind, None, params)


def hog(bench, draw):
    bench.kernel.spend(9_000_000)


def block(bench, draw):
    """Interrupts stay off for a while, as during a flash write."""
    kernel = bench.kernel
    kernel.irq_off += 1

    def again(_):
        kernel.irq_off -= 1
        kernel.flush_pended()

    kernel.after(draw.randrange(10_000, 2_900_000), again)


def contact(role, closed):
    return lambda bench, draw: setattr(bench.chips[role], "closed", closed)


FAULTS = {
    "parity": sensor("bad_parity", 1), "tag": sensor("bad_tag", 1),
    "slot lost": sensor("lost_slots", 1), "gone high": sensor("disconnected", "high"),
    "gone low": sensor("disconnected", "low"), "frozen": sensor("frozen", True),
    "clock": sensor("clock_ppm", 90000), "interrupt stuck low": net("imu_int1", 0),
    "interrupt stuck high": net("imu_int1", 1), "interrupts blocked": block,
    "brown-out": of_bench("brown_out", off_ms=50), "reset": of_bench("reset"), "watchdog": hog,
    "kept bit": flip, "table bit": flip_table, "answer bit": flip_answer, "row bit": flip_row,
    "check bit": flip_counts, "squib open": ladder("open", True),
    "boost fails": ladder("boost_ok", False), "unbuckled": contact("buckle", False),
    "charger": contact("charger", True),
    "gauge": lambda bench, draw: bench.fault("address_nack", "fuel_gauge"),
}  # fmt: skip
for _axis in AXES:
    FAULTS[_axis + " stuck"] = sensor("stuck", _axis)
    FAULTS[_axis + " saturated"] = sensor("saturated", _axis)


def planted(bench, draw):
    """A detector that always says "fall": the campaign must see that it fires."""
    detector = find("airbag.detector", "Detector")
    kind = type(detector)
    kind.step = lambda self, *counts: True
    for name in ("model", "second", "above"):
        setattr(kind, name, True)


def campaign(count, seed, faults=None):
    """Lay `count` seeded faults; return {name: [number of each ending]} and the worst of them."""
    draw = random.Random(seed)
    names = sorted(faults or FAULTS)
    table = faults or FAULTS
    plans = sorted(
        (draw.randrange(ARMED_US, LASTS_US), names[k % len(names)], draw.randrange(1 << 30))
        for k in range(count)
    )
    job = dict(scenario.load(SCENARIOS / "airbag" / "walking.toml")[0].job)
    job.update(expect=[], end_us=LASTS_US + 1)
    session = Session(job)
    ended = {name: [0, 0, 0] for name in names}
    bad = []
    child = []

    def at(plan):
        if child:
            return  # this process has a fault already
        due_us, name, private = plan
        sys.stdout.flush()
        number = os.fork()
        if number:
            status = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
            status = status if status in (NOT_FIRED, FIRED) else BROKEN
            ended[name][status] += 1
            if status:
                bad.append((due_us, name, private, status))
            return
        child.append(name)
        signal.alarm(CHILD_S)
        kernel = session.bench.kernel
        kernel.after(AFTER_US, lambda _: kernel.halt("end"))
        table[name](session.bench, random.Random(private))

    for plan in plans:
        session.bench.kernel.at(plan[0], at, plan)
    result = {"error": "did not end"}
    try:
        result = session.play()
    finally:
        if child:
            fired = session.bench.chips["inflator"].fired
            os._exit(FIRED if fired else BROKEN if result.get("error") else NOT_FIRED)
    assert result["error"] is None, result["error"]
    assert session.bench.chips["inflator"].fired == 0
    return ended, bad
