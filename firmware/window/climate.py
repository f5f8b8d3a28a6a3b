"""Weather and room, once a minute: sensors that come and go, and the forecast they feed."""

import asyncio
import time

from micropython import const

from drivers.bmp390 import BMP390
from drivers.sht4x import SHT4x
from services.log import describe
from window.forecast import Forecast
from window.ventilation import Ventilation
from window.wetness import STUCK, Wetness

_EVERY_MS = const(60000)
_RETRY_MS = const(500)
_BETWEEN_MS = const(20)  # for the button and the motor to get their turn
_SAVE_EVERY = const(60)  # samples
_STATE = "/forecast.bin"


class Sensor:
    """One sensor that may be absent: made at the first sample, and again after it was lost."""

    def __init__(self, name, make, log):
        self.name = name
        self._make = make
        self._log = log
        self.chip = None

    def measure(self):
        """Return what its `measure` returns, or (None, None). Said once when it goes and comes."""
        try:
            if self.chip is None:
                self.chip = self._make()
            pair = self.chip.measure()
        except OSError as error:
            self.chip = None
            text = "%s does not answer (%s)" % (self.name, describe(error))
            self._log.fault(self.name, text)
            return None, None
        self._log.well(self.name, "%s answers again" % self.name)
        return pair


class Climate:
    """Samples when nothing moves. `alarm` is the forecast's pulse for the chosen setting.

    chips: role -> what the wiring says; i2c: the bus, or None; setting: 0 calm, 1 balanced, 2
    eager. `is_busy()` is True while no long call may be made; `on_sample()` is called after each
    sample.
    """

    def __init__(self, i2c, chips, setting, log, is_busy, on_sample):
        self.forecast = Forecast(step_min=1)
        self.ventilation = Ventilation()
        self.alarm = False
        self.airing_pct = 0
        self.rain_mm = None  # since the last sample; None: not known
        self._setting = setting
        self._log = log
        self._is_busy = is_busy
        self._on_sample = on_sample
        self._wetness = Wetness()
        self._count = 0
        self._file = None
        self._outdoor = self._sht4x("outdoor SHT4x", i2c, chips, "humidity")
        self._indoor = self._sht4x("indoor SHT4x", i2c, chips, "indoor")
        self._pressure = None
        if i2c is not None and "pressure" in chips:
            address = chips["pressure"]["address"]
            self._pressure = Sensor("BMP390", lambda: BMP390(i2c, address), log)
        self._load()

    def _sht4x(self, name, i2c, chips, role):
        if i2c is None or role not in chips:
            return None
        address = chips[role]["address"]
        return Sensor(name, lambda: SHT4x(i2c, address), self._log)

    async def run(self, beat):
        """Sample for ever, one sample a minute."""
        while True:
            beat()
            started_ms = time.ticks_ms()
            await self._sample(beat)
            self._on_sample()
            spent_ms = time.ticks_diff(time.ticks_ms(), started_ms)
            await asyncio.sleep_ms(max(1000, _EVERY_MS - max(0, spent_ms)))

    async def _turn(self, beat):
        """Wait until a long call may be made: a sensor takes 20 ms, and holds up everybody."""
        await asyncio.sleep_ms(_BETWEEN_MS)
        while self._is_busy():
            await asyncio.sleep_ms(_RETRY_MS)
            beat()

    async def _sample(self, beat):
        """Read all sensors, and ask the forecast and the ventilation."""
        await self._turn(beat)
        rh_pct, temp_c = _measure(self._outdoor)
        if rh_pct is not None:
            rh_pct, temp_c = self._dry(rh_pct, temp_c)
        await self._turn(beat)
        indoor_rh_pct, indoor_c = _measure(self._indoor)
        await self._turn(beat)
        pressure_pa = _measure(self._pressure)[0]
        await self._turn(beat)
        pressure_hpa = None if pressure_pa is None else pressure_pa / 100
        rain_mm = self.rain_mm
        self.rain_mm = None
        alarms = self.forecast.step(int(time.time()), temp_c, rh_pct, pressure_hpa, rain_mm)
        self.alarm = alarms[self._setting]
        self.airing_pct = self.ventilation.step(indoor_rh_pct, indoor_c, rh_pct, temp_c)
        self._count += 1
        if self._count % _SAVE_EVERY == 0:
            self._save()

    def _dry(self, rh_pct, temp_c):
        """Return the outdoor readings, or None for both while they say nothing of the air."""
        wetness = self._wetness
        usable = wetness.step(rh_pct)
        if wetness.state == STUCK:
            self._log.fault("wet", "outdoor humidity stays at 100 % in spite of the heater")
        elif usable is not None:
            self._log.well("wet", "outdoor humidity is back")
        if wetness.wants_heat:
            try:
                self._outdoor.chip.heat_pulse()
            except OSError as error:
                self._log.limited("heat", "heater: %s" % describe(error), 3600000)
        return (None, None) if usable is None else (usable, temp_c)

    # The state's file stays open: an open file takes over a thousand bytes in one piece, which a
    # heap has after weeks only by luck. littlefs keeps what it held before until `flush` succeeds.

    def _load(self):
        try:
            self._file = _open_state()
            state = self._file.read()
            if state:
                self._take_up(state)
        except OSError as error:
            self._log.line("forecast: not read (%s)" % describe(error))
            self._drop_file()

    def _take_up(self, state):
        try:
            self.forecast.load(state)
        except ValueError as error:
            self._log.line("forecast: %s" % error)
            self._file.close()
            self._file = open(_STATE, "w+b")  # empty, lest the end of a longer one stay

    def _save(self):
        try:
            if self._file is None:
                self._file = _open_state()
            self._file.seek(0)
            for part in self.forecast.parts():
                self._file.write(part)
            self._file.flush()
        except OSError as error:
            self._log.limited("save", "forecast not saved: %s" % describe(error), 86400000)
            self._drop_file()  # littlefs would take no more from it, and say nothing

    def _drop_file(self):
        file, self._file = self._file, None
        try:
            if file is not None:
                file.close()
        except OSError:
            pass  # it was said already


def _open_state():
    try:
        return open(_STATE, "r+b")
    except OSError:
        return open(_STATE, "w+b")  # the first start


def _measure(sensor):
    return (None, None) if sensor is None else sensor.measure()
