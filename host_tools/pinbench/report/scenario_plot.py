"""The picture of one run: the weather's story if it has weather, else its signals."""

from pinbench.durations import show_us
from pinbench.report import plot, signals


def draw_run(run, lines, end_us, path):
    """Draw a Scenario's run to `path`; `lines` is its trace, to be iterated as often as needed."""
    weather = (run.job.get("world") or {}).get("weather")
    if not weather:
        return signals.draw_signals(run.why, lines, end_us, path)
    sash, alarms, events = plot.collect(lines, end_us)
    story = plot.Story(run.why, run.start, end_us, weather, sash, alarms, marks(events))
    return plot.draw(story, path)


def marks(events):
    """Return what to mark of a run's events: the first drop, and the closing that met it.

    The closing is the last one before the first drop, or the first one after it.
    """
    drops = [time_us for time_us, name in events if name == "rain starts"]
    closings = [time_us for time_us, name in events if name == "gap closes"]
    found = []
    if drops:
        found.append((drops[0], "first drop"))
    before = [time_us for time_us in closings if drops and time_us <= drops[0]]
    opened = [time_us for time_us, name in events if name == "gap opens"]
    if before and not any(before[-1] < time_us <= drops[0] for time_us in opened):
        early = show_us((drops[0] - before[-1]) // 60_000_000 * 60_000_000)
        found.append((before[-1], f"closed, {early} before"))
    elif drops and (late := [time_us for time_us in closings if time_us > drops[0]]):
        after = show_us((late[0] - drops[0]) // 1_000_000 * 1_000_000)
        found.append((late[0], f"closed, {after} after"))
    elif closings and not drops:
        found.append((closings[0], "closed"))
    return sorted(found)
