"""Language: methods, orders, slices, constants, errors (NUM-06, 07, 08, 10, 11, 12, 13)."""

ITEMS = {
    "NUM_06": ("both", ("vm", "lint"), ()),
    "NUM_07": ("both", ("vm", "lint"), ()),
    "NUM_08": ("both", ("vm", "lint"), ()),
    "NUM_10": ("both", ("kernel", "vm", "lint"), ()),
    "NUM_11": ("both", ("vm", "lint"), ()),
    "NUM_12": ("both", ("vm", "lint"), ()),
    "NUM_13": ("both", ("kernel", "vm", "lint"), ()),
}


def NUM_06(board):
    import struct

    for value, names in (
        (1, "bit_length bit_count"),
        ("", "ljust rjust zfill title capitalize swapcase isalnum removeprefix expandtabs"),
        (memoryview(b"ab"), "tobytes tolist cast nbytes"),
        (struct, "iter_unpack Struct error"),
    ):
        for name in names.split():
            assert not hasattr(value, name), "%s has %s" % (type(value).__name__, name)
    assert int("ff", 16) == 255
    board.raises(TypeError, lambda: int("ff", base=16))
    board.raises(TypeError, lambda: "a,b".split(sep=","))
    board.raises(TypeError, lambda: round(2.567, ndigits=1))


def keys(**kwargs):
    return list(kwargs)


def NUM_07(board):
    words = [chr(97 + n) * 3 for n in range(12)]
    table = {}
    for word in words:
        table[word] = 1
    assert sorted(table) == words
    assert list(table) != words, "a dict keeps the order"
    asked = ["zz%d" % n for n in range(8)]
    assert keys(**dict([(name, 1) for name in asked])) != asked, "**kwargs keeps the order"
    from collections import OrderedDict

    assert list(OrderedDict([(word, 1) for word in words])) == words


def NUM_08(board):
    def assign():
        values = [1, 2, 3, 4]
        values[::2] = [5, 6]

    def delete():
        values = [1, 2, 3, 4]
        del values[::2]

    board.raises(NotImplementedError, assign)
    board.raises(NotImplementedError, delete)
    for value in (b"abcd", "abcd", (1, 2, 3), bytearray(b"abcd")):
        board.raises(NotImplementedError, lambda value=value: value[::2])
    assert [1, 2, 3, 4][::-2] == [4, 2]
    values = [1, 2, 3]
    values[1:2] = [7, 8, 9]
    assert values == [1, 7, 8, 9, 3]


def NUM_10(board):
    for name in (
        "typing dataclasses enum abc functools contextlib logging datetime itertools pathlib "
        "threading copy string traceback unittest __future__"
    ).split():
        board.raises(ImportError, __import__, name)
    if not board.real:
        return  # CPython's own compiler keeps them, and `pinbench lint` finds who reads them

    def noted(count: nowhere, text: list[int] = 3) -> nothing:  # noqa: F821
        return text

    assert noted(1) == 3
    assert not hasattr(noted, "__annotations__")


def NUM_11(board):
    calls = []

    class Slotted:
        __slots__ = ("known",)

    thing = Slotted()
    thing.unknown = 3
    assert thing.unknown == 3, "__slots__ is enforced"

    class Mortal:
        def __del__(self):
            calls.append("del")

    def make():
        Mortal()

    import gc

    for _ in range(20):
        make()
    gc.collect()
    assert calls == [], "__del__ is called"

    class Field:
        def __get__(self, owner, kind):
            return 4

        def __set_name__(self, owner, name):
            calls.append(name)

    class Base:
        field = Field()

        @property
        def double(self):
            return 8

        def hello(self):
            return "base"

    class Derived(Base):
        def hello(self):
            return super().hello() + " derived"

    one = Derived()
    assert (one.field, one.double, one.hello()) == (4, 8, "base derived")
    assert calls == ["field"], calls


def run(text):
    names = {}
    exec("from micropython import const\n" + text, names)
    return names


def NUM_12(board):
    assert run("A = const(3 * 4)\n_B = const(A + 1)\nC = const(_B << 1)")["C"] == 26
    board.raises(SyntaxError, run, "A = const(len('ab'))")
    board.raises(SyntaxError, run, "a = 3\nB = const(a)")
    names = run("_HIDDEN = const(7)\nSHOWN = const(8)\nx = _HIDDEN")
    assert names["x"] == 7 and names["SHOWN"] == 8
    assert "_HIDDEN" not in names, "a const with an underscore is a name of the module"


def NUM_13(board):
    error = OSError(19)
    assert error.errno == 19 and error.args == (19,), error.args
    assert str(error) == "[Errno 19] ENODEV", str(error)
    assert str(OSError(999)) == "999", str(OSError(999))

    def one():
        return ConnectionError

    def other():
        return TimeoutError

    board.raises(NameError, one)
    board.raises(NameError, other)
    try:
        open("/nowhere/at all")
    except OSError as found:
        from errno import ENOENT

        assert found.errno == ENOENT, found.errno
        assert type(found) is OSError, type(found)
