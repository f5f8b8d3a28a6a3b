"""Supervised tasks: started again with growing waits, and no watchdog fed while one is silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

PROGRAM = """
import asyncio
import time
from services.log import Log
from services.tasks import Supervisor

class WDT:
    def feed(self):
        print("fed", time.ticks_ms())

def safe(name):
    print("safe", name)

async def steady(beat):
    while True:
        beat()
        await asyncio.sleep_ms(500)
{tasks}
log = Log()
supervisor = Supervisor(log, safe)
supervisor.add("steady", steady, silence_ms=2000)
{adds}
asyncio.run(supervisor.run(WDT(){options}))
"""


def source(tasks="", adds="", options=""):
    return PROGRAM.format(tasks=tasks, adds=adds, options=options)


def fed_ms(log):
    return [int(line.split()[1]) for line in log if line.startswith("fed ")]


@pytest.mark.vm
def test_while_all_report_the_watchdog_is_fed_at_least_every_4_s(programs):
    lines = programs.both(source(), 60_000)
    fed = fed_ms(programs.log(lines))
    assert len(fed) >= 15
    assert all(later - earlier <= 4000 for earlier, later in zip(fed, fed[1:], strict=False))


@pytest.mark.vm
def test_a_silent_task_brings_the_safe_state_and_then_a_real_bite(programs):
    text = source(
        """
async def hangs(beat):
    beat()
    await asyncio.Event().wait()
""",
        'import machine\nWDT = machine.WDT\nsupervisor.add("hangs", hangs, silence_ms=5000)',
    ).replace("WDT()", "WDT(timeout=8000)")
    lines = programs.both(text, 20_000)
    log = programs.log(lines)
    assert log[0].startswith("hangs: silent for ")
    assert log[0].endswith("safe state, waiting for the watchdog")
    assert log[1] == "safe hangs"
    resets = [line for line in lines if "|reset|" in line]
    assert "watchdog" in resets[1]
    assert int(resets[1].split("|")[0]) <= (6000 + 8000) * 1000 + 600_000


@pytest.mark.vm
def test_a_failing_task_is_started_again_with_waits_that_double(programs):
    lines = programs.both(
        source(
            """
async def fails(beat):
    beat()
    print("start", time.ticks_ms())
    raise ValueError("broken")
""",
            'supervisor.add("fails", fails, 1000, restarts=4, wait_ms=100, wait_max_ms=500)',
        ),
        30_000,
    )
    log = programs.log(lines)
    starts = [int(line.split()[1]) for line in log if line.startswith("start")]
    waits = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
    assert [wait // 100 for wait in waits] == [1, 2, 4, 5]
    assert "fails: ValueError: broken; starts again in 100 ms" in log
    at = log.index("fails: ValueError: broken; given up after 5 failures, safe state")
    assert log[at + 1] == "safe fails"
    assert fed_ms(log)[-1] > 25_000, "a task that was given up is accounted for"


def test_a_task_has_its_whole_time_after_a_start(programs):
    lines = programs.lines(
        source(
            """
first = [True]

async def slow(beat):
    if first.pop():
        first.append(False)
        raise OSError(5)
    await asyncio.sleep_ms(4000)
    while True:
        beat()
        await asyncio.sleep_ms(4000)
""",
            'supervisor.add("slow", slow, 5000, wait_ms=20000)',
        ),
        60_000,
    )
    assert not any("silent" in line for line in programs.log(lines))


def test_a_task_that_returns_has_failed(programs):
    lines = programs.lines(
        source("async def ends(beat):\n    beat()", 'supervisor.add("ends", ends, 1000)'), 3000
    )
    assert "ends: it ended; starts again in 500 ms" in programs.log(lines)


def test_failures_far_apart_are_forgiven(programs):
    lines = programs.lines(
        source(
            """
async def rare(beat):
    for _ in range(20):
        beat()
        await asyncio.sleep_ms(500)
    raise OSError(5)
""",
            'supervisor.add("rare", rare, 2000, restarts=1, wait_ms=100, steady_ms=9000)',
        ),
        100_000,
    )
    log = programs.log(lines)
    assert log.count("rare: OSError: 5; starts again in 100 ms") >= 8
    assert not any(line.startswith("safe") for line in log)


def test_a_safe_state_that_fails_ends_the_feeding(programs):
    lines = programs.lines(
        source(
            "async def fails(beat):\n    raise ValueError",
            'supervisor.add("fails", fails, 1000, restarts=0)',
        ).replace('print("safe", name)', "raise OSError(19)"),
        30_000,
    )
    log = programs.log(lines)
    assert "safe state failed: OSError: 19" in log
    assert fed_ms(log)[-1] < 4000


def test_wrong_use_is_refused(bench):
    tasks = bench.load("services.tasks")
    supervisor = tasks.Supervisor(None, None)
    supervisor.add("a", None, 1000)
    with pytest.raises(ValueError, match="twice"):
        supervisor.add("a", None, 1000)
    with pytest.raises(ValueError, match="silence_ms"):
        supervisor.add("b", None, 0)
    with pytest.raises(ValueError, match="wait_ms"):
        supervisor.add("b", None, 1, wait_ms=0)
    supervisor.add("b", None, 1, wait_ms=1, restarts=0)
    with pytest.raises(ValueError, match="4000"):
        supervisor.run(None, every_ms=4001).send(None)


@given(
    gaps=st.lists(st.integers(1, 9000), min_size=1, max_size=12),
    silence_ms=st.integers(1000, 8000),
    every_ms=st.integers(500, 4000),
)
def test_never_fed_while_a_task_is_silent_and_always_while_none_is(
    programs, gaps, silence_ms, every_ms
):
    lines = programs.lines(
        source(
            f"""
async def erratic(beat):
    for gap in {gaps}:
        beat()
        print("beat", time.ticks_ms())
        await asyncio.sleep_ms(gap)
    await asyncio.Event().wait()
""",
            f'supervisor.add("erratic", erratic, {silence_ms})',
            f", every_ms={every_ms}",
        ),
        sum(gaps) + silence_ms + 3 * every_ms + 1000,
    )
    log = programs.log(lines)
    last_beat = None
    silent = False
    for line in log:
        word, _, rest = line.partition(" ")
        if word == "beat":
            last_beat = int(rest)
        elif word == "fed" and last_beat is not None:
            assert int(rest) - last_beat <= silence_ms + 1
            assert not silent, "once silent, fed no more"
        elif "silent for" in line:
            silent = True
    # The end of the story is a task that says nothing any more; before that, no false alarm.
    assert silent
    alarm = next(i for i, line in enumerate(log) if "silent for" in line)
    if all(gap <= silence_ms - 10 for gap in gaps):
        assert sum(line.startswith("beat") for line in log[:alarm]) == len(gaps)


@given(start=st.integers(0, 200_000))
def test_silence_is_measured_right_across_the_wrap_of_the_ticks(programs, start):
    lines = programs.lines(
        source(),
        100_000,
        start_ticks_us=(1 << 30) * 1000 - start * 1000,
    )
    log = programs.log(lines)
    assert len(log) >= 30 and all(line.startswith("fed ") for line in log)
