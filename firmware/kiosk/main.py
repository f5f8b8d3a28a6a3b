"""The kiosk: a palm or a card for a power bank, and a ledger that says where each bank is.

This file puts the parts together: slots and solenoids here, the readers in reader.py, display,
lights and beeper in panel.py, the network's seam in link.py. What is right is for the core to say.
"""

from machine import Pin
from wiring import CHIPS, I2C, PINS, UART

# Before anything that may fail or take time: no solenoid, no sound.
for _role in ("eject", "beeper"):
    Pin(PINS[_role], Pin.OUT, value=0)

import asyncio  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402

import machine  # noqa: E402
from micropython import const  # noqa: E402

from drivers.cabinet import SOUND, Cabinet  # noqa: E402
from drivers.mcp23017 import MCP23017  # noqa: E402
from kiosk import members, store, words  # noqa: E402
from kiosk.clock import Clock  # noqa: E402
from kiosk.core import Kiosk  # noqa: E402
from kiosk.ledger import SLOTS, Ledger  # noqa: E402
from kiosk.link import Link  # noqa: E402
from kiosk.panel import Panel  # noqa: E402
from kiosk.reader import CardReader, PalmReader  # noqa: E402
from kiosk.tariff import Tariff  # noqa: E402
from services.health import Health  # noqa: E402
from services.journal import Journal  # noqa: E402
from services.log import Log, describe  # noqa: E402
from services.settings import Choice, Flag, Integer, Settings  # noqa: E402
from services.tasks import Supervisor  # noqa: E402

_SCHEMA = {
    "free_min": Integer(5, 0, 1440),  # a return within so long costs nothing
    "hour_cents": Integer(200, 0, 10000),
    "day_cents": Integer(900, 0, 100000),
    "deposit_cents": Integer(3000, 1, 1000000),
    "palm_dialect": Choice("sen0677", ("sen0677", "sen0736", "xst", "l015")),
    "palms_stay": Flag(True),  # False: a palm is deleted behind its first rental
}
_WATCHDOG_MS = const(8000)
_EVERY_MS = const(20)  # while something is on its way
_IDLE_MS = const(100)
_SWITCHES_MS = const(100)  # without an interrupt, look all the same
_TEMPS_MS = const(200)  # from one slot to the next
_RETRY_MS = const(1000)
_ID_READS = const(3)  # the same each time, or it is none
_ID_PAUSE_MS = const(20)
_PULSE_STEP_MS = const(10)
_SEGMENTS = const(64)  # 256 KB: a week without a network


class Slots:
    """The slots' side of the shell: switches, ids, temperatures, solenoids; it steps the core."""

    def __init__(self, core, i2c, log, link, panel):
        self._core = core
        self._i2c = i2c
        self._log = log
        self._link = link
        self._expander = None
        self._masks = (0, 0)
        self._looked_ms = 0
        self._retry_ms = 0
        self._flag = asyncio.ThreadSafeFlag()
        self._interrupt = Pin(PINS["expander_int"], Pin.IN, Pin.PULL_UP)
        self._interrupt.irq(handler=self.wake, trigger=Pin.IRQ_FALLING)
        self._door = Pin(PINS["door"], Pin.IN, Pin.PULL_UP)
        self._case = Pin(PINS["tamper"], Pin.IN, Pin.PULL_UP)
        self._temps_ms = 0
        self._next = 0
        self._panel = panel
        select = [PINS["sel%d" % bit] for bit in range(3)]
        self.cabinet = Cabinet(
            select,
            PINS["eject"],
            PINS["slot_temp"],
            PINS["bank_id"],
            PINS["solenoid_current"],
        )

    def is_busy(self):
        """True while a solenoid is on: nothing slow may be done."""
        return self.cabinet.driving >= 0

    async def run(self, beat):
        """Step the core for ever, and do what it wants."""
        core = self._core
        last_ms = time.ticks_ms()
        while True:
            beat()
            now_ms = time.ticks_ms()
            elapsed_ms = max(0, time.ticks_diff(now_ms, last_ms))
            last_ms = now_ms
            present, shut = self._switches(elapsed_ms)
            core.step(elapsed_ms, present, shut, not self._door.value(), not self._case.value())
            await self._act()
            number = core.custody.wants_id()
            if number >= 0:
                await self._identify(number)
            else:
                self._measure(elapsed_ms)
            self._talk()
            if core.busy:
                await asyncio.sleep_ms(_EVERY_MS)
            else:
                await self._flag.wait()

    def wake(self, _=None):
        """Something has happened that the core should see."""
        self._flag.set()

    async def pace(self, beat):
        """Wake it now and then without any reason: temperatures, time, a lost interrupt."""
        while True:
            beat()
            self._flag.set()
            await asyncio.sleep_ms(_IDLE_MS)

    def _switches(self, elapsed_ms):
        """Return (present, shut) as masks, (None, None) while the expander does not answer."""
        self._looked_ms += elapsed_ms
        self._retry_ms -= elapsed_ms
        known = self._expander is not None
        if known and self._interrupt.value() and self._looked_ms < _SWITCHES_MS:
            return self._masks
        if not known and self._retry_ms > 0:
            return None, None
        self._looked_ms = 0
        try:
            if self._expander is None:
                self._expander = MCP23017(self._i2c, CHIPS["expander"]["address"])
            ports = self._expander.read()
        except OSError as error:
            self._expander = None
            self._retry_ms = _RETRY_MS
            text = "the slots' switches cannot be read (%s)" % describe(error)
            self._log.fault("expander", text)
            return None, None
        self._log.well("expander", "the slots' switches are read again")
        # Closed is low: a gate that is shut, a bank that is home.
        self._masks = (~ports >> 8 & 255, ~ports & 255)
        return self._masks

    async def _act(self):
        core = self._core
        while core.actions:
            name, number, value = core.actions.pop(0)
            line, shown, beeps = words.said(name, number, value)
            if name == "flash":
                self._log.fault("journal", "journal: %s" % describe(value))
            else:
                self._log.well("journal")
            if name == "eject":
                await self._pulse(number)
            if line:
                self._log.limited(line, line, _RETRY_MS)
            self._panel.say(shown, beeps)

    async def _pulse(self, number):
        result = None
        try:
            self.cabinet.start(number)
            while result is None:
                result = self.cabinet.step()
                await asyncio.sleep_ms(_PULSE_STEP_MS)
        finally:
            self.cabinet.off()
            self._core.pulsed(result == SOUND)

    async def _identify(self, number):
        rom = self.cabinet.rom(number)
        for _ in range(_ID_READS - 1):
            await asyncio.sleep_ms(_ID_PAUSE_MS)
            if rom is None or self.cabinet.rom(number) != rom:
                rom = None
                break
        self._core.custody.identified(number, rom or b"")

    def _measure(self, elapsed_ms):
        self._temps_ms += elapsed_ms
        if self._temps_ms < _TEMPS_MS:
            return
        self._temps_ms = 0
        number, self._next = self._next, (self._next + 1) % SLOTS
        temp_dc = self.cabinet.temp_dc(number)
        self._core.custody.places[number].temp_dc = temp_dc
        key = "slot %d" % (number + 1)
        if temp_dc is None:
            self._log.fault(key, key + ": its thermometer is broken")
        else:
            self._log.well(key, key + ": its thermometer is sound again")

    def _talk(self):
        link, core = self._link, self._core
        if link.up and not core.online:
            core.resend()
            core.heard_of()
        core.online = link.up
        order = link.receive()
        if order is not None:
            link.send(core.command(order))
        if link.room > 0:
            for message in core.outgoing(link.room):
                link.send(message)


def _unix_s():
    """Return the real-time clock in Unix seconds; the ports count from different years."""
    epoch_s = 946684800 if time.gmtime(0)[0] == 2000 else 0
    return int(time.time()) + epoch_s


def _token():
    return os.urandom(8)


def start():
    """Build the device and its tasks; return the supervisor's coroutine."""
    log = Log()
    settings = Settings(_SCHEMA, log)
    clock = Clock()
    journal = Journal("/ledger", 4096, _SEGMENTS)
    if journal.damaged:
        log.line("ledger: %d bytes were damaged and skipped" % journal.damaged)
    ledger = Ledger(journal, clock)
    if not clock.start(_unix_s()):
        log.line("the clock is lost: commands wait until the network says the time")
    tariff = Tariff(
        settings["free_min"],
        settings["hour_cents"],
        settings["day_cents"],
        settings["deposit_cents"],
    )
    wish = members.KEEP if settings["palms_stay"] else members.FORGET_AFTER
    core = Kiosk(ledger, tariff, store.load(log), _token, wish)
    bus = I2C["panel"]
    i2c = machine.I2C(
        bus["id"],
        scl=Pin(bus["scl"]),
        sda=Pin(bus["sda"]),
        freq=bus["freq"],
        timeout=bus["timeout_us"],
    )
    link = Link()
    panel = Panel(i2c, CHIPS["display"]["address"], PINS, core, log)
    slots = Slots(core, i2c, log, link, panel)
    dialect = settings["palm_dialect"]
    palms = PalmReader(UART["palm"], core, log, dialect, slots)
    cards = CardReader(i2c, CHIPS["nfc"]["address"], PINS["nfc_irq"], core, log, slots)

    def make_safe(_):
        slots.cabinet.off()

    supervisor = Supervisor(log, make_safe)
    supervisor.add("slots", slots.run, silence_ms=8000)
    supervisor.add("pace", slots.pace, silence_ms=8000)
    supervisor.add("palm reader", palms.run, silence_ms=8000)
    supervisor.add("card reader", cards.run, silence_ms=15000)
    supervisor.add("panel", panel.run, silence_ms=8000)
    log.line(Health(supervisor).line())
    return supervisor.run(machine.WDT(timeout=_WATCHDOG_MS))


asyncio.run(start())
