"""The BMP390 driver and the chip's twin, on the bench."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats

from pinbench.chips.bmp390 import BMP390

ADDRESS = 0x77
PORTS = [pytest.param(p, marks=pytest.mark.bench(profile=p)) for p in ("rp2", "rp2350", "esp32")]


def start(bench, **physical):
    """Return (chip, driver's module, sensor)."""
    chip = bench.i2c(0).add(BMP390(**physical))
    module = bench.load("drivers.bmp390")
    return chip, module, module.BMP390(bench.bus("pressure"))


@given(pressure_hpa=floats(300, 1250), temp_c=floats(-40, 85))
def test_what_the_air_is_the_driver_says(bench, pressure_hpa, temp_c):
    _, _, sensor = start(bench, pressure_hpa=pressure_hpa, temp_c=temp_c)
    pressure_pa, measured_c = sensor.measure()
    assert abs(pressure_pa - 100 * pressure_hpa) <= 0.1
    assert abs(measured_c - temp_c) <= 0.001


def test_each_measurement_is_a_new_one(bench):
    chip, _, sensor = start(bench, pressure_hpa=1000.0)
    for pressure_hpa in (1000.0, 985.5, 1030.25):
        chip.pressure_hpa = pressure_hpa
        assert sensor.measure()[0] == pytest.approx(100 * pressure_hpa, abs=0.1)


@pytest.mark.parametrize("port", PORTS)
def test_an_unplugged_sensor_is_an_oserror_and_plugged_in_it_works_again(bench, port):
    _, _, sensor = start(bench)
    unplugged = bench.i2c(0).lay("address_nack", address=ADDRESS)
    with pytest.raises(OSError):
        sensor.measure()
    bench.i2c(0).lift(unplugged)
    sensor.measure()


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("after", range(6))
def test_a_refused_byte_anywhere_in_a_measurement_is_an_error_never_an_old_value(
    bench, port, after
):
    chip, module, sensor = start(bench, pressure_hpa=1000.0)
    sensor.measure()
    chip.pressure_hpa = 900.0
    bench.kernel.losses.clear()
    bus = bench.i2c(0)
    before = bus.transfers
    lay_at(bus, before + after)
    try:
        assert sensor.measure()[0] == pytest.approx(90000, abs=0.1)
    except module.BMP390Error:
        bench.expect_silent_loss("short count")


def lay_at(bus, number):
    """Refuse the first byte of the transfer of that number, counted from the bus's start."""
    write = bus.write

    def watched(address, data, stop, freq_hz, timeout_us):
        if bus.transfers == number:
            bus.lay("data_nack", address=ADDRESS, count=1)
        return write(address, data, stop, freq_hz, timeout_us)

    bus.write = watched


def test_a_sensor_that_lost_its_supply_is_right_again_at_the_next_measurement(bench):
    chip, _, sensor = start(bench, pressure_hpa=1000.0)
    chip.power_off()
    with pytest.raises(OSError):
        sensor.measure()
    chip.power_on()
    bench.load("time").sleep_ms(10)
    assert sensor.measure()[0] == pytest.approx(100000, abs=0.1)
