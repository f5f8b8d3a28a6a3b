"""`pinbench monitor`."""

import json
import time

import click

from pinbench.deploy import monitor, ports
from pinbench.errors import HELD


def run(port, seconds, as_json):
    """Show what the board prints until Ctrl-C, or for `seconds`; returns the exit code."""
    port = ports.find(port)
    lines = monitor.follow(port, seconds, _news)
    click.echo(f"[listening to {port}; Ctrl-C ends it]", err=True)
    try:
        for at_s, line in lines:
            if as_json:
                click.echo(json.dumps({"time": at_s, "kind": line.kind, "text": line.text}))
                continue
            clock = time.strftime("%H:%M:%S", time.localtime(at_s))
            clock += f".{int(at_s * 1000) % 1000:03}"
            colour = monitor.COLOURS.get(line.kind)
            click.echo(click.style(clock, dim=True) + " " + click.style(line.text, fg=colour))
    except KeyboardInterrupt:
        pass
    return HELD


def _news(text):
    click.echo(f"[{text}]", err=True)
