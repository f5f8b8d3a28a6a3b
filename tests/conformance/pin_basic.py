"""Pin: identity, names, latch and pad, pulls, open drain (PIN-01 to PIN-16)."""

from time import sleep_ms

from machine import PWM, Pin, Signal

ITEMS = {
    "PIN_01": ("both", "kernel", "pins"),
    "PIN_02": ("both", "kernel", ()),
    "PIN_03": ("both", "kernel", "pins"),
    "PIN_04": ("both", "kernel", "short"),
    "PIN_05": ("both", "kernel", "pins"),
    "PIN_06": ("both", "kernel", "pair"),
    "PIN_07": ("both", "kernel", "pins"),
    "PIN_08": ("both", "kernel", "pins"),
    "PIN_09": ("both", "kernel", "pair"),
    "PIN_10": ("rp2", "kernel", "pair"),
    "PIN_11": ("esp32", "kernel", "pair"),
    "PIN_12": ("rp2", "kernel", "pair"),
    "PIN_13": ("both", "kernel", "pins"),
    "PIN_14": ("both", "kernel", ()),
    "PIN_15": ("esp32", "kernel", "classic"),
    "PIN_16": ("rp2", "kernel", "pair"),
}


def PIN_01(board):
    number = board.pins[0]
    pin = Pin(number, Pin.OUT, value=1)
    assert Pin(number) is pin
    assert Pin(pin) is pin
    assert pin.value() == 1, "Pin(n) alone changed the pin"


def PIN_02(board):
    assert str(board.raises(ValueError, Pin, 99)) == "invalid pin"
    said = str(board.raises(ValueError, Pin, "nowhere"))
    assert said == ('unknown named pin "nowhere"' if board.port == "rp2" else "invalid pin"), said


def PIN_03(board):
    pin = Pin(board.pins[0], Pin.OUT)
    assert pin.value([]) is None and pin.value() == 0
    assert pin.value("on") is None
    for level in (pin.value(), pin()):
        assert level == 1 and type(level) is int, repr(level)
    assert pin(None) is None and pin() == 0


def PIN_04(board):
    pin = Pin(board.short, Pin.OUT, value=0)
    pin.value(1)
    assert pin.value() == 0, "it reads its latch, not its pad"
    pin.value(0)


def PIN_05(board):
    pin = Pin(board.pins[0], Pin.IN, Pin.PULL_DOWN)
    pin.value(1)
    assert pin.value() == 0, "an input was driven"
    pin.init(Pin.OUT)
    assert pin.value() == 1, "the latch was not loaded"
    pin.init(Pin.IN, Pin.PULL_UP)
    pin.value(0)
    assert pin.value() == 1
    pin.init(Pin.OUT)
    assert pin.value() == 0


def PIN_06(board):
    a, b = board.pair
    Pin(a, Pin.OUT, value=0)
    Pin(a, Pin.IN, None)
    reader = Pin(b, Pin.IN, Pin.PULL_UP)
    falls = []
    reader.irq(falls.append, Pin.IRQ_FALLING)
    Pin(a, Pin.OUT, value=1)
    level = reader.value()
    sleep_ms(1)
    reader.irq(handler=None)
    assert level == 1 and not falls, "a glitch"


def PIN_07(board):
    number = board.pins[0]
    pin = Pin(number, Pin.OUT, value=0)
    Pin(number, value=1)
    assert pin.value() == (0 if board.port == "rp2" else 1), pin.value()


def PIN_08(board):
    number = board.pins[0]
    Pin(number, Pin.OUT, value=1)
    Pin(number, Pin.IN)
    pin = Pin(number, Pin.OUT)
    assert pin.value() == 1
    pin.value(0)
    pin.init(Pin.OUT)
    assert pin.value() == 0


def left_low(a, b):
    """Drive the wire low from b, let go, and read it at a: 1 only if something pulls it up."""
    Pin(b, Pin.OUT, value=0)
    Pin(b, Pin.IN, None)
    return Pin(a).value()


def PIN_09(board):
    a, b = board.pair
    Pin(a, Pin.IN, Pin.PULL_UP)
    assert left_low(a, b) == 1
    Pin(a, Pin.IN)
    kept = left_low(a, b)
    assert kept == (0 if board.port == "rp2" else 1), "pull omitted: reads %d" % kept
    Pin(a, Pin.IN, pull=Pin.PULL_UP)
    Pin(a, Pin.IN, pull=None)
    assert left_low(a, b) == 0, "pull=None did not clear it"


def open_drain(board):
    a, b = board.pair
    peer = Pin(b, Pin.IN, Pin.PULL_UP)
    pin = Pin(a, Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
    assert pin.value() == 1 and peer.value() == 1
    pin.value(0)
    assert pin.value() == 0 and peer.value() == 0
    pin.value(1)
    assert pin.value() == 1 and peer.value() == 1, "value(1) did not release"
    peer.init(Pin.OUT, value=0)
    level = pin.value()
    peer.init(Pin.IN, Pin.PULL_UP)
    assert level == 0, "a released line held low by the peer reads %d" % level
    return pin, peer


def PIN_10(board):
    a, b = board.pair
    peer = Pin(b, Pin.IN, Pin.PULL_UP)
    Pin(a, Pin.IN)
    Pin(a, Pin.OPEN_DRAIN, Pin.PULL_UP)
    assert peer.value() == 1, "not released at first"
    open_drain(board)


def PIN_11(board):
    open_drain(board)


def PIN_12(board):
    pin, peer = open_drain(board)
    Signal(pin).off()
    assert peer.value() == 1, "Signal pulled a released open-drain line low"
    pin.value(0)
    assert peer.value() == 0


def PIN_13(board):
    pin = Pin(board.pins[0], Pin.OUT, value=0)
    pin.on()
    assert pin() == 1
    pin.off()
    assert pin() == 0
    pin.toggle()
    assert pin() == 1
    assert hasattr(pin, "low") == hasattr(pin, "high") == (board.port == "rp2")
    if board.port == "rp2":
        pin.low()
        assert pin() == 0
        pin.high()
        assert pin() == 1
    for name in ("mode", "pull", "drive"):
        assert not hasattr(pin, name), name


def PIN_14(board):
    got = (Pin.PULL_UP, Pin.PULL_DOWN, Pin.IRQ_FALLING, Pin.IRQ_RISING)
    assert got == ((1, 2, 4, 8) if board.port == "rp2" else (2, 1, 2, 1)), got


def PIN_15(board):
    for number in range(34, 40):
        said = str(board.raises(ValueError, Pin, number, Pin.OUT))
        assert said == "pin can only be input", said
    Pin(34, Pin.IN)


def PIN_16(board):
    a, b = board.pair
    reader = Pin(b, Pin.IN)
    for mode, value in ((Pin.OUT, 1), (Pin.OPEN_DRAIN, 0), (Pin.OUT, 0)):
        pwm = PWM(Pin(a), freq=1000, duty_u16=32768)
        Pin(a, mode, value=value)
        pwm.freq(2000)
        levels = set([reader.value() for _ in range(2000)])
        pwm.deinit()
        assert levels == set([value]), "PWM still drives it"
    PWM(Pin(a), freq=1000, duty_u16=32768)
    Pin(a, Pin.IN, Pin.PULL_UP)
    levels = set([reader.value() for _ in range(2000)])
    assert levels == set([1]), "PWM still drives an input"
