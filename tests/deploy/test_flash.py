"""Flashing a real VM behind the virtual board: whole versions only, whatever comes in between."""

import os
import random
import threading
import time

import pytest

from pinbench.board.virtual import BAUD_115200, VirtualBoard
from pinbench.cuts.image import read_files
from pinbench.cuts.lives import geometry
from pinbench.deploy import rollback, settings
from pinbench.deploy.build import build
from pinbench.deploy.flash import flash
from pinbench.deploy.link import BoardError, Link
from pinbench.deploy.monitor import follow
from pinbench.deploy.refusals import Refused
from pinbench.errors import PinbenchError, UsageError

pytestmark = [pytest.mark.vm, pytest.mark.long]


@pytest.fixture(scope="module")
def board():
    with VirtualBoard(tcp_port=0) as board:
        yield board


@pytest.fixture(scope="module")
def tree(shared_tree):
    return shared_tree


def put(tree, board, **options):
    port = options.pop("port", board.port)
    options.setdefault("wait_s", 20)
    return flash(tree.board, "blink", port, root=tree.root, **options)


def say(tree, word):
    tree.write("blink/words.py", f"WORD = {word!r}\n")


def files_of(board):
    """Path -> bytes of all files, read outside the board."""
    return read_files(board.image(), geometry("rpi_pico_w"))


def slot_of(board, slot):
    top = f"/slots/{slot}/"
    return {p[len(top) :]: data for p, data in files_of(board).items() if p.startswith(top)}


def expected(tree):
    made = build(tree.board, "blink", root=tree.root)
    return {**made.files, "manifest.json": made.text.encode()}


def run_on(board, code):
    with Link(board.port) as link:
        return link.run(code)


# The tests of this module share a board, each on top of what the one before it left there.


def test_a_blank_board_gets_a_whole_version_that_reports_health(board, tree):
    done = put(tree, board)
    assert (done.slot, done.outcome.kind) == ("a", "well")
    assert done.sent_files == done.files
    assert slot_of(board, "a") == expected(tree)
    board.wait_for("blink says one")


def test_nothing_changed_sends_nothing_and_is_verified(board, tree):
    board.count_from_here()
    done = put(tree, board)
    assert done.nothing and done.sent_files == 0
    assert board.counters.to_board < 3000


def test_one_file_changed_sends_that_file_into_the_other_slot(board, tree):
    say(tree, "two")
    done = put(tree, board, until="confirmed")
    assert (done.slot, done.sent_files, done.outcome.kind) == ("b", 1, "confirmed")
    assert slot_of(board, "b") == expected(tree)
    assert b'"confirmed"' in files_of(board)["/slots/active"]


def test_a_file_that_was_changed_on_the_board_is_noticed(board, tree):
    path = "/slots/b/blink/words.mpy"
    run_on(board, f"f=open({path!r},'r+b')\nf.write(b'X')\nf.close()")
    done = put(tree, board)
    assert not done.nothing
    assert slot_of(board, done.slot) == expected(tree)
    assert done.outcome.kind == "well"


def test_a_stale_file_vanishes(board, tree):
    tree.write("blink/gone.py", "X = 1\n")
    tree.write("blink/words.py", "from blink.gone import X\nWORD = 'three'\n")
    first = put(tree, board)
    assert "blink/gone.mpy" in slot_of(board, first.slot)
    tree.remove("blink/gone.py")
    say(tree, "four")
    for _ in range(2):  # both slots, one after the other
        tree.write("blink/words.py", f"WORD = 'four {random.random()}'\n")
        done = put(tree, board, until="confirmed")
    assert not [path for path in files_of(board) if "gone" in path]
    assert slot_of(board, done.slot) == expected(tree)


def test_a_version_that_crashes_at_boot_is_given_up_by_the_board_itself(board, tree):
    say(tree, "good")
    good = put(tree, board, until="confirmed")
    tree.write("blink/words.py", "WORD = 1 // 0\n")
    bad = put(tree, board, wait_s=40)
    assert bad.outcome.kind == "back"
    assert "ZeroDivisionError" in bad.outcome.text
    assert bad.outcome.exit_code == 1
    board.wait_for("blink says good")
    assert slot_of(board, good.slot)["blink/words.mpy"] != slot_of(board, bad.slot)[
        "blink/words.mpy"
    ]


def test_a_version_that_never_reports_health_is_given_up(board, tree):
    tree.write("blink/words.py", "WORD = 'mute'\nimport time\nwhile True:\n    time.sleep(1)\n")
    done = put(tree, board, health_s=2, wait_s=40)
    assert done.outcome.kind == "back"
    board.wait_for("blink says good")


def test_while_a_bad_version_is_on_trial_a_better_one_takes_its_place(board, tree):
    tree.write("blink/words.py", "WORD = 'mute'\nimport time\nwhile True:\n    time.sleep(1)\n")
    bad = put(tree, board, until="switched")
    say(tree, "better")
    done = put(tree, board, until="confirmed")
    assert done.slot == bad.slot
    assert done.outcome.kind == "confirmed"
    board.wait_for("blink says better")


def test_a_dry_run_changes_nothing(board, tree):
    before = {p: d for p, d in files_of(board).items() if p.startswith("/slots")}
    say(tree, "dry")
    done = put(tree, board, dry_run=True)
    assert "send   blink/words.mpy" in "\n".join(done.notes)
    assert {p: d for p, d in files_of(board).items() if p.startswith("/slots")} == before


def test_rollback_starts_the_version_before(board, tree):
    say(tree, "newer")
    put(tree, board, until="confirmed")
    outcome = rollback.rollback(board.port, 20)
    assert outcome.kind == "started"
    board.wait_for("blink says better")


def test_by_a_url_as_well(board, tree):
    say(tree, "by socket")
    done = put(tree, board, port=f"socket://127.0.0.1:{board.tcp_port}", until="confirmed")
    assert done.outcome.kind == "confirmed"
    board.wait_for("blink says by socket")


def test_the_board_is_heard_without_being_disturbed(board, tree):
    resets = len(board.resets)
    lines = [line for _, line in follow(board.port, 0.5)]
    assert len(board.resets) == resets
    assert all(line.text for line in lines)


# -- settings


SECRET = "hunter2-is-not-shown"


def test_settings_are_kept_merged_and_never_shown(board, tree, capsys):
    board.do(lambda: setattr(board._supervisor, "printed", b""))
    settings.change(board.port, {"wifi_password": SECRET, "mqtt": {"token": SECRET, "port": 1}})
    settings.change(board.port, {"mqtt": {"port": 2}, "name": "attic"})
    found = settings.get(board.port)
    assert found == {
        "wifi_password": "********", "mqtt": {"token": "********", "port": 2}, "name": "attic"
    }  # fmt: skip
    assert SECRET.encode() in files_of(board)["/settings.json"]
    assert SECRET.encode() not in board.do(lambda: board._supervisor.printed)
    assert SECRET not in "".join(capsys.readouterr())


def test_settings_survive_a_flash_and_move_a_pin(board, tree):
    settings.change(board.port, {"wiring": {"pins": {"led": "GP3"}}})
    done = put(tree, board)
    assert done.sent_files == 1  # the wiring
    assert b"hunter2" in files_of(board)["/settings.json"]
    settings.change(board.port, {"wiring": {"pins": {"led": "GP99"}}})
    with pytest.raises(UsageError, match="GP99"):
        put(tree, board)
    settings.change(board.port, {"wiring": None})


def test_damaged_settings_are_put_aside(board):
    run_on(board, "f=open('/settings.json','w')\nf.write('{\"a\": ')\nf.close()")
    assert settings.change(board.port, {"name": "attic"}) is True
    assert settings.get(board.port) == {"name": "attic"}
    assert files_of(board)["/settings.bad"] == b'{"a": '


def test_too_many_settings_are_refused(board):
    with pytest.raises(PinbenchError, match="8192"):
        settings.change(board.port, {"note": "x" * 9000})


# -- what goes wrong


def test_another_board_is_refused_and_left_running(board, tree):
    from pinbench.board.definitions import load_board

    with pytest.raises(Refused, match="esp32_s3_devkitc"):
        flash(load_board("esp32_s3_devkitc"), "window", board.port)
    board.wait_for("blink says")


def test_a_port_that_is_open_elsewhere_is_busy(board, tree):
    with Link(board.port), pytest.raises(UsageError, match="busy"):
        put(tree, board)


def test_an_error_on_the_board_is_one_sentence(board):
    with Link(board.port) as link:
        with pytest.raises(BoardError, match="^the board answered with NameError"):
            link.run("nothing_like_that")
        with pytest.raises(BoardError, match="full"):
            link.run("raise OSError(28)")


def test_an_answer_that_was_cut_short_is_not_believed(board, monkeypatch):
    with Link(board.port) as link:
        whole = link.run
        monkeypatch.setattr(link, "run", lambda code: whole(code)[:-9])
        with pytest.raises(BoardError, match="damaged"):
            link.ask("[1, 2, 3]")


def test_the_cable_is_pulled_and_the_same_command_goes_on(tmp_path, tree):
    """What had arrived whole is kept; before the switch the board starts what it had."""
    noise = random.Random(1).randbytes(9000)
    for name in ("one", "two", "three", "four"):
        tree.write(f"blink/{name}.bin", noise + name.encode())
    names = ("one.bin", "two.bin", "three.bin", "four.bin")
    tree.write("blink/words.py", f"WORD = 'long'\nFILES = {names!r}\n")
    with VirtualBoard(image=tmp_path / "board.img", pace=3 * BAUD_115200) as board:
        error = []

        def first():
            try:
                put(tree, board)
            except PinbenchError as found:
                error.append(str(found))

        thread = threading.Thread(target=first)
        board.count_from_here()
        thread.start()
        board.wait_until(lambda: board.counters.to_board > 30_000, 20)
        board.unplug()
        thread.join(30)
        assert error and "\n" not in error[0], error
        assert not os.path.exists(board.port)
        assert "/slots/active" not in files_of(board)
        board.plug()
        done = put(tree, board)
        assert 0 < done.sent_files < done.files
        assert done.outcome.kind == "well"
        assert slot_of(board, "a") == expected(tree)


def test_foreign_files_are_refused_then_adopted(tmp_path, tree, monkeypatch):
    monkeypatch.chdir(tmp_path)
    say(tree, "adopted")
    with VirtualBoard(image=tmp_path / "board.img") as board:
        run_on(
            board,
            "import os\nos.mkdir('/lib')\n"
            "for p,t in (('/main.py','print(1)'),('/lib/x.py','X=1'),('/data.csv','1,2')):\n"
            " f=open(p,'w')\n f.write(t)\n f.close()\n",
        )
        with pytest.raises(Refused, match="--adopt"):
            put(tree, board)
        assert files_of(board)["/main.py"] == b"print(1)"
        said = []
        done = put(tree, board, may_adopt=True, say=said.append)
        assert done.outcome.kind == "well"
        (folder,) = tmp_path.glob("adopted-virtual-*")
        assert str(folder.name) in "".join(said)
        assert (folder / "lib" / "x.py").read_text() == "X=1"
        assert (folder / "main.py").read_text() == "print(1)"
        assert (folder / "data.csv").read_text() == "1,2"
        left = {p for p in files_of(board) if not p.startswith("/slots")}
        assert left == {"/boot.py", "/main.py"}


def test_a_short_watchdog_of_the_old_firmware_does_not_bite_in_the_transfer(tmp_path, tree):
    say(tree, "fed")
    with VirtualBoard(image=tmp_path / "board.img", pace=BAUD_115200) as board:
        run_on(board, "f=open('/main.py','w')\nf.write('import machine\\n"
               "w = machine.WDT(timeout=1500)\\nwhile True: w.feed()\\n')\nf.close()")  # fmt: skip
        time.sleep(0.3)
        done = put(tree, board, may_adopt=True)
        assert done.outcome.kind == "well"
        assert "watchdog" not in board.resets
