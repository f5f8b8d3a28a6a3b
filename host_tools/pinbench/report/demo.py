"""`pinbench demo`: recorded rain on the window, told as a table and drawn as a picture."""

from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from pinbench import play, scenario
from pinbench.errors import HELD, NOT_HELD, WRONG_USE, PinbenchError
from pinbench.paths import SCENARIOS
from pinbench.report import garment_demo, kiosk_demo, plot, scenario_plot
from pinbench.report.progress import progress
from pinbench.report.spool import Spool
from pinbench.report.table import story
from pinbench.simulator.trace import parse
from pinbench.worlds import baselines

SPELL = SCENARIOS / "demo" / "wet_spell.toml"
# What the window's log says of its weather (firmware/window/policy.py).
_WEATHER, _FAIR, _DUE = "weather: ", "fair", "rain is due"


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
        diary = Diary(one, spool)
    console = Console()
    console.print()
    console.print(diary.rains_table())
    console.print(diary.reasons(), highlight=False)
    console.print()
    console.print(_comparison(one, outcome, diary))
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
    garment = garment_demo.run(folder)
    kiosk = kiosk_demo.run(folder, console)
    return HELD if outcome.held and garment == HELD and kiosk == HELD else NOT_HELD


def say(text):
    """Print a line."""
    click.echo(text)


def _shown(path):
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


class Diary:
    """What a trace tells of the rains: `spells`, what fell in each and came in, why it shut."""

    def __init__(self, one, lines):
        self._start = one.start
        self.opened = one.job["world"].get("sash", {}).get("open_pct", 0) > 0
        _, _, self.events = plot.collect(lines, one.job["end_us"])
        self.spells = scenario_plot.rain_spells(self.events, self.opened)
        self.fell_mm = [0.0] * len(self.spells)
        self.inside_mm = [0.0] * len(self.spells)
        self.closings = {}  # reason -> how often
        self.open_us = 0
        self._read(lines, one.job["end_us"])

    def _read(self, lines, end_us):
        gap, rate, since, weather = self.opened, 0, 0, _FAIR
        for line in lines:
            time_us, channel, who, values = parse(line)
            if channel == "log" and values[0].startswith(_WEATHER):
                weather = values[0][len(_WEATHER) :]
            name = values[0] if channel == "world" and who == "event" else None
            if who != "rain_um_h" and name not in ("gap opens", "gap closes"):
                continue
            self._add(since, time_us, rate, gap)
            since = time_us
            if name is None:
                rate = int(values[0])
            else:
                gap = name == "gap opens"
                if not gap:
                    self.closings[weather] = self.closings.get(weather, 0) + 1
        self._add(since, end_us, rate, gap)

    def _add(self, since, until, rate_um_h, gap):
        self.open_us += (until - since) * gap
        at = sum(spell.drop_us <= since for spell in self.spells) - 1
        if at >= 0:
            fell_mm = rate_um_h * (until - since) / 3.6e12
            self.fell_mm[at] += fell_mm
            self.inside_mm[at] += fell_mm * gap

    def rains_table(self):
        """Return the table of the rains."""
        table = Table(title="The rains (UTC)", title_justify="left", box=None, pad_edge=False)
        table.add_column("first drop")
        table.add_column("the window was", justify="left")
        table.add_column("fell", justify="right")
        table.add_column("came in", justify="right")
        for spell, fell_mm, inside_mm in zip(
            self.spells, self.fell_mm, self.inside_mm, strict=True
        ):
            when = self._start + timedelta(microseconds=spell.drop_us)
            came = f"{inside_mm:.3f} mm" if inside_mm else "nothing"
            table.add_row(f"{when:%a %d %b %H:%M}", spell.told(), f"{fell_mm:.1f} mm", came)
        return table

    def reasons(self):
        """Return a sentence on why the window shut."""
        due = self.closings.get(_DUE, 0)
        airing = self.closings.get(_FAIR, 0)
        rain = sum(self.closings.values()) - due - airing
        return (
            f"It shut {due} times for a forecast, {rain} times when it rained, and {airing} times "
            "because the room needed no air."
        )


def _comparison(one, outcome, diary):
    """Return the table of what fell through the window under three controllers."""
    weather = one.job["world"]["weather"]
    measures = outcome.result["measures"]
    sensor = baselines.rain_sensor(weather)
    damp = baselines.humidity_threshold(weather)
    table = Table(title="Rain through the open window", title_justify="left", box=None)
    table.add_column("controller")
    for column in ("rain inside", "closings", "hours open"):
        table.add_column(column, justify="right")
    rows = (
        (
            "this one: forecast and rain sensor",
            measures["rain_in_um"],
            sum(diary.closings.values()),
            diary.open_us / 6e7,
        ),
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
