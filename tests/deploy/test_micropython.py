"""MicroPython from a user's file: only what is made for the board, whole, and small enough."""

import struct

import pytest

from pinbench.board.definitions import load_board
from pinbench.deploy import micropython
from pinbench.errors import PinbenchError, UsageError

RP2040, RP2350 = 0xE48BFF56, 0xE48BFF59
NAME = b"Raspberry Pi Pico W with RP2040\0"


def uf2(image, family=RP2040, base=0x10000000, flags=0x2000, skip=()):
    count = -(-len(image) // 256)
    out = b""
    for number in range(count):
        piece = image[256 * number :][:256].ljust(476, b"\0")
        head = (0x0A324655, 0x9E5D5157, flags, base + 256 * number, 256, number, count, family)
        if number not in skip:
            out += struct.pack("<8I", *head) + piece + struct.pack("<I", 0x0AB16F30)
    return out


def esp(chip=9, name=b"Generic ESP32S3 module with ESP32S3\0", size=4096):
    head = bytearray(24)
    head[0] = 0xE9
    struct.pack_into("<H", head, 12, chip)
    return (bytes(head) + name).ljust(size, b"\xff")


IMAGE = NAME + bytes(2000)
BAD_UF2 = {
    "another chip": (uf2(IMAGE, RP2350), "not made for the RP2040"),
    "another board": (uf2(NAME.replace(b" W", b"") + bytes(900)), "no MicroPython for a"),
    "cut short": (uf2(IMAGE)[:-300], "no whole UF2"),
    "a block missing": (uf2(IMAGE, skip={3}), "not whole"),
    "into the file system": (uf2(IMAGE, base=0x10000000 + 1_228_000), "does not fit"),
    "not for flash": (uf2(IMAGE, base=0x20000000), "does not fit"),
    "damaged": (b"\0" * 512, "no UF2 file"),
    "no family": (uf2(IMAGE, flags=0), "does not say"),
    "empty": (b"", "no whole UF2"),
}


@pytest.mark.parametrize("data, words", BAD_UF2.values(), ids=BAD_UF2)
def test_a_wrong_uf2_is_refused(tmp_path, data, words):
    path = tmp_path / "f.uf2"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=words):
        micropython.check(path, load_board("rpi_pico_w"))


def test_the_block_that_picotool_adds_is_passed_over(tmp_path):
    path = tmp_path / "f.uf2"
    extra = uf2(b"\xef" * 256, family=0xE48BFF57, base=0x10FFFF00)
    path.write_bytes(extra + uf2(IMAGE))
    kind, size = micropython.check(path, load_board("rpi_pico_w"))
    assert (kind, size) == ("uf2", 256 * 8)


BAD_BIN = {
    "another chip": (esp(chip=0), "not made for the esp32s3"),
    "another board": (esp(name=b"Generic ESP32C3 module\0"), "no MicroPython for a"),
    "a uf2": (uf2(IMAGE), "no image"),
    "too large": (esp(size=3 << 20), "does not fit"),
}


@pytest.mark.parametrize("data, words", BAD_BIN.values(), ids=BAD_BIN)
def test_a_wrong_image_for_the_esp32_is_refused(tmp_path, data, words):
    path = tmp_path / "f.bin"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=words):
        micropython.check(path, load_board("esp32_s3_devkitc"))


def test_an_image_goes_to_the_boot_drive_only(tmp_path):
    path = tmp_path / "f.uf2"
    path.write_bytes(uf2(IMAGE))
    board = load_board("rpi_pico_w")
    drives = tmp_path / "media"
    drive = drives / "me" / "RPI-RP2"
    drive.mkdir(parents=True)
    with pytest.raises(UsageError, match="not the boot drive"):
        micropython.put(path, board, None, str(drive), print)
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nBoard-ID: RPI-RP2\n")
    assert micropython.find_drive(board, [drives]) == drive
    micropython.put(path, board, None, str(drive), print)
    assert (drive / "f.uf2").read_bytes() == path.read_bytes()


def test_without_a_boot_drive_it_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(micropython, "_mounted", lambda roots=None: [])
    with pytest.raises(PinbenchError, match="BOOTSEL"):
        micropython.put("f.uf2", load_board("rpi_pico_w"), None, None, print)


def test_esptool_writes_it_at_the_start_of_the_flash(monkeypatch):
    commands = []

    class Done:
        returncode = 0

    monkeypatch.setattr(micropython.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(
        micropython.subprocess, "run", lambda command: commands.append(command) or Done
    )
    board = load_board("esp32_s3_devkitc")
    micropython.put("f.bin", board, "/dev/ttyUSB0", None, print)
    assert commands[0][1:] == [
        "-m", "esptool", "--chip", "esp32s3", "--port", "/dev/ttyUSB0", "write-flash", "0", "f.bin"
    ]  # fmt: skip
    Done.returncode = 2
    with pytest.raises(PinbenchError, match="esptool ended"):
        micropython.put("f.bin", board, "/dev/ttyUSB0", None, print)
    with pytest.raises(UsageError, match="--port"):
        micropython.put("f.bin", board, None, None, print)
