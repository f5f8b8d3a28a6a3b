"""The virtual board inside the real MicroPython VM: flash, `machine`, boot.py, main.py (VM only).

Everything that outlives this process is the supervisor's. Here are only a block device and thin
proxies, which ask it over a socket pair, one request and one reply at a time. The supervisor wakes
a small thread when callbacks wait; they run in the main thread as any scheduled function does.
"""

import builtins
import gc
import io
import micropython
import os
import struct
import sys
import time
import vfs
from array import array
from collections import namedtuple

import _thread
from pinbench.board import wire
from pinbench.simulator import calendar

_AGAIN = b"\x01\x00\x00\x00I"
_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))
_real_modules = sys.modules
_link = None
_head = bytearray(4)
_request = bytearray(17)
_status = bytearray(1)
_inbox = memoryview(bytearray(wire.LONGEST))
_busy = False  # inside a request: a callback must wait, or the replies would cross
_late = False
_interrupted = False
_scheduled = False
_functions = []  # by number: what the supervisor calls back
_objects = {}  # number -> proxy: firmware gets the same object again
_classes = {}


def _swap(message):
    """Send a request and return its reply; Ctrl-C waits till then.

    The first lines hold no jump: MicroPython runs callbacks and raises KeyboardInterrupt at jumps
    only, and neither may happen between a request and its reply, or inside littlefs.
    """
    global _busy, _interrupted
    _busy = True
    stage = 0
    message = struct.pack("<I", len(message)) + message
    _head[:] = b"\0\0\0\0"  # what stays of it once the supervisor is gone
    try:
        _link.write(message)
        stage = 1
        _link.readinto(_head)
        stage = 2
        n = struct.unpack_from("<I", _head, 0)[0]
        _link.readinto(_inbox[:n])
        reply = bytes(_inbox[:n])  # a callback's own request may come right after
        _busy = False
        return reply
    except KeyboardInterrupt:
        _interrupted = True
    while True:
        try:
            if stage == 0:
                _link.write(message)
                stage = 1
            if stage == 1:
                _link.readinto(_head)
                stage = 2
            n = struct.unpack_from("<I", _head, 0)[0]
            _link.readinto(_inbox[:n])
            reply = bytes(_inbox[:n])
            _busy = False
            return reply
        except KeyboardInterrupt:
            _interrupted = True


def _ask(message):
    """A request outside littlefs: Ctrl-C and callbacks that came meanwhile come after it."""
    global _interrupted, _late
    reply = _swap(message)
    if not reply:
        raise SystemExit  # the supervisor is gone
    if _late:
        _late = False
        _schedule()
    if _interrupted:
        _interrupted = False
        raise KeyboardInterrupt
    return reply


def _flash(data, answer):
    """Send `_request` and `data`, and fill `answer`; nothing here may allocate.

    littlefs calls it also, with the heap locked, when the collector closes a file left open.
    """
    global _busy
    _busy = True
    stage = 0
    try:
        _link.write(_request)
        stage = 1
        _link.write(data)
        stage = 2
        _link.readinto(answer)
        _busy = False
        return
    except KeyboardInterrupt:
        pass
    while True:
        try:
            if stage == 0:
                _link.write(_request)
                stage = 1
            if stage == 1:
                _link.write(data)
                stage = 2
            _link.readinto(answer)
            _link.write(_AGAIN)  # littlefs can't be left half way: Ctrl-C shall come once more
            _busy = False
            return
        except KeyboardInterrupt:
            pass


class _Flash:
    """The block device: a program or an erase is answered by one byte, the errno or 0."""

    def __init__(self, blocks, block_size):
        self._blocks = blocks
        self._block_size = block_size

    def readblocks(self, block, buffer, offset=0):
        struct.pack_into("<IBIII", _request, 0, 13, 82, block, offset, len(buffer))  # R
        _flash(b"", buffer)
        return 0

    def writeblocks(self, block, buffer, offset=0):
        struct.pack_into("<IBIII", _request, 0, 13 + len(buffer), 80, block, offset, 0)  # P
        _flash(buffer, _status)
        return -_status[0]

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return self._block_size
        if op == 6:
            struct.pack_into("<IBIII", _request, 0, 13, 69, arg, 0, 0)  # E
            _flash(b"", _status)
            return -_status[0]
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
        given = list(args) + list(kwargs.values())
        buffers = [a for a in given if isinstance(a, (bytearray, memoryview, array))]
        for buffer, data in zip(buffers, filled):
            memoryview(buffer)[:] = data
    if name == "datetime" and args:
        _read_clock()
    return value


class _Remote:
    """An object of the supervisor's. What its class lacks is missing here too: `_names` are the
    methods it has, None where they are not known."""

    _names = None

    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        names = None if name[0] == "_" else self._names
        if name[0] == "_" or (names is not None and name not in names):
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


def _make_class(name, constants, methods, streams):
    base = _RemoteStream if streams else _Remote

    def new(cls, *args, **kwargs):
        return _call(0, name, args, kwargs)

    values = {"__new__": new, "_names": methods}
    for key in constants:
        values[key] = constants[key]
    return type(name, (base,), values)


def _make_machine(described):
    machine = _Namespace()
    for name in described:
        kind, detail = described[name]
        if kind == "class":
            made = _classes[name] = _make_class(name, detail[0], detail[1], name == "UART")
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
        return calendar.civil((now() if seconds is None else int(seconds)) + _epoch_s)

    def mktime(t):
        return calendar.unix_s(*t[:6]) - _epoch_s

    return _Over(real, time=now, time_ns=now_ns, gmtime=gmtime, localtime=gmtime, mktime=mktime)


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


def start(link_fd, bell_fd, names):
    """Become the board: mount, boot, and leave the rest to the VM's own REPL.

    `names` is the dict of globals of `__main__`. The marker on standard output tells the
    supervisor where the board's own output ends and the VM's REPL begins.
    """
    global _link, _epoch_s
    _link = open(link_fd, "r+b", buffering=0)
    bell = open(bell_fd, "rb", buffering=0)
    told = wire.Reader(_ask(b"H"), _from_wire).value()
    _epoch_s = told["epoch_s"]
    _read_clock()
    _mount(told)
    modules = {
        "machine": _make_machine(told["machine"]),
        "time": _make_time(),
        "micropython": _Over(micropython, kbd_intr=_kbd_intr),
        "os": _Over(os, uname=lambda: _uname(told)),
        "sys": _Over(sys, platform=told["platform"], implementation=_implementation(told)),
    }
    for name in told["modules"]:
        modules[name] = _Namespace()
    names.clear()
    names["__name__"] = "__main__"
    for name in list(_real_modules):
        if name.startswith("pinbench"):
            del _real_modules[name]
    for name in modules:
        _real_modules[name] = modules[name]
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.atexit(lambda: _finalise(names))
    _thread.start_new_thread(_listen, (bell, told["pid"]))
    gc.collect()
    _ask(b"M" + struct.pack("<II", gc.mem_alloc() + gc.mem_free(), gc.mem_free()))
    while True:
        try:
            _boot(names, told["raw"])
            _ask(b"Q")  # from here on Ctrl-C would hit the REPL's own first words
            break
        except KeyboardInterrupt:  # it came between the files: there is nothing to interrupt
            told["raw"] = True
    sys.stdout.write(told["marker"])


def _boot(names, raw):
    ended = _run_file("boot.py", names)
    if ended == "ok" and not raw:
        ended = _run_file("main.py", names)
    if ended == "exit":
        _finalise(names)
        _ask(b"X")


def _finalise(names):
    """A soft reset: forget everything, so that files which are still open are closed (RST-09)."""
    names.clear()
    _functions.clear()
    for name in list(_real_modules):
        del _real_modules[name]
    gc.collect()


def _mount(told):
    vfs.umount("/")
    device = _Flash(told["blocks"], told["block_size"])
    options = {"readsize": told["read_size"], "progsize": told["program_size"]}
    options["lookahead"] = told["lookahead"]
    try:
        fs = vfs.VfsLfs2(device, **options)
    except OSError:  # blank or beyond repair: formatted, as the ports' boot code does
        vfs.VfsLfs2.mkfs(device, **options)
        fs = vfs.VfsLfs2(device, **options)
    vfs.mount(fs, "/")


def _kbd_intr(char):
    _ask(b"K" + struct.pack("<i", char))


def _uname(told):
    name = told["platform"]
    return _Uname(name, name, told["release"], "v%s (virtual)" % told["release"], told["board"])


def _implementation(told):
    real = sys.implementation
    return _Over(real, _machine=told["board"])
