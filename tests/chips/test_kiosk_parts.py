"""Cabinet, expander, display, lights and identities of the kiosk."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, integers, lists, text

from pinbench.chips.cabinet import Bank, Cabinet
from pinbench.chips.ds2401 import DS2401, Identity, rom_of
from pinbench.chips.mcp23017 import MCP23017
from pinbench.chips.ssd1306 import SSD1306
from pinbench.chips.ws2812 import WS2812
from pinbench.simulator.font8x8 import FIRST, LAST, character, columns
from pinbench.simulator.kernel import Kernel

# -- cabinet


class Box:
    def __init__(self, seed=1, **options):
        self.kernel = Kernel("esp32", seed=seed)
        self.nets = {pin: self.kernel.net(pin) for pin in Cabinet.PINS}
        self.nets["bank_id"].pull("board", 1)
        self.chip = Cabinet(**options)
        self.chip.attach(self.kernel, "cabinet", self.nets)
        self.expander = MCP23017()
        self.expander.attach(self.kernel, "expander", {})
        self.chip.connect(self.expander)
        self.events = []
        self.chip.on_change(lambda chip, n, what: self.events.append((n, what)))

    def wait_ms(self, ms):
        self.kernel.run_until(self.kernel.now_us + int(ms * 1000))

    def select(self, n):
        for bit in range(3):
            self.nets[f"sel{bit}"].drive("host", n >> bit & 1)

    def eject(self, n, ms=150):
        self.select(n)
        self.nets["eject"].drive("host", 1)
        self.wait_ms(ms)
        self.nets["eject"].drive("host", 0)

    def gate(self, n):
        return self.expander._outside[n]

    def bank(self, n):
        return self.expander._outside[8 + n]

    def read_rom(self):
        """Return what READ ROM gives, None without presence."""
        if not self.chip.onewire_reset():
            return None
        for i in range(8):
            self.chip.onewire_write(0x33 >> i & 1)
        return bytes(sum(self.chip.onewire_read() << i for i in range(8)) for _ in range(8))

    @property
    def violations(self):
        return [said for _, _, said in self.kernel.violations]


@pytest.fixture(scope="session")
def box():
    return Box


def test_eject_opens_only_the_chosen_slot(box):
    on = box()
    for n in range(8):
        on.chip.insert(n, Bank(n), now=False)
    for n in (5, 0, 7):
        on.eject(n)
        assert on.chip.unlocked == 1 and on.chip.slots[n].gate_open
        assert [on.gate(i) for i in range(8)] == [None if i == n else 0 for i in range(8)]
        on.chip.push_gate(n)
        on.wait_ms(10)
    assert [slot.ejects for slot in on.chip.slots] == [1, 0, 0, 0, 0, 1, 0, 1]
    assert on.violations == []


def test_too_short_a_pulse_opens_nothing(box):
    on = box()
    on.eject(2, ms=25)
    assert on.chip.unlocked == 0 and on.chip.slots[2].drives == 1


def test_a_bank_not_taken_is_shut_in_again(box):
    on = box(return_ms=5000)
    on.chip.insert(3, Bank(9), now=False)
    on.eject(3)
    on.wait_ms(4900)
    assert on.gate(3) is None
    on.wait_ms(200)
    assert (on.gate(3), on.bank(3), on.chip.unlocked) == (0, 0, 0)


def test_taking_and_bringing_back(box):
    on = box()
    bank = Bank(77)
    on.chip.insert(4, bank, now=False)
    with pytest.raises(ValueError, match="gate of slot 4 is shut"):
        on.chip.take(4)
    on.eject(4)
    assert on.chip.unlocked == 1
    assert on.chip.take(4) is bank and on.chip.unlocked == 0
    on.wait_ms(10)
    assert on.bank(4) is None
    with pytest.raises(ValueError, match="slot 4 is empty"):
        on.chip.take(4)
    on.chip.insert(4, bank)  # the gate is still open
    on.wait_ms(200)
    assert (on.gate(4), on.bank(4)) == (0, 0)
    on.chip.insert(6, Bank(None))  # through the flap
    on.wait_ms(10)
    assert on.gate(6) is None and on.chip.unlocked == 0
    with pytest.raises(ValueError, match="shut"):
        on.chip.take(6)
    on.wait_ms(200)
    assert (on.gate(6), on.bank(6)) == (0, 0)
    with pytest.raises(ValueError, match="slot 6 holds a bank"):
        on.chip.insert(6, bank)


def test_switches_chatter_and_settle(box):
    on = box()
    changes = []
    drive = on.expander.drive
    on.expander.drive = lambda bit, level: (changes.append(bit), drive(bit, level))
    on.chip.insert(1, Bank(5))
    on.wait_ms(5)
    assert changes.count(9) >= 3
    assert on.bank(1) == 0


def test_a_blocked_gate_and_a_forced_one(box):
    on = box(return_ms=1000)
    on.eject(0)
    on.chip.slots[0].blocked = True
    on.wait_ms(3000)
    assert on.chip.slots[0].gate_open
    on.chip.slots[0].blocked = False
    on.wait_ms(500)
    assert not on.chip.slots[0].gate_open
    on.chip.insert(2, Bank(8), now=False)
    on.chip.force_gate(2)
    assert on.chip.unlocked == 1 and on.chip.slots[2].ejects == 0


def test_jammed_and_stuck_switches(box):
    on = box()
    on.chip.slots[1].jammed = True
    on.eject(1)
    assert (on.chip.slots[1].ejects, on.gate(1)) == (0, 0)
    on.chip.slots[1].gate_switch = "open"
    on.chip.slots[1].bank_switch = "closed"
    on.chip.refresh()
    assert (on.gate(1), on.bank(1)) == (None, 0)


def test_solenoid_current(box):
    on = box()
    mv = on.nets["solenoid_current"].millivolts
    assert mv() == 0
    on.nets["eject"].drive("host", 1)
    on.wait_ms(4)
    assert mv() == pytest.approx(2500 * 0.632, abs=2)
    on.wait_ms(60)
    assert mv() == 2500
    on.nets["eject"].drive("host", 0)
    assert mv() == 0
    for coil, reading in (("open", 0), ("short", 3300)):
        on.chip.slots[0].coil = coil
        on.chip.slots[0].gate_open = False
        on.nets["eject"].drive("host", 1)
        on.wait_ms(60)
        assert mv() == reading and not on.chip.slots[0].gate_open
        on.nets["eject"].drive("host", 0)


def test_what_the_drivers_must_not_do(box):
    on = box()
    on.nets["eject"].drive("host", 1)
    on.select(4)
    on.nets["eject"].drive("host", 0)
    on.nets["eject"].drive("host", 1)
    on.wait_ms(1100)
    on.nets["eject"].drive("host", 0)
    on.nets["eject"].drive_pwm("host", 1000, 40000)
    assert len(on.violations) == 3
    for said, words in zip(
        on.violations,
        ("select lines change from 0", "longer than 1 s", "pulse train"),
        strict=True,
    ):
        assert words in said


def test_nothing_is_driven_without_supply_or_driver(box):
    on = box()
    assert on.chip.driven == -1 and on.nets["eject"].level == 0
    on.nets["eject"].drive("host", 1)
    on.chip.power_off()
    on.wait_ms(100)
    assert on.chip.driven == -1 and on.chip.unlocked == 0


@pytest.mark.parametrize("temp_c, mv", [(25, 1650), (0, 2544), (45, 1001), (60, 656), (-10, 2830)])
def test_thermistors(box, temp_c, mv):
    on = box()
    on.chip.slots[5].temp_c = temp_c
    on.select(5)
    assert on.nets["slot_temp"].millivolts() == pytest.approx(mv, rel=0.02)
    on.chip.slots[5].sensor = "open"
    assert on.nets["slot_temp"].millivolts() == 3300
    on.chip.slots[5].sensor = "short"
    assert on.nets["slot_temp"].millivolts() == 0


def test_identities_by_slot(box):
    on = box()
    for n in (0, 3):
        on.chip.insert(n, Bank(1000 + n), now=False)
    on.chip.insert(5, Bank(None), now=False)
    for n in range(8):
        on.select(n)
        assert on.read_rom() == (rom_of(1000 + n) if n in (0, 3) else None)
    on.chip.slots[3].bank.dead = True
    on.select(3)
    assert on.read_rom() is None
    assert on.violations == []


def test_a_contact_that_was_just_made_chatters(box):
    on = box()
    on.chip.insert(0, Bank(5))
    assert {on.read_rom() for _ in range(20)} != {rom_of(5)}
    on.wait_ms(61)
    assert {on.read_rom() for _ in range(20)} == {rom_of(5)}
    assert on.violations == []


# -- DS2401


@given(serial=integers(0, (1 << 48) - 1))
def test_rom_ends_in_its_crc(serial):
    rom = rom_of(serial)
    assert rom[0] == 1 and int.from_bytes(rom[1:7], "little") == serial
    crc = 0
    for byte in rom:  # over all eight the remainder is 0
        for bit in range(8):
            mix = (crc ^ byte >> bit) & 1
            crc = crc >> 1 ^ (0x8C if mix else 0)
    assert crc == 0


def test_a_known_rom():
    # Application note 27 of the maker: 02 1C B8 01 00 00 00 has the CRC A2.
    assert rom_of(0x0000_0001_B81C, family=2) == bytes.fromhex("021CB801000000A2")


def test_search_goes_the_hosts_way():
    part, complaints = Identity(rom_of(0xC3)), []
    for wrong_at in (None, 9):
        part.reset()
        for i in range(8):
            part.write(0xF0 >> i & 1, complaints.append)
        heard = []
        for place in range(64):
            bit, complement = part.read(), part.read()
            heard.append((bit, complement))
            part.write(bit if place != wrong_at else 1 - bit, complaints.append)
        silent = 64 if wrong_at is None else wrong_at + 1
        assert all(a != b for a, b in heard[:silent])
        assert all(pair == (1, 1) for pair in heard[silent:])
    part.reset()
    for i in range(8):
        part.write(0x44 >> i & 1, complaints.append)
    assert complaints == ["1-Wire command 0x44 is unknown"]


def test_ds2401_on_its_net(hand):
    made = hand(DS2401(serial=7))
    (chip,) = made.nets["io"].onewire
    assert chip.onewire_reset() and chip.rom == rom_of(7)
    chip.unplugged = True
    assert not chip.onewire_reset() and chip.onewire_read() == 1


# -- MCP23017

IODIR, IPOL, GPINTEN, DEFVAL, INTCON, IOCON = 0x00, 0x02, 0x04, 0x06, 0x08, 0x0A
GPPU, INTF, INTCAP, GPIO, OLAT = 0x0C, 0x0E, 0x10, 0x12, 0x14


@pytest.fixture
def expander(hand):
    def make():
        made = hand(MCP23017())
        made.write(GPPU, 0xFF, 0xFF)
        return made

    return make


def test_expander_resets_to_inputs(hand):
    made = hand(MCP23017())
    assert made.registers(0, 22)[:2] == b"\xff\xff" and set(made.registers(2, 16)[:14]) == {0}


def test_floating_inputs_read_noise_until_pulled_up(hand):
    made = hand(MCP23017())
    assert len({made.registers(GPIO, 1) for _ in range(20)}) > 5
    made.write(GPPU, 0xFF, 0xFF)
    assert {made.registers(GPIO, 2) for _ in range(20)} == {b"\xff\xff"}


@given(levels=lists(integers(0, 1), min_size=16, max_size=16))
def test_inputs_and_polarity(hand, levels):
    made = hand(MCP23017())
    made.write(GPPU, 0xFF, 0xFF)
    for bit, level in enumerate(levels):
        made.chip.drive(bit, 0 if not level else None)
    value = sum(level << bit for bit, level in enumerate(levels))
    assert int.from_bytes(made.registers(GPIO, 2), "little") == value
    made.write(IPOL, 0xFF, 0x00)
    assert int.from_bytes(made.registers(GPIO, 2), "little") == value ^ 0xFF
    assert made.violations == []


def test_outputs(expander):
    made = expander()
    made.write(IODIR, 0xF0, 0xFF)
    made.write(OLAT, 0x05)
    assert [made.chip.output(bit) for bit in range(5)] == [1, 0, 1, 0, None]
    assert made.registers(GPIO, 1)[0] & 0x0F == 0x05
    made.write(GPIO, 0x0A)
    assert made.registers(OLAT, 1) == b"\x0a"


def test_interrupt_on_change_is_captured_and_cleared(expander):
    made = expander()
    made.write(IOCON, 0x40)  # mirrored
    made.write(GPINTEN, 0xFF, 0xFF)
    pin = made.nets["inta"]
    assert pin.level == 1
    made.chip.drive(11, 0)
    assert pin.level == 0 and made.nets["intb"].level == 0
    assert made.registers(INTF, 2) == b"\x00\x08"
    made.chip.drive(12, 0)  # while it is pending: not captured
    assert made.registers(INTCAP, 2) == b"\x00\xf7"
    assert pin.level == 1
    assert made.registers(GPIO, 2) == b"\xff\xe7"
    made.chip.drive(11, None)
    assert pin.level == 0


def test_interrupt_against_a_default(expander):
    made = expander()
    made.write(DEFVAL, 0x01)
    made.write(INTCON, 0x01)
    made.write(GPINTEN, 0x01)
    assert made.nets["inta"].level == 1
    made.chip.drive(0, 0)
    assert made.nets["inta"].level == 0
    made.registers(GPIO, 1)
    assert made.nets["inta"].level == 0  # the cause is still there
    made.chip.drive(0, 1)
    made.registers(GPIO, 1)
    assert made.nets["inta"].level == 1


def test_open_drain_polarity_and_sequence(hand):
    made = hand(MCP23017(), pull_ups=("inta",))
    made.write(GPPU, 0xFF)
    made.write(GPINTEN, 0xFF)
    made.write(IOCON, 0x02)
    assert made.nets["inta"].level == 0
    made.chip.drive(0, 0)
    assert made.nets["inta"].level == 1
    made.write(IOCON, 0x24)
    assert made.nets["inta"].level == 0
    assert made.registers(GPIO, 4)[0] == made.registers(GPIO, 4)[2]
    made.chip.power_off()
    assert made.nets["inta"].level == 1


def test_expander_is_strict_and_can_be_stuck(expander):
    made = expander()
    made.write(IOCON, 0x80)
    made.write(INTF, 0xFF)
    made.write(0x16)
    assert len(made.violations) == 3
    made.chip.stuck(3, 0)
    assert made.registers(GPIO, 1) == b"\xf7"
    made.chip.unplugged = True
    assert made.write(0, 0) == -1


# -- SSD1306

INIT = bytes.fromhex("AE 2000 40 A1 A83F C8 D300 DA12 D580 D9F1 DB30 81FF A4 A6 AD30 8D14 AF")


@pytest.fixture(scope="session")
def display(hand):
    def make(init=INIT):
        made = hand(SSD1306())
        for byte in init:
            assert made.write(0x80, byte) == 2
        return made

    return make


def show(made, picture):
    """Write a picture, a function of x and y, as drivers do."""
    made.write(0x00, 0x21, 0, 127, 0x22, 0, 7)
    data = bytearray(1024)
    for y in range(64):
        for x in range(128):
            data[(y >> 3) * 128 + x] |= (1 if picture(x, y) else 0) << (y & 7)
    made.write(0x40, *data)


def test_dark_until_switched_on_and_noise_before_the_first_picture(display):
    made = display(INIT[:-1])
    assert set("".join(made.chip.picture())) == {"."}
    made.write(0x80, 0xAF)
    assert made.chip.on and len(set("".join(made.chip.picture()))) == 2
    assert made.violations == []


def test_a_picture_is_seen_the_right_way_up(display):
    made = display()
    show(made, lambda x, y: x < 3 and y < 2)
    seen = made.chip.picture()
    assert [row.count("#") for row in seen[:3]] == [3, 3, 0]
    assert seen[0].startswith("###.") and made.chip.frames == 1
    made.write(0x80, 0xA0)
    made.write(0x80, 0xC0)  # mounted upside down
    seen = made.chip.picture()
    assert seen[63].endswith("###") and seen[62].endswith("###")


@settings(max_examples=12)
@given(message=text(alphabet=[chr(code) for code in range(33, 127)], min_size=1, max_size=16))
def test_text_is_read_back(display, message):
    made = display()

    def pixel(x, y):
        cell = x >> 3
        if y >> 3 != 3 or cell >= len(message):
            return 0
        return columns(ord(message[cell]))[x & 7] >> (y & 7) & 1

    show(made, pixel)
    assert made.chip.text() == [message]


def test_every_glyph_is_its_own():
    cells = [columns(code) for code in range(FIRST, LAST)]
    assert len(set(cells)) == len(cells)
    assert "".join(character(c) for c in cells) == "".join(map(chr, range(FIRST, LAST)))
    assert character(b"\xff" * 8) == "?" and columns(0x1F600) == columns(LAST)


def test_windows_and_modes(display):
    made = display()
    show(made, lambda x, y: 0)
    made.write(0x00, 0x21, 126, 127, 0x22, 0, 1)
    made.write(0x40, 1, 2, 3, 4, 5)  # the fifth begins again
    assert [made.chip.ram[i] for i in (126, 127, 254, 255)] == [5, 2, 3, 4]
    made.write(0x00, 0x20, 1, 0x21, 10, 11, 0x22, 0, 1)
    made.write(0x40, 1, 2, 3, 4)
    assert [made.chip.ram[i] for i in (10, 138, 11, 139)] == [1, 2, 3, 4]
    made.write(0x00, 0x20, 2, 0xB2, 0x0F, 0x12)
    made.write(0x40, 9, 8)
    assert [made.chip.ram[256 + 0x2F], made.chip.ram[256 + 0x30]] == [9, 8]
    assert made.violations == []


def test_start_line_and_offset_roll_the_picture(display):
    made = display()
    show(made, lambda x, y: y == 20)
    for commands, seen_at in (([0x40 | 8], 12), ([0x40, 0xD3, 5], 15), ([0x40 | 8, 0xD3, 60], 16)):
        made.write(0x00, *commands)
        rows = [row.count("#") for row in made.chip.picture()]
        assert rows[seen_at] == 128 and sum(rows) == 128


def test_inverse_all_on_contrast_and_off(display):
    made = display()
    show(made, lambda x, y: x == 0)
    made.write(0x00, 0xA7)
    assert made.chip.inverted and made.chip.picture()[0].count("#") == 127
    made.write(0x00, 0xA6, 0xA5)
    assert made.chip.picture()[0].count("#") == 128
    made.write(0x00, 0xA4, 0x81, 0x10, 0xAE)
    assert made.chip.contrast == 0x10 and made.chip.text() == []
    assert made.read(1) == b"\x40"


@pytest.mark.parametrize(
    "commands, words",
    [
        ([0xAF], "charge pump"),
        ([0x20, 0x03], "addressing mode 3"),
        ([0x21, 0x80, 0x7F], "command 0x21"),
        ([0x21, 9, 3], "window"),
        ([0xDA, 0x10], "command 0xda"),
        ([0xA8, 3], "multiplex"),
        ([0x99], "unknown"),
    ],
)
def test_display_is_strict(hand, commands, words):
    made = hand(SSD1306())
    made.write(0x00, *commands)
    assert len(made.violations) == 1 and words in made.violations[0]


# -- WS2812


def burst(made, data, timing=(300, 900, 800, 650)):
    for fn in made.nets["in"].bitstream:
        fn(timing, bytes(data))


@settings(max_examples=30)
@given(data=binary(min_size=24, max_size=24))
def test_lights_take_green_red_blue(hand, data):
    made = hand(WS2812())
    made.wait_us(1000)
    burst(made, data)
    assert made.chip.pixels == [(data[i + 1], data[i], data[i + 2]) for i in range(0, 24, 3)]
    assert made.chip.lit == sum(any(data[i : i + 3]) for i in range(0, 24, 3))
    assert made.violations == []


def test_lights_wait_for_the_pause_between_bursts(hand):
    made = hand(WS2812(count=2))
    made.wait_us(1000)
    burst(made, b"\1\2\3")
    made.wait_us(150)  # 29 us of bits and less than the pause
    burst(made, b"\4\5\6\7\7\7")  # goes on, and out at the end
    assert made.chip.pixels == [(2, 1, 3), (5, 4, 6)]
    made.wait_us(500)
    burst(made, b"\x09\x09\x09")
    assert made.chip.pixels == [(9, 9, 9), (5, 4, 6)]
    made.chip.power_off()
    assert made.chip.lit == 0


def test_micropythons_default_timing_is_outside_the_windows(hand):
    made = hand(WS2812())
    made.wait_us(1000)
    burst(made, bytes(24), (400, 850, 800, 450))
    assert made.violations == ["bits outside their windows: T0H of 400 ns, T1L of 450 ns"]
    assert made.chip.out_of_window == 192 and made.chip.lit > 0
