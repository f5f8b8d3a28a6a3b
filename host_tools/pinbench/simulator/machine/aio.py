"""A stand-in for MicroPython's asyncio on CPython: its semantics and its order (AIO-01 to AIO-18).

On the real VM the frozen asyncio runs instead, over the same TaskQueue, Task and poll; `pinbench
diff` holds the two together. What MicroPython lacks is missing here too (AIO-03), so that firmware
which would fail on a board fails on the bench.
"""

from pinbench.simulator.machine.small import namespace


class _Pause:
    """Awaiting it gives control to the loop once; whoever queued the task brings it back."""

    def __await__(self):
        yield


def make_asyncio(clock, select, tasks, print_line, describe):
    """Return the asyncio module.

    `clock` is a cost-free time module, `tasks` the pair from make_tasks, `print_line(text)` where
    an unretrieved exception is reported, `describe(error)` its text.
    """
    TaskQueue, Task = tasks
    ticks_ms, ticks_add, ticks_diff = clock.ticks_ms, clock.ticks_add, clock.ticks_diff
    pause = _Pause()

    class CancelledError(BaseException):
        pass

    class TimeoutError(Exception):  # AIO-05: a plain Exception
        pass

    alive = []
    core = {"cur_task": None, "_task_queue": None, "CancelledError": CancelledError}
    endings = (CancelledError, Exception)
    quiet = (CancelledError, StopIteration)

    class Sleeper:
        """The one shared awaitable of all sleeps (AIO-01, AIO-02)."""

        def __init__(self):
            self.until = None

        def __iter__(self):
            return self

        def __await__(self):
            return self

        def __next__(self):
            if self.until is None:
                raise StopIteration
            core["_task_queue"].push(core["cur_task"], self.until)
            self.until = None

    sleeper = Sleeper()

    def sleep_ms(t, sleeper=sleeper):
        # Asked for twice before it is awaited, the later time replaces the earlier: the ports
        # freeze asyncio without its asserts (opt=3 in extmod/asyncio/manifest.py).
        sleeper.until = ticks_add(ticks_ms(), t if t > 0 else 0)
        return sleeper

    def sleep(t):
        return sleep_ms(int(t * 1000))  # AIO-17

    class IOQueue:
        """Tasks that wait for a stream to be readable or writable."""

        def __init__(self):
            self.poller = select.poll()
            self.map = {}  # id(stream) -> [reader, writer, stream]

        def _enqueue(self, stream, index):
            entry = self.map.get(id(stream))
            if entry is None:
                entry = self.map[id(stream)] = [None, None, stream]
                entry[index] = core["cur_task"]
                self.poller.register(stream, self._mask(entry))
            else:
                # A second waiter takes the first's place, which is lost (AIO-14).
                entry[index] = core["cur_task"]
                self.poller.modify(stream, self._mask(entry))
            core["cur_task"].data = self

        @staticmethod
        def _mask(entry):
            mask = select.POLLIN if entry[0] is not None else 0
            return mask | select.POLLOUT if entry[1] is not None else mask

        def _dequeue(self, stream):
            del self.map[id(stream)]
            self.poller.unregister(stream)

        def queue_read(self, stream):
            self._enqueue(stream, 0)

        def queue_write(self, stream):
            self._enqueue(stream, 1)

        def remove(self, task):
            for entry in list(self.map.values()):
                if entry[0] is task or entry[1] is task:
                    self._dequeue(entry[2])

        def wait_io_event(self, dt):
            for stream, found in self.poller.ipoll(dt):
                entry = self.map[id(stream)]
                if found & (select.POLLIN | select.POLLERR) and entry[0] is not None:
                    core["_task_queue"].push(entry[0])
                    entry[0] = None
                if found & (select.POLLOUT | select.POLLERR) and entry[1] is not None:
                    core["_task_queue"].push(entry[1])
                    entry[1] = None
                if entry[0] is None and entry[1] is None:
                    self._dequeue(stream)
                else:
                    self.poller.modify(stream, self._mask(entry))

    def create_task(coro):
        if not hasattr(coro, "send"):
            raise TypeError("coroutine expected")
        task = Task(coro, core)
        alive.append(task)
        core["_task_queue"].push(task)
        return task

    def close_all():
        # A coroutine that is merely dropped is closed whenever CPython's collector comes by, and
        # its `finally` would then act on a board that has long been reset. The VM closes none.
        for task in alive:
            try:
                task.coro.close()
            except BaseException:  # the halt that every fake answers with now
                pass
        alive.clear()

    def promote(awaitable):
        return awaitable if isinstance(awaitable, Task) else create_task(awaitable)

    def run_until_complete(main=None):
        while True:
            queue = core["_task_queue"]
            dt = 1
            while dt > 0:
                dt = -1
                task = queue.peek()
                if task:
                    dt = ticks_diff(task.ph_key, ticks_ms())
                    if dt < 0:
                        dt = 0
                elif not core["_io_queue"].map:
                    core["cur_task"] = None
                    if not main or not main.state:
                        return None
                    dt = 3
                core["_io_queue"].wait_io_event(dt)
            task = queue.pop()
            core["cur_task"] = task
            thrown = task.data
            try:
                if not thrown:
                    task.coro.send(None)
                else:
                    task.data = None
                    task.coro.throw(thrown)
            except endings as error:
                # A task that had ended unawaited comes here again by the throw above, so that an
                # exception which nobody fetched in the meantime is reported (AIO-11). Throwing
                # into a coroutine that has ended is a RuntimeError on CPython: the state tells.
                if finish(task, main, thrown, error):
                    return error.value if isinstance(error, StopIteration) else None

    def finish(task, main, thrown, error):
        if task in alive:
            alive.remove(task)
        is_main = task is main
        awaited = is_main
        if is_main:
            core["cur_task"] = None
            if not isinstance(error, StopIteration):
                task.state = False
                raise error
            if task.state is None:
                task.state = False
        if task.state:
            if task.state is True:
                task.state = False if awaited else None
            elif callable(task.state):
                task.state(task, error)
                task.state = False
                awaited = True
            else:
                while task.state.peek():
                    core["_task_queue"].push(task.state.pop())
                    awaited = True
                task.state = False
            if not awaited and not isinstance(error, quiet):
                core["_task_queue"].push(task)
            task.data = error
        elif task.state is None:
            task.data = thrown
            loop.call_exception_handler(
                {"message": "Task exception wasn't retrieved", "exception": thrown, "future": task}
            )
        return is_main

    def run(coro):
        return run_until_complete(create_task(coro))

    async def stopper():
        pass

    class Loop:
        def __init__(self):
            self._handler = None
            self._stop = None

        def create_task(self, coro):
            return create_task(coro)

        def run_forever(self):
            self._stop = Task(stopper(), core)
            run_until_complete(self._stop)

        def run_until_complete(self, awaitable):
            return run_until_complete(promote(awaitable))

        def stop(self):
            if self._stop is not None:
                core["_task_queue"].push(self._stop)
                self._stop = None

        def close(self):
            pass

        def set_exception_handler(self, handler):
            self._handler = handler

        def get_exception_handler(self):
            return self._handler

        def default_exception_handler(self, loop, context):
            print_line(context["message"])
            print_line(describe(context["exception"]))

        def call_exception_handler(self, context):
            (self._handler or self.default_exception_handler)(self, context)

    loop = Loop()

    def get_event_loop(runq_len=0, waitq_len=0):
        return loop

    def new_event_loop():
        core["_task_queue"] = TaskQueue()
        core["_io_queue"] = IOQueue()
        return loop

    def current_task():
        if core["cur_task"] is None:
            raise RuntimeError("no running event loop")
        return core["cur_task"]

    async def runner(waiter, awaitable):
        try:
            result = await awaitable
            status = True
        except BaseException as error:
            result, status = None, error
        if waiter.data is None and waiter.cancel():
            waiter.data = CancelledError(status, result)

    async def wait_for(awaitable, timeout, sleep=sleep):
        task = promote(awaitable)
        if timeout is None:
            return await task
        helper = create_task(runner(core["cur_task"], task))
        try:
            await sleep(timeout)
        except CancelledError as error:
            status = error.args[0] if error.args else None
            if status is None:
                helper.cancel()
                raise error
            if status is True:
                return error.args[1]
            raise status
        helper.cancel()
        await helper
        raise TimeoutError

    def wait_for_ms(awaitable, timeout):
        return wait_for(awaitable, timeout, sleep_ms)

    class _Gathering:
        @staticmethod
        def remove(task):
            pass

    async def gather(*awaitables, return_exceptions=False):
        if not awaitables:
            return []
        gatherer = core["cur_task"]
        waits = [promote(a) for a in awaitables]
        left = [len(waits), None]  # how many still run, the first error

        def done(task, error):
            if gatherer.data is not _Gathering:
                return
            if not return_exceptions and not isinstance(error, StopIteration):
                left[1] = error
            else:
                left[0] -= 1
                if left[0]:
                    return
            core["_task_queue"].push(gatherer)

        for task in waits:
            if task.state is not True:
                raise RuntimeError("can't gather")
            task.state = done
        gatherer.data = _Gathering
        cancelled = False
        try:
            await pause
        except CancelledError as error:
            cancelled = True
            left[1] = error
        results = []
        for task in waits:
            if task.state is done:
                task.state = True
                if cancelled:
                    task.cancel()
                results.append(task)
            elif isinstance(task.data, StopIteration):
                results.append(task.data.value)
            else:
                results.append(task.data)
        if left[1] is not None:
            raise left[1]
        return results

    class Event:
        def __init__(self):
            self.state = False
            self.waiting = TaskQueue()

        def is_set(self):
            return self.state

        def set(self):
            while self.waiting.peek():
                core["_task_queue"].push(self.waiting.pop())
            self.state = True

        def clear(self):
            self.state = False

        async def wait(self):
            if not self.state:
                self.waiting.push(core["cur_task"])
                core["cur_task"].data = self.waiting
                await pause
            return True

    class ThreadSafeFlag:
        def __init__(self):
            self.state = 0

        def ioctl(self, request, flags):
            return self.state * flags if request == 3 else -1

        def set(self):
            self.state = 1

        def clear(self):
            self.state = 0

        async def wait(self):
            if not self.state:
                core["_io_queue"].queue_read(self)
                await pause
            self.state = 0

    class Lock:
        def __init__(self):
            self.state = 0  # 0 free, 1 taken, a Task: handed to that one
            self.waiting = TaskQueue()

        def locked(self):
            return self.state == 1

        def release(self):
            if self.state != 1:
                raise RuntimeError("Lock not acquired")
            if self.waiting.peek():
                self.state = self.waiting.pop()
                core["_task_queue"].push(self.state)
            else:
                self.state = 0

        async def acquire(self):
            if self.state != 0:
                self.waiting.push(core["cur_task"])
                core["cur_task"].data = self.waiting
                try:
                    await pause
                except CancelledError as error:
                    if self.state == core["cur_task"]:
                        self.state = 1
                        self.release()
                    raise error
            self.state = 1
            return True

        async def __aenter__(self):
            return await self.acquire()

        async def __aexit__(self, exc_type, exc, tb):
            return self.release()

    class Stream:
        def __init__(self, s, e=()):
            self.s = s
            self.e = e
            self.out_buf = b""

        def get_extra_info(self, name):
            return dict(self.e)[name]

        def close(self):
            pass

        async def wait_closed(self):
            self.s.close()

        async def _readable(self):
            core["_io_queue"].queue_read(self.s)
            await pause

        async def read(self, n=-1):
            out = b""
            while True:
                await self._readable()
                part = self.s.read(n)
                if part is not None:
                    if n >= 0:
                        return part
                    if not part:
                        return out
                    out += part

        async def readinto(self, buf):
            await self._readable()
            return self.s.readinto(buf)

        async def readexactly(self, n):
            out = b""
            while n:
                await self._readable()
                part = self.s.read(n)
                if part is not None:
                    if not len(part):
                        raise EOFError
                    out += part
                    n -= len(part)
            return out

        async def readline(self):
            out = b""
            while True:
                await self._readable()
                part = self.s.readline()
                if part is not None:
                    out += part
                    if not part or out[-1] == 10:
                        return out

        def write(self, buf):
            if not self.out_buf:
                sent = self.s.write(buf)
                if sent == len(buf):
                    return
                if sent is not None:
                    buf = buf[sent:]
            self.out_buf += buf

        async def drain(self):
            while self.out_buf:
                core["_io_queue"].queue_write(self.s)
                await pause
                sent = self.s.write(self.out_buf)
                if sent is not None:
                    self.out_buf = self.out_buf[sent:]
            if not self.out_buf:
                await sleep_ms(0)

    new_event_loop()
    return namespace(
        CancelledError=CancelledError,
        TimeoutError=TimeoutError,
        Task=Task,
        sleep=sleep,
        sleep_ms=sleep_ms,
        create_task=create_task,
        run=run,
        get_event_loop=get_event_loop,
        new_event_loop=new_event_loop,
        current_task=current_task,
        Loop=loop,
        wait_for=wait_for,
        wait_for_ms=wait_for_ms,
        gather=gather,
        Event=Event,
        ThreadSafeFlag=ThreadSafeFlag,
        Lock=Lock,
        _close_all=close_all,
        StreamReader=Stream,
        StreamWriter=Stream,
    )
