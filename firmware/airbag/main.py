"""The airbag garment: inflates before the ground, and never otherwise.

This file puts the parts together. What decides is in firing.py (states and permits), detector.py,
inputs.py and path.py (the armed path, in interrupts); here stand the slow things: buckle, button,
charger, battery, ladder, self-test, alerts, the record on flash and the black box. No file is
written in READY, ARMED and FIRING but the record's ARMING, before ARM can close.
"""

from machine import Pin
from wiring import CHIPS, I2C, LIVE, PINS, SPI

# Before anything that may fail or take time: both switches open. A PWM of before a soft reset goes
# on (GPIO 8 to 15), so the pin is taken back from it first.
for _role in ("fire", "arm", "buzzer", "vibration"):
    Pin(PINS[_role], Pin.OUT, value=0)

import asyncio  # noqa: E402
import binascii  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from array import array  # noqa: E402

import machine  # noqa: E402
from micropython import const  # noqa: E402

from airbag import firing, path, record  # noqa: E402
from airbag.alerts import Alerts  # noqa: E402
from airbag.battery import EMPTY, LOW, WORDS, Battery  # noqa: E402
from airbag.blackbox import BlackBox  # noqa: E402
from airbag.detector import Detector  # noqa: E402
from airbag.firing import ARMED, FAULT, READY, SAFE, SELF_TEST, SPENT, STATES, Firing  # noqa: E402
from drivers.button import Button  # noqa: E402
from drivers.buzzer import Buzzer  # noqa: E402
from drivers.inflator import BRIDGE, OK, Inflator  # noqa: E402
from drivers.lsm6dsox import LSM6DSOX  # noqa: E402
from drivers.max17048 import MAX17048  # noqa: E402
from drivers.vibration_motor import VibrationMotor  # noqa: E402
from services import slots  # noqa: E402
from services.health import Health  # noqa: E402
from services.journal import Journal  # noqa: E402
from services.log import Log, describe  # noqa: E402
from services.tasks import Supervisor  # noqa: E402

BOX = "/blackbox"
_RECORD = "/firing"
_WEARER = "/wearer"
_WATCHDOG_MS = const(8000)
_ROUND_MS = const(20)
_LOOK_ROUNDS = const(5)  # the ladder and the alarm are looked at every 100 ms
_POWER_MS = const(10000)
_HOUR_MS = const(3600000)
_WORN_MS = const(1000)  # buckled for so long before it arms
_AGAIN_MS = const(5000)  # and after samples that could not be trusted
_DOFFED_MS = const(2000)  # unbuckled for so long before the self-test, which needs stillness
_SUSPECTS = const(5)  # in one wearing: then the sensor is not fit to be trusted
_RESERVOIR_MV = const(10500)  # 26 mJ of 470 uF, four times all-fire
_FILL_MS = const(12000)
_TRIES = const(3)
_LONG_PRESS_MS = const(5000)


class Garment:
    """The parts of one device. `on_alert(word)`, when set, hears what carers should hear of."""

    def __init__(self, log):
        self.log = log
        self.on_alert = None
        self.core = Firing(LIVE)
        self.detector = Detector()
        self.box = BlackBox()
        self.battery = Battery()
        self.alerts = Alerts(Buzzer(PINS["buzzer"]), VibrationMotor(PINS["vibration"]))
        self.inflator = Inflator(
            PINS["arm"], PINS["fire"], PINS["reservoir"], PINS["continuity"], PINS["squib"]
        )
        self.buckle = Button(PINS["buckle"])
        self.charger = Button(PINS["charger_present"])
        self.button = Button(PINS["button"])
        bus = SPI["imu"]
        self._spi = machine.SPI(
            bus["id"],
            baudrate=bus["baudrate"],
            polarity=0,
            phase=0,
            sck=Pin(bus["sck"]),
            mosi=Pin(bus["mosi"]),
            miso=Pin(bus["miso"]),
        )
        self._cs = Pin(PINS["imu_cs"], Pin.OUT, value=1)
        self._int1 = Pin(PINS["imu_int1"], Pin.IN, Pin.PULL_DOWN)
        self._i2c_bus = I2C["power"]
        self._imu = None
        self._gauge = None
        self._gauge_trusted = False
        self.path = None
        self._sample = array("h", [0] * 6)
        self._timer = None
        self._journal = None
        self._open = False  # the record says ARMING
        self._tested_ms = 0  # of the last self-test that passed
        self._since_ms = time.ticks_ms()  # the buckle has been as it is since then
        self._wait_ms = 0
        self._suspects = 0
        self._untested_said = False
        self._last = firing.BOOT  # the state that was last told
        self._pressed_ms = None
        self._weak = 0
        self._checked_ms = time.ticks_ms()
        self._boxed = False
        self._started_ms = time.ticks_ms()

    # -- the state, shared with the interrupts

    def take(self, event):
        """Follow the table with interrupts off; outside ARMED and FIRING, ARM is open."""
        held = machine.disable_irq()
        state = self.core.take(event)
        if state != firing.ARMED and state != firing.FIRING:
            self.inflator.disarm()
        machine.enable_irq(held)
        return state

    def permit(self, bit, given):
        """Give or take a permit with interrupts off."""
        held = machine.disable_irq()
        self.core.permit(bit, given)
        machine.enable_irq(held)

    def _has(self, bit):
        return self.core.permits & bit != 0

    # -- the tasks

    async def run(self, beat):
        """Look at everything, every 20 ms."""
        rounds = 0
        while True:
            beat()
            self._switches()
            self.alerts.step()
            rounds += 1
            if rounds % _LOOK_ROUNDS == 0:
                self._ladder()
            self._tell()
            state = self.core.state
            if state == firing.BOOT:
                self._boot()
            elif state == SELF_TEST:
                await self._self_test(beat)
            elif state == SAFE:
                self._safe()
            elif state == READY:
                self._ready()
            elif state == SPENT or state == FAULT:
                self._ended()
            await asyncio.sleep_ms(_ROUND_MS)

    async def watch_power(self, beat):
        """Battery every 10 s, tables every hour."""
        while True:
            beat()
            self._power()
            if time.ticks_diff(time.ticks_ms(), self._checked_ms) > _HOUR_MS:
                self._checked_ms = time.ticks_ms()
                self._check_memory()
            await asyncio.sleep_ms(_POWER_MS)

    # -- looking

    def _switches(self):
        now_ms = time.ticks_ms()
        buckled = self.buckle.down
        self.buckle.pressed_event()
        if self.buckle.down != buckled:
            self._since_ms = now_ms
            if not self.buckle.down:
                self._suspects = 0
        self.charger.pressed_event()
        self.button.pressed_event()
        if not self.button.down:
            self._pressed_ms = None
        elif self._pressed_ms is None:
            self._pressed_ms = now_ms
        self.permit(firing.BUCKLED, self.buckle.down)
        self.permit(firing.UNPLUGGED, not self.charger.down)
        self._unfit()

    def _ladder(self):
        """What ARM needs of reservoir and squib; twice in a row, for one conversion may err."""
        inflator = self.inflator
        state = self.core.state
        if state == firing.FIRING or state == SPENT or state == SELF_TEST or state == FAULT:
            return
        full = inflator.reservoir_mv() >= _RESERVOIR_MV
        whole = inflator.complete() if state == firing.ARMED else inflator.bridge() == OK
        self._weak = 0 if full and whole else self._weak + 1
        if self._weak == 0 or self._weak > 1:
            self.permit(firing.RESERVOIR, full)
            self.permit(firing.CONTINUITY, whole)
        self._unfit()

    def _unfit(self):
        """READY and ARMED end when a permit goes (fresh samples come only in READY)."""
        state = self.core.state
        lost = firing.EVERY & ~self.core.permits
        if state == READY:
            lost &= ~firing.FRESH
        if lost and (state == READY or state == firing.ARMED):
            self.take(firing.UNFIT)
            self._why = lost

    def _power(self):
        battery = self.battery
        before = battery.state
        try:
            if self._gauge is None:
                bus = self._i2c_bus
                i2c = machine.I2C(
                    bus["id"],
                    scl=Pin(bus["scl"]),
                    sda=Pin(bus["sda"]),
                    freq=bus["freq"],
                    timeout=bus["timeout_us"],
                )
                self._gauge = MAX17048(i2c, CHIPS["fuel_gauge"]["address"])
                self._gauge_trusted = not self._gauge.was_reset
            gauge = self._gauge
            battery.step(
                gauge.charge_pm(), gauge.cell_mv(), gauge.rate_pm_h(), self._gauge_trusted
            )
            if not self._gauge_trusted:
                gauge.settled()  # a round of 10 s later its charge counts
                self._gauge_trusted = True
            self.log.well("MAX17048", "MAX17048 answers again")
        except OSError as error:
            self.log.fault("MAX17048", "fuel gauge: %s; not armed" % describe(error))
            battery.lost()
        self.permit(firing.BATTERY, battery.state != EMPTY)
        if battery.state != before:
            text = "battery %s: %d %%, about %d h armed"
            self.log.line(text % (WORDS[battery.state], battery.charge_pm // 10, battery.hours))
        if battery.state == EMPTY and self._gauge is not None:
            self.alerts.every("battery empty", 60000)
        elif battery.state == LOW:
            self.alerts.every("battery low", 600000)
        self._unfit()

    def _check_memory(self):
        if not self.core.sound() or not self.detector.check():
            self.log.fault("memory", "memory or tables are damaged")
            self.take(firing.BROKEN)

    # -- telling

    def _tell(self):
        """Log and sound what the interrupts or the table have done since the last round."""
        state = self.core.state
        last = self._last
        if state == last:
            return
        self._last = state
        text = STATES[state]
        leaving = last == READY or last == firing.ARMED
        if state == SAFE and leaving:
            flow = self.path
            if flow.would_fire:
                text += ": would fire (this build is inert)"
                self.alerts.sound("would fire")
            elif flow.cause:
                self._suspects += 1
                text += ": %s" % path.CAUSES[flow.cause]
                self.alerts.sound("not armed")
            else:
                names = [firing.PERMITS[i] for i in range(7) if self._why >> i & 1]
                text += ": %s" % ", ".join(names)
                # Taking it off and putting it on the charger are the wearer's own doing.
                if self._why & ~(firing.BUCKLED | firing.UNPLUGGED):
                    self.alerts.sound("not armed")
                else:
                    self.alerts.sound("disarmed")
            self._wait_ms = _AGAIN_MS if flow.cause or flow.would_fire else 0
            self._since_ms = time.ticks_ms()
        elif state == firing.ARMED:
            text += ": battery %d %%, about %d h" % (
                self.battery.charge_pm // 10,
                self.battery.hours,
            )
            self.alerts.sound("armed")
        elif state == SPENT and last == firing.FIRING:
            text = self._fired()
        elif state == FAULT:
            self.alerts.sound("fault")
        self.log.line("state: %s" % text)

    _why = 0

    def _carers(self, word):
        if self.on_alert is not None:
            self.on_alert(word)

    # -- states

    def _boot(self):
        """The record on flash, the memory, the sensor."""
        if not self.core.sound() or not self.detector.check():
            self.log.line("memory or tables are damaged")
            self.take(firing.BROKEN)
            return
        try:
            self._journal = Journal(_RECORD, segments=2)
            word = record.newest(self._journal)
        except OSError as error:
            self.log.line("record: %s" % describe(error))
            self.take(firing.BROKEN)
            return
        if word == record.SPENT:
            self.take(firing.USED)
        elif word == record.ARMING:
            self._open = True
            self.log.line("it was armed when the supply or the processor failed: look at the bag")
            self.take(firing.OPEN)
        else:
            self.take(firing.GOOD)

    async def _self_test(self, beat):
        """Sensor, ladder and reservoir, unbuckled and still."""
        for role in range(0, _DOFFED_MS, _ROUND_MS):
            beat()
            self._switches()
            if self.buckle.down and role > 100:
                self._worn()
                return
            await asyncio.sleep_ms(_ROUND_MS)
        why = ""
        for _ in range(_TRIES):
            why = await self._test(beat)
            if not why or self.buckle.down:
                break
        if self.buckle.down:
            self._worn()
        elif why:
            self.log.line("self-test: %s" % why)
            self.take(firing.FAILED)
        else:
            self._tested_ms = time.ticks_ms()
            self._untested_said = False
            self.permit(firing.TESTED, True)
            self.log.line("self-test: passed, squib %d mohm" % self.inflator.squib_mohm())
            self.take(firing.PASSED)

    def _worn(self):
        self.log.line("self-test: buckled before it was over")
        self.take(firing.WORN)

    async def _test(self, beat):
        """Return what is wrong, "" if nothing is."""
        inflator = self.inflator
        found = inflator.bridge()
        if found != OK:
            return BRIDGE[found]
        for _ in range(0, _FILL_MS, 100):
            beat()
            if inflator.reservoir_mv() >= _RESERVOIR_MV:
                break
            await asyncio.sleep_ms(100)
        else:
            return "the reservoir does not fill"
        # One switch at a time, so nothing can fire; FIRE is never touched in an inert build.
        if not inflator.arm_works():
            return "the ARM switch does not work"
        if self.core.live and not inflator.fire_works():
            return "the FIRE switch does not work"
        try:
            if self._imu is None:
                self._imu = LSM6DSOX(self._spi, self._cs)
            self._imu.reset()
            beat()
            if not self._imu.accelerometer_self_test():
                return "accelerometer out of its limits"
            beat()
            await asyncio.sleep_ms(0)
            if not self._imu.gyroscope_self_test():
                return "gyroscope out of its limits"
        except OSError as error:
            return describe(error)
        beat()
        return ""

    def _safe(self):
        """Both switches open: write what is to be written, test what is due, then get ready."""
        if self.path is not None and self.path.running and self._boxing():
            return  # five seconds after a moment are still recorded
        self._stop()
        self._write_box()
        if not self._resolve(record.RESOLVED):
            return
        now_ms = time.ticks_ms()
        still_ms = time.ticks_diff(now_ms, self._since_ms)
        tested = self._has(firing.TESTED)
        if not self.buckle.down:
            old = tested and time.ticks_diff(now_ms, self._tested_ms) > _HOUR_MS
            if (not tested or old) and still_ms >= _DOFFED_MS:
                self.permit(firing.TESTED, False)
                self.take(firing.TEST)
            return
        if not tested:
            if not self._untested_said:
                self._untested_said = True
                self.log.line("not tested yet: unbuckle and lay it down for five seconds")
            self.alerts.every("not armed", 30000)
            return
        if self._suspects >= _SUSPECTS:
            self.log.line("the sensor failed %d times while worn" % self._suspects)
            self.take(firing.BROKEN)
            return
        if self.core.permits | firing.FRESH == firing.EVERY:
            if still_ms >= max(_WORN_MS, self._wait_ms):
                self._make_ready()
        elif still_ms > _AGAIN_MS:
            self.alerts.every("not armed", 30000)

    def _make_ready(self):
        """The record first, then sampling; ARM closes when the detector has warmed up."""
        if not self._note(record.ARMING):
            self.take(firing.BROKEN)
            return
        self._open = True
        if self.take(firing.FIT) != READY:
            return
        self._why = 0
        try:
            self._load_wearer()
            self.inflator.prepare()
            imu = self._imu
            if self.path is None:
                self.path = path.Path(
                    imu, self.inflator, self.detector, self.core, self.box, self._sample,
                    time.ticks_us, time.ticks_diff,
                )  # fmt: skip
                self._on_sample = self.path.on_sample
                self._on_tick = self.path.on_tick
            imu.start()
            for i, value in enumerate(imu.measure()):
                self._sample[i] = value
            self.path.begin(self._sample)
            self._boxed = False
            self._int1.irq(handler=self._on_sample, trigger=Pin.IRQ_RISING, hard=True)
            timer = machine.Timer(-1)
            timer.init(
                mode=machine.Timer.PERIODIC,
                period=path.TICK_MS,
                callback=self._on_tick,
                hard=True,
            )
            self._timer = timer
            # The level may be high already, and then no edge comes: once by hand.
            held = machine.disable_irq()
            self.path.on_sample(None)
            machine.enable_irq(held)
        except OSError as error:
            self.log.line("sensor: %s" % describe(error))
            self.path.suspect(path.GONE)

    def _ready(self):
        """Every permit: ARM."""
        if self.core.permits != firing.EVERY:
            return
        held = machine.disable_irq()
        if self.core.take(firing.ARM) == firing.ARMED:
            self.inflator.arm()
        machine.enable_irq(held)

    def _ended(self):
        """SPENT or FAULT: record, then remind; after FAULT a long press may resolve the record."""
        if self.path is not None and self.path.running and self._boxing():
            return
        self._stop()
        self._write_box()
        if self.core.state == SPENT:
            self.alerts.every("fired", 10000)
            return
        self.alerts.every("fault", 30000)
        since_ms = self._pressed_ms
        if self._open and since_ms is not None and not self.buckle.down:
            held_ms = time.ticks_diff(time.ticks_ms(), since_ms)
            if held_ms >= _LONG_PRESS_MS and self.inflator.bridge() == OK:
                self.log.line("a person says that the bag is packed")
                if self._resolve(record.RESOLVED):
                    machine.reset()

    def _fired(self):
        """After the pulse: the record at once, then what can be measured."""
        self._note(record.SPENT)
        self._open = False
        inflator = self.inflator
        inflator.release()
        text = "spent: fired; squib %s, reservoir %d mV"
        self.alerts.sound("fired")
        self._carers("fired")
        return text % (BRIDGE[inflator.bridge()], inflator.reservoir_mv())

    # -- stopping and writing

    def _boxing(self):
        return self.box.marked and not self.box.full

    def _stop(self):
        """End sampling: interrupts first, then the sensor."""
        flow = self.path
        if self._timer is None:
            return
        self._int1.irq(handler=None)
        self._timer.deinit()
        self._timer = None
        flow.end()
        self.box.close()
        self.inflator.release()
        try:
            self._imu.stop()
        except OSError as error:
            self.log.line("sensor: %s" % describe(error))

    def _note(self, word):
        try:
            self._journal.append(bytes([word]))
            return True
        except OSError as error:
            self.log.fault("record", "record: %s" % describe(error))
            return False

    def _resolve(self, word):
        """Say on flash that it did not fire, if the record is open. False if that failed."""
        if not self._open:
            return True
        if not self._note(word):
            self.take(firing.BROKEN)
            return False
        self._open = False
        self._save_wearer()
        return True

    def _write_box(self):
        if self._boxed or not self.box.full:
            return
        self._boxed = True
        try:
            with open(BOX + ".new", "wb") as file:
                uptime_ms = time.ticks_diff(time.ticks_ms(), self._started_ms)
                self.box.write(file.write, uptime_ms // 1000)
            os.rename(BOX + ".new", BOX)
            self.log.line("black box: %d rows" % self.box.rows)
        except OSError as error:
            self.log.line("black box: %s" % describe(error))

    def _load_wearer(self):
        """What the detector learnt of this wearer; a new one if there is none."""
        try:
            with open(_WEARER, "rb") as file:
                data = file.read()
            if len(data) < 4 or binascii.crc32(data[4:]) != int.from_bytes(data[:4], "little"):
                raise ValueError("damaged")
            self.detector.wear(data[4:])
        except OSError:
            self.detector.wear()
        except ValueError:
            self.log.line("wearer: calibration damaged, learnt anew")
            self.detector.wear()

    def _save_wearer(self):
        data = self.detector.calibration()
        try:
            with open(_WEARER + ".new", "wb") as file:
                file.write(binascii.crc32(data).to_bytes(4, "little"))
                file.write(data)
            os.rename(_WEARER + ".new", _WEARER)
        except OSError as error:
            self.log.line("wearer: %s" % describe(error))

    def may_write(self):
        """True while flash may be written: both switches are open and nothing is sampled."""
        return self.core.state not in (READY, ARMED, firing.FIRING)


def start():
    """Build the device and its tasks; return the supervisor's coroutine."""
    log = Log()
    garment = Garment(log)

    def make_safe(_):
        garment.take(firing.BROKEN)

    supervisor = Supervisor(log, make_safe)
    supervisor.add("garment", garment.run, silence_ms=4000)
    supervisor.add("power", garment.watch_power, silence_ms=25000)
    health = Health(supervisor)
    log.line(health.line())
    log.line("live: it can fire" if garment.core.live else "inert: it says what it would do")
    return main(supervisor, garment, health)


async def main(supervisor, garment, health):
    """The supervisor, and beside it the word that a version on trial is well."""
    asyncio.create_task(slots.confirm_when_well(health, garment.log, garment.may_write))
    await supervisor.run(machine.WDT(timeout=_WATCHDOG_MS))


asyncio.run(start())
