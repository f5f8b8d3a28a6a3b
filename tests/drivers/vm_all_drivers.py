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


class machine:
    Pin = Pin
    PWM = PWM


sys.modules["machine"] = machine  # pyright: ignore[reportArgumentType]
sys.path.insert(0, sys.argv[1])

from drivers import (  # noqa: E402
    bmp390,
    button,
    buzzer,
    drv8871,
    hall_encoder,
    ina226,
    limit_switches,
    rg15,
    rg15_lines,
    sht4x,
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
