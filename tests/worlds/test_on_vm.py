"""The world gives the same integers, and the same trace, on the real MicroPython VM."""

import subprocess
import sys
from pathlib import Path

import pytest

from pinbench.paths import ROOT
from pinbench.vm import binary

PROGRAM = Path(__file__).with_name("vm_window.py")


@pytest.mark.long
@pytest.mark.vm
def test_both_interpreters_print_the_same():
    outputs = []
    for interpreter in (sys.executable, binary()):
        done = subprocess.run(
            [str(interpreter), str(PROGRAM), str(ROOT / "host_tools")],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outputs.append(done.stdout.splitlines())
    assert len(outputs[0]) > 25
    assert outputs[0] == outputs[1]
