"""PWM (PWM-01 to PWM-14)."""

import machine
from machine import PWM, Pin, soft_reset

ITEMS = {
    "PWM_01": ("rp2", "kernel", "pins"),
    "PWM_02": ("rp2", "kernel", "pins"),
    "PWM_03": ("rp2", "kernel", "pair"),
    "PWM_04": ("both", "kernel", "pins"),
    "PWM_05": ("rp2", "kernel", "pins"),
    "PWM_06": ("rp2", "kernel", "pins"),
    "PWM_07": ("both", "kernel", "pins"),
    "PWM_08": ("esp32", "kernel", "pair"),
    "PWM_09": ("esp32", "kernel", ("classic", "many")),
    "PWM_10": ("both", "kernel", "pair"),
    "PWM_11": ("esp32", "kernel", "pins"),
    "PWM_12": ("rp2", "kernel", "pair"),
    "PWM_13": ("rp2", "kernel", "pins"),
    "PWM_14": ("both", "kernel", "pins"),
}


def near(a, b, part=100):
    return abs(a - b) * part <= max(a, b)


def slice_of(number):
    return number >> 1 & 7


def siblings(board):
    """Two free pins of one slice."""
    for number in board.pins:
        if number ^ 1 in board.pins:
            return Pin(number), Pin(number ^ 1)
    board.skip("no two free pins of one slice")


def moves(pin):
    """True if the level of a pin changes within a while."""
    seen = set([pin.value() for _ in range(3000)])
    return len(seen) == 2


def PWM_01(board):
    a, b = siblings(board)
    one = PWM(a, freq=1000, duty_u16=16384)
    other = PWM(b, freq=1000, duty_ns=250000)
    one.freq(2000)
    got = other.freq(), one.duty_u16(), other.duty_ns()
    other.freq(1000)
    back = one.freq(), other.duty_ns()
    one.deinit()
    assert near(got[0], 2000), "the sibling stays at %d Hz" % got[0]
    assert near(got[1], 16384), "the ratio became %d" % got[1]
    assert near(got[2], 250000), "the width became %d ns" % got[2]
    assert near(back[0], 1000) and near(back[1], 250000), back


def PWM_02(board):
    for number in board.pins:
        if number + 16 in board.pins:
            one = PWM(Pin(number), freq=1000, duty_u16=10000)
            other = PWM(Pin(number + 16), freq=1000, duty_u16=20000)
            got = one.duty_u16()
            one.duty_u16(30000)
            back = other.duty_u16()
            one.deinit()
            assert near(got, 20000) and near(back, 30000), (got, back)
            return
    board.skip("no free pins n and n + 16")


def PWM_03(board):
    a, b = board.pair
    reader = Pin(b, Pin.IN)
    pwm = PWM(Pin(a))
    assert (pwm.freq(), pwm.duty_u16()) == (0, 0), (pwm.freq(), pwm.duty_u16())
    pwm.freq(1000)
    assert not moves(reader), "freq alone starts it"
    assert pwm.duty_u16() == 0
    pwm.duty_u16(32768)
    assert moves(reader), "nothing comes out"
    again = PWM(Pin(a))
    assert again.duty_u16() == 0, "the constructor keeps the duty"
    pwm.deinit()


def PWM_04(board):
    pwm = PWM(Pin(board.pins[0]), freq=1000, duty_u16=0)
    if board.port == "rp2":
        pwm.duty_u16(70000)
        assert pwm.duty_u16() == 65535, pwm.duty_u16()
    else:
        board.raises(ValueError, pwm.duty_u16, 70000)
        board.raises(ValueError, pwm.duty_u16, -1)
    pwm.deinit()


def PWM_05(board):
    pwm = PWM(Pin(board.pins[0]), freq=1000, duty_u16=32768)
    table = [(1000, 32768, 32768), (25000, 65535, 65535), (25000, 0, 0)]
    if machine.freq() == 125000000:
        table += [(100000, 1234, 1258), (20000, 1, 0)]
    got = []
    for freq, duty, _ in table:
        pwm.freq(freq)
        pwm.duty_u16(duty)
        got.append((freq, duty, pwm.duty_u16()))
    pwm.freq(1000000)
    steps = []
    for duty in range(0, 65536, 255):
        pwm.duty_u16(duty)
        if pwm.duty_u16() not in steps:
            steps.append(pwm.duty_u16())
    top = machine.freq() // 1000000
    pwm.deinit()
    assert got == table, got
    assert abs(len(steps) - top) < 3, "%d levels at 1 MHz" % len(steps)


def PWM_06(board):
    pwm = PWM(Pin(board.pins[0]), freq=1000, duty_u16=0)
    lowest = 8 if machine.freq() <= 125000000 else 9
    said = str(board.raises(ValueError, pwm.freq, lowest - 1))
    pwm.freq(lowest)
    pwm.deinit()
    assert said == "freq too small", said


def PWM_07(board):
    pwm = PWM(Pin(board.pins[0]), freq=1000, duty_u16=32768)
    assert hasattr(pwm, "duty") == (board.port == "esp32")
    if board.port == "esp32":
        pwm.duty(256)
        assert pwm.duty() == 256, pwm.duty()
        assert near(pwm.duty_u16(), 16384), pwm.duty_u16()
    pwm.deinit()


def PWM_08(board):
    a, b = board.pair
    pwm = PWM(Pin(a))
    assert near(pwm.freq(), 5000), pwm.freq()
    assert near(pwm.duty_u16(), 32768), pwm.duty_u16()
    assert moves(Pin(b, Pin.IN)), "nothing comes out"
    pwm.deinit()


def PWM_09(board):
    made = []

    def make(number, freq):
        made.append(PWM(Pin(number), freq=freq, duty_u16=0))

    def stop():
        while made:
            made.pop().deinit()

    for at in range(8):
        make(board.many[at], 1000 + 200 * at)
    timers = str(board.raises(RuntimeError, make, board.many[8], 5000))
    make(board.many[8], 1000)
    stop()
    for at in range(16):
        make(board.many[at], 1000)
    channels = str(board.raises(RuntimeError, make, board.many[16], 1000))
    stop()
    assert timers.startswith("out of PWM timers:"), timers
    assert channels.startswith("out of PWM channels:"), channels


def PWM_10(board):
    a, b = board.pair
    pwm = PWM(Pin(a), freq=1000, duty_u16=32768)
    pwm.deinit()
    if board.port == "rp2":
        assert not moves(Pin(b, Pin.IN)), "deinit did not stop it"
        assert near(pwm.freq(), 1000) and near(pwm.duty_u16(), 32768)
        return
    for fn in (pwm.freq, pwm.duty_u16, pwm.duty_ns, pwm.duty):
        assert str(board.raises(RuntimeError, fn)) == "PWM is inactive"
    assert str(board.raises(RuntimeError, pwm.freq, 1000)) == "PWM is inactive"


def PWM_11(board):
    pwm = PWM(Pin(board.pins[0]), freq=20000, duty_u16=32768 + 1)
    got = pwm.duty_u16()
    pwm.freq(1000000)
    pwm.duty_u16(12345)
    coarse = pwm.duty_u16()
    bad = (0, 40000001)
    for freq in bad:
        board.raises(ValueError, pwm.freq, freq)
    pwm.deinit()
    assert got == 32768, got
    assert coarse & 0x1FF == 0 and abs(coarse - 12345) < 1024, coarse


def PWM_12(board):
    a, b = siblings(board)
    one = PWM(a, freq=1000, duty_u16=32768)
    other = PWM(b, freq=1000, duty_u16=32768)
    assert moves(a) and moves(b)
    one.deinit()
    assert not moves(b), "the sibling runs on"
    level = a.value()
    a.value(1 - level)
    assert a.value() == level, "the pin went back to its latch"
    other.deinit()


def PWM_13(board):
    half = 4 if board.chip == "rp2040" else 6
    lows = [n for n in board.pins if slice_of(n) < half]
    highs = [n for n in board.pins if slice_of(n) >= half]
    if not lows or not highs:
        board.skip("needs free pins of a low and of a high slice")
    low, high = lows[0], highs[0]
    if board.phase == 0:
        for number in (low, high):
            PWM(Pin(number), freq=1000, duty_u16=32768)
        assert moves(Pin(low)) and moves(Pin(high))
        soft_reset()
    stopped, runs = not moves(Pin(low)), moves(Pin(high))
    PWM(Pin(high), freq=1000, duty_u16=0).deinit()
    assert stopped, "slice %d runs on" % slice_of(low)
    assert runs, "slice %d was stopped" % slice_of(high)


def PWM_14(board):
    pwm = PWM(Pin(board.pins[0]), freq=1000, duty_u16=0)
    assert pwm.freq(2000) is None
    assert pwm.duty_u16(1000) is None
    assert pwm.duty_ns(1000) is None
    board.raises(TypeError, pwm.freq, 1000.5)
    pwm.deinit()
