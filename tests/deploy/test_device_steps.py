"""What the host executes on a board, look.py and change.py, on the VM's own littlefs."""

import hashlib
import json

import pytest

from pinbench.cuts.image import read_files
from pinbench.cuts.lives import Raised
from pinbench.deploy import snippets

pytestmark = pytest.mark.vm

OLD = {"case/main.mpy": "old", "case/same.mpy": "same" * 900, "gone/part.mpy": "x"}
NEW = {"case/main.mpy": "new", "case/same.mpy": "same" * 900, "lib/more.mpy": "y"}


def manifest(files, id):
    entries = {
        path: {"sha256": hashlib.sha256(data.encode()).hexdigest(), "bytes": len(data)}
        for path, data in files.items()
    }
    return json.dumps({"device": "case", "version": id, "id": id, "files": entries})


class Board:
    """A device in its raw REPL, with the host's code loaded."""

    def __init__(self, lives):
        self._lives = lives
        lives.format()
        self.restart()

    def restart(self):
        """Begin a new life, and with it a new session."""
        self._session = self._lives.boot()
        self.run(snippets.source("look") + "\n" + snippets.source("change"))

    def run(self, code):
        return "\n".join(self._session.run(code))

    def ask(self, expression):
        return json.loads(self.run(f"import json\nprint(json.dumps({expression}))"))

    def refused(self, code):
        """Run what must raise ValueError; returns its sentence. Nothing may have been written."""
        before = len(self._session.operations)
        with pytest.raises(Raised, match="ValueError") as caught:
            self.run(code)
        assert len(self._session.operations) == before
        return str(caught.value).strip().split("\n")[-1]

    def send(self, slot, files, paths):
        """Write files into a slot as the host's transfer does."""
        for path in paths:
            to = f"/slots/{slot}/{path}"
            self.run(f"make_folder({to.rpartition('/')[0]!r})")
            self.run(f"with open({to!r}, 'w') as f: f.write({files[path]!r})")

    def fill(self, slot, files, id):
        """Bring a whole version into a slot; returns what had to be sent."""
        text = manifest(files, id)
        missing = self.ask(f"begin({slot!r}, {text!r})")
        self.send(slot, files, missing)
        self.run(f"finish({slot!r}, {text!r})")
        return missing

    def start(self, slot, id):
        """Switch to a slot and let it be confirmed."""
        self.run(f"switch({slot!r}, {id!r})")
        self.run("record = table(ACTIVE)\nrecord['state'] = 'confirmed'")
        self.run("replace(ACTIVE, json.dumps(record))")

    @property
    def files(self):
        """Path -> text of everything on the flash, read outside the VM."""
        found = read_files(self._lives.image, self._lives.geometry)
        return {path: data.decode() for path, data in found.items()}

    @property
    def record(self):
        return json.loads(self.files["/slots/active"])


@pytest.fixture
def board(lives):
    board = Board(lives)
    yield board
    board._session.end()


def slot_files(board, slot):
    top = f"/slots/{slot}/"
    return {path[len(top) :]: text for path, text in board.files.items() if path.startswith(top)}


# -- into a slot


def test_everything_is_sent_to_an_empty_slot_and_its_manifest_last(board):
    assert sorted(board.fill("a", OLD, "1")) == sorted(OLD)
    assert slot_files(board, "a") == {**OLD, "manifest.json": manifest(OLD, "1")}
    assert board.ask("verify('a')") == []


def test_what_the_other_slot_has_is_copied_and_what_is_stale_goes_with_its_folder(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.fill("b", {**OLD, "old/deep/er.mpy": "z"}, "0")
    assert sorted(board.fill("b", NEW, "2")) == ["case/main.mpy", "lib/more.mpy"]
    assert slot_files(board, "b") == {**NEW, "manifest.json": manifest(NEW, "2")}
    assert sorted(board.ask("os.listdir('/slots/b')")) == ["case", "lib", "manifest.json"]


def test_a_damaged_file_of_the_other_slot_is_sent(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.run("with open('/slots/a/case/same.mpy', 'r+') as f: f.write('S')")
    assert "case/same.mpy" in board.fill("b", NEW, "2")


def test_an_interrupted_transfer_goes_on_where_it_was(board):
    text = manifest(NEW, "2")
    board.ask(f"begin('a', {text!r})")
    board.send("a", NEW, ["case/same.mpy"])
    board.run("with open('/slots/a/case/main.mpy', 'w') as f: f.write('ne')")  # half of it
    board.restart()
    assert sorted(board.ask(f"begin('a', {text!r})")) == ["case/main.mpy", "lib/more.mpy"]
    assert board.ask("look()")["ids"] == {"a": None, "b": None}


def test_begin_changes_nothing_in_a_slot_that_is_as_it_shall_be(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.fill("b", NEW, "2")
    before = board.files
    assert board.ask(f"begin('b', {manifest(NEW, '2')!r})") == []
    assert board.files == before


def test_what_runs_is_not_written(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    said = board.refused(f"begin('a', {manifest(NEW, '2')!r})")
    assert said == "ValueError: slot a runs: it cannot be written"


def test_what_a_trial_falls_back_to_is_not_written(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.fill("b", NEW, "2")
    board.run("switch('b', '2')")
    said = board.refused(f"begin('a', {manifest(NEW, '3')!r})")
    assert said == "ValueError: slot a is what the trial falls back to: roll back, or wait"


def test_there_are_two_slots(board):
    said = board.refused(f"begin('c', {manifest(NEW, '2')!r})")
    assert said == "ValueError: there is no slot c"


@pytest.mark.parametrize(
    "damage",
    [
        "os.remove('/slots/a/lib/more.mpy')",
        "with open('/slots/a/case/main.mpy', 'w') as f: f.write('nex')",
        "with open('/slots/a/stale.mpy', 'w') as f: f.write('')",
    ],
)
def test_a_slot_that_is_not_as_its_manifest_says_does_not_count(board, damage):
    text = manifest(NEW, "2")
    board.send("a", NEW, board.ask(f"begin('a', {text!r})"))
    board.run(damage)
    assert "slot a is not whole: " in board.refused(f"finish('a', {text!r})")
    assert "/slots/a/manifest.json" not in board.files


def test_verify_names_what_is_wrong(board):
    assert board.ask("verify('a')") is None
    board.fill("a", NEW, "2")
    board.run("os.remove('/slots/a/lib/more.mpy')")
    board.run("with open('/slots/a/case/main.mpy', 'w') as f: f.write('nex')")
    board.run("with open('/slots/a/stale.mpy', 'w') as f: f.write('')")
    assert board.ask("verify('a')") == ["case/main.mpy", "lib/more.mpy", "stale.mpy"]


# -- which slot starts


def test_a_switch_puts_the_new_version_on_trial_and_keeps_the_way_back(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.fill("b", NEW, "2")
    board.run("switch('b', '2', 30, 5)")
    assert board.record == {
        "slot": "b",
        "state": "trial",
        "tries": 0,
        "max_tries": 5,
        "previous": "a",
        "health_s": 30,
        "id": "2",
    }


def test_a_repeated_switch_changes_nothing(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    before = board.files
    board.run("switch('a', '1')")
    assert board.files == before


def test_the_first_version_has_nothing_to_go_back_to(board):
    board.fill("a", OLD, "1")
    board.run("switch('a', '1')")
    assert board.record["previous"] is None
    assert board.refused("rollback()") == "ValueError: there is no version to go back to"


@pytest.mark.parametrize("slot", ["a", "b"])
def test_only_a_whole_slot_with_that_version_is_switched_to(board, slot):
    board.fill("a", OLD, "1")
    said = board.refused(f"switch({slot!r}, '2')")
    assert said == f"ValueError: slot {slot} does not hold the version that is to start"
    board.run("os.remove('/slots/a/case/main.mpy')")
    board.refused("switch('a', '1')")


def test_rollback_goes_back_and_forth_between_confirmed_versions(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.fill("b", NEW, "2")
    board.start("b", "2")
    board.run("rollback()")
    found = board.record
    assert (found["slot"], found["state"], found["id"], found["previous"]) == (
        "a", "confirmed", "1", "b",
    )  # fmt: skip
    board.run("rollback()")
    assert (board.record["slot"], board.record["id"]) == ("b", "2")


def test_rollback_out_of_a_trial_is_for_good(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.fill("b", NEW, "2")
    board.run("switch('b', '2')")
    board.run("rollback()")
    assert (board.record["slot"], board.record["previous"]) == ("a", None)
    board.refused("rollback()")


def test_rollback_is_refused_once_the_old_version_is_gone(board):
    board.fill("a", OLD, "1")
    board.start("a", "1")
    board.fill("b", NEW, "2")
    board.start("b", "2")
    board.ask(f"begin('a', {manifest(NEW, '3')!r})")
    assert board.refused("rollback()") == "ValueError: there is no version to go back to"


# -- settings, loader, the files of others


def test_settings_are_a_json_object_or_refused(board):
    board.run("put_settings('{\"n\": 1}')")
    assert board.files["/settings.json"] == '{"n": 1}'
    board.refused("put_settings('[1]')")
    board.refused("put_settings('{\"n\"')")
    assert board.files["/settings.json"] == '{"n": 1}'


def test_a_loader_that_does_not_compile_is_refused(board):
    assert board.ask("put_loader('a = 1', 'b = 2')") == ["/boot.py", "/main.py"]
    with pytest.raises(Raised, match="SyntaxError"):
        board.run("put_loader('def', 'b = 2')")
    assert board.ask("put_loader('a = 1', 'b = 3')") == ["/main.py"]
    assert (board.files["/boot.py"], board.files["/main.py"]) == ("a = 1", "b = 3")


def test_files_are_removed_with_the_folders_that_they_leave_empty(board):
    for path in ("/x.py", "/lib/a.py", "/lib/in/b.py", "/keep/c.py", "/keep/d.py"):
        board.run(f"make_folder({path.rpartition('/')[0]!r})")
        board.run(f"with open({path!r}, 'w') as f: f.write('1')")
    board.run("remove(['/x.py', '/lib/a.py', '/lib/in/b.py', '/keep/c.py', '/never/was.py'])")
    assert sorted(board.files) == ["/keep/d.py"]
    assert board.ask("os.listdir('/')") == ["keep"]


def test_look_tells_what_a_plan_needs(board):
    board.run("put_loader('# pinbench loader 7\\na = 1', 'start()')")
    board.fill("a", OLD, "1")
    board.run("switch('a', '1')")
    found = board.ask("look()")
    assert found["running"] == "a"
    assert found["ids"] == {"a": "1", "b": None}
    assert (found["loader"], found["main"]) == ("# pinbench loader 7", "start()")
    assert found["top"] == ["boot.py", "main.py", "slots"]
    assert found["active"]["state"] == "trial"
    assert 0 < found["free_bytes"] < 848 * 1024


def test_a_watchdog_is_fed_before_every_file(board):
    board.run("fed = [0]\ndef feed(): fed[0] += 1")
    board.fill("a", OLD, "1")
    assert int(board.run("print(fed[0])")) >= 3 * len(OLD)
