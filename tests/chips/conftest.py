"""Hands on the bus: the twins are driven byte by byte here, with no bus and no driver between."""

import pytest

from pinbench.simulator.kernel import Kernel


class Hand:
    """A kernel and one chip on it: I2C by hand, its nets, and what the trace has recorded."""

    def __init__(self, chip, seed, pull_ups):
        self.chip = chip
        self.records = []
        self.kernel = Kernel("rp2", seed=seed)
        self.kernel.trace.sinks.append(lambda *record: self.records.append(record))
        self.nets = {pin: self.kernel.net(pin) for pin in chip.PINS}
        for pin in pull_ups:
            self.nets[pin].pull("pull-up", 1)
        chip.attach(self.kernel, chip.KIND, self.nets)

    def wait_us(self, us):
        self.kernel.run_until(self.kernel.now_us + us)

    def write(self, *data, stop=True):
        """Return how many bytes were acknowledged, -1 if the address was not."""
        if not self.chip.i2c_start(False):
            return -1
        acknowledged = 0
        for byte in data:
            if not self.chip.i2c_write(byte):
                stop = True
                break
            acknowledged += 1
        if stop:
            self.chip.i2c_stop()
        return acknowledged

    def read(self, count):
        """Return `count` bytes, None if the address was not acknowledged."""
        if not self.chip.i2c_start(True):
            return None
        data = bytes(self.chip.i2c_read() for _ in range(count))
        self.chip.i2c_stop()
        return data

    def registers(self, register, count):
        """Return `count` bytes from `register` on, by a repeated start."""
        self.write(register, stop=False)
        return self.read(count)

    @property
    def violations(self):
        return [text for _, _, text in self.kernel.violations]

    def noted(self, channel):
        return [(time_us, *values) for time_us, kind, _, values in self.records if kind == channel]


@pytest.fixture(scope="session")
def hand():
    """hand(chip, seed=1, pull_ups=()) puts a chip into a fresh kernel."""

    def make(chip, seed=1, pull_ups=()):
        return Hand(chip, seed, pull_ups)

    return make
