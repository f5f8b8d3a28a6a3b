"""The kiosk's drivers against the twins of their chips, on both boards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.board.definitions import load_board
from pinbench.chips.cabinet import Bank
from pinbench.chips.catalogue import chip_class
from pinbench.paths import FIRMWARE
from pinbench.simulator.bench import Bench
from pinbench.simulator.oserror import OSError as PortError
from pinbench.worlds.cabinet import uid_of

SELECT = ("sel0", "sel1", "sel2")


class Cabinet:
    """One simulated kiosk without its firmware; drivers are made on its pins and buses."""

    def __init__(self, board):
        wiring = load_board(board).wiring("kiosk")
        self.bench = Bench(wiring=wiring, roots=[str(FIRMWARE)], chip_class=chip_class)
        self.kernel = self.bench.kernel
        self.chips = self.bench.chips
        self.pins = wiring["pins"]
        self.wiring = wiring
        self.bench.boot()
        self.machine = self.bench.machine
        self.slots = self.chips["cabinet"].slots
        self.chips["cabinet"].connect(self.chips["expander"])

    def load(self, name):
        return self.bench.load("drivers." + name)

    def i2c(self):
        return self.bench.bus("expander")

    def driver(self):
        names = ("eject", "slot_temp", "bank_id", "solenoid_current")
        select = [self.pins[role] for role in SELECT]
        return self.load("cabinet").Cabinet(select, *[self.pins[name] for name in names])

    def wait_ms(self, ms):
        self.kernel.run_until(self.kernel.now_us + ms * 1000)

    def fill(self, slot, serial=77):
        self.chips["cabinet"].insert(slot, Bank(serial))
        self.wait_ms(300)
        return bytes(self.slots[slot].bank.rom)

    def pulse(self, driver, number):
        driver.start(number)
        for passed_ms in range(0, 500, 10):
            result = driver.step()
            if result is not None:
                return result, passed_ms
            self.wait_ms(10)
        raise AssertionError("the pulse does not end")


@pytest.fixture(params=["rpi_pico2_w", "esp32_s3_devkitc"])
def kiosk(request):
    made = Cabinet(request.param)
    yield made
    assert made.bench.unexpected() == []


@pytest.mark.parametrize("number", range(8))
def test_a_pulse_opens_its_slot_and_only_that(kiosk, number):
    driver = kiosk.driver()
    result, passed_ms = kiosk.pulse(driver, number)
    assert result == kiosk.load("cabinet").SOUND and 100 <= passed_ms <= 300
    kiosk.wait_ms(50)
    assert [slot.ejects for slot in kiosk.slots] == [int(n == number) for n in range(8)]
    assert kiosk.chips["cabinet"].driven == -1 and driver.driving == -1


def test_nothing_is_selected_while_a_solenoid_is_on(kiosk):
    driver = kiosk.driver()
    driver.start(3)
    for call in (driver.temp_dc, driver.rom, driver.start):
        with pytest.raises(ValueError, match="slot 3"):
            call(4)
    assert kiosk.chips["cabinet"].driven == 3
    while driver.step() is None:
        kiosk.wait_ms(10)


@pytest.mark.parametrize("fault, result", [("open", "NO_CURRENT"), ("short", "SHORT")])
def test_a_coil_that_takes_no_current_or_too_much_is_let_go_at_once(kiosk, fault, result):
    driver = kiosk.driver()
    kiosk.slots[2].coil = fault
    found, passed_ms = kiosk.pulse(driver, 2)
    assert found == getattr(kiosk.load("cabinet"), result) and passed_ms <= 30
    assert kiosk.chips["cabinet"].driven == -1 and kiosk.slots[2].ejects == 0


def test_a_program_that_stands_still_leaves_no_solenoid_on(kiosk):
    driver = kiosk.driver()
    driver.start(5)
    # Nobody calls `step`; the scheduler runs all the same.
    kiosk.bench.load("time").sleep_ms(400)
    assert kiosk.chips["cabinet"].driven == -1
    assert driver.step() == kiosk.load("cabinet").CUT_SHORT and driver.driving == -1


def test_an_error_within_a_pulse_ends_it(kiosk):
    driver = kiosk.driver()
    driver.start(1)

    class Broken:
        def __getattr__(self, name):
            raise PortError(5)

    driver._current = Broken()
    with pytest.raises(OSError):
        driver.step()
    assert kiosk.chips["cabinet"].driven == -1 and driver.driving == -1


@pytest.mark.parametrize("temp_c", [-20, 0, 25, 44, 46, 60, 90])
def test_temperatures_are_within_two_degrees(kiosk, temp_c):
    driver = kiosk.driver()
    kiosk.slots[6].temp_c = temp_c
    assert abs(driver.temp_dc(6) - 10 * temp_c) <= (20 if temp_c < 80 else 40)
    assert abs(driver.temp_dc(0) - 250) <= 20, "each slot has its own"


@pytest.mark.parametrize("fault", ["open", "short"])
def test_a_broken_thermistor_has_no_temperature(kiosk, fault):
    kiosk.slots[4].sensor = fault
    assert kiosk.driver().temp_dc(4) is None


def test_a_bank_tells_its_id_and_an_empty_slot_none(kiosk):
    driver = kiosk.driver()
    rom = kiosk.fill(3, 0xA1B2C3D4E5F6)
    assert rom[0] == 1 and driver.rom(3) == rom
    assert all(driver.rom(n) is None for n in range(8) if n != 3)


@pytest.mark.parametrize("trouble", ["dead", "chatters"])
def test_what_is_not_read_well_is_not_read(kiosk, trouble):
    driver = kiosk.driver()
    rom = kiosk.fill(3)
    setattr(kiosk.slots[3].bank, trouble, True)
    assert {driver.rom(3) for _ in range(20)} <= {None, rom}
    if trouble == "dead":
        assert driver.rom(3) is None


def test_a_dummy_and_a_line_held_low_tell_no_id(kiosk):
    driver = kiosk.driver()
    kiosk.chips["cabinet"].insert(2, Bank(None))
    kiosk.wait_ms(300)
    assert driver.rom(2) is None
    kiosk.fill(3)
    kiosk.kernel.net("bank_id").stick(0)
    assert driver.rom(3) is None


# -- the expander


@given(ports=st.integers(0, 65535))
def test_what_stands_at_the_expander_the_driver_says(ports):
    kiosk = Cabinet("rpi_pico2_w")
    chip = kiosk.chips["expander"]
    driver = kiosk.load("mcp23017").MCP23017(kiosk.i2c())
    for bit in range(16):
        chip.drive(bit, None if ports >> bit & 1 else 0)  # its pull-ups make the ones
    assert driver.read() == ports


def test_an_expander_that_lost_its_pull_ups_says_so_and_is_set_up_again(kiosk):
    chip = kiosk.chips["expander"]
    driver = kiosk.load("mcp23017").MCP23017(kiosk.i2c())
    before = driver.read()
    chip.power_off()
    chip.power_on()
    with pytest.raises(OSError):
        driver.read()
    assert driver.read() == before


def test_a_missing_expander_is_an_error(kiosk):
    kiosk.bench.fault("address_nack", "expander")
    with pytest.raises(OSError):
        kiosk.load("mcp23017").MCP23017(kiosk.i2c())


# -- cards


class Cards:
    def __init__(self, kiosk):
        self.kiosk = kiosk
        self.chip = kiosk.chips["nfc"]
        irq = kiosk.machine.Pin(kiosk.pins["nfc_irq"], kiosk.machine.Pin.IN)
        self.reader = kiosk.load("pn532").PN532(kiosk.i2c(), irq)

    def look(self, ms):
        found = []
        for _ in range(ms // 20):
            number = self.reader.poll()
            if number:
                found.append(bytes(number))
            self.kiosk.wait_ms(20)
        return found


def test_a_card_is_read_once_for_a_tap_and_again_for_the_next(kiosk):
    cards = Cards(kiosk)
    assert cards.look(500) == []
    cards.chip.tap(uid_of(1), 500)
    assert cards.look(3000) == [uid_of(1)]
    cards.chip.tap(uid_of(2), 500)
    assert cards.look(3000) == [uid_of(2)]


def test_damaged_answers_are_asked_for_again(kiosk):
    cards = Cards(kiosk)
    cards.look(300)
    cards.chip.wrong_dcs = 2
    cards.chip.tap(uid_of(1), 4000)
    assert uid_of(1) in cards.look(5000)
    assert set(cards.look(5000)) <= {uid_of(1)}


def test_a_card_reader_that_was_unplugged_is_an_error(kiosk):
    cards = Cards(kiosk)
    cards.look(300)
    cards.chip.unplugged = True
    with pytest.raises(OSError):
        cards.look(5000)


# -- what people see


def test_the_display_shows_lines_a_page_at_a_time(kiosk):
    display = kiosk.load("ssd1306").SSD1306(kiosk.i2c())
    display.show(["Hello", "", "Slot 3"])
    pages = 0
    while display.step():
        pages += 1
    chip = kiosk.chips["display"]
    assert chip.on and chip.text() == ["Hello", "Slot 3"] and pages == 8
    display.show(["Hello", "", "Slot 4"])
    assert [display.step() for _ in range(3)] == [True, False, False], "only what is new"
    assert chip.text() == ["Hello", "Slot 4"]


def test_a_page_takes_at_most_4_ms(kiosk):
    display = kiosk.load("ssd1306").SSD1306(kiosk.i2c())
    before = kiosk.kernel.now_us
    display.step()
    assert kiosk.kernel.now_us - before <= 4000


def test_lights_have_the_colours_they_are_given(kiosk):
    lights = kiosk.load("ws2812").WS2812(kiosk.pins["lights"], 8)
    colours = [(n, 2 * n, 255 - n) for n in range(8)]
    kiosk.wait_ms(1)
    lights.show(colours)
    chip = kiosk.chips["lights"]
    assert chip.pixels == colours and chip.out_of_window == 0
    bursts = chip.bursts
    kiosk.wait_ms(1)
    lights.show(colours)
    assert chip.bursts == bursts, "nothing new, nothing sent"


# -- the palm reader, with everything that its line can do

LINE = {
    "wrong_xor": 1, "double_sync": 3, "lie_long": 1, "lie_short": 1, "garbage": 3, "split": 1,
    "twice": 5, "swallow": 1,
}  # fmt: skip


class Palms:
    def __init__(self, kiosk, **options):
        self.kiosk = kiosk
        self.chip = kiosk.chips["palm"]
        for name, value in options.items():
            setattr(self.chip, name, value)
        wires = kiosk.wiring["uart"]["palm"]
        uart = kiosk.machine.UART(
            wires["id"], wires["baud"], tx=wires["tx"], rx=wires["rx"], rxbuf=512
        )
        self.module = kiosk.load("ai10")
        self.reader = self.module.AI10(uart)
        self.run(3000)

    def run(self, ms):
        found = []
        for _ in range(ms // 20):
            event = self.reader.poll()
            if event is not None:
                found.append(event)
            self.kiosk.wait_ms(20)
        return found

    def look(self):
        while self.reader.busy:
            self.run(20)
        self.reader.verify(3)
        for _ in range(500):
            for event in self.run(20):
                if event[0] != self.module.READY:
                    return event
        raise AssertionError("no answer in 10 s")


def test_a_known_palm_an_unknown_one_a_picture_and_nobody(kiosk):
    palms = Palms(kiosk)
    m = palms.module
    uid = palms.chip.add_user("a")
    assert palms.look() == (m.NOBODY, 13)
    palms.chip.present("a")
    assert palms.look() == (m.KNOWN, uid)
    palms.chip.present("b")
    assert palms.look() == (m.UNKNOWN, 8)
    palms.chip.unknown_result = 1
    assert palms.look() == (m.UNKNOWN, 1)
    palms.chip.present("a", alive=False)
    assert palms.look()[0] == m.FORGED


def test_enrolled_deleted_and_proven(kiosk):
    palms = Palms(kiosk)
    m, reader, chip = palms.module, palms.reader, palms.chip
    chip.add_user("x")
    chip.present("a")
    reader.enrol(5)
    ((event, uid),) = palms.run(4000)
    assert event == m.ENROLLED and chip.enrolled("a") == [uid]
    reader.list_ids()
    assert palms.run(1000) == [(m.DONE, [1001, uid])]
    reader.delete(uid)
    assert palms.run(2000) == [(m.DONE, 0)]
    reader.list_ids()
    assert palms.run(1000) == [(m.DONE, [1001])]


@pytest.mark.parametrize("fault", LINE)
def test_whatever_goes_wrong_on_the_line_the_next_look_is_right(kiosk, fault):
    """Damage may cost an answer; it never makes a wrong one, and the next look is well again."""
    palms = Palms(kiosk)
    m = palms.module
    uids = {hand: palms.chip.add_user(hand) for hand in "ab"}
    for hand in "abab":
        palms.chip.present(hand)
        setattr(palms.chip, fault, LINE[fault])
        event = palms.look()
        assert event in ((m.KNOWN, uids[hand]), (m.FAILED, -1)), fault
    setattr(palms.chip, fault, 0)
    while palms.reader.busy:
        palms.run(100)
    assert palms.look() == (m.KNOWN, uids["b"])


def test_a_reader_that_restarts_in_mid_look_says_so_and_is_well_again(kiosk):
    palms = Palms(kiosk)
    m = palms.module
    uid = palms.chip.add_user("a")
    palms.reader.verify(10)
    palms.run(1000)
    palms.chip.reboot()
    assert palms.run(2000) == [(m.READY, None)]
    palms.chip.present("a")
    assert palms.look() == (m.KNOWN, uid)


@pytest.mark.parametrize("late_ms", [0, 100, 300, 500])
def test_who_was_aborted_is_never_taken_for_who_is_there(kiosk, late_ms):
    palms = Palms(kiosk, late_ms=late_ms)
    m = palms.module
    palms.chip.add_user("a")
    palms.chip.present("a")
    palms.reader.verify(5)
    palms.run(580)  # its answer is about to come
    palms.reader.reset()
    palms.chip.present("b")
    assert palms.look()[0] in (m.UNKNOWN, m.NOBODY)


def test_a_template_on_the_line_is_an_alarm_on_the_twin_too(kiosk):
    palms = Palms(kiosk)
    palms.chip.rogue(0xFA, bytes(100))
    palms.run(200)
    assert palms.reader.alarm
