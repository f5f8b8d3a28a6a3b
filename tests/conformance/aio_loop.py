"""asyncio: the loop, errors, gather, flags and time (AIO-09 to 12, 14, 15, 17)."""

import asyncio
from time import ticks_diff, ticks_ms

ITEMS = {
    "AIO_09": ("both", ("kernel", "vm"), ()),
    "AIO_10": ("both", ("kernel", "vm"), ()),
    "AIO_11": ("both", ("kernel", "vm"), ()),
    "AIO_12": ("both", ("kernel", "vm"), ()),
    "AIO_14": ("both", ("kernel", "vm"), ()),
    "AIO_15": ("both", "kernel", "wrap"),
    "AIO_17": ("both", ("kernel", "vm"), ()),
}


def run(main):
    """Run main() on a new loop and return its result."""
    asyncio.new_event_loop()
    return asyncio.run(main())


def counting(times, steps):
    async def count():
        for n in range(times):
            steps.append(n)
            await asyncio.sleep_ms(0)

    return count()


async def rounds(n):
    for _ in range(n):
        await asyncio.sleep_ms(0)


def AIO_09(board):
    steps = []

    async def start():
        asyncio.create_task(counting(9, steps))
        await rounds(3)

    run(start)
    first = list(steps)
    assert 0 < len(first) < 9, "it ran to its end"
    asyncio.run(rounds(2))
    assert len(steps) > len(first), "what run() left behind did not go on in the next run()"
    second = list(steps)
    asyncio.new_event_loop()
    asyncio.run(rounds(20))
    assert steps == second, "a new loop has old tasks"


def AIO_10(board):
    steps = []
    asyncio.new_event_loop()
    task = asyncio.create_task(counting(3, steps))
    assert not task.done() and steps == [], "it ran without a loop"
    asyncio.run(rounds(6))
    assert steps == [0, 1, 2] and task.done(), steps


async def fails(text, after=0):
    await asyncio.sleep_ms(after)
    raise ValueError(text)


def AIO_11(board):
    told = []

    def handler(loop, context):
        told.append((context["message"], str(context["exception"])))

    async def main():
        loop = asyncio.get_event_loop()
        assert loop.get_exception_handler() is None
        loop.set_exception_handler(handler)
        task = asyncio.create_task(fails("detached"))
        await rounds(6)
        assert task.done()
        seen = asyncio.create_task(fails("awaited"))
        try:
            await seen
        except ValueError:
            pass
        await rounds(6)
        return "went on"

    try:
        assert run(main) == "went on"
    finally:
        asyncio.get_event_loop().set_exception_handler(None)
    assert told == [("Task exception wasn't retrieved", "detached")], told


def AIO_12(board):
    steps = []

    async def main():
        slow = asyncio.create_task(counting(9, steps))
        try:
            await asyncio.gather(slow, fails("first", 0), fails("second", 30))
            return "no error"
        except ValueError as error:
            then = len(steps)
            assert then < 9 and not slow.done(), "it waited for all"
            await rounds(20)
            assert slow.done() and len(steps) == 9, "the others were stopped"
            text = str(error)
        both = await asyncio.gather(fails("kept"), rounds(1), return_exceptions=True)
        assert str(both[0]) == "kept" and both[1] is None, both
        return text

    asyncio.new_event_loop()
    asyncio.get_event_loop().set_exception_handler(lambda loop, context: None)
    try:
        assert asyncio.run(main()) == "first"
    finally:
        asyncio.get_event_loop().set_exception_handler(None)


def AIO_14(board):
    served = []

    async def wait(flag, name):
        await flag.wait()
        served.append(name)

    async def main():
        flag = asyncio.ThreadSafeFlag()
        flag.set()
        await flag.wait()
        again = asyncio.create_task(wait(flag, "again"))
        await asyncio.sleep_ms(5)
        assert served == [], "the flag was still set"
        flag.set()
        await again
        tasks = [asyncio.create_task(wait(flag, name)) for name in ("one", "two")]
        await asyncio.sleep_ms(5)
        for _ in range(3):
            flag.set()
            await asyncio.sleep_ms(5)
        return [task.done() for task in tasks]

    done = run(main)
    assert sorted(done) == [False, True], "of two waiters %d were served" % sum(done)
    assert len(served) == 2, served


def AIO_15(board):
    begun, order = [], []

    async def mark(name, ms):
        begun.append(name)
        await asyncio.sleep_ms(ms)
        order.append(name)

    async def main():
        start = ticks_ms()
        assert start > (1 << 30) - 3000, "the counter is not about to wrap"
        tasks = [asyncio.create_task(mark(name, 20)) for name in "abcd"]
        tasks.append(asyncio.create_task(mark("late", 4000)))
        tasks.append(asyncio.create_task(mark("early", 10)))
        for task in tasks:
            await task
        assert ticks_ms() < start, "the counter did not wrap"
        took = ticks_diff(ticks_ms(), start)
        assert 3990 <= took < 4100, took
        try:
            await asyncio.sleep_ms(1 << 29)
            return "slept"
        except OverflowError as error:
            return str(error)

    said = run(main)
    assert begun == ["a", "b", "c", "d", "late", "early"], begun
    assert order == ["early", "a", "b", "c", "d", "late"], order
    assert said == "ticks interval overflow", said


def AIO_17(board):
    # A millisecond may pass by itself on a real machine, so the shortest of several counts.
    async def main():
        took = []
        for _ in range(5):
            start = ticks_ms()
            await asyncio.sleep(0.0009)
            took.append(ticks_diff(ticks_ms(), start))
        start = ticks_ms()
        await asyncio.sleep(0.0199)
        return min(took), ticks_diff(ticks_ms(), start)

    none, some = run(main)
    assert none == 0, "sleep(0.0009) took %d ms" % none
    assert 19 <= some <= 40, some
