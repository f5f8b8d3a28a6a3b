"""The BMP390's arithmetic in single precision, and its driver on a bus that a test commands."""

import struct

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis.strategies import composite, integers

ADDRESS = 0x77
NVM = "<HHbhhbbHHbbhbb"
# T1, T2, T3, P1 to P11: of the size that chips have.
TYPICAL = (27504, 18824, -10, -7700, -9200, 35, 0, 24800, 30000, -7, -7, 16300, 17, -60)
RANGE = {"b": (-128, 127), "h": (-32768, 32767), "H": (0, 65535)}
PRESSURE_PA = 2  # what the issue allows; the driver is to use a tenth of it
ROUNDING_PA = 0.2
TEMP_C = 0.0001


def reference(trim, raw_temperature, raw_pressure):
    """The datasheet's sums (sections 8.4 to 8.6) term by term, in the widest float there is."""
    wide = [np.longdouble(value) for value in trim]
    two = np.longdouble(2)
    scaled = [
        wide[0] * 256, wide[1] / two**30, wide[2] / two**48,
        (wide[3] - 2**14) / two**20, (wide[4] - 2**14) / two**29, wide[5] / two**32,
        wide[6] / two**37, wide[7] * 8, wide[8] / two**6, wide[9] / two**8, wide[10] / two**15,
        wide[11] / two**48, wide[12] / two**48, wide[13] / two**65,
    ]  # fmt: skip
    d = np.asarray(raw_temperature, np.longdouble) - scaled[0]
    t = np.clip(d * scaled[1] + d * d * scaled[2], -40, 85)
    u = np.asarray(raw_pressure, np.longdouble)
    p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = scaled[3:]
    out1 = p5 + p6 * t + p7 * t**2 + p8 * t**3
    out2 = u * (p1 + p2 * t + p3 * t**2 + p4 * t**3)
    return t, out1 + out2 + u**2 * (p9 + p10 * t) + u**3 * p11


def single(module, trim, raw_temperature, raw_pressure):
    """The driver's own functions; numpy rounds every operation to binary32."""
    calibration = module.scale(struct.pack(NVM, *trim))
    narrow = tuple(np.float32(value) for value in calibration)
    assert [float(value) for value in narrow] == list(calibration), "scaling must lose nothing"
    t = module.temperature(narrow, np.asarray(raw_temperature, np.float32))
    t = np.clip(t, np.float32(-40), np.float32(85))
    p = module.pressure(narrow, t, np.asarray(raw_pressure, np.float32))
    assert t.dtype == p.dtype == np.float32
    return t, p


def worst(module, trim, raw_temperature, raw_pressure):
    """Greatest errors in degrees C and Pa, and of how many, where the sensor can measure."""
    t, p = reference(trim, raw_temperature, raw_pressure)
    t32, p32 = single(module, trim, raw_temperature, raw_pressure)
    valid = (p >= 30000) & (p <= 125000)
    if not valid.any():
        return 0, 0, 0
    return abs(t - t32)[valid].max(), abs(p - p32)[valid].max(), valid.sum()


def raws(seed=1, count=20000):
    random = np.random.default_rng(seed)
    return random.integers(0, 1 << 24, count), random.integers(0, 1 << 24, count)


def test_single_precision_is_enough_over_the_whole_range_of_a_typical_chip(new_alone):
    error_c, error_pa, valid = worst(new_alone().load("bmp390"), TYPICAL, *raws(count=200000))
    assert valid > 20000
    assert error_c < TEMP_C
    assert error_pa < ROUNDING_PA < PRESSURE_PA


@composite
def plausible_trims(draw):
    """Around the typical chip, each value by a third of itself or by what a byte holds."""
    trim = []
    for value, kind in zip(TYPICAL, NVM[1:], strict=True):
        low, high = RANGE[kind]
        spread = max(abs(value) // 3, 127)
        trim.append(draw(integers(max(low, value - spread), min(high, value + spread))))
    return tuple(trim)


@given(trim=plausible_trims())
def test_single_precision_is_enough_for_any_plausible_chip(new_alone, trim):
    error_c, error_pa, valid = worst(new_alone().load("bmp390"), trim, *raws(count=2000))
    assume(valid)
    assert error_c < TEMP_C
    assert error_pa < ROUNDING_PA


@given(trim=plausible_trims(), raw_t=integers(0, 0xFFFFFF), raw_p=integers(0, 0xFFFFFF))
def test_in_double_the_driver_is_the_reference(new_alone, trim, raw_t, raw_p):
    module = new_alone().load("bmp390")
    calibration = module.scale(struct.pack(NVM, *trim))
    temp_c = module.temperature(calibration, raw_t)
    t, _ = reference(trim, raw_t, raw_p)
    assert float(min(max(temp_c, -40), 85)) == pytest.approx(float(t), abs=1e-9)
    _, p = reference(trim, raw_t, raw_p)
    assert module.pressure(calibration, float(t), raw_p) == pytest.approx(float(p), abs=1e-3)


class Chip:
    """Byte registers behind a pointer; a write to PWR_CTRL converts at once."""

    def __init__(self):
        self.registers = bytearray(256)
        self.registers[0x31 : 0x31 + 21] = struct.pack(NVM, *TYPICAL)
        self.registers[0x00] = 0x60
        self.pointer = 0
        self.ready = 0x60
        self.reads = 0
        self.resets = 0

    def written(self, data):
        if data:
            self.pointer = data[0]
        if len(data) == 2:
            self.registers[data[0]] = data[1]
            if data[0] == 0x7E and data[1] == 0xB6:
                self.resets += 1
            if data[0] == 0x1B:
                self.registers[0x03] = self.ready

    def answer(self, count):
        self.reads += 1
        return self.registers[self.pointer : self.pointer + count]


def start(alone):
    chip = Chip()
    bus = alone.i2c(chip, ADDRESS)
    return chip, bus, alone.load("bmp390").BMP390(bus)


@pytest.mark.parametrize("found", [0x50, 0x00, 0xFF])
def test_another_chip_is_refused_in_one_sentence(alone, found):
    chip = Chip()
    chip.registers[0] = found
    text = f"BMP390: chip id 0x{found:02x}, expected 0x60"
    with pytest.raises(alone.load("bmp390").BMP390Error, match=text):
        alone.load("bmp390").BMP390(alone.i2c(chip, ADDRESS))
    assert chip.resets == 0, "what is not ours is not reset"


def test_an_absent_chip_is_the_ports_own_error(alone):
    with pytest.raises(OSError) as caught:
        alone.load("bmp390").BMP390(alone.i2c(Chip(), 0x76))
    assert caught.value.args == (alone.nack_errno,)


@given(raw_t=integers(0, 0xFFFFFF), raw_p=integers(0, 0xFFFFFF))
def test_bytes_stand_in_their_order_and_results_within_the_range(new_alone, raw_t, raw_p):
    chip, _, sensor = start(new_alone())
    chip.registers[0x04:0x07] = raw_p.to_bytes(3, "little")
    chip.registers[0x07:0x0A] = raw_t.to_bytes(3, "little")
    t, p = reference(TYPICAL, raw_t, raw_p)
    pressure_pa, temp_c = sensor.measure()
    assert isinstance(pressure_pa, float) and isinstance(temp_c, float)
    assert temp_c == pytest.approx(float(t), abs=1e-6)
    assert pressure_pa == pytest.approx(float(np.clip(p, 30000, 125000)), abs=1e-2)


def test_trim_that_reads_differently_twice_is_refused(alone):
    chip = Chip()
    answer = chip.answer

    def flicker(count):
        data = bytearray(answer(count))
        if count == 21:
            data[chip.reads % 21] ^= 4
        return data

    chip.answer = flicker
    with pytest.raises(alone.load("bmp390").BMP390Error, match="trim"):
        alone.load("bmp390").BMP390(alone.i2c(chip, ADDRESS))


def test_an_empty_trim_is_refused(alone):
    chip = Chip()
    chip.registers[0x31 : 0x31 + 21] = bytes(21)
    with pytest.raises(alone.load("bmp390").BMP390Error, match="trim"):
        alone.load("bmp390").BMP390(alone.i2c(chip, ADDRESS))


def test_a_setting_that_the_chip_refuses_is_an_error(alone):
    chip = Chip()
    chip.registers[0x02] = 4
    with pytest.raises(alone.load("bmp390").BMP390Error, match="refused"):
        alone.load("bmp390").BMP390(alone.i2c(chip, ADDRESS))


@pytest.mark.parametrize("ready", [0x00, 0x20, 0x40])
def test_half_a_conversion_is_none(alone, ready):
    chip, _, sensor = start(alone)
    chip.ready = ready
    before_us = alone.time.now_us
    with pytest.raises(alone.load("bmp390").BMP390Error, match="no conversion"):
        sensor.measure()
    assert alone.time.now_us - before_us <= 50_000


@pytest.mark.parametrize("transfer", range(3))
def test_no_short_count_gives_a_value(alone, transfer):
    # The transfers of a measurement: PWR_CTRL, pointer and STATUS, pointer and data.
    _, bus, sensor = start(alone)
    sensor.measure()
    bus.faults = [None] * (0, 1, 3)[transfer] + [transfer == 0]
    text = ("0x1b not written", "0x03 refused", "0x04 refused")[transfer]
    with pytest.raises(alone.load("bmp390").BMP390Error, match=text):
        sensor.measure()
    sensor.measure()
