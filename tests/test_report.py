"""Reports of a trace: VCD that parses back, JSON lines, tables, pictures."""

import io
import json
from datetime import UTC, datetime

import pytest
import vcd.reader
from rich.console import Console

from pinbench.play import Outcome
from pinbench.report import demo, jsonl, plot, table
from pinbench.report import vcd as vcd_report
from pinbench.report.scenario_plot import rain_spells
from pinbench.report.spool import Spool
from pinbench.simulator.trace import line

HOUR_US = 3_600_000_000
TRACE = [
    line(0, "reset", "processor", ("power", 1)),
    line(10, "net", "button", (1,)),
    line(12, "net", "motor_in1", (0,)),
    line(25, "net", "motor_in1", ("pwm", 20000, 32768)),
    line(30, "i2c", "climate", ("w", 0x44, "fd", 1)),
    line(31, "i2c", "climate", ("r", 0x45, "", -1)),
    line(35, "net", "motor_in1", (0,)),
    line(40, "log", "", ("rain | due\nsoon",)),
    line(41, "world", "sash_um", (-250,)),
    line(42, "world", "event", ("first drop",)),
    line(42, "uart", "rain", ("to host", "410d0a")),
]


def read_back(text):
    """Return {variable: [(time, value)]} of a VCD."""
    names, changes, now = {}, {}, 0
    for token in vcd.reader.tokenize(io.BytesIO(text.encode())):
        kind = token.kind.name
        if kind == "VAR":
            names[token.var.id_code] = token.var.reference
            changes[token.var.reference] = []
        elif kind == "CHANGE_TIME":
            now = token.time_change
        elif kind.startswith("CHANGE_"):
            change = token.data
            changes[names[change.id_code]].append((now, change.value))
    return changes


def test_a_vcd_parses_back_to_what_happened():
    file = io.StringIO()
    vcd_report.write_vcd(TRACE, file)
    changes = read_back(file.getvalue())
    assert (10, "1") in changes["button"]
    assert changes["motor_in1"] == [(0, "x"), (12, "0"), (25, "x"), (35, "0")]
    assert changes["motor_in1_duty_pct"][-1] == (25, 50.001)
    assert (30, "w\\x200x44\\x20fd") in changes["climate"]
    assert changes["climate"][-1] == (31, "r\\x200x45\\x20\\x20NACK")
    assert "first\\x20drop" in [value for _, value in changes["event"]]


def test_a_vcd_of_nothing_is_a_vcd():
    file = io.StringIO()
    assert vcd_report.write_vcd([], file) == 0
    assert read_back(file.getvalue()) == {}


def test_json_lines_name_the_values():
    file = io.StringIO()
    sink = jsonl.JSONLines(file)
    for text in TRACE:
        sink(text)
    records = [json.loads(text) for text in file.getvalue().splitlines()]
    assert records[3] == {
        "t_us": 25,
        "channel": "net",
        "who": "motor_in1",
        "freq_hz": 20000,
        "duty_u16": 32768,
    }
    assert records[4]["address"] == 0x44 and records[4]["bytes"] == "fd"
    assert records[7]["text"] == "rain | due\nsoon"
    assert records[8]["values"] == [-250]


def test_a_spool_can_be_read_twice():
    with Spool() as spool:
        for text in TRACE:
            spool(text)
        assert list(spool) == TRACE
        assert list(spool) == TRACE


def test_a_failure_tells_what_was_seen_and_how_to_repeat_it():
    failure = {"that": "sash is closed", "time_us": 70_000_000, "saw": "sash_um was 9000"}
    outcome = Outcome("wet.toml", "cpython", False, [failure], "pinbench sim wet.toml --seed 3")
    told = table.story(outcome)
    assert "sash is closed at 1 min 10 s: sash_um was 9000" in told
    assert told.endswith("again: pinbench sim wet.toml --seed 3")


def test_outcomes_make_a_table():
    console = Console(file=io.StringIO(), width=120)
    console.print(table.outcomes_table([Outcome("wet.toml", "cpython", True, [], "")]))
    assert "wet.toml" in console.file.getvalue() and "held" in console.file.getvalue()


def test_a_story_becomes_a_picture(tmp_path):
    weather = [
        [60 * h, 6000 + 100 * h, 2000, 101300 - 50 * h, 500 if h > 8 else 0, 200]
        for h in range(13)
    ]
    lines = [
        line(0, "world", "sash_um", (240_000,)),
        line(5 * HOUR_US, "world", "sash_um", (0,)),
        line(8 * HOUR_US, "world", "event", ("first drop",)),
    ]
    end_us = 12 * HOUR_US
    sash, alarms, events = plot.collect(lines, end_us)
    assert sash == [(0, 240.0), (5 * HOUR_US, 0.0), (end_us, 0.0)]
    assert events == [(8 * HOUR_US, "first drop")]
    story = plot.Story(
        "A wet day", datetime(2013, 6, 7, tzinfo=UTC), end_us, weather, sash, alarms
    )
    story.spells = [plot.Spell(8 * HOUR_US, 5 * HOUR_US)]
    path = plot.draw(story, tmp_path / "wet.png")
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_each_rain_is_told_with_its_closing():
    hours = [
        (1, "gap closes"),
        (3, "rain starts"),
        (4, "rain stops"),
        (5, "rain starts"),  # the same rain: only an hour was dry
        (6, "rain stops"),
        (8, "gap opens"),
        (10, "rain starts"),
        (10.01, "gap closes"),
        (11, "rain stops"),
        (12, "gap opens"),
        (15, "rain starts"),
    ]
    spells = rain_spells([(round(hour * HOUR_US), name) for hour, name in hours], True)
    assert [spell.told() for spell in spells] == ["shut 2 h before", "shut 36 s after", "not shut"]


@pytest.mark.long
def test_the_demo_tells_each_rain_and_compares(tmp_path, monkeypatch, capsys):
    path = tmp_path / "spell.toml"
    path.write_text(SPELL)
    (tmp_path / "w.csv").write_text(WEATHER)
    monkeypatch.setattr(demo, "SPELL", path)
    assert demo.run(tmp_path / "out") == 0
    told = capsys.readouterr().out
    assert "Fri 07 Jun 02:00" in told and "after" in told
    assert "a plain rain sensor" in told
    assert (tmp_path / "out" / "wet_spell.png").is_file()
    assert "pinbench diff" in told


SPELL = """
why = "A rain."
device = "window"
board = "rpi_pico_w"
[world]
weather = "w.csv"
from = 2013-06-07T00:00:00Z
hours = 4
sash = { open_pct = 60 }
"""
WEATHER = """time,temp_c,rh_pct,pressure_hpa,precip_mm,wind_ms
2013-06-07T00:00:00Z,20,60,1013,0,1
2013-06-07T01:00:00Z,20,61,1013,0,1
2013-06-07T02:00:00Z,20,61,1013,0,1
2013-06-07T03:00:00Z,19,80,1013,2,1
2013-06-07T04:00:00Z,19,80,1013,0,1
"""
