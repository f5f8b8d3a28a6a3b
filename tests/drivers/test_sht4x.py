"""The SHT4x driver and the chip's twin, on the bench."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers

from pinbench.chips.sht4x import SHT4x

ADDRESS = 0x44
PORTS = [pytest.param(p, marks=pytest.mark.bench(profile=p)) for p in ("rp2", "rp2350", "esp32")]


def start(bench, **physical):
    """Return (chip, driver's module, sensor)."""
    chip = bench.i2c(0).add(SHT4x(**physical))
    module = bench.load("drivers.sht4x")
    return chip, module, module.SHT4x(bench.bus("humidity"))


@given(rh_pct=floats(-6, 119), temp_c=floats(-45, 130))
def test_what_the_air_is_the_driver_says(bench, rh_pct, temp_c):
    _, _, sensor = start(bench, rh_pct=rh_pct, temp_c=temp_c)
    measured_rh, measured_c = sensor.measure()
    assert abs(measured_rh - rh_pct) <= 125 / 65535
    assert abs(measured_c - temp_c) <= 175 / 65535


@given(bit=integers(8, 47))
def test_one_flipped_bit_is_an_error_never_a_value(bench, bit):
    _, module, sensor = start(bench)
    # Two transfers: the command, too short to be hit, and the reply. (Its first byte would hit the
    # command too: test_sht4x_alone.py has every reply.)
    bench.i2c(0).lay("bit_flip", address=ADDRESS, count=2, at=bit // 8, bit=bit % 8)
    with pytest.raises(module.CRCError):
        sensor.measure()
    assert sensor.measure()[0] == pytest.approx(50, abs=0.01)


@pytest.mark.parametrize("port", PORTS)
def test_an_unplugged_sensor_is_an_oserror_and_plugged_in_it_works_again(bench, port):
    _, _, sensor = start(bench)
    unplugged = bench.i2c(0).lay("address_nack", address=ADDRESS)
    with pytest.raises(OSError):
        sensor.measure()
    bench.i2c(0).lift(unplugged)
    sensor.measure()


@pytest.mark.parametrize("port", PORTS)
def test_a_stuck_bus_is_a_timeout_by_the_ports_own_number(bench, port):
    _, _, sensor = start(bench)
    stuck = bench.i2c(0).lay("sda_low")
    with pytest.raises(OSError) as caught:
        sensor.measure()
    assert caught.value.errno == bench.kernel.profile.ETIMEDOUT
    bench.i2c(0).lift(stuck)
    sensor.measure()


@pytest.mark.parametrize("port", PORTS)
def test_a_refused_command_is_an_error_on_every_port(bench, port):
    _, module, sensor = start(bench)
    bench.expect_silent_loss("short count")
    bench.i2c(0).lay("data_nack", address=ADDRESS, count=1)
    with pytest.raises(module.SHT4xError):
        sensor.measure()
    sensor.measure()


@given(refusals=integers(0, 3))
def test_a_chip_a_little_late_is_waited_for(bench, refusals):
    _, _, sensor = start(bench)
    if refusals:
        bench.i2c(0).lay("address_nack", address=ADDRESS, count=refusals)
    assert sensor.measure()[1] == pytest.approx(20, abs=0.01)


def test_a_controller_that_restarts_during_a_heat_pulse_gets_its_sensor_back(bench):
    _, module, _ = start(bench)
    bus = bench.bus("humidity")
    bus.writeto(ADDRESS, b"\x39")  # one second of heat, and the controller forgets it
    bench.load("time").sleep_ms(5)
    module.SHT4x(bus).measure()


def test_the_heater_keeps_to_its_duty_whatever_the_firmware_asks(bench):
    _, module, sensor = start(bench)
    sleep_ms = bench.load("time").sleep_ms
    pulses = 0
    for _ in range(100):
        try:
            sensor.heat_pulse()
            pulses += 1
        except module.SHT4xError:
            sleep_ms(97)
    # 120 ms a pulse and 1 s of rest; the twin would complain of more than 10 %.
    assert 5 <= pulses <= 10
