"""What people write every day with `machine`, on every port and on both interpreters.

The programs follow the documentation of `machine`; only the pins and buses are the port's own.
"""

import pytest

pytestmark = pytest.mark.vm
PROFILES = ("rp2", "rp2350", "esp32")
I2C = {"rp2": (5, 4), "rp2350": (5, 4), "esp32": (9, 8)}
UARTS = {
    "rp2": ({"id": 0, "tx": 0, "rx": 1}, {"id": 1, "tx": 8, "rx": 9}),
    "rp2350": ({"id": 0, "tx": 0, "rx": 1}, {"id": 1, "tx": 8, "rx": 9}),
    "esp32": ({"id": 1, "tx": 17, "rx": 18}, {"id": 2, "tx": 15, "rx": 16}),
}
every_port = pytest.mark.parametrize("profile", PROFILES)


def levels(lines, net):
    """Return [(microseconds, value)] of a net's records, digital levels only."""
    found = []
    for line in lines:
        time_us, channel, who, *values = line.split("|")
        if channel == "net" and who == net and values[0] in ("0", "1"):
            found.append((int(time_us), int(values[0])))
    return found


@every_port
def test_blink(programs, profile):
    lines, _ = programs.both(
        """
        from machine import Pin
        from time import sleep

        led = Pin(15, Pin.OUT)
        while True:
            led.value(not led.value())
            sleep(0.5)
        """,
        end_ms=5000,
        profile=profile,
    )
    edges = levels(lines, "GP15")
    assert [level for _, level in edges][-4:] in ([0, 1, 0, 1], [1, 0, 1, 0])
    gaps = [b[0] - a[0] for a, b in zip(edges[1:], edges[2:], strict=False)]
    assert len(gaps) >= 7 and all(500_000 <= gap < 500_100 for gap in gaps)


@every_port
def test_a_button_debounced_by_irq(programs, profile):
    """Three presses that bounce for 5 ms, each counted once; the release is not counted."""
    bounces = []
    for start_us in (500_000, 900_000, 1_300_000):
        for at_us, for_us in ((0, 800), (1500, 600), (3000, 400), (5000, 150_000), (156_000, 500)):
            fault = {"time_us": start_us + at_us, "for_us": for_us, "do": "fault"}
            fault |= {"kind": "stuck_pin", "target": "GP14", "params": {"level": 0}}
            bounces.append(fault)
    lines, _ = programs.both(
        """
        from machine import Pin
        from time import sleep_ms, ticks_diff, ticks_ms

        presses = 0
        last = ticks_ms() - 1000

        def pressed(pin):
            global presses, last
            now = ticks_ms()
            if ticks_diff(now, last) > 200:
                presses += 1
                last = now

        button = Pin(14, Pin.IN, Pin.PULL_UP)
        button.irq(pressed, Pin.IRQ_FALLING)
        while True:
            sleep_ms(1000)
            print(presses, button.value())
        """,
        end_ms=2500,
        profile=profile,
        timeline=bounces,
    )
    assert programs.log(lines)[-1] == "3 1"


@every_port
def test_fade_by_pwm(programs, profile):
    lines, _ = programs.both(
        """
        from machine import PWM, Pin
        from time import sleep_ms

        led = PWM(Pin(15), freq=1000, duty_u16=0)
        for duty in list(range(0, 65536, 4096)) + [65535]:
            led.duty_u16(duty)
            sleep_ms(10)
        print(led.freq(), led.duty_u16() > 65000)
        led.deinit()
        print("done")
        """,
        end_ms=1000,
        profile=profile,
    )
    assert programs.log(lines) == ["1000 True", "done"]
    duties = [int(line.split("|")[5]) for line in lines if "|net|GP15|pwm|" in line]
    assert len(set(duties)) >= 15 and duties == sorted(duties)


@every_port
def test_scan_the_i2c_bus(programs, profile):
    scl, sda = I2C[profile]
    lines, _ = programs.both(
        f"""
        from machine import I2C, Pin

        i2c = I2C(0, scl=Pin({scl}), sda=Pin({sda}), freq=400000)
        for address in i2c.scan():
            print(hex(address))
        i2c.writeto(0x44, b"\\xfd")
        try:
            i2c.readfrom(0x10, 1)
        except OSError as error:
            print(error)
        """,
        profile=profile,
        wiring={
            "i2c": {"bus": {"id": 0, "scl": scl, "sda": sda}},
            "nets": {f"GP{scl}": {"pull_up_ohm": 4700}, f"GP{sda}": {"pull_up_ohm": 4700}},
            "chips": {
                "air": {"kind": "sht4x", "bus": "bus", "address": 0x44},
                "weather": {"kind": "bmp390", "bus": "bus", "address": 0x77},
            },
        },
    )
    absent = "[Errno 19] ENODEV" if profile == "esp32" else "[Errno 5] EIO"
    assert programs.log(lines) == ["0x44", "0x77", absent]


@every_port
def test_echo_on_a_uart(programs, profile):
    one, other = UARTS[profile]
    lines, _ = programs.both(
        f"""
        from machine import Timer, UART, Pin
        from time import sleep_ms

        uart = UART({one["id"]}, baudrate=9600, tx=Pin({one["tx"]}), rx=Pin({one["rx"]}))
        far = UART({other["id"]}, baudrate=9600, tx=Pin({other["tx"]}), rx=Pin({other["rx"]}),
                   timeout=100)

        def echo(uart):
            data = uart.read()
            if data:
                uart.write(data)

        uart.irq(echo, UART.IRQ_RXIDLE)
        for text in ("hello", "a line of some forty bytes, to be echoed"):
            far.write(text)
            sleep_ms(60)
            print(repr(far.read()))
        """,
        profile=profile,
        wiring={"uart": {"near": one | {"peer": "far"}, "far": other | {"peer": "near"}}},
    )
    echoed = [repr(b"hello"), repr(b"a line of some forty bytes, to be echoed")]
    assert programs.log(lines) == echoed


@every_port
def test_count_by_a_timer(programs, profile):
    lines, _ = programs.both(
        """
        from machine import Timer
        from time import sleep_ms

        count = 0

        def tick(timer):
            global count
            count += 1

        timer = Timer(-1)
        timer.init(mode=Timer.PERIODIC, freq=10, callback=tick)
        sleep_ms(2050)
        timer.deinit()
        sleep_ms(500)
        print(count)
        Timer(-1).init(mode=Timer.ONE_SHOT, period=100, callback=lambda t: print("once"))
        sleep_ms(1000)
        """,
        end_ms=5000,
        profile=profile,
    )
    assert programs.log(lines) == ["20", "once"]


@every_port
def test_the_watchdog_restarts_a_program_that_hangs(programs, profile):
    lines, result = programs.both(
        """
        import machine
        from machine import WDT
        from time import sleep_ms

        print(machine.reset_cause() == machine.WDT_RESET)
        wdt = WDT(timeout=2000)
        for _ in range(5):
            sleep_ms(1000)
            wdt.feed()
        print("hangs")
        while True:
            pass_time = sleep_ms(1)
        """,
        end_ms=9000,
        profile=profile,
    )
    assert programs.log(lines)[:3] == ["False", "hangs", "True"]
    assert result["resets"] == {"watchdog": 1}


@every_port
def test_deep_sleep_and_wake(programs, profile):
    lines, result = programs.both(
        """
        import machine
        import os

        def runs():
            try:
                with open("runs.txt") as file:
                    return int(file.read())
            except OSError:
                return 0

        n = runs() + 1
        with open("runs.txt", "w") as file:
            file.write(str(n))
        print(n, machine.reset_cause())
        machine.deepsleep(10000)
        """,
        end_ms=35000,
        profile=profile,
    )
    woken = 4 if profile == "esp32" else 3  # DEEPSLEEP_RESET; rp2 has none (RST-03)
    assert programs.log(lines)[:3] == ["1 1", f"2 {woken}", f"3 {woken}"]
    starts = [int(line.split("|")[0]) for line in lines if "|log|" in line]
    assert all(10_000_000 < b - a < 11_000_000 for a, b in zip(starts, starts[1:], strict=False))
    assert result["resets"]["deepsleep"] >= 2
