"""`pinbench sim`: play scenarios, say which held, and write what was asked for."""

import contextlib
import json
import sys
from pathlib import Path

import click
from rich.console import Console

from pinbench import play, scenario
from pinbench.errors import HELD, NOT_HELD, UsageError
from pinbench.report.progress import progress
from pinbench.report.spool import Spool
from pinbench.report.table import outcomes_table, story


def run(names, runtime, profile, seed, trace, plot, as_json):
    """Play every run of the scenarios; returns the exit code. Raises UsageError before any run."""
    runs = [one for name in names for one in scenario.load(name)]
    _check_outputs(runs, trace, plot)
    outcomes = []
    with Spool() as spool:
        sinks = [spool] if trace or plot else []
        for number, one in enumerate(runs, 1):
            what = one.name if len(runs) == 1 else f"{number} of {len(runs)}, {one.name}"
            with progress(what) as tell:
                outcomes.append(play.play(one, runtime, seed, profile, sinks, tell))
            if not as_json and not outcomes[-1].held:
                click.echo(story(outcomes[-1]))
        if trace:
            _write_trace(trace, spool)
        if plot:
            from pinbench.report.scenario_plot import draw_run

            draw_run(runs[0], spool, outcomes[0].simulated_us, plot)
    if as_json:
        click.echo(json.dumps([outcome.as_json() for outcome in outcomes], indent=1))
    else:
        # A pipe has no width; rich would take 80 columns and cut the names.
        width = None if sys.stdout.isatty() else 140
        Console(width=width).print(outcomes_table(outcomes))
        for path in filter(None, (trace, plot)):
            click.echo(f"written: {path}")
    return HELD if all(outcome.held for outcome in outcomes) else NOT_HELD


def _check_outputs(runs, trace, plot):
    for option, path, endings in (
        ("--trace", trace, (".vcd", ".jsonl")),
        ("--plot", plot, (".png", ".svg", ".pdf")),
    ):
        if not path:
            continue
        if len(runs) != 1:
            raise UsageError(f"{option} is of one run, but these are {len(runs)}: name one")
        if Path(path).suffix not in endings:
            raise UsageError(f"{option} {path} must end in {' or '.join(endings)}")
        if not Path(path).absolute().parent.is_dir():
            raise UsageError(f"{option} {path}: there is no such folder, make it first")


def _write_trace(path, spool):
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(path, "w", encoding="utf-8"))
        if path.endswith(".vcd"):
            from pinbench.report.vcd import write_vcd

            write_vcd(spool, file)
        else:
            from pinbench.report.jsonl import JSONLines

            sink = JSONLines(file)
            for line in spool:
                sink(line)
