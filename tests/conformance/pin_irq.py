"""Pin: interrupts (PIN-17 to PIN-30)."""

from time import sleep_ms

import micropython
from machine import Pin, disable_irq, enable_irq, soft_reset, time_pulse_us

ITEMS = {
    "PIN_17": ("both", "kernel", "pair"),
    "PIN_18": ("both", "kernel", "pair"),
    "PIN_19": ("both", "kernel", "pair"),
    "PIN_20": ("rp2", "kernel", "pair", "MemoryError"),
    "PIN_21": ("rp2", "kernel", "pair", "Uncaught exception in IRQ callback handler"),
    "PIN_22": ("both", "kernel", "pair"),
    "PIN_23": ("both", "kernel", "pair"),
    "PIN_24": ("both", "kernel", "pair"),
    "PIN_25": ("both", "kernel", "pair"),
    "PIN_26": ("both", "kernel", ()),
    "PIN_27": ("both", "kernel", "pins"),
    "PIN_28": ("rp2", "kernel", "pair"),
    "PIN_29": ("both", "kernel", "pins"),
    "PIN_30": ("both", "kernel", "pair"),
}


def joined(board):
    a, b = board.pair
    return Pin(a, Pin.OUT, value=0), Pin(b, Pin.IN)


def PIN_17(board):
    out, pin = joined(board)
    seen = []
    pin.irq(seen.append)
    out(1)
    sleep_ms(1)
    out(0)
    sleep_ms(1)
    pin.irq(handler=None)
    assert len(seen) == 2, "%d calls for two edges" % len(seen)
    assert seen[0] is pin and seen[1] is pin


def PIN_18(board):
    out, pin = joined(board)
    seen = []
    if board.port == "esp32":
        board.raises(TypeError, pin.irq, seen.append, Pin.IRQ_RISING, hard=True)
        pin.irq(handler=seen.append, trigger=Pin.IRQ_RISING, wake=None)
    else:
        flag = bytearray(1)

        def hard(pin):
            flag[0] = 1

        pin.irq(hard, Pin.IRQ_RISING, True)
        out(1)
        now = flag[0]
        out(0)
        assert now == 1, "a hard handler waited"
        pin.irq(seen.append, Pin.IRQ_RISING)
    out(1)
    now = len(seen)
    sleep_ms(1)
    assert now == 0 and len(seen) == 1, "not soft by default"
    board.raises(TypeError, pin.irq, seen.append, Pin.IRQ_RISING, priority=1)
    pin.irq(handler=None)


def ten_pulses(out):
    """Without a branch: no soft callback can run in between."""
    out(1), out(0), out(1), out(0), out(1), out(0), out(1), out(0), out(1), out(0)
    out(1), out(0), out(1), out(0), out(1), out(0), out(1), out(0), out(1), out(0)


def PIN_19(board):
    out, pin = joined(board)
    seen = []
    pin.irq(seen.append, Pin.IRQ_RISING)
    micropython.schedule(seen.append, None)
    ten_pulses(out)
    sleep_ms(20)
    pin.irq(handler=None)
    assert seen == [None] + [pin] * 7, "%d calls" % len(seen)


def PIN_20(board):
    out, pin = joined(board)
    count = bytearray(2)

    def handler(pin):
        count[0] += 1
        [count]
        count[1] += 1

    pin.irq(handler, Pin.IRQ_RISING, True)
    out(1)
    out(0)
    assert count[0] == 1, "it did not run at once"
    assert count[1] == 0, "a list was allocated in a hard handler"


def PIN_21(board):
    out, pin = joined(board)
    count = bytearray(1)

    def handler(pin):
        count[0] += 1
        raise ValueError

    pin.irq(handler, Pin.IRQ_RISING, True)
    ten_pulses(out)
    sleep_ms(1)
    assert count[0] == 1, "%d calls after its exception" % count[0]


def PIN_22(board):
    out, pin = joined(board)
    seen = []
    irq = pin.irq(seen.append)
    assert hasattr(irq, "trigger")
    if board.port == "esp32":
        assert not hasattr(irq, "flags")
        return
    out(1)
    sleep_ms(1)
    assert irq.flags() == Pin.IRQ_RISING, irq.flags()
    out(0)
    sleep_ms(1)
    assert irq.flags() == Pin.IRQ_FALLING, irq.flags()
    del seen[:]
    state = disable_irq()
    out(1)
    out(0)
    enable_irq(state)
    sleep_ms(1)
    pin.irq(handler=None)
    assert len(seen) == 1, "%d calls" % len(seen)
    assert irq.flags() == 12, irq.flags()


def PIN_23(board):
    out, pin = joined(board)
    seen = []
    pin.irq(lambda pin: seen.append(pin()), Pin.IRQ_RISING)
    out(1), out(0)
    sleep_ms(1)
    pin.irq(handler=None)
    assert seen == [0], seen


def PIN_24(board):
    out, pin = joined(board)
    seen = []
    pin.irq(seen.append)
    ten_pulses(out)
    sleep_ms(20)
    pin.irq(handler=None)
    assert len(seen) == 8, "%d calls for 20 edges" % len(seen)


def PIN_25(board):
    out, pin = joined(board)
    seen = []
    irq = pin.irq(seen.append, Pin.IRQ_RISING)
    assert pin.irq() is irq
    out(1)
    sleep_ms(1)
    out(0)
    sleep_ms(1)
    assert len(seen) == 1, "irq() without arguments changed it"
    pin.irq(handler=None)
    out(1)
    sleep_ms(1)
    assert len(seen) == 1, "not disabled"


def PIN_26(board):
    for name in ("IRQ_LOW_LEVEL", "IRQ_HIGH_LEVEL"):
        assert not hasattr(Pin, name), name
    for name in ("WAKE_LOW", "WAKE_HIGH"):
        assert hasattr(Pin, name) == (board.port == "esp32"), name


def PIN_27(board):
    seen = []
    pin = Pin(board.pins[0], Pin.OUT, value=0)
    pin.irq(seen.append, Pin.IRQ_RISING)
    pin(1)
    sleep_ms(1)
    pin.irq(handler=None)
    assert seen == [pin], "its own write made %d calls" % len(seen)


def PIN_28(board):
    a, b = board.pair
    if board.phase == 0:
        Pin(b, Pin.IN).irq(lambda pin: board.save("fired"))
        Pin(board.pins[0], Pin.IN, Pin.PULL_UP)
        Pin(a, Pin.OUT, value=1)
        sleep_ms(1)
        board.save("")
        soft_reset()
    assert Pin(a).value() == 1 and Pin(b).value() == 1, "the level went"
    assert Pin(board.pins[0]).value() == 1, "the pull went"
    Pin(a).value(0)
    assert Pin(b).value() == 0, "the direction went"
    sleep_ms(1)
    assert board.load() == "", "the interrupt lives on"


def PIN_29(board):
    pin = Pin(board.pins[0], Pin.IN)
    irq = pin.irq(lambda pin: None, Pin.IRQ_RISING)
    assert irq.trigger(Pin.IRQ_FALLING) == Pin.IRQ_RISING
    assert irq.trigger() == Pin.IRQ_FALLING
    pin.irq(handler=None)


def PIN_30(board):
    out, pin = joined(board)
    ran = []
    assert time_pulse_us(pin, 1, 500) == -2
    micropython.schedule(ran.append, 1)
    result = time_pulse_us(pin, 0, 500)
    before = len(ran)
    sleep_ms(1)
    assert result == -1, result
    assert len(ran) == 1
    if board.port == "rp2":
        assert before == 0, "it ran a callback while it waited"
