"""What runs at a boot, and what a soft reset leaves (RST-08, RST-09, RST-21)."""

import os
import sys
from time import sleep_ms

from machine import RTC, Pin, Timer, mem_backup, reset, soft_reset

ITEMS = {
    "RST_08": ("both", "kernel", ()),
    "RST_09": ("both", "kernel", "pins"),
    "RST_21": ("both", "kernel", "pins"),
}

NOTE = """
def note(text):
    with open("/order.txt", "a") as file:
        file.write(text)
"""


def write(name, text):
    with open(name, "w") as file:
        file.write(text)


def read(name):
    with open(name) as file:
        return file.read()


def keep():
    """Put the board's own programs aside."""
    for name in ("boot", "main"):
        try:
            os.rename("/%s.py" % name, "/%s.kept" % name)
        except OSError:
            pass
    write("/order.txt", "")


def give_back():
    for name in ("boot", "main"):
        try:
            os.remove("/%s.py" % name)
        except OSError:
            pass
        try:
            os.rename("/%s.kept" % name, "/%s.py" % name)
        except OSError:
            pass


def RST_08(board):
    if board.phase == 0:
        keep()
        write("/boot.py", NOTE + "note('b')\n")
        write("/main.py", "note('m')\n")  # one namespace for both
        reset()
    order = read("/order.txt")
    if board.phase == 1:
        if order == "bm":
            write("/order.txt", "")
            write("/boot.py", NOTE + "note('b')\nraise ValueError('boot.py fails')\n")
            reset()
        give_back()
        raise AssertionError("boot.py and main.py ran as %r" % order)
    give_back()
    assert order == "b", "after boot.py had failed: %r" % order


RISES = """
import sys
note("m")
if read().count("m") < 3:
    sys.exit()
from machine import Pin
Pin(%d, Pin.OUT, value=1)
raise ValueError("main.py ends here")
"""


def RST_21(board):
    if board.phase == 0:
        keep()
        first = "note('b')\nif read() == 'b':\n    raise SystemExit\n"
        write("/boot.py", NOTE + "def read():\n    return open('/order.txt').read()\n" + first)
        write("/main.py", RISES % board.pins[0])
        reset()
    give_back()
    order = read("/order.txt")
    # The first boot.py exits, then the first two main.py do.
    assert order == "bbmbmbm", "they ran as %r" % order
    assert Pin(board.pins[0]).value() == 1, "the output went when main.py ended"


def tick(timer):
    mem_backup()[1] += 1


def RST_09(board):
    words = mem_backup()
    if board.phase == 0:
        if board.port == "rp2":
            Pin(board.pins[0], Pin.OUT, value=1)
        sys.modules["left_over"] = sys
        RTC().datetime((2031, 5, 6, 0, 7, 8, 9, 0))
        words[0] = 0x5A
        words[1] = 0
        Timer(-1, period=50, callback=tick)
        file = open("/open.txt", "w")
        file.write("finalised")
        soft_reset()
    ticks = words[1]
    sleep_ms(200)
    assert words[1] == ticks, "the timer lives on"
    assert read("/open.txt") == "finalised", "the open file was not closed"
    assert "left_over" not in sys.modules, "a module lives on"
    assert RTC().datetime()[:3] == (2031, 5, 6), "the clock lost its time"
    assert words[0] == 0x5A, "mem_backup lost its word"
    if board.port == "rp2":
        assert Pin(board.pins[0]).value() == 1, "the level went"
