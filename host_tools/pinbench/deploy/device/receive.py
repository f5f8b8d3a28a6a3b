"""Takes what the host sends into a slot (VM only; change.py is sent before it)."""

import json

from change import create
from look import feed, manifest


def receive(top, packed):
    """Write the records in `packed`, deflated; returns their number.

    A record is: length of the path (1 byte), path, offset in the file (4 bytes, little-endian),
    length (4 bytes), data. Offset 0 begins the file anew, another one goes on with it. The files
    lie below the folder `top`. Raises ValueError if the stream ends too early.
    """
    stream = inflate(packed)  # noqa: F821 (defined when the connection was made)
    view = memoryview(bytearray(1024))
    count = 0
    while True:
        n = stream.read(1)
        if not n:
            return count
        path = top + "/" + stream.read(n[0]).decode()
        offset = int.from_bytes(stream.read(4), "little")
        left = int.from_bytes(stream.read(4), "little")
        with open(path, "ab") if offset else create(path) as file:
            while left:
                feed()
                n = stream.readinto(view[: min(left, 1024)])
                if not n:
                    raise ValueError("the data of %s ended too early" % path)
                file.write(view[:n])
                left -= n
        count += 1


def same(slot, text):
    """True if a slot's manifest differs from `text` in nothing that runs: in its commit, say."""
    found, wanted = manifest(slot), json.loads(text)
    for table in (found, wanted):
        for key in ("commit", "version", "id"):
            table.pop(key, None)
    return found == wanted
