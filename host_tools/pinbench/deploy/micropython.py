"""MicroPython itself onto a board: is the file made for it, and how does it get there."""

import importlib.util
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

from pinbench.deploy import refusals
from pinbench.errors import PinbenchError, UsageError

# UF2 (github.com/microsoft/uf2): blocks of 512 bytes with these words at their ends; bit 0x2000 of
# the flags says that the family is named. Families: uf2families.json there.
_UF2_BEGIN = (0x0A324655, 0x9E5D5157)
_UF2_END = 0x0AB16F30
_UF2_HAS_FAMILY = 0x2000
_UF2_FAMILIES = {"rp2": (0xE48BFF56, "RP2040"), "rp2350": (0xE48BFF59, "RP2350")}
_UF2_ABSOLUTE = 0xE48BFF57  # one block that picotool adds for RP2350-E10, outside the image
_XIP_BASE = 0x10000000  # where the flash is mapped (RP2040 and RP2350 datasheets, address map)

# esp_image_header_t (docs, "Firmware Image Format"): magic, and the chip's id at offset 12.
_ESP_MAGIC = 0xE9
_ESP_CHIPS = {"esp32": (9, "esp32s3")}
_DRIVE_S = 20


def check(path, board):
    """Return (kind, bytes) of a firmware file that fits `board`: kind "uf2" or "bin".

    Refused are a file for another chip or board, one that is not whole, and one that would reach
    into the file system. Raises UsageError.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"there is no {path}: name a .uf2 or .bin of MicroPython") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if board.port_profile in _UF2_FAMILIES:
        kind, image = "uf2", _uf2_image(path, data, board)
    elif board.port_profile in _ESP_CHIPS:
        kind, image = "bin", _esp_image(path, data, board)
    else:
        raise UsageError(f"{board.name} takes no firmware file")
    name = refusals.machine_of(board).split(" with ")[0]
    # The banner's text stands in the image; a Pico's and a Pico W's differ in nothing else.
    if not any(name.encode() + end in image for end in (b" with", b"\0")):
        raise UsageError(f"{path} is no MicroPython for a {name}: download the one for it")
    return kind, len(image)


def _room(board):
    """Return the bytes of flash before the file system; None if the board file does not say."""
    flash = board.about.get("flash_bytes")
    return None if flash is None else flash - board.about["filesystem_bytes"]


def _uf2_image(path, data, board):
    family, chip = _UF2_FAMILIES[board.port_profile]
    if not data or len(data) % 512:
        raise UsageError(f"{path} is no whole UF2 file: download it again")
    pieces = {}
    total = None
    for at in range(0, len(data), 512):
        head = struct.unpack_from("<8I", data, at)
        begin, flags, address, size, number, count, named = head[:2], *head[2:]
        if begin != _UF2_BEGIN or struct.unpack_from("<I", data, at + 508)[0] != _UF2_END:
            raise UsageError(f"{path} is no UF2 file, or damaged: download it again")
        if not flags & _UF2_HAS_FAMILY or size > 476:
            raise UsageError(f"{path} does not say for which chip it is made")
        if named == _UF2_ABSOLUTE:
            continue
        if named != family:
            raise UsageError(f"{path} is not made for the {chip} of a {board.title}")
        total = count
        pieces[number] = (address, data[at + 32 : at + 32 + size])
    if total is None or sorted(pieces) != list(range(total)):
        raise UsageError(f"{path} is not whole: {len(pieces)} of {total or 0} blocks are there")
    room = _room(board)
    end = max(address + len(piece) for address, piece in pieces.values()) - _XIP_BASE
    start = min(address for address, _ in pieces.values())
    if start < _XIP_BASE or (room is not None and end > room):
        raise UsageError(
            f"{path} does not fit: it ends at {end:,} bytes of flash, and a {board.title} has "
            f"{room or 0:,} before its file system"
        )
    return b"".join(pieces[number][1] for number in range(total))


def _esp_image(path, data, board):
    chip, name = _ESP_CHIPS[board.port_profile]
    if len(data) < 24 or data[0] != _ESP_MAGIC:
        raise UsageError(f"{path} is no image for an ESP32: choose the .bin, not another file")
    if struct.unpack_from("<H", data, 12)[0] != chip:
        raise UsageError(f"{path} is not made for the {name} of a {board.title}")
    room = _room(board)
    if room is not None and len(data) > room:
        raise UsageError(
            f"{path} does not fit: it has {len(data):,} bytes, and a {board.title} has {room:,} "
            "before its file system"
        )
    return data


def to_drive(path, drive):
    """Copy a UF2 file onto the boot drive of a Pico; the board restarts with it by itself."""
    target = Path(drive) / Path(path).name
    try:
        with open(path, "rb") as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink)
            sink.flush()
    except OSError as error:
        raise PinbenchError(f"{drive} could not be written: {error.strerror}") from None


def find_drive(board, roots=None):
    """Return the boot drive of the board, None if there is none. Raises UsageError if several."""
    _, chip = _UF2_FAMILIES[board.port_profile]
    found = [folder for folder in _mounted(roots) if is_boot_drive(folder, chip)]
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise UsageError(f"there are {len(found)} boot drives ({names}): name one with --drive")
    return found[0] if found else None


def is_boot_drive(folder, chip):
    """True for the drive that the chip's boot ROM shows (its file INFO_UF2.TXT says so)."""
    try:
        text = (Path(folder) / "INFO_UF2.TXT").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    names = {"RP2040": ("RPI-RP2",), "RP2350": ("RP2350",)}[chip]
    return any(name in text for name in names)


def _mounted(roots=None):
    """Yield the folders where systems mount drives."""
    for root in roots or ("/media", "/run/media", "/Volumes", "/mnt"):
        for pattern in ("*", "*/*"):
            yield from sorted(Path(root).glob(pattern))


def put(path, board, port, drive, say):
    """Bring a file that `check` has passed onto the board; raises PinbenchError."""
    if board.port_profile in _ESP_CHIPS:
        if not port:
            raise UsageError("name the --port of the board: esptool writes through it")
        _esptool(path, _ESP_CHIPS[board.port_profile][1], port)
        return
    _, chip = _UF2_FAMILIES[board.port_profile]
    if drive and not is_boot_drive(drive, chip):
        raise UsageError(f"{drive} is not the boot drive of a {board.title}")
    if port and not drive:
        _to_bootloader(board, port)
        say("the board restarts as a drive")
    end_s = time.monotonic() + (_DRIVE_S if port else 0)
    while not drive:
        drive = find_drive(board)
        if drive or time.monotonic() > end_s:
            break
        time.sleep(0.3)
    if not drive:
        raise PinbenchError(
            f"the boot drive of the {board.title} is not there: hold BOOTSEL while you plug it "
            "in, or name its --drive"
        )
    to_drive(path, drive)


def _to_bootloader(board, port):
    from pinbench.deploy.flash import look
    from pinbench.deploy.link import Link

    with Link(port) as link:
        refusals.wrong_board(board, look(link))
        if look(link).virtual:
            raise UsageError("a virtual board has the MicroPython of this computer: no file fits")
        link.bootloader()


def _esptool(path, chip, port):
    """Write an image at the start of the flash, as MicroPython's page for the S3 says."""
    if importlib.util.find_spec("esptool") is None:
        raise UsageError("esptool is not installed: `pip install -e '.[esp32]'` brings it")
    command = [sys.executable, "-m", "esptool", "--chip", chip, "--port", port]
    done = subprocess.run([*command, "write-flash", "0", str(path)])
    if done.returncode:
        raise PinbenchError(
            f"esptool ended with code {done.returncode}: hold BOOT while you plug the board in, "
            "and try again"
        )
