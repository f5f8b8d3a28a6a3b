"""`pinbench board`: a virtual board in the foreground, until Ctrl-C."""

import signal
import sys
import tempfile
import threading
from pathlib import Path

import click

from pinbench.board.supervisor import BoardStopped
from pinbench.board.virtual import BAUD_115200, FAST_USB, make_supervisor
from pinbench.errors import HELD, PinbenchError

_PACES = {"none": None, "115200": BAUD_115200, "1MB": FAST_USB}
_NEWS = {
    "soft": "soft reset",
    "reset": "reset",
    "watchdog": "the watchdog has bitten",
    "power": "power lost and back",
    "deepsleep": "deep sleep",
}
_HELP = "unplug, plug, reset (its button), power (cut it), bytes (over the port), quit"


def run(image, device, stands_for, tcp, pace):
    """Be the board; the first line printed is the path to connect to. Returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="pinbench-") as folder:
        path = image or Path(folder) / "board.img"
        board = make_supervisor(
            "virtual", path, device, tcp, _PACES[pace], stands_for=stands_for
        )
        board.on_news = _news
        click.echo(board.port.path)
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell's `&` would leave SIGINT ignored
            signal.signal(number, lambda *_: board.stop())
        threading.Thread(target=_listen, args=(board, path), daemon=True).start()
        try:
            board.run()
        except BoardStopped as error:
            raise PinbenchError(str(error)) from None
    return HELD


def _listen(board, path):
    """Say what the board is once it is up, then take commands from standard input."""
    try:
        for line in _about(board, path):
            click.echo(line)
        for line in sys.stdin:
            _obey(board, line.strip())
    except (BoardStopped, OSError, ValueError):
        pass  # it is over: `run` says why


def _about(board, path):
    board.ready.wait()
    about = board.board.about
    flash = board.flash
    yield (
        f"a virtual {about['stands_for']}: heap {about['heap_bytes']:,} bytes, which are "
        f"{board.heap_bytes:,} in the VM's longer words, "
        f"and {board.share_bytes:,} for the simulator's own part"
    )
    yield f"flash: {flash.size:,} bytes in blocks of {flash.block}, in {path}"
    if board.port.tcp_port is not None:
        yield f"socket://127.0.0.1:{board.port.tcp_port}"
    yield f"try: mpremote connect {board.port.path} repl"
    if sys.stdin is not None and sys.stdin.isatty():
        yield f"commands: {_HELP}"


def _obey(board, word):
    if word == "unplug":
        board.do(board.unplug)
    elif word == "plug":
        board.do(board.port.plug)
    elif word == "reset":
        board.do(board.reset, "power")
    elif word == "power":
        board.do(board.reset, "power", 100_000)
    elif word == "bytes":
        counts = board.do(board.counts)
        click.echo(f"{counts[0]:,} bytes to the board, {counts[1]:,} to the host")
    elif word == "quit":
        board.stop()
    elif word:
        click.echo(f"commands: {_HELP}")


def _news(text):
    click.echo(f"[{_NEWS.get(text, text)}]", err=True)
