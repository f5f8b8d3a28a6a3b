"""Resets, their causes and the watchdog (RST-01 to RST-07)."""

from time import sleep_ms

import machine
from machine import WDT, Pin, deepsleep, reset, reset_cause, soft_reset

ITEMS = {
    "RST_01": ("rp2", "kernel", "power?"),
    "RST_02": ("esp32", "kernel", "power?"),
    "RST_03": ("both", "kernel", ()),
    "RST_04": ("rp2", "kernel", ()),
    "RST_05": ("esp32", "kernel", ()),
    "RST_06": ("both", "kernel", ()),
    "RST_07": ("both", "kernel", ()),
}


def bite():
    WDT(timeout=1000)
    sleep_ms(5000)
    raise AssertionError("the watchdog does not bite")


def power_off(board):
    Pin(board.power, Pin.OUT, value=1)
    sleep_ms(1000)
    raise AssertionError("the supply stayed on")


def causes(board, steps):
    """Take each step in turn; what follows it must be the cause named with it."""
    if board.phase:
        name, _, cause = steps[board.phase - 1]
        found = reset_cause()
        assert found == cause, "after %s the cause is %d, not %d" % (name, found, cause)
    if board.phase < len(steps):
        steps[board.phase][1]()


def RST_01(board):
    names = [name for name in dir(machine) if name.endswith("_RESET")]
    assert sorted(names) == ["PWRON_RESET", "WDT_RESET"], names
    assert (machine.PWRON_RESET, machine.WDT_RESET) == (1, 3)
    steps = [("reset()", reset, 3), ("a bite", bite, 3)]
    if hasattr(board, "power"):
        steps.append(("power-on", lambda: power_off(board), 1))
    causes(board, steps)


def RST_02(board):
    names = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")
    assert [getattr(machine, name) for name in names] == [1, 2, 3, 4, 5]
    steps = [
        ("reset()", reset, 2),
        ("deepsleep()", lambda: deepsleep(100), 4),
        ("a bite", bite, 3),
        ("a soft reset", soft_reset, 5),
    ]
    if hasattr(board, "power"):
        steps.append(("power-on", lambda: power_off(board), 1))
    causes(board, steps)


def RST_03(board):
    assert hasattr(machine, "DEEPSLEEP_RESET") == (board.port == "esp32")
    cause = 3 if board.port == "rp2" else 4
    causes(board, [("deepsleep()", lambda: deepsleep(200), cause)])


def RST_04(board):
    limit = 16777 if board.chip == "rp2350" else 8388
    error = board.raises(ValueError, WDT, 0, limit + 1)
    assert str(error) == "timeout exceeds %d" % limit, error
    board.raises(ValueError, WDT, 1)
    if board.phase == 0:
        WDT(timeout=limit)
        reset()  # or it would bite the next item


def RST_05(board):
    for timeout in (0, -1):
        error = board.raises(ValueError, WDT, timeout=timeout)
        assert str(error) == "WDT timeout too short", error


def RST_06(board):
    if board.phase == 0:
        wdt = WDT(timeout=2000)
        assert not hasattr(wdt, "deinit") and not hasattr(wdt, "stop")
        for _ in range(3):
            sleep_ms(1000)
            wdt.feed()
        soft_reset()
    elif board.phase == 1:
        sleep_ms(6000)
        raise AssertionError("a soft reset stopped it")
    assert reset_cause() == machine.WDT_RESET, reset_cause()


def RST_07(board):
    if board.phase == 0:
        board.save("")
        WDT(timeout=500)
        WDT(timeout=8000)
        sleep_ms(1500)
        board.save("still alive")
        WDT(timeout=500)
        sleep_ms(4000)
        raise AssertionError("the second timeout stayed")
    assert board.load() == "still alive", "the first timeout stayed"
    assert reset_cause() == machine.WDT_RESET
