"""The services on the real MicroPython VM: the same story as on CPython, word for word."""

import pathlib
import subprocess
import sys

import pytest

from pinbench.paths import FIRMWARE, ROOT
from pinbench.vm import binary

STORY = pathlib.Path(__file__).parent / "story.py"


def told(*command, seed):
    arguments = [*command, str(STORY), str(ROOT / "host_tools"), str(FIRMWARE), str(seed)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout.splitlines()


@pytest.mark.vm
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_journal_and_settings_under_cuts_and_damage_on_both(seed):
    on_cpython = told(sys.executable, seed=seed)
    assert told(binary(), "-X", "heapsize=16M", seed=seed) == on_cpython
    assert sum(line == "halt power" or line.startswith("halt power ") for line in on_cpython) >= 6
