"""`pinbench monitor`: what a board prints, decoded line by line, without disturbing it."""

import re
import time
from dataclasses import dataclass

from pinbench.deploy.link import Link

# How lines are told apart, first match wins: (pattern, kind). The kinds are what is coloured.
_KINDS = (
    (re.compile(r"slots?( [ab])?: "), "slot"),
    (re.compile(r"Traceback \(most recent call last\)|  File "), "error"),
    (re.compile(r"[A-Z]\w*(Error|Exception|Interrupt)\b"), "error"),
    (re.compile(r"(?i).*\b(fail\w*|fault|safe state|given up|watchdog|error)\b"), "error"),
    (re.compile(r"(?i).*(does not answer|not well|assumed|starts again|not kept)"), "warning"),
    (re.compile(r"MicroPython v|Type \"help|MPY: |>>> "), "prompt"),
)
COLOURS = {"slot": "cyan", "error": "red", "warning": "yellow", "prompt": "bright_black"}


def _black_box(text):
    """firmware/airbag/main.py announces a record on flash, with its rows."""
    if not text.endswith(" rows"):
        return [text]
    return [text, "  (unbuckled, `pinbench monitor --black-box FILE.png` reads and draws it)"]


# Records that are more than text: beginning of the line -> function(line) -> lines to show.
DECODERS = {"black box: ": _black_box}


@dataclass(frozen=True)
class Line:
    """One line of a board, fit to be shown: `kind` is "text" or a key of COLOURS."""

    text: str
    kind: str


def decode(text):
    """Return the Lines in one line of the console; control characters become visible."""
    for begin, decoder in DECODERS.items():
        if text.startswith(begin):
            return [Line(printable(line), "text") for line in decoder(text)]
    text = printable(text)
    for pattern, kind in _KINDS:
        if pattern.match(text):
            return [Line(text, kind)]
    return [Line(text, "text")]


def printable(text):
    r"""Return text that moves no cursor and changes no terminal: \x1b is shown as such."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def follow(port, seconds=None, news=lambda text: None):
    """Return an iterator over (wall time, Line) as they come, for `seconds` or for good.

    Nothing is sent to the board. A cable that is pulled is told by `news`, and waited for. Raises
    UsageError at once if there is no board.
    """
    link = Link(port)
    link.open()
    return _follow(link, seconds, news)


def _follow(link, seconds, news):
    try:
        for text in link.listen(seconds, news=news):
            if text:
                for line in decode(text):
                    yield time.time(), line
    finally:
        link.close()
