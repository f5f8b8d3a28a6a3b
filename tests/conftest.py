"""Profiles of Hypothesis, chosen by PINBENCH_PROFILE, and the seeds that repeat a run."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

pytest_plugins = ["pytester"]

# `ci` finds the same examples on every machine. A deadline would measure the machine.
_COMMON = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("ci", derandomize=True, max_examples=100, **_COMMON)
settings.register_profile("fast", derandomize=True, max_examples=15, **_COMMON)
# For mutants and seeded mistakes: whether it fails, and no search for the smallest example.
_JUDGE = (Phase.explicit, Phase.generate)
settings.register_profile("judge", derandomize=True, max_examples=15, phases=_JUDGE, **_COMMON)
settings.register_profile("long", max_examples=2_000, **_COMMON)
PROFILE = os.environ.get("PINBENCH_PROFILE", "ci")
if PROFILE not in ("ci", "fast", "judge", "long"):
    raise pytest.UsageError(f"PINBENCH_PROFILE is {PROFILE!r}: choose ci, fast or long")
settings.load_profile(PROFILE)


def pytest_report_header(config):
    """Name the profile and the seeds."""
    seed = config.getoption("hypothesis_seed", None)
    if seed is None:
        seed = "drawn anew (a failure prints its blob)" if PROFILE == "long" else "derandomized"
    bench = config.getoption("bench_seed", None)
    bench = "each test's own" if bench is None else bench
    return f"pinbench: profile {PROFILE}, hypothesis seed {seed}, bench seed {bench}"


def pytest_collection_modifyitems(config, items):
    """Leave out what needs recordings where there are none."""
    if os.environ.get("PINBENCH_DATA"):
        return
    skip = pytest.mark.skip(reason="PINBENCH_DATA names no folder of recordings")
    for item in items:
        if item.get_closest_marker("needs_data"):
            item.add_marker(skip)
