"""The sash core's hands and eyes: encoder, switches, current monitor, bridge, buzzer."""

import asyncio
import time

from machine import Pin
from micropython import const

from drivers.buzzer import Buzzer
from drivers.drv8871 import DRV8871
from drivers.hall_encoder import HallEncoder
from drivers.ina226 import INA226
from drivers.limit_switches import LimitSwitches
from services.log import describe
from window.sash import ALARM, BLOCKED, FAULT, SILENT, UNKNOWN, WARNING, Readings

_SUPPLY_EVERY_MS = const(60000)  # its ALERT watches in between
_MONITOR_RETRY_MS = const(60000)
_ALARM_EVERY_MS = const(60000)


class Motor:
    """Runs `sash` (window.sash.Sash) on the real pins.

    pins: role -> number; i2c: the bus of the current monitor, or None; log: services.log.Log.
    `on_leave` is called before a movement begins, `on_rest` after it has ended.
    """

    def __init__(self, sash, pins, i2c, chip, log):
        self.bridge = DRV8871(pins["motor_in1"], pins["motor_in2"])
        self.sash = sash
        self.on_leave = self.on_rest = _nothing
        self.disabled = False
        self.moving = False
        self._encoder = HallEncoder(pins["hall_a"], pins["hall_b"])
        self._limits = LimitSwitches(pins["limit_open"], pins["limit_closed"])
        self._alert = Pin(pins["alert"], Pin.IN, Pin.PULL_UP)
        self._buzzer = Buzzer(pins["buzzer"])
        self._led = Pin(pins["led"], Pin.OUT, value=0)
        self._readings = Readings()
        self._flag = asyncio.ThreadSafeFlag()
        self._i2c = i2c
        self._chip = chip
        self._log = log
        self._monitor = None
        self._sought_ms = None
        self._supply_ms = None
        self._armed_ma = 0
        self._sound = SILENT
        self._lit = False
        self._sounded_ms = 0
        for name in ("limit_open", "limit_closed", "alert"):
            Pin(pins[name]).irq(handler=self._wake, trigger=Pin.IRQ_RISING | Pin.IRQ_FALLING)

    @property
    def shut(self):
        """True if the closed limit is pressed."""
        return self._limits.closed

    @property
    def waits_for_person(self):
        """True while the sash goes nowhere until somebody presses."""
        return self.sash.state in (BLOCKED, FAULT) or self.sash.jammed

    def wish(self, pct, attended, acknowledged):
        """Pass on what the policy wants; wakes the motor's task."""
        readings = self._readings
        if acknowledged:
            readings.acknowledged = True
        if pct != readings.wish_pct or attended != readings.attended or acknowledged:
            readings.wish_pct = pct
            readings.attended = attended
            self._flag.set()

    def wake(self):
        """Let the task tick now; from an interrupt too. It is due every 5 s at the latest."""
        self._flag.set()

    def disable(self):
        """Off, for good: nobody vouches for the device any more."""
        self.disabled = True
        self.bridge.coast()
        self._buzzer.off()

    async def run(self, beat):
        """Tick the core for ever: every 10 ms while it moves, else when something happens."""
        try:
            while True:
                beat()
                tick_ms = self.tick()
                if tick_ms <= 100:
                    await asyncio.sleep_ms(tick_ms)
                else:
                    await self._flag.wait()
        except (Exception, asyncio.CancelledError):
            self.bridge.coast()
            self.moving = False
            raise

    def tick(self):
        """Read, decide, act once; return the ms until the next tick at the latest."""
        readings = self._readings
        self._limits.step()
        if not self.moving:
            self._limits.step()  # two of three samples decide, and the last may be old
            self._measure()
        encoder = self._encoder
        readings.count = encoder.count
        readings.edge_us = encoder.last_edge_us
        readings.encoder_errors = encoder.errors
        readings.limit_open = self._limits.open
        readings.limit_closed = self._limits.closed
        readings.alert = self._monitor is not None and self._alert.value() == 0
        now_ms = time.ticks_ms()
        readings.now_us = time.ticks_us()
        actions = self.sash.step(now_ms, readings)
        readings.acknowledged = False
        self._act(actions, now_ms)
        return actions.tick_ms

    def _act(self, actions, now_ms):
        duty_pm = 0 if self.disabled else actions.duty_pm
        if duty_pm == 0:
            self.bridge.coast()
        if actions.clear_alert:
            self._arm(actions.limit_ma, duty_pm == 0)
        if duty_pm:
            self.bridge.drive(duty_pm)
        self._follow(actions.limit_ma, duty_pm)
        self.moving = duty_pm != 0
        self._signal(actions.sound, now_ms)
        if actions.note:
            self._log.line(actions.note)
        if actions.leaving:
            self._supply_ms = None  # measure it anew: the duty is chosen by it
            self.on_leave()
        if actions.rested:
            self.on_rest()

    # -- the current monitor

    def _measure(self):
        """At rest: find the monitor, and read supply and current now and then."""
        now_ms = time.ticks_ms()
        readings = self._readings
        if self._monitor is None:
            readings.supply_mv = 0
            readings.current_ma = UNKNOWN
            sought = self._sought_ms
            if sought is not None and 0 <= time.ticks_diff(now_ms, sought) < _MONITOR_RETRY_MS:
                return
            self._sought_ms = now_ms
            self._find()
        measured = self._supply_ms
        if self._monitor is None or (
            measured is not None and 0 <= time.ticks_diff(now_ms, measured) < _SUPPLY_EVERY_MS
        ):
            return
        self._supply_ms = now_ms
        try:
            readings.current_ma = self._monitor.current_ma()
            readings.supply_mv = self._monitor.bus_mv()
        except OSError as error:
            self._lose(error)

    def _find(self):
        if self._i2c is None:
            return
        try:
            shunt_uohm = self._chip.get("shunt_mohm", 10) * 1000
            self._monitor = INA226(self._i2c, self._chip["address"], shunt_uohm)
        except OSError as error:
            self._lose(error)
            return
        self._log.well("monitor", "INA226 answers again")
        self._arm(self.sash.actions.limit_ma, True)
        time.sleep_ms(2)  # its first conversion of the bus

    def _lose(self, error):
        self._monitor = None
        self._readings.supply_mv = 0
        self._readings.current_ma = UNKNOWN
        text = "INA226 does not answer (%s): the encoder alone guards the sash, slower"
        self._log.fault("monitor", text % describe(error))

    def _arm(self, limit_ma, at_rest):
        """Set the trip anew; a latched ALERT is released."""
        if self._monitor is None:
            return
        try:
            self._monitor.set_over_current(limit_ma, with_bus=at_rest)
            self._armed_ma = limit_ma
        except OSError as error:
            self._lose(error)

    def _follow(self, limit_ma, duty_pm):
        """Keep the limit in step with the duty.

        The duty goes first: should Python stop in between, the limit is too low, not too high.
        """
        if self._monitor is None or limit_ma == self._armed_ma:
            return
        if duty_pm == 0:
            self._arm(limit_ma, True)
            return
        try:
            self._monitor.move_limit(limit_ma)
            self._armed_ma = limit_ma
        except OSError as error:
            self._lose(error)

    # -- signals

    def _signal(self, sound, now_ms):
        waits = self.waits_for_person
        if waits != self._lit:
            self._lit = waits
            self._led.value(1 if waits else 0)
        again = sound == ALARM and not (
            0 <= time.ticks_diff(now_ms, self._sounded_ms) < _ALARM_EVERY_MS
        )
        if sound != self._sound or again:
            self._sound = sound
            self._sounded_ms = now_ms
            if sound == WARNING:
                self._buzzer.beep(5, 200, 800)
            elif sound == ALARM:
                self._buzzer.beep(3, 100, 100)
            else:
                self._buzzer.off()
        if self._sound != SILENT:
            self._buzzer.step()

    def _wake(self, _):
        self._flag.set()


def _nothing():
    pass
