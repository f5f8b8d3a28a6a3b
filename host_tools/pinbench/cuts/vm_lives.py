"""Many lives of a board's software in one VM, each on the same simulated flash (VM only).

A life mounts the VM's own littlefs on a flash in memory, executes texts of Python in fresh names,
and ends as if the supply had been switched off: nothing that is still open is written. Every
program and erase is told to the host, which keeps the image and puts it back or changes it between
two lives. Time is virtual: a life of minutes takes milliseconds.

Requests on the descriptor that the first argument names; all but "W" are answered:
  "W", length, then (offset, length, bytes) for each piece: put bytes into the flash
  "F": format
  "B", operations until the flash ignores all (0xFFFFFFFF: never): a life begins
  "X", length, text: execute it, in the names of the texts before it; `run_file(path)` is there
  "E": the life ends
"""

import builtins
import gc
import io
import json
import os
import struct
import sys
import vfs
from collections import namedtuple

EIO = 5
_NEVER = 0xFFFFFFFF
_LIFE_MS = 300000  # a life that still runs then has its supply switched off
_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))
_modules = sys.modules


class Ended(BaseException):
    """The processor has stopped; args: why."""


# -- the flash


class Flash:
    """The chip; `view` is its bytes."""

    def __init__(self, size, block, program, read, lookahead):
        self.block = block
        self.blocks = size // block
        self.blank = b"\xff" * block
        self.view = memoryview(bytearray(size))
        for at in range(0, size, block):
            self.view[at : at + block] = self.blank
        self.options = {"readsize": read, "progsize": program, "lookahead": lookahead}


class Device:
    """The block device of one life; dead from the moment at which the life ends."""

    def __init__(self, flash, until):
        self._flash = flash
        self._view = flash.view
        self._block = flash.block
        self._left = until
        self.dead = False
        self.log = []

    def readblocks(self, block, buffer, offset=0):
        if self.dead:
            return -EIO
        at = block * self._block + offset
        buffer[:] = self._view[at : at + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        if self.dead:  # nothing is allocated then: it may be the collector that closes a file
            return -EIO
        n = len(buffer)
        at = block * self._block + offset
        old = bytes(self._view[at : at + n])
        new = bytes(buffer)
        if old != self._flash.blank[:n]:
            new = bytes([a & b for a, b in zip(old, new)])
        return self._write(b"P", at, new)

    def _write(self, kind, at, new):
        if not self._left:
            self.dead = True
        if self.dead:
            return -EIO
        self._left -= 1
        self.log.append((kind, at, new))
        self._view[at : at + len(new)] = new
        return 0

    def ioctl(self, op, arg):
        if op == 4:
            return self._flash.blocks
        if op == 5:
            return self._block
        if op == 6:
            return self._write(b"E", arg * self._block, self._flash.blank)
        return 0


# -- what a life sees instead of hardware and time


class _Namespace:
    """What `import` binds like a module."""


class _Over:
    """A real module with some of its names replaced."""

    def __init__(self, real, **values):
        self._real = real
        for name in values:
            setattr(self, name, values[name])

    def __getattr__(self, name):
        return getattr(self._real, name)


class Clock:
    """Virtual time, and the timers and tasks that wait in it."""

    def __init__(self):
        self.now_ms = 0
        self.timers = []
        self.tasks = []

    def pass_ms(self, ms):
        """Let time pass; a timer that comes due meanwhile is called."""
        end_ms = self.now_ms + ms
        while True:
            due = [t for t in self.timers if t.due_ms is not None and t.due_ms <= end_ms]
            if not due:
                break
            first = due[0]
            for timer in due:
                if timer.due_ms < first.due_ms:
                    first = timer
            self.now_ms = max(self.now_ms, first.due_ms)
            first.due_ms = None
            first.callback(first)
        self.now_ms = end_ms
        if end_ms >= _LIFE_MS:
            raise Ended("off")


class _Timer:
    ONE_SHOT = 0

    def __init__(self, clock):
        self._clock = clock
        self.due_ms = None
        clock.timers.append(self)

    def init(self, mode, period, callback):
        self.callback = callback
        self.due_ms = self._clock.now_ms + period

    def deinit(self):
        self.due_ms = None


class _Sleep:
    """Awaited by a task; gives its wake-up time to `_run`."""

    def __init__(self, ms):
        self._ms = ms

    def __iter__(self):
        yield self._ms

    __await__ = __iter__


def _make_asyncio(clock):
    def create_task(coroutine):
        clock.tasks.append([clock.now_ms, coroutine])

    def run(main):
        create_task(main)
        while clock.tasks:
            task = min(clock.tasks, key=lambda task: task[0])
            clock.pass_ms(max(0, task[0] - clock.now_ms))
            try:
                task[0] = clock.now_ms + task[1].send(None)
            except StopIteration:
                clock.tasks.remove(task)
                if task[1] is main:
                    return

    asyncio = _Namespace()
    asyncio.create_task = create_task
    asyncio.run = run
    asyncio.sleep_ms = lambda ms: _Sleep(ms).__iter__()
    return asyncio


# -- a life


def _fakes(clock, say):
    """Return name -> module for what a life must not have of the real one."""

    def reset():
        raise Ended("reset")

    def print_exception(error, file=None):
        text = io.StringIO()
        sys.print_exception(error, text)
        say(text.getvalue())

    class Timer(_Timer):
        def __init__(self, id):
            super().__init__(clock)

    machine = _Namespace()
    machine.reset = reset
    machine.Timer = Timer
    time = _Namespace()
    time.sleep_ms = clock.pass_ms
    time.ticks_ms = lambda: clock.now_ms
    time.ticks_diff = lambda a, b: a - b
    return {
        "machine": machine,
        "time": time,
        "asyncio": _make_asyncio(clock),
        "os": _Over(os, uname=lambda: _Uname("rp2", "rp2", "1.29.0", "v1.29.0 (lives)", "")),
        "sys": _Over(sys, print_exception=print_exception),
    }


_codes = {}


def _compiled(text):
    """Return the code of a text; the long ones are the same in thousands of lives."""
    if len(text) < 500:
        return compile(text, "<string>", "exec")
    if text not in _codes:
        if len(_codes) > 30:
            _codes.clear()
        _codes[text] = compile(text, "<string>", "exec")
    return _codes[text]


class Life:
    """From a boot to a loss of power. `ended`: "" while it lasts, else why it does not."""

    def __init__(self, flash, until):
        self.ended = ""
        self.said = []
        self.device = Device(flash, until)
        self._before = list(_modules)
        self._names = {"__name__": "__main__"}
        fakes = _fakes(Clock(), self._say)
        for name in fakes:
            _modules[name] = fakes[name]
        sys.path[:] = ["", ".frozen", "/lib"]
        builtins.print = self._say
        builtins.run_file = self._run_file
        try:
            vfs.mount(vfs.VfsLfs2(self.device, **flash.options), "/")
        except OSError as error:
            self.ended = "no file system: %s" % error

    def _say(self, *values):
        self.said.append(" ".join([str(value) for value in values]))

    def _run_file(self, path):
        """Run a file, if it is there, in the names of `__main__`: as a port runs boot.py."""
        try:
            with open(path, "rb") as file:
                text = file.read()
        except OSError:
            return
        exec(_compiled(text), self._names)

    def execute(self, text):
        """Execute; returns the traceback of what it raised, None if it came to its end."""
        if self.ended:
            return None
        try:
            exec(_compiled(text), self._names)
        except Ended as end:
            self.ended = end.args[0]
        except SystemExit:
            self.ended = "exit"
        except BaseException as error:
            text = io.StringIO()
            sys.print_exception(error, text)
            return text.getvalue()
        return None

    def end(self):
        """Switch the supply off; nothing that is open is written any more."""
        self.device.dead = True
        try:
            vfs.umount("/")
        except OSError:  # it was not mounted
            pass
        self._names.clear()
        for name in list(_modules):
            if name not in self._before:
                del _modules[name]


def _exactly(link, n):
    data = bytearray(n)
    view = memoryview(data)
    at = 0
    while at < n:
        got = link.readinto(view[at:])
        if not got:
            sys.exit()
        at += got
    return data


def serve(link):
    """Answer requests until the host closes its end."""
    size, block, program, read, lookahead = struct.unpack("<5I", _exactly(link, 20))
    flash = Flash(size, block, program, read, lookahead)
    vfs.umount("/")
    life = None
    while True:
        kind = _exactly(link, 1)
        if kind == b"W":
            pieces = memoryview(_exactly(link, struct.unpack("<I", _exactly(link, 4))[0]))
            here = 0
            while here < len(pieces):
                at, n = struct.unpack_from("<2I", pieces, here)
                here += 8 + n
                flash.view[at : at + n] = pieces[here - n : here]
            continue
        raised = None
        if kind == b"F":
            device = Device(flash, _NEVER)
            vfs.VfsLfs2.mkfs(device, **flash.options)
            _answer(link, ("", [], None), device.log)
            continue
        if kind == b"B":
            life = Life(flash, struct.unpack("<I", _exactly(link, 4))[0])
        elif kind == b"X":
            n = struct.unpack("<I", _exactly(link, 4))[0]
            raised = life.execute(bytes(_exactly(link, n)))
        else:
            life.end()
        log, life.device.log = life.device.log, []
        _answer(link, (life.ended, life.said, raised), log)
        life.said.clear()
        if kind == b"E":
            life = log = None
            gc.collect()


def _answer(link, told, log):
    told = json.dumps(told).encode()
    size = 8 + len(told)
    for kind, _, new in log:
        size += 9 + (len(new) if kind == b"P" else 0)
    _write(link, struct.pack("<3I", size, len(told), len(log)) + told)
    for kind, at, new in log:
        _write(link, kind + struct.pack("<2I", at, len(new)) + (new if kind == b"P" else b""))


def _write(link, data):
    view = memoryview(data)
    while view:
        view = view[link.write(view) :]


serve(open(int(sys.argv[1]), "r+b", buffering=0))
