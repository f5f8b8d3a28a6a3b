"""What talks back is not always a board that is well: one sentence, in a bounded time."""

import contextlib
import os
import threading
import time
import tty

import pytest

from pinbench.deploy import link as links
from pinbench.deploy.link import BoardError, Link


@pytest.fixture
def talker(monkeypatch):
    """Return the port of something that answers every write with `says`, whatever it was."""
    monkeypatch.setattr(links, "_REBOOT_S", 0.3)
    monkeypatch.setattr(links, "READ_S", 0.3)
    master, slave = os.openpty()
    tty.setraw(slave)
    says = []

    def talk():
        with contextlib.suppress(OSError):
            while os.read(master, 1024):
                if says:
                    os.write(master, says.pop(0))

    threading.Thread(target=talk, daemon=True).start()
    yield os.ttyname(slave), says
    os.close(slave)
    os.close(master)


BANNER = b"raw REPL; CTRL-B to exit\r\n>"
REBOOT = b"OK\r\nMPY: soft reboot\r\n" + BANNER
ANSWERS = {
    "nothing": [],
    "noise": [bytes(range(256)) * 3] * 9,
    "a login prompt": [b"login: "] * 9,
    "a banner, then nothing": [b"", BANNER],
    "a soft reboot, then nothing": [b"", BANNER, REBOOT],
    "raw paste, cut short": [b"", BANNER, REBOOT, b"R"],
    "raw paste with a window of nonsense": [b"", BANNER, REBOOT, b"R\x01\x80"],
    "an abrupt end": [b"", BANNER, REBOOT, b"R\x01\x80\x00\x04"],
}


@pytest.mark.long
@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_board_is_one_sentence(talker, answers, capsys):
    port, says = talker
    says += answers
    begun_s = time.monotonic()
    with pytest.raises(BoardError) as error:
        Link(port).__enter__()
    assert time.monotonic() - begun_s < 20
    assert port in str(error.value) and "\n" not in str(error.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "traceback, sentence",
    [
        ("Traceback\nValueError: slot b is not whole: x", "slot b is not whole: x"),
        ("Traceback\nOSError: [Errno 28] ENOSPC", "file system is full"),
        ("Traceback\nMemoryError: memory allocation failed", "out of memory"),
        ("Traceback\nKeyboardInterrupt: ", "interrupted"),
        ("Traceback\nAttributeError: x", "the board answered with AttributeError: x"),
        ("", "the board answered with "),
    ],
)
def test_an_exception_of_the_board_is_one_sentence(traceback, sentence):
    assert sentence in links._sentence(traceback)
