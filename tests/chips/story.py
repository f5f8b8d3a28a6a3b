"""One story through all twins, told in whole numbers: both interpreters must tell it alike.

Run by test_on_the_vm.py as `INTERPRETER story.py HOST_TOOLS`; common subset of Python.
"""

import sys

sys.path.insert(0, sys.argv[1])

from pinbench.chips.bmp390 import BMP390, plausible_trim  # noqa: E402
from pinbench.chips.catalogue import CHIPS, chip_class  # noqa: E402
from pinbench.chips.ina226 import INA226  # noqa: E402
from pinbench.chips.physics import exp, saturation_hpa  # noqa: E402
from pinbench.chips.rg15 import RG15  # noqa: E402
from pinbench.chips.sht4x import SHT4x  # noqa: E402
from pinbench.simulator.kernel import Kernel  # noqa: E402
from pinbench.simulator.rng import Random  # noqa: E402
from pinbench.simulator.trace import line  # noqa: E402


def tell(*values):
    print(" ".join([str(value) for value in values]))


def bits(value):
    """Return a float's 52 most significant bits as an int, sign dropped."""
    value = abs(value)
    scale = 0
    while value and value < 1e15:
        value *= 2.0
        scale += 1
    return int(value), scale


def start(chip, name, seed=5):
    kernel = Kernel("rp2", seed=seed)
    kernel.trace.sinks.append(lambda *record: print(line(*record)))
    nets = {pin: kernel.net(pin) for pin in chip.PINS}
    chip.attach(kernel, name, nets)
    kernel.run_until(3000)
    return kernel, nets


def write(chip, *data):
    tell("w", [chip.i2c_start(False)] + [chip.i2c_write(byte) for byte in data])
    chip.i2c_stop()


def read(chip, count):
    if chip.i2c_start(True):
        tell("r", [chip.i2c_read() for _ in range(count)])
        chip.i2c_stop()
    else:
        tell("r refused")


def every_chip_is_made():
    for kind in sorted(CHIPS):
        chip = chip_class(kind)()
        kernel, _ = start(chip, kind)
        tell(kind, chip.KIND, chip.powered, kernel.now_us)
        chip.power_off()


def humidity():
    chip = SHT4x(rh_pct=63.7, temp_c=18.3)
    kernel, _ = start(chip, "humidity")
    for command, wait_us in ((0x89, 0), (0xFD, 8300), (0x39, 1000000), (0xFD, 8300), (0xE0, 1)):
        write(chip, command)
        kernel.run_until(kernel.now_us + wait_us)
        read(chip, 6)
    for rh_c in range(-600, 11900, 517):
        chip.rh_pct = rh_c / 100
        chip.temp_c = rh_c / 70 - 30
        kernel.run_until(kernel.now_us + 700000)
        write(chip, 0xF6)
        kernel.run_until(kernel.now_us + 4500)
        read(chip, 6)
    write(chip, 0x12)


def pressure():
    for trim in (None, plausible_trim(Random(3)), plausible_trim(Random(4))):
        chip = BMP390(trim=trim)
        kernel, _ = start(chip, "pressure")
        write(chip, 0x30)
        read(chip, 22)
        write(chip, 0x1F, 0x04, 0x1D, 0x04)
        write(chip, 0x1B, 0x33)
        for step in range(40):
            chip.pressure_hpa = 300.0 + 23.75 * step
            chip.temp_c = -40.0 + 3.1 * step
            kernel.run_until(kernel.now_us + 87000 * (1 + step % 3))
            write(chip, 0x03)
            read(chip, 13)
        write(chip, 0x31, 0x00)


def current():
    chip = INA226()
    kernel, _ = start(chip, "current")
    write(chip, 5, 0x0A, 0x00)
    write(chip, 7, 0x1F, 0x40)
    write(chip, 6, 0x80, 0x01)
    write(chip, 0, 0x42, 0x05)
    random = Random(9)
    for step in range(300):
        kernel.run_until(kernel.now_us + random.below(900))
        chip.current_ma = random.uniform() * 2400.0
        if step % 30 == 0:
            for register in (1, 3, 4, 6):
                write(chip, register)
                read(chip, 2)


def rain():
    class Port:
        def send(self, data, delay_us=0):
            tell(kernel.now_us + delay_us, data.decode().strip())

    chip = RG15()
    chip.attach_uart(Port())
    kernel = None
    kernel = Kernel("rp2", seed=5)
    chip.attach(kernel, "rain", {})
    for step in range(40):
        chip.rain_mm_per_h = (step * step % 17) * 1.37
        kernel.run_until(kernel.now_us + 61000000)
        if step == 3:
            chip.uart_receive(b"P\nH\n")
        if step > 3:
            chip.garble = step == 20
            chip.uart_receive(b"R\r\n")
        if step == 30:
            chip.uart_receive(b"I\n")


def motion():
    for kind, act in (
        ("hall_encoder", lambda chip, i: chip.edge(1 if i % 7 else -1)),
        ("limit_switch", lambda chip, i: setattr(chip, "pressed", i % 3 == 0)),
        ("button", lambda chip, i: chip.press(40)),
    ):
        chip = chip_class(kind)()
        chip.bounce_us = 900
        kernel, _ = start(chip, kind)
        for i in range(20):
            act(chip, i)
            kernel.run_until(kernel.now_us + 1700 * (1 + i % 4))
    chip = chip_class("drv8871")()
    kernel, nets = start(chip, "drive")
    chip.on_change(lambda chip: tell(kernel.now_us, chip.state, bits(chip.drive)))
    for in1, in2 in ((65535, 0), (0, 0), (0, 30000), (65535, 65535), (20000, 65535)):
        nets["in1"].drive_pwm("pin", 20000, in1)
        nets["in2"].drive_pwm("pin", 20000, in2)
        kernel.run_until(kernel.now_us + 700)


def numbers():
    for i in range(-40, 131, 7):
        tell(i, bits(exp(i / 9.0)), bits(saturation_hpa(float(i))))


for chapter in (every_chip_is_made, humidity, pressure, current, rain, motion, numbers):
    tell("--", chapter.__name__)
    chapter()
