"""The pytest plugin: a simulated bench as a fixture, for those who test drivers and devices.

    @given(rh_pct=floats(0, 100))
    def test_driver_says_what_the_air_is(bench, rh_pct):
        bench.i2c(0).add(SHT4x(rh_pct=rh_pct))
        sensor = bench.load("drivers.sht4x").SHT4x(bench.bus("humidity"))
        assert abs(sensor.measure()[0] - rh_pct) < 0.01

    @pytest.mark.bench(board="rpi_pico_w", device="window", seed=7)
    def test_window(bench):
        bench.run_until("3 h")

    @pytest.mark.bench(search=50)
    def test_no_edge_is_lost(bench):  # in 50 interleavings of the firmware and its callbacks
        ...

`bench` is a new bench for every test, and under @given for every example. A silent loss or a
chip's complaint that the test did not expect fails it.
"""

import functools
import os
import shlex

import pytest

from pinbench.errors import UsageError
from pinbench.handle import BenchHandle
from pinbench.paths import FIRMWARE

_HANDLE = pytest.StashKey[BenchHandle]()
_NUMBER = pytest.StashKey[int | None]()  # the interleaving that failed
_FIXTURES = ("bench", "make_bench")
_MARKER = (
    "bench(board, device, wiring, profile, seed, world, main, files, numbers, search): what "
    "the bench is; without it a bare board of port rp2"
)


def pytest_addoption(parser):
    group = parser.getgroup("pinbench")
    group.addoption(
        "--bench-seed", type=int, metavar="N", help="seed of every bench, instead of its own"
    )
    group.addoption(
        "--bench-search", type=int, metavar="N",
        help="of tests that search, play only interleaving N",
    )  # fmt: skip
    parser.addini(
        "pinbench_roots",
        "folders that hold firmware, before pinbench's own",
        type="paths",
        default=[],
    )


def pytest_configure(config):
    config.addinivalue_line("markers", _MARKER)
    roots = [*config.getini("pinbench_roots"), FIRMWARE]
    config.stash[_HANDLE] = BenchHandle(roots)


# Of session scope, since the handle itself has no state that a test could see: the hooks below
# renew it. A function-scoped fixture would be one bench for all examples of a @given.
@pytest.fixture(scope="session")
def bench(pytestconfig):
    """A simulated bench: chips are added to its buses, firmware is loaded with `load`."""
    return pytestconfig.stash[_HANDLE]


@pytest.fixture(scope="session")
def make_bench(pytestconfig):
    """Makes a bench of its own at every call; takes the options of the marker `bench`."""
    return pytestconfig.stash[_HANDLE].make


def _options(item):
    options = {}
    for marker in reversed(list(item.iter_markers("bench"))):  # the nearest wins
        options.update(marker.kwargs)
    seed = item.config.getoption("bench_seed")
    if seed is not None:
        options["seed"] = seed
    return options


class BenchFault(AssertionError):
    """The test passed, but the bench saw what it did not expect, or not what it expected."""


def _verify(handle):
    __tracebackhide__ = True
    found = handle.faults()
    if found:
        raise BenchFault("\n".join(found))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.config.stash[_HANDLE].begin(**_options(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if not any(name in getattr(item, "fixturenames", ()) for name in _FIXTURES):
        return (yield)
    handle = item.config.stash[_HANDLE]
    given = getattr(getattr(item, "obj", None), "hypothesis", None)
    numbers = _interleavings(item)
    if given is None and numbers is None:
        result = yield
        _verify(handle)
        return result
    owner, name = (item, "obj") if given is None else (given, "inner_test")
    test = getattr(owner, name)

    @functools.wraps(test)
    def example(*args, **kwargs):
        for number in (None,) if numbers is None else numbers:
            options = _options(item)
            if number is not None:
                options["interleaving"] = item.stash[_NUMBER] = number
            handle.begin(**options)
            test(*args, **kwargs)
            _verify(handle)  # within the example, so that Hypothesis shrinks it
            item.stash[_NUMBER] = None

    setattr(owner, name, example)
    try:
        return (yield)
    finally:
        setattr(owner, name, test)


def _interleavings(item):
    """Return the numbers of the interleavings to play, None for a test that does not search."""
    count = _options(item).get("search")
    if not count:
        return None
    if not isinstance(count, int) or count < 1:
        raise UsageError(f"search= is how many interleavings to play, not {count!r}")
    only = item.config.getoption("bench_search")
    return range(count) if only is None else (only,)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    item.config.stash[_HANDLE].end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.failed:
        transfers = item.config.stash[_HANDLE].report()
        if transfers:
            report.sections.append(("bench: the last transfers", transfers))
        if any(name in getattr(item, "fixturenames", ()) for name in _FIXTURES):
            report.sections.append(("bench: this test again", repeat_command(item)))
    return report


def repeat_command(item):
    """Return the command that runs this test again, as it ran."""
    words = ["pytest", item.nodeid]
    seed = item.config.getoption("bench_seed")
    if seed is not None:
        words.append(f"--bench-seed={seed}")
    number = item.stash.get(_NUMBER, None)
    if number is not None:
        words.append(f"--bench-search={number}")
    profile = os.environ.get("PINBENCH_PROFILE")
    return (f"PINBENCH_PROFILE={shlex.quote(profile)} " if profile else "") + shlex.join(words)
