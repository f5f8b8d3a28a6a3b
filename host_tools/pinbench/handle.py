"""What a test holds: a bench that is new for every test and every example, and watches itself."""

import ctypes
import sys
import threading
from collections import deque

from pinbench.durations import parse_us
from pinbench.errors import PinbenchError, UsageError

SHOWN = 12  # records of a failure report
STALL_S = 10.0
_SHOWN_CHANNELS = ("i2c", "spi", "uart", "fault", "loss", "violation", "reset", "log")


class BenchHandle:
    """A Bench and what the test expects of it; every attribute of the Bench is here as well.

    `board` is the Board or None, `world` the surroundings or None. `roots` are the folders in
    which firmware is looked for.
    """

    def __init__(self, roots=(), **options):
        self._roots = [str(root) for root in roots]
        self._begin(options)

    def _begin(self, options):
        self._options = options
        self._session = None
        self._life = None
        self._board = None
        self._wanted_losses = []
        self._wanted_violations = []
        self._others = []
        self._records = deque(maxlen=SHOWN)

    def begin(self, **options):
        """Forget the bench; the next use makes a new one.

        Options: board (name or path), device, wiring (a dict, instead of a board), profile, seed,
        world (a dict of its parameters), main (the file that boots), files (path -> text), numbers
        (a dict: float32, int31; the firmware's numbers are then a board's, see numerics), search
        (how many interleavings the test is played in, see simulator/search.py) and interleaving
        (the number of this one, 0 if not given).
        """
        self.end()
        self._begin(options)

    def end(self):
        """Stop firmware that still runs, here and in the benches that `make` made."""
        if self._life is not None:
            self._life.stop()
            self._life = None
        if self._session is not None and self._session.bench.search is not None:
            self._session.bench.search.leave()
        for other in self._others:
            other.end()

    def make(self, **options):
        """Return another bench beside this one; it is checked and ended with this one. It is
        played in the same interleaving, unless `options` say otherwise."""
        for key in ("search", "interleaving"):
            if key in self._options:
                options.setdefault(key, self._options[key])
        other = BenchHandle(self._roots, **options)
        self._others.append(other)
        return other

    @property
    def session(self):
        """The Session behind this bench, made at first use."""
        if self._session is None:
            self._session = self._make()
        return self._session

    @property
    def board(self):
        """The Board that the bench stands for, None if it was given none."""
        _ = self.session
        return self._board

    @property
    def world(self):
        """The surroundings of the device, None for a bare bench."""
        return self.session.world

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.session.bench, name)

    def run_until(self, when):
        """Advance virtual time to `when`: microseconds since the start, or text such as "3 h".

        A device's firmware boots at the first call and goes on at the next. Raises what the
        simulator raises, and PinbenchError for a loop in which time stands still.
        """
        time_us = parse_us(when) if isinstance(when, str) else when
        session = self.session
        if self._life is None and "main" in session.job:
            if session.world is not None:
                session.world.start()
            self._life = _Life(session.bench, session.job["main"])
        if self._life is None or self._life.over:
            session.bench.kernel.run_until(time_us)
        else:
            self._life.run_until(time_us)

    def expect_silent_loss(self, kind):
        """Say that losses of this kind, such as "dropped callback", will happen: at least one."""
        self.session.bench.expected_losses.add(kind)
        self._wanted_losses.append(kind)

    def expect_violation(self, part):
        """Say that a chip will be misused: `part` is its name, or words of the complaint."""
        self.session.bench.expected_violations.append(part)
        self._wanted_violations.append(part)

    def faults(self):
        """Return what must fail the test, as sentences: the unexpected, and the expected that
        did not come."""
        found = []
        if self._session is not None:
            bench = self._session.bench
            found += bench.unexpected()
            for kind in self._wanted_losses:
                if kind not in bench.kernel.losses:
                    found.append(f"a silent loss was expected and did not happen: {kind}")
            seen = bench.kernel.violations
            for part in self._wanted_violations:
                if not any(part == who or part in text for _, who, text in seen):
                    found.append(f"a violation was expected and did not happen: {part}")
        for other in self._others:
            found += other.faults()
        return found

    def report(self):
        """Return the last decoded transfers as text, "" if there were none."""
        from pinbench.transfers import decode

        lines = [decode(*record) for record in self._records]
        for number, other in enumerate(self._others, 1):
            if other.report():
                lines += [f"bench {number} of make_bench:", other.report()]
        return "\n".join(lines)

    def _record(self, time_us, channel, who, values):
        if channel in _SHOWN_CHANNELS:
            self._records.append((time_us, channel, who, values))

    def _make(self):
        from pinbench.board.definitions import load_board
        from pinbench.session import Session

        known = (
            "board", "device", "wiring", "profile", "seed", "world", "main", "files", "numbers",
            "search", "interleaving",
        )  # fmt: skip
        for key in self._options:
            if key not in known:
                raise UsageError(f"a bench has no option {key!r}: it has {', '.join(known)}")
        options = self._options
        device = options.get("device")
        wiring = options.get("wiring") or {}
        profile = options.get("profile")
        if options.get("board"):
            self._board = load_board(options["board"])
            profile = profile or self._board.port_profile
            if device:
                wiring = self._board.wiring(device)
        elif device:
            raise UsageError(f'device {device!r} needs a board: add board="rpi_pico_w"')
        job = {
            "device": device,
            "wiring": wiring,
            "profile": profile,
            "seed": options.get("seed", 0),
            "roots": self._roots,
            "files": options.get("files"),
            "numbers": options.get("numbers"),
            "search": options.get("interleaving", 0) if options.get("search") else None,
            "world": options.get("world", {} if device else None),
        }
        if options.get("main") or device:
            job["main"] = options.get("main") or f"{device}/main.py"
        return Session(job, self._record)


class _Stop(BaseException):
    """Thrown into a firmware loop that calls nothing."""


class _Life:
    """Firmware on a thread of its own, so that it can stand still while the test looks.

    Only one of the two threads ever runs: each waits for the other.
    """

    def __init__(self, bench, main):
        self.over = False
        self._bench = bench
        self._main = main
        self._error = None
        self._stopping = False
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name="firmware", daemon=True)
        self._thread.start()

    def _run(self):
        self._go.acquire()
        try:
            if not self._stopping:
                self._bench.run(self._main)
        except BaseException as error:  # the test's thread raises it
            self._error = error
        self.over = True
        self._back.release()

    def _pause(self, _):
        self._back.release()
        self._go.acquire()
        if self._stopping:
            self._bench.kernel.halt("end")

    def run_until(self, time_us):
        self._bench.kernel.at(time_us, self._pause)
        self._resume()

    def stop(self):
        if not self.over:
            self._stopping = True
            try:
                self._resume()
            except BaseException:  # noqa: S110 (the test is over; what the end brings is nobody's)
                pass

    def _resume(self):
        kernel = self._bench.kernel
        self._go.release()
        before = None
        while not self._back.acquire(timeout=STALL_S):
            now = (kernel.now_us, kernel.events)
            if now == before:
                where = self._interrupt()
                raise PinbenchError(
                    f"virtual time stands still at {kernel.now_us} us: {where} loops without "
                    "calling anything"
                )
            before = now
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _interrupt(self):
        frame = sys._current_frames().get(self._thread.ident or 0)
        where = f"{frame.f_code.co_filename}, line {frame.f_lineno}," if frame else "the firmware"
        ident = ctypes.c_ulong(self._thread.ident or 0)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(_Stop))
        self._thread.join(1)
        self.over = True
        return where
