"""A run of the window as a picture: weather, forecast, sash, closing and first drop."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from matplotlib import dates
from matplotlib.figure import Figure

from pinbench.durations import show_us
from pinbench.simulator.trace import parse

HUMIDITY, PRESSURE, RAIN, SASH, ALARM = "#2f7f86", "#7a5c99", "#2b6cb0", "#6b5b4b", "#d98c2b"
INK, FAINT = "#2a2a2a", "#d8d5d0"
# What the window's log says of its weather (firmware/window/policy.py).
_WEATHER, _DUE = "weather: ", "weather: rain is due"


@dataclass
class Spell:
    """One rain: its first drop, and when the window shut for it (None: it did not)."""

    drop_us: int
    shut_us: int | None

    def told(self):
        """Return how the closing stood to the first drop, as a few words."""
        if self.shut_us is None:
            return "not shut"
        early_us = self.drop_us - self.shut_us
        unit_us = 60_000_000 if abs(early_us) >= 600_000_000 else 1_000_000
        shown = show_us(abs(early_us) // unit_us * unit_us)
        return f"shut {shown} {'before' if early_us >= 0 else 'after'}"


@dataclass
class Story:
    """What is drawn. Times are virtual microseconds; `start` is the time of day at their zero.

    Without `start` the axis shows the time since the begin.
    """

    title: str
    start: datetime | None
    end_us: int
    weather: list  # rows as scenario.read_weather makes them
    sash: list = field(default_factory=list)  # (time_us, opening in mm)
    alarms: list = field(default_factory=list)  # (from_us, until_us): the forecast says rain
    spells: list = field(default_factory=list)  # Spell


def collect(lines, end_us):
    """Return (sash, alarms, events) of a trace: see Story; events are (time_us, name)."""
    sash, alarms, events, since = [], [], [], None
    for line in lines:
        if "|world|" not in line and "|log|" not in line:
            continue
        time_us, channel, who, values = parse(line)
        if channel == "log" and values[0].startswith(_WEATHER):
            due = values[0] == _DUE
            if due and since is None:
                since = time_us
            elif not due and since is not None:
                alarms.append((since, time_us))
                since = None
        elif channel == "world" and who == "event":
            events.append((time_us, values[0]))
        elif channel == "world" and who == "sash_um":
            sash.append((time_us, int(values[0]) / 1000))
    if since is not None:
        alarms.append((since, end_us))
    if sash:
        sash.append((end_us, sash[-1][1]))
    return sash, alarms, events


def draw(story, path):
    """Draw a Story to `path` (PNG, SVG or PDF by its ending); returns the path."""
    figure = Figure(figsize=(11, 8.2), dpi=130, layout="constrained")
    axes = figure.subplots(4, 1, sharex=True, gridspec_kw={"height_ratios": [1.1, 1, 1, 1.2]})
    humid, press, rain, sash = axes
    figure.suptitle(story.title, x=0.012, ha="left", fontsize=13, color=INK, weight="bold")

    start = story.start or datetime(2000, 1, 1, tzinfo=UTC)

    def when(time_us):
        return start + timedelta(microseconds=time_us)

    times = [when(row[0] * 60_000_000) for row in story.weather]
    humid.plot(times, [row[1] / 100 for row in story.weather], color=HUMIDITY, lw=1.6)
    humid.set_ylabel("humidity\n% RH")
    humid.set_ylim(top=103)

    known = [(t, row[3] / 100) for t, row in zip(times, story.weather, strict=True) if row[3] > 0]
    press.plot([t for t, _ in known], [p for _, p in known], color=PRESSURE, lw=1.6)
    press.set_ylabel("pressure\nhPa")

    # A row's rain fell in the time up to it.
    for before, row in zip(story.weather, story.weather[1:], strict=False):
        if row[4]:
            left, right = when(before[0] * 60_000_000), when(row[0] * 60_000_000)
            rate = row[4] / 1000 * 60 / (row[0] - before[0])
            rain.bar(left, rate, width=right - left, align="edge", color=RAIN, alpha=0.8)
    rain.set_ylabel("rain\nmm/h")
    rain.set_ylim(bottom=0)

    if story.sash:
        opening = [(when(t), mm) for t, mm in story.sash]
        sash.fill_between(
            [t for t, _ in opening], [mm for _, mm in opening], step=None, color=SASH, alpha=0.3
        )
        sash.plot([t for t, _ in opening], [mm for _, mm in opening], color=SASH, lw=1.6)
    sash.set_ylabel("window\nmm open")
    sash.set_ylim(0, 420)

    for number, (since, until) in enumerate(story.alarms):
        for axis in (humid, press, sash):
            label = "forecast: rain" if number == 0 and axis is sash else None
            axis.axvspan(when(since), when(until), color=ALARM, alpha=0.16, lw=0, label=label)
    _mark(axes, story.spells, when)
    for axis in axes:
        axis.grid(axis="x", color=FAINT, lw=0.6)
        axis.tick_params(colors=INK, labelsize=9)
        axis.yaxis.label.set_color(INK)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axis.spines[side].set_color(FAINT)
    handles, labels = sash.get_legend_handles_labels()
    if labels:
        figure.legend(
            handles, labels, loc="outside lower left", ncols=3, frameon=False, fontsize=9
        )
    sash.set_xlim(when(0), when(story.end_us))
    locator = dates.AutoDateLocator(minticks=5, maxticks=12)
    sash.xaxis.set_major_locator(locator)
    if story.start is None:
        sash.xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))
        sash.set_xlabel("hours since the begin")
    else:
        sash.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    figure.savefig(path)
    return path


def _mark(axes, spells, when):
    """Draw a line at each first drop and at each closing, and say above how far apart they are."""
    low, high = (0, spells[-1].drop_us) if spells else (0, 0)
    raised = False
    for number, spell in enumerate(spells):
        near = number and spell.drop_us - spells[number - 1].drop_us < (high - low) / 6
        raised = bool(near) and not raised
        for axis in axes:
            label = "first drop" if number == 0 and axis is axes[-1] else None
            axis.axvline(when(spell.drop_us), color=RAIN, lw=1.2, ls=(0, (4, 2)), label=label)
            if spell.shut_us is not None:
                label = "shut" if number == 0 and axis is axes[-1] else None
                axis.axvline(when(spell.shut_us), color=SASH, lw=1.2, ls=(0, (1, 1)), label=label)
        axes[0].annotate(
            spell.told(),
            (when(spell.drop_us), 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 16 if raised else 4),
            textcoords="offset points",
            fontsize=9,
            color=INK,
            ha="center",
        )
