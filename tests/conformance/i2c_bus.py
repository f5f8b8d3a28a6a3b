"""I2C: errors, counts and restarts (I2C-01 to I2C-13)."""

from errno import ENODEV, ETIMEDOUT  # never errno.X: the compiler may fold it to its own number

from machine import I2C, Pin, SoftI2C

ITEMS = {
    "I2C_01": ("both", "kernel", ("pullups", "memory", "nacker", "edges")),
    "I2C_02": ("rp2", "kernel", "pullups"),
    "I2C_03": ("rp2", "kernel", "pullups"),
    "I2C_04": ("esp32", "kernel", "pullups"),
    "I2C_05": ("both", "kernel", ("pullups", "stretcher")),
    "I2C_06": ("both", "kernel", ("pullups", "stretcher")),
    "I2C_07": ("rp2", "kernel", ("pullups", "nacker")),
    "I2C_08": ("both", "kernel", ("pullups", "nacker")),
    "I2C_09": ("both", "kernel", ("pullups", "memory")),
    "I2C_10": ("both", "kernel", ("pullups", "nacker")),
    "I2C_11": ("both", "kernel", ("pullups", "refuser")),
    "I2C_12": ("both", "kernel", ("pullups", "memory")),
    "I2C_13": ("rp2", "kernel", ("pullups", "memory")),
}
NOBODY = 0x3B


def hard(board, **options):
    wires = board.i2c
    return I2C(wires["id"], scl=Pin(wires["scl"]), sda=Pin(wires["sda"]), **options)


def soft(board, **options):
    return SoftI2C(scl=Pin(board.i2c["scl"]), sda=Pin(board.i2c["sda"]), **options)


def code(board, fn, *args):
    return board.raises(OSError, fn, *args).errno


def I2C_01(board):
    chips = sorted([board.memory, board.nacker])
    for bus in (hard(board, freq=100000), soft(board)):
        bus.writeto(board.edges[0], b"\x05")
        bus.writeto(board.edges[1], b"\x05")
        found = bus.scan()
        assert found == chips, found
    # A zero-length write moves no pointer and writes no byte.
    bus = hard(board, freq=100000)
    bus.writeto_mem(board.memory, 0, b"\x77")
    bus.scan()
    assert bus.readfrom_mem(board.memory, 0, 1) == b"\x77"


def I2C_02(board):
    i2c = hard(board)
    assert code(board, i2c.readfrom, NOBODY, 1) == 5
    assert code(board, i2c.writeto, NOBODY, b"\0") == 5
    assert code(board, i2c.readfrom_mem, NOBODY, 0, 1) == 5
    assert code(board, i2c.writeto_mem, NOBODY, 0, b"\0") == 5


def I2C_03(board):
    assert code(board, hard(board).writeto, NOBODY, b"") == 19


def I2C_04(board):
    i2c = hard(board)
    assert code(board, i2c.readfrom, NOBODY, 1) == 19
    assert code(board, i2c.writeto, NOBODY, b"\0") == 19
    assert code(board, i2c.writeto, NOBODY, b"") == 19


def I2C_05(board):
    i2c = soft(board, timeout=20000)
    assert code(board, i2c.readfrom, NOBODY, 1) == ENODEV
    assert code(board, i2c.writeto, NOBODY, b"\0") == ENODEV
    assert code(board, i2c.writeto, board.stretcher, b"\0") == ETIMEDOUT
    assert soft(board, timeout=300000).writeto(board.stretcher, b"\0") == 1


def I2C_06(board):
    number = 110 if board.port == "rp2" else 116
    assert ETIMEDOUT == number, ETIMEDOUT
    for bus in (soft(board), hard(board, timeout=50000)):
        got = code(board, bus.writeto, board.stretcher, b"\0")
        assert got == number, "%r gave %r" % (bus, got)


def I2C_07(board):
    count = hard(board).writeto(board.nacker, b"\1\2\3\4")
    assert count == 1, count


def I2C_08(board):
    count = soft(board).writeto(board.nacker, b"\1\2\3\4")
    assert count == 1, count


def I2C_09(board):
    for bus in (hard(board), soft(board)):
        assert bus.writeto(board.memory, b"\x10") == 1
        assert bus.writeto(board.memory, b"\x10\1\2\3") == 4
        assert bus.writeto(board.memory, b"") == 0
        assert bus.writevto(board.memory, (b"\x10\1", b"\2")) == 3
        assert bus.readfrom_mem(board.memory, 0x10, 3) == b"\1\2\3"


def I2C_10(board):
    assert soft(board).writeto_mem(board.nacker, 0x10, b"\1\2") is None
    if board.port == "rp2":
        assert hard(board).writeto_mem(board.nacker, 0x10, b"\1\2") is None
    assert soft(board).readfrom_mem(board.nacker, 0x10, 1) != b"\1", "it was written"


def I2C_11(board):
    buses = [soft(board)]
    if board.port == "rp2":
        buses.append(hard(board))
    for bus in buses:
        buffer = bytearray(b"\xa5\x5a")
        assert bus.readfrom_mem_into(board.refuser, 3, buffer) is None
        assert buffer == b"\xa5\x5a", buffer


def I2C_12(board):
    for bus in (hard(board), soft(board)):
        bus.writeto(board.memory, b"\0\xee")
        bus.writeto(board.memory, b"\x20\x01\x02")
        bus.writeto(board.memory, b"\x20", False)
        got = bus.readfrom(board.memory, 2)
        keeps = board.port == "rp2" or isinstance(bus, SoftI2C)
        assert got[0] == (1 if keeps else 0xEE), got
        assert bus.readfrom_mem(board.memory, 0x20, 2) == b"\1\2"


def I2C_13(board):
    """The memory forgets its pointer at STOP, so a read in place shows the repeated start."""
    i2c = hard(board)
    i2c.writeto_mem(board.memory, 0x30, b"\x0a\x0b")
    assert i2c.readfrom_mem(board.memory, 0x30, 2) == b"\x0a\x0b"
    i2c.writeto(board.memory, b"\x30")
    assert i2c.readfrom(board.memory, 2) != b"\x0a\x0b", "the pointer outlived the STOP"
