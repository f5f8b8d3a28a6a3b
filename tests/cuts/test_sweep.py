"""Every cut leaves a whole version, and the harness finds whoever breaks that."""

import os
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from mistaken import MISTAKES, made

from pinbench.cli import cli
from pinbench.cuts.flash_story import STORIES, Update
from pinbench.cuts.image import read_files
from pinbench.cuts.lives import Lives, geometry
from pinbench.cuts.run import sweep_all
from pinbench.cuts.sweep import Sweep, Wrong

BOARD = "rpi_pico_w"
LONG = os.environ.get("PINBENCH_PROFILE") == "long"

pytestmark = [pytest.mark.vm, pytest.mark.long]


# Outside the long profile: operations of `update` are cut in all variants, of the others in one.
FIRST = {"unwell": ("before",), "first": ("mix",), "adopted": ("mix",)}


def options(story):
    """Everything in the long profile. Else a second cut too, in some of the recoveries."""
    if LONG:
        return {"jobs": 2, "seeds": (1, 2), "second": None}
    return {"first": FIRST.get(story), "second": ("before",), "every": 24}


@pytest.mark.parametrize("story", STORIES)
def test_whatever_is_cut_a_whole_version_starts(story, capsys):
    [(_, tally, failures)] = sweep_all([story], BOARD, **options(story))
    with capsys.disabled():
        print(f"\n{story}: {tally.cuts} cuts, {tally.second_cuts} second cuts")
    assert failures == []
    assert tally.operations > 60
    assert tally.cuts == tally.expected >= tally.operations
    assert tally.second_cuts == tally.second_expected > 20


@pytest.mark.parametrize("n", [1, 9, 20, 33, 41])
def test_a_run_that_is_stopped_leaves_what_the_golden_run_had_written_by_then(n):
    """What the sweep rests on: the flash ignores all from there on, and nothing else happens."""
    with Lives(geometry(BOARD)) as device:
        story = Update(device)
        mark = device.mark()
        golden = story.flash("2").operations
        device.restore(mark)
        device.put((op.at, op.new) for op in golden[:n])
        expected = read_files(device.image, device.geometry)
        device.put((op.at, op.old) for op in reversed(golden[:n]))
        boot = device.boot
        with patch.object(device, "boot", lambda: boot(stop_after=n)), pytest.raises(Wrong):
            story.flash("2")
        assert device.mark() - mark == n
        assert read_files(device.image, device.geometry) == expected


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(name, tmp_path):
    """By the golden run, or by a cut that it does not survive, which one command repeats."""
    mistake = MISTAKES[name]
    with made(name, tmp_path), Lives(geometry(BOARD)) as device:
        try:
            story = STORIES[mistake["story"]](device)
            [failure] = Sweep(device, story, first=("before",), second=(), stop=True).run()
        except Wrong as error:
            assert mistake["shows"] in str(error)
            return
        assert mistake["shows"] in failure.text
        command = f"cuts --story {mistake['story']} --board {BOARD} {failure.cut.options()}"
        again = CliRunner().invoke(cli, command.split(), standalone_mode=False)
        assert mistake["shows"] in again.output
        assert command in again.output
        assert again.return_value == 1
