"""The garment's pure parts with plain stand-ins for sensor and ladder, in a time of our own."""

from array import array

import pytest

from pinbench.evaluate.cores import core

PERIOD_US = 9615


class Imu:
    """What the driver offers to the path: samples that wait, and what is wrong with them."""

    def __init__(self):
        self.waiting = []  # rows of six, or a negative number for a damaged one
        self.fault = 0  # what `pending` says

    def pending(self):
        return self.fault or len(self.waiting)

    def read_into(self, sample):
        row = self.waiting.pop(0)
        if isinstance(row, int):
            return row
        for i in range(6):
            sample[i] = row[i]
        return 0


class Ladder:
    """Both switches, and every order that was given."""

    def __init__(self):
        self.arm_on = False
        self.orders = []

    def arm(self):
        self.arm_on = True
        self.orders.append("arm")

    def disarm(self):
        self.arm_on = False

    def fire(self):
        self.orders.append("fire" if self.arm_on else "fire without arm")

    def finish(self):
        self.arm_on = False
        self.orders.append("finish")


class Judge:
    """A detector that says what a test tells it to."""

    LEVEL = 100

    def __init__(self):
        self.model = self.second = self.above = False
        self.intact = True
        self.score = 0
        self.started = None

    def start(self, *reading):
        self.started = reading

    def step(self, *counts):
        return self.model and self.second

    def whole(self):
        return self.intact


class Rig:
    """The path with its state table, sample by sample."""

    def __init__(self, live=True, detector=None):
        self.firing = core("airbag.firing")
        self.path_module = core("airbag.path")
        self.imu = Imu()
        self.ladder = Ladder()
        self.detector = detector or Judge()
        self.core = self.firing.Firing(live)
        self.box = core("airbag.blackbox").BlackBox()
        self.now_us = 1 << 29
        self.sample = array("h", [0] * 6)
        self.path = self.path_module.Path(
            self.imu, self.ladder, self.detector, self.core, self.box, self.sample,
            lambda: self.now_us % (1 << 30),
            lambda a, b: (a - b + (1 << 29)) % (1 << 30) - (1 << 29),
        )  # fmt: skip
        self.count = 0

    @property
    def state(self):
        return self.firing.STATES[self.core.state]

    def row(self):
        """A still sample with some noise in every axis."""
        k = self.count
        return [k % 7 - 3, -2049 + k % 5, k % 3, k % 2, -k % 4, k % 6]

    def make_safe(self):
        """Self-test passed, both switches open."""
        for event in (self.firing.GOOD, self.firing.PASSED):
            self.core.take(event)
        return self

    def make_ready(self):
        """Every permit but fresh samples."""
        self.make_safe()
        for bit in range(6):
            self.core.permit(1 << bit, True)
        self.core.take(self.firing.FIT)
        self.path.begin(self.row())
        return self

    def make_armed(self):
        """As main.py does it, after the warm-up."""
        self.make_ready()
        for _ in range(self.path_module.WARM_UP):
            self.give()
        if self.core.take(self.firing.ARM) == self.firing.ARMED:
            self.ladder.arm()
        assert self.state == "armed"
        return self

    def give(self, row=None, after_us=PERIOD_US):
        """One sample arrives, and the timer ticks on the way."""
        end_us = self.now_us + after_us
        self.wait(after_us)
        self.now_us = end_us
        self.count += 1
        self.imu.waiting.append(self.row() if row is None else row)
        self.path.on_sample(None)

    def wait(self, us):
        """Time passes, with the timer's ticks."""
        end_us = self.now_us + us
        tick_us = self.path_module.TICK_MS * 1000
        while self.now_us // tick_us < end_us // tick_us:
            self.now_us = (self.now_us // tick_us + 1) * tick_us
            self.path.on_tick(None)
        self.now_us = end_us

    @property
    def fired(self):
        return self.ladder.orders.count("fire") + self.ladder.orders.count("fire without arm")


@pytest.fixture(scope="session")
def rig():
    """The class: `rig(live=False).make_armed()`."""
    return Rig
