"""Boards as data: `boards/NAME.toml` says what every pin can do, and how each device is wired.

The bench builds its nets from the same wiring that the firmware build writes to a board.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pinbench.errors import BoardError
from pinbench.paths import BOARDS
from pinbench.simulator.profiles import PROFILES

_PIN_NAME = re.compile(r"[A-Z]+(\d+)")
_BUSES = ("i2c", "spi", "uart")
_BUS_PINS = {
    "i2c": ("scl", "sda"),
    "spi": ("sck", "mosi", "miso"),
    "uart": ("tx", "rx"),
}


@dataclass(frozen=True)
class Pin:
    """One pin: its GPIO number, what it can be besides a plain pin, and who else needs it."""

    name: str
    number: int
    functions: tuple[str, ...]
    reserved: str = ""


class Board:
    """A board file that has been read; `pins` maps "GP4" to Pin, `devices` names who is wired."""

    def __init__(self, table: dict, source: str):
        self.source = source
        self._file = table
        about = _table(table, "board", source)
        for key in ("name", "title", "port_profile", "mpy_arch"):
            if not isinstance(about.get(key), str):
                raise BoardError(f'{source}: [board] needs {key} = "..."')
        if about["port_profile"] not in PROFILES:
            raise BoardError(
                f"{source}: port_profile {about['port_profile']!r} is unknown: "
                f"choose one of {', '.join(PROFILES)}"
            )
        for key in ("heap_bytes", "filesystem_bytes"):
            if not isinstance(about.get(key), int):
                raise BoardError(f"{source}: [board] needs {key}, a number of bytes")
        self.name: str = about["name"]
        self.title: str = about["title"]
        self.port_profile: str = about["port_profile"]
        self.about = about
        self.pins = _pins(table, source, tuple(about.get("every_pin", ())))
        self._devices = _table(table, "devices", source)
        self.devices = sorted(self._devices)

    def device(self, name: str) -> dict:
        """Return the device's tables as the file has them. Raises BoardError if it has none."""
        if name not in self._devices:
            wired = ", ".join(self.devices) or "nothing"
            raise BoardError(
                f"{name} is not wired on {self.name} (it has {wired}): "
                f"add [devices.{name}.pins] to {self.source}"
            )
        return self._devices[name]

    def wiring(self, device: str) -> dict:
        """Return the checked wiring of `device` as plain data, pins as GPIO numbers.

        Keys: board, device, profile (strings); heap_bytes, flash_bytes; pins, pwm (role -> GPIO
        number, role -> Hz); i2c, spi, uart, chips, nets (name -> table). Raises BoardError with
        the first fault.
        """
        from pinbench.board.rules import faults

        for fault in faults(self, device):
            raise BoardError(fault)
        table = self.device(device)
        wiring = {
            "board": self.name,
            "device": device,
            "profile": self.port_profile,
            "heap_bytes": self.about["heap_bytes"],
            "flash_bytes": self.about["filesystem_bytes"],
            "pins": {role: self.pins[pin].number for role, pin in table.get("pins", {}).items()},
            "pwm": dict(table.get("pwm", {})),
            "chips": {role: dict(chip) for role, chip in table.get("chips", {}).items()},
            "nets": {name: dict(net) for name, net in table.get("nets", {}).items()},
        }
        for kind in _BUSES:
            wiring[kind] = {
                name: self._numbers(kind, bus) for name, bus in table.get(kind, {}).items()
            }
        return wiring

    def overridden(self, device: str, changes: dict) -> Board:
        """Return this board with `changes` merged into the tables of `device`.

        `changes` has the form of [devices.NAME]: {"pins": {"button": "GP21"}}. What it says is
        checked with the rest, by `wiring`. Raises BoardError if it is no table.
        """
        merged = _merge(self.device(device), changes, f"the settings' wiring of {device}")
        return Board(
            {**self._file, "devices": {**self._devices, device: merged}}, self.source
        )

    def wiring_module(self, device: str, live: bool = False) -> str:
        """Return the source of the module `wiring` that firmware imports. Raises BoardError.

        `live`: outputs that can hurt may be driven; a build without it only says what it would do.
        """
        wiring = self.wiring(device)
        lines = [
            f'"""The wiring of {device} on {self.title}, made from {self.source}: edit that."""',
            "",
            f"BOARD = {self.name!r}",
            f"LIVE = {live!r}",
        ]
        for key in ("pins", "i2c", "spi", "uart", "chips"):
            lines.append(f"{key.upper()} = {{")
            lines += [f"    {name!r}: {value!r}," for name, value in wiring[key].items()]
            lines.append("}")
        return "\n".join(lines) + "\n"

    def _numbers(self, kind: str, bus: dict) -> dict:
        pins = _BUS_PINS[kind]
        return {key: self.pins[v].number if key in pins else v for key, v in bus.items()}


def names() -> list[str]:
    """Return the names of the boards that pinbench knows."""
    return sorted(path.stem for path in BOARDS.glob("*.toml"))


def load_board(name_or_path: str | Path, stands_for: str | None = None) -> Board:
    """Read a board by its name, or by the path of its file. Raises BoardError.

    A board whose file says `stands_for = "NAME"` has that board's pins, wiring and budgets where
    it says nothing else; `stands_for` names another one instead. One that says `like = "NAME"` has
    its pins, header and wiring, pin by pin and device by device.
    """
    table, source = _read(name_or_path)
    other = table.get("board", {}).get("stands_for")
    if other:
        base, _ = _alike(*_read(stands_for or other))
        about = {**_table(base, "board", source), **table["board"]}
        about["stands_for"] = base["board"].get("name")
        table = {**base, **table, "board": about}
    return Board(*_alike(table, source))


def _alike(table: dict, source: str) -> tuple[dict, str]:
    """Fill in what the board that this one is like has and this one does not say."""
    name = table.get("board", {}).get("like")
    if not name:
        return table, source
    base, base_source = _read(name)
    if "like" in base.get("board", {}):
        raise BoardError(f"{source} is like {name}, which is like another: name that one")
    merged = dict(table)
    for section in ("pins", "devices"):
        merged[section] = {
            **_table(base, section, base_source),
            **_table(table, section, source),
        }
    header = base["board"].get("header")
    merged["board"] = {"header": header, **table["board"]} if header else table["board"]
    return merged, source


def _read(name_or_path: str | Path) -> tuple[dict, str]:
    text = str(name_or_path)
    path = Path(text) if text.endswith(".toml") else BOARDS / f"{text}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), path.name
    except FileNotFoundError:
        raise BoardError(
            f"there is no board {text!r}: choose one of {', '.join(names())}, or name a .toml file"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BoardError(f"{path.name} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"{path.name} is not TOML: {error}") from None


def _merge(table: dict, changes: object, where: str) -> dict:
    if not isinstance(changes, dict):
        raise BoardError(f"{where} must be a table, as [devices.NAME] in a board file")
    merged = dict(table)
    for key, value in changes.items():
        old = table.get(key)
        merged[key] = _merge(old, value, f"{where}.{key}") if isinstance(old, dict) else value
    return merged


def _table(table: dict, key: str, source: str) -> dict:
    found = table.get(key, {})
    if not isinstance(found, dict):
        raise BoardError(f"{source}: {key} must be a table, [{key}]")
    return found


def _pins(table: dict, source: str, every_pin: tuple[str, ...]) -> dict[str, Pin]:
    pins = {}
    for name, entry in _table(table, "pins", source).items():
        found = _PIN_NAME.fullmatch(name)
        if found is None or not isinstance(entry, dict):
            raise BoardError(f"{source}: {name} is no pin: write [pins.GP4], functions = [...]")
        functions = (*entry.get("functions", ()), *every_pin)
        pins[name] = Pin(name, int(found[1]), functions, entry.get("reserved", ""))
    return pins
