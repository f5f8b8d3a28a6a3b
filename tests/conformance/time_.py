"""Time (TIM-01 to TIM-10)."""

import time
from time import sleep_ms, sleep_us, ticks_diff, ticks_ms, ticks_us

import micropython
from machine import Pin, deepsleep

ITEMS = {
    "TIM_01": ("both", "kernel", "wrap"),
    "TIM_02": ("both", "kernel", ()),
    "TIM_03": ("both", "kernel", ()),
    "TIM_04": ("both", "kernel", ()),
    "TIM_05": ("both", "kernel", ()),
    "TIM_06": ("both", "kernel", "ctrl_c?"),
    "TIM_07": ("rp2", "kernel", ()),
    "TIM_08": ("both", "kernel", ()),
    "TIM_09": ("both", "kernel", ()),
    "TIM_10": ("both", "kernel", ()),
}

PERIOD = 1 << 30


def TIM_01(board):
    for ticks in (time.ticks_ms, time.ticks_us, time.ticks_cpu):
        assert 0 <= ticks() < PERIOD
    assert time.ticks_add(0, -1) == PERIOD - 1
    before_ms, before_us = ticks_ms(), ticks_us()
    sleep_ms(2000)
    after_ms, after_us = ticks_ms(), ticks_us()
    assert after_ms < before_ms, "ticks_ms went from %d to %d" % (before_ms, after_ms)
    assert after_us < before_us, "ticks_us went from %d to %d" % (before_us, after_us)
    assert 2000 <= ticks_diff(after_ms, before_ms) <= 2002
    assert 2000000 <= ticks_diff(after_us, before_us) < 2002000


def TIM_02(board):
    assert ticks_diff(0, PERIOD - 1) == 1
    assert ticks_diff(PERIOD - 1, 0) == -1
    assert ticks_diff(PERIOD // 2 - 1, 0) == PERIOD // 2 - 1
    assert ticks_diff(PERIOD // 2, 0) == -PERIOD // 2


def TIM_03(board):
    half = PERIOD // 2
    for delta in (half, -half, PERIOD):
        error = board.raises(OverflowError, time.ticks_add, 0, delta)
        assert str(error) == "ticks interval overflow", error
    assert time.ticks_add(5, half - 1) == half + 4
    assert time.ticks_add(5, 1 - half) == half + 6


def TIM_04(board):
    now = time.time()
    assert type(now) is int, now
    year = time.gmtime(0)[0]
    assert year == (1970 if board.port == "rp2" else 2000), "the epoch is %d" % year
    assert 0 <= time.mktime(time.localtime()) - now <= 1
    assert time.localtime()[0] >= year


def taken_us(fn, *args):
    start = ticks_us()
    fn(*args)
    return ticks_diff(ticks_us(), start)


def TIM_05(board):
    assert taken_us(time.sleep, 0.0005) < 400, "sleep(0.0005) is not truncated to 0 ms"
    us = taken_us(time.sleep, 0.0029)
    assert 1900 <= us < 2800, "sleep(0.0029) takes %d us" % us
    assert taken_us(sleep_ms, -1) < 400


def TIM_06(board):
    seen = []
    micropython.schedule(seen.append, 1)
    before = len(seen)
    sleep_ms(5)
    after = len(seen)
    assert before == 0 and after == 1, "callbacks around sleep_ms: %d, %d" % (before, after)

    def slow(_):
        for _ in range(30):
            sleep_us(1000)

    micropython.schedule(slow, None)
    us = taken_us(sleep_ms, 10)
    assert us >= 30000, "a callback of 30 ms within sleep_ms(10): %d us" % us
    if hasattr(board, "ctrl_c"):
        Pin(board.ctrl_c, Pin.OUT, value=1)
        board.raises(KeyboardInterrupt, sleep_ms, 1000)


def TIM_07(board):
    seen = []
    micropython.schedule(seen.append, 1)
    sleep_us(1000)
    short = len(seen)
    sleep_us(1001)
    assert short == 0, "sleep_us(1000) ran a callback"
    assert len(seen) == 1, "sleep_us(1001) ran none"


def TIM_08(board):
    assert len(time.localtime()) == 8
    known = time.mktime((2026, 11, 24, 18, 30, 5, 0, 0))
    assert time.gmtime(known) == (2026, 11, 24, 18, 30, 5, 1, 328)
    assert time.localtime(known) == time.gmtime(known)
    assert time.localtime is time.gmtime, "two functions"
    assert time.mktime((2026, 11, 24, 18, 30, 5, 0, 0, 0)) == known
    for length in (7, 10):
        board.raises(TypeError, time.mktime, (2026, 11, 24, 18, 30, 5, 0, 0, 0, 0)[:length])


def TIM_09(board):
    for name in ("monotonic", "perf_counter", "strftime"):
        assert not hasattr(time, name), name
    assert hasattr(time, "time_ns")


def TIM_10(board):
    if board.phase == 0:
        sleep_ms(3000)
        board.save("%d %d" % (ticks_ms(), time.time()))
        deepsleep(2000)
    ticks, seconds = [int(text) for text in board.load().split()]
    counted = ticks_diff(ticks_ms(), ticks)
    passed = (time.time() - seconds) * 1000
    assert abs(counted - passed) > 1000, "the ticks went on over a deep sleep"
