"""A wrong bench is caught: each kept one-line mistake makes its item fail (long profile)."""

import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from pinbench.conformance import suite
from pinbench.paths import ROOT

FOLDER = ROOT / "tests" / "conformance_mistakes"
MISTAKES = [
    (*row, port)
    for path in sorted(FOLDER.glob("*.toml"))
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["mistakes"]
    for port in row[1].split()
]
LONG = os.environ.get("PINBENCH_PROFILE") == "long"
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from pinbench.conformance import on_bench, suite
item, = on_bench.find(suite.collect(sys.argv[2]), [sys.argv[3]])
row = on_bench.on_cpython(item, sys.argv[4])
print(row.state, row.why)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the host's tools that a test may spoil; it restores what it spoilt."""
    target = tmp_path_factory.mktemp("tools") / "host_tools"
    shutil.copytree(ROOT / "host_tools", target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def name(value):
    """Return the id of a mistake: item, port, and the file that is wrong."""
    return f"{value[0]}-{value[5]}-{value[2]}"


@pytest.mark.skipif(not LONG, reason="PINBENCH_PROFILE=long runs the kept mistakes")
@pytest.mark.parametrize("mistake", MISTAKES, ids=name)
def test_a_mistake_is_caught(copy, mistake):
    item, _, file, find, replace, port = mistake
    path = copy / "pinbench" / "simulator" / file
    good = path.read_text(encoding="utf-8")
    assert find in good, f"{file} has changed: the mistake fits nowhere"
    try:
        path.write_text(good.replace(find, replace), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-B", "-c", PROGRAM, str(copy), str(suite.FOLDER), item, port],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    finally:
        path.write_text(good, encoding="utf-8")
    said = done.stdout or done.stderr
    assert said.startswith("failed"), f"{item} on {port} did not notice: {said[-500:]}"


def test_every_mistake_fits_somewhere():
    """In every profile: the text to be changed is there, so that the list does not rot."""
    rotten = []
    for item, _, file, find, _, _ in MISTAKES:
        path = ROOT / "host_tools" / "pinbench" / "simulator" / file
        if find not in path.read_text(encoding="utf-8"):
            rotten.append(f"{item}: {file}: {find!r}")
    assert rotten == []


def test_every_item_of_the_bench_has_a_mistake_on_every_port():
    kept = {(item, port) for item, *_, port in MISTAKES}
    carried = [item for item in suite.collect() if {"kernel", "cpython"} & set(item.carriers)]
    wanted = {(item.id, port) for item in carried for port in item.ports}
    assert sorted(wanted - kept) == []
