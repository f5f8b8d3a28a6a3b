"""`pinbench monitor`."""

import json
import os
import time

import click

from pinbench.deploy import black_box as record
from pinbench.deploy import monitor, ports
from pinbench.errors import HELD, UsageError
from pinbench.report import blackbox


def run(port, seconds, as_json, black_box=None):
    """Show what the board prints until Ctrl-C, or for `seconds`; returns the exit code.

    black_box: then read the garment's black box, and draw it into this PNG.
    """
    port = ports.find(port)
    if black_box is not None:
        _check(black_box)
        click.echo(f"[{record.NOTICE}]", err=True)
        seconds = record.LISTEN_S if seconds is None else seconds
    lines = monitor.follow(port, seconds, _news)
    click.echo(f"[listening to {port}; Ctrl-C ends it]", err=True)
    state = None
    try:
        for at_s, line in lines:
            state = record.state_in(line.text, state)
            _show(at_s, line, as_json)
    except KeyboardInterrupt:
        return HELD
    if black_box is not None:
        record.refuse_worn(state)
        _black_box(port, black_box, as_json)
    return HELD


def _show(at_s, line, as_json):
    if as_json:
        click.echo(json.dumps({"time": at_s, "kind": line.kind, "text": line.text}))
        return
    clock = time.strftime("%H:%M:%S", time.localtime(at_s))
    clock += f".{int(at_s * 1000) % 1000:03}"
    colour = monitor.COLOURS.get(line.kind)
    click.echo(click.style(clock, dim=True) + " " + click.style(line.text, fg=colour))


def _check(picture):
    """Before the board is disturbed: can the picture be written?"""
    folder = os.path.dirname(picture) or "."
    if not picture.lower().endswith(".png") or os.path.isdir(picture):
        raise UsageError(f"{picture} is no name of a picture: let it end in .png")
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise UsageError(f"{picture} cannot be written: its folder is missing, or not yours")


def _black_box(port, picture, as_json):
    found = blackbox.decode(record.fetch(port))
    blackbox.draw(found, picture)
    lines = blackbox.table(found)
    if as_json:
        row = {"kind": "black box", "reason": found.reason, "rows": len(found.rows)}
        row |= {"moment": found.moment, "uptime_s": found.uptime_s, "picture": picture}
        click.echo(json.dumps(row | {"table": lines}))
        return
    for text in lines:
        click.echo(text)
    click.echo(f"[drawn in {picture}; the board has been reset]", err=True)


def _news(text):
    click.echo(f"[{text}]", err=True)
