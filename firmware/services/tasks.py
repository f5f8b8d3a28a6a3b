"""Supervised tasks: each says that it lives, and is started again when it fails.

    supervisor = Supervisor(log, safe_state)
    supervisor.add("rain sensor", watch_rain, silence_ms=15000)
    asyncio.run(supervisor.run(wdt))

    async def watch_rain(beat):
        while True:
            beat()
            ...
            await asyncio.sleep_ms(5000)

A task that ends, by an exception or by returning, is started again after a wait that doubles each
time. When it has failed `restarts` times in a row the device goes to its safe state and the task
stays down; the others go on. A task that is silent for longer than it promised is worse: nobody
knows what it is doing. Then the device goes to its safe state, and the watchdog is never fed
again, so that a reset follows.
"""

import asyncio
import time

from micropython import const

from services.log import describe

FEED_MS = const(3000)  # rounds of the supervisor: the watchdog is fed at least every 4 s

# What a task is doing.
STOPPED = const(0)
RUNNING = const(1)
WAITING = const(2)  # before it is started again
FAILED = const(3)  # given up, the device is in its safe state


class Task:
    """One supervised task; made by `Supervisor.add`."""

    def __init__(self, name, factory, silence_ms, restarts, wait_ms, wait_max_ms, steady_ms):
        self.name = name
        self.silence_ms = silence_ms
        self.state = STOPPED
        self.failures = 0  # in a row
        self.failed = 0  # ever
        self.error = ""
        self.quiet_ms = 0
        self._factory = factory
        self._restarts = restarts
        self._wait_ms = wait_ms
        self._wait_max_ms = wait_max_ms
        self._steady_ms = steady_ms
        self._beat_ms = 0

    def beat(self):
        """Say that the task lives. Allocates nothing."""
        self._beat_ms = time.ticks_ms()

    def round(self, now_ms):
        """Return False if the task is silent, that is, its last beat is too old."""
        self.quiet_ms = max(0, time.ticks_diff(now_ms, self._beat_ms))
        return self.state != RUNNING or self.quiet_ms <= self.silence_ms

    def wait_ms(self):
        """Return how long to wait before the next start."""
        wait = self._wait_ms
        for _ in range(1, self.failures):
            wait *= 2
            if wait >= self._wait_max_ms:
                return self._wait_max_ms
        return min(wait, self._wait_max_ms)

    async def keep(self, supervisor):
        """Run, and start again, until the task has failed too often."""
        while True:
            self.state = RUNNING
            self.beat()
            started = time.ticks_ms()
            try:
                await self._factory(self.beat)
                self.error = "it ended"
            except Exception as error:
                self.error = describe(error)
            ran_ms = time.ticks_diff(time.ticks_ms(), started)
            if not 0 <= ran_ms < self._steady_ms:
                self.failures = 0
            self.failures += 1
            self.failed += 1
            if self.failures > self._restarts:
                self.state = FAILED
                supervisor.give_up(self)
                return
            self.state = WAITING
            wait = self.wait_ms()
            supervisor.log.line("%s: %s; starts again in %d ms" % (self.name, self.error, wait))
            await asyncio.sleep_ms(wait)


class Supervisor:
    """All tasks of a device. `safe_state(task's name)` puts the outputs where they do no harm.

    `log` is a services.log.Log. `safe_state` may be called more than once, and must not wait.
    """

    def __init__(self, log, safe_state):
        self.log = log
        self.tasks = []
        self.uptime_ms = 0
        self.condemned = False  # a task was silent, or safe_state failed: a reset is due
        self._safe_state = safe_state
        self._last_ms = None

    def add(
        self,
        name,
        factory,
        silence_ms,
        restarts=5,
        wait_ms=500,
        wait_max_ms=30000,
        steady_ms=60000,
    ):
        """Register a task; `factory(beat)` returns its coroutine, anew at every start.

        silence_ms: the longest time between two beats (1 ms to 3 days; add what a wait for flash
        or a bus may cost). restarts: failures in a row that are forgiven; a task that ran
        `steady_ms` has no failures behind it. wait_ms doubles with each, up to wait_max_ms.
        """
        # Twice as long, and the difference of ticks would change its sign (TIM-01) between rounds.
        if not 1 <= silence_ms <= 1 << 28 or restarts < 0 or wait_ms < 1:
            text = "task %s: silence_ms from 1 to 2**28, wait_ms from 1, restarts from 0"
            raise ValueError(text % name)
        if name in [task.name for task in self.tasks]:
            raise ValueError("task %s is there twice" % name)
        task = Task(name, factory, silence_ms, restarts, wait_ms, wait_max_ms, steady_ms)
        self.tasks.append(task)
        return task

    def round(self):
        """Look at the last beats; returns True if every task has reported in its time.

        Once False, it is False for good. Call at least every few seconds, from one place.
        """
        now = time.ticks_ms()
        elapsed = 0 if self._last_ms is None else time.ticks_diff(now, self._last_ms)
        self._last_ms = now
        self.uptime_ms += elapsed
        for task in self.tasks:
            if not task.round(now) and not self.condemned:
                self.condemn(task.name, "silent for %d ms" % task.quiet_ms)
        return not self.condemned

    def give_up(self, task):
        """A task has failed too often."""
        text = "%s: %s; given up after %d failures, safe state"
        self.log.line(text % (task.name, task.error, task.failures))
        self._make_safe(task.name)

    def condemn(self, name, why):
        """Nothing vouches for the device any more: safe state, and no more feeding."""
        self.condemned = True
        self.log.line("%s: %s; safe state, waiting for the watchdog" % (name, why))
        self._make_safe(name)

    def _make_safe(self, name):
        try:
            self._safe_state(name)
        except Exception as error:
            self.condemned = True
            self.log.line("safe state failed: %s" % describe(error))

    async def run(self, wdt=None, every_ms=FEED_MS):
        """Start every task, and feed `wdt` (a machine.WDT) while all report; never returns.

        Nothing else may feed it. `every_ms` is at most 4000; the watchdog's timeout must be longer
        than that by the longest blocking call (a flash write takes up to 0.5 s).
        """
        if not 1 <= every_ms <= 4000:
            raise ValueError("the watchdog is fed every 1 to 4000 ms, not %d" % every_ms)
        self._last_ms = time.ticks_ms()
        for task in self.tasks:
            asyncio.create_task(task.keep(self))
        while True:
            if self.round() and wdt is not None:
                wdt.feed()
            await asyncio.sleep_ms(every_ms)
