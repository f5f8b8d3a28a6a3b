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

from pinbench.simulator.machine.fileio import CALL_US, FileIO, TextIOWrapper, to_bytes
from pinbench.simulator.machine.flash import Flash
from pinbench.simulator.machine.osmod import LOOKAHEAD, READ_SIZE, OsModule, VfsModule
from pinbench.simulator.oserror import OSError

if sys.implementation.name == "micropython":
    from pinbench.simulator.machine.littlefs_vm import Littlefs
else:
    from pinbench.simulator.machine.littlefs_host import Littlefs

__all__ = ("Flash", "make_files")

_BLOCK_CYCLES = 100
_LOOKUP_US = 200  # of a path: an estimate, for lack of a measurement
_ON_HANDLE = ("write", "flush", "close")


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
        self.opened = []
        self.os_module = OsModule(self)
        self.vfs_module = VfsModule(self)

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
        cache = 4 * max(READ_SIZE, self.flash.prog)
        return Littlefs(self.flash, READ_SIZE, cache, LOOKAHEAD, _BLOCK_CYCLES)

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
        kernel.spend(CALL_US if op in _ON_HANDLE else _LOOKUP_US)
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
        return min(4 * max(READ_SIZE, self.flash.prog), self.flash.block // 8)

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
        file = (TextIOWrapper if text else FileIO)(self, handle, path, kind, plus)
        self.opened.append(file)
        return file

    def finalise(self):
        """A soft reset: the collector's finalisers close what is open (RST-09)."""
        if self.fs is not None:
            for file in list(self.opened):
                file.close()

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
        self._host(path, "w", lambda handle: handle.write(to_bytes(data)))

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
