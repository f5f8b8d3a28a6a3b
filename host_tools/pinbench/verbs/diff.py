"""`pinbench diff`: the same runs on both interpreters, record by record."""

import json

import click

from pinbench import play, scenario
from pinbench.errors import HELD, NOT_HELD
from pinbench.report.progress import progress


def run(names, profile, seed, as_json):
    """Compare every run of the scenarios; returns the exit code."""
    runs = [one for name in names for one in scenario.load(name)]
    found = []
    for number, one in enumerate(runs, 1):
        what = one.name if len(runs) == 1 else f"{number} of {len(runs)}, {one.name}"
        with progress(what) as tell:
            found.append(play.diff(one, seed, profile, tell))
        if not as_json:
            click.echo(found[-1].story())
    if as_json:
        click.echo(json.dumps([difference.as_json() for difference in found], indent=1))
    return HELD if all(difference.equal for difference in found) else NOT_HELD
