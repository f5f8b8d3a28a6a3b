"""The figures of flashing, side by side with `mpremote cp -r` of the same device's sources.

Both work on virtual boards that are alike: the same line, flash, chips and world. A time is that
of the whole command, process start included; bytes are counted by the board, both ways.
"""

import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pinbench.board.definitions import load_board
from pinbench.board.virtual import BAUD_115200, FAST_USB, VirtualBoard
from pinbench.deploy.build import build
from pinbench.errors import PinbenchError
from pinbench.report.progress import progress

DEVICE = "window"
ROUNDS = 5
STEPS = ("first", "same", "one")
_BIN = Path(sys.executable).parent
_CHANGED = "policy.py"  # of the device: a file of the usual size, which the second step changes
_LIMIT_S = 300


@dataclass(frozen=True)
class Measured:
    """One command: wall seconds, and bytes over the port in both directions."""

    seconds: float
    bytes: int


@functools.cache
def measure(bytes_per_s=BAUD_115200, rounds=ROUNDS):
    """Return the dict of figures `flash.*` on a line of that speed.

    Each has value, unit, against (mpremote's) and ratio: medians of `rounds`, the two commands
    alternating, each first flash on a new file system. `floor` is what the line alone needs for
    the bytes that went over it.
    """
    theirs = {step: [] for step in STEPS}
    ours = {step: [] for step in STEPS}
    with progress(f"flashing at {bytes_per_s:,} bytes a second") as tell:
        for number in range(rounds):
            tell(2 * number, 2 * rounds)
            _round(theirs, bytes_per_s, _mpremote)
            tell(2 * number + 1, 2 * rounds)
            _round(ours, bytes_per_s, _pinbench)
    found = {}
    for step in STEPS:
        found[f"flash.{step}.time"] = _figure(ours[step], theirs[step], "seconds", "s")
        found[f"flash.{step}.time"]["floor"] = round(
            _median(ours[step], "bytes") / bytes_per_s, 2
        )
    found["flash.first.bytes"] = _figure(ours["first"], theirs["first"], "bytes", "bytes")
    return found


def _median(runs, what):
    return statistics.median(getattr(run, what) for run in runs)


def _figure(ours, theirs, what, unit):
    value, against = _median(ours, what), _median(theirs, what)
    digits = 2 if unit == "s" else 0
    return {
        "value": round(value, digits) if digits else int(value),
        "unit": unit,
        "against": round(against, digits) if digits else int(against),
        "ratio": round(value / against, 3),
    }


def _round(found, bytes_per_s, command):
    """One board, from blank: first, nothing changed, one file changed."""
    with tempfile.TemporaryDirectory() as folder:
        firmware = Path(folder, "firmware")
        sources = build(load_board("virtual"), DEVICE).sources
        for name, data in sources.items():
            path = firmware / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        with VirtualBoard("virtual", device=DEVICE, pace=bytes_per_s) as board:
            for step in STEPS:
                if step == "one":
                    changed = firmware / DEVICE / _CHANGED
                    changed.write_text(changed.read_text() + "\n_MEASURED = 1\n")
                _settle(board)
                board.count_from_here()
                begun_s = time.monotonic()
                done = subprocess.run(
                    command(board.port, firmware),
                    capture_output=True,
                    text=True,
                    timeout=_LIMIT_S,
                    env={**os.environ, "PINBENCH_FIRMWARE": str(firmware)},
                )
                seconds = time.monotonic() - begun_s
                if done.returncode:
                    raise PinbenchError(f"{command.__name__[1:]}, {step}: {done.stderr.strip()}")
                counters = board.counters
                found[step].append(Measured(seconds, counters.to_board + counters.to_host))


def _settle(board):
    """Wait until the device that was started is up: a command is not begun in its start."""
    if b"slot " in board.printed():
        board.wait_for("restarts", 60)


def _mpremote(port, firmware):
    tops = sorted(str(path) for path in firmware.iterdir())
    return [str(_BIN / "mpremote"), "connect", port, "fs", "cp", "-r", *tops, ":"]


def _pinbench(port, firmware):
    return [str(_BIN / "pinbench"), "flash", DEVICE, "--board", "virtual", "--port", port]


FIGURES = {
    name: functools.partial(lambda name: measure(BAUD_115200)[name], name)
    for name in ("flash.first.time", "flash.first.bytes", "flash.same.time", "flash.one.time")
}
FIGURES |= {
    f"{name}.1MB": functools.partial(lambda name: measure(FAST_USB)[name], name)
    for name in FIGURES
}
