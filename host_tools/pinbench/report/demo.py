"""`pinbench demo`: recorded rain on the window, told as a table and drawn as a picture."""

from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from pinbench import play, scenario
from pinbench.errors import HELD, NOT_HELD, WRONG_USE, PinbenchError
from pinbench.paths import SCENARIOS
from pinbench.report import plot, scenario_plot
from pinbench.report.progress import progress
from pinbench.report.spool import Spool
from pinbench.report.table import story
from pinbench.simulator.trace import parse
from pinbench.worlds import baselines

SPELL = SCENARIOS / "window" / "wet_spell.toml"
_TOLD = {
    "gap closes": "the window is shut",
    "gap opens": "the window opens",
}


def run(out):
    """Play the wet spell and write its picture into the folder `out`; returns the exit code."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        failure = PinbenchError(f"{out} cannot be made ({error.strerror}): name another by --out")
        failure.exit_code = WRONG_USE
        raise failure from None
    one = scenario.load(SPELL)[0]
    end_us = one.job["end_us"]
    say(
        f"Playing {end_us / 86_400_000_000:.1f} days of recorded weather ({one.why[:-1]}) on the "
        "unchanged firmware, on CPython, in virtual time."
    )
    with Spool() as spool:
        with progress("the wet spell") as tell:
            outcome = play.play(one, sinks=[spool], progress=tell)
        if outcome.error:
            say(story(outcome))
            return NOT_HELD
        picture = scenario_plot.draw_run(one, spool, end_us, folder / "wet_spell.png")
        events = plot.collect(spool, end_us)[2]
        told = _story(spool, one.start)
    console = Console()
    console.print()
    console.print(_table("What happened (UTC)", ("when", "what", "because"), told))
    console.print()
    console.print(_comparison(one, outcome, events))
    say(
        f"\n{end_us / 1e6 / 3600:.0f} hours in {outcome.wall_s:.1f} s "
        f"({outcome.speed:,.0f} times real time), {outcome.records:,} trace records."
    )
    say(f"The picture: {picture}")
    shown = _shown(SPELL)
    say(f"The same on the MicroPython VM:   .venv/bin/pinbench sim --runtime micropython {shown}")
    say(f"Are both equal, event for event?  .venv/bin/pinbench diff {shown}")
    if not outcome.held:
        say(story(outcome))
    return HELD if outcome.held else NOT_HELD


def say(text):
    """Print a line."""
    click.echo(text)


def _shown(path):
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def _table(title, columns, rows):
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    return table


def _story(lines, start):
    """Return rows (when, what, because) of the trace: each rain, closing and opening."""
    rows, said, dry_since = [], "", None
    for line in lines:
        time_us, channel, who, values = parse(line)
        if channel == "log":
            said = values[0]
        if channel != "world" or who != "event":
            continue
        name = values[0]
        if name == "rain stops":
            dry_since = time_us
        elif name == "rain starts":
            if dry_since is None or time_us - dry_since >= scenario_plot.DRY_US:
                rows.append((_when(start, time_us), "it begins to rain", ""))
        elif name in _TOLD:
            rows.append((_when(start, time_us), _TOLD[name], said))
    return rows


def _when(start, time_us):
    return f"{start + timedelta(microseconds=time_us):%a %d %b %H:%M}"


def _comparison(one, outcome, events):
    """Return the table of what fell through the window under three controllers."""
    weather = one.job["world"]["weather"]
    opened = one.job["world"].get("sash", {}).get("open_pct", 0) > 0
    open_us, since = 0, 0 if opened else None
    for time_us, name in events:
        if name == "gap opens":
            since = time_us
        elif name == "gap closes" and since is not None:
            open_us, since = open_us + time_us - since, None
    if since is not None:
        open_us += one.job["end_us"] - since
    closings = sum(name == "gap closes" for _, name in events)
    measures = outcome.result["measures"]
    sensor = baselines.rain_sensor(weather)
    damp = baselines.humidity_threshold(weather)
    table = Table(title="Rain through the open window", title_justify="left", box=None)
    table.add_column("controller")
    for column in ("rain inside", "closings", "hours open"):
        table.add_column(column, justify="right")
    rows = (
        ("this one: forecast and rain sensor", measures["rain_in_um"], closings, open_us / 6e7),
        ("a plain rain sensor", sensor["rain_in_um"], sensor["closings"], sensor["open_min"]),
        (
            "rain sensor, and shut at 85 % humidity",
            damp["rain_in_um"],
            damp["closings"],
            damp["open_min"],
        ),
    )
    for name, rain_um, count, open_min in rows:
        table.add_row(name, f"{rain_um / 1000:.2f} mm", str(count), f"{open_min / 60:.1f}")
    fell = measures["rain_um"] / 1000
    table.caption = f"{fell:.1f} mm fell in all"
    table.caption_justify = "left"
    return table
