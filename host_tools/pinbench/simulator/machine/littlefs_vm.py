"""littlefs on the real VM: its own `vfs.VfsLfs2` over the simulated flash (VM only)."""

import vfs  # pyright: ignore[reportMissingImports]


class _BlockDevice:
    """The block protocol of MicroPython over a Flash; errors are returned, never raised."""

    def __init__(self, flash):
        self._flash = flash

    def readblocks(self, block, buffer, offset=0):
        buffer[:] = self._flash.read(block, offset, len(buffer))
        return 0

    def writeblocks(self, block, buffer, offset=0):
        return self._flash.program(block, offset, buffer)

    def ioctl(self, op, arg):
        if op == 4:
            return self._flash.blocks
        if op == 5:
            return self._flash.block
        if op == 6:
            return self._flash.erase(arg)
        return 0


class Littlefs:
    """See littlefs_host.Littlefs; the interface is the same.

    `cache_size` and `block_cycles` are what the VM takes by itself. Times of files are not kept:
    the VM would take them from the machine that it runs on.
    """

    def __init__(self, flash, read_size, cache_size, lookahead, block_cycles):
        self._device = _BlockDevice(flash)
        self._options = {"readsize": read_size, "progsize": flash.prog, "lookahead": lookahead}
        self._fs = None
        self._open = []  # a file that the collector found would be closed, and so written, then

    def mkfs(self):
        vfs.VfsLfs2.mkfs(self._device, **self._options)

    def mount(self):
        self._fs = vfs.VfsLfs2(self._device, mtime=False, **self._options)

    def abandon(self, closing):
        """The processor has stopped: close what is open, so that no finaliser does it later."""
        for handle in self._open:
            try:
                handle.close()
            except OSError:
                pass
        self._open = []

    def open(self, path, mode):
        handle = self._fs.open(path, mode + "b")
        self._open.append(handle)
        return handle

    def forget(self, handle):
        """A file has been closed."""
        self._open = [h for h in self._open if h is not handle]

    def mkdir(self, path):
        self._fs.mkdir(path)

    def remove(self, path):
        self._fs.remove(path)

    def rename(self, old, new):
        self._fs.rename(old, new)

    def stat(self, path):
        """Return (is a directory, size)."""
        found = self._fs.stat(path)
        is_dir = found[0] == 0x4000
        return is_dir, 0 if is_dir else found[6]

    def list(self, path):
        """Return [(name, is a directory, size)] in the directory's own order."""
        return [(e[0], e[1] == 0x4000, e[3]) for e in self._fs.ilistdir(path)]

    def used(self):
        """Return the number of blocks in use."""
        found = self._fs.statvfs("/")
        return found[2] - found[3]
