"""The figures' own arithmetic; what they measure is measured by `pinbench benchmark`."""

import json

import pytest

from pinbench import cli
from pinbench.errors import PinbenchError, UsageError
from pinbench.verbs import benchmark


@pytest.mark.parametrize("need", [300_000, 1_234_567, (16 << 20) - 5])
def test_smallest_heap_is_found_to_the_step(monkeypatch, need):
    monkeypatch.setattr(benchmark, "fits", lambda job, heap_bytes: heap_bytes >= need)
    found = benchmark.smallest_heap({"end_us": 1}, "x")
    assert need <= found <= need + benchmark.HEAP_STEP


def test_the_whole_run_decides_not_its_first_minutes(monkeypatch):
    def fits(job, heap_bytes):
        return heap_bytes >= (1_000_000 if job["end_us"] == benchmark.BOOT_US else 1_234_567)

    monkeypatch.setattr(benchmark, "fits", fits)
    found = benchmark.smallest_heap({"end_us": 10 * benchmark.BOOT_US}, "x")
    assert 1_234_567 <= found <= 1_234_567 + benchmark.HEAP_STEP


def test_what_never_fits_is_an_error(monkeypatch):
    monkeypatch.setattr(benchmark, "fits", lambda job, heap_bytes: False)
    with pytest.raises(PinbenchError, match="does not run"):
        benchmark.smallest_heap({"end_us": 1}, "x")


def test_figures_print_as_one_json_object(monkeypatch, capsys):
    figure = {"value": 10, "unit": "bytes"}
    monkeypatch.setattr(benchmark, "FIGURES", {"heap.window": lambda: figure})
    assert cli.run(["benchmark", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"heap.window": figure}
    assert cli.run(["benchmark"]) == 0
    assert capsys.readouterr().out.split()[:3] == ["heap.window", "10", "bytes"]


def test_unknown_figure_is_named():
    with pytest.raises(UsageError, match="heap.window"):
        benchmark.run(False, "speed of light")
