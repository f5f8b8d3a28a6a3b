"""asyncio: what there is and what is missing; tasks and cancelling (AIO-01 to AIO-08)."""

import asyncio
from time import ticks_diff, ticks_ms

ITEMS = {
    "AIO_01": ("both", ("kernel", "vm", "lint"), ()),
    "AIO_02": ("both", ("kernel", "vm", "lint"), ()),
    "AIO_03": ("both", ("kernel", "vm", "lint"), ()),
    "AIO_04": ("both", ("kernel", "vm"), ()),
    "AIO_05": ("both", ("kernel", "vm", "lint"), ()),
    "AIO_06": ("both", ("kernel", "vm", "lint"), ()),
    "AIO_07": ("both", ("kernel", "vm"), ()),
    "AIO_08": ("both", ("kernel", "vm"), ()),
}
MISSING = (
    "Queue LifoQueue PriorityQueue Semaphore BoundedSemaphore Condition Barrier TaskGroup timeout "
    "timeout_at wait shield Future to_thread get_running_loop set_event_loop as_completed "
    "ensure_future iscoroutine all_tasks Runner run_coroutine_threadsafe"
).split()


def run(main):
    """Run main() on a new loop and return its result."""
    asyncio.new_event_loop()
    return asyncio.run(main())


async def nothing():
    return 7


def AIO_01(board):
    async def main():
        one = asyncio.sleep_ms(0)
        await one
        other = asyncio.sleep(0)
        await other
        assert one is other, "each sleep is an object of its own"
        assert not hasattr(one, "send"), "a sleep is a coroutine"
        seen = []
        for use in (
            lambda: asyncio.create_task(asyncio.sleep(1)),
            lambda: asyncio.gather(asyncio.sleep_ms(1)),
            lambda: asyncio.wait_for(asyncio.sleep_ms(1), 1),
        ):
            try:
                await use()
                seen.append("no error")
            except TypeError as error:
                seen.append(str(error))
            await one  # uses up the sleep that nobody waited for
        return seen

    seen = run(main)
    assert seen == ["coroutine expected"] * 3, seen


def AIO_02(board):
    # The source asserts that the one sleeper is free, but both ports freeze asyncio without its
    # asserts (opt=3 in extmod/asyncio/manifest.py): no error, the second call takes the first's
    # place, and whoever waits first gets its time.
    async def main():
        long, short = asyncio.sleep_ms(300), asyncio.sleep_ms(30)
        took = []
        for one in (long, short):
            start = ticks_ms()
            await one
            took.append(ticks_diff(ticks_ms(), start))
        return took

    took = run(main)
    assert 25 <= took[0] < 200 and took[1] < 10, took


def AIO_03(board):
    for name in MISSING:
        assert not hasattr(asyncio, name), "there is asyncio.%s" % name
    board.raises(ImportError, __import__, "contextvars")


def AIO_04(board):
    for name in ("sleep_ms", "wait_for_ms", "ThreadSafeFlag", "current_task", "Event", "Lock"):
        assert hasattr(asyncio, name), "there is no asyncio.%s" % name
    asyncio.new_event_loop()
    error = board.raises(RuntimeError, asyncio.current_task)
    assert str(error) == "no running event loop", error

    async def child():
        return asyncio.current_task()

    async def main():
        task = asyncio.create_task(child())
        assert await task is task, "current_task is another"
        try:
            await asyncio.wait_for_ms(asyncio.create_task(forever()), 5)
        except asyncio.TimeoutError:
            return await asyncio.wait_for_ms(nothing(), 1000)

    assert run(main) == 7
    board.raises(RuntimeError, asyncio.current_task)


async def forever():
    while True:
        await asyncio.sleep_ms(1000)


def AIO_05(board):
    assert issubclass(asyncio.CancelledError, BaseException)
    assert not issubclass(asyncio.CancelledError, Exception), "`except Exception` holds a cancel"
    assert issubclass(asyncio.TimeoutError, Exception)
    assert not issubclass(asyncio.TimeoutError, OSError)

    def builtin():
        return TimeoutError  # noqa: F821

    board.raises(NameError, builtin)


def AIO_06(board):
    async def main():
        task = asyncio.create_task(nothing())
        for name in (
            "result exception cancelled cancelling uncancel add_done_callback "
            "remove_done_callback set_name get_name get_coro get_loop"
        ).split():
            assert not hasattr(task, name), "a task has %s()" % name
        assert task.done() is False
        await task
        return task.done()

    assert run(main) is True


def AIO_07(board):
    steps = []

    async def work(name):
        steps.append(name + " began")
        try:
            await asyncio.sleep_ms(1000)
        except asyncio.CancelledError:
            steps.append(name + " cancelled")
            raise

    async def suicide():
        try:
            asyncio.current_task().cancel()
        except RuntimeError as error:
            return str(error)

    async def main():
        early = asyncio.create_task(work("early"))
        assert early.cancel() is True
        assert not early.done(), "cancelled at once"
        late = asyncio.create_task(work("late"))
        await asyncio.sleep_ms(1)
        assert early.done()
        assert late.cancel() is True
        assert steps == ["late began"], steps
        start = ticks_ms()
        try:
            await late
            steps.append("no error")
        except asyncio.CancelledError:
            pass
        assert ticks_diff(ticks_ms(), start) < 500, "it slept on"
        assert late.cancel() is False, "a task that has ended can be cancelled"
        return await suicide()

    assert run(main) == "can't cancel self"
    assert steps == ["late began", "late cancelled"], steps


def AIO_08(board):
    async def stubborn():
        try:
            await asyncio.sleep_ms(1000)
        except asyncio.CancelledError:
            pass
        await asyncio.sleep_ms(2)
        return 5

    async def main():
        task = asyncio.create_task(stubborn())
        await asyncio.sleep_ms(1)
        task.cancel()
        await asyncio.sleep_ms(0)
        assert not task.done(), "the cancel ended it"
        return await task

    assert run(main) == 5
