"""The armed path with the heap locked and never lifted, to every exit, on the VM (VM only).

    vm_path_story.py FIRMWARE            the stories once; prints how each ended
    vm_path_story.py COPY PLANTS         one line a plant: where it stands and whether it raised

Sensor, ladder and clock are stand-ins that allocate nothing: words and answers are made ahead.
COPY is a copy of the firmware that may be written to; PLANTS a file of lines FILE:LINE:KIND.
"""

import sys

import micropython

ROOT = sys.argv[1]
sys.path.insert(0, ROOT)

FLOAT = 1.5
OBJECT = []
PLANTS = {
    "float": "PLANT_FLOAT + 1.0",
    "tuple": "(PLANT_OBJECT, PLANT_OBJECT)",
    "method": "PLANT_OBJECT.append",
    "slice": "PLANT_OBJECT[0:1]",
}


class Pin:
    IN, OUT, PULL_DOWN = range(3)

    def __init__(self, number, mode=None, value=0):
        self.level = value

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level


class PWM:
    def __init__(self, pin, freq):
        self.closed = 0

    def duty_ns(self, ns):
        if ns:
            self.closed += 1


class ADC:
    def __init__(self, pin):
        pass


class machine:
    pass


machine.Pin, machine.PWM, machine.ADC = Pin, PWM, ADC
sys.modules["machine"] = machine  # pyright: ignore[reportArgumentType]


class Registers:
    """Stands for the SPI bus and the chip: answers a status and words that were made ahead."""

    def __init__(self):
        self.status = bytearray(3)
        self.pair = bytearray(15)
        self.slot = 0
        self.k = 0
        self.damage = 0  # 1 tag, 2 parity, 3 order, 4 parity of the second word
        self.stuck = False
        self.full = False
        self.first = 1  # the sensor whose word comes first: 1 gyroscope, 2 accelerometer

    def write_readinto(self, out, into):
        first = out[0]
        if first == 0x80 | 0x3A:
            for i in range(3):
                into[i] = self.status[i]
        elif first == 0x80 | 0x78:
            for i in range(15):
                into[i] = self.pair[i]
        elif first == 0x80 | 0x0F:
            into[1] = 0x6C
        elif first == 0x80 | 0x12:
            into[1] = 0x44
        elif first == 0x80 | 0x13:
            into[1] = 0x04

    def offer(self, words):
        """So many words wait; the next pair is the next slot's."""
        self.status[1] = words & 255
        self.status[2] = words >> 8
        self.slot = (self.slot + 1) & 3
        if self.damage == 3:
            self.slot = (self.slot + 1) & 3
        for at in (1, 8):
            tag = (self.first if at == 1 else 3 - self.first) << 3 | self.slot << 1
            if self.damage == 1:
                tag = 5 << 3 | self.slot << 1
            ones = tag ^ tag >> 4
            ones ^= ones >> 2
            tag |= (ones ^ ones >> 1) & 1
            if self.damage == 2 or (self.damage == 4 and at == 8):
                tag ^= 1
            self.pair[at] = tag
        self.k += 1
        for i in range(6):
            value = 300 * ((self.k + i) % 5)
            if self.stuck and i == 1:
                value = 300
            if self.full and i == 1:
                value = 32767
            at = (9 if (i < 3) == (self.first == 1) else 2) + 2 * (i % 3)
            self.pair[at] = value & 255
            self.pair[at + 1] = value >> 8


class Judge:
    """Stands for the detector, which has a proof of its own (detector_story.py)."""

    def __init__(self):
        self.model = self.second = self.above = False
        self.intact = True
        self.score = 40000000

    def start(self, ax, ay, az):
        pass

    def step(self, ax, ay, az, wx, wy, wz):
        return self.model and self.second

    def whole(self):
        return self.intact


class Clock:
    now_us = 1 << 20

    def ticks_us(self):
        return self.now_us


def diff(a, b):
    return a - b


class Rig:
    def __init__(self, live=True):
        from airbag import blackbox, firing, path, twice
        from drivers import inflator, lsm6dsox

        class time:
            @staticmethod
            def sleep_ms(ms):
                pass

        lsm6dsox.time = time
        self.firing, self.module, self.twice = firing, path, twice
        self.bus = Registers()
        self.ladder = inflator.Inflator(14, 10, 26, 27, 28)
        self.ladder.prepare()
        self.detector = Judge()
        self.core = firing.Firing(live)
        self.clock = Clock()
        from array import array

        self.sample = array("h", [0] * 6)
        self.box = blackbox.BlackBox()
        imu = lsm6dsox.LSM6DSOX(self.bus, Pin(17, Pin.OUT, value=1))
        self.path = path.Path(
            imu, self.ladder, self.detector, self.core, self.box, self.sample,
            self.clock.ticks_us, diff,
        )  # fmt: skip
        self.on_sample, self.on_tick = self.path.on_sample, self.path.on_tick
        for event in (firing.GOOD, firing.PASSED):
            self.core.take(event)
        for bit in range(6):
            self.core.permit(1 << bit, True)
        self.core.take(firing.FIT)
        self.path.begin(self.sample)
        self.give(path.WARM_UP)
        self.core.take(firing.ARM)
        self.ladder.arm()
        assert self.core.state == firing.ARMED, firing.STATES[self.core.state]

    def give(self, samples=1, words=2, after_us=9615):
        """Samples come; the handlers run with the heap locked, and nothing lifts it."""
        for _ in range(samples):
            self.clock.now_us += after_us
            self.bus.offer(words)
            micropython.heap_lock()
            try:
                self.on_tick(None)
                self.on_sample(None)
            finally:
                micropython.heap_unlock()

    def judge(self, answer):
        self.detector.model = self.detector.second = self.detector.above = answer


def fall(rig):
    rig.judge(True)
    rig.give()
    rig.give(3)


def gone(rig):
    rig.give(words=1023)


def overrun(rig):
    rig.bus.offer(2)
    rig.clock.now_us += 9000
    rig.bus.status[2] = 0x40
    micropython.heap_lock()
    try:
        rig.on_sample(None)
    finally:
        micropython.heap_unlock()
    rig.give()


def tag(rig):
    rig.bus.damage = 1
    rig.give()


def parity(rig):
    rig.bus.damage = 2
    rig.give()


def second_parity(rig):
    rig.bus.damage = 4
    rig.give()


def swapped(rig):
    rig.bus.first = 2
    rig.give(3)


def full(rig):
    rig.bus.full = True
    rig.give(12)


def order(rig):
    rig.bus.damage = 3
    rig.give()


def pile(rig):
    rig.give(words=6)


def stuck(rig):
    rig.bus.stuck = True
    rig.give(4)
    rig.judge(True)
    rig.give(20)


def tables(rig):
    rig.judge(True)
    rig.detector.intact = False
    rig.give()


def unfit(rig):
    rig.core.permit(rig.firing.BUCKLED, False)
    rig.give()


def flipped(rig):
    rig.core.kept[1] ^= 4
    rig.give()


def no_state(rig):
    rig.twice.put(rig.core.kept, 0, 99)
    rig.give()


def slow(rig):
    rig.give(2 * rig.module.CLOCK_SAMPLES + 2, after_us=11000)


def late(rig):
    rig.give(after_us=20000)


def disturbed_pulse(rig):
    rig.judge(True)
    rig.give()
    rig.bus.damage = 1
    micropython.heap_lock()
    try:
        rig.path.suspect(7)
    finally:
        micropython.heap_unlock()
    rig.give(2)


def permit(rig):
    micropython.heap_lock()
    try:
        rig.core.permit(4, True)
        rig.path.end()
        rig.core.take(rig.firing.ARM)
    finally:
        micropython.heap_unlock()


def long_box(rig):
    rig.judge(False)
    rig.detector.score = -40000000
    rig.give(12)
    rig.detector.score = 5
    rig.judge(True)
    rig.give(30)


STORIES = (
    fall, gone, overrun, tag, parity, order, pile, stuck, tables, unfit, flipped, no_state, slow,
    late, disturbed_pulse, permit, long_box, second_parity, swapped, full,
)  # fmt: skip


def forget():
    for name in list(sys.modules):
        if name.startswith("airbag") or name.startswith("drivers"):
            del sys.modules[name]


def tell(show):
    for live in (True, False):
        for story in STORIES:
            rig = Rig(live)
            story(rig)
            if show:
                closed = rig.ladder._pulse.closed
                print(story.__name__, live, rig.firing.STATES[rig.core.state], closed)


def plant(entry):
    """Tell the stories with one allocation planted; returns what became of it."""
    name, line, kind = entry.split(":")
    path = ROOT + "/" + name
    with open(path) as file:
        source = file.read()
    lines = source.split("\n")
    at = int(line) - 1
    text = lines[at]
    indent = text[: len(text) - len(text.lstrip())]
    lines.insert(at, indent + "_plant = " + PLANTS[kind])
    lines.append("PLANT_FLOAT = 1.5")
    lines.append("PLANT_OBJECT = [1, 2]")
    with open(path, "w") as file:
        file.write("\n".join(lines))
    forget()
    try:
        tell(False)
        return "silent"
    except MemoryError:
        return "raised"
    finally:
        with open(path, "w") as file:
            file.write(source)


if len(sys.argv) < 3:
    tell(True)
else:
    with open(sys.argv[2]) as file:
        entries = file.read().split()
    for entry in entries:
        print(entry, plant(entry))
