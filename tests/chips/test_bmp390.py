"""BMP390 twin: registers, modes, times, and the way from pressure to counts and back."""

import struct

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, sampled_from

from pinbench.chips import bmp390
from pinbench.chips.bmp390 import BMP390, TRIM, Compensation, plausible_trim, trim_bytes, trim_crc
from pinbench.simulator.rng import Random

ERR, STATUS, DATA, EVENT, INT_STATUS, PWR, OSR, ODR, CONFIG = (
    0x02,
    0x03,
    0x04,
    0x10,
    0x11,
    0x1B,
    0x1C,
    0x1D,
    0x1F,
)
FORCED, NORMAL = 0x13, 0x33


@pytest.fixture
def on(hand):
    def make(**physical):
        chip = hand(BMP390(**physical))
        chip.wait_us(2000)
        return chip

    return make


def reference(trim_data, raw_p, raw_t):
    """Compensation in double precision straight from the 21 bytes, unlike the twin's own code."""
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = struct.unpack(
        "<HHbhhbbHHbbhbb", trim_data
    )
    d = raw_t - t1 * 2**8
    t = d * (t2 / 2**30) + d**2 * (t3 / 2**48)
    offset = p5 * 2**3 + p6 / 2**6 * t + p7 / 2**8 * t**2 + p8 / 2**15 * t**3
    slope = (p1 - 2**14) / 2**20 + (p2 - 2**14) / 2**29 * t + p3 / 2**32 * t**2 + p4 / 2**37 * t**3
    square = p9 / 2**48 + p10 / 2**48 * t
    return offset + raw_p * slope + raw_p**2 * square + raw_p**3 * (p11 / 2**65), t


def counts(chip):
    data = chip.registers(DATA, 6)
    return int.from_bytes(data[:3], "little"), int.from_bytes(data[3:], "little")


def measured(chip):
    return reference(chip.registers(0x31, 21), *counts(chip))


# -- compensation


def test_default_trim_is_the_dump_of_a_real_part():
    assert list(trim_bytes(TRIM)) == [
        219, 106, 129, 73, 246, 66, 253, 123, 243, 35, 0,
        51, 103, 179, 124, 243, 246, 49, 65, 11, 196,
    ]  # fmt: skip


@given(
    pressure_hpa=floats(300, 1250),
    temp_c=floats(-40, 85),
    seed=sampled_from([None, *range(1, 20)]),
)
def test_what_the_air_is_the_counts_say(hand, pressure_hpa, temp_c, seed):
    trim = None if seed is None else plausible_trim(Random(seed))
    chip = hand(BMP390(pressure_hpa=pressure_hpa, temp_c=temp_c, trim=trim))
    chip.wait_us(2000)
    chip.write(PWR, FORCED)
    chip.wait_us(11000)
    pressure_pa, measured_c = measured(chip)
    # One count is about 15 mPa and 18 microkelvin.
    assert abs(pressure_pa - pressure_hpa * 100) < 0.05
    assert abs(measured_c - temp_c) < 1e-4
    assert chip.violations == []


@given(raw_p=integers(4_000_000, 12_000_000), raw_t=integers(4_800_000, 11_900_000))
def test_the_twins_own_compensation_agrees_with_the_reference(raw_p, raw_t):
    twin = Compensation(TRIM)
    pressure, temperature = reference(trim_bytes(TRIM), raw_p, raw_t)
    assert abs(twin.temperature_c(raw_t) - temperature) < 1e-9
    assert abs(twin.pressure_pa(raw_p, temperature) - pressure) < 1e-5


def test_out_of_reach_stays_at_the_end_of_the_scale(on):
    chip = on(pressure_hpa=5000.0)
    chip.write(PWR, FORCED)
    chip.wait_us(11000)
    assert counts(chip)[0] == 0


def test_trim_check_register(on):
    chip = on()
    crc, *trim = chip.registers(0x30, 22)
    # CRC-8 with polynomial 0x1D, init 0xFF, inverted: by polynomial division here.
    value = 0
    for byte in [*trim, 0]:
        value = value << 8 | byte
    value ^= 0xFF << (8 * 21)
    for bit in range(8 * 22 - 1, 7, -1):
        if value >> bit & 1:
            value ^= 0x11D << (bit - 8)
    assert crc == value ^ 0xFF == trim_crc(bytes(trim))


# -- registers


def test_reset_values(on):
    chip = on()
    assert chip.registers(0x00, 2) == b"\x60\x01"
    assert chip.registers(STATUS, 1) == b"\x10"
    assert chip.registers(DATA, 6) == b"\x00\x00\x80\x00\x00\x80"
    assert chip.registers(0x12, 3) == b"\x00\x00\x80"
    assert chip.registers(0x15, 9) == bytes.fromhex("010002020200000200")
    assert chip.registers(CONFIG, 1) == b"\x00"


def test_por_is_told_once(on):
    chip = on()
    assert [chip.registers(EVENT, 1)[0] for _ in range(2)] == [1, 0]
    chip.write(0x7E, 0xB6)
    chip.wait_us(2000)
    assert chip.registers(EVENT, 1)[0] == 1


def test_start_up_takes_two_milliseconds(hand):
    chip = hand(BMP390())
    chip.wait_us(1999)
    assert chip.write(0x00) == -1
    chip.wait_us(1)
    assert chip.write(0x00) == 1


def test_without_supply_it_is_silent(on):
    chip = on()
    chip.chip.power_off()
    assert chip.write(0x00) == -1


def test_soft_reset_restores_everything_and_is_deaf_for_a_while(on):
    chip = on()
    chip.write(OSR, 0x0B, ODR, 0x05, CONFIG, 0x04, PWR, FORCED)
    chip.write(0x7E, 0xB6)
    assert chip.registers(OSR, 1) is None
    chip.wait_us(2000)
    assert chip.registers(PWR, 3) == b"\x00\x02\x00"
    assert chip.violations == []


def test_a_burst_write_names_each_register(on):
    chip = on()
    chip.write(OSR, 0x0B, ODR, 0x05)
    assert chip.registers(OSR, 2) == b"\x0b\x05"
    assert chip.violations == []
    chip.write(OSR, 0x00, 0x03)  # as if the pointer moved by itself: the third byte is a register
    assert chip.registers(OSR, 2) == b"\x00\x05"
    assert chip.violations == ["burst write without a register for each value"]


def test_a_lone_register_sets_the_pointer(on):
    chip = on()
    assert chip.write(0x00) == 1
    assert chip.read(1) == b"\x60"
    assert chip.read(1) == b"\x01"  # it went on from there
    assert chip.violations == []


def test_interrupt_settings_without_the_pin_are_allowed(on):
    chip = on()
    chip.write(0x19, 0x07)
    assert chip.registers(0x19, 1) == b"\x07" and chip.violations == []


# -- measuring


def test_a_read_sees_the_data_of_its_start_not_of_the_pointers(on):
    chip = on()
    chip.write(PWR, FORCED)
    chip.write(DATA)
    chip.wait_us(11000)
    assert chip.read(3) != b"\x00\x00\x80"


@pytest.mark.parametrize(
    "osr, typical_us, maximum_us",
    [(0x00, 4829, 5700), (0x03, 18969, 21530), (0x0D, 69469, 78090)],
)
@pytest.mark.parametrize("worst_case", [False, True])
def test_forced_mode_takes_the_datasheets_time(on, osr, typical_us, maximum_us, worst_case):
    chip = on()
    chip.chip.worst_case = worst_case
    chip.write(OSR, osr)
    start_us = chip.kernel.now_us
    chip.write(PWR, FORCED)
    duration_us = chip.chip.conversion_us()
    assert abs(duration_us - (maximum_us if worst_case else typical_us)) <= 10
    chip.wait_us(duration_us - 1)
    assert chip.registers(STATUS, 1) == b"\x10" and chip.registers(PWR, 1)[0] == FORCED
    chip.wait_us(1)
    assert chip.registers(STATUS, 1) == b"\x70"
    assert chip.registers(PWR, 1)[0] == 0x03  # asleep again
    assert chip.registers(INT_STATUS, 1) == b"\x08" and chip.registers(INT_STATUS, 1) == b"\x00"
    assert chip.kernel.now_us == start_us + duration_us


def test_only_what_is_enabled_is_measured(on):
    chip = on()
    chip.write(PWR, 0x12)
    chip.wait_us(11000)
    assert chip.registers(STATUS, 1) == b"\x50"
    assert counts(chip)[0] == 0x800000


def test_ready_flags_fall_when_the_data_are_read(on):
    chip = on()
    chip.write(PWR, FORCED)
    chip.wait_us(11000)
    chip.registers(DATA, 3)
    assert chip.registers(STATUS, 1) == b"\x50"
    chip.registers(DATA + 3, 3)
    assert chip.registers(STATUS, 1) == b"\x10"


def test_one_burst_holds_one_measurement(on):
    chip = on()
    chip.write(OSR, 0x00)
    chip.write(PWR, NORMAL)
    chip.wait_us(4900)
    before = counts(chip)
    chip.write(DATA, stop=False)
    chip.chip.i2c_start(True)
    data = bytearray(chip.chip.i2c_read() for _ in range(2))
    chip.chip.pressure_hpa, chip.chip.temp_c = 500.0, -10.0
    chip.wait_us(20000)  # four more conversions
    data += bytes(chip.chip.i2c_read() for _ in range(4))
    chip.chip.i2c_stop()
    assert (int.from_bytes(data[:3], "little"), int.from_bytes(data[3:], "little")) == before
    assert counts(chip) != before


def test_normal_mode_repeats_at_its_rate(on):
    chip = on(pressure_hpa=1000.0)
    chip.write(ODR, 0x02, OSR, 0x00)  # 20 ms
    chip.write(PWR, NORMAL)
    chip.wait_us(4829)
    assert chip.registers(STATUS, 1) == b"\x70"
    chip.registers(DATA, 6)
    chip.wait_us(19990)
    assert chip.registers(STATUS, 1) == b"\x10"
    chip.wait_us(10)
    assert chip.registers(STATUS, 1) == b"\x70"
    chip.wait_us(1_000_000_000)
    chip.registers(STATUS, 1)
    assert chip.chip.conversions == 2 + 50_000
    assert chip.kernel.events == 0  # lazily: no event a conversion


def test_a_conversion_keeps_the_air_of_its_time(on):
    chip = on(pressure_hpa=1000.0)
    chip.write(ODR, 0x0A)  # 5.12 s
    chip.write(PWR, NORMAL)
    chip.wait_us(11000)
    chip.chip.pressure_hpa = 900.0
    chip.wait_us(10000)
    assert abs(measured(chip)[0] - 100000) < 0.05


@given(coefficient=integers(1, 7), samples=integers(1, 40))
def test_the_filter_approaches_a_step_as_its_recursion_says(hand, coefficient, samples):
    chip = hand(BMP390(pressure_hpa=1000.0))
    chip.wait_us(2000)
    chip.write(CONFIG, coefficient << 1, ODR, 0x02)
    chip.write(PWR, NORMAL)
    chip.wait_us(12000)
    low = counts(chip)[0]
    chip.chip.pressure_hpa = 990.0
    high = Compensation(TRIM).raw(99000.0, 20.0)[0]
    expected = float(low)
    c = 2**coefficient - 1
    for _ in range(samples):
        expected = (expected * c + high) / (c + 1)
        chip.wait_us(20000)
        if samples % 2:
            chip.registers(STATUS, 1)  # looking at it in between changes nothing
    assert abs(counts(chip)[0] - expected) <= 1


def test_a_rate_that_the_oversampling_cannot_keep(on):
    chip = on()
    chip.write(OSR, 0x03, ODR, 0x01)  # 19 ms of conversion every 10 ms
    chip.write(PWR, NORMAL)
    assert [chip.registers(ERR, 1)[0] for _ in range(2)] == [0x04, 0x00]
    chip.wait_us(100000)
    assert chip.registers(STATUS, 1) == b"\x10"
    chip.write(ODR, 0x02)
    assert chip.registers(ERR, 1)[0] == 0
    chip.wait_us(20000)
    assert chip.registers(STATUS, 1) == b"\x70"
    assert chip.violations == []


def test_sleep_stops_the_conversions(on):
    chip = on()
    chip.write(OSR, 0x00)
    chip.write(PWR, NORMAL)
    chip.wait_us(10000)
    chip.registers(DATA, 6)
    chip.write(PWR, 0x03)
    chip.wait_us(100000)
    assert chip.registers(STATUS, 1) == b"\x10"


def test_sensor_time_counts(on):
    chip = on()
    before = int.from_bytes(chip.registers(0x0C, 3), "little")
    chip.wait_us(1_000_000)
    assert int.from_bytes(chip.registers(0x0C, 3), "little") - before == 25600


# -- strictness


@pytest.mark.parametrize(
    "written, text",
    [
        ((0x00, 0x60), "register 0x00 is read-only"),
        ((0x04, 0x00), "register 0x04 is read-only"),
        ((0x31, 0x00), "register 0x31 is read-only"),
        ((0x50, 0x00), "register 0x50 is reserved"),
        ((PWR, 0x04), "reserved bits of register 0x1B set: 0x04"),
        ((CONFIG, 0x01), "reserved bits of register 0x1F set: 0x01"),
        ((ODR, 18), "ODR above 17"),
        ((OSR, 0x06), "oversampling above x32"),
        ((OSR, 0x30), "oversampling above x32"),
        ((0x17, 0x1D), "the FIFO is not modelled"),
        ((0x19, 0x42), "the interrupt pin is not modelled"),
        ((0x7E, 0x34), "unknown command 0x34"),
    ],
)
def test_forbidden_writes(on, written, text):
    chip = on()
    chip.write(*written)
    assert chip.violations == [text]


def test_an_unknown_command_sets_the_error_bit(on):
    chip = on()
    chip.write(0x7E, 0x01)
    assert [chip.registers(ERR, 1)[0] for _ in range(2)] == [0x02, 0x00]


def test_a_second_forced_measurement_waits_for_the_first(on):
    chip = on()
    chip.write(PWR, FORCED)
    chip.wait_us(3000)
    chip.write(PWR, FORCED)
    assert chip.violations == ["PWR_CTRL written while a forced measurement runs"]
    chip.wait_us(8000)
    chip.write(PWR, FORCED)
    assert len(chip.violations) == 1


def test_forced_mode_is_not_reached_from_normal(on):
    chip = on()
    chip.write(PWR, NORMAL)
    chip.write(PWR, FORCED)
    assert chip.violations == ["forced mode is reached from sleep only"]


def test_every_register_is_either_writable_or_read_only_or_reserved():
    assert not set(bmp390._WRITABLE) & set(bmp390._READ_ONLY)
