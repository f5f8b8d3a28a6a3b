"""Open files as the firmware sees them: bytes and UTF-8 text over a handle of the file system."""

import sys
from array import array

from pinbench.simulator.oserror import OSError

if sys.implementation.name == "micropython":
    import io

    _Stream = io.IOBase  # so that the VM's json and print can use the file
else:
    _Stream = object

# Reading is memory access and Python: estimates, for lack of a measurement.
CALL_US = 20
_BYTES_PER_US = 8


def to_bytes(data):
    """Return str (as UTF-8) or anything with a buffer as bytes; TypeError for the rest."""
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
        files.kernel.spend(CALL_US + len(data) // _BYTES_PER_US)
        return data

    # -- writing

    def write(self, data):
        """Write str or bytes; returns the count of bytes. OSError(ENOSPC): no room."""
        handle = self._open()
        files = self._files
        data = to_bytes(data)
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
        self._files.opened.remove(self)
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
