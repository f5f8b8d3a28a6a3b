"""The INA226 driver on a bus that answers as a test says."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers

ADDRESS = 0x40


class Chip:
    """Sixteen-bit registers behind a pointer that outlives a STOP."""

    def __init__(self):
        self.registers = {0xFE: 0x5449, 0xFF: 0x2260, 0x00: 0x4127}
        self.pointer = 0
        self.deaf_to = None  # a register that takes no writing
        self.order = []

    def written(self, data):
        if data:
            self.pointer = data[0]
        if len(data) == 3 and data[0] != self.deaf_to:
            self.registers[data[0]] = data[1] << 8 | data[2]
            self.order.append(data[0])

    def answer(self, count):
        assert count == 2
        return self.registers.get(self.pointer, 0).to_bytes(2, "big")


def start(alone, **options):
    chip = Chip()
    bus = alone.i2c(chip, ADDRESS)
    monitor = alone.load("ina226").INA226(bus, **options)
    chip.order.clear()
    return chip, bus, monitor


def test_another_chip_is_refused_in_one_sentence(alone):
    chip = Chip()
    chip.registers[0xFE] = 0
    with pytest.raises(alone.load("ina226").INA226Error, match="id 0x0000, expected 0x5449"):
        alone.load("ina226").INA226(alone.i2c(chip, ADDRESS))


def test_an_absent_chip_is_the_ports_own_error(alone):
    with pytest.raises(OSError) as caught:
        alone.load("ina226").INA226(alone.i2c(Chip(), 0x41))
    assert caught.value.args == (alone.nack_errno,)


def test_the_pinch_trip_is_that_of_the_datasheet_arithmetic(alone):
    chip, _, monitor = start(alone)
    monitor.set_over_current(2000)
    assert chip.registers[0x00] == 0x4205
    assert chip.registers[0x07] == 8000
    assert chip.registers[0x06] == 0x8001
    assert chip.order == [0x07, 0x00, 0x06], "the limit stands before the alert is on"


@given(limit_ma=integers(1, 20000), shunt_uohm=integers(500, 100000))
def test_the_trip_is_never_late_and_less_than_a_step_early(new_alone, limit_ma, shunt_uohm):
    alone = new_alone()
    chip, _, monitor = start(alone, shunt_uohm=shunt_uohm)
    limit_nv = limit_ma * shunt_uohm
    if 2500 <= limit_nv < 0x8000 * 2500:
        monitor.set_over_current(limit_ma)
        assert 0 <= limit_nv - chip.registers[0x07] * 2500 < 2500
    else:
        with pytest.raises(ValueError):
            monitor.set_over_current(limit_ma)
        assert not chip.order


@given(raw=integers(-0x8000, 0x7FFF), shunt_uohm=integers(500, 100000))
def test_current_has_its_sign_and_is_rounded(new_alone, raw, shunt_uohm):
    chip, _, monitor = start(new_alone(), shunt_uohm=shunt_uohm)
    chip.registers[0x01] = raw & 0xFFFF
    assert abs(monitor.current_ma() - raw * 2500 / shunt_uohm) <= 0.5
    if raw > -0x8000:  # the same towards both sides
        forward = monitor.current_ma()
        chip.registers[0x01] = -raw & 0xFFFF
        assert monitor.current_ma() == -forward


def test_bus_voltage_is_refused_where_it_would_be_stale(alone):
    chip, _, monitor = start(alone)
    chip.registers[0x02] = 0x2570
    assert monitor.bus_mv() == 11980  # the datasheet's worked example
    monitor.set_over_current(2000)
    with pytest.raises(alone.load("ina226").INA226Error):
        monitor.bus_mv()
    monitor.set_over_current(2000, with_bus=True)
    assert chip.registers[0x00] == 0x4207
    assert monitor.bus_mv() == 11980


@pytest.mark.parametrize("register", [0x00, 0x06, 0x07])
def test_a_trip_that_did_not_arrive_is_an_error(alone, register):
    chip, _, monitor = start(alone)
    chip.deaf_to = register
    with pytest.raises(alone.load("ina226").INA226Error, match=f"0x{register:02x} holds"):
        monitor.set_over_current(2000)


@pytest.mark.parametrize("transfer", range(3))
@pytest.mark.parametrize("count", range(3))
def test_a_short_count_is_an_error_wherever_it_comes(alone, transfer, count):
    _, bus, monitor = start(alone)
    bus.faults = [None, None, None] * transfer + [count]
    with pytest.raises(alone.load("ina226").INA226Error, match="not written"):
        monitor.set_over_current(2000)


def test_a_refused_pointer_is_an_error_not_the_register_before(alone):
    chip, bus, monitor = start(alone)
    chip.registers[0x01] = 1234
    bus.faults = [0]
    with pytest.raises(alone.load("ina226").INA226Error, match="0x01 refused"):
        monitor.current_ma()


def test_clear_alert_tells_what_stood(alone):
    module = alone.load("ina226")
    chip, _, monitor = start(alone)
    chip.registers[0x06] = 0x8001 | 0x10
    assert monitor.clear_alert() == module.ALERT
    chip.registers[0x06] = 0x8001
    assert monitor.clear_alert() == 0
