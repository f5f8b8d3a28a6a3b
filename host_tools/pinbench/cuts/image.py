"""A LittleFS image read outside the firmware, by littlefs-python: it tells whether it is whole."""

from littlefs import lfs
from littlefs.errors import LittleFSError

from pinbench.errors import PinbenchError


class ImageError(PinbenchError):
    """The image holds no file system that can be read; the text says why."""


class _ReadOnly:
    """The hooks of littlefs-python over an image that nothing may write."""

    def __init__(self, image):
        self._image = image

    def read(self, cfg, block, off, size):
        at = block * cfg.block_size + off
        return bytes(self._image[at : at + size])

    def prog(self, cfg, block, off, data):
        return -30  # EROFS

    def erase(self, cfg, block):
        return -30

    def sync(self, cfg):
        return 0


def read_files(image, shape, folder=""):
    """Return path -> bytes of all files in `image`, whose form is the cuts.lives.Geometry `shape`.

    `folder`: only of those below it, one of the root's, as "/ledger". Raises ImageError for what
    littlefs cannot read, or finds damaged.
    """
    fs = lfs.LFSFilesystem()
    # How much is read at a time is the reader's own affair; the units of the writer are not.
    config = lfs.LFSConfig(
        _ReadOnly(image),
        block_size=shape.block,
        block_count=shape.size // shape.block,
        read_size=shape.program,
        prog_size=shape.program,
        cache_size=shape.block,
    )
    found = {}
    try:
        lfs.mount(fs, config)
        _read_folder(fs, "", found, folder)
        lfs.unmount(fs)
    except LittleFSError as error:
        raise ImageError(f"littlefs cannot read the image: {error}") from None
    return found


def _read_folder(fs, path, found, only):
    folder = lfs.dir_open(fs, path or "/", filename_encoding="utf-8")
    entries = []
    while entry := lfs.dir_read(fs, folder, filename_encoding="utf-8"):
        if entry.name not in (".", ".."):
            entries.append(entry)
    lfs.dir_close(fs, folder)
    for entry in entries:
        name = f"{path}/{entry.name}"
        if not f"{name}/".startswith(f"{only}/"):
            continue
        if entry.type == lfs.LFSStat.TYPE_DIR:
            _read_folder(fs, name, found, only)
        else:
            file = lfs.file_open(fs, name, "r", filename_encoding="utf-8")
            found[name] = lfs.file_read(fs, file, entry.size)
            lfs.file_close(fs, file)
