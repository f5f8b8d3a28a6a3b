"""Hard handlers on CPython need the heap where they need it on the VM, whose heap is locked."""

import pytest

pytestmark = pytest.mark.vm

# What is planted into a hard handler; True where MicroPython needs the heap for it.
STATEMENTS = [
    ("box.n + 1", False),
    ("box.n += 1", False),
    ("box.words[1] += 1", False),
    ("box.half * 2", True),
    ("box.half += 1", True),
    ("-box.half", True),
    ("box.n / 2", True),
    ("box.n // 2", False),
    ("box.half > 0.25", False),
    ("(box.n, box.half)", True),
    ("return 1, 2", False),  # a constant
    ("a, b = box.n, 2", False),
    ("[box.n]", True),
    ("{box.n: 1}", True),
    ("[n for n in box.words]", True),
    ("f'{box.n}'", True),
    ("'%d' % box.n", True),
    ("box.text + 'x'", True),
    ("box.words[1:3]", True),
    ("box.method()", False),
    ("m = box.method", True),
    ("box.table['a'] = 2", False),
    ("box.table['new'] = 2", True),
    ("box.full.append(1)", True),
    ("box.short.append(1)", False),
    ("box.queue.append(1)", False),
    ("helper(1)", False),
    ("helper(1, b=2)", False),
    ("divides(box.n)", True),
    ("spread(1, 2)", True),
    ("helper(*box.words)", True),
    ("lambda: 1", True),
    ("for i in range(3): box.n = i", False),
    ("if box.n or box.half: box.n = 3", False),
    ("len(box.words)", False),
    ("min(box.n, 5)", False),
    ("bytearray(4)", True),
    ("float(box.n)", True),
    ("int(box.n)", False),
    ("Box()", True),
    ("time.ticks_us()", False),
    ("micropython.schedule(helper, 0)", False),
    ("while box.n > 9: box.n = 0", False),
]
HEAD = """
import micropython
import time
from collections import deque
from machine import Pin

class Box:
    def __init__(self):
        self.n, self.half, self.text = 10, 0.5, "text"
        self.words = bytearray(8)
        self.table = {"a": 1}
        self.full = []
        for n in range(8):
            self.full.append(n)
        self.short = []
        self.queue = deque((), 4)

    def method(self):
        return self.n

def helper(a, b=0):
    return a

def divides(n):
    return n / 3

def spread(*args):
    return None

box = Box()
done = bytearray(1)
pin = Pin(2, Pin.OUT, value=0)

def play(number, handler):
    done[0] = 0
    pin.irq(handler, Pin.IRQ_RISING, hard=True)
    pin.on()
    pin.off()
    pin.irq(handler=None)
    print(number, done[0])
"""


def source():
    parts = [HEAD]
    for number, (statement, _) in enumerate(STATEMENTS):
        parts.append(
            f"def run{number}():\n    {statement}\n\n"
            f"def handler{number}(pin):\n    run{number}()\n    done[0] = 1\n\n"
            f"play({number}, handler{number})\n"
        )
    return "\n".join(parts)


def test_the_guard_stops_what_the_locked_heap_stops(programs):
    lines, _ = programs.both(source())
    said = [line.split() for line in programs.log(lines) if line[:1].isdigit()]
    found = {int(number): done == "0" for number, done in said}
    wrong = {
        statement: found[number]
        for number, (statement, allocates) in enumerate(STATEMENTS)
        if found[number] != allocates
    }
    assert wrong == {}


def test_a_hard_handler_loses_the_text_of_its_error_unless_it_has_a_buffer(programs):
    text = """
        import micropython
        from machine import Pin

        def fails(pin):
            raise ValueError("why")

        def play():
            pin = Pin(2, Pin.OUT, value=0)
            pin.irq(fails, Pin.IRQ_RISING, hard=True)
            pin.on()

        play()
        micropython.alloc_emergency_exception_buf(100)
        play()
        """
    lines, _ = programs.both(text)
    errors = [line for line in programs.log(lines) if line.startswith("ValueError")]
    assert errors == ["ValueError", "ValueError: why"]
