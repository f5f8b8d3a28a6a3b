"""Imports every driver and prints what it computes: on the real VM, and on CPython to compare.

Run by test_on_vm.py. `machine` is the only module that the VM lacks.
"""

import binascii
import struct
import sys

import micropython


class Pin:
    IN, OUT, PULL_UP, IRQ_RISING, IRQ_FALLING = range(5)

    def __init__(self, number, mode=None, pull=None, value=0):
        self.level = value

    def value(self):
        return self.level

    def irq(self, handler, trigger):
        pass


class PWM:
    def __init__(self, pin, freq, duty_u16):
        pass

    def duty_u16(self, value):
        pass


class ADC:
    pass


class Timer:
    pass


def bitstream(pin, encoding, timing, data):
    pass


class machine:
    ADC = ADC
    Timer = Timer
    bitstream = staticmethod(bitstream)
    Pin = Pin
    PWM = PWM


class Absent:
    pass


sys.modules["machine"] = machine  # pyright: ignore[reportArgumentType]
sys.modules["_onewire"] = Absent  # pyright: ignore[reportArgumentType]
sys.modules["framebuf"] = Absent  # pyright: ignore[reportArgumentType]
sys.path.insert(0, sys.argv[1])

from drivers import (  # noqa: E402
    ai10,
    bmp390,
    button,
    buzzer,
    cabinet,
    ds2401,
    drv8871,
    hall_encoder,
    ina226,
    inflator,
    limit_switches,
    lsm6dsox,
    max17048,
    mcp23017,
    pn532,
    rg15,
    rg15_lines,
    sht4x,
    ssd1306,
    vibration_motor,
    ws2812,
)


def show(*values):
    out = []
    for value in values:
        if isinstance(value, float):
            value = binascii.hexlify(struct.pack("<d", value)).decode()
        out.append(str(value))
    print(" ".join(out))


for word in (0, 1, 0xBEEF, 0x7FFF, 0xFFFF):
    show("crc8", sht4x.crc8(bytes([word >> 8, word & 255]), 0))

for nvm in sys.argv[2].split(","):
    calibration = bmp390.scale(binascii.unhexlify(nvm))
    show("scale", *calibration)
    for raw_t in range(5000000, 11000000, 1500000):
        temp_c = bmp390.temperature(calibration, raw_t)
        for raw_p in range(4000000, 10000000, 2000000):
            show("bmp390", temp_c, bmp390.pressure(calibration, temp_c, raw_p))

for line in (
    "Acc  0.01 mm, EventAcc  1.00 mm, TotalAcc  2.05 mm, RInt  0.12 mmph, LensBad",
    "Acc 0.001 in, EventAcc 0.100 in, TotalAcc 9.999 in, RInt 0.020 iph",
    "Acc 0.010, EventAcc 0.210, TotalAcc 1.000, RInt 1.200 mm/h TooCold",
    "Acc nan mm, EventAcc 0.00 mm, TotalAcc 0.00 mm, RInt 0.00 mmph",
    "; Acc",
    "EmSat",
):
    values, faults = rg15_lines.parse(line)
    show("parse", faults, *(values or ["none"]))

# What runs in interrupts, or a thousand times a second, must not touch the heap.
pin_a, pin_b = Pin(0), Pin(1)
encoder = hall_encoder.HallEncoder(pin_a, pin_b)
switches = limit_switches.LimitSwitches(Pin(2), Pin(3))
push = button.Button(Pin(4))
motor = drv8871.DRV8871(5, 6)
sound = buzzer.Buzzer(7)


def turn(handler):
    for number in range(40):
        pin = pin_a if number & 1 else pin_b
        pin.level ^= 1
        handler(pin)
    pin_a.level ^= 1
    pin_b.level ^= 1
    handler(pin_a)
    switches.step()
    push.pressed_event()


handler = encoder._edge
micropython.heap_lock()
turn(handler)
micropython.heap_unlock()
show("encoder", encoder.count, encoder.errors)
show("drive", motor.drive(500), motor.drive(-500), sound.step(), switches.fault, push.down)
show("names", ina226.INA226Error.__name__, rg15.RG15.__name__, rg15.RainState.DEAD)
for word in (b"\x00\x00", b"\xff\x7f", b"\x00\x80", b"\xfe\xff"):
    show("signed", lsm6dsox.signed(word, 0))
for across_mv, below_mv in ((600, 1979), (3300, 0), (60, 1980), (0, 3300), (9, 1000)):
    show("bridge", inflator.classify(across_mv, below_mv))
show("within", lsm6dsox.within((60, -60, 59), 60, 900), lsm6dsox.within((60, -900, 61), 60, 900))
show("names", max17048.MAX17048.__name__, vibration_motor.VibrationMotor.__name__)
show("xor", ai10.xor(b"\x12\x00\x02\x00\x0a", 0, 5), sorted(ai10.DIALECTS))
for sums in (b"\x02\xfe", b"\x02\xfd"):
    show("frame", pn532.frame(b"\x01\x00\x00\xff" + sums + b"\xd5\x15\x16\x00"))
show("names", cabinet.Cabinet.__name__, ds2401.DS2401.__name__, mcp23017.MCP23017.__name__)
show("names", ssd1306.SSD1306.__name__, ws2812.WS2812.__name__)
