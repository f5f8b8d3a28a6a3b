"""The picture of one run: the weather's story if it has weather, else its signals."""

from pinbench.report import plot, signals

DRY_US = 3 * 3_600_000_000  # a rain is a new one after three dry hours


def draw_run(run, lines, end_us, path):
    """Draw a Scenario's run to `path`; `lines` is its trace, to be iterated as often as needed."""
    weather = (run.job.get("world") or {}).get("weather")
    if not weather:
        return signals.draw_signals(run.why, lines, end_us, path)
    sash, alarms, events = plot.collect(lines, end_us)
    opened = run.job["world"].get("sash", {}).get("open_pct", 0) > 0
    story = plot.Story(
        run.why, run.start, end_us, weather, sash, alarms, rain_spells(events, opened)
    )
    return plot.draw(story, path)


def rain_spells(events, opened):
    """Return the Spells of a run: its rains after three dry hours, with the closing for each.

    `opened` says whether the window is open at the start. The closing is the one that the first
    drop found done, or else the next one.
    """
    spells, shut_us, dry_since = [], None if opened else 0, None
    waiting = None
    for time_us, name in events:
        if name == "gap closes":
            shut_us = time_us
            if waiting is not None:
                waiting.shut_us, waiting = time_us, None
        elif name == "gap opens":
            shut_us = None
        elif name == "rain stops":
            dry_since = time_us
        elif name == "rain starts" and (dry_since is None or time_us - dry_since >= DRY_US):
            spells.append(plot.Spell(time_us, shut_us))
            waiting = spells[-1] if shut_us is None else None
    return spells
