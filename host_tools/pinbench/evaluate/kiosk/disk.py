"""A disk in memory for the journal: what littlefs promises, and no more.

What is written to a file is there after a flush or a close, whole; what was not is lost when the
power goes. The power can be cut before or after any commit.
"""

from pinbench.simulator.oserror import OSError as PortError

ENOENT, EIO, EEXIST, ENOSPC = 2, 5, 17, 28


class PowerCut(BaseException):
    """The processor has stopped; no `except` of the firmware may catch this."""


class Disk:
    """Files as bytes. `commits` counts; `cut_at(n)` stops at the n-th commit from now."""

    def __init__(self):
        self.files = {}
        self.folders = set()
        self.commits = 0
        self.full = False
        self.off = False
        self._cut = None

    def cut_at(self, n, after=False):
        """Cut the power at the n-th commit from now, before it or after it."""
        self._cut = [n, after]

    def power_on(self):
        """A new boot."""
        self.off = False
        self._cut = None

    def commit(self, change):
        """Make one atomic change."""
        if self.off:
            raise PowerCut
        if self.full:
            raise PortError(ENOSPC)
        after = True
        if self._cut is not None:
            self._cut[0] -= 1
            if not self._cut[0]:
                after = self._cut[1]
                self.off = True
        if after:
            change()
            self.commits += 1
        if self.off:
            raise PowerCut

    # -- the firmware's `os` and `open`

    def mkdir(self, path):
        if path in self.folders:
            raise PortError(EEXIST)
        self.commit(lambda: self.folders.add(path))

    def listdir(self, path):
        head = path + "/"
        return sorted(name[len(head) :] for name in self.files if name.startswith(head))

    def remove(self, path):
        if path not in self.files:
            raise PortError(ENOENT)
        full, self.full = self.full, False  # removing needs no room
        try:
            self.commit(lambda: self.files.pop(path))
        finally:
            self.full = full

    def open(self, path, mode="r"):
        if mode == "rb":
            if path not in self.files:
                raise PortError(ENOENT)
            return File(self, path)
        assert mode == "ab"
        if path not in self.files:
            self.commit(lambda: self.files.setdefault(path, b""))
        return File(self, path)


class File:
    """An open file: reads what is committed, or appends."""

    def __init__(self, disk, path):
        self._disk = disk
        self._path = path
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self):
        return self._disk.files[self._path]

    def write(self, data):
        self._pending += bytes(data)
        return len(data)

    def flush(self):
        if self._pending:
            # Taken first: what a failed commit held is gone, as a full littlefs leaves it.
            data, self._pending = self._pending, b""
            whole = self._disk.files[self._path] + data
            self._disk.commit(lambda: self._disk.files.__setitem__(self._path, whole))

    def close(self):
        self.flush()
