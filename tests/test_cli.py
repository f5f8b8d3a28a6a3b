"""The command: wrong input is one sentence and exit code 2, never a traceback."""

import json
import subprocess
import sys
import time

import pytest

from pinbench import cli
from pinbench.errors import PinbenchError


@pytest.fixture
def pinbench(capsys):
    """Run the command in this process; returns (exit code, stdout, stderr)."""

    def run(*argv):
        code = cli.run([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


WRONG = {
    "unknown verb": ["slm"],
    "unknown option": ["sim", "x.toml", "--sede", "3"],
    "no scenario": ["sim"],
    "seed that is no number": ["sim", "x.toml", "--seed", "seven"],
    "negative seed": ["sim", "x.toml", "--seed", "-1"],
    "unknown runtime": ["sim", "x.toml", "--runtime", "jython"],
    "unknown profile": ["diff", "x.toml", "--port-profile", "stm32"],
    "no such scenario": ["sim", "does/not/exist.toml"],
    "no such scenario to compare": ["diff", "does/not/exist.toml"],
    "no such board": ["boards", "check", "pico"],
    "no such recording": ["evaluate", "rain", "does/not/exist.csv"],
    "no such recording to fit": ["train", "rain", "does/not/exist.csv"],
    "jobs that are none": ["evaluate", "rain", ".", "--jobs", "0"],
}


@pytest.mark.parametrize("argv", WRONG.values(), ids=WRONG)
def test_wrong_use_is_one_sentence_and_code_2(pinbench, argv):
    code, out, err = pinbench(*argv)
    assert code == 2
    assert out == ""
    assert err.startswith("pinbench: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "text, words",
    [
        ("device = ", ["not TOML"]),
        ("why = 'x'\n", ["device"]),
        ("why='x'\ndevice='window'\nboard='rpi_piko_w'\nlasts='1 s'", ["rpi_pico_w"]),
        ("why='x'\ndevice='widnow'\nboard='rpi_pico_w'\nlasts='1 s'", ["widnow", "window"]),
        ("why='x'\ndevice='window'\nboard='rpi_pico_w'\nlast='1 s'", ["last", "lasts"]),
    ],
)
@pytest.mark.parametrize("verb", ["sim", "diff"])
def test_damaged_scenario_says_what_to_write(pinbench, tmp_path, verb, text, words):
    path = tmp_path / "x.toml"
    path.write_text(text)
    code, _, err = pinbench(verb, path)
    assert code == 2
    assert err.count("\n") == 1 and "x.toml" in err
    for word in words:
        assert word in err


def test_damaged_board_file_is_named(pinbench, tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("[board")
    code, _, err = pinbench("boards", "check", path)
    assert code == 2 and "x.toml" in err and err.count("\n") == 1


def test_boards_check_holds_for_what_ships(pinbench):
    code, out, err = pinbench("boards", "check")
    assert (code, err) == (0, "")
    assert "rpi_pico_w: window can be built" in out


def test_boards_check_prints_each_fault(pinbench, tmp_path):
    from pinbench.paths import BOARDS

    text = (BOARDS / "rpi_pico_w.toml").read_text()
    text = text.replace('led = "GP21"', 'led = "GP25"').replace("address = 0x45", "address = 0x44")
    path = tmp_path / "spoiled.toml"
    path.write_text(text)
    code, out, _ = pinbench("boards", "check", path)
    assert code == 1
    assert len(out.splitlines()) == 2


def test_boards_as_json(pinbench):
    code, out, _ = pinbench("boards", "--json")
    assert code == 0
    assert {row["name"]: row["port_profile"] for row in json.loads(out)}["rpi_pico_w"] == "rp2"


@pytest.mark.parametrize(
    "argv",
    [[], ["sim"], ["diff"], ["boards"], ["boards", "check"], ["evaluate"], ["evaluate", "rain"],
     ["train"], ["train", "rain"], ["benchmark"], ["demo"]],
    ids=" ".join,
)
def test_every_verb_has_help(pinbench, argv):
    code, out, err = pinbench(*argv, "--help")
    assert (code, err) == (0, "")
    assert out.startswith("Usage: pinbench")


def test_sim_help_tells_the_actions_and_expectations(pinbench):
    from pinbench.expectations import EXPECTATIONS, STATES
    from pinbench.worlds.window import WindowWorld

    _, out, _ = pinbench("sim", "--help")
    for name in WindowWorld.ACTIONS:
        assert name in out
    for pattern, *_ in EXPECTATIONS:
        assert pattern in out
    for state in STATES["window"]:
        assert state in out


def test_no_verb_is_the_help_and_wrong_use(pinbench):
    code, _, err = pinbench()
    assert code == 2 and "Commands:" in err


def test_a_bug_inside_is_a_sentence_too(pinbench, monkeypatch):
    def fail():
        raise KeyError("chip")

    monkeypatch.setattr("pinbench.board.definitions.names", fail)
    monkeypatch.setattr("pinbench.verbs.boards.names", fail)
    code, _, err = pinbench("boards")
    assert code == 1
    assert "KeyError" in err and "PINBENCH_TRACEBACK" in err and err.count("\n") == 1


def test_errors_carry_their_exit_code(pinbench, monkeypatch):
    def fail():
        raise PinbenchError("it did not come about: try tomorrow")

    monkeypatch.setattr("pinbench.verbs.boards.names", fail)
    assert pinbench("boards") == (1, "", "pinbench: it did not come about: try tomorrow\n")


def test_help_answers_at_once():
    """Nothing heavy is imported for --help: numpy and matplotlib alone take half a second."""
    program = (
        "import sys; sys.argv = ['pinbench', '--help']\n"
        "from pinbench.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('HEAVY', sorted({'numpy', 'matplotlib', 'rich', 'littlefs'} & set(sys.modules)))"
    )
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "HEAVY []" in done.stdout
    assert time.perf_counter() - begun < 5


QUIET = "tests/scenarios/window/quiet_boot.toml"


@pytest.fixture
def quiet():
    from pinbench.paths import ROOT

    return ROOT / QUIET


@pytest.mark.parametrize(
    "option, name, words",
    [
        ("--trace", "run.txt", ".vcd or .jsonl"),
        ("--plot", "run.gif", ".png"),
        ("--trace", "no/such/folder/run.vcd", "no such folder"),
    ],
)
def test_output_that_cannot_be_written_is_refused_before_the_run(
    pinbench, quiet, tmp_path, option, name, words
):
    code, out, err = pinbench("sim", quiet, option, tmp_path / name)
    assert (code, out) == (2, "")
    assert words in err and err.count("\n") == 1


def test_a_trace_is_of_one_run(pinbench, quiet, tmp_path):
    code, _, err = pinbench("sim", quiet, quiet, "--trace", tmp_path / "run.vcd")
    assert code == 2 and "one run" in err


def test_sim_writes_trace_picture_and_json(pinbench, quiet, tmp_path):
    vcd, png = tmp_path / "run.vcd", tmp_path / "run.png"
    code, out, err = pinbench("sim", quiet, "--trace", vcd, "--plot", png, "--json")
    assert (code, err) == (0, "")
    (outcome,) = json.loads(out)
    assert outcome["held"] and outcome["runtime"] == "cpython"
    assert vcd.read_text().startswith("$") and png.read_bytes().startswith(b"\x89PNG")


def test_sim_says_what_did_not_hold_and_how_to_see_it_again(pinbench, quiet, tmp_path):
    path = tmp_path / "quiet.toml"
    path.write_text(quiet.read_text() + "\n[[expect]]\nthat = \"log says 'moo' once\"\n")
    code, out, _ = pinbench("sim", path)
    assert code == 1
    assert "log says 'moo' once" in out and f"pinbench sim {path}" in out
