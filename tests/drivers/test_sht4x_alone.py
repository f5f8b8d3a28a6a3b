"""The SHT4x driver on a bus that answers as a test says: what a chip never does, a bus may."""

import pytest
from hypothesis import given
from hypothesis.strategies import binary, integers

ADDRESS = 0x44
SERIAL = bytes.fromhex("beef92beef92")  # the datasheet's check value, twice
AIR = bytes.fromhex("5f161a72b0dc")  # 20 degrees C and 50 %, to the chip's resolution


class Chip:
    """Takes one-byte commands; answers the serial number, then always `reply`."""

    def __init__(self):
        self.commands = []
        self.reply = AIR

    def written(self, data):
        self.commands.extend(data)

    def answer(self, count):
        assert count == 6
        return SERIAL if self.commands[-1] == 0x89 else self.reply


def start(alone):
    chip = Chip()
    bus = alone.i2c(chip, ADDRESS)
    sensor = alone.load("sht4x").SHT4x(bus)
    chip.commands.clear()
    bus.log.clear()
    return chip, bus, sensor


def test_the_serial_number_is_read_at_the_start(alone):
    _, _, sensor = start(alone)
    assert sensor.serial == 0xBEEFBEEF


def test_words_and_halves_stand_in_their_order(alone):
    _, _, sensor = start(alone)
    rh_pct, temp_c = sensor.measure()
    assert rh_pct == pytest.approx(50, abs=0.001)
    assert temp_c == pytest.approx(20, abs=0.002)


def test_an_absent_chip_is_the_ports_own_error(alone):
    with pytest.raises(OSError) as caught:
        alone.load("sht4x").SHT4x(alone.i2c(Chip(), 0x45))
    assert caught.value.args == (alone.nack_errno,)


def test_a_chip_that_is_still_busy_is_asked_again(alone):
    _, bus, sensor = start(alone)
    bus.faults = [None, alone.nack(), alone.nack(), alone.nack()]
    sensor.measure()
    assert [entry[0] for entry in bus.log] == ["w", "r", "r", "r", "r"]


def test_patience_with_a_busy_chip_ends(alone):
    _, bus, sensor = start(alone)
    bus.faults = [None] + [alone.nack()] * 50
    before_us = alone.time.now_us
    with pytest.raises(OSError):
        sensor.measure()
    assert alone.time.now_us - before_us <= 20_000


def test_a_stuck_bus_is_not_retried(alone):
    _, bus, sensor = start(alone)
    bus.faults = [alone.timeout()]
    with pytest.raises(OSError) as caught:
        sensor.measure()
    assert caught.value.args == (alone.etimedout,)
    assert len(bus.log) == 1


def test_a_refused_command_is_an_error_though_the_port_says_nothing(alone):
    _, bus, sensor = start(alone)
    bus.faults = [0]
    with pytest.raises(alone.load("sht4x").SHT4xError, match="command 0xfd refused"):
        sensor.measure()
    assert len(bus.log) == 1, "no reply may be read to a command that did not arrive"


@given(reply=binary(min_size=6, max_size=6))
def test_a_reply_is_believed_only_with_both_checksums(new_alone, reply):
    alone = new_alone()
    chip, _, sensor = start(alone)
    chip.reply = reply
    module = alone.load("sht4x")
    sound = all(bitwise_crc(reply[at : at + 2]) == reply[at + 2] for at in (0, 3))
    if sound:
        sensor.measure()
    else:
        with pytest.raises(module.CRCError):
            sensor.measure()


@given(word=integers(0, 0xFFFF), bits=integers(1, 0xFFFFFF))
def test_crc8_is_that_of_the_datasheet(new_alone, word, bits):
    crc8 = new_alone().load("sht4x").crc8
    assert crc8(b"\xbe\xef", 0) == 0x92
    data = word.to_bytes(2, "big")
    assert crc8(data, 0) == bitwise_crc(data)
    sent = word << 8 | crc8(data, 0)
    if bin(bits).count("1") <= 2:  # every single and double error of 24 bits is seen
        damaged = (sent ^ bits).to_bytes(3, "big")
        assert crc8(damaged, 0) != damaged[2]


def bitwise_crc(data):
    """Long division by x**8 + x**5 + x**4 + 1, preset to ones: another way to the same."""
    bits = int.from_bytes(data, "big") ^ 0xFF << 8 * (len(data) - 1)
    bits <<= 8
    for shift in range(8 * len(data) - 1, -1, -1):
        if bits >> shift + 8 & 1:
            bits ^= 0x131 << shift
    return bits


def test_the_heater_rests_for_a_second(alone):
    chip, _, sensor = start(alone)
    sensor.heat_pulse()
    assert chip.commands == [0xFD, 0x32]
    with pytest.raises(alone.load("sht4x").SHT4xError, match="must rest 1000 ms"):
        sensor.heat_pulse()
    alone.time.sleep_ms(999)
    with pytest.raises(alone.load("sht4x").SHT4xError):
        sensor.heat_pulse()
    alone.time.sleep_ms(1)
    sensor.heat_pulse()
    assert chip.commands.count(0x32) == 2


def test_a_heat_pulse_whose_answer_was_lost_counts_too(alone):
    _, bus, sensor = start(alone)
    bus.faults = [None, None, None] + [alone.nack()] * 4
    with pytest.raises(OSError):
        sensor.heat_pulse()
    with pytest.raises(alone.load("sht4x").SHT4xError, match="must rest"):
        sensor.heat_pulse()


def test_the_heater_rests_across_the_wrap_of_the_ticks(alone):
    _, _, sensor = start(alone)
    alone.time.now_us = ((1 << 30) - 200) * 1000
    sensor.heat_pulse()
    alone.time.sleep_ms(500)
    with pytest.raises(alone.load("sht4x").SHT4xError, match="must rest 500 ms"):
        sensor.heat_pulse()


def test_the_heater_may_be_used_after_days_when_ticks_look_negative(alone):
    _, _, sensor = start(alone)
    sensor.heat_pulse()
    alone.time.sleep_ms(3 << 28)  # 9.3 days: ticks_diff is below zero
    sensor.heat_pulse()


@pytest.mark.parametrize("temp_c, allowed", [(64.9, True), (65.1, False), (125, False)])
def test_no_heating_of_a_hot_sensor(alone, temp_c, allowed):
    chip, _, sensor = start(alone)
    crc8 = alone.load("sht4x").crc8
    word = round((temp_c + 45) * 65535 / 175).to_bytes(2, "big")
    chip.reply = word + bytes([crc8(word, 0)]) + b"\xbe\xef\x92"
    if allowed:
        sensor.heat_pulse()
    else:
        with pytest.raises(alone.load("sht4x").SHT4xError, match="too hot"):
            sensor.heat_pulse()
    assert (0x32 in chip.commands) == allowed
