"""Search mode as its users meet it: the races that it finds, and those that are none."""

import pytest

# pytester forgets the modules that a run imported, and C extensions do not bear a second import.
import pinbench.session  # noqa: F401
import pinbench.simulator.machine.littlefs_host  # noqa: F401

METER = '''
import time

from machine import Pin, Timer, disable_irq, enable_irq


class Meter:
    """Counts edges in a soft handler; `take` hands them on."""

    def __init__(self, number):
        self.edges = self.total = 0
        self.pin = Pin(number, Pin.IN)
        self.pin.irq(self.edge, Pin.IRQ_RISING)

    def edge(self, pin):
        self.edges += 1

    def take_torn(self):
        seen = self.edges
        if seen:  # here a callback may run, and what it counts is lost below
            self.total += seen
        self.edges = 0

    def take_whole(self):
        seen = self.edges
        self.edges = 0
        if seen:
            self.total += seen


class Ticker:
    """Counts a timer's ticks, which it keeps or does not."""

    def __init__(self, keeps):
        self.ticks = 0
        timer = Timer(period=10, callback=self.tick)
        self.timer = timer if keeps else None

    def tick(self, timer):
        self.ticks += 1

    def wait(self):
        time.sleep_ms(1)


class HardMeter(Meter):
    """Its handler is hard: even a straight line may be torn."""

    def __init__(self, number):
        self.edges = self.total = 0
        self.pin = Pin(number, Pin.IN)
        self.pin.irq(self.edge, Pin.IRQ_RISING, hard=True)

    def take_locked(self):
        state = disable_irq()
        seen = self.edges
        self.edges = 0
        enable_irq(state)
        self.total += seen
'''
TEST = '''
import pytest


def edges_seen(bench, kind, take):
    """Ten edges while the firmware takes what it has counted; returns how many it knows of."""
    kernel, line = bench.kernel, bench.pad(15).net
    meter = getattr(bench.load("meter"), kind)(15)
    time = bench.load("time")
    for n in range(10):
        kernel.at(kernel.now_us + 1000 + 1370 * n, lambda _: line.drive("test", 1))
        kernel.at(kernel.now_us + 1300 + 1370 * n, lambda _: line.drive("test", 0))
    for _ in range(20):
        getattr(meter, take)()
        time.sleep_us(900)  # a busy wait: no callback
        time.sleep_ms(0)
    time.sleep_ms(20)
    getattr(meter, take)()
    return meter.total + meter.edges

'''


@pytest.fixture
def run(pytester):
    """Run pytest on a test of the meter above; returns its result."""
    pytester.mkdir("firmware").joinpath("meter.py").write_text(METER)
    pytester.makeini("[pytest]\npinbench_roots = firmware\naddopts = -p no:randomly\n")

    def run(text, *options):
        pytester.makepyfile(TEST + text)
        return pytester.runpytest_inprocess(*options)

    return run


def test_plain_mode_does_not_see_a_lost_update(run):
    result = run("""
def test_it(bench):
    assert edges_seen(bench, "Meter", "take_torn") == 10
""")
    result.assert_outcomes(passed=1)


def test_search_finds_the_lost_update_and_says_how_to_see_it_again(run):
    text = """
@pytest.mark.bench(search=20)
def test_it(bench):
    assert edges_seen(bench, "Meter", "take_torn") == 10
"""
    result = run(text)
    result.assert_outcomes(failed=1)
    again = [line for line in result.outlines if "--bench-search=" in line]
    number = again[0].rpartition("=")[2]
    run(text, f"--bench-search={number}").assert_outcomes(failed=1)


def test_an_update_without_a_branch_is_atomic_for_a_soft_callback(run):
    result = run("""
@pytest.mark.bench(search=20)
def test_it(bench):
    assert edges_seen(bench, "Meter", "take_whole") == 10
""")
    result.assert_outcomes(passed=1)


def test_a_hard_handler_tears_even_that(run):
    result = run("""
@pytest.mark.bench(search=40)
def test_torn(bench):
    assert edges_seen(bench, "HardMeter", "take_whole") == 10


@pytest.mark.bench(search=40)
def test_locked(bench):
    assert edges_seen(bench, "HardMeter", "take_locked") == 10
""")
    result.assert_outcomes(passed=1, failed=1)


def test_every_example_of_given_is_searched(run):
    result = run("""
from hypothesis import given, settings, strategies


@pytest.mark.bench(search=12)
@given(strategies.integers(0, 3))
@settings(max_examples=4, deadline=None, database=None)
def test_it(bench, n):
    assert edges_seen(bench, "Meter", "take_torn") == 10
""")
    result.assert_outcomes(failed=1)


def test_a_timer_without_a_reference_is_collected(run):
    result = run("""
@pytest.mark.bench(search=3)
@pytest.mark.parametrize("kept", [True, False])
def test_it(bench, kept):
    meter = bench.load("meter")
    owner = meter.Ticker(kept)
    for _ in range(60):
        owner.wait()
    assert owner.ticks >= 5
""")
    result.assert_outcomes(passed=1, failed=1)


def test_search_must_be_a_count(run):
    result = run("""
@pytest.mark.bench(search="all")
def test_it(bench):
    pass
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*search= is how many interleavings to play, not 'all'*"])
