"""Plays items of the machine checklist on a connected board, through its raw REPL.

The wiring file (TOML) says what is joined to what; an item that needs a wire which is not there is
skipped by name, and without a file no pin is touched:

    pins = [14, 15]              # GPIOs that may be driven freely
    pair = [2, 3]                # two GPIOs joined by a wire
    i2c = { id = 0, scl = 5, sda = 4 }
    memory = 0x50                # a chip there, and so on: the names of rig.wires
    has = ["pullups", "loop"]    # wires that have no value of their own

Each item begins after a soft reset. Every wait is bounded: a board that resets is entered again,
and the item with it; one that hangs or prints noise costs its item a row.
"""

import json
import tomllib
from pathlib import Path

from pinbench.conformance.link import ENTER_S, Gone, Link, Silent
from pinbench.conformance.on_bench import DEVICE, Row
from pinbench.conformance.rig import misprint
from pinbench.errors import PinbenchError, UsageError

# Words of a role on whose pin nothing but its own firmware may act: it moves, locks or fires.
FORBIDDEN = ("arm", "fire", "motor", "drv", "solenoid", "eject", "squib", "inflator", "heater")
ITEM_S = 20.0
MAX_PHASES = 8
_SOON_S = 1.0
_WHY = 200  # characters of a row's reason
_GIVE_UP = 3  # items one after the other for which the board could not be reached
_MARK = "=BOARD "
SURVEY = """
import sys, json
def read(path):
    try:
        with open(path) as file: return json.load(file)
    except (OSError, ValueError): return {}
live = [s for s in "ab" if read("/slots/%s/manifest.json" % s).get("live")]
slot = read("/slots/active").get("slot")
if slot: sys.path.insert(0, "/slots/%s" % slot)
try:
    from wiring import PINS
except ImportError:
    PINS = {}
try:
    from wiring import LIVE
    if LIVE: live.append(slot)
except ImportError:
    pass
machine = getattr(sys.implementation, "_machine", "")
print("=BOARD " + json.dumps([sys.platform, machine, live, PINS, str(0.1 + 0.2) == "0.3"]))
"""


def read_wiring(path):
    """Return {name: pins} of a wiring file; UsageError if it cannot be read."""
    if path is None:
        return {}
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is no wiring file: {error}") from error
    has = table.pop("has", [])
    if not isinstance(has, list) or not all(isinstance(name, str) for name in has):
        raise UsageError(f'{path}: `has` must be a list of names, such as ["pullups"]')
    for name in has:
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
    for role, number in sorted(roles.items()):
        if not set(FORBIDDEN) & set(role.lower().split("_")):
            continue
        for name, value in wires.items():
            if name not in _ADDRESSES and number in numbers(value):
                raise UsageError(
                    f"the wiring file puts {name} on GPIO {number}, which is {role} on this "
                    "board: choose another pin"
                )


def chip_of(platform, machine):
    """Return the chip as items know it."""
    text = machine.upper()
    if platform == "rp2":
        return "rp2350" if "RP2350" in text else "rp2040"
    return "esp32s3" if "S3" in text else "esp32"


def read_survey(said, port):
    """Return (platform, machine, roles, floats are single) of a board from what SURVEY printed.

    Raises UsageError if a version on it is live, ValueError or IndexError if `said` is noise.
    """
    found = json.loads(said.partition(_MARK)[2].splitlines()[0])
    platform, machine, live, roles, single = found
    if live:
        raise UsageError(
            f"the board at {port} is live (slot {live[0]}): it could fire or move; take another "
            "one"
        )
    return platform, machine, roles, single


class Player:
    """Plays items on the board at `port`. Raises PinbenchError if it does not answer at all, and
    UsageError if it must not be used."""

    def __init__(self, port, wires):
        self._link = Link(port)
        self._wires = wires
        self._lost = 0  # items in a row for which it could not be reached
        self._dirty = False  # the last item leaves something that only a reset ends
        try:
            self._survey(port)
        except BaseException:
            self._link.close()
            raise

    def _survey(self, port):
        try:
            self._link.enter()
            said = self._link.run(SURVEY, ENTER_S * 2)
            found = read_survey(said, port)
        except (Gone, Silent, ValueError, IndexError) as error:
            raise PinbenchError(
                f"the board at {port} does not answer ({error}): check the cable and the port"
            ) from error
        self.platform, machine, roles, self._single = found
        if self.platform not in ("rp2", "esp32"):
            raise UsageError(
                f"the board at {port} is {self.platform}: the items know rp2 and esp32"
            )
        refuse_danger(self._wires, roles)
        self.chip = chip_of(self.platform, machine)

    def close(self):
        """Leave the board at its friendly REPL."""
        self._link.close()

    def play(self, item):
        """Play one item; returns (state, why)."""
        why = self._no_play(item)
        if why:
            return "skipped", why
        if self._lost >= _GIVE_UP:
            return "failed", "the board is gone"
        try:
            self._begin(item)
            for phase in range(MAX_PHASES):
                try:
                    return self._phase(item, phase)
                except Gone:
                    self._link.enter()
        except Silent as error:
            self._lost += 1
            return "failed", f"the board hangs: {error}"
        return "failed", f"the board reset {MAX_PHASES} times"

    def _no_play(self, item):
        carriers = set(item.carriers)
        if self.platform not in item.ports:
            return f"not an item of {self.platform}"
        if not {"kernel", "cpython", "vm", "float32"} & carriers:
            return "checked on the host"
        if not {"kernel", "cpython", "vm"} & carriers and not self._single:
            return "its floats are double"
        given = {*self._wires, "classic", "search"}  # the last two are no wires
        lacking = [name for name in item.wires if name not in given]
        if lacking:
            return f"needs the wire {', '.join(lacking)}"
        if "classic" in item.wires and self.chip != "esp32":
            return "needs the first ESP32"
        return ""

    def _begin(self, item):
        """Bring the board to where an item may begin; only a hard reset stops a watchdog."""
        if self._dirty:
            self._link.enter()
            try:
                self._link.run("import machine\nmachine.reset()", ENTER_S)
            except (Gone, Silent):
                pass
        self._dirty = "WDT(" in item.path.read_text(encoding="utf-8")
        self._link.fresh()

    def _phase(self, item, phase):
        try:
            plan = {"port": self.platform, "chip": self.chip, "phase": phase, "wires": self._wires}
            given = (DEVICE / "item_board.py").read_text(encoding="utf-8")
            self._link.run(given + "\n_play = run\n", ENTER_S)  # an item's file may have a run()
            said = self._link.run(item.path.read_text(encoding="utf-8"), ENTER_S * 2)
            said += self._link.run(f"_play({item.name}, {plan!r})\n", ITEM_S)
        finally:
            self._lost = 0
        for line in said.splitlines():
            if line.startswith("=ITEM "):
                state, _, why = line[6:].partition(" ")
                if state not in ("held", "failed", "skipped"):
                    continue
                wrong = misprint(item.printed(self.platform), said)
                if state == "held" and wrong:
                    state, why = "failed", wrong
                return state, why[:_WHY]
        if self._link.resets(_SOON_S):
            raise Gone("it reset")
        last = [line for line in said.splitlines() if line.strip(" >")]
        return "failed", f"no row, but {last[-1][-_WHY:]!r}" if last else "it printed no row"


def run(items, port, wiring, tell=None):
    """Play the items on the board at `port`; returns a Row each. Raises PinbenchError."""
    wires = read_wiring(wiring)
    player = Player(port, wires)
    try:
        rows = []
        for done, item in enumerate(items):
            if tell:
                tell(done, len(items))
            rows.append(Row(item.id, player.platform, "board", *player.play(item)))
        return rows
    finally:
        player.close()
