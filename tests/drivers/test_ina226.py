"""The INA226 driver and the chip's twin, on the bench; above all the trip, with Python halted."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from pinbench.chips.ina226 import INA226

ADDRESS = 0x40
DECISION_US = 560
WITH_BUS_US = 1120
# A limit passed just after a decision began is seen whole at the end of the next. Conversions may
# take a tenth longer than they should (154 us instead of 140).
LATEST = 2.2
PORTS = [pytest.param(p, marks=pytest.mark.bench(profile=p)) for p in ("rp2", "rp2350", "esp32")]


def start(bench):
    """Return (chip, its ALERT net, driver's module, monitor)."""
    net = bench.kernel.net("alert")
    net.pull("board", 1)
    chip = bench.i2c(0).add(INA226(), "current", {"alert": net})
    module = bench.load("drivers.ina226")
    return chip, net, module, module.INA226(bench.bus("current"))


def pass_us(bench, us):
    bench.kernel.run_until(bench.kernel.now_us + int(us))


@given(current_ma=integers(-8000, 8000), bus_mv=integers(0, 36000))
def test_what_flows_the_driver_says(bench, current_ma, bus_mv):
    chip, _, _, monitor = start(bench)
    chip.current_ma = current_ma
    chip.bus_mv = bus_mv
    pass_us(bench, 3 * WITH_BUS_US)
    assert abs(monitor.current_ma() - current_ma) <= 1
    assert abs(monitor.bus_mv() - bus_mv) <= 2


@given(limit_ma=integers(100, 8000), above_ma=integers(1, 500), with_bus=integers(0, 1))
def test_the_trip_comes_in_time_and_stays_until_it_is_cleared(bench, limit_ma, above_ma, with_bus):
    chip, net, module, monitor = start(bench)
    chip.current_ma = 0
    monitor.set_over_current(limit_ma, with_bus=bool(with_bus))
    pass_us(bench, 10_000)
    assert net.level == 1
    chip.current_ma = min(limit_ma + above_ma, 8191)
    pass_us(bench, LATEST * (WITH_BUS_US if with_bus else DECISION_US))
    assert net.level == 0
    chip.current_ma = 0
    pass_us(bench, 10_000)
    assert net.level == 0, "latched"
    assert monitor.clear_alert() & module.ALERT
    assert net.level == 1
    assert monitor.clear_alert() == 0


@given(limit_ma=integers(100, 8000), below_ma=integers(1, 100))
def test_below_the_limit_it_never_trips(bench, limit_ma, below_ma):
    chip, net, _, monitor = start(bench)
    chip.current_ma = limit_ma - below_ma
    monitor.set_over_current(limit_ma)
    pass_us(bench, 50_000)
    assert net.level == 1


def test_over_the_limit_still_it_trips_again_after_a_clearing(bench):
    chip, net, module, monitor = start(bench)
    monitor.set_over_current(1000)
    chip.current_ma = 1500
    pass_us(bench, 5_000)
    monitor.clear_alert()
    pass_us(bench, LATEST * DECISION_US)
    assert net.level == 0
    assert monitor.clear_alert() & module.ALERT


def test_a_restarted_controller_finds_the_trip_still_armed(bench):
    chip, net, module, monitor = start(bench)
    monitor.set_over_current(1000)
    module.INA226(bench.bus("current"))
    chip.current_ma = 1500
    pass_us(bench, 10_000)
    assert net.level == 0


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_trip_that_was_not_set_is_an_error(bench, port, at):
    _, _, module, monitor = start(bench)
    bench.expect_silent_loss("short count")
    bench.i2c(0).lay("data_nack", address=ADDRESS, count=1, at=at)
    with pytest.raises(module.INA226Error):
        monitor.set_over_current(2000)
    monitor.set_over_current(2000)


@given(at=integers(0, 2), bit=integers(0, 7))
def test_a_limit_that_arrived_damaged_is_an_error(bench, at, bit):
    _, _, module, monitor = start(bench)
    bench.i2c(0).lay("bit_flip", address=ADDRESS, count=1, at=at, bit=bit)
    with pytest.raises(module.INA226Error):
        monitor.set_over_current(2000)


@pytest.mark.parametrize("port", PORTS)
def test_an_absent_monitor_is_an_oserror(bench, port):
    with pytest.raises(OSError):
        bench.load("drivers.ina226").INA226(bench.bus("current"))
