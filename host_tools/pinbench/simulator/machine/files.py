"""The firmware's `os`, `open` and `vfs`: littlefs on the simulated flash, never the host's disk.

The file system is the real one on both interpreters, with the settings that the port's own boot
code gives it (ports/rp2/modules/_boot.py: program size 256) and those that VfsLfs2 takes by itself
(extmod/vfs_lfsx.c: cache of four programs, 100 block cycles), so that an image made on one is read
on the other. What the firmware sees of it (text, modes, errors, time) is made here, once for both.

Time: a read costs little; a write costs when littlefs must put it on the chip, by a model of what
littlefs 2 does (data blocks are rewritten from the first changed one, small files lie inside the
directory, every commit programs a page, a full directory log is erased), not by counting what this
version of it did. Interrupts are blocked meanwhile (SCH-11), and no soft callback runs. If the
processor stops within that time, the flash holds what had been done by then.
"""

import sys
from array import array
from collections import namedtuple

from pinbench.simulator.machine.flash import Flash
from pinbench.simulator.oserror import OSError

if sys.implementation.name == "micropython":
    import io

    from pinbench.simulator.machine.littlefs_vm import Littlefs

    _Stream = io.IOBase  # so that the VM's json and print can use the file
else:
    from pinbench.simulator.machine.littlefs_host import Littlefs

    _Stream = object

__all__ = ("Flash", "make_files")

_READ_SIZE = 32
_LOOKAHEAD = 32
_BLOCK_CYCLES = 100
_NAME_MAX = 255
_S_IFDIR = 0x4000
_S_IFREG = 0x8000
# Looking up and reading are memory accesses and Python: estimates, for lack of a measurement.
_LOOKUP_US = 200
_CALL_US = 20
_BYTES_PER_US = 8

_ON_HANDLE = ("write", "flush", "close")

_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))


def make_files(kernel, flash):
    """Mount `flash` for one boot; what the boot before had open is lost as it stands on flash.

    Formats when there is no file system, as the ports' boot code does. Returns an object with
    `os_module`, `vfs_module`, `open`, and for the host `install`, `read` and `names`.
    """
    if flash.mounted is not None:
        flash.mounted.abandon()
    flash.power_on()
    files = Files(kernel, flash)
    flash.mounted = files
    return files


class Files:
    """See make_files."""

    def __init__(self, kernel, flash):
        self.kernel = kernel
        self.flash = flash
        self.cwd = "/"
        self._meta_pages = 0
        self.fs = None
        self.attach()
        self.os_module = _Os(self)
        self.vfs_module = _Vfs(self)

    def attach(self):
        """Mount, formatting first if nothing can be mounted."""
        fs = self._new()
        try:
            fs.mount()
        except OSError:
            self.kernel.note("file", "/", "format", 0)
            self.guard(self.format)
            fs = self._new()
            fs.mount()
        self.fs = fs

    def format(self):
        """Make an empty file system on the flash."""
        self._new().mkfs()

    def _new(self):
        cache = 4 * max(_READ_SIZE, self.flash.prog)
        return Littlefs(self.flash, _READ_SIZE, cache, _LOOKAHEAD, _BLOCK_CYCLES)

    def abandon(self):
        """The processor has stopped: nothing that is still open may reach the flash."""
        if self.fs is None:
            return
        self.flash.ghost(self.fs.abandon, not self.flash.off)
        self.fs = None

    def mounted(self):
        """Return the file system; OSError(ENODEV) after an unmount."""
        if self.fs is None:
            raise OSError(self.kernel.profile.ENODEV)
        return self.fs

    # -- paths

    def path(self, path):
        """Return `path` as an absolute one."""
        if not isinstance(path, str):
            raise TypeError("can't convert %s to str" % type(path).__name__)
        if path[:1] == "/":
            return path
        if not path:
            return self.cwd
        return self.cwd + path if self.cwd == "/" else self.cwd + "/" + path

    # -- time, faults and trace around what the file system does

    def look(self, path, op, fn, *args):
        """Do something that changes nothing."""
        self.kernel.spend(_LOOKUP_US)
        try:
            return fn(*args)
        except OSError as error:
            self.kernel.note("file", path, op, -error.args[0])
            raise

    def guard(self, fn, *args):
        """Do something that may write by the way; stop where a cut says so."""
        try:
            return fn(*args)
        finally:
            if self.flash.off:
                self.cut()

    def cut(self):
        """The flash lost its power inside an operation: so did the processor."""
        self.kernel.power_cut(self.flash.off_ms)
        raise self.kernel.halted

    def change(self, path, op, n, cost, fn, *args):
        """Do something that may write: note it, charge `cost` us, and stop where a cut says so."""
        kernel = self.kernel
        flash = self.flash
        kernel.spend(_CALL_US if op in _ON_HANDLE else _LOOKUP_US)
        flash.begin()
        error = None
        result = None
        try:
            result = fn(*args)
        except OSError as caught:
            error = caught
        if flash.off:
            flash.end()
            kernel.note("file", path, op, n)
            self.cut()
        if error is not None:
            flash.end()
            kernel.note("file", path, op, -error.args[0])
            raise error
        kernel.note("file", path, op, n)
        start = kernel.now_us
        try:
            kernel.busy_us(cost)
        except BaseException:
            flash.rollback(kernel.now_us - start, cost, kernel.now_us)
            raise
        flash.end()
        return result

    def program_us(self, n):
        """Return the time to program `n` bytes."""
        return (n + 255) // 256 * self.kernel.profile.flash_program_us

    def commit_us(self, n=0):
        """Return the time of a commit to a directory's log, with `n` bytes of data inside it."""
        flash = self.flash
        pages = 1 + n // flash.prog
        us = self.program_us(pages * flash.prog)
        self._meta_pages += pages
        if self._meta_pages > flash.block // flash.prog - 2:
            self._meta_pages = pages + 1
            us += self.kernel.profile.flash_erase_us + self.program_us(flash.prog)
        return us

    def blocks_us(self, start, end):
        """Return the time to write the file's bytes [start, end), in whole blocks from start."""
        block = self.flash.block
        first = start // block
        last = (end - 1) // block
        erases = (last - first + 1) * self.kernel.profile.flash_erase_us
        return erases + self.program_us(end - first * block)

    def inline_max(self):
        """Return the size up to which littlefs keeps a file inside its folder (lfs.c)."""
        return min(4 * max(_READ_SIZE, self.flash.prog), self.flash.block // 8)

    # -- the firmware's `open`

    def open(self, path, mode="r", buffering=-1, encoding=None):
        """The builtin: modes r, w, x, a with + and b or t; OSError(ENOENT) for a missing file."""
        path = self.path(path)
        kind, plus, text = _parse(mode)
        if kind == "r":
            cost = 0
        else:
            self.check_space(path, "open")
            cost = self.commit_us()
        name = kind + ("+" if plus else "")
        handle = self.change(path, "open " + name, 0, cost, self.mounted().open, path, name)
        return (TextIOWrapper if text else FileIO)(self, handle, path, kind, plus)

    def check_space(self, path, op, creating=True):
        """Raise OSError(ENOSPC) for a flash that is full by fault; what exists needs no room."""
        if self.flash.full and not (creating and self._exists(path)):
            self.kernel.spend(_LOOKUP_US)
            self.kernel.note("file", path, op, -self.kernel.profile.ENOSPC)
            raise OSError(self.kernel.profile.ENOSPC)

    def _exists(self, path):
        try:
            self.fs.stat(path)
            return True
        except OSError:
            return False

    # -- the host's view: no virtual time, no trace

    def install(self, path, data):
        """Put a file on the flash, with its folders."""
        at = path.find("/", 1)
        while at > 0:
            try:
                self.fs.mkdir(path[:at])
            except OSError:
                pass
            at = path.find("/", at + 1)
        self._host(path, "w", lambda handle: handle.write(_bytes(data)))

    def read(self, path):
        """Return the bytes of a file as they stand on flash."""
        return self._host(path, "r", lambda handle: handle.read())

    def names(self, path="/"):
        """Return the names in a folder."""
        return [entry[0] for entry in self.fs.list(path)]

    def _host(self, path, mode, fn):
        handle = self.fs.open(path, mode)
        try:
            return fn(handle)
        finally:
            handle.close()
            self.fs.forget(handle)


def _parse(mode):
    """Return (kind, plus, text); ValueError for two kinds (extmod/vfs_lfsx_file.c)."""
    kind = None
    plus = False
    text = True
    for c in mode:
        if c in "rwxa":
            if kind or plus:
                raise ValueError
            kind = c
        elif c == "+":
            plus = True
        elif c in "bt":
            text = c == "t"
    return kind or "r", plus, text


def _bytes(data):
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview, array)):
        return bytes(data)
    raise TypeError("object with buffer protocol required")


class FileIO(_Stream):
    """An open file of bytes."""

    _text = False

    def __init__(self, files, handle, path, kind, plus):
        self._files = files
        self._fs = files.fs
        self._handle = handle
        self._path = path
        self._appends = kind == "a"
        self._readable = kind == "r" or plus
        self._writable = kind != "r" or plus
        self._dirty = None  # offset of the first byte that is not yet on flash
        self._end = 0
        if kind == "a" or (kind == "r" and plus):
            handle.seek(0, 2)
            self._end = handle.tell()
            handle.seek(0)

    def __repr__(self):
        return "<io.%s>" % type(self).__name__

    # -- reading

    def read(self, n=-1):
        """Return up to `n` bytes (characters of a text file); everything for -1 or None."""
        return self._value(self._read(-1 if n is None else n))

    def readinto(self, buffer, n=None):
        """Read into `buffer`; returns the count."""
        data = self._read(len(buffer) if n is None else min(n, len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, n=-1):
        """Return a line with its end, at most `n` bytes of it."""
        return self._value(self._line(n))

    def readlines(self, hint=0):
        """Return the remaining lines."""
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self._line(-1)
        if not line:
            raise StopIteration
        return self._value(line)

    def _value(self, data):
        return data

    def _line(self, n):
        handle = self._open()
        out = b""
        while n < 0 or len(out) < n:
            part = self._read(64 if n < 0 else min(64, n - len(out)))
            at = part.find(b"\n") + 1
            if at:
                handle.seek(at - len(part), 1)
                return out + part[:at]
            out += part
            if not part:
                break
        return out

    def _read(self, n):
        handle = self._open()
        files = self._files
        if not self._readable:
            files.kernel.violation("flash", "read of %s, which is open for writing" % self._path)
            return b""
        if files.flash.bad_reads:
            files.flash.bad_reads -= 1
            files.kernel.note("file", self._path, "read", -files.kernel.profile.EIO)
            raise OSError(files.kernel.profile.EIO)
        data = files.guard(handle.read, n)
        files.kernel.spend(_CALL_US + len(data) // _BYTES_PER_US)
        return data

    # -- writing

    def write(self, data):
        """Write str or bytes; returns the count of bytes. OSError(ENOSPC): no room."""
        handle = self._open()
        files = self._files
        data = _bytes(data)
        n = len(data)
        if not self._writable:
            # The port loses it without a word; the count is the whole of it all the same.
            files.kernel.violation("flash", "write to %s, which is open for reading" % self._path)
            return n
        files.check_space(self._path, "write", False)
        return files.change(self._path, "write", n, self._write_us(n), handle.write, data)

    def _write_us(self, n):
        # What fills a block goes to the chip at once; the rest waits for flush or close.
        handle = self._handle
        start = self._end if self._appends else handle.tell()
        end = start + n
        if self._dirty is None or start < self._dirty:
            self._dirty = start
        self._end = max(self._end, end)
        block = self._files.flash.block
        whole = end // block * block
        if whole <= self._dirty // block * block:
            return 0
        us = self._files.blocks_us(self._dirty, whole)
        self._dirty = whole
        return us

    def flush(self):
        """Put what was written on flash."""
        self._sync("flush", self._open().flush)

    def close(self):
        """Put what was written on flash and close; closing again does nothing."""
        handle = self._handle
        if handle is None:
            return
        self._check_mounted()
        self._handle = None
        try:
            self._sync("close", handle.close)
        finally:
            self._fs.forget(handle)

    def _sync(self, op, fn):
        files = self._files
        us = 0
        if self._dirty is not None:
            if self._end <= files.inline_max():
                us = files.commit_us(self._end)
            else:
                us = files.commit_us()
                if self._end > self._dirty:
                    us += files.blocks_us(self._dirty, self._end)
        self._dirty = None
        files.change(self._path, op, 0, us, fn)

    # -- both

    def seek(self, offset, whence=0):
        """Move; returns the new position. OSError(EINVAL) before the start."""
        self._files.guard(self._open().seek, offset, whence)
        return self._handle.tell()

    def tell(self):
        """Return the position in bytes."""
        return self._open().tell()

    def ioctl(self, op, arg):
        """For the VM's own streams."""
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def _open(self):
        if self._handle is None:
            raise ValueError
        self._files.kernel.call()
        self._check_mounted()
        return self._handle

    def _check_mounted(self):
        if self._files.fs is not self._fs:
            raise OSError(self._files.kernel.profile.ENODEV)


class TextIOWrapper(FileIO):
    """An open file of UTF-8 text; line ends are left as they are."""

    _text = True

    def read(self, n=-1):
        """Return up to `n` characters; everything for -1 or None."""
        data = self._read(-1 if n is None else n)
        if n is not None and n > 0:
            # Bytes were read for characters: as many again as there are continuation bytes.
            missing = n - _characters(data)
            while missing and data:
                more = self._read(missing)
                if not more:
                    break
                data += more
                missing = n - _characters(data)
            while data and _incomplete(data):
                more = self._read(1)
                if not more:
                    break
                data += more
        return self._value(data)

    def _value(self, data):
        try:
            return str(data, "utf-8")
        except ValueError:
            raise UnicodeError


def _characters(data):
    return sum([1 for byte in data if byte & 0xC0 != 0x80])


def _incomplete(data):
    """True if the last character of `data` lacks bytes."""
    at = len(data) - 1
    while at and data[at] & 0xC0 == 0x80:
        at -= 1
    lead = data[at]
    need = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    return len(data) - at < need


class _Os:
    """The `os` module of a board."""

    sep = "/"

    def __init__(self, files):
        self._files = files

    def listdir(self, path=""):
        """Return the names in a folder."""
        return [entry[0] for entry in self._list(path)]

    def ilistdir(self, path=""):
        """Iterate over (name, type, inode, size)."""
        out = []
        for name, is_dir, size in self._list(path):
            out.append((name, _S_IFDIR if is_dir else _S_IFREG, 0, size))
        return iter(out)

    def _list(self, path):
        files = self._files
        path = files.path(path)
        return files.look(path, "list", files.mounted().list, path)

    def mkdir(self, path):
        """Make a folder."""
        files = self._files
        path = files.path(path)
        files.check_space(path, "mkdir")
        # A new pair of blocks, and two commits in the parent.
        us = files.kernel.profile.flash_erase_us + files.program_us(1) + 2 * files.commit_us()
        files.change(path, "mkdir", 0, us, files.mounted().mkdir, path)

    def remove(self, path):
        """Remove a file; like the port it also removes an empty folder."""
        self._remove(path, "remove")

    unlink = remove

    def rmdir(self, path):
        """Remove an empty folder; like the port it also removes a file."""
        self._remove(path, "rmdir")

    def _remove(self, path, op):
        files = self._files
        path = files.path(path)
        files.change(path, op, 0, files.commit_us(), files.mounted().remove, path)

    def rename(self, old, new):
        """Rename; a file of the new name is replaced, atomically (RST-18)."""
        files = self._files
        old = files.path(old)
        new = files.path(new)
        us = files.commit_us()
        files.change(old + " " + new, "rename", 0, us, files.mounted().rename, old, new)

    def stat(self, path):
        """Return the ten fields; the times are 0."""
        files = self._files
        path = files.path(path)
        is_dir, size = files.look(path, "stat", files.mounted().stat, path)
        return (_S_IFDIR if is_dir else _S_IFREG, 0, 0, 0, 0, 0, 0 if is_dir else size, 0, 0, 0)

    def statvfs(self, path="/"):
        """Return the ten fields, in blocks."""
        files = self._files
        flash = files.flash
        free = flash.blocks - files.look(files.path(path), "statvfs", files.mounted().used)
        if flash.full:
            free = 0
        return (flash.block, flash.block, flash.blocks, free, free, 0, 0, 0, 0, _NAME_MAX)

    def chdir(self, path):
        """Change the folder that relative paths start from; OSError(ENOENT) if there is none."""
        files = self._files
        path = _clean(files.path(path))
        if path != "/" and not files.look(path, "chdir", files.mounted().stat, path)[0]:
            raise OSError(files.kernel.profile.ENOENT)
        files.cwd = path

    def getcwd(self):
        """Return the current folder."""
        self._files.kernel.call()
        return self._files.cwd

    def sync(self):
        """Nothing to do: littlefs holds nothing back but what is in open files."""
        self._files.kernel.call()

    def urandom(self, n):
        """Return `n` bytes drawn from the run's seed."""
        kernel = self._files.kernel
        kernel.call()
        return bytes([kernel.random.bits(8) for _ in range(n)])

    def uname(self):
        """Return (sysname, nodename, release, version, machine)."""
        kernel = self._files.kernel
        kernel.call()
        name = kernel.profile.platform
        return _Uname(name, name, "1.29.0", "v1.29.0 (simulated)", kernel.profile.machine)

    def dupterm(self, stream=None, index=0):
        """There is no second console; returns None."""
        self._files.kernel.call()

    def mount(self, fs, path, readonly=False, mkfs=False):
        """See vfs.mount."""
        self._files.vfs_module.mount(fs, path)

    def umount(self, path):
        """See vfs.umount."""
        self._files.vfs_module.umount(path)


def _clean(path):
    """Return an absolute path without `.`, `..` and doubled slashes."""
    out = []
    for part in path.split("/"):
        if part == "..":
            out = out[:-1]
        elif part and part != ".":
            out.append(part)
    return "/" + "/".join(out)


class _Vfs:
    """The `vfs` module: the one file system, on the board's own flash."""

    def __init__(self, files):
        self._files = files

        class VfsLfs2:
            """littlefs on `bdev`; the board's own flash is the only block device here."""

            def __init__(self, bdev, readsize=_READ_SIZE, progsize=32, lookahead=_LOOKAHEAD):
                files.kernel.call()

            @staticmethod
            def mkfs(bdev, readsize=_READ_SIZE, progsize=32, lookahead=_LOOKAHEAD):
                files.change("/", "format", 0, 2 * files.commit_us(), files.format)

        self.VfsLfs2 = VfsLfs2

    def mount(self, fs, path, readonly=False, mkfs=False):
        """Mount at "/"; OSError(EPERM) if something is mounted there."""
        files = self._files
        files.kernel.call()
        if files.fs is not None or path != "/":
            raise OSError(files.kernel.profile.EPERM)
        files.cwd = "/"
        files.attach()

    def umount(self, path):
        """Unmount; OSError(EINVAL) if nothing is mounted there."""
        files = self._files
        files.kernel.call()
        if files.fs is None or path != "/":
            raise OSError(files.kernel.profile.EINVAL)
        files.abandon()
