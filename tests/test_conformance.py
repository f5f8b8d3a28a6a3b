"""Every item of the machine checklist holds on the bench, on every port that it names."""

import ast
import json
import re

import pytest

from pinbench import cli
from pinbench.conformance import on_bench, suite
from pinbench.paths import ROOT

ITEMS = suite.collect()
KNOWN = dict(line.split() for line in (suite.FOLDER / "items.txt").read_text().splitlines())
PAIRS = [
    (i, p)
    for i in ITEMS
    for p in on_bench.PROFILES
    if i.chip(p) and {"kernel", "cpython"} & set(i.carriers)
]
FILES = sorted(suite.FOLDER.glob("*.py"))


@pytest.mark.parametrize("item, port", PAIRS, ids=lambda x: getattr(x, "id", x))
def test_item_holds_on_the_bench(item, port):
    row = on_bench.on_cpython(item, port)
    assert row.state == "held", row.why


@pytest.mark.vm
def test_every_item_holds_on_the_vm_with_the_same_trace():
    rows = on_bench.run(ITEMS)
    assert [f"{r.id} on {r.port}/{r.where}: {r.why}" for r in rows if r.state != "held"] == []


def test_there_is_one_item_for_every_fact_on_every_port():
    """An item may go further than its row, where the text tells what the other port does."""
    assert {item.id for item in ITEMS} == set(KNOWN)
    assert len(ITEMS) == len(KNOWN)
    short = [i.id for i in ITEMS if not set(suite.PORTS[KNOWN[i.id]]) <= set(i.ports)]
    assert short == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_can_be_sent_to_a_board(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < suite.MAX_BYTES
    assert text.isascii()
    imported = re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE)
    assert not {"pytest", "pinbench", "hypothesis"} & set(imported)
    ast.parse(text)


def test_the_command_prints_rows(capsys):
    assert cli.run(["conformance", "PIN-01", "--port-profile", "rp2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["id"], row["where"], row["state"]) for row in rows] == [
        ("PIN-01", "cpython", "held"),
        ("PIN-01", "micropython", "held"),
    ]


def test_a_table_that_names_no_function_is_refused(tmp_path):
    (tmp_path / "bad.py").write_text('ITEMS = {"PIN_01": ("both", "kernel", ())}\n')
    with pytest.raises(suite.UsageError, match="no function"):
        suite.collect(tmp_path)


def test_files_lie_in_the_checkout():
    assert suite.FOLDER.is_relative_to(ROOT)


def test_every_item_stands_in_the_list():
    assert {item.id for item in ITEMS} <= set(KNOWN)
