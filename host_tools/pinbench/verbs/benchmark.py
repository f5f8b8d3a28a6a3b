"""`pinbench benchmark`: the figures of speed, memory and flashing, measured when asked for."""

import copy
import json
import tempfile
import time
from pathlib import Path

import click

from pinbench import play, scenario
from pinbench.compiled import compile_tree
from pinbench.deploy import figures as flash
from pinbench.deploy import ports
from pinbench.errors import HELD, PinbenchError, UsageError
from pinbench.evaluate import airbag_figures as airbag
from pinbench.evaluate import airbag_on_board as on_board
from pinbench.evaluate.kiosk import figures as kiosk
from pinbench.paths import FIRMWARE, SCENARIOS
from pinbench.report.progress import progress
from pinbench.vm import VM, VMError

WET_DAY = SCENARIOS / "window" / "wet_day.toml"
MOVING = SCENARIOS / "window" / "always_moving.toml"
# Start-up is not measured: imports, wiring, boot and homing lie before this virtual time.
START_US = 60_000_000
HEAP_FROM, HEAP_TO, HEAP_STEP = 256 << 10, 16 << 20, 4 << 10
# Collect after so many bytes, not only when the heap is full: what lives is then packed, and the
# smallest heap is one figure. Without it, the holes of imports cost up to half a megabyte.
GC_THRESHOLD = 32 << 10
BOOT_US = 120_000_000  # a run that comes this far has loaded everything, nearly all that it needs


def run(as_json, only, port=None):
    """Print the figures whose name contains `only`; returns the exit code.

    port: those that a connected board has, measured on it.
    """
    known = FIGURES if port is None else on_board.figures(ports.find(port))
    chosen = {name: measure for name, measure in known.items() if not only or only in name}
    if not chosen:
        raise UsageError(f"no figure's name contains {only!r}: there are {', '.join(known)}")
    figures = {}
    for name, measure in chosen.items():
        figures[name] = measure()
        if not as_json:
            click.echo(_row(name, figures[name]))
    if as_json:
        click.echo(json.dumps(figures, indent=1))
    return HELD


def speed(path, runtime):
    """Return the simulated seconds per wall second of a scenario, trace on."""
    one = play.only(scenario.load(path)[0])
    start = []

    def clock(line):
        if not start and int(line.partition("|")[0]) >= START_US:
            start.append((int(line.partition("|")[0]), time.perf_counter()))

    with progress(f"{path.stem} on {runtime}") as tell:
        outcome = play.play(one, runtime, sinks=[clock], progress=tell)
        end_s = time.perf_counter()
    if not outcome.held or not start:
        why = outcome.error or "its expectations did not hold"
        raise PinbenchError(f"{path.stem} gives no figure: {why}; try `{outcome.command}`")
    since_us, since_s = start[0]
    counters = outcome.result.get("counters", {})
    return {
        "value": round((outcome.simulated_us - since_us) / 1e6 / (end_s - since_s)),
        "unit": "simulated s / wall s",
        "simulated_s": round((outcome.simulated_us - since_us) / 1e6),
        **{key: counters[key] for key in ("events", "callbacks", "records") if key in counters},
    }


def heap():
    """Return the smallest heap of the wet day, less that of the same run with an empty main.py.

    The firmware is loaded as a board gets it, compiled to .mpy, and both runs intern names ahead
    (vm_entry.reserve_names). The VM has 64-bit words, so this bounds a board from above.
    """
    job = {**play.only(scenario.load(WET_DAY)[0]).job, "gc_threshold": GC_THRESHOLD}
    job["reserve_names"] = True
    empty = copy.deepcopy(job)  # its expectations too: they are the simulator's, and may fail
    with tempfile.TemporaryDirectory() as folder:
        device, bare = Path(folder, "device"), Path(folder, "bare")
        for part in ("drivers", "services", job["device"]):
            compile_tree(FIRMWARE / part, device / part)
        main = job["main"].removesuffix(".py").replace("/", ".")
        (device / "main.py").write_text(f"import {main}\n")
        bare.mkdir()
        (bare / "main.py").write_text("")
        job["roots"], empty["roots"] = [str(device)], [str(bare)]
        job["main"] = empty["main"] = "main.py"
        with_device = smallest_heap(job, "wet day")
        without = smallest_heap(empty, "empty main.py")
    return {
        "value": with_device - without,
        "unit": "bytes",
        "wet_day": with_device,
        "empty_main": without,
        "firmware": ".mpy, -O0",
    }


def smallest_heap(job, what):
    """Return the smallest heap in bytes with which `job` runs to its end on the VM.

    Its first minutes give a lower bound; whole runs go up from there. Raises PinbenchError.
    """
    boot = {**job, "end_us": min(BOOT_US, job["end_us"])}
    with progress(f"heap of {what}") as tell:
        tell(0, 3)
        low = _search(boot, HEAP_FROM, HEAP_TO, what)
        tell(1, 3)
        if fits(job, low):
            return low
        high = low + HEAP_STEP
        while high < HEAP_TO and not fits(job, high):
            low, high = high, high + 2 * (high - low)
        tell(2, 3)
        return _search(job, low, high, what)


def _search(job, low, high, what):
    """Return the smallest heap over `low` and up to `high` in which `job` fits, by halving."""
    if not fits(job, high):
        raise PinbenchError(f"{what}: it does not run in {high} bytes of heap either")
    while high - low > HEAP_STEP:
        middle = (low + high) // 2 // HEAP_STEP * HEAP_STEP
        if fits(job, middle):
            high = middle
        else:
            low = middle
    return high


def fits(job, heap_bytes):
    """True if `job` comes to its end in this heap, and nothing in it met a MemoryError."""
    vm = VM(job, heap_bytes)
    try:
        for line in vm:
            if "MemoryError" in line:
                return False
    except VMError:
        return False
    finally:
        vm.close()
    return bool(vm.result) and not vm.result.get("error")


def _row(name, figure):
    rest = ", ".join(
        f"{key.replace('_', ' ')} {value if isinstance(value, str) else format(value, ',')}"
        for key, value in figure.items()
        if key not in ("value", "unit")
    )
    return f"{name:<28} {figure['value']:>12,} {figure['unit']:<22} {rest}"


FIGURES = {
    "sim.window.cpython": lambda: speed(WET_DAY, "cpython"),
    "sim.window.micropython": lambda: speed(WET_DAY, "micropython"),
    "sim.window.moving.cpython": lambda: speed(MOVING, "cpython"),
    "heap.window": heap,
    **airbag.FIGURES,
    **flash.FIGURES,
    **kiosk.FIGURES,
}
