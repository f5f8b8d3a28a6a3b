"""Outcomes as a table for people, and a failed run as its story."""

from rich.table import Table

from pinbench.durations import show_us


def outcomes_table(outcomes):
    """Return a rich table of Outcomes, one row a run."""
    table = Table(box=None, pad_edge=False)
    for title in ("scenario", "runtime", ""):
        table.add_column(title)
    for title in ("simulated", "wall", "speed", "records"):
        table.add_column(title, justify="right")
    for outcome in outcomes:
        said = "[green]held[/]" if outcome.held else "[red]did not hold[/]"
        table.add_row(
            outcome.scenario,
            outcome.runtime,
            said,
            show_us(outcome.simulated_us - outcome.simulated_us % 1000),
            f"{outcome.wall_s:.1f} s",
            f"{outcome.speed:,.0f} x",
            f"{outcome.records:,}",
        )
    return table


def story(outcome):
    """Return why a run did not hold, as text: what was expected and seen, and how to repeat it."""
    lines = [f"{outcome.scenario} did not hold on {outcome.runtime}: {outcome.why}".rstrip(": ")]
    if outcome.error:
        lines.append(f"  {outcome.error}")
    for failure in outcome.failures:
        when = f" at {show_us(failure['time_us'])}" if failure["time_us"] >= 0 else ""
        lines.append(f"  {failure['that']}{when}: {failure['saw']}")
    if outcome.tail:
        lines.append("  what led to it:")
        lines += [f"    {line}" for line in outcome.tail]
    lines.append(f"  again: {outcome.command}")
    return "\n".join(lines)
