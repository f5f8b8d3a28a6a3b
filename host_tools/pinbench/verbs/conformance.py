"""`pinbench conformance`: the machine checklist, on the bench or on a connected board."""

import json
import sys
import time

import click
from rich.console import Console
from rich.table import Table

from pinbench.conformance import on_bench, suite
from pinbench.errors import HELD, NOT_HELD, UsageError
from pinbench.report.progress import progress


def run(names, profile, port, wiring, as_json):
    """Run the items named (all if none); returns the exit code."""
    items = on_bench.find(suite.collect(), names)
    start = time.perf_counter()
    with progress("conformance") as tell:
        if port:
            from pinbench.conformance import on_board

            rows = on_board.run(items, port, wiring, tell)
        elif wiring:
            raise UsageError("--wiring says how a board is wired: name the board by --port")
        else:
            profiles = (profile,) if profile else on_bench.PROFILES
            rows = on_bench.run(items, profiles, tell=tell)
    wall_s = time.perf_counter() - start
    if as_json:
        click.echo(json.dumps({"wall_s": round(wall_s, 1), "rows": [r.as_json() for r in rows]}))
    else:
        _show(rows, wall_s)
    return NOT_HELD if any(row.state == "failed" for row in rows) else HELD


def _show(rows, wall_s):
    """One line an item: where it held; every failure and skip with its reason."""
    table = Table(box=None, pad_edge=False)
    for title in ("item", "held on", "", "why"):
        table.add_column(title)
    by_id = {}
    for row in rows:
        by_id.setdefault(row.id, []).append(row)
    for name, group in by_id.items():
        held = ", ".join(f"{row.port}/{row.where}" for row in group if row.state == "held")
        other = [row for row in group if row.state != "held"]
        why = "; ".join(f"{row.port}/{row.where}: {row.why}" for row in other)
        failed = any(row.state == "failed" for row in other)
        state = "[red]failed[/]" if failed else "skipped" if other else "[green]held[/]"
        table.add_row(name, held, state, why)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    count = {state: sum(r.state == state for r in rows) for state in ("held", "failed", "skipped")}
    said = ", ".join(f"{count[state]} {state}" for state in count)
    click.echo(f"{len(by_id)} items: {said}, in {wall_s:.1f} s")
