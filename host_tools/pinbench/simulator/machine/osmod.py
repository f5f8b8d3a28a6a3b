"""The modules `os` and `vfs` of a board, over the Files of one boot."""

from collections import namedtuple

from pinbench.simulator.oserror import OSError

READ_SIZE = 32
LOOKAHEAD = 32
_NAME_MAX = 255
_S_IFDIR = 0x4000
_S_IFREG = 0x8000

_Uname = namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))


class OsModule:
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


class VfsModule:
    """The `vfs` module: the one file system, on the board's own flash."""

    def __init__(self, files):
        self._files = files

        class VfsLfs2:
            """littlefs on `bdev`; the board's own flash is the only block device here."""

            def __init__(self, bdev, readsize=READ_SIZE, progsize=32, lookahead=LOOKAHEAD):
                files.kernel.call()

            @staticmethod
            def mkfs(bdev, readsize=READ_SIZE, progsize=32, lookahead=LOOKAHEAD):
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
