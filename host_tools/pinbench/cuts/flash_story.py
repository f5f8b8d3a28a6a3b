"""The story of a flash: new version, trial, settings, loader, rollback, and what must hold in it.

The device's side is what ships: boot.py, the host's snippets and the services, on the VM's own
littlefs. The host's side is the code of `pinbench flash`, from its survey to its last step.
"""

import functools
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

from pinbench.board.definitions import load_board
from pinbench.cuts.image import ImageError, read_files
from pinbench.cuts.sweep import Wrong
from pinbench.deploy import flash as deploy
from pinbench.deploy import loader, manifest, snippets
from pinbench.deploy.build import Build, compile_all, mpy_versions
from pinbench.deploy.imports import trace
from pinbench.deploy.link import Link
from pinbench.errors import PinbenchError
from pinbench.paths import FIRMWARE
from pinbench.simulator.profiles import profile

BOARD = "rpi_pico_w"
LEFT_OVER = {"/settings.json.new", "/boot.py.new", "/main.py.new", "/slots/active.new"}
REPL = "run_file('/boot.py')\n"  # a soft reset into the raw REPL skips main.py
BOOT = REPL + "run_file('/main.py')\n"

_IMPORTS = """
from services import slots
from services.log import Log
from services.settings import Integer, Settings
"""
_MAIN = """
import asyncio
from case import core, table
from drivers import part
{imports}

print("parts %d %d %d %d" % ({n}, core.VERSION, table.VERSION, part.VERSION))
log = Log()
settings = Settings({{"n": Integer(0, 0, 1000)}}, log)


class Health:
    well = {well}


async def main():
    asyncio.create_task(slots.confirm_when_well(Health(), log, lambda: True))
    while True:
        await asyncio.sleep_ms(5000)


{does}
asyncio.run(main())
"""


@dataclass(frozen=True)
class Version:
    """One version of the device `case`; `well`: it comes up, and its health is good."""

    name: str
    build: Build
    well: bool


def _services():
    """Return path -> source of the shipped services that a version imports."""
    with tempfile.TemporaryDirectory(prefix="pinbench-cuts-") as folder:
        root = Path(folder)
        (root / "services").symlink_to(FIRMWARE / "services")
        (root / "case").mkdir()
        (root / "case" / "main.py").write_text(_IMPORTS)
        found = trace(root, "case")
        return {path: file.read_bytes() for path, file in found.items() if "case" not in path}


def make_version(number, well=True, does="", extra=()):
    """Return a Version whose parts all bear `number`; `does` is run before its tasks."""
    part = f"VERSION = {number}\n"
    sources = {
        "case/__init__.py": "",
        "case/main.py": _MAIN.format(imports=_IMPORTS, n=number, well=well, does=does),
        "case/core.py": part + f"TEXT = {'core' * 30 * number!r}\n",
        "case/table.py": part + f"TABLE = {bytes(range(40, 120)) * 60!r}\n",
        "drivers/part.py": part,
        "wiring.py": "BOARD = 'case'\n",  # the same in all
    }
    sources |= {path: part for path in extra}
    encoded = {path: text.encode() for path, text in sources.items()} | _services()
    board = load_board(BOARD)
    files = compile_all(encoded, board.about["mpy_arch"])
    about = manifest.make(
        files,
        device="case",
        board=board.name,
        version=str(number),
        commit="none",
        mpy=mpy_versions(files),
        live=False,
        loader=loader.version(),
    )
    return Version(str(number), Build(board, "case", files, encoded, about), well)


_MACHINE = vars(profile(load_board(BOARD).port_profile))["machine"]
source = functools.cache(snippets.source)  # thousands of sessions send it


class LifeLink(Link):
    """A cuts.lives.Session as the host's connection: what it executes in one raw REPL."""

    def __init__(self, session):
        super().__init__("a life")
        self._session = session
        self.run(REPL)
        self.run(
            "from io import BytesIO\nfrom deflate import RAW, DeflateIO\n"
            "def feed_watchdog(): pass\n"
            f"def inflate(data): return DeflateIO(BytesIO(data), RAW, {snippets.WINDOW_BITS})\n"
            "import sys\nclass _About: pass\n_About._mpy = sys.implementation._mpy\n"
            f"_About._machine = {_MACHINE!r}\n_About.version = (1, 29, 0)\n"
            "sys.implementation = _About\n"
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def reset(self):
        """The next life is the next step."""

    def run(self, code, silence_s=None):
        return "\n".join(self._session.run(code))

    def load(self, *names):
        for name in names:
            if name not in self._sent:
                self.run(source(name))
                self.run("feed = feed_watchdog")
                self._sent.add(name)


@dataclass(frozen=True)
class State:
    """What the device is: the version that it runs ("" for none), settings, loader's version."""

    runs: str
    settings: str
    loader: str


class FlashStory:
    """A sequence of steps, each one life. Subclasses say where it begins and what the steps are.

    A step is (method, what it changes): while it lasts, and after a cut in it, each of the things
    may be as before or as changed; after it, as changed.
    """

    managed = True  # pinbench has flashed it before
    may_adopt = False

    def __init__(self, device):
        self.device = device
        self.unit = device.geometry.program
        self._texts = loader.texts()
        self.starts = False  # the image has a loader, and what calls it
        self.versions = {}
        self.steps = []
        self.start = State("", "", "")
        self.prepare()

    def prepare(self):
        """Format the flash and bring it to where the story begins."""
        raise NotImplementedError

    # -- what a step does; each returns a Life

    def boot(self):
        """Start as the supply comes on; resets on the way are part of it."""
        return self.device.run(BOOT)

    def host(self, work):
        """A raw REPL, in which the host does work(link)."""
        session = self.device.boot()
        try:
            work(LifeLink(session))
        except PinbenchError as error:
            session.end()
            raise Wrong(f"a step of the host was refused: {error}") from None
        return session.end()

    def flash(self, name):
        """What `pinbench flash` does up to the reset."""
        made = self.versions[name].build

        def work(link):
            with (
                patch.object(deploy, "Link", lambda port: link),
                patch.object(deploy, "build", lambda *about: made),
                patch.object(deploy.adopt, "copy", lambda *about: ""),  # it only reads
            ):
                deploy.flash(made.board, "case", "", may_adopt=self.may_adopt, until="switched")

        return self.host(work)

    def put_settings(self, text):
        """What `pinbench settings set` does."""

        def work(link):
            link.load("look", "change")
            link.run(f"put_settings({text!r})")

        return self.host(work)

    def keep_settings(self, text):
        """What the firmware does when it keeps a setting itself."""
        code = (
            "import sys\nsys.path.insert(0, '/slots/%s')\n"
            "from services.atomic import write_atomic\n"
            f"write_atomic('/settings.json', {text!r})\n"
        )
        slot = self.record()["slot"]
        return self.device.run(code % slot)

    def put_loader(self, text):
        """A new boot.py on a board that has one."""

        def work(link):
            link.load("look", "change")
            link.run(f"put_loader({text!r}, {self._texts[1]!r})")

        return self.host(work)

    def rollback(self, left):
        """What `pinbench rollback` does on a device that runs slot `left`."""

        def work(link):
            if self.record()["slot"] == left:  # else it is done: a second one would undo it
                link.load("look", "change")
                link.run("rollback()")

        return self.host(work)

    # -- the run, and the recovery

    def play(self):
        """Do all steps; returns [(context, Life)] for cuts.sweep."""
        lives = []
        state = self.start
        for index in range(len(self.steps)):
            done, state = self.step(index, state)
            lives += done
        return lives

    def step(self, index, state):
        """Do one step in `state`; returns its lives, and the State after it."""
        work, changes = self.steps[index]
        life = work()
        lives = [((index, state), life)]
        if life.ended == "reset":
            lives += self.settle((index, state))
        after = replace(state, **changes)
        self.judge(after, after)
        return lives, after

    def settle(self, context):
        """Boot until it stays up; returns the lives."""
        lives = []
        for _ in range(8):
            life = self.boot()
            lives.append((context, life))
            if life.ended == "off" or not life.ended:
                return lives
            if life.ended != "reset":
                raise Wrong(f"it does not start: {life.ended}, {life.said}")
        raise Wrong(f"it resets again and again: {life.said}")

    def recover(self, context):
        """After a cut: the device alone, then the host, which does its step again."""
        index, state = context
        after = replace(state, **self.steps[index][1])
        self.judge(state, after, booted=False)
        lives = self.settle(context)
        found = self.judge(self.at_rest(state), self.at_rest(after))
        self.check_start(lives, found)
        again, then = self.step(index, found)
        self.check_start(self.settle(context), self.at_rest(then))
        return lives + again

    def check_start(self, lives, state):
        """The version that runs is the one that the record names, in all its parts."""
        runs = started(lives[-1][1].said)
        if runs != state.runs:
            raise Wrong(f"version {state.runs!r} is active, but {runs!r} started")

    def at_rest(self, state):
        """Return the state that the device comes to by itself."""
        return state

    def record(self):
        """Return the record of the active slot, {} if there is none."""
        files = read_files(self.device.image, self.device.geometry)
        return json.loads(files.get("/slots/active", b"{}"))

    # -- the oracle

    def judge(self, before, after, booted=True):
        """Return the State in the image, which must be `before` or `after` in each part.

        `booted`: the device has come up since the last cut. Raises Wrong.
        """
        try:
            files = read_files(self.device.image, self.device.geometry)
        except ImageError as error:
            raise Wrong(str(error)) from None
        self.starts = "/main.py" in files and "/boot.py" in files
        boot = self.loader_in(files)
        settings = files.pop("/settings.json", b"").decode("utf-8", "replace")
        found = State(self.version_in(files), settings, boot)
        for part in ("runs", "settings", "loader"):
            allowed = {getattr(before, part), getattr(after, part)}
            value = getattr(found, part)
            if value not in allowed and (booted or part != "runs"):
                raise Wrong(f"{part} is {_short(value)}, not {' or '.join(map(_short, allowed))}")
        return found

    def loader_in(self, files):
        boot = files.pop("/boot.py", b"").decode("utf-8", "replace")
        main = files.pop("/main.py", b"").decode("utf-8", "replace")
        if main not in ("", self._texts[1]):
            raise Wrong(f"main.py is {main!r}")
        return boot

    def version_in(self, files):
        """Return the name of the version in the active slot; every slot that counts is whole."""
        slots = {}
        for slot in ("a", "b"):
            top = f"/slots/{slot}/"
            there = {p[len(top) :]: data for p, data in files.items() if p.startswith(top)}
            text = there.pop("manifest.json", None)
            there.pop("manifest.json.new", None)
            slots[slot] = self.name_of(slot, text, there) if text is not None else ""
        rest = {path for path in files if not path.startswith(("/slots/a/", "/slots/b/"))}
        strange = rest - LEFT_OVER - {"/slots/active"}
        if strange:
            raise Wrong(f"there are files that nobody put there: {sorted(strange)}")
        if "/slots/active" not in files:
            if self.managed:
                raise Wrong("the record of the active slot is gone")
            # Before the first switch: as the loader chooses, once it is there.
            return (slots["a"] or slots["b"]) if self.starts else ""
        try:
            record = json.loads(files["/slots/active"])
            slot, state = record["slot"], record["state"]
            name = slots[slot]
        except (ValueError, KeyError, TypeError):
            raise Wrong(f"the record is damaged: {files['/slots/active']!r}") from None
        if not name:
            raise Wrong(f"slot {slot} is active, but not whole")
        if state == "confirmed" and not self.versions[name].well:
            raise Wrong(f"version {name} was never well, but is confirmed")
        return name

    def name_of(self, slot, text, there):
        """Return whose manifest it is; every file must be that version's, and no other there."""
        for name, version in self.versions.items():
            if version and version.build.text.encode() == text:
                wanted = version.build.files
                if there != wanted:
                    strange = sorted(set(there) ^ set(wanted))
                    changed = [p for p in there if wanted.get(p, there[p]) != there[p]]
                    raise Wrong(
                        f"slot {slot} is a mixture: manifest of version {name}, but "
                        f"missing or stale: {strange}, changed: {sorted(changed)}"
                    )
                return name
        raise Wrong(f"slot {slot} has a damaged manifest: {text[:60]!r}")


def _short(text):
    return repr(text if len(text) < 60 else text.split("\n")[0] + "...")


def started(said):
    """Return the version that said so, "" for none; all its parts must be of one version."""
    for line in said:
        if line.startswith("parts "):
            numbers = set(line.split()[1:])
            if len(numbers) != 1:
                raise Wrong(f"a mixture started: {line}")
            return numbers.pop()
    return ""


class Update(FlashStory):
    """From 1 (its slot beside an older version) to 2; settings, loader; and back to 1."""

    def prepare(self):
        self.versions = {
            "0": make_version(0, extra=("case/old.py", "old/gone.py")),
            "1": make_version(1, extra=("case/also.py",)),
            "2": make_version(2),
        }
        self.device.format()
        self.flash("0")
        self.boot()
        old, new, newer = '{"n": 5}', '{"n": 6, "wiring": {"led": 3}}', '{"n": 7}'
        self.put_settings(old)
        self.flash("1")
        self.boot()
        boot = self._texts[0]
        second = boot.replace("# pinbench loader 1\n", "# pinbench loader 2\n")
        self.start = State("1", old, boot)
        self.judge(self.start, self.start)
        self.steps = [
            (lambda: self.flash("2"), {"runs": "2"}),
            (self.boot, {}),
            (lambda: self.put_settings(new), {"settings": new}),
            (lambda: self.put_loader(second), {"loader": second}),
            (self.boot, {}),
            (lambda: self.keep_settings(newer), {"settings": newer}),
            (lambda: self.rollback("a"), {"runs": "1"}),
            (self.boot, {}),
        ]


class Unwell(FlashStory):
    """A version that never reports health, then one that raises: each goes back by itself."""

    def prepare(self):
        self.versions = {
            "1": make_version(1),
            "2": make_version(2),
            "3": make_version(3, well=False),
            "4": make_version(4, well=False, does="raise ValueError('wrong')"),
        }
        self.device.format()
        self.flash("1")
        self.boot()
        self.flash("2")
        self.boot()
        self.start = State("2", "", self._texts[0])
        self.judge(self.start, self.start)
        self.steps = [
            (lambda: self.flash("3"), {"runs": "3"}),
            (self.boot, {"runs": "2"}),
            (lambda: self.flash("4"), {"runs": "4"}),
            (self.boot, {"runs": "2"}),
        ]

    def at_rest(self, state):
        return replace(state, runs="2")


class First(FlashStory):
    """The first version, on a board without any file."""

    managed = False

    def prepare(self):
        self.versions = {"1": make_version(1)}
        self.device.format()
        self.start = State(self.put_there(), "", "")
        self.judge(self.start, self.start)
        self.steps = [
            (lambda: self.flash("1"), {"runs": "1", "loader": self._texts[0]}),
            (self.boot, {}),
        ]

    def put_there(self):
        """What was on the board before; returns the name of what it runs."""
        return ""

    def step(self, index, state):
        lives, after = super().step(index, state)
        if self.record().get("id") != self.versions["1"].build.manifest["id"]:
            raise Wrong("it was flashed, but no record says which slot starts")
        return lives, after


class Adopted(First):
    """The first version, on a board that somebody else's program runs on."""

    may_adopt = True
    foreign = "print('parts 9')\n"

    def put_there(self):
        text = f"with open('/main.py', 'w') as f: f.write({self.foreign!r})\n"
        text += "import os\nos.mkdir('/lib')\nwith open('/lib/x.py', 'w') as f: f.write('1')\n"
        self.device.run(text)
        return "9"

    def version_in(self, files):
        files.pop("/lib/x.py", None)  # copied to the host before, and removed last
        own = super().version_in(files)
        return "9" if self._is_foreign else own

    def loader_in(self, files):
        self._is_foreign = files.get("/main.py", b"").decode() == self.foreign
        if self._is_foreign:
            del files["/main.py"]
        return super().loader_in(files)


STORIES = {"update": Update, "unwell": Unwell, "first": First, "adopted": Adopted}
