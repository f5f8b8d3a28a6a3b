"""`pinbench boards`, `boards check`, `boards wiring` and `boards draw`."""

import json
from pathlib import Path

import click

from pinbench.board.definitions import load_board, names
from pinbench.board.rules import faults
from pinbench.errors import HELD, NOT_HELD, UsageError


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


def wiring(device, name):
    """Print the wiring of `device` on board `name` as a table. Raises BoardError."""
    from pinbench.board.connections import wiring_table

    click.echo(wiring_table(load_board(name), device))
    return HELD


def draw(folder):
    """Write a drawing of every device on every real board, and README.md with the tables."""
    into = Path(folder)
    pages = drawings()
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (into / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    click.echo(f"{len(pages) - 1} drawings, and their tables in {into / 'README.md'}")
    return HELD


def drawings():
    """Return file name -> text of all drawings, and of the README that shows them."""
    from pinbench.board.connections import wiring_table
    from pinbench.board.drawing import draw as picture

    pages = {}
    lines = ["# Wiring", "", "Made by `pinbench boards draw` from the files of the boards.", ""]
    for name in names():
        board = load_board(name)
        if "stands_for" in board.about:
            continue
        for device in board.devices:
            svg = f"{device}_{name}.svg"
            pages[svg] = picture(board, device)
            lines += [f"## {device} on {board.title}", "", f"![{device} on {board.title}]({svg})"]
            lines += ["", wiring_table(board, device), ""]
    pages["README.md"] = "\n".join(lines)
    return pages
