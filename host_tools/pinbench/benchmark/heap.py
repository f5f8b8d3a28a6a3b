"""How much heap the window's firmware needs: the least with it, less the least without it."""

import tempfile
from dataclasses import replace
from pathlib import Path

from pinbench.benchmark.figures import Figure
from pinbench.benchmark.speed import SCENARIOS
from pinbench.errors import PinbenchError
from pinbench.play import play
from pinbench.scenario import load

STEP = 2048  # bytes; the answer is right to this much
MOST = 64 << 20


def measure():
    """Return heap.window: bytes that the firmware needs for the wet day on the 64-bit VM.

    The VM's words are twice a board's, so this bounds a board's need from above. Both runs have
    the same simulator, wiring and world; the second one's main.py is empty.
    """
    run = load(SCENARIOS / "wet_day.toml")[0]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "empty").mkdir()
        (Path(folder) / "empty" / "main.py").write_text("")
        bare = {**run.job, "roots": [folder], "main": "empty/main.py", "expect": []}
        whole = least(run)
        simulator = least(replace(run, job=bare))
    note = f"least heap {whole} with the firmware, {simulator} with an empty main.py"
    return {"heap.window": Figure(whole - simulator, "bytes", note, "under 100,000")}


def least(run):
    """Return the smallest `-X heapsize=` in bytes, to STEP, at which the run comes to its end."""
    low, high = 0, 1 << 20
    while not fits(run, high):
        low, high = high, high * 2
        if high > MOST:
            raise PinbenchError(f"{run.name} does not run in {MOST} bytes of heap")
    while high - low > STEP:
        middle = (low + high) // 2 // STEP * STEP
        if middle <= low:
            break
        if fits(run, middle):
            high = middle
        else:
            low = middle
    return high


def fits(run, heap_bytes):
    """True if the run comes to its end, held, in this much heap."""
    outcome = play(run, "micropython", heap_bytes=heap_bytes)
    return not outcome.error and outcome.held
