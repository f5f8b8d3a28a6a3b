"""Every driver on the real MicroPython: imports, computes as on CPython, spares the heap."""

import pathlib
import struct
import subprocess
import sys

import pytest

from pinbench.paths import FIRMWARE
from pinbench.vm import binary

HERE = pathlib.Path(__file__).parent
SCRIPT = HERE / "vm_all_drivers.py"
NVM = "<HHbhhbbHHbbhbb"
TRIMS = (
    (27504, 18824, -10, -7700, -9200, 35, 0, 24800, 30000, -7, -7, 16300, 17, -60),
    (28000, 19000, 127, 32767, -32768, -128, 127, 65535, 0, -128, 127, -32768, -128, 127),
)

# What the script needs and CPython lacks, in a process of its own.
ON_CPYTHON = """
import runpy, sys, types
sys.modules["micropython"] = types.SimpleNamespace(
    const=lambda value: value, heap_lock=lambda: None, heap_unlock=lambda: None)
sys.modules["time"] = types.SimpleNamespace(
    ticks_ms=lambda: 0, ticks_us=lambda: 0, ticks_diff=lambda later, earlier: later - earlier)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def lines(*command):
    trims = ",".join(struct.pack(NVM, *trim).hex() for trim in TRIMS)
    done = subprocess.run(
        [*command, str(SCRIPT), str(FIRMWARE), trims], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr
    return done.stdout.splitlines()


@pytest.mark.vm
def test_all_drivers_import_and_compute_on_the_vm_as_on_cpython():
    on_vm = lines(binary())
    assert on_vm == lines(sys.executable, "-c", ON_CPYTHON)
    drivers = {path.stem for path in (FIRMWARE / "drivers").glob("*.py")}
    text = SCRIPT.read_text()
    assert all(name in text for name in drivers), "a driver is missing from the script"
    assert "encoder -42 1" in on_vm, "40 edges with B ahead, and two at once"
