"""A file of the device, piece by piece (VM only)."""

import os
from binascii import b2a_base64

from look import feed


def size(path):
    """Return the bytes of a file, None if there is none."""
    try:
        return os.stat(path)[6]
    except OSError:
        return None


def piece(path, at, count):
    """Return `count` bytes of a file from `at` on, fewer at its end, as base64."""
    feed()
    with open(path, "rb") as file:
        file.seek(at)
        return b2a_base64(file.read(count)).decode().strip()
