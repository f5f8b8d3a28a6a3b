"""The kiosk's part of `pinbench demo`: an afternoon as a table, and its slots over time."""

import re

import click
from matplotlib.figure import Figure
from rich.table import Table

from pinbench import play, scenario
from pinbench.errors import HELD, NOT_HELD
from pinbench.paths import SCENARIOS
from pinbench.report.progress import progress
from pinbench.report.table import story
from pinbench.simulator.trace import parse

AFTERNOON = SCENARIOS / "demo" / "kiosk" / "afternoon.toml"
SLOTS = 8
_FULL, _OUT, _FAINT, _INK = "#2f7f86", "#c0563b", "#d8d5d0", "#2a2a2a"
# What people did, as the world says it -> as the table does. Gates and hands speak for themselves.
_PEOPLE = {
    "palm held": "a palm over the reader",
    "tag held": "a card at the reader",
    "door forced": "the door is forced",
}
_SLOT = re.compile(r"slot (\d): (.*)")
_QUIET = ("was put in", "well, up", "clock is lost", "opens")
_FULL_SAYS = ("a bank was put in", "a bank is back", "not taken")


class Afternoon:
    """What a trace tells: `rows` of (time_us, what happened, what the kiosk said).

    `bars`: for each slot, (from_us, until_us, "bank" or "out"); `marks`: (time_us, slot, kind).
    """

    def __init__(self, lines, end_us):
        self.rows = []
        self.bars = [[] for _ in range(SLOTS)]
        self.marks = []
        self._since = {}  # slot -> (time_us, kind)
        self._pending = None
        for line in lines:
            time_us, channel, who, values = parse(line)
            if channel == "world" and who == "event" and values[0] in _PEOPLE:
                self._flush()
                self._pending = (time_us, _PEOPLE[values[0]], [])
            elif channel == "world" and who == "act" and values[0].startswith("return"):
                self._flush()
                slot = dict(v.split("=") for v in values[1:])["slot"]
                thing = "a dummy" if "dummy" in values[0] else "a bank"
                self._pending = (time_us, f"{thing} is pushed into slot {int(slot) + 1}", [])
            elif channel == "reset" and time_us:
                self._flush()
                self._pending = (time_us, "the power was cut", [])
                self.marks.append((time_us, None, "cut"))
            elif channel == "log":
                self._said(time_us, values[0])
        self._flush()
        for slot in list(self._since):
            self._end(slot, end_us)

    def _said(self, time_us, text):
        found = _SLOT.match(text)
        if found:
            self._slot(time_us, int(found[1]) - 1, found[2])
        if text == "tamper alarm: door":
            self.marks.append((time_us, None, "door"))
        if any(word in text for word in _QUIET):
            return
        if self._pending is None or time_us - self._pending[0] > 60_000_000:
            self._flush()
            self._pending = (time_us, "", [])
        if text not in self._pending[2]:
            self._pending[2].append(text)

    def _slot(self, time_us, slot, text):
        if text == "opens":
            self.marks.append((time_us, slot, "opens"))
        elif text.startswith("taken") or "is gone" in text or text == "free again":
            self._end(slot, time_us)
        elif text.startswith(_FULL_SAYS):
            self._begin(slot, time_us, "bank")
        elif "out of service" in text or "quarantine" in text or "is no bank" in text:
            self._end(slot, time_us)
            self._begin(slot, time_us, "out")

    def _begin(self, slot, time_us, kind):
        self._since.setdefault(slot, (time_us, kind))

    def _end(self, slot, time_us):
        if slot in self._since:
            since_us, kind = self._since.pop(slot)
            self.bars[slot].append((since_us, time_us, kind))

    def _flush(self):
        if self._pending is not None and (self._pending[1] or self._pending[2]):
            self.rows.append((self._pending[0], self._pending[1], "; ".join(self._pending[2])))
        self._pending = None

    def table(self):
        """Return the table of the afternoon."""
        table = Table(title="An afternoon at the cabinet", title_justify="left", box=None)
        table.add_column("min:s", justify="right")
        table.add_column("what happened")
        table.add_column("what the kiosk did")
        for time_us, happened, said in self.rows:
            seconds = time_us // 1_000_000
            table.add_row(f"{seconds // 60}:{seconds % 60:02d}", happened, said)
        return table

    def draw(self, title, end_us, path):
        """Draw the slots over time to `path`; returns the path."""
        figure = Figure(figsize=(11, 4.6), dpi=130, layout="constrained")
        axes = figure.subplots()
        figure.suptitle(title, x=0.012, ha="left", fontsize=12, color=_INK, weight="bold")
        minute = 60_000_000
        for slot, bars in enumerate(self.bars):
            axes.axhline(slot, color=_FAINT, lw=0.8, zorder=0)
            for since_us, until_us, kind in bars:
                colour = _FULL if kind == "bank" else _OUT
                width = (until_us - since_us) / minute
                axes.barh(slot, width, 0.62, since_us / minute, color=colour, alpha=0.85)
        opened = [(t / minute, slot) for t, slot, kind in self.marks if kind == "opens"]
        axes.plot(*zip(*opened, strict=True), "v", color=_INK, ms=7, label="opens")
        for kind, style, label in (("cut", "-", "power cut"), ("door", ":", "door forced")):
            for number, time_us in enumerate(t for t, _, k in self.marks if k == kind):
                shown = None if number else label
                axes.axvline(time_us / minute, color=_OUT, ls=style, lw=1.4, label=shown)
        axes.barh(-9, 1, color=_FULL, label="a bank, ready or on charge")
        axes.barh(-9, 1, color=_OUT, label="out of service, or in quarantine")
        axes.set_yticks(range(SLOTS), [f"slot {n + 1}" for n in range(SLOTS)])
        axes.set_ylim(SLOTS - 0.4, -0.6)
        axes.set_xlim(0, end_us / minute)
        axes.set_xlabel("minutes")
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        figure.legend(loc="outside lower left", ncols=5, frameon=False, fontsize=9)
        figure.savefig(path)
        return path


def run(folder, console):
    """Play the afternoon, print its table, and draw it into `folder`; returns the exit code."""
    one = scenario.load(AFTERNOON)[0]
    end_us = one.job["end_us"]
    click.echo(f"\nPlaying {end_us / 6e7:.0f} minutes of the kiosk, in virtual time.")
    lines = []

    def keep(line):
        if line.split("|", 2)[1] in ("log", "world", "reset"):
            lines.append(line)

    with progress("the afternoon") as tell:
        outcome = play.play(one, sinks=[keep], progress=tell)
    if outcome.error:
        click.echo(story(outcome))
        return NOT_HELD
    afternoon = Afternoon(lines, end_us)
    console.print()
    console.print(afternoon.table(), highlight=False)
    picture = afternoon.draw(one.why, end_us, folder / "afternoon.png")
    measures = outcome.result["measures"]
    click.echo(
        f"\n{measures['taken']} banks and things taken, {measures['returned']} pushed in, never "
        f"more than {measures['most_unlocked']} slot open; {outcome.wall_s:.1f} s "
        f"({outcome.speed:,.0f} times real time)."
    )
    click.echo(f"The picture: {picture}")
    if not outcome.held:
        click.echo(story(outcome))
    return HELD if outcome.held else NOT_HELD
