"""Soft and hard handlers, what holds them up, the second core (SCH-07, SCH-11 to SCH-13)."""

import gc
from time import sleep_ms, sleep_us, ticks_diff, ticks_us

import micropython
from machine import Pin, Timer

ITEMS = {
    "SCH_07": ("both", "kernel", "pins"),
    "SCH_11": ("rp2", "kernel", "pair"),
    "SCH_12": ("both", "kernel", ()),
    "SCH_13": ("rp2", "kernel", ()),
}


def SCH_07(board):
    seen = []
    half = 0.5
    micropython.schedule(lambda _: seen.append([half * 2]), None)
    sleep_ms(1)
    assert seen == [[1.0]], "a soft callback: %r" % seen
    if board.port == "esp32":
        return  # it has no hard ones
    count = bytearray(2)

    def hard(pin):
        count[0] += 1
        half * 2
        count[1] += 1

    pin = Pin(board.pins[0], Pin.OUT, value=0)
    pin.irq(hard, Pin.IRQ_RISING, True)
    pin.on()
    assert count[0] == 1 and count[1] == 0, "a hard handler made a float: %r" % bytes(count)


def SCH_11(board):
    last = [ticks_us(), 0]

    def hard(timer):
        now = ticks_us()
        gap = ticks_diff(now, last[0])
        last[0] = now
        if gap > last[1]:
            last[1] = gap

    timer = Timer(period=1, callback=hard, hard=True)
    sleep_ms(10)
    usual = last[1]
    with open("/flash.bin", "wb") as file:
        file.write(bytes(8192))
    longest = last[1]
    timer.deinit()
    assert usual < 3000, "ticks of 1 ms are %d us apart without a write" % usual
    assert longest > 10000, "a write held ticks up for %d us" % longest


def SCH_12(board):
    seen = []
    hard = bytearray(1)

    def tick(timer):
        hard[0] += 1

    timer = None
    if board.port == "rp2":
        timer = Timer(freq=5000, callback=tick, hard=True)
    micropython.schedule(seen.append, 1)
    start = ticks_us()
    hard[0] = 0
    gc.collect()
    us = ticks_diff(ticks_us(), start)
    ran = hard[0]
    soft = len(seen)
    if timer:
        timer.deinit()
    sleep_ms(1)
    assert us > 300, "a collection takes %d us" % us
    assert soft == 0 and seen == [1], "a soft callback ran within a collection"
    if board.port == "rp2":
        assert ran >= us // 400, "%d hard ticks of 200 us in %d us" % (ran, us)


def SCH_13(board):
    import _thread

    lock = _thread.allocate_lock()
    cores = []
    counts = [0, 0]
    stop = []

    def other():
        with lock:
            cores.append(_thread.get_ident())
        while not stop:
            counts[1] += 1
            sleep_us(10)
            if counts[1] == 20:
                micropython.schedule(callback, None)
                sleep_ms(2)  # it polls, but on this core

    def callback(_):
        cores.append(_thread.get_ident())

    main = _thread.get_ident()
    _thread.start_new_thread(other, ())
    board.raises(OSError, _thread.start_new_thread, other, ())
    before = ticks_us()
    while ticks_diff(ticks_us(), before) < 20000:
        counts[0] += 1
        sleep_us(10)
    stop.append(1)
    sleep_ms(2)
    assert counts[0] > 100 and counts[1] > 100, "they do not run at the same time: %r" % counts
    assert len(cores) == 2 and cores[0] != main, "core 1 says it is %r" % cores
    assert cores[1] == main, "a callback from core 1 ran on core %r" % cores[1]
