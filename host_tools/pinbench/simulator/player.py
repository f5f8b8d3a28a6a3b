"""The scenario player: acts on the timeline, watches what happens, and judges the expectations.

It takes plain data (`pinbench.scenario` makes it from TOML) and runs on both interpreters. A
moment is an int, microseconds since the start of the run, or a str, the first time the world sees
the event of that name.
"""

# A state that must hold all the time is looked at after each record of the world, and this often.
SAMPLE_US = 10000000

OPS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "!=": lambda a, b: a != b,
}
OP_WORDS = {"<": "under", "<=": "at most", "==": "", ">=": "at least", ">": "over", "!=": "not"}


class Player:
    """Plays `timeline` on `bench` and `world`, and checks `expectations`.

    `bench` has `kernel`, `chips` (role -> chip) and `fault(kind, target, params)`, which returns a
    function that ends the fault, or None. `world` has `act(name, params)`, which may return one
    too, `measure(name)` and `events`. Call `start()` before the run and `finish()` after it.
    """

    def __init__(self, bench, world, timeline, expectations):
        self._bench = bench
        self._kernel = bench.kernel
        self._world = world
        self._timeline = timeline
        self._waiting = {}  # event -> actions that wait for it
        self._checks = [make_check(self, entry) for entry in expectations]
        self._open = []  # checks that look at a state all the time
        self._watched = {}  # event -> what to call at its first occurrence
        self._counted = {}  # event -> what to call at each
        self._log_checks = []
        self.seen = {}  # event -> times
        self.counters = {}  # reset causes and "resets"
        self.failures = []
        self.beat = None  # called with the time at every sample: a sign of life
        self._look_due = False
        self._started = False

    def start(self):
        """Schedule the timeline and begin to watch."""
        self._kernel.trace.sinks.append(self._record)
        self._kernel.after(SAMPLE_US, self._sample)
        # What happens at a time comes before what is expected from that time on.
        for action in self._timeline:
            if "when" in action:
                self._waiting.setdefault(action["when"], []).append(action)
            elif "whenever" in action:
                self.on_event(action["whenever"], self._again(action))
            else:
                self._kernel.at(action["time_us"], self._act, action)
        for check in self._checks:
            check.start()

    def finish(self):
        """Judge what is left at the end of the run; returns the failures.

        A failure is {"that": sentence, "time_us": int, "saw": text}.
        """
        for check in self._checks:
            check.finish()
        for event in sorted(self._waiting):
            for action in self._waiting[event]:
                text = "%s when '%s'" % (action["do"], event)
                self.fail(text, "'%s' did not happen, so nothing was done" % event)
        return self.failures

    def measure(self, name):
        """Return the world's measure `name`."""
        return self._world.measure(name)

    def fail(self, that, saw, time_us=None):
        """Record that an expectation did not hold."""
        if time_us is None:
            time_us = self._kernel.now_us
        self.failures.append({"that": that, "time_us": time_us, "saw": saw})
        self._kernel.note("expect", that, saw)

    # -- doing

    def _act(self, action):
        if "every_us" in action:
            self._repeat(action)
        do = action["do"]
        params = action.get("params", {})
        if do == "hog":
            # Something keeps the processor: time passes, and firmware does not see it.
            self._kernel.note("fault", "processor", "hogged", action["for_us"])
            self._kernel.spend(action["for_us"])
            return
        if do == "fault":
            undo = self._bench.fault(action["kind"], action.get("target"), params)
        elif do == "set":
            undo = self._set(action["chip"], params)
        else:
            undo = self._world.act(do, params)
        if "for_us" in action and undo is not None:
            self._kernel.after(action["for_us"], _call, undo)

    def _again(self, action):
        return lambda _: self._kernel.after(action["delay_us"], self._act, action)

    def _repeat(self, action):
        left = action.get("times")
        if left is None or left > 1:
            following = dict(action)
            if left is not None:
                following["times"] = left - 1
            self._kernel.after(action["every_us"], self._act, following)

    def _set(self, role, params):
        chip = self._bench.chips[role]
        before = {}
        for name in sorted(params):
            if not hasattr(chip, name):
                raise ValueError("chip %s has no %r to set" % (role, name))
            before[name] = getattr(chip, name)
            setattr(chip, name, params[name])
            self._kernel.note("chip", role, "set", name, _plain(params[name]))

        def undo():
            for name in sorted(before):
                setattr(chip, name, before[name])
                self._kernel.note("chip", role, "set", name, _plain(before[name]))

        return undo

    # -- watching

    def at_moment(self, moment, fn):
        """Call fn(time_us) at a moment; for an event, at its first occurrence."""
        if isinstance(moment, str):
            self._watched.setdefault(moment, []).append(fn)
        else:
            self._kernel.at(moment, fn, moment)

    def on_event(self, event, fn):
        """Call fn(time_us) at every occurrence of an event."""
        self._counted.setdefault(event, []).append(fn)

    def on_log(self, fn):
        """Call fn(text) with each line of the log."""
        self._log_checks.append(fn)

    def keep_open(self, check):
        """Let `check.look()` be called whenever the world may have changed."""
        self._open.append(check)

    def close(self, check):
        """End `keep_open`."""
        if check in self._open:
            self._open.remove(check)

    def _sample(self, _):
        self._look(None)
        if self.beat is not None:
            self.beat(self._kernel.now_us)
        self._kernel.after(SAMPLE_US, self._sample)

    def _look(self, _):
        self._look_due = False
        for check in self._open[:]:
            check.look()

    def _record(self, time_us, channel, who, values):
        if channel == "net":
            return
        if channel == "world":
            if who == "event":
                self._event(time_us, values[0])
            # The record comes out of the middle of the world's own step: ask it when that is over.
            if self._open and not self._look_due:
                self._look_due = True
                self._kernel.after(0, self._look)
        elif channel == "log":
            for fn in self._log_checks:
                fn(values[0])
        elif channel == "reset":
            self._reset(values[0])

    def _event(self, time_us, name):
        times = self.seen.setdefault(name, [])
        times.append(time_us)
        for fn in self._counted.get(name, ()):
            fn(time_us)
        if len(times) > 1:
            return
        for fn in self._watched.get(name, ()):
            self._kernel.after(0, fn, time_us)
        for action in self._waiting.pop(name, ()):
            self._kernel.after(action.get("delay_us", 0), self._act, action)

    def _reset(self, cause):
        # The first record is the start of the run, which is no restart.
        if self._started:
            for name in ("resets", cause):
                self.counters[name] = self.counters.get(name, 0) + 1
        self._started = True


def make_check(player, entry):
    """Return the check for one expectation; KeyError for a kind that no class serves."""
    return _KINDS[entry["kind"]](player, entry)


class _Check:
    def __init__(self, player, entry):
        self.player = player
        self.entry = entry
        self.that = entry["that"]
        self.first = entry.get("after")
        self.last = entry.get("until", entry.get("before"))
        self.begun = self.first is None
        self.ended = False

    def start(self):
        """Watch for the moments at which this check begins and ends."""
        if self.first is not None:
            self.player.at_moment(self.first, self.begin)
        if self.last is not None:
            self.player.at_moment(self.last, self.end)

    def begin(self, time_us):
        self.begun = True

    def end(self, time_us):
        self.ended = True

    def never_came(self):
        """Report a moment that was waited for and did not come; True if so."""
        for moment, came in ((self.first, self.begun), (self.last, self.ended)):
            if isinstance(moment, str) and not came:
                self.player.fail(self.that, "'%s' did not happen" % moment)
                return True
        return False

    def finish(self):
        """Judge at the end of the run."""


class _Holds(_Check):
    """A measure of the world compared with a value: at a moment, all the time, or soon."""

    def __init__(self, player, entry):
        _Check.__init__(self, player, entry)
        self.name = entry["measure"]
        self.op = OPS[entry["op"]]
        self.value = entry["value"]
        self.within_us = entry.get("within_us")
        self.at = entry.get("at")
        self.judged = False
        self.due = None
        if self.at is None and self.first is None and self.last is None:
            self.at = "end"

    def start(self):
        if self.at == "always":
            self.begun = True
            self.player.keep_open(self)
        elif self.at is not None and self.at != "end":
            self.player.at_moment(self.at, self.judge)
        elif self.at is None and self.first is None:
            self.player.at_moment(self.last, self.judge)  # before: at that moment
        else:
            _Check.start(self)

    def begin(self, time_us):
        self.begun = True
        if self.within_us is not None:
            self.player.at_moment(time_us + self.within_us, self.judge)
        self.player.keep_open(self)
        self.look()

    def end(self, time_us):
        self.ended = True
        if self.begun and not self.judged:
            self.look()
            if self.within_us is None:
                self.judged = True
            self.player.close(self)

    def look(self):
        """The world may have changed."""
        if self.judged:
            return
        good = self.op(self.player.measure(self.name), self.value)
        if self.within_us is None:
            if not good:
                self.judge(None)
        elif good:
            self.judge(None)

    def judge(self, time_us):
        if self.judged:
            return
        self.judged = True
        self.player.close(self)
        seen = self.player.measure(self.name)
        if not self.op(seen, self.value):
            self.player.fail(self.that, "%s was %d" % (self.name, seen), time_us)

    def finish(self):
        if self.judged:
            return
        if self.at == "end" or self.at == "always" or (self.begun and self.first is not None):
            self.judge(None)
            return
        moment = self.first or self.last or self.at
        if isinstance(moment, str):
            self.player.fail(self.that, "'%s' did not happen" % moment)
        else:
            self.player.fail(self.that, "the run ended before that time")


class _Count(_Check):
    """How often something was seen between two moments."""

    def __init__(self, player, entry):
        _Check.__init__(self, player, entry)
        self.count = 0
        self.last_us = None

    def saw(self, time_us):
        if self.begun and not self.ended:
            self.count += 1
            if self.count == self.entry["value"] + 1 and self.entry["op"] in ("==", "<="):
                self.last_us = time_us  # the one too many

    def finish(self):
        if self.never_came():
            return
        entry = self.entry
        if not OPS[entry["op"]](self.count, entry["value"]):
            saw = "seen %d times, expected %s %d" % (
                self.count,
                OP_WORDS[entry["op"]] or "exactly",
                entry["value"],
            )
            self.player.fail(self.that, saw, self.last_us)


class _Log(_Count):
    def start(self):
        _Check.start(self)
        self.player.on_log(self.line)

    def line(self, text):
        if self.entry["says"] in text:
            self.saw(self.player._kernel.now_us)


class _Event(_Count):
    def start(self):
        _Check.start(self)
        self.player.on_event(self.entry["event"], self.saw)


class _Counter(_Check):
    def finish(self):
        entry = self.entry
        seen = self.player.counters.get(entry["counter"], 0)
        if not OPS[entry["op"]](seen, entry["value"]):
            self.player.fail(self.that, "seen %d" % seen)


class _Order(_Check):
    def finish(self):
        seen = self.player.seen
        for name in (self.entry["event"], self.entry["then"]):
            if name not in seen:
                self.player.fail(self.that, "'%s' did not happen" % name)
                return
        first, then = seen[self.entry["event"]][0], seen[self.entry["then"]][0]
        if first >= then:
            saw = "'%s' came %d ms after" % (self.entry["event"], (first - then) // 1000)
            self.player.fail(self.that, saw, first)


_KINDS = {
    "holds": _Holds,
    "log": _Log,
    "event": _Event,
    "counter": _Counter,
    "order": _Order,
}


def _call(fn):
    fn()


def _plain(value):
    """Return a value of a test face as the trace takes it; of a float, its thousandths."""
    if value is True or value is False or isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return "%d/1000" % int(value * 1000)
    return str(value)
