"""Taking over a board with files of someone else: they are copied to this computer first."""

import hashlib
import time
from pathlib import Path

from pinbench.errors import PinbenchError


def copy(link, board, paths, parent=None):
    """Copy `paths` from the board into a new folder, verified by hash; return a line that says so.

    Nothing is taken off the board here. Raises PinbenchError; then there is nothing to undo.
    """
    folder = _new_folder(Path(parent or "."), board.name)
    for path in paths:
        data = bytes(link.read_file(path))
        if hashlib.sha256(data).hexdigest() != link.ask(f"digest({path!r})"):
            raise PinbenchError(f"{path} did not arrive whole: nothing was changed, try again")
        target = folder / path.lstrip("/")
        if not target.resolve().is_relative_to(folder.resolve()):
            raise PinbenchError(f"{path!r} on the board is no path that can be copied")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return f"adopted: {len(paths)} files of the board are in {folder}"


def _new_folder(parent, board):
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(100):
        folder = parent / f"adopted-{board}-{stamp}{f'-{number}' if number else ''}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
    raise PinbenchError(f"no new folder can be made in {parent}")
