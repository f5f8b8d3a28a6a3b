"""The garment's drivers against the twins of their chips."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.board.definitions import load_board
from pinbench.chips.catalogue import chip_class
from pinbench.paths import FIRMWARE
from pinbench.simulator.bench import Bench


class Garment:
    """One simulated garment; drivers are made on its pins and buses."""

    def __init__(self, **options):
        wiring = load_board("rpi_pico2_w").wiring("airbag")
        self.bench = Bench(wiring=wiring, roots=[str(FIRMWARE)], chip_class=chip_class, **options)
        self.kernel = self.bench.kernel
        self.chips = self.bench.chips
        self.pins = wiring["pins"]
        self.bench.boot()
        self.machine = self.bench.machine
        self.kernel.run_until(50_000)  # the sensor boots for 10 ms

    def load(self, name):
        return self.bench.load("drivers." + name)

    def imu(self):
        Pin, pins = self.machine.Pin, self.pins
        cs = Pin(pins["imu_cs"], Pin.OUT, value=1)
        spi = self.machine.SPI(0, baudrate=10_000_000, sck=18, mosi=19, miso=16)
        return self.load("lsm6dsox").LSM6DSOX(spi, cs)

    def inflator(self):
        pins = self.pins
        self.wait_ms(1000)  # the reservoir fills
        names = ("arm", "fire", "reservoir", "continuity", "squib")
        return self.load("inflator").Inflator(*[pins[name] for name in names])

    def gauge(self):
        i2c = self.machine.I2C(0, scl=5, sda=4, freq=100_000)
        return self.load("max17048").MAX17048(i2c)

    def wait_ms(self, ms):
        self.kernel.run_until(self.kernel.now_us + ms * 1000)


@pytest.fixture
def garment():
    return Garment()


# -- the sensor


def test_samples_come_through_as_they_were(garment):
    imu = garment.imu()
    imu.start()
    rows = [[k, -2049 + k, 3 * k - 7, -k, 32767 - k, k - 32768] for k in range(60)]
    garment.wait_ms(30)
    while imu.pending():
        assert imu.read_into(array("h", [0] * 6)) == 0
    garment.chips["imu"].play(array("h", [v for row in rows for v in row]))
    sample, got = array("h", [0] * 6), []
    while len(got) < 60:
        garment.wait_ms(5)
        for _ in range(imu.pending()):
            assert imu.read_into(sample) == 0
            got.append(list(sample))
    start = got.index(rows[0])
    assert got[start:] == rows[: 60 - start]
    assert garment.bench.unexpected() == []


def test_the_interrupt_rises_with_each_sample_and_falls_when_it_is_read(garment):
    imu = garment.imu()
    edges = []
    net = garment.kernel.net("imu_int1")
    net.watch(lambda n: edges.append((garment.kernel.now_us, n.level)))
    imu.start()
    sample = array("h", [0] * 6)
    for _ in range(60):
        garment.wait_ms(5)
        if net.level:
            assert imu.pending() == 1 and imu.read_into(sample) == 0
            assert net.level == 0
    rises = [t for t, level in edges if level]
    assert all(abs(b - a - 9615) < 10 for a, b in zip(rises[1:], rises[2:], strict=False))


@pytest.mark.parametrize(
    "fault, code", [("bad_parity", "PARITY"), ("bad_tag", "TAG"), ("lost_slots", "ORDER")]
)
def test_a_damaged_word_is_told_for_what_it_is(garment, fault, code):
    imu = garment.imu()
    module = garment.load("lsm6dsox")
    imu.start()
    sample, found = array("h", [0] * 6), []
    for k in range(20):
        if k == 6:
            setattr(garment.chips["imu"], fault, 1)
        garment.wait_ms(10)
        for _ in range(imu.pending()):
            found.append(imu.read_into(sample))
    assert getattr(module, code) in found
    assert set(found) <= {0, getattr(module, code), module.ORDER, module.TAG}
    assert found[:4] == [0] * 4


@pytest.mark.parametrize("level", ["high", "low"])
def test_a_sensor_that_is_cut_off_never_looks_like_samples(garment, level):
    imu = garment.imu()
    module = garment.load("lsm6dsox")
    imu.start()
    garment.wait_ms(30)
    garment.chips["imu"].disconnected = level
    assert imu.pending() == (module.GONE if level == "high" else 0)
    assert imu.read_into(array("h", [0] * 6)) in (module.TAG, module.PARITY)
    with pytest.raises(Exception, match="identity"):
        imu.identify()


def test_a_fifo_that_overflows_is_told(garment):
    imu = garment.imu()
    imu.start()
    garment.wait_ms(3000)
    assert imu.pending() == garment.load("lsm6dsox").OVERRUN


def test_another_chip_is_refused(garment):
    garment.chips["imu"].who_am_i = 0x6A
    with pytest.raises(Exception, match="identity 0x6A"):
        garment.imu()


@pytest.mark.parametrize("mg, good", [(40, False), (90, True), (1600, True), (1800, False)])
def test_the_accelerometer_passes_its_self_test_within_its_limits(garment, mg, good):
    imu = garment.imu()
    garment.chips["imu"].self_test_mg = mg
    assert imu.accelerometer_self_test() == good
    assert garment.bench.unexpected() == []


@pytest.mark.parametrize("dps, good", [(140, False), (160, True), (690, True), (720, False)])
def test_the_gyroscope_passes_its_self_test_within_its_limits(garment, dps, good):
    imu = garment.imu()
    garment.chips["imu"].self_test_dps = dps
    assert imu.gyroscope_self_test() == good


def test_a_sensor_whose_clock_stands_ends_the_self_test_with_an_error(garment):
    imu = garment.imu()
    garment.chips["imu"].frozen = True
    with pytest.raises(Exception, match="no sample comes"):
        imu.accelerometer_self_test()


def test_free_fall_raises_the_second_interrupt(garment):
    imu = garment.imu()
    imu.start()
    imu.free_fall(7, 5)
    net = garment.kernel.net("imu_int2")
    garment.wait_ms(100)
    assert net.level == 0 and not imu.fell()
    garment.chips["imu"].accel_mg = (100, 100, 100)
    garment.wait_ms(100)
    assert net.level == 1 and imu.fell()


@pytest.mark.parametrize("threshold, samples", [(8, 0), (-1, 0), (0, 64)])
def test_free_fall_settings_out_of_range_are_refused(garment, threshold, samples):
    with pytest.raises(ValueError):
        garment.imu().free_fall(threshold, samples)


# -- the inflator


@given(centi_ohm=st.integers(5, 1500))
def test_a_squib_is_judged_by_its_resistance(centi_ohm):
    garment = Garment()
    inflator, module = garment.inflator(), garment.load("inflator")
    garment.chips["inflator"].squib_ohm = centi_ohm / 100
    found = inflator.bridge()
    if 145 <= centi_ohm <= 365:
        assert found == module.OK
        assert abs(inflator.squib_mohm() - 10 * centi_ohm) < 60
    elif centi_ohm < 95:
        assert found == module.SQUIB_SHORT
    elif centi_ohm > 1010:
        assert found in (module.SQUIB_OPEN, module.ODD)
    elif not 138 <= centi_ohm <= 372:
        assert found != module.OK


FAULTS = [
    ("open", True, "SQUIB_OPEN"), ("short", True, "SQUIB_SHORT"),
    ("short_to", "a_ground", "TO_GROUND"), ("short_to", "b_ground", "TO_GROUND"),
    ("short_to", "a_battery", "TO_BATTERY"), ("short_to", "b_battery", "TO_BATTERY"),
    ("welded", "arm", "TO_BATTERY"), ("welded", "fire", "TO_GROUND"),
]  # fmt: skip


@pytest.mark.parametrize("name, value, found", FAULTS)
def test_every_fault_of_the_ladder_is_found_at_rest(garment, name, value, found):
    inflator, module = garment.inflator(), garment.load("inflator")
    assert inflator.bridge() == module.OK
    setattr(garment.chips["inflator"], name, value)
    assert module.BRIDGE[inflator.bridge()] == module.BRIDGE[getattr(module, found)]
    assert garment.chips["inflator"].fired == 0


def test_each_switch_is_tried_alone_and_nothing_fires(garment):
    inflator = garment.inflator()
    assert inflator.arm_works() and inflator.fire_works()
    for name in ("arm", "fire"):
        garment.chips["inflator"].failed_open = name
        assert inflator.arm_works() == (name != "arm")
        assert inflator.fire_works() == (name != "fire")
    assert garment.chips["inflator"].fired == 0
    assert garment.chips["inflator"].closings == 0


def test_the_pulse_ends_by_itself_whatever_the_processor_does(garment):
    inflator, chip = garment.inflator(), garment.chips["inflator"]
    inflator.prepare()
    inflator.arm()
    before_us = garment.kernel.now_us
    inflator.fire()
    assert chip.closings == 1 and garment.kernel.now_us - before_us < 1000
    garment.wait_ms(90)  # Python stands still
    assert abs(chip.pulse_us - 2000) < 10
    assert chip.fired == 1 and chip.closings == 1
    inflator.finish()
    garment.wait_ms(500)
    assert chip.closings == 1 and not inflator.armed
    assert garment.bench.unexpected() == []


def test_prepare_and_release_leave_fire_open(garment):
    inflator = garment.inflator()
    fire = garment.kernel.net("fire")
    inflator.prepare()
    garment.wait_ms(300)
    assert (fire.level, fire.freq_hz) == (0, 0)
    inflator.release()
    assert (fire.level, fire.freq_hz) == (0, 0)
    assert inflator.fire_works()


def test_armed_it_sees_whether_the_squib_is_still_there(garment):
    inflator = garment.inflator()
    inflator.arm()
    assert inflator.armed and inflator.complete()
    garment.chips["inflator"].open = True
    assert not inflator.complete()
    inflator.disarm()
    assert not inflator.armed


@pytest.mark.parametrize("mv", [3000, 9000, 12000])
def test_the_reservoir_is_measured_to_half_a_percent(mv):
    garment = Garment()
    inflator = garment.inflator()
    garment.chips["inflator"].boost_ok = False
    garment.chips["inflator"].reservoir_mv = mv
    assert abs(inflator.reservoir_mv() - mv) < 60


# -- the fuel gauge, the motor


@pytest.mark.parametrize("pct, mv, rate", [(100, 4200, -3), (7.5, 3350, -12), (50, 3700, 40)])
def test_the_gauge_is_read_in_its_units(garment, pct, mv, rate):
    gauge, chip = garment.gauge(), garment.chips["fuel_gauge"]
    chip.soc_pct, chip.cell_mv, chip.rate_pct_h = pct, mv, rate
    garment.wait_ms(1500)
    assert abs(gauge.charge_pm() - 10 * pct) <= 1
    assert abs(gauge.cell_mv() - mv) <= 1
    assert abs(gauge.rate_pm_h() - 10 * rate) <= 3


def test_the_gauges_first_guess_is_told_until_it_is_settled(garment):
    gauge = garment.gauge()
    assert gauge.was_reset
    garment.wait_ms(1500)
    gauge.settled()
    assert not gauge.was_reset
    garment.bench.expected_losses.add("short count")  # it refuses the last byte of a reset
    gauge.reset()
    assert gauge.was_reset
    assert garment.bench.unexpected() == []


def test_a_gauge_that_is_not_there_is_an_error(garment):
    garment.bench.fault("address_nack", "fuel_gauge")
    with pytest.raises(Exception) as caught:
        garment.gauge()
    assert type(caught.value).__name__ == "OSError"


def test_the_motor_runs_for_as_long_as_it_was_told(garment):
    motor = garment.load("vibration_motor").VibrationMotor(garment.pins["vibration"])
    motor.run(300)
    steps = 0
    while motor.step():
        garment.wait_ms(10)
        steps += 1
    assert 29 <= steps <= 31
    assert garment.kernel.net("vibration").level == 0
