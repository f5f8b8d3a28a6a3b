"""The ledger on the VM's own littlefs, its power cut at every operation of a rental and return.

And again at every operation of each recovery, and between two operations whenever something has
happened outside. The cabinet itself is plain data here; test_cuts.py has the whole firmware.
"""

import os
import tomllib

import pytest

from pinbench.cuts.lives import Lives
from pinbench.cuts.sweep import Sweep, Wrong
from pinbench.evaluate.kiosk.cut_story import DARK, Rental, shape
from pinbench.paths import ROOT

pytestmark = pytest.mark.vm

LONG = os.environ.get("PINBENCH_PROFILE") == "long"
# The file of the ledger lies within its folder's own block, in a block of its own, and is full:
# the rental then begins a new file, and writes a checkpoint.
LEDGERS = {"new": 0, "grown": 20, "full": "full"}
# Outside the long profile a second cut comes in one way, in the recoveries of some operations.
SECOND = {} if LONG else {"second": ("before",), "every": 6}

# Seeded mistakes of tests/mistakes -> what they make of it.
MISTAKES = {
    "kiosk_eject_before_journal": "a solenoid fired before its eject was on flash",
    "kiosk_fires_again_after_a_reset": "two ejects for one command",
    "kiosk_duplicate_command_ejects": "two ejects for one command",
    "kiosk_charges_at_the_eject": "charged for a bank not taken",
}


@pytest.fixture
def device():
    with Lives(shape()) as lives:
        yield lives


def ways_to_cut(device, story):
    """Count them: before, in the bits, after; and within a program behind each unit but the last.

    Leaves the flash as it was.
    """
    mark = device.mark()
    operations = story.play()[0][1].operations
    device.restore(mark)
    units = [len(op.new) // story.unit for op in operations if op.kind == "program"]
    return 3 * len(operations) + sum(n - 1 for n in units)


@pytest.mark.long
@pytest.mark.parametrize("ledger", LEDGERS)
def test_ledger_and_world_agree_after_any_cut(device, ledger, capsys):
    story = Rental(device, LEDGERS[ledger])
    ways = ways_to_cut(device, story)
    sweep = Sweep(device, story, **SECOND)
    failures = sweep.run()
    tally = sweep.tally
    with capsys.disabled():
        print(f"\n{ledger} ledger: {tally.cuts} cuts, {tally.second_cuts} second cuts")
    assert failures == []
    assert tally.operations > 6  # three records, and the time while the bank is out
    assert tally.cuts == tally.expected == ways
    assert tally.second_cuts == tally.second_expected >= 10


@pytest.mark.long
@pytest.mark.parametrize("dark", DARK)
@pytest.mark.parametrize("ledger", LEDGERS if LONG else ["new"])
def test_they_agree_if_the_power_goes_between_two_operations(device, ledger, dark):
    """When the gate has opened, and so on; the customer does not wait for the power to return."""
    seen = []
    for story in Rental(device, LEDGERS[ledger], dark).moments():
        sweep = Sweep(device, story, second=())
        assert sweep.run() == []
        assert sweep.tally.cuts == sweep.tally.expected
        seen.append((story.world.open != 0, story.world.hand is not None, sweep.tally.cuts))
    assert [(is_open, in_hand) for is_open, in_hand, _ in seen] == [
        (False, False),  # the command was sent
        (True, False),
        (False, True),
        (False, False),  # it is back
    ]
    assert all(cuts > 0 for _, _, cuts in seen)


def sweeps(device, patches):
    """Yield the cuts at every operation, and those between two, with a hasty customer."""
    story = Rental(device, dark="pushes", patches=patches)
    yield Sweep(device, story, second=(), stop=True)
    for moment in story.moments():
        yield Sweep(device, moment, second=(), stop=True)


def found_with(device, patches):
    """Return what the first failure shows, "" if there is none."""
    try:
        for sweep in sweeps(device, patches):
            for failure in sweep.run():
                return failure.text
    except Wrong as error:  # without a cut, or at the first one
        return str(error)
    return ""


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(device, name):
    path = ROOT / "tests" / "mistakes" / f"{name}.toml"
    mistake = tomllib.loads(path.read_text(encoding="utf-8"))
    patch = (mistake["file"], mistake["find"], mistake["replace"])
    assert MISTAKES[name] in found_with(device, [patch])


def test_without_a_mistake_nothing_is_found(device):
    assert found_with(device, []) == ""


def test_an_open_gate_is_one_of_the_moments(device):
    """What is left to a test is a state that no operation of the flash bears."""
    story = Rental(device)
    stamps = [operation.stamp for operation in story.play()[0][1].operations]
    assert all(not world.open for world in stamps)
    assert any(world.open for _, world in story.changes)
