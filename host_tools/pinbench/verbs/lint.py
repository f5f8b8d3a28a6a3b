"""`pinbench lint`: what CPython allows in firmware and MicroPython does not."""

import json

import click

from pinbench.errors import HELD, NOT_HELD
from pinbench.paths import FIRMWARE
from pinbench.traps.check import check_paths


def run(paths, as_json):
    """Check files and folders, the firmware if none is named; returns the exit code."""
    found, count = check_paths(paths or [FIRMWARE])
    if as_json:
        rows = [
            {"path": f.path, "line": f.line, "column": f.column, "item": f.item, "text": f.text}
            for f in found
        ]
        click.echo(json.dumps(rows, indent=1))
    else:
        for finding in found:
            click.echo(str(finding))
        said = f"{len(found)} traps" if found else "no traps"
        click.echo(f"{count} files: {said}")
    return NOT_HELD if found else HELD
