"""Writes a small file whole or not at all."""

import os


def write_atomic(path, text):
    """Replace the file `path` by one that holds `text`, or leave it as it was. Raises OSError."""
    new = path + ".new"
    try:
        with open(new, "w") as file:
            file.write(text)
        os.rename(new, path)
    except OSError:
        try:
            os.remove(new)  # half a file would only take room
        except OSError:
            pass
        raise
