"""Numbers: ints, their sizes and conversions, rounding (NUM-02 to NUM-05, NUM-19, NUM-20)."""

import micropython

ITEMS = {
    "NUM_02": ("both", ("vm", "lint"), ()),
    "NUM_03": ("both", ("vm", "lint"), ()),
    "NUM_04": ("both", ("vm", "lint"), ()),
    "NUM_05": ("both", "vm", ()),
    "NUM_19": ("both", ("kernel", "vm", "float32", "lint"), ()),
    "NUM_20": ("both", ("vm", "lint"), ()),
}


def locked(fn, a, b):
    """Call fn(a, b) with the heap locked, as in a hard handler; True if it had to allocate."""
    micropython.heap_lock()
    try:
        fn(a, b)
        return False
    except MemoryError:
        return True
    finally:
        micropython.heap_unlock()


def add(a, b):
    return a + b


def multiply(a, b):
    return a * b


def largest():
    """Return the largest small int: 2**30 - 1 where words have 32 bits."""
    import sys

    return sys.maxsize >> 1


def NUM_02(board):
    most = largest()
    assert board.port == "vm" or most == (1 << 30) - 1, most
    assert not locked(add, most - 1, 1), "%d is a heap object" % most
    assert locked(add, most, 1), "%d is none" % (most + 1)
    assert not locked(add, -most, -1), "%d is a heap object" % (-most - 1)
    assert locked(add, -most - 1, -1), "%d is none" % (-most - 2)
    assert locked(multiply, most, 2)
    assert most + 1 - most == 1, "it wraps"


def average(samples, _):
    total = 0
    for sample in samples:
        total += sample
    return total / len(samples)


def whole_average(samples, _):
    total = 0
    for sample in samples:
        total += sample
    return total // len(samples)


def NUM_03(board):
    samples = [1, 2, 4]
    assert locked(average, samples, None), "a float needs no heap"
    assert locked(add, 1.5, 1)
    assert not locked(whole_average, samples, None)
    assert not locked(max, 1.5, 2.5), "comparing floats makes one"


def NUM_04(board):
    assert int.from_bytes(b"\xff", "big", True) == 255, "the third argument means something"
    assert int.from_bytes(b"\xff\xfe", "little") == 0xFEFF
    board.raises(TypeError, lambda: int.from_bytes(b"\xff", "big", signed=True))
    board.raises(TypeError, lambda: int.from_bytes(bytes=b"\xff", byteorder="big"))
    import struct

    assert struct.unpack(">b", b"\xff")[0] == -1


def NUM_05(board):
    board.raises(OverflowError, lambda: (-1).to_bytes(2, "big"))
    board.raises(OverflowError, lambda: (256).to_bytes(1, "big"))
    board.raises(OverflowError, lambda: (128).to_bytes(1, "big", signed=True))
    assert (-2).to_bytes(2, "big", signed=True) == b"\xff\xfe"
    assert (0x1234).to_bytes(2, "little") == b"\x34\x12"


def NUM_19(board):
    got = [round(x) for x in (0.5, 1.5, 2.5, -0.5, -1.5, 3.5)]
    assert got == [0, 2, 2, 0, -2, 4], got
    assert round(2.567, 1) == 2.6
    if 16777217.0 == 16777216.0:  # single precision
        for text, value in (("3.1415927", 3.14159265358979), ("0.33333334", 1 / 3)):
            assert str(value) == text, str(value)
        assert str(100.0) == "100.0" and str(1e10) == "10000000000.0", str(1e10)
        assert "%s" % (2 / 3) == "0.6666667", 2 / 3


def NUM_20(board):
    data, other, buffer = b"abcdef", b"abc", bytearray(6)
    view = memoryview(buffer)
    big = memoryview(bytearray(4000))

    def cut(what, _):
        return what[1:4]

    def compare_part(what, other):
        return what[:3] == other

    def compare_one(what, at):
        return what[at] == 97

    for what in (data, buffer, view):
        assert locked(cut, what, None), "a slice of %s allocates nothing" % type(what).__name__
    assert locked(compare_part, data, other), "comparing a slice allocates nothing"
    assert not locked(compare_one, data, 0), "comparing a byte allocates"
    part = view[1:4]
    part[0] = 7
    assert buffer[1] == 7, "a slice of a memoryview is a copy"
    try:
        import gc

        gc.collect()
        before = gc.mem_free()
        half = big[0:2000]
        took = before - gc.mem_free()
        assert took < 1000 and len(half) == 2000, took
    except AttributeError:
        board.skip("no gc.mem_free")
