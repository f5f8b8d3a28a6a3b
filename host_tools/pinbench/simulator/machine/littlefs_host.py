"""littlefs on CPython: littlefs-python over the simulated flash (host only).

Its version asserts what the VM's does not, and an assert ends the process: files.py therefore asks
nothing of a file that its mode forbids, and after a cut nothing at all.
"""

from littlefs import lfs
from littlefs.errors import LittleFSError

from pinbench.simulator.oserror import OSError

_RDONLY, _WRONLY, _RDWR = 1, 2, 3
_CREAT, _EXCL, _TRUNC, _APPEND = 0x100, 0x200, 0x400, 0x800
_FLAGS = {
    "r": _RDONLY,
    "w": _WRONLY | _CREAT | _TRUNC,
    "x": _WRONLY | _CREAT | _EXCL,
    "a": _WRONLY | _CREAT | _APPEND,
}


class _Context:
    """The hooks that littlefs-python calls; they must not raise."""

    def __init__(self, flash):
        self._flash = flash

    def read(self, cfg, block, off, size):
        return bytes(self._flash.read(block, off, size))

    def prog(self, cfg, block, off, data):
        return self._flash.program(block, off, data)

    def erase(self, cfg, block):
        return self._flash.erase(block)

    def sync(self, cfg):
        return 0


def _errno(fn, *args, **kwargs):
    try:
        return fn(*args, **kwargs)
    except LittleFSError as error:
        raise OSError(-error.code) from None


class Littlefs:
    """One mounted file system; raises OSError with the port's numbers."""

    def __init__(self, flash, read_size, cache_size, lookahead, block_cycles):
        self._fs = lfs.LFSFilesystem()
        self._open = {}  # littlefs keeps pointers to open files: they must outlive their use
        self._cfg = lfs.LFSConfig(
            _Context(flash),
            block_size=flash.block,
            block_count=flash.blocks,
            read_size=read_size,
            prog_size=flash.prog,
            block_cycles=block_cycles,
            cache_size=cache_size,
            lookahead_size=lookahead,
        )

    def mkfs(self):
        _errno(lfs.format, lfs.LFSFilesystem(), self._cfg)

    def mount(self):
        _errno(lfs.mount, self._fs, self._cfg)

    def abandon(self, closing):
        """The processor has stopped. `closing`: close what is open, to give back its memory."""
        if closing:
            for handle in self._open.values():
                handle.close()
        lfs.unmount(self._fs)

    def open(self, path, mode):
        flags = _FLAGS[mode[0]] | (_RDWR if "+" in mode else 0)
        file = _errno(lfs.file_open, self._fs, path, flags, filename_encoding="utf-8")
        handle = _Handle(self._fs, file)
        self._open[id(handle)] = handle
        return handle

    def forget(self, handle):
        """A file has been closed."""
        self._open.pop(id(handle), None)

    def mkdir(self, path):
        _errno(lfs.mkdir, self._fs, path, filename_encoding="utf-8")

    def remove(self, path):
        _errno(lfs.remove, self._fs, path, filename_encoding="utf-8")

    def rename(self, old, new):
        _errno(lfs.rename, self._fs, old, new, filename_encoding="utf-8")

    def stat(self, path):
        """Return (is a directory, size)."""
        info = _errno(lfs.stat, self._fs, path, filename_encoding="utf-8")
        return info.type == lfs.LFSStat.TYPE_DIR, info.size

    def list(self, path):
        """Return [(name, is a directory, size)] in the directory's own order."""
        directory = _errno(lfs.dir_open, self._fs, path, filename_encoding="utf-8")
        out = []
        while True:
            info = _errno(lfs.dir_read, self._fs, directory, filename_encoding="utf-8")
            if not info:
                break
            if info.name not in (".", ".."):
                out.append((info.name, info.type == lfs.LFSStat.TYPE_DIR, info.size))
        lfs.dir_close(self._fs, directory)
        return out

    def used(self):
        """Return the number of blocks in use as VfsLfs2 counts: a folder's two blocks twice."""
        return _errno(lfs.fs_size, self._fs) + 2 * self._folders("")

    def _folders(self, path):
        count = 0
        for name, is_dir, _ in self.list(path or "/"):
            if is_dir:
                count += 1 + self._folders(path + "/" + name)
        return count


class _Handle:
    """An open file of bytes."""

    def __init__(self, fs, file):
        self._fs = fs
        self._file = file

    def read(self, n=-1):
        if n < 0:
            n = max(0, lfs.file_size(self._fs, self._file) - self.tell())
        return _errno(lfs.file_read, self._fs, self._file, n)

    def write(self, data):
        return _errno(lfs.file_write, self._fs, self._file, bytes(data))

    def seek(self, offset, whence=0):
        return _errno(lfs.file_seek, self._fs, self._file, offset, whence)

    def tell(self):
        return _errno(lfs.file_tell, self._fs, self._file)

    def flush(self):
        _errno(lfs.file_sync, self._fs, self._file)

    def close(self):
        _errno(lfs.file_close, self._fs, self._file)
