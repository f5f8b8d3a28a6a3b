"""asyncio beside interrupts: events, polling, blocking (AIO-13, AIO-16, AIO-18)."""

import asyncio
from time import sleep_ms, ticks_diff, ticks_ms, ticks_us

from machine import UART, Pin, Timer

ITEMS = {
    "AIO_13": ("both", ("kernel", "lint"), ()),
    "AIO_16": ("both", "kernel", "loop"),
    "AIO_18": ("both", "kernel", ()),
}


def run(main):
    """Run main() on a new loop and return its result."""
    asyncio.new_event_loop()
    return asyncio.run(main())


async def idle(ms):
    await asyncio.sleep_ms(ms)


def woken_after(event):
    """Return the ms after which a task that waits for `event` goes on; it is set at 10 ms."""

    async def waiter():
        await event.wait()
        return ticks_ms()

    async def main():
        start = ticks_ms()
        other = asyncio.create_task(idle(100))
        task = asyncio.create_task(waiter())
        timer = Timer(-1)
        timer.init(mode=Timer.ONE_SHOT, period=10, callback=lambda t: event.set())
        woken = ticks_diff(await task, start)
        timer.deinit()
        await other
        return woken

    return run(main)


def AIO_13(board):
    # Event.set only changes the queue, which nobody looks at before the poll has ended.
    late = woken_after(asyncio.Event())
    assert late >= 90, "an Event set in a callback woke its task after %d ms" % late
    soon = woken_after(asyncio.ThreadSafeFlag())
    assert 9 <= soon <= 20, "a ThreadSafeFlag woke its task after %d ms" % soon


def AIO_16(board):
    # Two tasks sleep far ahead, so that the loop stands in one long poll.
    uart = UART(board.uart["id"], 115200, tx=Pin(board.uart["tx"]), rx=Pin(board.uart["rx"]))
    flag = asyncio.ThreadSafeFlag()
    came = []

    def tick(timer):
        came.append(ticks_us())
        flag.set()

    async def waiter():
        await flag.wait()
        return ticks_diff(ticks_us(), came[0])

    async def reader():
        line = await asyncio.StreamReader(uart).readline()
        return line, ticks_ms()

    async def main():
        start = ticks_ms()
        others = [asyncio.create_task(idle(300)), asyncio.create_task(waiter())]
        reading = asyncio.create_task(reader())
        timer = Timer(-1)
        timer.init(mode=Timer.ONE_SHOT, period=20, callback=tick)
        await asyncio.sleep_ms(50)
        timer.deinit()
        uart.write(b"line\n")
        line, at = await reading
        latency_us = await others[1]
        await others[0]
        return latency_us, line, ticks_diff(at, start)

    latency_us, line, at_ms = run(main)
    assert latency_us < 2000, "an interrupt reached its task after %d us" % latency_us
    assert line == b"line\n" and 50 <= at_ms < 60, (line, at_ms)


def AIO_18(board):
    turns, ticks = [], []

    async def other():
        while True:
            turns.append(1)
            await asyncio.sleep_ms(5)

    async def main():
        task = asyncio.create_task(other())
        await asyncio.sleep_ms(12)
        timer = Timer(-1)
        timer.init(mode=Timer.PERIODIC, period=10, callback=ticks.append)
        before = len(turns)
        sleep_ms(55)
        blocked, called = len(turns) - before, len(ticks)
        timer.deinit()
        await asyncio.sleep_ms(12)
        task.cancel()
        return before, blocked, called, len(turns) - before

    before, blocked, called, after = run(main)
    assert before >= 2 and after >= 2, "the other task did not run: %d, %d" % (before, after)
    assert blocked == 0, "the other task ran %d times meanwhile" % blocked
    assert 4 <= called <= 6, "%d callbacks of 5 came meanwhile" % called
