"""`pinbench lint`: firmware is clean, and what it says of files that are not."""

import json

import pytest

from pinbench import cli
from pinbench.conformance import on_host
from pinbench.paths import FIRMWARE
from pinbench.traps.check import check_paths, check_text


def test_firmware_has_no_traps():
    found, count = check_paths([FIRMWARE])
    assert [str(finding) for finding in found] == []
    assert count > 20


@pytest.mark.parametrize("item", sorted(on_host.traps()))
def test_planted_traps_are_found_and_their_legal_twins_pass(item):
    assert on_host.lint(item) == ("held", "")


def test_a_rule_that_found_nothing_would_be_noticed(monkeypatch):
    monkeypatch.setattr("pinbench.traps.check.RULES", ())
    silent = [item for item in on_host.traps() if on_host.lint(item)[0] == "held"]
    assert silent == []


def test_the_command_names_file_line_and_item(tmp_path, capsys):
    (tmp_path / "main.py").write_text("import helper\n\nwait = helper.time.monotonic\n")
    (tmp_path / "helper.py").write_text("import time\n\nnow = time.monotonic()\n")
    assert cli.run(["lint", str(tmp_path)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{tmp_path}/helper.py:3:7: TIM-09 there is no time.monotonic"
    assert out[-1] == "2 files: 1 traps"
    assert cli.run(["lint", str(tmp_path), "--json"]) == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["line"], row["item"]) == (3, "TIM-09")
    assert cli.run(["lint", str(tmp_path / "main.py")]) == 1  # beside it nothing is known


def test_a_path_that_is_not_there_is_refused(capsys):
    assert cli.run(["lint", "nowhere"]) == 2
    assert "nowhere does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    "comment, reported",
    [
        ("", True),
        ("# NUM-07 ok: a sum has no order", False),
        ("# NUM-07 ok:", True),  # an excuse gives its reason
        ("# NUM-08 ok: a sum has no order", True),
        ("# rows are few. NUM-07 ok: any will do", False),
    ],
)
def test_an_excuse_names_the_item_and_the_reason(comment, reported):
    text = "T = {1: 2, 3: 4}\nn = 0\nfor k in T:  %s\n    n += k\n"
    assert bool(check_text(text % comment)) is reported
    above = "T = {1: 2, 3: 4}\nn = 0\n%s\nfor k in T:\n    n += k\n"
    assert bool(check_text(above % comment)) is reported


def test_an_excuse_of_the_line_above_is_not_for_this_one():
    text = "T = {1: 2, 3: 4}\nfor k in T:  # NUM-07 ok: few\n    pass\nfor k in T:\n    pass\n"
    assert [finding.line for finding in check_text(text)] == [4]


def test_a_file_that_cannot_be_read_as_python_is_a_finding():
    (finding,) = check_text("x = 1\ndef f(:\n", "main.py")
    assert (finding.path, finding.line, finding.item) == ("main.py", 2, "NUM-09")


def test_what_a_hot_function_calls_in_another_file_is_hot(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "path.py").write_text(
        "from app import far\n\n\n"
        'def step(x):\n    """Allocates nothing."""\n    return far.score(x)\n'
    )
    (tmp_path / "app" / "far.py").write_text(
        "def score(x):\n    return near(x) + 1\n\n\ndef near(x):\n    return x / 2\n\n\n"
        "def cold(x):\n    return x / 2\n"
    )
    found, _ = check_paths([tmp_path])
    assert [(finding.line, finding.item) for finding in found] == [(6, "NUM-03")]
