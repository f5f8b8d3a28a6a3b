"""The flash of a virtual board: an image file, written before an operation is acknowledged."""

import mmap
import os
from pathlib import Path

from pinbench.errors import UsageError
from pinbench.simulator.machine.flash import Flash

_ERASED = b"\xff" * (1 << 16)


class ImageFlash(Flash):
    """A Flash whose bytes are those of the file `path`, made blank if there is none.

    The file is mapped, so that what has been programmed is the system's to keep: neither a killed
    VM nor a killed supervisor loses it. Raises UsageError for a file of another size.
    """

    def __init__(self, path, size, block, prog):
        super().__init__(size, block, prog)
        self.path = Path(path)
        try:
            if not self.path.exists() or not self.path.stat().st_size:
                _make_blank(self.path, size)
            found = self.path.stat().st_size
            if found != size:
                raise UsageError(
                    f"{path} has {found} bytes, but the board's file system has {size}: name "
                    "another image, or the board that it was made for (--stands-for)"
                )
            with open(self.path, "r+b") as file:
                self._data = mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise UsageError(f"{path} cannot be used as an image: {error.strerror}") from None

    def cut_off(self):
        """Take back a cut that has not come."""
        self._cut = None

    def close(self):
        """Write everything through to the file."""
        self._data.flush()
        self._data.close()

    def read(self, block, offset, n):
        """Return `n` bytes: a copy, since a view would keep the map open."""
        at = block * self.block + offset
        return self._data[at : at + n]


def _make_blank(path, size):
    beside = path.with_name(path.name + ".new")
    with open(beside, "wb") as file:
        for at in range(0, size, len(_ERASED)):
            file.write(_ERASED[: size - at])
    os.replace(beside, path)  # a half-made image would be taken for one of another board
