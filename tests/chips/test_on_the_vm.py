"""The twins on the real MicroPython: the same story, to the last bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STORY = Path(__file__).with_name("story.py")


def tell(interpreter):
    return subprocess.run(
        [interpreter, str(STORY), str(ROOT / "host_tools")],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.vm
def test_both_interpreters_tell_the_same_story():
    micropython = os.environ.get("PINBENCH_MICROPYTHON") or Path(sys.executable).with_name(
        "micropython"
    )
    there, here = tell(str(micropython)), tell(sys.executable)
    assert here.returncode == 0, here.stderr
    assert there.returncode == 0, there.stdout[-2000:] + there.stderr
    assert len(here.stdout.splitlines()) > 500
    assert there.stdout.splitlines() == here.stdout.splitlines()
