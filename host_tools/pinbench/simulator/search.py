"""Search mode: soft callbacks at MicroPython's own poll points, hard ones anywhere (host only).

The plain bench delivers a soft callback only in a call that polls, so a race between a callback
and straight code cannot show there. Here every instruction of the firmware takes time, so that
timers, edges and hard handlers come between any two of them, and a soft callback that waits runs
where MicroPython's VM looks for one (SCH-02; py/vm.c): after a jump, a branch, at the end of a
try's body or handler, and out of a loop. Calls, returns and straight lines do not poll.

`number` chooses an interleaving. In number 0 instructions take one microsecond each; in every
other one a few of them, drawn from the number, take as long as a garbage collection may (SCH-12),
and collect: the next event falls right behind them, and a Timer that nobody refers to ends
(TMR-06). Same number, same run. It is slow, it sees
CPython's instructions instead of MicroPython's, and its traces are not for `pinbench diff`.
"""

import ast
import dis
import sys
import threading
from types import CodeType
from typing import Any

from pinbench.simulator.rng import Random

INSTRUCTION_US = 1
_PAUSE_ONE_IN = 16
_BETWEEN = 2  # lengths of a pause without another one

_MONITORING: Any = getattr(sys, "monitoring", None)  # since Python 3.12


class _Places:
    """Of one function: the offsets behind which the VM polls."""

    def __init__(self, code, regions, counting):
        self.jumps = set()
        self.regions = {}  # offset -> the bodies around it: of loops, tries and handlers
        self.caught = set()  # where a handler begins: an exception came here, nobody left
        for step in dis.get_instructions(code):
            if step.opname == "PUSH_EXC_INFO":
                self.caught.add(step.offset)
            elif "JUMP" in step.opname and step.opname != "JUMP_BACKWARD_NO_INTERRUPT":
                self.jumps.add(step.offset)
            line = step.positions.lineno if step.positions else None
            if step.opname == "FOR_ITER" and line in counting:
                self.jumps.add(step.offset)
            if regions and line is not None:
                around = frozenset(r for r in regions if r[0] <= line <= r[1])
                self.regions[step.offset] = around

    def leaves_body(self, before, now):
        """True if control went out of a body by itself."""
        inside = self.regions.get(before)
        if not inside or now in self.caught:
            return False
        return bool(inside - self.regions.get(now, frozenset()))


class Search:
    """Drives one kernel. `watch` names the firmware's code, `enter` and `leave` switch it;
    `collect()` is called where a collection is thought of."""

    def __init__(self, kernel, number, collect):
        self._kernel = kernel
        self._collect = collect
        self._random = Random(number) if number else None
        self._rested_us = 0
        self._places = {}
        self._backend: Any = _Monitoring(self) if _MONITORING else _Tracing(self)

    def watch(self, code):
        """Search within `code`, that of a file, and the functions inside it."""
        if code not in self._places:
            self._add(code, *_regions(code.co_filename))

    def _add(self, code, *lines):
        self._places[code] = _Places(code, *lines)
        self._backend.add(code)
        for part in code.co_consts:
            if isinstance(part, CodeType):
                self._add(part, *lines)

    def places(self, code):
        """Return the places of a function, None if it is not watched."""
        return self._places.get(code)

    def enter(self):
        """Begin, for the firmware that this thread runs."""
        self._backend.enter()

    def leave(self):
        """End."""
        self._backend.leave()

    def pass_time(self):
        """An instruction: time goes on, and what is due happens, in front of it."""
        kernel = self._kernel
        us = INSTRUCTION_US
        longest = kernel.profile.gc_us
        if (
            self._random is not None
            and self._random.below(_PAUSE_ONE_IN) == 0
            and kernel.now_us >= self._rested_us
        ):
            due = kernel.next_event_us()
            if due is not None and due - kernel.now_us <= longest:
                us = max(us, due - kernel.now_us)
            self._rested_us = kernel.now_us + us + _BETWEEN * longest
            self._collect()
        kernel.spend(us)

    def poll(self):
        """A poll point."""
        self._kernel.poll()


class _Tracing:
    """By opcode tracing: any Python."""

    def __init__(self, search):
        self._search = search
        self._before = None
        self._thread = None

    def add(self, code):
        pass

    def enter(self):
        if self._thread is None:
            self._thread = threading.get_ident()
            self._before = sys.gettrace()
            sys.settrace(self._call)

    def leave(self):
        if self._thread == threading.get_ident():
            sys.settrace(self._before)
        self._thread = None

    def _call(self, frame, event, arg):
        places = self._search.places(frame.f_code)
        if places is None:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        search, before = self._search, -1

        def opcode(frame, event, arg):
            nonlocal before
            if event == "opcode":
                now = frame.f_lasti
                polls = before in places.jumps or places.leaves_body(before, now)
                before = now
                # Callbacks that run in here are to be searched as well.
                if polls:
                    sys.call_tracing(search.poll, ())
                sys.call_tracing(search.pass_time, ())
            return opcode

        return opcode


class _Monitoring:
    """By sys.monitoring: Python 3.12 and later."""

    _tool = None
    _active = None  # there is one tool for all benches of a process, and one of them runs

    def __init__(self, search):
        self._search = search
        self._inside = {}  # id of a frame -> (its code, offset of its last instruction)
        if _Monitoring._tool is None:
            free = [n for n in range(3, 6) if _MONITORING.get_tool(n) is None]
            _Monitoring._tool = free[0]
            _MONITORING.use_tool_id(free[0], "pinbench")
        events = _MONITORING.events
        self._branches = [
            getattr(events, name)
            for name in ("BRANCH_LEFT", "BRANCH_RIGHT", "BRANCH", "JUMP")
            if hasattr(events, name)
        ]
        if hasattr(events, "BRANCH_LEFT"):
            self._branches.remove(events.BRANCH)  # the two sides say the same

    def add(self, code):
        if _Monitoring._active is self:
            self._set(code, True)

    def _set(self, code, on):
        wanted = 0
        if on:
            wanted = _MONITORING.events.INSTRUCTION
            for event in self._branches:
                wanted |= event
        _MONITORING.set_local_events(self._tool, code, wanted)

    def enter(self):
        if _Monitoring._active is self:
            return
        if _Monitoring._active is not None:
            _Monitoring._active.leave()
        _Monitoring._active = self
        register = _MONITORING.register_callback
        register(self._tool, _MONITORING.events.INSTRUCTION, self._instruction)
        for event in self._branches:
            register(self._tool, event, self._jump)
        for code in self._search._places:
            self._set(code, True)

    def leave(self):
        if _Monitoring._active is not self:
            return
        for code in self._search._places:
            self._set(code, False)
        _Monitoring._active = None
        self._inside = {}

    def _jump(self, code, offset, destination):
        places = self._search.places(code)
        if places is not None and offset in places.jumps:
            sys.call_tracing(self._search.poll, ())

    def _instruction(self, code, offset):
        search = self._search
        places = search.places(code)
        if places is None:
            return
        if places.regions:
            frame = id(sys._getframe(1))
            known, before = self._inside.get(frame, (None, -1))
            self._inside[frame] = code, offset
            if known is code and before not in places.jumps:
                if places.leaves_body(before, offset):
                    sys.call_tracing(search.poll, ())
        sys.call_tracing(search.pass_time, ())


def _regions(path):
    """Return the (first, last) lines of each body and handler of a try that has handlers, and of
    each body of a loop, since CPython may leave a loop by `break` without a jump; and the lines
    of loops over a range, whose end MicroPython tests by a branch."""
    found, counting = [], set()
    try:
        with open(path, encoding="utf-8") as file:
            source = file.read()
    except OSError:  # a file on the device's own flash
        return found, counting
    for node in ast.walk(ast.parse(source)):
        bodies = []
        if isinstance(node, ast.Try) and node.handlers:
            bodies = [node.body, *[handler.body for handler in node.handlers]]
        elif isinstance(node, (ast.For, ast.While, ast.AsyncFor)):
            bodies = [node.body]
            over = getattr(node, "iter", None)
            if isinstance(over, ast.Call) and getattr(over.func, "id", "") == "range":
                counting.add(over.lineno)
        for body in bodies:
            found.append((body[0].lineno, body[-1].end_lineno))
    return found, counting
