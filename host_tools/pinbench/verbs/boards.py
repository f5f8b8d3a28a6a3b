"""`pinbench boards` and `pinbench boards check`."""

import json

import click

from pinbench.board.definitions import load_board, names
from pinbench.board.rules import faults
from pinbench.errors import HELD, NOT_HELD


def show(as_json):
    """List the boards with what they can do and which devices are wired to them."""
    boards = [load_board(name) for name in names()]
    if as_json:
        rows = [
            {
                "name": board.name,
                "title": board.title,
                "port_profile": board.port_profile,
                "mpy_arch": board.about["mpy_arch"],
                "heap_bytes": board.about["heap_bytes"],
                "pins": len(board.pins),
                "devices": board.devices,
            }
            for board in boards
        ]
        click.echo(json.dumps(rows, indent=1))
        return HELD
    for board in boards:
        free = sum(not pin.reserved for pin in board.pins.values())
        click.echo(
            f"{board.name:<18} {board.title:<22} {board.port_profile:<7} "
            f"{free} free pins  {board.about['heap_bytes'] // 1000:>4} kB heap  "
            f"wired: {', '.join(board.devices) or 'nothing'}"
        )
    return HELD


def check(wanted):
    """Print every fault of the boards; returns the exit code."""
    count = 0
    for name in wanted or names():
        board = load_board(name)
        found = []
        for device in board.devices:
            found += faults(board, device)
        for fault in found:
            click.echo(fault)
        count += len(found)
        if not found:
            click.echo(f"{board.name}: {', '.join(board.devices) or 'no device'} can be built")
    return NOT_HELD if count else HELD
