"""The window's surroundings on a bare bench: chips and world, motor inputs in the test's hand."""

import subprocess
import sys
from pathlib import Path

import pytest

from pinbench.board.definitions import load_board
from pinbench.chips.catalogue import chip_class
from pinbench.paths import ROOT
from pinbench.simulator.bench import Bench
from pinbench.simulator.trace import Trace
from pinbench.vm import binary
from pinbench.worlds.window import WindowWorld


class Place:
    """A WindowWorld with the wiring of a real board and nobody at home."""

    def __init__(self, seed=1, **world):
        self.records = []
        self.bench = Bench(
            profile="rp2",
            seed=seed,
            wiring=load_board("rpi_pico_w").wiring("window"),
            roots=[],
            trace=Trace(lambda *record: self.records.append(record)),
            chip_class=chip_class,
        )
        self.kernel = self.bench.kernel
        self.chips = self.bench.chips
        self.world = WindowWorld(self.kernel, self.chips, {}, world)
        self.world.start()
        self.run_s(0.01)

    def run_s(self, seconds):
        self.kernel.run_until(self.kernel.now_us + round(seconds * 1e6))

    def drive(self, duty):
        """Drive as firmware would: signed duty; 0 is coasting."""
        for role, share in (("motor_in1", max(0, duty)), ("motor_in2", max(0, -duty))):
            self.kernel.net(role).drive_pwm("test", 20000, round(65535 * share))

    def ina226(self, register, word):
        chip = self.chips["current"]
        chip.i2c_start(False)
        for byte in (register, word >> 8, word & 0xFF):
            assert chip.i2c_write(byte)
        chip.i2c_stop()

    def arm_trip(self, limit_ma):
        """SOL, latched, a decision each 560 us: the set-up of the pinch trip."""
        self.ina226(0x00, 0x4205)
        self.ina226(0x07, limit_ma * 4)
        self.ina226(0x06, 0x8001)

    def measure(self, name):
        return self.world.measure(name)

    def events(self):
        return [v[0] for _, c, who, v in self.records if c == "world" and who == "event"]


@pytest.fixture(scope="session")
def place():
    """place(seed, sash={...}, room={...}, weather=[...]) makes a Place."""
    return Place


@pytest.fixture
def printed():
    """What a program of this folder prints on CPython, and on the real VM: two lists of lines."""

    def run(name):
        program = Path(__file__).with_name(name)
        outputs = []
        for interpreter in ([sys.executable], [binary(), "-X", "heapsize=64M"]):
            done = subprocess.run(
                [*map(str, interpreter), str(program), str(ROOT / "host_tools")],
                capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            outputs.append(done.stdout.splitlines())
        return outputs

    return run
