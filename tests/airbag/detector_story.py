"""Streams through the detector with the heap locked, told in numbers; runs on both interpreters.

Arguments: the firmware's folder. Prints a checksum of all features, scores and answers a stream.
"""

import sys

sys.path.insert(0, sys.argv[1])

import binascii  # noqa: E402
from array import array  # noqa: E402

try:
    import micropython  # pyright: ignore[reportMissingImports]
except ImportError:
    import types

    micropython = types.ModuleType("micropython")
    vars(micropython).update(const=lambda value: value, heap_lock=lambda: 0)
    vars(micropython).update(heap_unlock=lambda: 0)
    sys.modules["micropython"] = micropython

from airbag.detector import Detector  # noqa: E402  # pyright: ignore[reportMissingImports]

SAMPLES = 1500
STREAMS = ("noise", "ends", "quiet", "gait", "drop", "tumble", "shaken")


def stream(name, out):
    """Fill out with SAMPLES rows of six int16."""
    state = 12345
    for k in range(SAMPLES):
        for axis in range(6):
            state = (state * 1103515245 + 12345) & 0x3FFFFFFF
            noise = (state >> 12) % 65536 - 32768
            rest = -2049 if axis == 1 else 0
            if name == "noise":
                value = noise
            elif name == "ends":
                value = 32767 if noise > 0 else -32768
            elif name == "quiet":
                value = rest + noise // 4096
            elif name == "gait":
                swing = (k * (3 if axis == 1 else 2)) % 100
                value = rest + (swing - 50) * 20 + noise // 512
            elif name == "drop":
                value = rest if k < 700 or axis > 2 else noise // 1024 + (2000 if axis == 3 else 0)
            elif name == "tumble":
                value = rest if k < 500 else noise // 64
            else:
                value = -32768 if k % 2 else 32767
            out[6 * k + axis] = value


def play(detector, rows, scores, fires):
    sums = 0
    for k in range(SAMPLES):
        at = 6 * k
        fired = detector.step(
            rows[at], rows[at + 1], rows[at + 2], rows[at + 3], rows[at + 4], rows[at + 5]
        )
        scores[k] = detector._d[2]
        fires[k] = (1 if fired else 0) + 2 * detector._d[3] + 4 * detector._d[4]
        for value in detector._x:
            sums = (sums * 31 + value) & 0xFFFFFF
    return sums


def main():
    detector = Detector()
    rows = array("h", [0] * (6 * SAMPLES))
    scores = array("i", [0] * SAMPLES)
    fires = bytearray(SAMPLES)
    for name in STREAMS:
        stream(name, rows)
        detector.wear()
        detector.start(rows[0], rows[1], rows[2])
        micropython.heap_lock()
        try:
            sums = play(detector, rows, scores, fires)
        finally:
            micropython.heap_unlock()
        print(name, sums, binascii.crc32(bytes(scores)), binascii.crc32(bytes(fires)), max(fires))
        print(name, list(detector._s[51:60]))


if __name__ == "__main__":
    main()
