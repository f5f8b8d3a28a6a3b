"""Runs on both interpreters: an afternoon of mischief at the cabinet; prints integers."""

import sys

sys.path.insert(0, sys.argv[1])

from folded import Folded  # noqa: E402
from pinbench.chips.ai10 import frame  # noqa: E402
from pinbench.chips.catalogue import chip_class  # noqa: E402
from pinbench.simulator.kernel import Kernel  # noqa: E402
from pinbench.worlds.cabinet import CabinetWorld  # noqa: E402


class Line:
    def send(self, data, delay_us=0):
        print("uart", kernel.now_us + delay_us, list(data))


kernel = Kernel("esp32", seed=11)
trace = Folded()
kernel.trace.sinks.append(trace.record)
chips = {}
for role, kind in (
    ("slots", "cabinet"),
    ("expander", "mcp23017"),
    ("palm", "ai10"),
    ("nfc", "pn532"),
    ("display", "ssd1306"),
    ("lights", "ws2812"),
    ("beeper", "buzzer"),
    ("door", "contact"),
    ("tamper", "contact"),
):
    chip = chips[role] = chip_class(kind)()
    nets = {}
    for pin in chip.PINS:
        nets[pin] = kernel.net(role + "." + pin)
    if kind == "ai10":
        chip.attach_uart(Line())
    chip.attach(kernel, role, nets)
world = CabinetWorld(kernel, chips, {}, {"enrolled": [1, 2], "out": [2001]})
world.start()
kernel.run_until(1100000)
acts = (
    ("present palm", {"person": 1}),
    ("present palm", {"person": 7}),
    ("spoof palm", {"person": 2}),
    ("tap tag", {"tag": 77}),
    ("take bank", {}),
    ("return bank", {"slot": 7, "serial": 2001}),
    ("return dummy", {"slot": 6}),
    ("force gate", {"slot": 2}),
    ("pull out", {"slot": 1}),
    ("jam slot", {"slot": 4}),
    ("coil fault", {"slot": 5}),
    ("slot temperature", {"slot": 3, "c": 51.5}),
    ("reader flaw", {"kind": "garbage", "count": 2}),
    ("force door", {}),
    ("push gate", {"slot": 2}),
)
chance = kernel.random.fork()
slots = chips["slots"]
expander = chips["expander"]
for turn in range(120):
    kernel.run_until(kernel.now_us + chance.below(900000))
    slot = chance.below(8)
    for bit in range(3):
        kernel.net("slots.sel%d" % bit).drive("host", slot >> bit & 1)
    if turn % 3 == 0:
        kernel.net("slots.eject").drive("host", 1)
        kernel.run_until(kernel.now_us + 20000 + chance.below(60000))
        print("ma", kernel.net("slots.solenoid_current").millivolts())
        kernel.net("slots.eject").drive("host", 0)
    if turn % 4 == 0:
        chips["palm"].uart_receive(frame(0x12, b"\0\3"))
    if turn % 7 == 0:
        chips["nfc"].i2c_start(False)
        for byte in (0, 0, 255, 3, 253, 0xD4, 0x14, 1, 0x17, 0):
            chips["nfc"].i2c_write(byte)
        chips["nfc"].i2c_stop()
    name, params = acts[chance.below(len(acts))]
    try:
        end = world.act(name, params)
    except ValueError as error:
        print(error)
        end = None
    if end is not None and chance.below(2):
        kernel.after(chance.below(900000), lambda undo: undo(), end)
    present = slots.onewire_reset()
    for i in range(8):
        slots.onewire_write(0x33 >> i & 1)
    rom = []
    for _ in range(8):
        rom.append(sum([slots.onewire_read() << i for i in range(8)]))
    expander.i2c_start(False)
    expander.i2c_write(0x12)
    expander.i2c_start(True)
    print(turn, present, rom, kernel.net("slots.slot_temp").millivolts(), expander.i2c_read())
for name in sorted(world.MEASURES):
    print(name, world.measure(name))
for name in sorted(world.events):
    print(name, world.events[name])
print(len(kernel.violations), kernel.trace.count, trace.total)
