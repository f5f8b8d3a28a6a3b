"""Plays items of the machine checklist on a connected board, through its raw REPL.

The wiring file (TOML) says what is joined to what; an item that needs a wire which is not there is
skipped by name, and without a file no pin is touched:

    pins = [14, 15]              # GPIOs that may be driven freely
    pair = [2, 3]                # two GPIOs joined by a wire
    i2c = { id = 0, scl = 5, sda = 4 }
    memory = 0x50                # a chip there, and so on: the names of rig.wires
    has = ["pullups", "loop"]    # wires that have no value of their own

Every wait is bounded. A board that resets is entered again, and the item with it; one that hangs
or prints noise costs its item a row.
"""

import json
import time
import tomllib
from pathlib import Path
from typing import Any

import serial

from pinbench.conformance.on_bench import DEVICE, Row
from pinbench.errors import PinbenchError, UsageError

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
FORBIDDEN = ("arm", "fire", "motor", "solenoid", "squib", "inflator")
ENTER_S, ITEM_S, REBOOT_S = 3.0, 20.0, 15.0
MAX_PHASES = 5
_SURVEY = """
import sys, json
from typing import Any
from typing import Any
def read(path):
    try:
        with open(path) as file: return json.load(file)
    except (OSError, ValueError): return {}
live = [s for s in "ab" if read("/slots/%s/manifest.json" % s).get("live")]
try:
    from wiring import PINS
except ImportError:
    PINS = {}
print(json.dumps([sys.platform, getattr(sys.implementation, "_machine", ""), live, PINS]))
"""


class Gone(Exception):
    """The board reset, or the connection broke."""


class Silent(Exception):
    """The board did not answer in time; the text tells what it said last."""


class Link:
    """The raw REPL at a serial device or a pyserial URL."""

    def __init__(self, port):
        self._port = port
        self._serial: Any = None  # a pyserial port while it is open

    def close(self):
        """Leave the raw REPL and the port."""
        if self._serial is not None:
            try:
                self._serial.write(b"\x03\x02")
            except (OSError, serial.SerialException):
                pass
            self._drop()

    def _drop(self):
        serial_port, self._serial = self._serial, None
        try:
            serial_port.close()
        except (OSError, serial.SerialException):
            pass

    def enter(self, within_s=REBOOT_S):
        """Come into the raw REPL, opening the port as often as needed. Raises Silent."""
        end = time.monotonic() + within_s
        last = b""
        while time.monotonic() < end:
            try:
                if self._serial is None:
                    self._serial = serial.serial_for_url(self._port, 115200, timeout=0.1)
                self._serial.write(b"\r\x03\x03\x01")
                last = self._until(BANNER, ENTER_S)
                return
            except (OSError, serial.SerialException, Gone) as error:
                last = str(error).encode()
                if self._serial is not None:
                    self._drop()
                time.sleep(0.2)
            except Silent as error:
                last = str(error).encode()
        raise Silent(f"no raw REPL within {within_s:.0f} s: {last[-80:]!r}")

    def _until(self, mark, within_s):
        end = time.monotonic() + within_s
        seen = b""
        while mark not in seen:
            if time.monotonic() > end:
                raise Silent(f"{seen[-80:]!r}")
            try:
                seen = (seen + self._serial.read(max(1, self._serial.in_waiting)))[-65536:]
            except (OSError, serial.SerialException) as error:
                raise Gone(str(error)) from error
        return seen

    def run(self, source, within_s):
        """Run `source`; returns what it printed, a traceback included. Raises Gone or Silent."""
        try:
            data = source.encode() + b"\x04"
            for at in range(0, len(data), 256):  # a board without flow control loses more
                self._serial.write(data[at : at + 256])
                time.sleep(0.01)
        except (OSError, serial.SerialException) as error:
            raise Gone(str(error)) from error
        seen = self._until(b"OK", ENTER_S).partition(b"OK")[2]
        end = time.monotonic() + within_s
        while seen.count(b"\x04") < 2:
            if b"raw REPL" in seen or b"soft reboot" in seen:
                raise Gone("it reset")
            if time.monotonic() > end:
                raise Silent(f"nothing for {within_s:.0f} s after {seen[-80:]!r}")
            try:
                seen += self._serial.read(max(1, self._serial.in_waiting))
            except (OSError, serial.SerialException) as error:
                raise Gone(str(error)) from error
        return seen.replace(b"\x04", b"\n").rstrip(b">").decode("utf-8", "replace")


def read_wiring(path):
    """Return {name: pins} of a wiring file; UsageError if it cannot be read."""
    if path is None:
        return {}
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is no wiring file: {error}") from error
    for name in table.pop("has", ()):
        table.setdefault(name, True)
    return table


def numbers(value):
    """Yield every GPIO number in a wiring entry."""
    if isinstance(value, dict):
        for key, pin in value.items():
            if key != "id":
                yield from numbers(pin)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


# Wires whose value is a bus address or the number of a chip, not a pin.
_ADDRESSES = ("memory", "nacker", "stretcher", "refuser", "ghost", "slow", "edges")


def refuse_danger(wires, roles):
    """UsageError if a wire lies on a pin whose role on this board could move or fire something."""
    for role, number in roles.items():
        if not any(word in role.lower() for word in FORBIDDEN):
            continue
        for name, value in wires.items():
            if name not in _ADDRESSES and number in numbers(value):
                raise UsageError(
                    f"the wiring file puts {name} on GPIO {number}, which is {role} on this board"
                )


def chip_of(platform, machine):
    """Return the chip as items know it."""
    text = machine.upper()
    if platform == "rp2":
        return "rp2350" if "RP2350" in text else "rp2040"
    return "esp32s3" if "S3" in text else "esp32"


def run(items, port, wiring, tell=None):
    """Play the items on the board at `port`; returns a Row each. Raises PinbenchError."""
    wires = read_wiring(wiring)
    link = Link(port)
    try:
        try:
            link.enter()
            said = link.run(_SURVEY, ENTER_S * 2)
            platform, machine, live, roles = json.loads(said.strip().splitlines()[0])
        except (Gone, Silent, ValueError) as error:
            raise PinbenchError(f"the board at {port} does not answer: {error}") from error
        if live:
            raise UsageError(f"the board at {port} is live (slot {live[0]}): take another one")
        refuse_danger(wires, roles)
        chip = chip_of(platform, machine)
        rows = []
        for done, item in enumerate(items):
            if tell:
                tell(done, len(items))
            state, why = play(link, item, platform, chip, wires)
            rows.append(Row(item.id, platform, "board", state, why))
        return rows
    finally:
        link.close()


def play(link, item, platform, chip, wires):
    """Play one item; returns (state, why)."""
    if platform not in item.ports:
        return "skipped", f"not an item of {platform}"
    if not {"kernel", "vm"} & set(item.carriers):
        return "skipped", "checked on the host"
    lacking = [name for name in item.wires if name not in wires and name != "classic"]
    if lacking:
        return "skipped", f"needs the wire {', '.join(lacking)}"
    if "classic" in item.wires and chip != "esp32":
        return "skipped", "needs the first ESP32"
    for phase in range(MAX_PHASES):
        try:
            link.enter()
            plan = {"port": platform, "chip": chip, "phase": phase, "wires": wires}
            link.run((DEVICE / "item_board.py").read_text(encoding="utf-8"), ENTER_S)
            said = link.run(item.path.read_text(encoding="utf-8"), ENTER_S * 2)
            said += link.run(f"run({item.name}, {plan!r})\n", ITEM_S)
        except Gone:
            continue
        except Silent as error:
            return "failed", f"the board hangs: {error}"
        for line in said.splitlines():
            if line.startswith("=ITEM "):
                state, _, why = line[6:].partition(" ")
                if state == "held" and item.prints and item.prints not in said:
                    return "failed", f"it did not print {item.prints!r}"
                return state, why
        last = [line for line in said.splitlines() if line.strip(" >")]
        return "failed", last[-1] if last else "it printed no row"
    return "failed", f"the board reset {MAX_PHASES} times"
