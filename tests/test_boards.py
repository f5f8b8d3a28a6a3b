"""Boards: what the files say is buildable, and what is not is refused in one sentence."""

import ast
import copy
import json
import tomllib

import pytest

from pinbench.board.connections import parts
from pinbench.board.definitions import Board, load_board, names
from pinbench.board.drawing import draw
from pinbench.board.rules import faults
from pinbench.errors import BoardError
from pinbench.paths import BOARDS
from pinbench.verbs.boards import drawings

PICO = "rpi_pico_w"


@pytest.fixture
def table():
    """The Pico W's file, to be spoiled."""
    return copy.deepcopy(tomllib.loads((BOARDS / f"{PICO}.toml").read_text(encoding="utf-8")))


def refused(table):
    return list(faults(Board(table, "board.toml"), "window"))


@pytest.mark.parametrize("name", names())
def test_every_board_can_be_built(name):
    board = load_board(name)
    assert board.name == name
    assert [fault for device in board.devices for fault in faults(board, device)] == []


def test_wiring_is_plain_data_with_pins_as_numbers():
    wiring = load_board(PICO).wiring("window")
    assert json.loads(json.dumps(wiring)) == wiring
    assert wiring["pins"]["alert"] == 14
    assert wiring["i2c"]["climate"] == {
        "id": 0, "scl": 5, "sda": 4, "freq": 100_000, "timeout_us": 5_000,
    }
    assert wiring["uart"]["rain"] == {"id": 1, "tx": 8, "rx": 9, "baud": 9_600}
    assert wiring["chips"]["humidity"] == {"kind": "sht4x", "bus": "climate", "address": 0x44}
    assert wiring["nets"]["drv_in1"] == {"all_of": ["motor_in1", "alert"]}


@pytest.mark.parametrize("name", names())
def test_generated_module_says_what_the_wiring_says(name):
    board = load_board(name)
    wiring, module = board.wiring("window"), {}
    source = board.wiring_module("window")
    ast.parse(source)
    exec(source, module)
    assert module["BOARD"] == name
    for key in ("pins", "i2c", "spi", "uart", "chips"):
        assert module[key.upper()] == wiring[key]


# The datasheet's table of GPIO functions has a period; the file must have it too.
@pytest.mark.parametrize("number", range(30))
def test_pico_pins_have_the_functions_of_the_rp2040(number):
    pin = load_board(PICO).pins[f"GP{number}"]
    assert pin.number == number
    assert f"pwm{number // 2 % 8}{'ab'[number % 2]}" in pin.functions
    assert f"i2c{number // 2 % 2}.{('sda', 'scl')[number % 2]}" in pin.functions
    assert f"spi{number // 8 % 2}.{('rx', 'csn', 'sck', 'tx')[number % 4]}" in pin.functions
    uart = (number + 4) // 8 % 2
    assert f"uart{uart}.{('tx', 'rx', 'cts', 'rts')[number % 4]}" in pin.functions
    assert (f"adc{number - 26}" in pin.functions) == (number >= 26)
    assert bool(pin.reserved) == (number in (23, 24, 25, 29))


def test_soft_reset_stops_the_motors_slices():
    """PWM-13: rp2 stops slices 0 to 3 only; a motor on another would run on."""
    wiring = load_board(PICO).wiring("window")
    for role in ("motor_in1", "motor_in2"):
        assert wiring["pins"][role] // 2 % 8 < 4


def spoil(path, value):
    def change(table):
        *way, last = path.split(".")
        for key in way:
            table = table.setdefault(key, {})
        table[last] = value

    return change


W = "devices.window"
SPOILED = {
    "pin used twice": (spoil(f"{W}.pins.alert", "GP12"), ("alert", "hall_a", "GP12")),
    "pin of a bus used twice": (spoil(f"{W}.pins.led", "GP4"), ("led", "climate sda", "GP4")),
    "function the pin lacks": (
        spoil(f"{W}.i2c.climate.scl", "GP6"), ("climate scl", "GP6", "i2c0.scl", "GP1"),
    ),
    "instance the pin lacks": (
        spoil(f"{W}.uart.rain.tx", "GP0"), ("rain tx", "GP0", "uart1.tx", "uart0.tx"),
    ),
    "slice with two frequencies": (
        spoil(f"{W}.pwm.motor_in2", 25_000), ("motor_in1", "motor_in2", "25000 Hz", "pwm0"),
    ),
    "two roles of one output": (
        lambda t: (spoil(f"{W}.pins.led", "GP0")(t), spoil(f"{W}.pwm.led", 20_000)(t)),
        ("motor_in1", "led", "pwm0a"),
    ),
    "duplicate address": (
        spoil(f"{W}.chips.indoor.address", 0x44), ("humidity", "indoor", "0x44", "climate"),
    ),
    "reserved address": (spoil(f"{W}.chips.indoor.address", 0x7C), ("indoor", "0x08 to 0x77")),
    "radio pin": (spoil(f"{W}.pins.led", "GP25"), ("led", "GP25", "radio")),
    "no such pin": (spoil(f"{W}.pins.led", "GP42"), ("led", "GP42")),
    "unknown chip": (spoil(f"{W}.chips.indoor.kind", "sht9x"), ("indoor", "sht9x", "sht4x")),
    "pin that the chip lacks": (
        spoil(f"{W}.chips.drive.pins", {"in3": "drv_in1"}), ("drive", "in3", "in1"),
    ),
    "unknown bus": (spoil(f"{W}.chips.indoor.bus", "klima"), ("indoor", "klima")),
    "unknown net": (spoil(f"{W}.chips.button.pins", {"out": "knob"}), ("button", "out", "knob")),
    "unknown source of a gate": (
        spoil(f"{W}.nets.drv_in1.all_of", ["motor_in1", "alarm"]), ("drv_in1", "alarm"),
    ),
    "bus without frequency": (
        lambda t: t["devices"]["window"]["i2c"]["climate"].pop("freq"), ("climate", "freq"),
    ),
    "misspelt section": (spoil(f"{W}.pin", {"led": "GP1"}), ("[pin]", "pins")),
    "pin as a number": (spoil(f"{W}.pins.led", 4), ("led", "GP4")),
    "pwm without a pin": (spoil(f"{W}.pwm.lamp", 100), ("lamp", "no pin")),
    "two buses on one instance": (
        spoil(f"{W}.i2c.second",
              {"id": 0, "scl": "GP1", "sda": "GP0", "freq": 1, "timeout_us": 1}),
        ("climate", "second", "i2c0"),
    ),
}


@pytest.mark.parametrize("change, words", SPOILED.values(), ids=SPOILED)
def test_fault_is_one_sentence_with_the_names(table, change, words):
    change(table)
    found = refused(table)
    assert len(found) == 1, found
    assert found[0].startswith("rpi_pico_w, window: ")
    assert "\n" not in found[0]
    for word in words:
        assert word in found[0]
    with pytest.raises(BoardError):
        Board(table, "board.toml").wiring("window")


def test_esp32_timers_are_counted(table):
    esp32 = tomllib.loads((BOARDS / "esp32_s3_devkitc.toml").read_text(encoding="utf-8"))
    window = esp32["devices"]["window"]
    window["pwm"].update({"led": 1_000, "hall_a": 2_000, "hall_b": 3_000})
    (found,) = refused(esp32)
    assert "5 PWM frequencies of 4 timers" in found


def test_strapping_pins_are_refused():
    esp32 = tomllib.loads((BOARDS / "esp32_s3_devkitc.toml").read_text(encoding="utf-8"))
    esp32["devices"]["window"]["pins"]["led"] = "GPIO0"
    (found,) = refused(esp32)
    assert "led" in found and "strapping" in found


ABOUT = '[board]\nname="x"\ntitle="x"\nmpy_arch="x"\n'


@pytest.mark.parametrize(
    "text, words",
    [
        ("[board", ("not TOML",)),
        ("", ("[board]", "name")),
        (f'{ABOUT}port_profile="rp3"\n', ("rp3", "rp2350")),
        (f'{ABOUT}port_profile="rp2"\n', ("heap_bytes",)),
        (f'{ABOUT}port_profile="rp2"\nheap_bytes=1\nfilesystem_bytes=1\n[pins.led]', ("led",)),
    ],
)
def test_damaged_file_is_one_sentence(tmp_path, text, words):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(BoardError) as caught:
        load_board(path)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_unknown_names_say_what_there_is():
    with pytest.raises(BoardError, match="rpi_pico_w"):
        load_board("pico")
    with pytest.raises(BoardError, match=r"window.*devices\.kettle"):
        load_board(PICO).wiring("kettle")


def test_pico_is_like_the_pico_w_but_for_the_radio():
    pico, other = load_board("rpi_pico"), load_board(PICO)
    assert pico.wiring("window")["pins"] == other.wiring("window")["pins"]
    assert pico.pins["GP22"] == other.pins["GP22"]
    assert pico.pins["GP25"].reserved == "the board's LED"
    assert "radio" not in str(pico.pins)


def test_like_of_like_is_refused(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(f'{ABOUT}like="rpi_pico"\n')
    with pytest.raises(BoardError, match="like another"):
        load_board(path)


def test_every_leg_of_the_wiring_is_drawn_once():
    """Each line of a bus meets each chip on it, each role its part; nothing hangs in the air."""
    board = load_board(PICO)
    found = parts(board, "window")
    legs = [(part.name, leg.name, leg.pin or leg.net) for part in found for leg in part.legs]
    assert len(legs) == len(set(legs))
    assert ("rain", "RX", "GP8") in legs  # crossed: the processor's TX is GP8
    assert ("rain", "TX", "GP9") in legs
    assert ("indoor", "SDA", "GP4") in legs
    assert ("drv_in1", "in", "GP14") in legs and ("drive", "in1", "drv_in1") in legs
    wired = {pin for _, _, pin in legs if pin.startswith("GP")}
    named = set(board.device("window")["pins"].values())
    assert named <= wired
    for part in found:
        for leg in part.legs:
            assert sum(other.net == leg.net for p in found for other in p.legs) > 1 or leg.pin


@pytest.mark.parametrize("name", names())
def test_drawing_shows_every_pin_that_is_used(name):
    board = load_board(name)
    for device in board.devices:
        picture = draw(board, device)
        for part in parts(board, device):
            assert part.name.replace("_", " ") in picture
            for leg in part.legs:
                assert not leg.pin or f">{leg.pin}<" in picture


def test_a_board_without_a_header_is_refused(table):
    del table["board"]["header"]
    with pytest.raises(BoardError, match=r"\[board\.header\]"):
        draw(Board(table, "board.toml"), "window")


def test_a_header_that_lacks_a_pin_is_refused(table):
    table["board"]["header"]["left"].remove("GP4")
    with pytest.raises(BoardError, match="GP4"):
        draw(Board(table, "board.toml"), "window")


def test_committed_drawings_are_those_of_the_board_files():
    """`pinbench boards draw` makes them again."""
    folder = BOARDS / "wiring"
    made = drawings()
    assert {path.name for path in folder.iterdir()} == set(made)
    for name, text in made.items():
        assert (folder / name).read_text(encoding="utf-8") == text, name
