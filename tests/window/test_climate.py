"""Weather and room, once a minute, with sensors that a test commands: what comes of them."""

import io
import types

import pytest

from pinbench.paths import FIRMWARE
from pinbench.simulator.loader_cpython import Loader
from pinbench.simulator.oserror import OSError

CHIPS = {
    "humidity": {"address": 0x44},
    "indoor": {"address": 0x45},
    "pressure": {"address": 0x76},
}


class Station:
    """A climate with its sensors; `told` is what the forecast was given."""

    def __init__(self, i2c="bus", chips=CHIPS, setting=1):
        self.outdoor = (80.0, 10.0)
        self.indoor = (50.0, 21.0)
        self.pa = 101300.0
        self.away = set()  # addresses that do not answer
        self.made = []
        self.heats = 0
        self.heater_fails = False
        self.s = 1000
        self.ms = 0
        self.takes_ms = 0
        self.slept = []
        self.lines = []
        self.told = []
        self.alarms = (False, False, False)
        self.saved = self.opened = self.closed = 0
        self.flash_fails = False
        self.busy = 0
        self.samples = 0
        self.beats = 0
        load = Loader([FIRMWARE], self.fakes(), lambda *_: Keep(self), print).load
        log = load("services.log").Log(out=self.lines.append)
        self.climate = load("window.climate").Climate(
            i2c, chips, setting, log, self.is_busy, self.sampled
        )

    def fakes(self):
        station = self

        class Chip:
            def __init__(self, i2c, address):
                self.address = address
                self.answer()
                station.made.append((i2c, address))

            def answer(self):
                if self.address in station.away:
                    raise OSError(5)
                station.ms += station.takes_ms

            def measure(self):
                self.answer()
                if self.address == 0x76:
                    return station.pa, 20.0
                return station.outdoor if self.address == 0x44 else station.indoor

            def heat_pulse(self):
                if station.heater_fails:
                    raise OSError(5)
                station.heats += 1

        async def sleep_ms(ms):
            station.slept.append(ms)
            station.ms += ms
            await once(ms)

        forecast = types.SimpleNamespace(step=self.forecast, parts=lambda: (b"state",))
        return {
            "window.forecast": types.SimpleNamespace(Forecast=lambda step_min: forecast),
            "micropython": types.SimpleNamespace(const=lambda value: value),
            "time": types.SimpleNamespace(
                time=lambda: station.s,
                ticks_ms=lambda: station.ms % (1 << 30),
                ticks_diff=lambda a, b: (a - b + (1 << 29)) % (1 << 30) - (1 << 29),
            ),
            "asyncio": types.SimpleNamespace(sleep_ms=sleep_ms),
            "drivers.sht4x": types.SimpleNamespace(SHT4x=Chip),
            "drivers.bmp390": types.SimpleNamespace(BMP390=Chip),
        }

    def forecast(self, *given):
        self.told.append(given)
        return self.alarms

    def is_busy(self):
        self.busy -= 1
        return self.busy >= 0

    def sampled(self):
        self.samples += 1

    def beat(self):
        self.beats += 1

    def minutes(self, count=1):
        """Let the task take so many samples."""
        until = self.samples + count
        running = self.climate.run(self.beat)
        while self.samples < until or self.slept[-1] < 1000:
            running.send(None)
        running.close()
        return self.told[-1]


class Keep(io.BytesIO):
    """The state's file."""

    def __init__(self, station):
        super().__init__()
        self.station = station
        station.opened += 1

    def flush(self):
        if self.station.flash_fails:
            raise OSError(28)
        self.station.saved += 1

    def close(self):
        if not self.closed:
            super().close()
            self.station.closed += 1
            if self.station.flash_fails:
                raise OSError(28)


@types.coroutine
def once(ms):
    yield ms


def test_the_forecast_is_told_what_the_sensors_read_and_the_rain_since_the_last_sample():
    station = Station()
    station.climate.rain_mm = 0.4
    assert station.minutes() == (1000, 10.0, 80.0, 1013.0, 0.4)
    assert station.minutes() == (1000, 10.0, 80.0, 1013.0, None)
    assert station.made == [("bus", 0x44), ("bus", 0x45), ("bus", 0x76)]
    assert station.lines == []


@pytest.mark.parametrize("setting", (0, 1, 2))
def test_the_alarm_is_that_of_the_chosen_setting(setting):
    station = Station(setting=setting)
    assert not station.climate.alarm
    for alarms in ((True, False, False), (False, True, False), (False, False, True)):
        station.alarms = alarms
        station.minutes()
        assert station.climate.alarm == alarms[setting]


def test_the_room_is_aired_by_both_sensors():
    station = Station()
    assert station.climate.airing_pct == 0, "no wish before the first sample"
    station.indoor, station.outdoor = (70.0, 21.0), (60.0, 5.0)
    station.minutes()
    assert station.climate.airing_pct == 100
    station.away = {0x45}
    station.minutes()
    assert station.climate.airing_pct == 0


@pytest.mark.parametrize(
    "address, name, given",
    (
        (0x44, "outdoor SHT4x", (1000, None, None, 1013.0, None)),
        (0x45, "indoor SHT4x", (1000, 10.0, 80.0, 1013.0, None)),
        (0x76, "BMP390", (1000, 10.0, 80.0, None, None)),
    ),
)
def test_a_sensor_that_is_lost_is_told_once_and_made_anew(address, name, given):
    station = Station()
    station.away = {address}
    assert station.minutes() == given
    station.minutes()
    assert station.lines == [f"{name} does not answer (OSError: 5)"]
    station.away = set()
    assert station.minutes() == (1000, 10.0, 80.0, 1013.0, None)
    assert station.lines[1:] == [f"{name} answers again"]
    station.away = {address}
    station.minutes()
    station.away = set()
    station.minutes()
    assert station.made.count(("bus", address)) == 2


@pytest.mark.parametrize("without", ({"i2c": None}, {"chips": {}}))
def test_what_the_wiring_does_not_name_is_not_asked_and_not_missed(without):
    station = Station(**without)
    assert station.minutes() == (1000, None, None, None, None)
    assert station.made == [] and station.lines == []


def test_it_samples_once_a_minute_whatever_the_sensors_take():
    station = Station()
    station.takes_ms = 700  # a new chip answers twice: 4.2 s
    station.minutes()
    assert station.slept == [20, 20, 20, 20, 60000 - 80 - 4200]
    station.slept.clear()
    station.takes_ms = 21000
    station.minutes()
    assert station.slept[-1] == 1000, "and no sooner than after a second"


def test_a_long_call_waits_until_nothing_moves_and_the_task_stays_alive():
    station = Station()
    station.busy = 3
    station.minutes()
    assert station.slept[:5] == [20, 500, 500, 500, 20]
    assert station.beats >= 4


def test_a_sensor_full_for_half_an_hour_says_nothing_and_is_heated():
    station = Station()
    station.outdoor = (100.0, 10.0)
    assert station.minutes(29) == (1000, 10.0, 100.0, 1013.0, None)
    assert station.heats == 0
    assert station.minutes() == (1000, None, None, 1013.0, None)
    assert station.heats == 1
    station.minutes(12)
    assert station.heats == 9 and station.lines == []
    station.minutes()
    text = "outdoor humidity stays at 100 % in spite of the heater"
    assert station.lines == [text]
    station.outdoor = (90.0, 10.0)
    assert station.minutes() == (1000, 10.0, 90.0, 1013.0, None)
    assert station.lines == [text, "outdoor humidity is back"]


def test_a_heater_that_fails_is_told_once_an_hour():
    station = Station()
    station.outdoor = (100.0, 10.0)
    station.heater_fails = True
    station.minutes(38)
    assert station.lines == ["heater: OSError: 5"]


def test_the_state_is_saved_once_an_hour():
    station = Station()
    station.minutes(59)
    assert station.saved == 0
    station.minutes()
    assert station.saved == 1
    station.minutes(60)
    assert station.saved == 2


def test_a_flash_that_takes_nothing_is_told_once_a_day_and_its_file_is_opened_anew():
    station = Station()
    station.flash_fails = True
    station.minutes(60)
    assert (station.opened, station.closed) == (1, 1)
    station.minutes(60)
    assert (station.opened, station.closed) == (2, 2)
    assert station.lines == ["forecast not saved: OSError: 28"]
    station.flash_fails = False
    station.minutes(60)
    assert station.saved == 1 and (station.opened, station.closed) == (3, 2)
