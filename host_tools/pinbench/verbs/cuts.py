"""`pinbench cuts`: the power fails at every operation of the flash, and again in the recovery."""

import json
from dataclasses import asdict

import click

from pinbench.cuts.flash_story import STORIES
from pinbench.cuts.run import DEPTHS, sweep_all
from pinbench.cuts.sweep import Cut
from pinbench.errors import HELD, NOT_HELD, UsageError
from pinbench.report.progress import progress

_SHOWN = 10


def run(story, board, depth, seeds, jobs, only, as_json):
    """Sweep; `only` is (op, variant, second, second_variant) with None for what is not asked."""
    one = _only(only)
    if one is not None and story is None:
        raise UsageError("an operation belongs to a story: name it by --story")
    if story is not None and story not in STORIES:
        raise UsageError(f"there is no story {story}: choose one of {', '.join(STORIES)}")
    options = {"seeds": tuple(range(1, seeds + 1)), "only": one}
    options |= DEPTHS["all" if one is not None else depth]
    stories = [story] if story else list(STORIES)
    held = True
    rows = []
    with progress("cutting the power") as tell:
        for name, tally, failures in sweep_all(stories, board, jobs, tell, **options):
            if one is not None and not (tally.second_cuts if one.second else tally.cuts):
                raise UsageError(f"the story {name} has no such cut")
            counted = one is not None or (
                (tally.cuts, tally.second_cuts) == (tally.expected, tally.second_expected)
            )
            held = held and not failures and counted
            rows.append({"story": name, **asdict(tally), "failures": len(failures)})
            if not as_json:
                _tell(name, board, tally, failures, counted)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    return HELD if held else NOT_HELD


def _only(words):
    op, variant, second, second_variant = words
    if op is None and variant is None and second is None and second_variant is None:
        return None
    if op is None or variant is None or (second is None) != (second_variant is None):
        raise UsageError("give --op and --variant together, and so for the second cut")
    return Cut(op, variant, second or 0, second_variant or "")


def _tell(name, board, tally, failures, counted):
    click.echo(
        f"{name}: {tally.operations} operations, {tally.cuts:,} cuts of {tally.expected:,} "
        f"(operations times variants); in the recoveries {tally.second_operations:,} operations, "
        f"{tally.second_cuts:,} second cuts of {tally.second_expected:,}: "
        + ("all whole" if not failures else f"{len(failures):,} FAILED")
        + ("" if counted else ", NOT ALL DONE")
    )
    for failure in failures[:_SHOWN]:
        command = f"pinbench cuts --story {name} --board {board} {failure.cut.options()}"
        click.echo(f"  {failure.text}\n    again: {command}")
    if len(failures) > _SHOWN:
        click.echo(f"  and {len(failures) - _SHOWN} more")
