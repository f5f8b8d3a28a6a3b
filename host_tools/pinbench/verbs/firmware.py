"""`pinbench firmware`: MicroPython itself, from a file that the user gives."""

import click

from pinbench.board.definitions import load_board
from pinbench.deploy import micropython
from pinbench.errors import HELD


def run(path, board_name, port, drive, only_check):
    """Check a firmware file and put it onto a board; returns the exit code."""
    board = load_board(board_name)
    kind, size = micropython.check(path, board)
    click.echo(f"{path} fits a {board.title}: {kind}, {size:,} bytes")
    if not only_check:
        micropython.put(path, board, port, drive, click.echo)
        click.echo("written: the board restarts with it")
    return HELD
