"""The window: shuts before the rain, airs the room, and never pinches a hand.

This file only puts the parts together: sash and motor, rain sensor, climate, button, and the
policy that makes one wish of what they say. Each is a supervised task; the watchdog is fed while
all report.
"""

from machine import Pin
from wiring import CHIPS, I2C, PINS, UART

# Before anything that may fail or take time: the bridge off.
for _role in ("motor_in1", "motor_in2", "buzzer"):
    Pin(PINS[_role], Pin.OUT, value=0)

import asyncio  # noqa: E402
import struct  # noqa: E402
import time  # noqa: E402

import machine  # noqa: E402
from micropython import const  # noqa: E402

from drivers.button import Button  # noqa: E402
from drivers.rg15 import RG15, RainState  # noqa: E402
from services.forget import forget  # noqa: E402
from services.journal import Journal  # noqa: E402
from services.log import Log, describe  # noqa: E402
from services.tasks import Supervisor  # noqa: E402
from window.climate import Climate  # noqa: E402
from window.motor import Motor  # noqa: E402
from window.policy import DRY, STATES, UNKNOWN, WET, Inputs, Policy  # noqa: E402
from window.sash import Sash  # noqa: E402

_WATCHDOG_MS = const(8000)
_RAIN_EVERY_MS = const(5000)
_RAIN_REPLY_MS = const(250)
_PACE_MS = const(5000)
_BUTTON_MS = const(10)
_BUTTON_SAMPLES = const(20)  # after an edge; the next edge brings more
_MOVING = const(1)
_RESTED = const(2)
_RECORD = "<Bh"  # what the sash did; its position in edges


class Window:
    """The parts of one device, and the wish that they make together."""

    def __init__(self, log):
        self.log = log
        setting, hold_min, override_min = _settings(log)
        self.policy = Policy(hold_min * 60000, override_min * 60000)
        self.inputs = Inputs()
        self._decided_ms = time.ticks_ms()
        self._journal = _open_journal(log)
        hint, clean = _last_rest(self._journal)
        bus = I2C["climate"]
        i2c = machine.I2C(
            bus["id"],
            scl=Pin(bus["scl"]),
            sda=Pin(bus["sda"]),
            freq=bus["freq"],
            timeout=bus["timeout_us"],
        )
        self.motor = Motor(Sash(hint, clean), PINS, i2c, CHIPS.get("current"), log)
        self.motor.on_leave = self._note_leaving
        self.motor.on_rest = self._note_rest
        line = UART["rain"]
        self.rain = RG15(
            machine.UART(line["id"], line["baud"], tx=Pin(line["tx"]), rx=Pin(line["rx"]))
        )
        self.climate = Climate(i2c, CHIPS, setting, log, self._is_moving, self.decide)
        self.button = Button(PINS["button"])
        self._button_flag = asyncio.ThreadSafeFlag()
        self._edge = False
        Pin(PINS["button"]).irq(
            handler=self._button_edge, trigger=Pin.IRQ_RISING | Pin.IRQ_FALLING
        )

    def _is_moving(self):
        return self.motor.moving

    def may_write(self):
        """True while nothing moves (a flash write stops all interrupts: SCH-11)."""
        return not self.motor.moving

    def _button_edge(self, _):
        self._edge = True
        self._button_flag.set()

    # -- the wish

    def decide(self):
        """Tell the policy what is known, and the motor what it wishes."""
        now_ms = time.ticks_ms()
        elapsed_ms = max(0, time.ticks_diff(now_ms, self._decided_ms))
        self._decided_ms = now_ms
        inputs = self.inputs
        motor = self.motor
        inputs.rain = _rain(self.rain)
        inputs.alarm = self.climate.alarm
        inputs.airing_pct = self.climate.airing_pct
        inputs.blocked = motor.waits_for_person
        inputs.moving = motor.moving
        inputs.shut = motor.shut
        inputs.position_pct = motor.sash.position_pct
        policy = self.policy
        state = policy.state
        policy.step(elapsed_ms, inputs)
        self.climate.alarm = inputs.pressed = False
        if policy.state != state:
            self.log.line("weather: %s" % STATES[policy.state])
        motor.wish(policy.wish_pct, policy.attended, policy.acknowledged)

    # -- tasks

    async def watch_rain(self, beat):
        """Ask the rain sensor every 5 s."""
        while True:
            beat()
            self.rain.request()
            await asyncio.sleep_ms(_RAIN_REPLY_MS)
            self._hear()
            self.decide()
            await asyncio.sleep_ms(_RAIN_EVERY_MS - _RAIN_REPLY_MS)
            self._hear()

    def _hear(self):
        reading = self.rain.poll()
        if reading is not None:
            climate = self.climate
            climate.rain_mm = (climate.rain_mm or 0) + reading.acc_mm
        if self.rain.raining is None:
            if self.rain.state > RainState.STARTING or self.rain.faults:
                text = "RG-15 %s: rain is assumed"
                why = ", ".join(self.rain.faults) or "does not answer"
                self.log.fault("RG-15", text % why)
        else:
            self.log.well("RG-15", "RG-15 answers again")

    async def watch_button(self, beat):
        """Debounce the wall button, from an edge until it is still."""
        samples = 5
        while True:
            for _ in range(samples):
                beat()
                if self.button.pressed_event():
                    self.inputs.pressed = True
                    self.decide()
                await asyncio.sleep_ms(_BUTTON_MS)
            await self._button_flag.wait()
            beat()
            samples = _BUTTON_SAMPLES if self._edge else 0
            self._edge = False

    async def pace(self, beat):
        """Wake those that wait for interrupts, lest a lost one be waited for in vain.

        One timer for all: a wait with a timeout of its own makes two tasks each time.
        """
        while True:
            beat()
            self.motor.wake()
            self._button_flag.set()
            await asyncio.sleep_ms(_PACE_MS)

    # -- the journal, written only while nothing moves (a flash write stops all interrupts: SCH-11)

    def _note_leaving(self):
        self._note(_MOVING)

    def _note_rest(self):
        self._note(_RESTED)

    def _note(self, what):
        if self._journal is None:
            return
        try:
            self._journal.append(struct.pack(_RECORD, what, self.motor.sash.position))
        except OSError as error:
            self.log.fault("journal", "journal: %s" % describe(error))


def _settings(log):
    """Return (setting 0 to 2, hold_min, override_min) as the user has them."""
    from services.settings import Choice, Integer, Settings

    names = ("calm", "balanced", "eager")
    found = Settings(
        {
            "setting": Choice("balanced", names),  # how much needless closing is accepted
            "hold_min": Integer(60, 10, 720),  # how long a forecast keeps the window shut
            "override_min": Integer(60, 1, 720),  # how long the wall button's word holds
        },
        log,
    )
    forget("services.settings")  # read once: every tenth of so small a heap counts
    return names.index(found["setting"]), found["hold_min"], found["override_min"]


def _open_journal(log):
    try:
        return Journal()
    except OSError as error:
        log.line("journal: %s; the position will not be kept" % describe(error))
        return None


def _last_rest(journal):
    """Return (position in edges or None, whether the last movement ended)."""
    if journal is not None:
        for _, payload in journal.newest():
            if len(payload) == struct.calcsize(_RECORD):
                what, position = struct.unpack(_RECORD, payload)
                return position, what == _RESTED
    return None, True


def _rain(sensor):
    if sensor.raining is None:
        return UNKNOWN
    return WET if sensor.raining else DRY


async def _report(supervisor, window):
    """Say how it stands and, of a version on trial, that it is well; once, so their modules go."""
    from services import slots
    from services.health import Health

    health = Health(supervisor)
    window.log.line(health.line())
    await slots.confirm_when_well(health, window.log, window.may_write)
    forget("services.slots")
    forget("services.health")


async def _main(supervisor, window):
    asyncio.create_task(_report(supervisor, window))
    await supervisor.run(machine.WDT(timeout=_WATCHDOG_MS))


def start():
    """Build the device and its tasks; return the coroutine that runs them."""
    log = Log()
    window = Window(log)

    def make_safe(name):
        if name == "motor" or supervisor.condemned:
            window.motor.disable()

    supervisor = Supervisor(log, make_safe)
    supervisor.add("motor", window.motor.run, silence_ms=8000)
    supervisor.add("rain", window.watch_rain, silence_ms=8000)
    supervisor.add("climate", window.climate.run, silence_ms=65000)
    supervisor.add("button", window.watch_button, silence_ms=8000)
    supervisor.add("pace", window.pace, silence_ms=8000)
    return _main(supervisor, window)


asyncio.run(start())
