"""neopixel, onewire, ds18x20, framebuf and machine.bitstream, as firmware finds them on a port."""

import pytest

from pinbench.chips.catalogue import chip_class
from pinbench.simulator.bench import Bench

WIRING = {
    "board": "bare",
    "pins": {"lights": 2, "bank_id": 3},
    "chips": {
        "lights": {"kind": "ws2812", "pins": {"in": "lights"}, "strict": False},
        "bank": {"kind": "ds2401", "serial": 0xC0FFEE, "pins": {"io": "bank_id"}},
    },
}
PROGRAM = """
import framebuf
import time

import _onewire
import ds18x20
import machine
import neopixel
import onewire
from machine import Pin

lights = neopixel.NeoPixel(Pin(2), 8, timing=(300, 900, 800, 650))
lights.fill((1, 2, 3))
lights[7] = (200, 100, 50)
before = time.ticks_us()
lights.write()
print(len(lights), lights[0], lights[7], time.ticks_diff(time.ticks_us(), before) > 200)

wire = onewire.OneWire(Pin(3))
print(wire.reset(), [bytes(rom) for rom in wire.scan()])
wire.reset(True)
wire.writebyte(0x33)
rom = bytearray(8)
wire.readinto(rom)
print(rom, wire.crc8(rom), _onewire.crc8(rom[:7]) == rom[7])
print(ds18x20.DS18X20(wire).scan())
print(_onewire.reset(wire.pin), [_onewire.readbit(wire.pin) for _ in range(3)])

data = bytearray(128 * 8)
fb = framebuf.FrameBuffer(data, 128, 64, framebuf.MONO_VLSB)
fb.text("Hello!", 4, 10)
fb.rect(0, 0, 128, 64, 1)
fb.line(0, 63, 127, 0, 1)
fb.fill_rect(100, 40, 10, 10, 1)
fb.scroll(3, -2)
fb.hline(-5, 5, 40, 0)
fb.vline(9, 3, 99, 1)
print(sum(data), fb.pixel(9, 20), fb.pixel(500, 0))
small = bytearray(32)
icon = framebuf.FrameBuffer(small, 16, 16, framebuf.MONO_HLSB)
icon.text("A", 0, 0)
fb.blit(icon, 60, 30, 0)
colours = bytearray(2 * 16 * 16)
rgb = framebuf.FrameBuffer(colours, 16, 16, framebuf.RGB565)
rgb.fill(0xF81F)
rgb.text("x", 1, 1, 0x07E0)
rgb.blit(icon, 0, 8)
print(sum(data), sum(small), sum(colours), rgb.pixel(0, 0))
for kind in (framebuf.GS2_HMSB, framebuf.GS4_HMSB, framebuf.GS8, framebuf.MONO_HMSB):
    more = bytearray(64)
    other = framebuf.FrameBuffer(more, 8, 8, kind)
    other.fill(2)
    other.pixel(3, 4, 1)
    print(kind, sum(more), other.pixel(3, 4), other.pixel(4, 4))
for wrong in ((bytearray(3), 8, 8, 0), (bytearray(8), 8, 8, 9), (bytearray(8), 0, 8, 0)):
    try:
        framebuf.FrameBuffer(*wrong)
    except ValueError as error:
        print("refused", error)
for wrong in ((1, (1, 2, 3, 4)), (0, (1, 2, 3)), (0, 5)):
    try:
        machine.bitstream(Pin(2), wrong[0], wrong[1], b"")
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error)
"""


@pytest.mark.vm
@pytest.mark.parametrize("profile", ["rp2", "rp2350", "esp32"])
def test_firmware_finds_them_on_both_interpreters(programs, profile):
    lines, result = programs.both(PROGRAM, profile=profile, wiring={**WIRING, "profile": profile})
    log = programs.log(lines)
    assert log[0] == "8 (1, 2, 3) (200, 100, 50) True"
    assert log[1].startswith("True [b'") and "xee" in log[1] and "xc0" in log[1]
    assert log[2].endswith(" 0 True")
    assert log[3] == "[]"
    assert log[4] == "True [1, 1, 1]"
    assert log[6].endswith(" 63519")
    assert [text for text in log if text.startswith("refused")] == [
        "refused ", "refused invalid format", "refused ",
    ]  # fmt: skip
    assert log[-3:] == [
        "ValueError encoding",
        "ValueError requested length 4 but object has length 3",
        "TypeError object 'int' isn't a tuple or list",
    ]
    assert result["unexpected"] == []


def bench(**options):
    return Bench(profile="rp2", wiring=WIRING, chip_class=chip_class, **options)


def test_lights_shine_as_they_were_told():
    on = bench()
    neopixel = on.load("neopixel")
    lights = neopixel.NeoPixel(on.machine.Pin(2), 8, timing=(300, 900, 800, 650))
    lights[3] = (9, 8, 7)
    lights.write()
    assert on.chips["lights"].pixels[3] == (9, 8, 7)
    assert on.kernel.violations == []


def test_a_shorted_data_line_reaches_no_light():
    on = bench()
    lights = on.load("neopixel").NeoPixel(on.machine.Pin(2), 8, timing=(300, 900, 800, 650))
    lights.fill((1, 1, 1))
    on.kernel.net("lights").stick(0)
    lights.write()
    assert on.chips["lights"].lit == 0


@pytest.mark.parametrize("profile, blocked", [("rp2", True), ("esp32", False)])
def test_a_burst_blocks_interrupts_on_rp2(profile, blocked):
    on = Bench(profile=profile, wiring=WIRING, chip_class=chip_class)
    on.boot()
    off = []
    on.kernel.after(100, lambda _: off.append(on.kernel.irq_off))
    pin = on.machine.Pin(2, on.machine.Pin.OUT)
    on.machine.bitstream(pin, 0, (300, 900, 800, 650), bytes(24))
    assert off == [1 if blocked else 0]


@pytest.mark.parametrize("fault, present", [("nobody", False), ("low", True), ("bare", True)])
def test_the_1_wire_line_as_it_is(fault, present):
    on = bench()
    onewire = on.load("onewire")
    pin = on.machine.Pin(3)
    wire = onewire.OneWire(pin)
    if fault == "nobody":
        on.chips["bank"].unplugged = True
    elif fault == "low":
        on.kernel.net("bank_id").stick(0)
    else:  # no pull-up: a line that never rises
        pin.init(pin.OPEN_DRAIN, None)
        on.kernel.net("bank_id").drive("other", 0)
        on.kernel.net("bank_id").drive("other", None)
    assert wire.reset() is present
    wire.writebyte(0x33)
    read = bytes(wire.readbyte() for _ in range(8))
    assert set(read) == {0 if present else 0xFF}
    if not present:
        with pytest.raises(onewire.OneWireError):
            wire.reset(True)


def test_a_search_finds_everybody_on_the_wire():
    on = bench()
    others = []
    for serial in (1, 2, 3, 0x8000_0000_0000, 0xC0FFEF):
        chip = chip_class("ds2401")(serial=serial)
        chip.attach(on.kernel, f"other{serial}", {"io": on.kernel.net("bank_id")})
        others.append(chip.rom)
    wire = on.load("onewire").OneWire(on.machine.Pin(3))
    found = sorted(bytes(rom) for rom in wire.scan())
    assert found == sorted([*others, on.chips["bank"].rom])


def test_a_thermometers_words():
    on = bench()
    module = on.load("ds18x20")

    class Wire:
        """Stands for a bus with one DS18B20 at 21.5 degrees C."""

        SKIP_ROM = 0xCC
        sent = []

        def scan(self):
            return [bytes([0x28]) + bytes(7), bytes([0x01]) + bytes(7)]

        def reset(self, required=False):
            return True

        def select_rom(self, rom):
            self.sent.append(rom)

        def writebyte(self, value):
            self.sent.append(value)

        def readinto(self, buf):
            buf[:] = bytes([0x58, 0x01, 0, 0, 0, 0, 0, 0x10, 0])

        def crc8(self, data):
            return 0

    sensor = module.DS18X20(Wire())
    assert [rom[0] for rom in sensor.scan()] == [0x28]
    sensor.convert_temp()
    assert sensor.read_temp(bytes([0x28]) + bytes(7)) == 21.5
    assert sensor.read_temp(bytes([0x10]) + bytes(7)) == pytest.approx(172 - 0.25 + 1)
