"""Plays scenarios on either interpreter, and compares the two, event for event."""

import contextlib
import json
import shlex
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from pinbench import stall
from pinbench.scenario import ScenarioError, load
from pinbench.simulator.trace import parse
from pinbench.transfers import decode
from pinbench.vm import HEAP_BYTES, VM, VMError, is_record

RUNTIMES = ("cpython", "micropython")
TAIL = 15  # records that led to a failure or a difference
_BAD = ("expect", "violation", "loss")  # channels that tell of a failure, the most telling first


class Stop(BaseException):
    """Ends a run from its sink; a BaseException, so that nothing inside the run can hold it."""


@dataclass
class Outcome:
    """What came of one run. `error` is a sentence if it did not come to its end."""

    scenario: str
    runtime: str
    held: bool
    failures: list
    command: str
    error: str = ""
    why: str = ""
    simulated_us: int = 0
    wall_s: float = 0.0
    records: int = 0
    tail: list = field(default_factory=list)
    result: dict = field(default_factory=dict)

    @property
    def speed(self):
        """Simulated seconds per wall second."""
        return self.simulated_us / 1e6 / self.wall_s if self.wall_s else 0.0

    def as_json(self):
        """Return the outcome as plain data for `--json`."""
        return {
            "scenario": self.scenario,
            "runtime": self.runtime,
            "held": self.held,
            "error": self.error,
            "failures": self.failures,
            "command": self.command,
            "simulated_s": self.simulated_us / 1e6,
            "wall_s": round(self.wall_s, 3),
            "records": self.records,
            "measures": self.result.get("measures", {}),
            "counters": self.result.get("counters", {}),
        }


@dataclass
class Difference:
    """Where the traces of the two interpreters part; `at` None means that they are equal."""

    scenario: str
    command: str
    records: int = 0
    at: int | None = None
    cpython: str = ""
    micropython: str = ""
    before: list = field(default_factory=list)
    error: str = ""

    @property
    def equal(self):
        """True if both ran to their end and said the same."""
        return self.at is None and not self.error

    def story(self):
        """Return the difference as text: what led to it, then what each interpreter did."""
        if self.error:
            return f"{self.scenario}: {self.error}\n  again: {self.command}"
        if self.equal:
            return f"{self.scenario}: {self.records} records, equal"
        lines = [f"{self.scenario}: record {self.at} differs; before it, on both:"]
        lines += ["    " + readable(line) for line in self.before]
        lines.append("  cpython:      " + readable(self.cpython))
        lines.append("  micropython:  " + readable(self.micropython))
        lines.append(f"  again: {self.command}")
        return "\n".join(lines)

    def as_json(self):
        """Return the difference as plain data for `--json`."""
        return {**vars(self), "equal": self.equal}


def prepare(scenario, seed=None, profile=None):
    """Return the job of a scenario, with the seed and the port profile replaced if given."""
    job = dict(scenario.job)
    if seed is not None:
        job["seed"] = seed
    if profile is not None:
        job["profile"] = profile
    return job


def repeat_command(verb, scenario, runtime=None, seed=None, profile=None):
    """Return the one command that plays the same run again."""
    words = ["pinbench", verb, scenario.name]
    if runtime is not None and runtime != "cpython":
        words += ["--runtime", runtime]
    if profile is not None:
        words += ["--port-profile", profile]
    if seed is not None:
        words += ["--seed", str(seed)]
    return shlex.join(words)


def play(
    scenario,
    runtime="cpython",
    seed=None,
    profile=None,
    sinks=(),
    progress=None,
    heap_bytes=HEAP_BYTES,
    stall_s=20.0,
):
    """Play one scenario and return its Outcome; whatever goes wrong in the run stands in it.

    `scenario` is a Scenario (or a path that holds exactly one run). `sinks` are called with each
    line of the trace; `progress`, now and then, with the virtual time in us and the end of it.
    Raises ScenarioError for a file that cannot be played, ValueError for an unknown runtime.
    """
    scenario = only(scenario)
    if runtime not in RUNTIMES:
        raise ValueError(f"runtime {runtime!r} is unknown: choose {' or '.join(RUNTIMES)}")
    job = prepare(scenario, seed, profile)
    tail = deque(maxlen=TAIL)
    led_to = {}  # channel -> what came before its first record

    def remember(line):
        tail.append(line)
        channel = line.split("|", 2)[1]
        if channel in _BAD and channel not in led_to:
            led_to[channel] = list(tail)

    sink = _Fan([remember, *sinks], progress, job["end_us"])
    command = repeat_command("sim", scenario, runtime, seed, profile)
    outcome = Outcome(scenario.name, runtime, False, [], command, why=scenario.why)
    begun = time.perf_counter()
    try:
        if runtime == "cpython":
            outcome.result = _play_here(job, sink, stall_s)
        else:
            outcome.result = _play_vm(job, sink, heap_bytes, stall_s)
    except (VMError, stall.Stalled) as error:
        outcome.error = str(error)
    outcome.wall_s = time.perf_counter() - begun
    outcome.records = sink.count
    shown = next((led_to[channel] for channel in _BAD if channel in led_to), tail)
    outcome.tail = [readable(line) for line in shown]
    result = outcome.result
    outcome.simulated_us = result.get("now_us", sink.time_us())
    outcome.failures = result.get("failures", [])
    for text in result.get("unexpected", []):
        outcome.failures.append(
            {"that": "no silent loss and no violation", "time_us": -1, "saw": text}
        )
    outcome.error = outcome.error or result.get("error") or ""
    outcome.held = bool(result.get("held")) and not outcome.error
    return outcome


def diff(scenario, seed=None, profile=None, progress=None, heap_bytes=HEAP_BYTES, stall_s=20.0):
    """Play a scenario on both interpreters at once and return the first Difference.

    Neither trace is kept: the VM runs in its own process, and each record of CPython's is compared
    with the VM's next one as it comes.
    """
    scenario = only(scenario)
    job = prepare(scenario, seed, profile)
    found = Difference(scenario.name, repeat_command("diff", scenario, None, seed, profile))
    try:
        vm = VM(job, heap_bytes, stall_s)
    except VMError as error:
        found.error = str(error)
        return found
    with contextlib.closing(vm):
        there = iter(vm)
        before = deque(maxlen=TAIL)

        def compare(line):
            try:
                other = next(there, None)
            except VMError as error:  # inside an event it would count as the simulator's failure
                found.error = f"{error}, after {found.records} equal records"
                raise Stop from None
            if line != other:
                found.at, found.before = found.records + 1, list(before)
                found.cpython = line
                found.micropython = "(its trace has ended)" if other is None else other
                raise Stop
            before.append(line)
            found.records += 1

        try:
            here = _play_here(job, _Fan([compare], progress, job["end_us"]), stall_s)
            stopped = found.at is not None or found.error
            other = None if stopped else next(there, None)
            if stopped:
                pass
            elif other is not None:
                found.at, found.before = found.records + 1, list(before)
                found.cpython, found.micropython = "(its trace has ended)", other
            elif here != vm.result:
                found.error = (
                    "the traces are equal, but not what the two runs sum up: "
                    + _unequal(here, vm.result)
                )
        except Stop:
            pass
        except (VMError, stall.Stalled) as error:
            found.error = f"{error}, after {found.records} equal records"
    return found


def only(scenario):
    """Return `scenario`, or the one run of the file that it names."""
    if not isinstance(scenario, (str, Path)):
        return scenario
    runs = load(scenario)
    if len(runs) != 1:
        raise ScenarioError(f"{scenario} has {len(runs)} runs: name one, such as {runs[0].name}")
    return runs[0]


def readable(line):
    """Return a line of the trace as people read it; what is no record stays as it is."""
    return decode(*parse(line)) if is_record(line) else line


class _Fan:
    """Hands each line to several sinks, and tells `progress` every thousand lines."""

    def __init__(self, sinks, progress, end_us):
        self._sinks = sinks
        self._progress = progress
        self._end_us = end_us
        self._line = ""
        self.count = self.beats = 0

    def beat(self, time_us):
        """A sign of life: virtual time passes, with or without records."""
        self.beats += 1
        if self._progress is not None and self.beats % 30 == 0:
            self._progress(time_us, self._end_us)

    def __call__(self, line):
        self.count += 1
        self._line = line
        for sink in self._sinks:
            sink(line)
        if self._progress is not None and self.count % 1000 == 0:
            self._progress(self.time_us(), self._end_us)

    def time_us(self):
        """Virtual time of the last line."""
        head = self._line.partition("|")[0]
        return int(head) if head.isdigit() else 0


def _play_here(job, sink, stall_s):
    from pinbench.session import run_job

    # Through JSON, as the VM gets it: no tuple, float or shared list is other here than there.
    plain = json.loads(json.dumps(job))
    with stall.watch(lambda: sink.count + sink.beats, stall_s):
        return json.loads(json.dumps(run_job(plain, sink, sink.beat)))


def _play_vm(job, sink, heap_bytes, stall_s):
    vm = VM(job, heap_bytes, stall_s)
    for line in vm:
        sink(line)
    return vm.result or {}


def _unequal(here, there):
    for key in sorted({*here, *(there or {})}):
        mine, other = here.get(key), (there or {}).get(key)
        if mine != other:
            return f"{key} is {mine!r} on cpython and {other!r} on micropython"
    return "in nothing that can be named"
