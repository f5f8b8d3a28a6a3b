"""The float cores of the window in single precision, and the airbag's path in ints of 31 bits."""

import math
from array import array

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinbench.chips.bmp390 import BMP390
from pinbench.chips.sht4x import SHT4x
from pinbench.paths import FIRMWARE
from pinbench.simulator.bench import Bench
from pinbench.simulator.machine.timemod import Ticks
from pinbench.simulator.numerics import WideInt, rules, single

SINGLE = pytest.mark.bench(numbers={"float32": True})


def load(name, **numbers):
    """Return a module of the firmware with a board's numbers, on a bare bench."""
    return Bench(roots=[str(FIRMWARE)], numbers=numbers).load(name)


@SINGLE
@given(pressure_hpa=st.floats(300, 1250), temp_c=st.floats(-40, 85))
def test_the_bmp390_is_within_a_tenth_of_a_pascal_in_single_precision(bench, pressure_hpa, temp_c):
    bench.i2c(0).add(BMP390(pressure_hpa=pressure_hpa, temp_c=temp_c))
    sensor = bench.load("drivers.bmp390").BMP390(bench.bus("pressure"))
    pressure_pa, measured_c = sensor.measure()
    # 1250 hPa are 125000 Pa, where neighbouring singles lie 1/128 Pa apart.
    assert abs(pressure_pa - 100 * pressure_hpa) <= 0.2
    assert abs(measured_c - temp_c) <= 0.002


@SINGLE
@given(rh_pct=st.floats(-6, 119), temp_c=st.floats(-45, 130))
def test_the_sht4x_is_within_its_step_in_single_precision(bench, rh_pct, temp_c):
    bench.i2c(0).add(SHT4x(rh_pct=rh_pct, temp_c=temp_c))
    measured_rh, measured_c = bench.load("drivers.sht4x").SHT4x(bench.bus("humidity")).measure()
    assert abs(measured_rh - rh_pct) <= 125 / 65535 * 1.01
    assert abs(measured_c - temp_c) <= 175 / 65535 * 1.01


ventilation32, ventilation64 = load("window.ventilation", float32=True), load("window.ventilation")


@given(rh_pct=st.floats(0, 100), temp_c=st.floats(-45, 60))
def test_absolute_humidity_loses_nothing_that_matters(rh_pct, temp_c):
    exact = ventilation64.absolute_g_m3(rh_pct, temp_c)
    got = ventilation32.absolute_g_m3(single(rh_pct), single(temp_c))
    assert math.isclose(got, exact, rel_tol=3e-6, abs_tol=1e-6)  # of 0.5 g/m3 that count


def readings(seed):
    """Made-up weather in the steps that the sensors have: (s, C, %, hPa) every 10 minutes."""
    state = seed
    for i in range(432):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        hour = i / 6 % 24
        damp = 30 if state % 97 < 3 or 200 < i % 300 < 230 else 0
        temp = round(15 + 6 * math.sin((hour - 9) * math.pi / 12) - damp / 6, 2)
        rh = round(55 - 15 * math.sin((hour - 9) * math.pi / 12) + damp + state % 200 / 100, 2)
        yield 1_750_000_000 + 600 * i, temp, rh, round(1013 - 8 * math.sin(i / 70), 1)


@pytest.mark.long
@settings(max_examples=2)
@given(seed=st.integers(0, 2**30))
def test_the_forecast_is_the_same_in_single_precision(seed):
    exact = load("window.forecast").Forecast(10)
    got = load("window.forecast", float32=True).Forecast(10)
    alarms = 0
    for time_s, *row in readings(seed):
        wanted = exact.step(time_s, *row)
        said = got.step(time_s, *map(single, row))
        assert abs(got.points - exact.points) <= 1  # 1/32 of a unit of log odds
        if got.points == exact.points:
            assert said == wanted
        alarms += any(wanted)
    assert exact.score is not None


COUNTS = st.integers(-32768, 32767)
STREAM = st.lists(st.tuples(st.tuples(*[COUNTS] * 6), st.integers(1, 40)), min_size=1, max_size=6)
detector31 = load("airbag.detector", int31=True)


@settings(max_examples=20)
@given(stream=STREAM)
def test_no_stream_of_counts_leaves_31_bits_in_the_detector(stream):
    with rules(int31=True).lenient():  # it checks its tables by a CRC of 32 bits
        detector = detector31.Detector()
    detector.start(*stream[0][0][:3])
    for row, count in stream:
        for _ in range(count):
            assert type(detector.step(*row)) is bool


class Sensor:
    """What the path asks of the sensor's driver: one sample waits at a time."""

    row = [0] * 6

    def __init__(self):
        self.waiting = 0

    def pending(self):
        return self.waiting

    def read_into(self, sample):
        self.waiting = 0
        sample[:] = array("h", self.row)
        return 0


class Switches:
    """Both of the inflator's, which only listen."""

    def disarm(self):
        pass

    arm = fire = finish = disarm


@settings(max_examples=15)
@given(
    stream=st.lists(
        st.tuples(st.tuples(*[COUNTS] * 6), st.integers(1, 30), st.integers(0, (1 << 30) - 1)),
        min_size=1, max_size=5,
    ),
    start_us=st.integers(0, (1 << 30) - 1),
)  # fmt: skip
@example(stream=[((0, -2049, 0, 0, 0, 0), 150, 9615), ((32000,) * 6, 150, 9615)], start_us=1 << 29)
def test_neither_counts_nor_times_leave_31_bits_on_the_way_to_the_gas(stream, start_us):
    """Every module between the interrupt and FIRE, whatever the sensor and the clock say."""
    bench = Bench(roots=[str(FIRMWARE)], numbers={"int31": True})
    firing, path = bench.load("airbag.firing"), bench.load("airbag.path")
    sensor, now_us = Sensor(), [start_us]
    with rules(int31=True).lenient():
        detector = bench.load("airbag.detector").Detector()
    core = firing.Firing(True)
    ours = path.Path(
        sensor, Switches(), detector, core, bench.load("airbag.blackbox").BlackBox(),
        array("h", [0] * 6), lambda: now_us[0], Ticks(30).diff,
    )  # fmt: skip
    for event in (firing.GOOD, firing.PASSED):
        core.take(event)
    for bit in range(6):
        core.permit(1 << bit, True)
    core.take(firing.FIT)
    ours.begin(stream[0][0])
    armed = False
    for row, count, step_us in stream:
        for k in range(count):
            # An axis that stands still is taken for a broken one.
            sensor.row = [
                max(-32768, min(32767, v + k * (i + 3) % 7 - 3)) for i, v in enumerate(row)
            ]
            now_us[0] = (now_us[0] + (step_us if k == 0 else 9615)) % (1 << 30)
            ours.on_tick(None)
            sensor.waiting = 1
            ours.on_sample(None)
            armed |= core.take(firing.ARM) == firing.ARMED
    if len(stream) == 2 and stream[0][1] == 150:
        assert armed  # the example above goes all the way


def test_the_guard_would_notice():
    motion = load("airbag.motion", int31=True)
    with pytest.raises(WideInt):
        detector31.decide(
            [0, 0, 0, 0, 0, 0], [1 << 29] * motion.STATE_SIZE, [0] * motion.RING_SIZE,
            [0] * motion.FEATURES, [0] * motion.FEATURES, [1 << 29] * 64, bytes(motion.roots()),
            bytes(4), [0] * 4, [0] * 4, 1, 0, 0, 1 << 28, 1 << 28, 1 << 28, 1, 1, 1,
        )  # fmt: skip
