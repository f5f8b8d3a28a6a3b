"""`pinbench settings get|set|import`."""

import json

import click

from pinbench.deploy import ports, settings
from pinbench.errors import HELD, UsageError


def get(names, port, as_json):
    """Print the settings, or those named; secrets are masked. Returns the exit code."""
    found = settings.get(ports.find(port))
    shown = dict(settings.rows(found))
    if names:
        wanted = {
            name: value
            for name, value in shown.items()
            if any(name == n or name.startswith(n + ".") for n in names)
        }
        for name in names:
            if not any(key == name or key.startswith(name + ".") for key in shown):
                raise UsageError(f"the board has no setting {name}: `pinbench settings get` lists")
        shown = wanted
    if as_json:
        click.echo(json.dumps(shown, indent=1))
    elif not shown:
        click.echo("no settings: every default holds")
    else:
        for name, value in shown.items():
            click.echo(f"{name} = {json.dumps(value)}")
    return HELD


def set_(words, port):
    """Change settings in one step; returns the exit code."""
    changes = settings.parse(words, _ask)
    return _change(changes, port)


def import_(path, port):
    """Merge a file's settings into the board's, in one step; returns the exit code."""
    return _change(settings.read_file(path), port)


def _change(changes, port):
    damaged = settings.change(ports.find(port), changes)
    if damaged:
        click.echo("the old settings were damaged: see /settings.bad on the board", err=True)
    names = sorted(name for name, _ in settings.rows(changes))
    click.echo(f"changed: {', '.join(names)}; the board has been reset and reads them")
    if "wiring" in changes:
        click.echo("wiring takes effect with the next `pinbench flash`, which checks it first")
    return HELD


def _ask(name):
    return click.prompt(f"{name}", hide_input=settings.is_secret(name))
