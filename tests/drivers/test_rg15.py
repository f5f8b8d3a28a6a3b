"""The RG-15 driver and the sensor's twin, over a serial line with faults, on the bench."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from

from pinbench.chips.rg15 import RG15

PORTS = [pytest.param(p, marks=pytest.mark.bench(profile=p)) for p in ("rp2", "rp2350", "esp32")]
POLL_MS = 5000


class Station:
    """Sensor, line and driver; `live(s)` is the shell's loop: poll every 100 ms, ask every 5 s."""

    def __init__(self, bench):
        self.line = bench.uart(1)
        self.chip = self.line.add(RG15())
        uart = bench.load("machine").UART(1, 9600, tx=8, rx=9)
        self.module = bench.load("drivers.rg15")
        self.rain = self.module.RG15(uart)
        self.state = self.module.RainState
        self._sleep_ms = bench.load("time").sleep_ms

    def live(self, seconds):
        readings = []
        for tick in range(seconds * 10):
            reading = self.rain.poll()
            if reading is not None:
                readings.append(reading)
            if tick % (POLL_MS // 100) == 0:
                self.rain.request()
            self._sleep_ms(100)
        return readings

    def settle(self):
        """Until the sensor has booted and answers."""
        self.live(60)
        assert self.rain.state == self.state.READY


@pytest.mark.parametrize("port", PORTS)
def test_dry_is_dry_and_rain_is_rain(bench, port):
    station = Station(bench)
    assert station.rain.assume_rain, "nothing is known yet"
    station.settle()
    assert not station.rain.assume_rain
    station.chip.rain_mm_per_h = 20
    readings = station.live(600)
    assert station.rain.raining and station.rain.assume_rain
    assert sum(reading.acc_mm for reading in readings) == pytest.approx(20 / 6, rel=0.05)
    assert station.rain.intensity_mm_h == pytest.approx(20, rel=0.1)
    station.chip.rain_mm_per_h = 0
    station.live(900)
    assert not station.rain.assume_rain
    assert station.rain.damaged_lines == 0


def test_a_cut_wire_means_rain_within_twenty_seconds_and_reconnected_it_recovers(bench):
    station = Station(bench)
    station.settle()
    cut = station.line.lay("uart_cut")
    station.live(20)
    assert station.rain.assume_rain and station.rain.state == station.state.SILENT
    station.live(600)
    assert station.rain.assume_rain and station.rain.state == station.state.DEAD
    station.line.lift(cut)
    station.live(330)
    assert station.rain.state == station.state.READY and not station.rain.assume_rain


def test_a_sensor_without_supply_means_rain_and_with_it_again_it_recovers(bench):
    station = Station(bench)
    station.settle()
    station.chip.power_off()
    station.live(20)
    assert station.rain.assume_rain
    station.chip.power_on()
    station.live(60)
    assert station.rain.state == station.state.READY


@given(per_mille=integers(1, 1000), seed=integers(0, 100))
def test_on_a_noisy_line_it_raises_nothing_and_does_not_call_rain_dry(bench, per_mille, seed):
    station = Station(bench)
    station.settle()
    for _ in range(seed):
        bench.kernel.random.bits(8)
    station.chip.rain_mm_per_h = 50
    noise = station.line.lay("uart_noise", per_mille=per_mille)
    readings = station.live(120)
    # A digit may change, and there is no checksum; a wet reading does not lose both its amounts.
    late = readings[len(readings) // 2 :]
    assert all(reading.acc_mm > 0 or reading.intensity_mm_h > 0 for reading in late)
    station.line.lift(noise)
    station.live(150)
    assert station.rain.state == station.state.READY


TROUBLES = ("uart_noise", "uart_loss", "uart_delay", "uart_cut")


@given(kinds=lists(sampled_from(TROUBLES), min_size=1, max_size=5))
def test_after_any_trouble_on_the_line_it_recovers(bench, kinds):
    station = Station(bench)
    for kind in kinds:
        trouble = station.line.lay(kind)
        station.live(60)
        station.line.lift(trouble)
    station.live(150)
    assert station.rain.state == station.state.READY
    assert not station.rain.assume_rain


def test_a_bad_lens_means_rain(bench):
    station = Station(bench)
    station.settle()
    station.chip.lens_bad = True
    station.live(20)
    assert "LensBad" in station.rain.faults
    assert station.rain.raining is None and station.rain.assume_rain
    station.chip.lens_bad = False
    station.live(20)
    assert station.rain.faults == () and not station.rain.assume_rain
