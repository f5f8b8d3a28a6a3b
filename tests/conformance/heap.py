"""What allocates while the heap is locked (SCH-08 to SCH-10)."""

import array
from collections import deque
from time import sleep_ms, ticks_ms

import micropython
from micropython import heap_lock, heap_unlock

ITEMS = {
    "SCH_08": ("both", ("kernel", "vm"), ()),
    "SCH_09": ("both", ("kernel", "vm"), ()),
    "SCH_10": ("both", ("cpython", "vm"), ()),
}


class Thing:
    def __init__(self):
        self.number = 1

    def method(self):
        return self.number


def plain(a, b=2):
    return a


def spread(*args):
    return None


THING = Thing()
TABLE = {"a": 1}
FULL = []
for n in range(8):
    FULL.append(n)
BYTES = bytearray(8)
VIEW = memoryview(BYTES)
WORDS = array.array("h", range(4))
NUMBERS = [1, 2]
QUEUE = deque((), 8)
TEXT, HALF = "text", 0.5
LARGE, HUGE = (1 << 30) - 1, (1 << 62) - 1


def float_arithmetic():
    return HALF * 2


def make_tuple():
    return (TEXT, HALF)


def bound_method():
    bound = THING.method
    return bound


def new_key():
    TABLE["b"] = 2


def grow():
    FULL.append(9)


def slice_bytes():
    return BYTES[1:3]


def slice_view():
    return VIEW[1:3]


def concat():
    return TEXT + TEXT


def format():
    return f"{TEXT}!"


def wide():
    LARGE + 1
    return HUGE + 1  # where the host's own interpreter carries this, small ints have 63 bits


def star():
    return spread(1, 2)


def comprehension():
    return [n for n in NUMBERS]


ALLOCATE = (
    float_arithmetic, make_tuple, bound_method, new_key, grow, slice_bytes, slice_view, concat,
    format, wide, star, comprehension,
)  # fmt: skip


def small_ints():
    return (LARGE - 3) // 7 * 3 + 5 & 0xFF


def stores():
    THING.number = 5
    TABLE["a"] += 1
    NUMBERS[0] = 3
    BYTES[1] = 200
    WORDS[2] = -5


def calls():
    plain(1)
    plain(1, b=3)
    THING.method()


def count():
    total = 0
    for n in range(10):
        total += n
    return total


def ticks():
    return ticks_ms()


def schedule():
    micropython.schedule(plain, 0)


def compare():
    return HALF < 1.0


def enqueue():
    QUEUE.append(5)


def swap():
    a, b = 1, 2
    a, b = b, a
    return a


FREE = (small_ints, stores, calls, count, ticks, schedule, compare, enqueue, swap)


def allocates(fn):
    """Tell whether fn needs the heap."""
    needed = False
    heap_lock()
    try:
        fn()
    except MemoryError:
        needed = True
    heap_unlock()
    return needed


def SCH_08(board):
    for fn in ALLOCATE:
        assert allocates(fn), fn.__name__ + " did not need the heap"
        fn()


def SCH_09(board):
    for fn in FREE:
        assert not allocates(fn), fn.__name__ + " needs the heap"
    sleep_ms(1)


def caught():
    """Return the error of a raise with the heap locked."""
    kept = None
    heap_lock()
    try:
        raise ValueError("why")
    except ValueError as error:
        kept = error
    heap_unlock()
    return kept


def SCH_10(board):
    error = caught()
    assert isinstance(error, ValueError), error
    if hasattr(micropython, "alloc_emergency_exception_buf"):
        assert error.args == (), "it kept its text without a buffer: %r" % (error.args,)
        micropython.alloc_emergency_exception_buf(200)
        error = caught()
    # The interpreter of the host is built with such a buffer.
    assert error.args == ("why",), "with a buffer: %r" % (error.args,)
