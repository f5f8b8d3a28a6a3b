"""What people see and hear: display, a light for each slot, beeper."""

import asyncio
import time

from micropython import const

from drivers.buzzer import Buzzer
from drivers.ssd1306 import SSD1306
from drivers.ws2812 import WS2812
from kiosk import rental as t
from kiosk import words
from kiosk.ledger import SLOTS
from services.log import describe

_EVERY_MS = const(20)  # while it beeps or draws
_IDLE_MS = const(200)
_SHOWN_MS = const(6000)
_RETRY_MS = const(5000)
_DARK, _READY, _YOURS, _OUT = (0, 0, 0), (0, 24, 0), (0, 0, 90), (30, 0, 0)


class Panel:
    """`core` is the Kiosk; what is shown beside its words is read from it."""

    def __init__(self, i2c, address, pins, core, log):
        self._i2c = i2c
        self._address = address
        self._core = core
        self._log = log
        self._buzzer = Buzzer(pins["beeper"])
        self._lights = WS2812(pins["lights"], SLOTS)
        self._display = None
        self._lines = words.IDLE
        self._since_ms = time.ticks_ms()
        self._tried_ms = time.ticks_add(self._since_ms, -_RETRY_MS)

    def say(self, lines, beeps):
        """Show lines for a while, and beep."""
        if lines:
            self._lines = lines
            self._since_ms = time.ticks_ms()
        if beeps:
            self._buzzer.beep(beeps)

    async def run(self, beat):
        """Keep display, lights and beeper up to date."""
        while True:
            beat()
            sounding = self._buzzer.step()
            drawing = self._draw()
            self._lights.show([self._colour(number) for number in range(SLOTS)])
            await asyncio.sleep_ms(_EVERY_MS if sounding or drawing else _IDLE_MS)

    def _draw(self):
        left_ms = _SHOWN_MS - time.ticks_diff(time.ticks_ms(), self._since_ms)
        desk = self._core.desk
        if not 0 < left_ms <= _SHOWN_MS and not self._core.palm.offering:
            self._lines = words.IDLE
            if desk.machine.state == t.EJECTING:
                waiting = "%d s left" % (desk.left_ms // 1000)
                self._lines = ("Slot %d" % (desk.slot + 1), "Take your bank", waiting)
        try:
            if self._display is None:
                now_ms = time.ticks_ms()
                if 0 <= time.ticks_diff(now_ms, self._tried_ms) < _RETRY_MS:
                    return False
                self._tried_ms = now_ms
                self._display = SSD1306(self._i2c, self._address)
                self._log.well("display", "the display answers again")
            self._display.show(self._lines)
            return self._display.step()
        except OSError as error:
            self._display = None
            self._log.fault("display", "the display does not answer (%s)" % describe(error))
            return False

    def _colour(self, number):
        core = self._core
        if core.desk.slot == number:
            return _YOURS
        slot = core.ledger.slots[number]
        if slot.out or slot.bad:
            return _OUT
        return _READY if core.custody.is_fit(number) else _DARK
