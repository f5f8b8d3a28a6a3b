"""The sash core's hands and eyes, with parts that write down what is done to them, in order."""

import asyncio
import types

import pytest

from pinbench.paths import FIRMWARE
from pinbench.simulator.loader_cpython import Loader
from pinbench.simulator.oserror import OSError

TICKS = 1 << 30
SILENT, WARNING, ALARM = 0, 1, 2
PINS = {
    name: number
    for number, name in enumerate(
        ("motor_in1", "motor_in2", "hall_a", "hall_b", "limit_open", "limit_closed")
        + ("alert", "buzzer", "led")
    )
}


class Desk:
    """A motor on parts that are all `told` of, with a clock that a test moves."""

    def __init__(self, i2c: str | None = "bus", chip=None):
        self.told = []
        self.lines = []
        self.ms = TICKS - 3  # just below the wrap
        self.pins = {}
        self.broken = False  # the monitor does not answer
        self.monitors = self.waited_ms = 0
        self.bus_mv, self.current_ma = 12000, 5
        self.encoder = types.SimpleNamespace(count=0, last_edge_us=0, errors=0)
        self.limits = types.SimpleNamespace(open=False, closed=False, step=self.sample)
        self.slept = []
        load = Loader([FIRMWARE], self.fakes(), open, print).load
        self.core = load("window.sash")
        self.log = load("services.log").Log(out=self.lines.append)
        self.actions = self.core.Actions()
        self.actions.tick_ms = 5000
        self.seen = []
        self.sash = types.SimpleNamespace(
            actions=self.actions, step=self.step, state=0, jammed=False
        )
        chip = chip or {"address": 0x40}
        self.motor = load("window.motor").Motor(self.sash, PINS, i2c, chip, self.log)
        self.told.clear()

    def fakes(self):
        desk = self

        class Pin:
            IN, OUT, PULL_UP, IRQ_RISING, IRQ_FALLING = range(5)

            def __init__(self, number, mode=None, pull=None, value=None):
                self.level = desk.pins.setdefault(number, [value, None])
                if mode == self.IN and pull == self.PULL_UP:
                    self.level[0] = 1

            def value(self, value=None):
                if value is None:
                    return self.level[0]
                self.level[0] = value

            def irq(self, handler, trigger):
                assert trigger == self.IRQ_RISING | self.IRQ_FALLING
                self.level[1] = handler

        class Monitor:
            def __init__(self, i2c, address, shunt_uohm):
                self.answer()
                desk.monitors += 1
                desk.waited_ms = 0
                desk.found = (i2c, address, shunt_uohm)

            def answer(self):
                if desk.broken:
                    raise OSError(5)

            def current_ma(self):
                self.answer()
                desk.told.append("measured")
                return desk.current_ma

            def bus_mv(self):
                self.answer()
                # Its first conversion of the bus takes 1.12 ms.
                return desk.bus_mv if desk.waited_ms > 1 else 0

            def set_over_current(self, limit_ma, with_bus=False):
                self.answer()
                desk.told.append(("arm", limit_ma, with_bus))

            def move_limit(self, limit_ma):
                self.answer()
                desk.told.append(("limit", limit_ma))

        class Flag:
            def __init__(self):
                desk.flag = self
                self.is_set = False

            def set(self):
                self.is_set = True

            async def wait(self):
                desk.slept.append("until woken")
                self.is_set = False
                await forever()

        async def sleep_ms(ms):
            desk.slept.append(ms)
            await forever()

        def part(*names):
            return types.SimpleNamespace(
                **{
                    name: lambda *args, name=name: desk.told.append((name, *args))
                    for name in names
                }
            )

        return {
            "micropython": types.SimpleNamespace(const=lambda value: value),
            "machine": types.SimpleNamespace(Pin=Pin),
            "time": types.SimpleNamespace(
                ticks_ms=lambda: desk.ms % TICKS,
                ticks_us=lambda: desk.ms * 1000 % TICKS,
                ticks_diff=lambda a, b: (a - b + TICKS // 2) % TICKS - TICKS // 2,
                sleep_ms=self.wait,
            ),
            "asyncio": types.SimpleNamespace(
                ThreadSafeFlag=Flag, sleep_ms=sleep_ms, CancelledError=asyncio.CancelledError
            ),
            "drivers.buzzer": types.SimpleNamespace(
                Buzzer=lambda pin: part("beep", "off", "step")
            ),
            "drivers.drv8871": types.SimpleNamespace(DRV8871=lambda *pins: part("coast", "drive")),
            "drivers.hall_encoder": types.SimpleNamespace(HallEncoder=lambda *pins: desk.encoder),
            "drivers.limit_switches": types.SimpleNamespace(
                LimitSwitches=lambda *pins: desk.limits
            ),
            "drivers.ina226": types.SimpleNamespace(INA226=Monitor),
        }

    def wait(self, ms):
        self.waited_ms += ms

    def sample(self):
        self.told.append("sampled")

    def step(self, now_ms, readings):
        self.seen.append(types.SimpleNamespace(now_ms=now_ms, **vars(readings)))
        return self.actions

    def tick(self, ms=10, **actions):
        """One tick after so long, with these actions; return what was done but for sampling."""
        for name in ("note", "rested", "leaving", "clear_alert"):
            setattr(self.actions, name, None)
        for name, value in actions.items():
            setattr(self.actions, name, value)
        self.ms += ms
        self.told.clear()
        self.motor.tick()
        return [each for each in self.told if each not in ("sampled", "measured")]


@types.coroutine
def forever():
    yield


def test_a_start_sets_the_limit_before_the_duty_and_every_tick_the_duty_before_the_limit():
    desk = Desk()
    assert desk.tick(duty_pm=0, limit_ma=650) == [("arm", 650, True), ("coast",)]
    assert desk.tick(duty_pm=200, limit_ma=170, clear_alert=True) == [
        ("arm", 170, False),
        ("drive", 200),
    ]
    assert desk.tick(duty_pm=300, limit_ma=255) == [("drive", 300), ("limit", 255)]
    assert desk.tick(duty_pm=300, limit_ma=255) == [("drive", 300)]
    assert desk.motor.moving
    assert desk.tick(duty_pm=0, limit_ma=650) == [("coast",), ("arm", 650, True)]
    assert not desk.motor.moving
    assert desk.tick(duty_pm=0, limit_ma=650, clear_alert=True) == [("coast",), ("arm", 650, True)]


def test_once_disabled_it_never_drives_again():
    desk = Desk()
    desk.tick(duty_pm=200, limit_ma=170)
    desk.told.clear()
    desk.motor.disable()
    assert desk.told == [("coast",), ("off",)]
    assert ("coast",) in desk.tick(duty_pm=200, limit_ma=170)
    assert not desk.motor.moving and not any(each[0] == "drive" for each in desk.told)


def test_the_core_is_told_what_was_read():
    desk = Desk(chip={"address": 0x41, "shunt_mohm": 5})
    desk.encoder.count, desk.encoder.last_edge_us, desk.encoder.errors = 77, 88, 3
    desk.limits.open = True
    desk.tick()
    assert desk.found == ("bus", 0x41, 5000)
    seen = desk.seen[-1]
    assert (seen.count, seen.edge_us, seen.encoder_errors) == (77, 88, 3)
    assert seen.limit_open and not seen.limit_closed and not desk.motor.shut
    assert seen.now_ms == desk.ms % TICKS and seen.now_us == desk.ms * 1000 % TICKS
    assert (seen.supply_mv, seen.current_ma, seen.alert) == (12000, 5, False)
    desk.limits.open, desk.limits.closed = False, True
    desk.pins[PINS["alert"]][0] = 0
    desk.tick()
    seen = desk.seen[-1]
    assert seen.limit_closed and not seen.limit_open and desk.motor.shut and seen.alert


def test_a_shunt_is_10_milliohm_unless_the_wiring_says_otherwise():
    desk = Desk()
    desk.tick()
    assert desk.found[2] == 10000


def test_the_switches_are_sampled_twice_at_rest_and_once_in_motion():
    desk = Desk()
    desk.tick()
    assert desk.told.count("sampled") == 2
    desk.tick(duty_pm=100)
    desk.tick(duty_pm=100)
    assert desk.told.count("sampled") == 1


def test_supply_and_current_are_measured_once_a_minute_at_rest_and_anew_for_a_movement():
    desk = Desk()
    desk.tick()
    assert "measured" in desk.told
    desk.bus_mv = 11000
    desk.tick(59_999)
    assert "measured" not in desk.told and desk.seen[-1].supply_mv == 12000
    desk.tick(1)
    assert "measured" in desk.told and desk.seen[-1].supply_mv == 11000
    desk.tick(leaving=True)
    desk.tick()
    assert "measured" in desk.told
    desk.tick(duty_pm=100)
    desk.tick(70_000, duty_pm=100)
    assert "measured" not in desk.told
    desk.tick(duty_pm=0)
    desk.tick()
    assert "measured" in desk.told


def test_a_lost_monitor_is_told_once_and_sought_every_minute_until_it_is_back():
    desk = Desk()
    desk.pins[PINS["alert"]][0] = 0
    desk.tick()
    desk.broken = True
    desk.tick(60_000)
    text = "INA226 does not answer (OSError: 5): the encoder alone guards the sash, slower"
    assert desk.lines == [text]
    desk.tick()
    seen = desk.seen[-1]
    assert (seen.supply_mv, seen.current_ma, seen.alert) == (0, -1, False)
    assert desk.tick(duty_pm=100, limit_ma=85, clear_alert=True) == [("drive", 100)]
    desk.tick(duty_pm=0, limit_ma=650)
    desk.broken = False
    desk.tick(59_979)
    assert desk.monitors == 1
    desk.tick(1)
    assert desk.monitors == 2 and ("arm", 650, True) in desk.told and "measured" in desk.told
    assert desk.lines == [text, "INA226 answers again"]
    assert desk.seen[-1].supply_mv == 12000


@pytest.mark.parametrize("then", ({"duty_pm": 50}, {"duty_pm": 50, "clear_alert": True}, {}))
def test_a_monitor_lost_while_its_limit_is_set_does_not_hold_up_the_drive(then):
    desk = Desk()
    desk.tick(duty_pm=100, limit_ma=85)
    desk.broken = True
    told = desk.tick(**{"duty_pm": 0, "limit_ma": 42, **then})
    assert told == [("drive", 50) if then else ("coast",)]
    assert len(desk.lines) == 1
    desk.tick(duty_pm=50)
    assert desk.seen[-1].supply_mv == 0


def test_without_a_bus_there_is_no_monitor_and_no_word_of_it():
    desk = Desk(i2c=None)
    desk.tick()
    desk.tick(70_000, clear_alert=True)
    assert desk.monitors == 0 and desk.lines == []
    assert (desk.seen[-1].supply_mv, desk.seen[-1].current_ma) == (0, -1)


def test_a_wish_wakes_it_if_it_is_another_one():
    desk = Desk()
    motor, flag = desk.motor, desk.flag
    for args, wakes in (
        ((40, False, False), True),
        ((40, False, False), False),
        ((40, True, False), True),
        ((40, True, True), True),
        ((0, True, False), True),
    ):
        flag.is_set = False
        motor.wish(*args)
        assert flag.is_set == wakes, args
    desk.tick()
    seen = desk.seen[-1]
    assert (seen.wish_pct, seen.attended, seen.acknowledged) == (0, True, True)
    desk.tick()
    assert not desk.seen[-1].acknowledged, "a word is said once"
    motor.wish(20, True, False)
    desk.tick()
    assert desk.seen[-1].wish_pct == 20 and not desk.seen[-1].acknowledged


def test_the_switches_and_the_alert_wake_it():
    desk = Desk()
    for name in ("limit_open", "limit_closed", "alert"):
        desk.flag.is_set = False
        desk.pins[PINS[name]][1](None)
        assert desk.flag.is_set
    desk.flag.is_set = False
    desk.motor.wake()
    assert desk.flag.is_set


def test_the_journal_and_the_log_hear_of_a_movement():
    desk = Desk()
    desk.motor.on_leave = lambda: desk.told.append("leaves")
    desk.motor.on_rest = lambda: desk.told.append("rests")
    desk.tick()
    assert "leaves" in desk.tick(leaving=True)
    assert "rests" in desk.tick(rested=True, note="pinch at 7 mm")
    assert desk.lines == ["pinch at 7 mm"]
    assert desk.tick() == [("coast",)]
    bare = Desk()
    bare.tick(leaving=True, rested=True)  # nobody listens


def test_the_led_is_lit_while_a_person_is_waited_for():
    desk = Desk()
    led = desk.pins[PINS["led"]]
    desk.tick()
    assert led[0] == 0 and not desk.motor.waits_for_person
    for state, jammed, lit in ((6, False, 1), (0, False, 0), (7, False, 1), (0, True, 1)):
        desk.sash.state, desk.sash.jammed = state, jammed
        desk.tick()
        assert led[0] == lit and desk.motor.waits_for_person == bool(lit)
    desk.sash.jammed = False
    desk.tick()
    assert led[0] == 0


def test_a_warning_beeps_five_times_and_an_alarm_three_times_a_minute():
    desk = Desk()
    desk.tick()
    assert desk.tick(sound=WARNING) == [("coast",), ("beep", 5, 200, 800), ("step",)]
    assert desk.tick(4000) == [("coast",), ("step",)]
    assert desk.tick(70_000) == [("coast",), ("step",)]
    assert desk.tick(sound=ALARM) == [("coast",), ("beep", 3, 100, 100), ("step",)]
    assert desk.tick(59_999) == [("coast",), ("step",)]
    assert desk.tick(1) == [("coast",), ("beep", 3, 100, 100), ("step",)]
    assert desk.tick(sound=SILENT) == [("coast",), ("off",)]
    assert desk.tick(70_000) == [("coast",)]


def test_it_ticks_when_the_core_says_and_sleeps_until_woken_when_that_is_long():
    desk = Desk()
    beats = []
    running = desk.motor.run(lambda: beats.append(desk.ms))
    for tick_ms in (10, 100, 101, 5000):
        desk.actions.tick_ms = tick_ms
        running.send(None)
    assert desk.slept == [10, 100, "until woken", "until woken"]
    assert len(beats) == len(desk.seen) == 4
    running.close()


@pytest.mark.parametrize("error", (ValueError, asyncio.CancelledError))
def test_whatever_ends_its_task_the_drive_is_off(error):
    desk = Desk()
    desk.actions.duty_pm = 300
    running = desk.motor.run(lambda: None)
    running.send(None)
    assert desk.motor.moving
    desk.told.clear()
    with pytest.raises(error):
        running.throw(error())
    assert desk.told == [("coast",)] and not desk.motor.moving
