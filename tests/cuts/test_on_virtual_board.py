"""A sample of the cuts on the whole virtual board: its VM is killed in the middle of a flash."""

import os
from unittest.mock import patch

import pytest

from pinbench.board.virtual import VirtualBoard
from pinbench.cuts.flash_story import BOARD, State, Update
from pinbench.cuts.lives import Lives, geometry
from pinbench.deploy import flash as deploy
from pinbench.deploy import link
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
    with (
        patch.object(deploy, "build", lambda *about: made),
        patch.object(link, "ANSWER_S", 4),  # how long the host waits for a board that has gone
    ):
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
    life = story.flash("2")
    story.device.restore(mark)
    board.count_from_here()
    flash(board, story)
    assert board.counters.operations == len(life.operations)
    board.wait_for("parts 2 2 2 2", 10)
    judge(board, story, new(story), new(story))


@pytest.mark.parametrize(("op", "mode", "detail"), CUTS if LONG else CUTS[2::3])
def test_a_cut_leaves_a_version_that_starts_and_can_be_flashed(board, story, op, mode, detail):
    board.cut_at(op, mode, detail)
    try:
        flash(board, story)
    except PinbenchError:
        pass  # the host may see its board go, or be done when it does
    board.wait_until(lambda: "power" in board.resets, 10)
    board.wait_for("parts ", 10)
    found = judge(board, story, story.start, new(story))
    board.wait_for(f"parts {found.runs} {found.runs} {found.runs} {found.runs}", 1)
    flash(board, story)
    board.wait_for("parts 2 2 2 2", 10)
    judge(board, story, new(story), new(story))
