"""The scheduler: when soft callbacks run (SCH-01 to SCH-06)."""

from time import sleep_ms

from micropython import schedule

ITEMS = {
    "SCH_01": ("both", ("kernel", "vm"), ()),
    "SCH_02": ("both", ("cpython", "vm"), "search?"),
    "SCH_03": ("both", ("kernel", "vm"), ()),
    "SCH_04": ("both", "kernel", (), "ValueError: in a callback"),
    "SCH_05": ("both", ("cpython", "vm"), "search?"),
    "SCH_06": ("both", "kernel", "pair"),
}

TRUE, FALSE, ONE, seen = True, False, [1], []


def note(value):
    seen.append(value)


def nothing(*args):
    pass


def fill_four():
    schedule(note, 1), schedule(note, 2), schedule(note, 3), schedule(note, 4)


def fill_eight():
    schedule(note, 1), schedule(note, 2), schedule(note, 3), schedule(note, 4)
    schedule(note, 5), schedule(note, 6), schedule(note, 7), schedule(note, 8)


def SCH_01(board):
    del seen[:]
    depth = 4 if board.port == "vm" else 8
    fill = fill_four if board.port == "vm" else fill_eight
    error = None
    # Straight from here: a branch would let the first one run.
    try:
        fill()
        schedule(note, 9)
    except RuntimeError as caught:
        error = caught
    sleep_ms(30)
    for _ in range(20):
        sleep_ms(0)
    assert str(error) == "schedule queue full", "the %dth: %r" % (depth + 1, error)
    assert seen == list(range(1, depth + 1)), seen


def straight():
    schedule(note, 0)
    nothing(), nothing(1), nothing(1, 2)
    value = [1, 2][0] + nothing.__name__.find("n")
    return len(seen), value


def branch():
    """Return how many callbacks had run behind the construct, as do those that follow."""
    schedule(note, 0)
    if TRUE:
        return len(seen)
    return -1


def over_range():
    schedule(note, 0)
    for _ in range(1):
        return len(seen)


def over_list():
    schedule(note, 0)
    for _ in ONE:
        return len(seen)


def while_loop():
    n = 0
    while n < 1:
        n += 1
        schedule(note, 0)
    return len(seen)


def either():
    schedule(note, 0)
    FALSE or nothing()
    return len(seen)


def choice():
    schedule(note, 0)
    return len(seen) if TRUE else -1


def after_try():
    try:
        schedule(note, 0)
    except ValueError:
        pass
    return len(seen)


def after_except():
    try:
        raise ValueError
    except ValueError:
        schedule(note, 0)
    return len(seen)


def broken():
    while TRUE:
        schedule(note, 0)
        break
    return len(seen)


def drained(fn):
    """Return what fn returns, with nothing waiting before it and after it."""
    sleep_ms(1)
    for _ in range(10):
        sleep_ms(0)
    del seen[:]
    result = fn()
    sleep_ms(1)
    for _ in range(10):
        sleep_ms(0)
    return result


def SCH_02(board):
    assert drained(straight)[0] == 0, "calls or a straight line polled"
    assert drained(over_list) == 0, "the first turn of a loop over a list polled"
    for fn in (
        branch, while_loop, over_range, either, choice, after_try, after_except, broken,
    ):  # fmt: skip
        assert drained(fn) == 1, fn.__name__ + " did not poll"


def SCH_03(board):
    del seen[:]

    def outer(value):
        note(value)
        schedule(note, value + 100)
        for _ in range(3):
            sleep_ms(0)
        note(-value)

    schedule(outer, 1)
    schedule(note, 2)
    sleep_ms(0)
    first = len(seen)
    for _ in range(20):
        sleep_ms(0)
    sleep_ms(1)
    assert seen == [1, -1, 2, 101], "nested or out of order: %r" % seen
    if board.port != "vm":
        assert first == 2, "%d notes at one poll point" % first


def fails(_):
    raise ValueError("in a callback")


def SCH_04(board):
    del seen[:]
    schedule(fails, None)
    schedule(note, 1)
    sleep_ms(5)
    sleep_ms(5)
    assert seen == [1], "after a callback that raised: %r" % seen


class Counter:
    def __init__(self):
        self.count = self.other = 0

    def add(self, _):
        self.count += 1
        self.other += 1

    def straight(self):
        """A whole update without a branch."""
        before = self.count
        schedule(self.add, None)
        self.count = before + 1
        self.other += 1

    def torn(self):
        """A branch within the update."""
        before = self.count
        schedule(self.add, None)
        if before >= 0:
            self.count = before + 1
            self.other += 1


def SCH_05(board):
    one = Counter()
    drained(one.straight)
    assert (one.count, one.other) == (2, 2), "straight code was not atomic"
    drained(one.torn)
    assert (one.count, one.other) == (3, 4), "no callback came in at the branch"


def SCH_06(board):
    from machine import Pin, disable_irq, enable_irq

    a, b = board.pair
    out = Pin(a, Pin.OUT, value=0)
    pin = Pin(b, Pin.IN)
    del seen[:]
    pin.irq(note, Pin.IRQ_RISING)
    outer = disable_irq()
    inner = disable_irq()
    out(1)
    enable_irq(inner)
    out(0)
    sleep_ms(1)
    early = len(seen)
    out(1)
    enable_irq(outer)
    sleep_ms(1)
    pin.irq(handler=None)
    assert early == 0, "the inner enable_irq() let interrupts in"
    assert seen == [pin], "%d calls behind the outer one" % len(seen)
