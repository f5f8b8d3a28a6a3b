"""Files into packets for a board: deflated records, each packet small enough for its heap."""

import struct

from pinbench.deploy import snippets

_MOST = 12 * 1024  # bytes before compression; more gains little


def packet_bytes(heap_bytes):
    """Return how many bytes, before compression, a packet may hold on a board with this heap.

    While it is parsed, a packet lies on the heap up to four times (the source read, its growth,
    the constant, the window), and nothing of the firmware does.
    """
    return min(_MOST, heap_bytes // 12)


def packets(files, paths, limit):
    """Yield (packed, bytes of files in it) for `paths` of `files`, `limit` bytes before packing.

    The records are those of device/receive.py. A file may begin in one packet and end in another.
    """
    pending = bytearray()
    carried = 0
    for path in paths:
        data, at = files[path], 0
        while True:
            head = bytes((len(path),)) + path.encode()
            room = limit - len(pending) - len(head) - 8
            if room < min(64, len(data) - at):
                yield snippets.deflate(bytes(pending)), carried
                pending, carried = bytearray(), 0
                continue
            piece = data[at : at + room]
            pending += head + struct.pack("<II", at, len(piece)) + piece
            carried += len(piece)
            at += len(piece)
            if at >= len(data):
                break
    if pending:
        yield snippets.deflate(bytes(pending)), carried


def send(link, top, files, paths, heap_bytes, progress=lambda done, total: None):
    """Write `paths` of `files` below the folder `top` on the board."""
    total = sum(len(files[path]) for path in paths)
    done = 0
    link.load("look", "change", "receive")
    for packed, carried in packets(files, paths, packet_bytes(heap_bytes)):
        call = f"receive({top!r},".encode() + snippets.literal(packed) + b")"
        link.run(call)
        done += carried
        progress(done, total)
