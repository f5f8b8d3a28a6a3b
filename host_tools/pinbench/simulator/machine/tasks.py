"""TaskQueue and Task for asyncio: under the frozen asyncio of the real VM, and under the stand-in.

The VM's own C classes stamp tasks from the real clock and compare over 2**62, so the bench
supplies these on both interpreters. Equal times run first in, first out (AIO-15).
"""


def make_tasks(ticks_ms, ticks_diff):
    """Return (TaskQueue, Task) on the given clock; neither call costs virtual time."""

    class TaskQueue:
        """Tasks in order of time, a wrapped tick in milliseconds."""

        def __init__(self):
            self._tasks = []

        def peek(self):
            return self._tasks[0] if self._tasks else None

        def push(self, task, key=None):
            task.data = None
            if key is None:
                key = ticks_ms()
            task.ph_key = key
            tasks = self._tasks
            at = len(tasks)
            while at and ticks_diff(key, tasks[at - 1].ph_key) < 0:
                at -= 1
            tasks.insert(at, task)

        def pop(self):
            return self._tasks.pop(0)

        def remove(self, task):
            tasks = self._tasks
            for at in range(len(tasks)):
                if tasks[at] is task:
                    del tasks[at]
                    return

    class Task:
        """A coroutine that runs. `state` is True while it runs alone, a TaskQueue or a callable
        when somebody waits for it, None when it has ended unawaited, False when that has been
        seen."""

        def __init__(self, coro, core=None):
            self.coro = coro
            self.data = None
            self.state = True
            self.ph_key = 0
            self._core = core  # the dict of asyncio's core, where the current task stands

        def __iter__(self):
            if not self.state:
                self.state = False
            elif self.state is True:
                self.state = TaskQueue()
            elif type(self.state) is not TaskQueue:
                raise RuntimeError("can't wait")
            return self

        def __await__(self):
            return self.__iter__()

        def __next__(self):
            if not self.state:
                raise self.data
            current = self._core["cur_task"]
            self.state.push(current)
            current.data = self  # so that cancelling the waiter finds what it waits for

        def done(self):
            return not self.state

        def cancel(self):
            if not self.state:
                return False
            core = self._core
            if self is core["cur_task"]:
                raise RuntimeError("can't cancel self")
            task = self
            while isinstance(task.data, Task):
                task = task.data
            queue = core["_task_queue"]
            if hasattr(task.data, "remove"):
                task.data.remove(task)
                queue.push(task)
            elif ticks_diff(task.ph_key, ticks_ms()) > 0:
                queue.remove(task)
                queue.push(task)
            task.data = core["CancelledError"]
            return True

    return TaskQueue, Task
