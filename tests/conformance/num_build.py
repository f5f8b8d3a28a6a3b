"""What depends on the build: precision, syntax, viper, stack, heap, import (NUM-01, 09, 14-18)."""

import gc

ITEMS = {
    "NUM_01": ("both", ("float32", "lint"), ()),
    "NUM_09": ("both", ("vm", "lint"), ()),
    "NUM_14": ("both", ("vm", "lint"), ()),
    "NUM_15": ("both", ("vm", "lint"), ()),
    "NUM_16": ("both", ("kernel", "vm", "lint"), ()),
    "NUM_17": ("both", "vm", ()),
    "NUM_18": ("both", ("kernel", "vm", "lint"), ()),
}


def NUM_01(board):
    assert 16777217.0 == 16777216.0
    one = 16777216.0
    assert one + 1 == one and one + 2 != one
    clock = 1795528117
    assert str(clock + 0.5) == "1795528100.0", clock + 0.5
    assert int(clock + 0.5) == 1795528064, int(clock + 0.5)
    assert clock + 0.5 == clock + 60.0, "neighbours are not 128 apart"
    assert str(0.1 + 0.2) == "0.3", 0.1 + 0.2
    assert 0.1 + 0.7 != 0.8 or 0.1 + 0.2 == 0.3


def compiled(text):
    exec(compile(text, "text", "exec"), {})


def NUM_09(board):
    x = 3
    assert f"{x}, {x=}, {x!r:>3}, {x + 1:04d}" == "3, x=3,   3, 0004"
    for text in (
        "match 3:\n case 3: pass",
        "def f(a, /): pass",
        "try: pass\nexcept* ValueError: pass",
        "x = [*range(3), 4]",
        "x = {**{1: 2}, 3: 4}",
    ):
        board.raises(SyntaxError, compiled, text)
    board.raises(TypeError, compiled, "class A(metaclass=type): pass")
    board.raises(NotImplementedError, compiled, 'x = "\\N{BULLET}"')
    try:
        raise ValueError(1)
    except ValueError as error:
        assert not hasattr(error, "__cause__") and not hasattr(error, "__context__")
    board.raises(NameError, compiled, "ExceptionGroup")


VIPER = """
import micropython
@micropython.viper
def multiply(a: int, b: int) -> int:
    return a * b
@micropython.native
def halve(a):
    return a / 2
"""


def NUM_14(board):
    import sys

    names = {}
    try:
        exec(VIPER, names)
    except (SyntaxError, ValueError):
        board.skip("this build has no native code")
    high = (sys.maxsize >> 1) + 1  # half of a machine word
    assert names["multiply"](high, 2) < 0, "viper's ints do not wrap"
    assert names["multiply"](high, 4) == 0
    assert names["multiply"](6, 7) == 42 and names["halve"](3) == 1.5
    text = "import micropython\n@micropython.viper\ndef f(a: int):\n    yield a"
    board.raises(NotImplementedError, compiled, text)


def down(n):
    return down(n + 1)


def NUM_15(board):
    error = board.raises(RuntimeError, down, 0)
    assert str(error) == "maximum recursion depth exceeded", error


def NUM_16(board):
    gc.collect()
    total = gc.mem_free() + gc.mem_alloc()
    if board.chip == "rp2040":
        assert 180 * 1024 <= total <= 200 * 1024, total
    elif board.chip in ("esp32", "esp32s3"):
        assert total >= 100 * 1024, total
    if not board.real:
        return  # the bench's heap is the host's: it breaks into no pieces
    size = gc.mem_free() // 64
    kept = []
    try:
        while len(kept) < 200:
            kept.append(bytearray(size))
    except MemoryError:
        pass
    for n in range(0, len(kept), 2):
        kept[n] = None
    gc.collect()
    assert gc.mem_free() > 4 * size, gc.mem_free()
    board.raises(MemoryError, bytearray, gc.mem_free() - 2 * size)


class Texts:
    """A file system of made-up files, so that nothing is written."""

    def __init__(self, **files):
        self.files = files

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        name = path.strip("/").replace(".", "_")
        if name not in self.files:
            raise OSError(2)
        return (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def open(self, path, mode):
        import io

        return io.BytesIO(self.files[path.strip("/").replace(".", "_")])


def NUM_17(board):
    import sys

    import vfs

    count = 3000
    source = "".join(["name%d = [%d]\n" % (n, n) for n in range(count)]).encode()
    mpy = getattr(sys.implementation, "_mpy", 0) & 0xFF
    old = bytes([ord("M"), mpy - 1, 0, 31, 0, 0])
    vfs.mount(Texts(large_py=source, old_mpy=old, small_py=b"x = 3\n"), "/texts")
    sys.path.append("/texts")
    try:
        assert __import__("small").x == 3
        error = board.raises(ValueError, __import__, "old")
        assert "incompatible .mpy" in str(error), error
        gc.collect()
        blocks = []
        while gc.mem_free() > 5 * len(source):
            try:
                blocks.append(bytearray(max(2000, gc.mem_free() // 4)))
            except MemoryError:
                break
        board.raises(MemoryError, __import__, "large")
    finally:
        blocks = None
        sys.path.pop()
        vfs.umount("/texts")


def NUM_18(board):
    import hashlib
    import os
    import random

    one, other = os.urandom(16), os.urandom(16)
    assert len(one) == 16 and one != other
    digest = hashlib.sha256(b"a").digest()
    assert digest[:4] == b"\xca\x97\x81\x12", digest
    for name in ("sha256().hexdigest", "new", "sha512", "blake2b"):
        owner = hashlib.sha256() if "(" in name else hashlib
        assert not hasattr(owner, name.rpartition(".")[2]), "there is hashlib." + name
    random.seed(7)
    first = [random.getrandbits(24) for _ in range(4)]
    random.seed(7)
    assert [random.getrandbits(24) for _ in range(4)] == first
    cpython = [5433012, 15902541, 2530829, 6624039]  # from the same seed
    assert first != cpython, "its generator is CPython's"
    for name in ("shuffle", "sample", "gauss", "choices"):
        assert not hasattr(random, name), "there is random." + name
