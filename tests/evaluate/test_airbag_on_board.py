"""`pinbench benchmark --port`: the detector's figures, taken on a board."""

import json
import shutil

import pytest

from pinbench import cli
from pinbench.board.virtual import VirtualBoard
from pinbench.deploy.link import Link
from pinbench.evaluate import airbag_on_board
from pinbench.paths import FIRMWARE


def test_no_board_is_one_sentence(tmp_path, capsys):
    assert cli.run(["benchmark", "--port", str(tmp_path / "none")]) == 2
    assert "there is no board" in capsys.readouterr().err


def test_a_figure_that_a_board_has_not_is_named(capsys):
    assert cli.run(["benchmark", "--port", "x", "--only", "heap"]) == 2
    assert "airbag.sample, airbag.alloc" in capsys.readouterr().err


@pytest.fixture(scope="module")
def board():
    with VirtualBoard() as board:
        yield board


def measured(board, capsys):
    assert cli.run(["benchmark", "--port", board.port, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def root_of(board):
    with Link(board.port) as link:
        return link.ask("__import__('os').listdir('/')")


@pytest.mark.vm
@pytest.mark.long
def test_the_figures_of_a_board(board, capsys):
    before = root_of(board)
    found = measured(board, capsys)
    sample, alloc = found["airbag.sample"], found["airbag.alloc"]
    assert 0 < sample["value"] <= sample["worst"]
    assert alloc["value"] == 0 and sample["samples"] == 300
    assert "virtual" in sample["note"] and sample["board"]
    assert root_of(board) == before


@pytest.mark.vm
@pytest.mark.long
def test_a_detector_that_allocates_or_dawdles_is_seen(board, capsys, tmp_path, monkeypatch):
    shutil.copytree(FIRMWARE / "airbag", tmp_path / "airbag")
    path = tmp_path / "airbag" / "detector.py"
    text = path.read_text()
    at = "        return decide(\n"
    assert text.count(at) == 1
    slow = "        import time\n        time.sleep_us(2000)\n        self.seen = [ax, ay]\n"
    path.write_text(text.replace(at, slow + at))
    monkeypatch.setattr(airbag_on_board, "FIRMWARE", tmp_path)
    found = measured(board, capsys)
    assert found["airbag.alloc"]["value"] >= 16
    assert found["airbag.sample"]["value"] >= 2000


@pytest.mark.vm
@pytest.mark.long
def test_a_live_board_is_refused_and_goes_on(board, capsys):
    with Link(board.port) as link:
        link.run("import os\nfor p in ('/slots', '/slots/a'): os.mkdir(p)")
        link.run("with open('/slots/a/manifest.json', 'w') as f: f.write('{\"live\": true}')")
    resets = len(board.resets)
    assert cli.run(["benchmark", "--port", board.port]) == 2
    assert "is live (slot a)" in capsys.readouterr().err
    assert len(board.resets) > resets
