"""Small firmware programs, played on CPython and on the real VM: equal traces, and what they
show.
"""

import pytest

pytestmark = pytest.mark.vm


def test_blink_and_timer_across_a_reset(programs):
    lines, result = programs.both(
        """
        import machine
        import time
        from machine import Pin, Timer

        led = Pin(15, Pin.OUT, value=0)
        timer = Timer(period=10, callback=lambda t: led.toggle())
        print(machine.reset_cause())
        time.sleep_ms(105)
        machine.reset()
        """,
        end_ms=1000,
    )
    assert programs.log(lines)[:2] == ["1", "3"]  # power-on, then RST-01
    edges = [line for line in lines if "|net|GP15|" in line]
    assert len(edges) % 10 == 0 or len(edges) % 10 == 1
    assert result["resets"]["reset"] >= 2


def test_ticks_wrap_in_the_middle_of_a_sleep(programs):
    start = ((1 << 30) * 1000) - 320_000
    lines, _ = programs.both(
        """
        import time

        before = time.ticks_ms()
        time.sleep_ms(100)
        after = time.ticks_ms()
        print(after < before, time.ticks_diff(after, before))
        """,
        start_ticks_us=start,
    )
    assert programs.log(lines) == ["True 100"]


def test_asyncio_survives_the_wrap(programs):
    start = ((1 << 30) * 1000) - 330_000
    lines, _ = programs.both(
        """
        import asyncio
        import time

        async def tick(name, ms, n):
            for _ in range(n):
                await asyncio.sleep_ms(ms)
                print(name, time.ticks_ms())

        async def main():
            await asyncio.gather(tick("a", 30, 4), tick("b", 20, 6))

        asyncio.run(main())
        """,
        start_ticks_us=start,
    )
    log = programs.log(lines)
    ticks = [int(text.split()[1]) for text in log]
    assert sorted(text.split()[0] for text in log) == list("aaaabbbbbb")
    assert ticks[-1] < 1000 < ticks[0]  # the counter wrapped on the way
    assert all((b - a) % (1 << 30) <= 21 for a, b in zip(ticks, ticks[1:], strict=False))


@pytest.mark.parametrize("profile, code", [("rp2", 5), ("esp32", 19)])
def test_an_absent_chip_by_port(programs, profile, code):
    lines, _ = programs.both(
        """
        from machine import I2C, Pin

        i2c = I2C(0, scl=Pin(5), sda=Pin(4))
        try:
            i2c.readfrom(0x44, 2)
        except OSError as error:
            print(error.errno)
        try:
            i2c.writeto(0x44, b"")
        except OSError as error:
            print(error.errno)
        print(i2c.scan())
        """,
        profile=profile,
    )
    assert programs.log(lines) == [str(code), "19", "[]"]


def test_debounced_button_by_irq_and_flag(programs):
    lines, _ = programs.both(
        """
        import asyncio
        from machine import Pin

        button = Pin(14, Pin.IN, Pin.PULL_UP)
        shared = Pin(15, Pin.OPEN_DRAIN, Pin.PULL_UP)
        flag = asyncio.ThreadSafeFlag()
        button.irq(lambda pin: flag.set(), Pin.IRQ_FALLING)

        async def main():
            while True:
                await flag.wait()
                print("pressed", button())

        print(button(), shared())
        asyncio.run(main())
        """,
        timeline=[
            {"time_us": 500_000, "do": "fault", "kind": "stuck_pin", "target": "GP14"}
            | {"params": {"level": 0}, "for_us": 20_000}
        ],
    )
    assert programs.log(lines) == ["1 1", "pressed 0"]


def test_watchdog_bites_the_silent_and_spares_the_fed(programs):
    lines, result = programs.both(
        """
        import machine
        import time

        print(machine.reset_cause())
        dog = machine.WDT(timeout=200)
        for _ in range(5):
            time.sleep_ms(150)
            dog.feed()
        while True:
            time.sleep_ms(1000)
        """,
        end_ms=2000,
    )
    assert programs.log(lines)[:2] == ["1", "3"]
    assert result["resets"]["watchdog"] == 1


def test_an_exception_lands_in_the_repl_with_outputs_as_they_were(programs):
    lines, _ = programs.both(
        """
        from machine import Pin

        Pin(15, Pin.OUT, value=1)
        {}["missing"]
        """
    )
    assert programs.log(lines) == ["Traceback (most recent call last):", "KeyError: missing"]
    assert [line.split("|", 1)[1] for line in lines if "|net|" in line] == ["net|GP15|1"]


def test_sys_exit_is_a_soft_reset_that_keeps_pins_on_rp2(programs):
    lines, result = programs.both(
        """
        import sys
        from machine import Pin

        pin = Pin(15)
        print(pin())
        Pin(15, Pin.OUT, value=1)
        import time
        time.sleep_ms(300)
        sys.exit()
        """,
        end_ms=1500,
    )
    assert programs.log(lines)[:2] == ["0", "1"]
    assert result["resets"]["soft"] >= 1


def test_files_survive_a_power_cut_and_ram_does_not(programs):
    lines, result = programs.both(
        """
        import os
        import time

        names = os.listdir("/")
        print(names)
        if "note.txt" not in names:
            with open("note.txt", "w") as file:
                file.write("hello")
            time.sleep_ms(60000)
        with open("note.txt") as file:
            print(file.read())
        """,
        end_ms=5000,
        timeline=[
            {"time_us": 2_000_000, "do": "fault", "kind": "power_cut", "params": {"off_ms": 100}}
        ],
    )
    assert programs.log(lines) == ["[]", "['note.txt']", "hello"]
    assert result["resets"] == {"power": 1}


def test_a_module_that_the_board_lacks_is_an_import_error(programs):
    lines, _ = programs.both(
        """
        for name in ("esp32", "ssl", "termios", "socket", "typing", "subprocess"):
            try:
                __import__(name)
                print("has", name)
            except ImportError:
                print("lacks", name)
        import uos, utime, ustruct
        print(utime.ticks_diff(5, 3))
        """
    )
    log = programs.log(lines)
    assert log[-1] == "2"
    assert all(text.startswith("lacks") for text in log[:-1])


def test_what_asyncio_lacks_on_the_device_is_missing(programs):
    lines, _ = programs.both(
        """
        import asyncio

        for name in ("Queue", "Semaphore", "Condition", "TaskGroup", "timeout", "wait", "shield",
                     "Future", "to_thread", "get_running_loop", "as_completed"):
            if hasattr(asyncio, name):
                print("has", name)
        """
    )
    assert programs.log(lines) == []


def test_uart_reads_none_then_what_has_come(programs):
    lines, _ = programs.both(
        """
        from machine import UART

        uart = UART(1, 9600, timeout=20)
        print(uart.any(), uart.read(), uart.readline(), uart.readinto(bytearray(4)))
        print(uart.write(b"abc"), uart.txdone())
        uart.flush()
        print(uart.txdone())
        """
    )
    assert programs.log(lines) == ["0 None None None", "3 False", "True"]


def test_pwm_reads_back_what_top_allows(programs):
    lines, _ = programs.both(
        """
        from machine import PWM, Pin

        for freq, duty in ((100000, 1234), (20000, 1), (1000, 32768), (25000, 65535)):
            print(PWM(Pin(4), freq=freq, duty_u16=duty).duty_u16())
        a = PWM(Pin(2), freq=1000, duty_u16=30000)
        b = PWM(Pin(3), freq=2000, duty_u16=1000)
        print(a.freq(), b.freq())
        for freq in (7, 8):
            try:
                a.freq(freq)
                print("ok")
            except ValueError as error:
                print(error)
        """
    )
    want = ["1258", "0", "32768", "65535", "2000 2000", "freq too small", "ok"]
    assert programs.log(lines) == want  # PWM-01, PWM-05, PWM-06


def test_adc_scales_as_the_port_does(programs):
    lines, _ = programs.both(
        """
        from machine import ADC, Pin

        print(ADC(26).read_u16(), ADC(Pin(27)).read_u16(), ADC(0).read_u16())
        try:
            ADC(5)
        except ValueError as error:
            print(error)
        """
    )
    assert programs.log(lines) == ["0 0 0", "Pin doesn't have ADC capabilities"]


def test_json_struct_and_friends(programs):
    lines, _ = programs.both(
        """
        import binascii
        import collections
        import json
        import struct

        print(json.dumps([1, "a", None]), json.loads('{"b": [2]}'))
        print(struct.unpack("<hB", b"\\xfe\\xff\\x07"), binascii.crc32(b"pinbench"))
        queue = collections.deque((), 2, 1)
        queue.append(1)
        queue.append(2)
        try:
            queue.append(3)
        except IndexError:
            print("full")
        print(collections.OrderedDict([("x", 1)])["x"])
        """
    )
    assert programs.log(lines)[-2:] == ["full", "1"]


def test_hard_irq_by_port(programs):
    source = """
        import time
        from machine import Pin

        out = Pin(2, Pin.OUT, value=0)
        seen = []
        try:
            out.irq(lambda pin: seen.append(1), Pin.IRQ_RISING, hard=True)
        except TypeError:
            print("soft only")
            out.irq(lambda pin: seen.append(1), Pin.IRQ_RISING)
        out.on()
        print(len(seen))
        time.sleep_ms(1)
        print(len(seen))
        """
    assert programs.log(programs.both(source, profile="rp2")[0]) == ["1", "1"]
    assert programs.log(programs.both(source, profile="esp32")[0]) == ["soft only", "0", "1"]


def test_costs_are_charged_where_they_are_stated(programs):
    source = """
        import time
        from core import Core, busy

        def took(fn):
            start = time.ticks_us()
            fn()
            return time.ticks_diff(time.ticks_us(), start)

        print(took(Core().step) // 1500, took(busy) // 200)
        """
    (programs.folder / "core.py").write_text(
        "class Core:\n    def step(self):\n        return 7\n\n\ndef busy():\n    pass\n"
    )
    lines, _ = programs.both(source)
    assert programs.log(lines) == ["0 0"]
    lines, _ = programs.both(source, costs={"core.Core.step": 1500, "core.busy": 200})
    assert programs.log(lines) == ["1 1"]


def test_a_finally_of_firmware_that_was_reset_does_not_touch_the_board(programs):
    lines, _ = programs.both(
        """
        import asyncio
        import machine
        from machine import Pin

        led = Pin(15, Pin.OUT, value=0)

        async def hold():
            try:
                await asyncio.sleep_ms(60000)
            finally:
                led.on()
                print("let go")

        async def main():
            asyncio.create_task(hold())
            await asyncio.sleep_ms(100)
            machine.reset()

        asyncio.run(main())
        """,
        end_ms=1500,
    )
    assert programs.log(lines) == []
    assert not [line for line in lines if line.endswith("|net|GP15|1")]
