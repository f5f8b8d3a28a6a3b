"""The story of the kiosk's ledger: a bank is rented and returned, and the power goes in between.

Ledger, custody, desk and core are those that ship, on the VM's own littlefs. Cabinet and customer
live here, outside: what the solenoids have done and who holds what outlasts every cut. The oracle
reads the image by littlefs-python, with an own reader of the journal, and counts what happened.

The desk's slots, switches and ids reach the core as plain data; the drivers between them are cut
by tests/kiosk/test_cuts.py, which runs the whole firmware on the bench.
"""

import functools
import json
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from pinbench.board.definitions import load_board
from pinbench.cuts.image import ImageError, read_files
from pinbench.cuts.lives import Geometry, Raised, geometry
from pinbench.cuts.sweep import Wrong
from pinbench.deploy.build import compile_all
from pinbench.paths import FIRMWARE

BOARD = "rpi_pico2_w"
_BLOCKS = 64  # of its flash: enough for what is written, and quick to compare
_SCRIPT = Path(__file__).parent / "vm_cut_story.py"
_SHELL = {"main", "panel", "reader", "link", "store"}  # with pins and buses: not in this story
_UNIX = 1767225600  # 2026-01-01
_EPOCH = 1704067200  # of the ledger's times: 2024-01-01
_SLOTS = 8
_HOME = 7  # where the bank is returned to
_STEP_MS = 100
_DARK_MS = 20_000  # without power
_SPAN_MS = 1_800_000  # between two looks while the bank is out
_OUT_MS = 3 * _SPAN_MS
_PRICE = 400  # cents, for the two hours begun in that time
DARK = ("waits", "takes", "pushes")

# The records of the journal that move something, as firmware/kiosk/records.py defines them.
_CHECKPOINT, _EJECT, _TAKEN, _VOID, _RETURNED, _PLACED, _MISSING = 1, 2, 3, 4, 5, 7, 8
_EARLY = 0x80
_LAYOUT = {
    _EJECT: "<8sIBB8s8s",
    _TAKEN: "<IBB8s8s",
    _VOID: "<IBB",
    _RETURNED: "<IB8sBII",
    _PLACED: "<B8sB",
    _MISSING: "<B8s",
}


def shape():
    """Return the Geometry: units of the board's flash, fewer blocks."""
    about = geometry(BOARD)
    return Geometry(_BLOCKS * about.block, about.block, about.program)


def bank(number):
    """Return the id of a bank."""
    return bytes([1, number, 0, 0, 0, 0, 7, number * 5])


@dataclass(frozen=True)
class World:
    """Everything outside of the flash. inside: of each slot; open: mask of gates.

    sent_ms: when the command in hand was first sent, -1: not yet. fired: commands for which a gate
    has opened. took, gave: how often a bank left the cabinet, and came back.
    """

    ms: int = 0
    inside: tuple[bytes | None, ...] = (None,) * _SLOTS
    open: int = 0
    hand: bytes | None = None
    round: int = 0  # of rentals; the command's name
    sent_ms: int = -1
    fired: tuple[bytes, ...] = ()
    since_ms: int = 0  # when the bank in hand was taken
    took: int = 0
    gave: int = 0

    @property
    def command(self):
        """Return the 8 bytes that name the command of this round."""
        return b"ask" + struct.pack("<I", self.round) + b"!"

    def take(self):
        """Take the bank of the open slot; the gate springs shut."""
        number = self.open.bit_length() - 1
        inside = list(self.inside)
        hand, inside[number] = inside[number], None
        taken = replace(self, inside=tuple(inside), open=0, hand=hand, since_ms=self.ms)
        return replace(taken, took=self.took + 1)

    def give(self):
        """Put the bank in hand back; a slot that is free."""
        inside = list(self.inside)
        number = _HOME if inside[_HOME] is None else inside.index(None)
        inside[number] = self.hand
        return replace(self, inside=tuple(inside), hand=None, gave=self.gave + 1)


class Kept:
    """What the flash says, by a reader of its own: the records replayed from the first on.

    It looks at no checkpoint, so a ledger that went by a wrong one differs from it.
    """

    def __init__(self, image, form):
        self.slots: list[bytes | None] = [None] * _SLOTS
        self.opened = {}  # slot -> (ref, command)
        self.commands = {}  # ref -> command
        self.rented = {}  # ref -> bank
        self.count = dict.fromkeys((_CHECKPOINT, *_LAYOUT), 0)
        self.bills = []
        try:
            files = read_files(image, form, "/ledger")
        except ImageError as error:
            raise Wrong(str(error)) from None
        self.size = sum(map(len, files.values()))
        self.newest = len(files[max(files)]) if files else 0
        last = 0
        for path in sorted(files):
            for sequence, payload in _records(int(path[-12:-4]), files[path]):
                if sequence > last:  # else a copy of one that was read
                    last = sequence
                    self._apply(sequence, payload)

    def _apply(self, sequence, payload):
        kind = payload[0] & ~_EARLY
        if kind in self.count:
            self.count[kind] += 1
        if kind not in _LAYOUT:
            return
        values = struct.unpack(_LAYOUT[kind], payload[5:])
        if kind == _EJECT:
            command, _, _, number, rom, _ = values
            self._expect(self.slots[number] == rom, "an eject of a bank that is not there")
            self.opened[number] = sequence, command
            self.commands[sequence] = command
        elif kind == _TAKEN:
            ref, _, number, rom, _ = values
            self._expect(self.opened.pop(number, (0,))[0] == ref, "taken without an open eject")
            self.slots[number] = None
            self.rented[ref] = rom
        elif kind == _VOID:
            ref, number, _ = values
            self._expect(self.opened.pop(number, (0,))[0] == ref, "void without an open eject")
        elif kind == _RETURNED:
            ref, number, rom, bad, cents, _ = values
            self._expect(self.rented.pop(ref, None) == rom, "a bank returned that was not rented")
            self._expect(not bad, "a sound bank in quarantine")
            self.slots[number] = rom
            self.bills.append(cents)
        elif kind == _PLACED:
            self.slots[values[0]] = values[1]
        else:
            raise Wrong("a bank is missing that somebody has rented")

    @staticmethod
    def _expect(holds, text):
        if not holds:
            raise Wrong(f"on the flash: {text}")


def _records(number, data):
    """Yield (sequence, payload) of the whole records in a segment (see services/journal.py)."""
    at = 0
    while at + 11 <= len(data):
        mark, n, sequence = struct.unpack_from("<BHI", data, at)
        end = at + 7 + n
        seed = (number * 2654435761 + at) & 0xFFFFFFFF
        whole = mark == 0xA7 and end + 4 <= len(data)
        if whole and zlib.crc32(data[at:end], seed) == struct.unpack_from("<I", data, end)[0]:
            yield sequence, data[at + 7 : end]
            at = end + 4
        else:
            at += 1


@functools.cache
def _firmware(patches):
    """Return path -> bytes of what goes onto the flash; patches: (file, find, replace) each."""
    names = {f"kiosk/{path.name}" for path in (FIRMWARE / "kiosk").glob("*.py")}
    names -= {f"kiosk/{name}.py" for name in _SHELL}
    names |= {"services/journal.py"}
    sources = {name: (FIRMWARE / name).read_text(encoding="utf-8") for name in sorted(names)}
    for file, find, new in patches:
        if sources[file].count(find) != 1:
            raise ValueError(f"{file} has no such place, or more than one: {find}")
        sources[file] = sources[file].replace(find, new)
    encoded = {name: text.encode() for name, text in sources.items()}
    return compile_all(encoded, load_board(BOARD).about["mpy_arch"])


class Life:
    """The kiosk from one start to a loss of power, and the world around it."""

    def __init__(self, story, world):
        self._story = story
        self._session = story.device.boot()
        self.world = world
        self.operations = []
        self.changes = []  # (how many operations there were, World)
        self._do(story.script)
        self._do(f"start({_UNIX + world.ms // 1000})")

    def end(self):
        """Switch the supply off."""
        self._session.end()

    def change(self, world):
        """Something happens outside."""
        self.world = world
        self.changes.append((len(self.operations), world))

    def run(self, ms, step_ms=_STEP_MS):
        """Let time pass; a solenoid that the core wants driven opens its gate."""
        steps = ms // step_ms
        while steps > 0:
            world = self.world
            present = sum((rom is not None) << n for n, rom in enumerate(world.inside))
            ids = [rom.hex() if rom else "" for rom in world.inside]
            shut = 0xFF & ~world.open
            text = f"run({steps}, {step_ms}, {present}, {shut}, {ids})"
            done = self._call(text, steps * step_ms)
            steps -= done
            self.world = replace(self.world, ms=self.world.ms + done * step_ms)

    def rent(self):
        """The network sends the command, or sends it again."""
        world = self.world
        if world.sent_ms < 0:
            self.change(replace(world, sent_ms=world.ms))
        asked = {
            "do": "rent",
            "id": world.command.hex(),
            "member": b"a person".hex(),
            "until": _UNIX + self.world.sent_ms // 1000 + 590,
        }
        return self._call(f"order({asked})")["result"]

    def state(self):
        """Return what the ledger in the VM says."""
        return self._call("state()")

    def _call(self, text, within_ms=0):
        answer, ejects = json.loads(self._do(text, within_ms)[-1])
        for number, ref in ejects:
            self._fire(number, ref)
            self._do("pulsed()")
        return answer

    def _do(self, text, within_ms=0):
        """Execute; what is written meanwhile bears the world of now, and the time of the end."""
        before = len(self._session.operations)
        try:
            said = self._session.run(text)
        except Raised as error:
            raise Wrong(f"the kiosk fell over: {error}") from None
        finally:
            fresh = self._session.operations[before:]
            stamp = replace(self.world, ms=self.world.ms + within_ms)
            self.operations += [replace(op, stamp=stamp) for op in fresh]
        return said

    def _fire(self, number, ref):
        """The solenoid acts: its record must be on the flash by now."""
        kept = self._story.kept()
        if kept.opened.get(number, (0,))[0] != ref:
            raise Wrong("a solenoid fired before its eject was on flash")
        command = kept.commands[ref]
        if command in self.world.fired:
            raise Wrong("two ejects for one command")
        fired = (*self.world.fired, command)
        self.change(replace(self.world, open=1 << number, fired=fired))


class Rental:
    """One rental and one return, asked for by a command that the network sends more than once.

    rounds: how many rentals the ledger already holds, or "full": as many as fit before the next
    begins a segment and a checkpoint. dark: what the customer does with an open gate while there
    is no power. patches: mistakes in the firmware. Raises sweep.Wrong if that does not hold.
    """

    def __init__(self, device, rounds: int | str = 0, dark="waits", patches=()):
        self.device = device
        self.unit = device.geometry.program
        self.script = _SCRIPT.read_text(encoding="utf-8")
        self._dark = dark
        device.format()
        self._install(_firmware(tuple(patches)))
        self.start = self._prepare(rounds)
        self.changes = []

    def _install(self, files):
        session = self.device.boot()
        session.run("import os\nfor name in ('kiosk', 'services'): os.mkdir(name)")
        for path, data in files.items():
            session.run(f"with open({path!r}, 'wb') as file: file.write({data!r})")
        session.end()

    def _prepare(self, rounds):
        """Six banks, all known, and a ledger with some history; returns the World."""
        life = Life(self, World(inside=tuple(bank(n) if n < 6 else None for n in range(_SLOTS))))
        life.run(2000)
        while not self._is_ready(rounds, life.world.round):
            self._whole(life)
            life.change(replace(life.world, round=life.world.round + 1, sent_ms=-1))
        life.end()
        return replace(life.world, ms=life.world.ms + _DARK_MS)

    def _is_ready(self, rounds, done):
        if rounds != "full":
            return done >= rounds
        return self.kept().size > 8192 - 60

    def kept(self):
        """Read the flash."""
        return Kept(self.device.image, self.device.geometry)

    # -- what the sweep asks for

    def play(self):
        """The whole of it, without a cut."""
        life = Life(self, self.start)
        try:
            life.run(1000)
            self._whole(life)
            self._judge(life)
        finally:
            life.end()
        self.changes = life.changes
        if (life.world.took, life.world.gave) != (self.start.took + 1, self.start.gave + 1):
            raise Wrong("without any cut the bank is not rented and returned")
        return [("cut", life)]

    def recover(self, context):
        """The power comes back to what the cut has left; everything goes on to its end."""
        world = replace(context[1], ms=context[1].ms + _DARK_MS)
        if world.open and self._dark == "takes":
            world = world.take()
        elif world.open and self._dark == "pushes":
            world = replace(world, open=0)
        life = Life(self, world)
        try:
            life.run(1000)
            if not life.world.open:
                self._hold(life)
            self._whole(life)
            self._judge(life)
        finally:
            life.end()
        return [("cut", life)]

    def moments(self):
        """Yield a story for each change outside: cut there, between two operations of the flash.

        It begins on the flash as it was at that moment, which is put there, and is the recovery.
        """
        device = self.device
        mark = device.mark()
        golden = self.play()[0][1].operations
        changes = self.changes
        device.restore(mark)
        for done, world in changes:
            device.put((op.at, op.new) for op in golden[:done])
            yield Moment(self, world)
            device.put((op.at, op.old) for op in reversed(golden[:done]))

    def _whole(self, life):
        """What is still to be done of the rental; the command is heard twice, and once late."""
        life.rent()
        life.run(_STEP_MS)
        life.rent()
        life.run(500)
        if life.world.open:
            life.change(life.world.take())
            life.run(500)
            self._hold(life)
        if life.world.hand is not None:
            while life.world.ms < life.world.since_ms + _OUT_MS:
                life.run(_SPAN_MS, _SPAN_MS)
            life.change(life.world.give())
            life.run(500)
        if life.rent() == "busy":
            raise Wrong("nothing is open, and the cabinet is busy")
        life.run(_STEP_MS)

    # -- what must hold, whenever all gates are shut and the core has looked

    def _hold(self, life):
        world, kept, state = life.world, self.kept(), life.state()
        inside = [rom.hex() if rom else "" for rom in world.inside]
        if [rom.hex() if rom else "" for rom in kept.slots] != inside or kept.opened:
            raise Wrong("on the flash the banks are not where they are")
        if state["slots"] != inside or any(state["open"]):
            raise Wrong("in the ledger the banks are not where they are")
        hand = [] if world.hand is None else [world.hand]
        charged = list(kept.rented.values())
        if charged != hand or state["rented"] != [rom.hex() for rom in charged]:
            who = "somebody holds a bank uncharged" if hand else "charged for a bank not taken"
            raise Wrong(f"{who}: {len(charged)} rentals on the flash, {state['rented']} known")
        counted = kept.count[_TAKEN], kept.count[_RETURNED]
        if counted != (world.took, world.gave):
            raise Wrong(f"rentals and returns {counted}, for {world.took} and {world.gave}")
        if any(cents > _PRICE for cents in kept.bills):
            raise Wrong("a bill for longer than the bank was out")

    def _judge(self, life):
        self._hold(life)
        bills = self.kept().bills
        if bills != [_PRICE] * life.world.gave:
            raise Wrong(f"bills {bills[-2:]} of {life.world.gave} returns")


class Moment:
    """What follows a cut in the world `world` of the story `rental`; for cuts.sweep."""

    def __init__(self, rental, world):
        self.unit = rental.unit
        self.world = world
        self._rental = rental

    def play(self):
        """The recovery from that cut."""
        return self._rental.recover(("cut", self.world))

    def recover(self, context):
        """The same after a cut in it."""
        return self._rental.recover(context)
