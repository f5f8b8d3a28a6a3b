"""`pinbench flash`: what `pinbench.deploy.flash` does, told to a person or as JSON."""

import json
from dataclasses import asdict

import click

from pinbench.board.definitions import load_board
from pinbench.deploy import flash as deploy
from pinbench.deploy import ports
from pinbench.errors import HELD
from pinbench.report.progress import progress


def run(device, board_name, port, live, adopt, dry_run, until, wait_s, as_json):
    """Flash and print a summary; returns the exit code."""
    board = load_board(board_name)
    port = ports.find(port, virtual=board.name == "virtual" if port == ports.AUTO else None)
    with progress(f"{device} to {port}") as tell:
        done = deploy.flash(
            board,
            device,
            port,
            live=live,
            may_adopt=adopt,
            dry_run=dry_run,
            until=until,
            wait_s=wait_s,
            say=lambda text: click.echo(text, err=as_json),
            progress=tell,
        )
    if as_json:
        click.echo(json.dumps(asdict(done), indent=1))
    else:
        for line in summary(done):
            click.echo(line)
    return HELD if done.outcome is None else done.outcome.exit_code


def summary(done):
    """Yield the lines that tell a person what a flash did."""
    yield from done.notes
    if done.outcome is not None:
        yield done.outcome.text
    if done.dry_run:
        yield f"dry run: nothing was changed; {done.seconds:.1f} s"
    elif done.nothing:
        yield (
            f"nothing to do: slot {done.slot} holds all {done.files} files, {done.bytes:,} bytes, "
            f"verified; {done.seconds:.1f} s"
        )
    else:
        yield (
            f"sent {done.sent_files} of {done.files} files, {done.sent_bytes:,} of "
            f"{done.bytes:,} bytes; all verified in slot {done.slot}; {done.seconds:.1f} s"
        )
