"""Timer: references, callbacks that are missing or raise (TMR-06 to TMR-08)."""

import gc
from time import sleep_ms, sleep_us

from machine import Timer

ITEMS = {
    "TMR_06": ("both", "kernel", ()),
    "TMR_07": ("both", "kernel", (), {"rp2": "!TypeError", "esp32": "TypeError"}),
    "TMR_08": ("both", "kernel", (), "ValueError"),
}


def start(seen):
    Timer(-1, period=10, callback=seen.append)


def start_kept(seen):
    return Timer(-1, period=10, callback=seen.append)


def wipe(depth):
    """Overwrite what calls left on the stack: the collector takes it for references."""
    fill = [None] * 8
    if depth:
        wipe(depth - 1)
    return fill


def counted(seen):
    """Return how many ticks come within 55 ms."""
    sleep_ms(1)
    del seen[:]
    wipe(20)
    sleep_ms(55)
    count = len(seen)
    del seen[:]
    return count


def TMR_06(board):
    seen = []
    start(seen)
    assert counted(seen) >= 5, "it does not run before the collection"
    wipe(20)
    gc.collect()
    count = counted(seen)
    if board.port == "rp2":
        assert count == 0, "a Timer that nobody refers to lives on: %d ticks" % count
        timer = start_kept(seen)
        gc.collect()
        assert counted(seen) >= 5, "a Timer that is referred to was collected"
        timer.deinit()
        return
    assert count >= 5, "a running Timer was collected: %d ticks" % count


def TMR_07(board):
    """What must or must not be printed stands in the table."""
    said = []
    timer = Timer(-1, period=5)
    sleep_ms(22)
    timer.deinit()
    timer = Timer(-1, period=5, callback=said.append)
    sleep_ms(7)
    timer.deinit()
    assert said == [timer], said


def TMR_08(board):
    count = bytearray(2)

    def soft(timer):
        count[0] += 1
        raise ValueError("tick")

    timer = Timer(-1, period=5, callback=soft)
    sleep_ms(22)
    timer.deinit()
    assert count[0] == 4, "a soft callback that raised ran %d times" % count[0]
    if board.port == "esp32":
        return

    def hard(timer):
        count[1] += 1
        raise ValueError("tick")

    timer = Timer(period=5, callback=hard, hard=True)
    sleep_us(900), sleep_us(900), sleep_us(900), sleep_us(900), sleep_us(900), sleep_us(900)
    sleep_ms(15)
    timer.deinit()
    assert count[1] == 1, "a hard callback that raised ran %d times" % count[1]
