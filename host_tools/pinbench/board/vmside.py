"""The virtual board inside the real MicroPython VM: flash, `machine`, boot.py, main.py (VM only).

Everything that outlives this process is the supervisor's. Here are only a block device and thin
proxies, which ask it over a socket pair: one message a request, one a reply. The supervisor wakes a
small thread when callbacks wait; they run in the main thread as any scheduled function does.
"""

import builtins
import gc
import io
import micropython
import os
import select
import struct
import sys
import time
import vfs

import _thread
from pinbench.board import wire

_READ, _PROGRAM, _ERASE = b"R", b"P", b"E"
_real_modules = sys.modules
_link = None
_inbox = memoryview(bytearray(wire.LONGEST))
_busy = False  # inside a request: a callback must wait, or the replies would cross
_late = False
_interrupted = False
_scheduled = False
_functions = []  # by number: what the supervisor calls back
_objects = {}  # number -> proxy: firmware gets the same object again
_classes = {}


def _swap(message):
    """Send a request and return the length of its reply, in `_inbox`; Ctrl-C waits till then.

    The first lines hold no jump: MicroPython runs callbacks and raises KeyboardInterrupt at jumps
    only, and neither may happen between a request and its reply, or inside littlefs.
    """
    global _busy, _interrupted
    _busy = True
    sent = False
    try:
        _link.write(message)
        sent = True
        n = _link.readinto(_inbox)
        _busy = False
        return n
    except KeyboardInterrupt:
        _interrupted = True
    while True:
        try:
            if not sent:
                _link.write(message)
                sent = True
            n = _link.readinto(_inbox)
            _busy = False
            return n
        except KeyboardInterrupt:
            _interrupted = True


def _ask(message):
    """A request outside littlefs: what came meanwhile (Ctrl-C, callbacks) is made good after it."""
    global _interrupted, _late
    n = _swap(message)
    if not n:
        raise SystemExit  # the supervisor is gone
    if _late:
        _late = False
        _schedule()
    if _interrupted:
        _interrupted = False
        raise KeyboardInterrupt
    return _inbox[:n]


class _Flash:
    """The block device: a reply of one int to a program or erase, the bytes to a read."""

    def __init__(self, blocks, block_size):
        self._blocks = blocks
        self._block_size = block_size

    def readblocks(self, block, buffer, offset=0):
        n = _swap(_READ + struct.pack("<III", block, offset, len(buffer)))
        buffer[:] = _inbox[:n]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        _swap(_PROGRAM + struct.pack("<II", block, offset) + buffer)
        return struct.unpack_from("<i", _inbox, 0)[0]

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return self._block_size
        if op == 6:
            _swap(_ERASE + struct.pack("<I", arg))
            return struct.unpack_from("<i", _inbox, 0)[0]
        return 0


# -- remote objects


def _to_wire(value):
    if isinstance(value, _Remote):
        return wire.Reference(value._number, "")
    if callable(value):
        for number in range(len(_functions)):
            if _functions[number] is value:
                return wire.Callback(number)
        _functions.append(value)
        return wire.Callback(len(_functions) - 1)
    return None


def _from_wire(found):
    proxy = _objects.get(found.number)
    if proxy is None:
        cls = _classes.get(found.kind, _Remote)
        proxy = object.__new__(cls)
        proxy._number = found.number
        _objects[found.number] = proxy
    return proxy


def _call(number, name, args, kwargs):
    message = bytearray(b"C")
    wire.pack((number, name, args, kwargs), message, _to_wire)
    reader = wire.Reader(_ask(message), _from_wire)
    error, value, filled = reader.value()
    if error is not None:
        raise getattr(builtins, error, RuntimeError)(*value)
    if filled:
        buffers = [a for a in args if not isinstance(a, (int, str, bytes, _Remote))]
        for buffer, data in zip(buffers, filled):
            memoryview(buffer)[:] = data
    if name == "datetime" and args:
        _read_clock()
    return value


class _Remote:
    """An object of the supervisor's."""

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        if name[0] == "_":
            raise AttributeError(name)
        number = self._number
        return lambda *args, **kwargs: _call(number, name, args, kwargs)

    def __call__(self, *args):
        return _call(self._number, "__call__", args, {})

    def __repr__(self):
        return _call(self._number, "__repr__", (), {})


class _RemoteStream(_Remote, io.IOBase):
    """A remote object that select.poll and asyncio's streams can use: a UART."""

    def ioctl(self, request, arg):
        return _call(self._number, "ioctl", (request, arg), {})

    def read(self, *args):
        return _call(self._number, "read", args, {})

    def readinto(self, *args):
        return _call(self._number, "readinto", args, {})

    def readline(self, *args):
        return _call(self._number, "readline", args, {})

    def write(self, *args):
        return _call(self._number, "write", args, {})


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


def _make_class(name, constants, streams):
    base = _RemoteStream if streams else _Remote

    def new(cls, *args, **kwargs):
        return _call(0, name, args, kwargs)

    values = {"__new__": new}
    for key in constants:
        values[key] = constants[key]
    return type(name, (base,), values)


def _make_machine(described):
    machine = _Namespace()
    for name in described:
        kind, detail = described[name]
        if kind == "class":
            made = _classes[name] = _make_class(name, detail, name == "UART")
            setattr(machine, name, made)
        elif kind == "constant":
            setattr(machine, name, detail)
        else:
            setattr(machine, name, _function(name))

    def soft_reset():
        raise SystemExit

    def idle():
        time.sleep_ms(1)

    def lightsleep(ms=None):
        if ms is None:
            while True:
                time.sleep_ms(1000)
        time.sleep_ms(ms)

    machine.soft_reset = soft_reset
    machine.idle = idle
    machine.lightsleep = lightsleep
    return machine


def _function(name):
    return lambda *args, **kwargs: _call(0, name, args, kwargs)


# -- callbacks


def _schedule():
    global _scheduled
    if not _scheduled:
        _scheduled = True
        try:
            micropython.schedule(_run_callbacks, None)
        except RuntimeError:  # the queue is full: its owner will not mind to wait a little
            _scheduled = False
            return False
    return True


def _run_callbacks(_):
    global _scheduled, _late
    _scheduled = False
    if _busy:
        _late = True
        return
    while True:
        found = wire.Reader(_ask(b"N"), _from_wire).value()
        if found is None:
            return
        try:
            _functions[found[0]](found[1])
        except Exception as error:  # SCH-04: printed and swallowed
            sys.print_exception(error)


def _listen(bell, pid):
    """The thread: each byte on `bell` says that callbacks wait."""
    one = bytearray(1)
    while bell.readinto(one):
        while not _schedule():
            time.sleep_ms(1)
        time.sleep_ms(1)
        if _scheduled:
            # The main thread waits in a system call. A collection stops the other threads by a
            # signal, and a call that a signal ended runs what is scheduled.
            gc.collect()
    os.system("kill -9 %d" % pid)  # the supervisor is gone


# -- time


_offset_s = 0
_epoch_s = 0


def _read_clock():
    global _offset_s
    _offset_s = struct.unpack_from("<q", _ask(b"T"), 0)[0] - int(time.time())


def _make_time():
    real = time

    def now():
        return int(real.time()) + _offset_s - _epoch_s

    def now_ns():
        return real.time_ns() + (_offset_s - _epoch_s) * 1000000000

    def gmtime(seconds=None):
        return real.gmtime((now() if seconds is None else int(seconds)) + _epoch_s)

    def mktime(t):
        # The host's own mktime goes by its time zone; a board has none.
        days = (real.mktime((t[0], t[1], t[2], 12, 0, 0, 0, 0)) + 43200) // 86400
        return _days(t[0], t[1], t[2]) * 86400 + t[3] * 3600 + t[4] * 60 + t[5] - _epoch_s

    return _Over(
        real, time=now, time_ns=now_ns, gmtime=gmtime, localtime=gmtime, mktime=mktime
    )


# -- boot


def _run_file(name, names):
    """Run a file as the port's main does; returns "ok", "failed" or "exit" (RST-08, RST-21)."""
    try:
        os.stat(name)
    except OSError:
        return "ok"
    try:
        execfile(name, names)  # noqa: F821 (a builtin of MicroPython)
        return "ok"
    except SystemExit:
        return "exit"
    except BaseException as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        for line in text.getvalue().split("\n")[:-1]:
            if "vmside.py" not in line and 'File "<string>"' not in line:
                print(line)
        return "failed"
