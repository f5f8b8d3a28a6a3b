"""A sample of the cuts on the whole virtual board: its VM is killed in the middle of a flash."""

import os
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest

from pinbench.board.virtual import VirtualBoard
from pinbench.cuts.flash_story import BOARD, State, Update
from pinbench.cuts.lives import Lives, geometry
from pinbench.deploy import flash as deploy
from pinbench.errors import PinbenchError

pytestmark = [pytest.mark.vm, pytest.mark.long]

# Operation of the flash, how it is torn, and by what: a seed, or the bytes that were written.
CUTS = [
    (1, "after", 0),
    (8, "mix", 3),
    (16, "prefix", 256),
    (25, "before", 0),
    (33, "mix", 5),
    (39, "after", 0),
    (41, "mix", 7),
    (42, "before", 0),
    (42, "after", 0),
]
LONG = os.environ.get("PINBENCH_PROFILE") == "long"


@pytest.fixture(scope="module")
def story():
    with Lives(geometry(BOARD)) as lives:
        yield Update(lives)


@pytest.fixture
def board(story, tmp_path):
    path = tmp_path / "board.img"
    path.write_bytes(story.device.image)
    with VirtualBoard(BOARD, image=path) as board:
        board.wait_for("parts 1 1 1 1", 10)
        yield board


def flash(board, story):
    made = story.versions["2"].build
    with patch.object(deploy, "build", lambda *about: made):
        deploy.flash(made.board, "case", board.port, until="switched")


def judge(board, story, before, after):
    """The oracle of the story, on the board's image."""
    device = story.device
    start = bytes(device.image)
    device.put([(0, board.image())])
    try:
        return story.judge(before, after)
    finally:
        device.put([(0, start)])


def new(story):
    return State("2", story.start.settings, story.start.loader)


def test_a_flash_is_the_same_operations_as_on_the_flash_in_memory(board, story):
    mark = story.device.mark()
    operations = len(story.flash("2").operations)
    counted = len(story.boot().operations) // 2  # the trial's count; as many confirm it later
    story.device.restore(mark)
    board.count_from_here()
    flash(board, story)
    board.wait_for("parts 2 2 2 2", 10)
    assert board.counters.operations == operations + counted
    judge(board, story, new(story), new(story))


@pytest.mark.parametrize(("op", "mode", "detail"), CUTS if LONG else CUTS[2::3])
def test_a_cut_leaves_a_version_that_starts_and_can_be_flashed(board, story, op, mode, detail):
    board.cut_at(op, mode, detail)
    with ThreadPoolExecutor(1) as pool:
        host = pool.submit(flash, board, story)
        board.wait_until(lambda: "power" in board.resets, 10)
        board.unplug()  # or the host would wait for an answer for half a minute
        error = host.exception(20)
    assert error is None or isinstance(error, PinbenchError)
    board.plug()
    board.wait_for("parts ", 10)
    found = judge(board, story, story.start, new(story))
    board.wait_for(f"parts {found.runs} {found.runs} {found.runs} {found.runs}", 1)
    flash(board, story)
    board.wait_for("parts 2 2 2 2", 10)
    judge(board, story, new(story), new(story))
