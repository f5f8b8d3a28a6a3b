"""Health: what the device says of itself."""

import json

import pytest


class Lines(list):
    """Stands for the device's log."""

    line = list.append

    def faults(self):
        return ["bmp390"]

    def recent(self):
        return list(self)[-2:]


def health(bench, log=None):
    log = Lines() if log is None else log
    supervisor = bench.load("services.tasks").Supervisor(log, None)
    return bench.load("services.health").Health(supervisor), supervisor, log


def test_starts_are_counted_over_resets(bench):
    for boots in (1, 2, 3):
        found, _, log = health(bench)
        assert found.boots == boots
        assert log == []
        bench.boot()


@pytest.mark.parametrize("stored", ["", "x", "12x", "\xff" * 20])
def test_a_damaged_count_starts_again(bench, stored):
    bench.load("services.health")
    bench.flash.mounted.install("/boots", stored.encode("latin-1"))
    assert health(bench)[0].boots == 1


def test_a_full_flash_is_a_line_and_no_exception(bench):
    bench.load("services.health")
    bench.flash.full = True
    found, _, log = health(bench)
    assert found.boots == 1
    assert log == ["starts are not counted: OSError: 28"]


def test_summary_is_fit_for_json_and_says_what_is_wrong(bench):
    found, supervisor, log = health(bench)
    tasks = bench.load("services.tasks")
    good = supervisor.add("good", None, 1000)
    bad = supervisor.add("bad", None, 1000)
    assert found.line().startswith("well, ")  # at boot, when none has started yet
    good.state = bad.state = tasks.RUNNING
    assert found.well
    bad.state = tasks.FAILED
    bad.failed = 6
    log.line("bad: OSError: 5")
    supervisor.uptime_ms = 90_500
    summary = json.loads(json.dumps(found.summary()))
    assert summary == {
        "well": False,
        "uptime_s": 90,
        "boots": 1,
        "reset_cause": 1,
        "restarts": 6,
        "failed": ["bad"],
        "waiting": [],
        "faults": ["bmp390"],
        "errors": ["bad: OSError: 5"],
    }
    text = "not well, up 90 s, start 1, reset cause 1, 6 restarts, failed: bad, faults: bmp390"
    assert found.line() == text
    bad.state = tasks.WAITING
    assert found.summary()["waiting"] == ["bad"]
    supervisor.condemned = True
    assert not found.well
