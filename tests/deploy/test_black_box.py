"""`pinbench monitor --black-box`: the garment's record, off the board, as table and picture."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench import cli
from pinbench.board.virtual import VirtualBoard
from pinbench.deploy import black_box
from pinbench.deploy import monitor as console
from pinbench.deploy.link import Link
from pinbench.errors import PinbenchError, UsageError
from pinbench.evaluate.cores import core
from pinbench.paths import FIRMWARE
from pinbench.report import blackbox

MOMENT = 300
ARMED, FIRING = 4, 5
LINE = "import time\nwhile True:\n    print('state: %s')\n    time.sleep_ms(200)\n"


def made(rows_after=520):
    """A record as the firmware's own class writes it: at rest, and a kick at MOMENT."""
    box = core("airbag.blackbox").BlackBox()
    for k in range(MOMENT + 1 + rows_after):
        kick = k >= MOMENT
        answers = 1 | 2 | 8 if k == MOMENT else 0
        box.put(
            (k, -2049, 4098 if kick else 0, 0, 100, -300), 1600, answers, FIRING if kick else ARMED
        )
        if k == MOMENT:
            box.mark(0)
    box.close()
    pieces = []
    box.write(pieces.append, 4321)
    return b"".join(pieces)


def words(lines):
    return [" ".join(line.split()) for line in lines]


def test_the_table_shows_the_moment_and_half_a_second_around_it():
    lines = words(blackbox.table(blackbox.decode(made())))
    assert lines[0] == (
        "black box: the detector, 821 rows at 104 Hz, written 4321 s after the start"
    )
    assert len(lines) == 2 + 11
    assert lines[7] == "0.00 0.15 -1.00 2.00 0 7 -21 1,600 firing, model, second, fired"
    assert lines[6] == "-0.10 0.14 -1.00 0.00 0 7 -21 1,600 armed"
    assert (lines[2][:5], lines[12][:4]) == ("-0.48", "0.48")


def test_a_record_that_ends_soon_after_the_moment_has_a_shorter_table():
    assert len(blackbox.table(blackbox.decode(made(rows_after=15)))) == 2 + 5 + 1 + 1


@given(data=st.data())
def test_a_cut_record_is_told_from_a_whole_one(data):
    whole = made(rows_after=3)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(PinbenchError, match="black box") as caught:
        blackbox.decode(cut)
    assert "\n" not in str(caught.value)


def test_a_record_without_rows_is_damaged():
    with pytest.raises(PinbenchError, match="damaged"):
        blackbox.decode(blackbox.HEAD.pack(blackbox.MAGIC, 0, 0, 104, 0, 0, 1))


@pytest.mark.parametrize(
    "text, state",
    [
        ("state: armed: battery 90 %, about 30 h", "armed"),
        ("state: ready", "ready"),
        ("state: safe: unbuckled", "safe"),
        ("battery low: 9 %, about 3 h armed", "before"),
        ("a state: armed", "before"),
    ],
)
def test_the_state_is_heard(text, state):
    assert black_box.state_in(text, "before") == state


def test_a_worn_garment_is_not_stopped():
    for state in (None, "boot", "self-test", "safe", "spent", "fault"):
        black_box.refuse_worn(state)
    for state in ("ready", "armed", "firing"):
        with pytest.raises(UsageError, match=f"is {state}: take it off"):
            black_box.refuse_worn(state)


def test_the_firmware_says_the_same_of_path_and_states():
    main = (FIRMWARE / "airbag" / "main.py").read_text()
    assert f'BOX = "{black_box.PATH}"\n' in main
    assert 'log.line("state: %s" % text)' in main
    assert {"ready", "armed", "firing"} < set(core("airbag.firing").STATES)


def test_its_line_says_how_it_is_read():
    shown = [line.text for line in console.decode("black box: 1041 rows")]
    assert shown[0] == "black box: 1041 rows" and "--black-box" in shown[1]
    assert len(console.decode("black box: OSError: 28")) == 1


@pytest.mark.parametrize("name", ["x.txt", "folder.png", "nowhere/x.png"])
def test_a_picture_that_cannot_be_written_stops_nothing(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(console, "follow", lambda *_: pytest.fail("the board was disturbed"))
    (tmp_path / "folder.png").mkdir()
    picture = str(tmp_path / name)
    assert cli.run(["monitor", "--port", "any", "--black-box", picture]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture(scope="module")
def board():
    with VirtualBoard() as board:
        yield board


def put(board, files):
    """Write files (path -> bytes) onto the board; a main.py is started by the reset after it."""
    with Link(board.port) as link:
        for path, data in files.items():
            for at in range(0, len(data), 4096):
                mode = "ab" if at else "wb"
                piece = data[at : at + 4096]
                link.run(
                    f"with open({path!r}, {mode!r}) as f: f.write({piece!r})\nfeed_watchdog()"
                )


def read(board, picture, *more):
    return cli.run(
        ["monitor", "--port", board.port, "--seconds", "0.6", "--black-box", str(picture), *more]
    )


@pytest.mark.vm
@pytest.mark.long
def test_it_is_read_off_a_board(board, tmp_path, capsys):
    picture = tmp_path / "box.png"
    assert read(board, picture) == 1
    assert re.search("has no black box.*\n$", capsys.readouterr().err)

    put(board, {"/main.py": (LINE % "spent: fired").encode(), "/blackbox": made()})
    resets = len(board.resets)
    assert read(board, picture) == 0
    told = capsys.readouterr()
    assert "reading the black box stops the firmware" in told.err
    assert (
        words(told.out.splitlines())[-11:] == words(blackbox.table(blackbox.decode(made())))[-11:]
    )
    assert picture.stat().st_size > 20_000
    assert len(board.resets) > resets  # the firmware goes on

    assert read(board, picture, "--json") == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["rows"], last["moment"], last["reason"]) == (821, 300, "the detector")


@pytest.mark.vm
@pytest.mark.long
def test_a_damaged_one_and_an_armed_garment_are_refused(board, tmp_path, capsys):
    picture = tmp_path / "box.png"
    put(board, {"/main.py": (LINE % "safe: unbuckled").encode(), "/blackbox": made()[:-5]})
    assert read(board, picture) == 1
    assert "damaged" in capsys.readouterr().err

    put(board, {"/main.py": (LINE % "armed: battery 90 %%").encode()})
    resets = len(board.resets)
    assert read(board, picture) == 2
    assert "the garment is armed" in capsys.readouterr().err
    assert len(board.resets) == resets and not picture.exists()
