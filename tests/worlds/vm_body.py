"""Runs on both interpreters: a wearer through motions and faults; prints integers."""

import sys

sys.path.insert(0, sys.argv[1])

from folded import Folded  # noqa: E402
from pinbench.chips.catalogue import chip_class  # noqa: E402
from pinbench.simulator.kernel import Kernel  # noqa: E402
from pinbench.worlds import synthetic  # noqa: E402
from pinbench.worlds.body import BodyWorld  # noqa: E402

for name in synthetic.NAMES:
    rows, impact = synthetic.motion(name)
    total = 0
    for value in rows:
        total = (total * 31 + value) & 0x3FFFFFFF
    print(name, len(rows) // 6, impact, total)

kernel = Kernel("rp2350", seed=11)
trace = Folded()
kernel.trace.sinks.append(trace.record)
chips = {}
for role, kind, pins in (
    ("imu", "lsm6dsox", "cs int1 int2"),
    ("inflator", "inflator", "arm fire reservoir continuity squib"),
    ("fuel_gauge", "max17048", ""),
    ("buckle", "contact", "out"),
    ("charger", "contact", "out"),
    ("button", "button", "out"),
    ("buzzer", "buzzer", "in"),
    ("vibration", "vibration_motor", "in"),
):
    nets = {}
    for pin in pins.split():
        nets[pin] = kernel.net(role + "." + pin)
    chips[role] = chip_class(kind)()
    chips[role].attach(kernel, role, nets)
world = BodyWorld(kernel, chips, {}, {"buckled": True, "clock_ppm": 3000})
world.start()
kernel.run_until(20000)
imu = chips["imu"]
cs = kernel.net("imu.cs")


def exchange(*out):
    cs.drive("host", 0)
    reply = [imu.spi_exchange(byte) for byte in out]
    cs.drive("host", 1)
    return reply


for pair in ((0x12, 0x44), (0x09, 0x44), (0x07, 0x02), (0x0D, 0x08), (0x0A, 0x06)):
    exchange(*pair)
exchange(0x10, 0x44)
exchange(0x11, 0x4C)
chance = kernel.random.fork()
acts = (
    ("play", {"motion": "fall forward"}),
    ("play", {"motion": "walk", "then": "jog"}),
    ("play", {"motion": "take off"}),
    ("unbuckle", {}),
    ("buckle", {}),
    ("stuck axis", {"axis": "ay"}),
    ("damaged words", {"kind": "slot lost", "count": 3}),
    ("clock", {"ppm": -4000}),
    ("inflator fault", {"kind": "open"}),
    ("battery", {"pct": 40}),
    ("charger", {}),
    ("press button", {}),
)
for turn in range(150):
    kernel.run_until(kernel.now_us + chance.below(400000))
    print(turn, exchange(0xBA, 0, 0)[1:], exchange(0xF8, *([0] * 28))[1:])
    if turn % 5 == 0:
        name, params = acts[chance.below(len(acts))]
        end = world.act(name, params)
        if end is not None and chance.below(2):
            kernel.after(chance.below(900000), lambda undo: undo(), end)
    if turn % 40 == 39:
        kernel.net("inflator.arm").drive("host", 1)
        kernel.net("inflator.fire").drive_pwm("host", 10, 1311)
        kernel.run_until(kernel.now_us + 3000)
        kernel.net("inflator.fire").drive("host", 0)
        kernel.net("inflator.arm").drive("host", 0)
for name in sorted(world.MEASURES):
    print(name, world.measure(name))
for name in sorted(world.events):
    print(name, world.events[name])
for pin in ("reservoir", "continuity", "squib"):
    print(pin, kernel.net("inflator." + pin).millivolts())
print(kernel.trace.count, trace.total)
