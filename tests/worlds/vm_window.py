"""Runs on both interpreters: a window through gusts, faults and rain; prints integers."""

import sys

sys.path.insert(0, sys.argv[1])

from folded import Folded  # noqa: E402
from pinbench.chips.catalogue import chip_class  # noqa: E402
from pinbench.simulator.kernel import Kernel  # noqa: E402
from pinbench.worlds.window import WindowWorld  # noqa: E402

WEATHER = [
    [i * 60, 6000 + 400 * (i % 9), 1500 - 37 * i, 101300 - 53 * i, 700 * (i % 3), 90 * i]
    for i in range(12)
]
PINS = {
    "limit_open": "out",
    "limit_closed": "out",
    "button": "out",
    "drive": "in1 in2",
    "encoder": "a b",
    "current": "alert",
}
KINDS = (
    ("drive", "drv8871"),
    ("encoder", "hall_encoder"),
    ("current", "ina226"),
    ("limit_open", "limit_switch"),
    ("limit_closed", "limit_switch"),
    ("button", "button"),
    ("humidity", "sht4x"),
    ("indoor", "sht4x"),
    ("pressure", "bmp390"),
    ("rain", "rg15"),
)
ACTS = (
    ("obstacle", {"stiffness_n_per_mm": 37}),
    ("obstacle", {"gap_mm": 111.25, "stiffness_n_per_mm": 3.5}),
    ("remove obstacle", {}),
    ("wind", {"speed_m_s": 17.5}),
    ("supply", {"mv": 10900}),
    ("friction", {"n": 57}),
    ("encoder loses edges", {"per_mille": 40}),
    ("rain", {"mm_per_h": 2.75}),
    ("moisture", {"g_per_h": 900}),
    ("press button", {}),
)
kernel = Kernel("rp2", seed=11)
trace = Folded()
kernel.trace.sinks.append(trace.record)
chips = {}
for role, kind in KINDS:
    chips[role] = chip_class(kind)()
    nets = {}
    for pin in PINS.get(role, "").split():
        nets[pin] = kernel.net(role + "." + pin)
    chips[role].attach(kernel, role, nets)
world = WindowWorld(kernel, chips, {}, {"weather": WEATHER, "sash": {"open_pct": 35}})
world.start()
chance = kernel.random.fork()
for turn in range(200):
    duty = chance.below(65536)
    side = chance.below(3)
    kernel.net("drive.in1").drive_pwm("test", 20000, duty if side == 0 else 0)
    kernel.net("drive.in2").drive_pwm("test", 20000, duty if side == 1 else 0)
    kernel.run_until(kernel.now_us + chance.below(12000000))
    if turn % 4 == 0:
        name, params = ACTS[chance.below(len(ACTS))]
        end = world.act(name, params)
        if end is not None and chance.below(2):
            kernel.after(chance.below(9000000), lambda undo: undo(), end)
kernel.run_until(11 * 3600 * 1000000)
for name in sorted(world.MEASURES):
    print(name, world.measure(name))
for name in sorted(world.events):
    print(name, world.events[name])
print(kernel.trace.count, trace.total)
