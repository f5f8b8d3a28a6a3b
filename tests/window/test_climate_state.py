"""The forecast's state on the flash: kept over a start, given up when damaged."""

import pytest

BOARD = "rpi_pico_w"
STATE = "/forecast.bin"


class Lines(list):
    """Stands for the device's log."""

    line = list.append

    def limited(self, key, text, every_ms):
        self.append(text)


def climate(bench, log):
    """A climate without sensors: it keeps the forecast."""
    return bench.load("window.climate").Climate(None, {}, 1, log, lambda: False, lambda: None)


def stored(bench):
    return bench.flash.mounted.read(STATE)


def test_the_state_outlives_a_start(bench):
    log = Lines()
    one = climate(bench, log)
    assert stored(bench) == b""
    for minute in range(300):
        one.forecast.step(minute * 60, 12 + minute % 7, 80, 1010, 0)
    one._save()
    assert stored(bench) == one.forecast.save()
    one.forecast.step(300 * 60, 12, 80, 1010, 0)
    one._save()
    bench.boot()
    two = climate(bench, log)
    assert two.forecast.save() == one.forecast.save()
    assert log == []


@pytest.mark.parametrize("damage", (b"", b"x", b"\0" * 5000))
def test_a_damaged_state_is_a_line_and_a_fresh_start_that_can_be_saved(bench, damage):
    log = Lines()
    one = climate(bench, log)
    bench.flash.mounted.install(STATE, damage or one.forecast.save()[:-1])
    bench.boot()
    two = climate(bench, log)
    assert log == ["forecast: Forecast: not a state that save() gave; started afresh"]
    two._save()
    assert stored(bench) == two.forecast.save()


def test_a_flash_that_refuses_is_a_line_and_the_next_save_succeeds(bench):
    log = Lines()
    one = climate(bench, log)
    bench.flash.full = True
    one._save()
    assert log == ["forecast not saved: OSError: 28"]
    bench.flash.full = False
    one._save()
    assert stored(bench) == one.forecast.save()
