"""The two readers: palms, and cards. What they say goes to the core, and nowhere else."""

import asyncio
import time
from hashlib import sha256

from machine import UART, Pin
from micropython import const

from drivers import ai10
from drivers.pn532 import PN532
from kiosk import palm as p
from kiosk import store
from services.log import describe

_EVERY_MS = const(40)  # 460 bytes at most, of the 512 that the buffer holds
_CARD_EVERY_MS = const(150)
_RETRY_MS = const(5000)
_TIMEOUT_S = const(10)

# What the reader says -> what that is to the core.
_MEANS = {
    ai10.KNOWN: p.KNOWN,
    ai10.UNKNOWN: p.UNKNOWN,
    ai10.FORGED: p.FORGED,
    ai10.NOBODY: p.NOBODY,
    ai10.ENROLLED: p.ENROLLED,
    ai10.EXISTS: p.KNOWN,
    ai10.FULL: p.FULL,
    ai10.DONE: p.DONE,
    ai10.FAILED: p.FAILED,
}


class PalmReader:
    """`core` is the Kiosk. `slots`: is_busy() while a solenoid is on, and no flash may be written;
    wake() when there may be something to do for it.
    """

    def __init__(self, line, core, log, dialect, slots):
        uart = UART(line["id"], line["baud"], tx=Pin(line["tx"]), rx=Pin(line["rx"]), rxbuf=512)
        self._chip = ai10.AI10(uart, dialect)
        self._core = core
        self._log = log
        self._slots = slots
        self._wish = None

    async def run(self, beat):
        """Ask what the core wishes, tell it what the reader says."""
        last_ms = time.ticks_ms()
        while True:
            beat()
            if not self._slots.is_busy():
                now_ms = time.ticks_ms()
                elapsed_ms = max(0, time.ticks_diff(now_ms, last_ms))
                last_ms = now_ms
                self._round(elapsed_ms)
            await asyncio.sleep_ms(_EVERY_MS)

    def _round(self, elapsed_ms):
        chip, core = self._chip, self._core
        heard = chip.poll()
        if heard is not None:
            self._hear(heard[0], heard[1])
        wish = core.reader(elapsed_ms)
        self._wish = wish or self._wish
        if self._wish is not None and not chip.busy:
            name, value = self._wish
            self._wish = None
            if name == "verify":
                chip.verify(_TIMEOUT_S)
            elif name == "enrol":
                chip.enrol(_TIMEOUT_S)
            elif name == "delete":
                chip.delete(value)
            else:
                chip.list_ids()
        if chip.alarm:
            core.alarm("a template on the reader's line")
        if core.members_changed:
            self._save()

    def _hear(self, event, value):
        if event == ai10.FAILED and value == -1:
            self._log.fault("palm reader", "the palm reader does not answer; cards do")
        else:
            self._log.well("palm reader", "the palm reader answers again")
        if event == ai10.READY:
            self._wish = None
            self._core.palm.restarted()
        else:
            self._core.palm.heard(_MEANS[event], value)
        self._slots.wake()

    def _save(self):
        try:
            store.save(self._core.palm.members)
        except OSError as error:
            self._log.fault("members", "members are not stored (%s)" % describe(error))
            return
        self._core.members_changed = False
        self._log.well("members", "members are stored again")


class CardReader:
    """Cards become pseudonyms here; their numbers go no further."""

    def __init__(self, i2c, address, irq, core, log, slots):
        self._slots = slots
        self._i2c = i2c
        self._address = address
        self._irq = Pin(irq, Pin.IN, Pin.PULL_UP)
        self._core = core
        self._log = log
        self._chip = None
        self._salt = store.salt()

    async def run(self, beat):
        """Look for cards."""
        while True:
            beat()
            try:
                if self._chip is None:
                    self._chip = PN532(self._i2c, self._irq, self._address)
                    self._log.well("card reader", "the card reader answers again")
                number = self._chip.poll()
            except OSError as error:
                self._chip = None
                text = "the card reader does not answer (%s)" % describe(error)
                self._log.fault("card reader", text)
                await asyncio.sleep_ms(_RETRY_MS)
                continue
            if number:
                self._core.card(sha256(self._salt + number).digest()[:8])
                self._slots.wake()
            await asyncio.sleep_ms(_CARD_EVERY_MS)
