"""The garment's figures for `pinbench benchmark`: time, heap and tables of its detector."""

import subprocess
import sys

from pinbench.errors import PinbenchError
from pinbench.evaluate.cores import core
from pinbench.paths import FIRMWARE
from pinbench.vm import binary

# What a bytecode takes on an RP2350 at 150 MHz: an estimate, until a board is asked.
BYTECODE_US = 0.16
_SAMPLES = 2000
# Steps of the detector on noise: bytes that the heap gained, the collector being off.
_STORY = """
import gc, sys
sys.path.insert(0, sys.argv[1])
from airbag.detector import Detector
detector = Detector()
detector.start(0, -2049, 0)
def play(n):
    state = 1
    for _ in range(n):
        state = (state * 25173 + 13849) & 0xFFFF
        detector.step(state - 32768, -2049, state & 255, state & 511, -(state & 127), state & 63)
play(10)
gc.collect()
gc.disable()
before = gc.mem_alloc()
play(%d)
print(gc.mem_alloc() - before)
"""


def sample():
    """Microseconds a sample, estimated: bytecodes of a step, counted on CPython, priced."""
    detector = core("airbag.detector").Detector()
    detector.start(0, -2049, 0)
    worst = 0
    for k in range(220):
        row = (k * 97 % 4096 - 2048, -2049, k % 7, k * 31 % 999, -k, k)
        if k < 200:
            detector.step(*row)
        else:
            worst = max(worst, bytecodes(detector, row))
    return {
        "value": round(worst * BYTECODE_US),
        "unit": "us, estimated",
        "bytecodes": worst,
        "budget_us": 1500,
    }


def bytecodes(detector, row):
    """How many bytecodes of CPython one `step` of `detector` with this row takes."""
    count = 0

    def trace(frame, event, _arg):
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        detector.step(*row)
    finally:
        sys.settrace(before)
    return count


def alloc():
    """Bytes that stay allocated after a sample, on the MicroPython VM with its collector off."""
    done = subprocess.run(
        [binary(), "-c", _STORY % _SAMPLES, str(FIRMWARE)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if done.returncode or not done.stdout.strip().lstrip("-").isdigit():
        raise PinbenchError(f"the VM did not play the detector: {done.stdout[-200:]}{done.stderr}")
    gained = int(done.stdout)
    return {"value": gained // _SAMPLES, "unit": "bytes a sample", "samples": _SAMPLES}


def tables():
    """Bytes of the model's tables."""
    made = core("airbag.detector_tables")
    parts = {name.lower(): len(getattr(made, name)) for name in ("FEATURES", "CUTS", "LEAVES")}
    return {"value": sum(parts.values()), "unit": "bytes", **parts, "budget": 16384}


FIGURES = {"airbag.sample": sample, "airbag.alloc": alloc, "airbag.tables": tables}
