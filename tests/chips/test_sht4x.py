"""SHT4x twin: commands, times, encoding, heater and the rules it holds the firmware to."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, sampled_from

from pinbench.chips.sht4x import SHT4x, crc8

HIGH, MEDIUM, LOW = 0xFD, 0xF6, 0xE0
SERIAL, SOFT_RESET = 0x89, 0x94


@pytest.fixture
def on(hand):
    def make(**physical):
        sensor = hand(SHT4x(**physical))
        sensor.wait_us(1000)
        return sensor

    return make


def words(reply):
    assert crc8(reply, 0) == reply[2] and crc8(reply, 3) == reply[5]
    return reply[0] << 8 | reply[1], reply[3] << 8 | reply[4]


def air(sensor, command=HIGH):
    assert sensor.write(command) == 1
    sensor.wait_us(8300)
    temperature, humidity = words(sensor.read(6))
    return -6 + 125 * humidity / 65535, -45 + 175 * temperature / 65535


def test_checksum_is_the_datasheets():
    assert crc8(b"\xbe\xef", 0) == 0x92


@given(rh_pct=floats(-6, 119), temp_c=floats(-45, 130))
def test_what_the_air_is_the_words_say(hand, rh_pct, temp_c):
    sensor = hand(SHT4x(rh_pct=rh_pct, temp_c=temp_c))
    sensor.wait_us(1000)
    measured_rh, measured_t = air(sensor)
    assert abs(measured_rh - rh_pct) <= 125 / 65535 / 2 + 1e-9
    assert abs(measured_t - temp_c) <= 175 / 65535 / 2 + 1e-9
    assert sensor.violations == []


@pytest.mark.parametrize("rh_pct, word", [(-7, 0), (-6, 0), (119, 65535), (125, 65535)])
def test_beyond_its_scale_the_word_stays_at_the_end(on, rh_pct, word):
    sensor = on(rh_pct=rh_pct)
    sensor.write(HIGH)
    sensor.wait_us(8300)
    assert words(sensor.read(6))[1] == word


@pytest.mark.parametrize(
    "command, typical_us, maximum_us",
    [(HIGH, 6900, 8300), (MEDIUM, 3700, 4500), (LOW, 1300, 1600)],
)
@pytest.mark.parametrize("worst_case", [False, True])
def test_a_read_is_refused_until_the_conversion_ends(
    on, command, typical_us, maximum_us, worst_case
):
    sensor = on()
    sensor.chip.worst_case = worst_case
    sensor.write(command)
    sensor.wait_us((maximum_us if worst_case else typical_us) - 1)
    assert sensor.read(6) is None
    sensor.wait_us(1)
    assert len(sensor.read(6)) == 6
    assert sensor.violations == []


def test_a_result_is_read_once(on):
    sensor = on()
    sensor.write(HIGH)
    sensor.wait_us(6900)
    assert sensor.read(6) is not None
    assert sensor.read(6) is None


def test_without_a_command_there_is_nothing_to_read(on):
    assert on().read(6) is None


def test_a_repeated_start_begins_the_command_too(on):
    sensor = on()
    sensor.write(HIGH, stop=False)
    assert sensor.read(6) is None  # and is refused, for it has only begun
    sensor.wait_us(6900)
    assert len(sensor.read(6)) == 6


@given(serial=integers(0, 0xFFFFFFFF))
def test_serial_number(hand, serial):
    sensor = hand(SHT4x(serial=serial))
    sensor.wait_us(1000)
    sensor.write(SERIAL)
    high, low = words(sensor.read(6))  # at once: the part serves those who do not wait
    assert high << 16 | low == serial


def test_power_up_takes_its_time(hand):
    sensor = hand(SHT4x())
    assert sensor.write(HIGH) == -1
    sensor.wait_us(299)
    assert sensor.write(HIGH) == -1
    sensor.wait_us(1)
    assert sensor.write(HIGH) == 1


def test_without_supply_it_is_silent(on):
    sensor = on()
    sensor.chip.power_off()
    assert sensor.write(HIGH) == -1 and sensor.read(6) is None


@pytest.mark.parametrize("reset", ["soft", "general call"])
def test_a_reset_aborts_a_measurement(on, reset):
    sensor = on()
    sensor.write(HIGH)
    sensor.wait_us(1000)
    if reset == "soft":
        assert sensor.write(SOFT_RESET) == 1
    else:
        sensor.chip.i2c_general_call(0x06)
    assert sensor.write(HIGH) == -1  # deaf for tSR
    sensor.wait_us(8300)
    assert sensor.read(6) is None
    assert sensor.write(HIGH) == 1
    assert sensor.violations == []


def test_a_general_call_that_is_not_a_reset_changes_nothing(on):
    sensor = on()
    sensor.write(HIGH)
    sensor.chip.i2c_general_call(0x04)
    sensor.wait_us(6900)
    assert sensor.read(6) is not None


# -- strictness


def test_a_command_while_busy_is_refused_and_held_against_the_firmware(on):
    sensor = on(rh_pct=40)
    sensor.write(HIGH)
    sensor.wait_us(1000)
    assert sensor.write(LOW) == 0
    assert sensor.violations == ["command 0xE0 while busy: only a reset may abort"]
    sensor.wait_us(5900)
    assert sensor.read(6) is not None  # the first command was not disturbed


@given(command=integers(0, 255))
def test_unknown_commands_are_refused(hand, command):
    known = {0xFD, 0xF6, 0xE0, 0x89, 0x94, 0x39, 0x32, 0x2F, 0x24, 0x1E, 0x15}
    sensor = hand(SHT4x())
    sensor.wait_us(1000)
    assert sensor.write(command) == (command in known)
    assert bool(sensor.violations) == (command not in known)


def test_a_second_byte_is_refused(on):
    sensor = on()
    assert sensor.write(HIGH, 0x00) == 1
    assert sensor.violations == ["byte 0x00 follows a command: commands have one byte"]


def test_reading_too_far(on):
    sensor = on()
    sensor.write(HIGH)
    sensor.wait_us(6900)
    assert sensor.read(7)[6] == 0xFF
    assert sensor.violations == ["read beyond the reply's 6 bytes"]


def test_what_a_fault_on_the_wire_said_is_not_the_firmwares_doing(on):
    sensor = on()
    sensor.chip.disturbed = True
    assert sensor.write(0xFC) == 0
    assert sensor.violations == []
    assert sensor.noted("fault") == [(1000, "unknown command 0xFC")]


# -- heater


@pytest.mark.parametrize(
    "command, power_mw, pulse_us",
    [
        (0x39, 200, 1000000),
        (0x32, 200, 100000),
        (0x2F, 110, 1000000),
        (0x24, 110, 100000),
        (0x1E, 20, 1000000),
        (0x15, 20, 100000),
    ],
)
def test_a_pulse_heats_and_measures_hot(on, command, power_mw, pulse_us):
    sensor = on(rh_pct=90, temp_c=15)
    sensor.write(command)
    sensor.wait_us(pulse_us - 1)
    assert sensor.read(6) is None
    sensor.wait_us(1)
    temperature, humidity = words(sensor.read(6))
    assert -45 + 175 * temperature / 65535 > 15 + power_mw * pulse_us * 2e-7
    assert -6 + 125 * humidity / 65535 < 90
    assert sensor.noted("chip") == [(1000, "heater", power_mw, pulse_us)]
    assert sensor.violations == []


def test_after_a_pulse_the_sensor_cools(on):
    sensor = on(rh_pct=60, temp_c=15)
    sensor.write(0x39)
    sensor.wait_us(1000000)
    hot_rh, hot_t = air(sensor)
    assert hot_t > 60 and hot_rh < 10
    sensor.wait_us(2000000)
    warm_rh, warm_t = air(sensor)
    assert 16 < warm_t < 30 and hot_rh < warm_rh < 60
    sensor.wait_us(6000000)
    rh, t = air(sensor)
    assert abs(t - 15) < 0.1 and abs(rh - 60) < 0.5


def test_the_longest_pulse_in_the_worst_case(on):
    sensor = on()
    sensor.chip.worst_case = True
    sensor.write(0x32)
    sensor.wait_us(109999)
    assert sensor.read(6) is None
    sensor.wait_us(1)
    assert sensor.read(6) is not None


@given(first=sampled_from([0x39, 0x1E]), early_ms=integers(-1, 1))
def test_ten_per_cent_duty(hand, first, early_ms):
    sensor = hand(SHT4x())
    sensor.wait_us(1000)
    sensor.write(first)
    sensor.wait_us(10_000_000 - early_ms * 1000)
    sensor.write(0x32)
    assert sensor.violations == (["heater duty above 10 %"] if early_ms > 0 else [])


def test_a_short_pulse_earns_a_short_wait(on):
    sensor = on()
    for _ in range(3):
        sensor.write(0x32)
        sensor.wait_us(1000000)
    assert sensor.violations == []
    sensor.write(0x32)
    sensor.wait_us(900000)
    sensor.write(0x32)
    assert sensor.violations == ["heater duty above 10 %"]


@pytest.mark.parametrize("temp_c, forbidden", [(64.9, False), (65.0, True), (80.0, True)])
def test_no_heating_above_65_degrees(on, temp_c, forbidden):
    sensor = on(temp_c=temp_c)
    sensor.write(0x15)
    assert bool(sensor.violations) == forbidden


def test_a_wet_sensor_reads_100_until_heated_dry(on):
    sensor = on(rh_pct=55)
    sensor.chip.stuck_wet = True
    for _ in range(5):
        assert abs(air(sensor)[0] - 100) < 0.01
        sensor.write(0x39)
        sensor.wait_us(10_000_000)
    assert not sensor.chip.stuck_wet
    assert abs(air(sensor)[0] - 55) < 0.1
    assert sensor.violations == []


def test_the_world_may_dry_it(on):
    sensor = on(rh_pct=55)
    sensor.chip.stuck_wet = True
    sensor.chip.stuck_wet = False
    assert abs(air(sensor)[0] - 55) < 0.01
