"""I2C: what the ports support, pins and callbacks (I2C-14 to I2C-23)."""

from errno import EIO, ETIMEDOUT

import micropython
from machine import I2C, Pin, SoftI2C, soft_reset

ITEMS = {
    "I2C_14": ("both", "kernel", ("pullups", "memory")),
    "I2C_15": ("both", "kernel", ("pullups", "memory")),
    "I2C_16": ("rp2", "kernel", ()),
    "I2C_17": ("rp2", "kernel", "pullups"),
    "I2C_18": ("rp2", "kernel", "bare_i2c"),
    "I2C_19": ("esp32", "kernel", ("pullups", "slow")),
    "I2C_20": ("both", "kernel", ("pullups", "memory")),
    "I2C_21": ("both", "kernel", ("pullups", "memory")),
    "I2C_22": ("both", "kernel", ()),
    "I2C_23": ("rp2", "kernel", ("pullups", "ghost")),
}


def hard(board, **options):
    wires = board.i2c
    return I2C(wires["id"], scl=Pin(wires["scl"]), sda=Pin(wires["sda"]), **options)


def soft(board, **options):
    return SoftI2C(scl=Pin(board.i2c["scl"]), sda=Pin(board.i2c["sda"]), **options)


def I2C_14(board):
    i2c = hard(board)
    for fn, args in (
        (i2c.start, ()),
        (i2c.stop, ()),
        (i2c.readinto, (bytearray(1),)),
        (i2c.write, (b"\0",)),
    ):
        error = board.raises(OSError, fn, *args)
        assert error.args == ("I2C operation not supported",), error.args
    i2c = soft(board)
    i2c.start()
    assert i2c.write(bytes((board.memory << 1, 0x40, 0x5A))) == 3
    i2c.stop()
    i2c.start()
    assert i2c.write(bytes((board.memory << 1, 0x40))) == 2
    i2c.start()
    assert i2c.write(bytes((board.memory << 1 | 1,))) == 1
    buffer = bytearray(1)
    i2c.readinto(buffer)
    i2c.stop()
    assert buffer == b"\x5a", buffer
    i2c.start()
    assert i2c.write(bytes((0x3B << 1, 0))) == 0
    i2c.stop()


def I2C_15(board):
    for bus in (hard(board), soft(board)):
        for size in (4, 12, 40):
            said = board.raises(ValueError, bus.readfrom_mem, board.memory, 0, 1, addrsize=size)
            assert str(said) == "invalid addrsize", said
        # The memory takes the first byte as its pointer and writes the next one there.
        bus.writeto_mem(board.memory, 0x2134, b"\x56", addrsize=16)
        got = bus.readfrom_mem(board.memory, 0x21, 2)
        assert got == b"\x34\x56", "the address went out as %r" % got


def I2C_16(board):
    for options, said in (
        ({"scl": Pin(4), "sda": Pin(4)}, "bad SCL pin"),
        ({"scl": Pin(7), "sda": Pin(4)}, "bad SCL pin"),
        ({"scl": Pin(5), "sda": Pin(5)}, "bad SDA pin"),
        ({"scl": Pin(5), "sda": Pin(6)}, "bad SDA pin"),
    ):
        assert str(board.raises(ValueError, I2C, 0, **options)) == said, options
    assert str(board.raises(ValueError, I2C, 1, scl=Pin(5), sda=Pin(6))) == "bad SCL pin"


def I2C_17(board):
    bus = board.i2c["id"]
    if board.phase == 0:
        i2c = hard(board, freq=123000, timeout=77000)
        text = str(i2c)
        assert str(I2C(bus)) == text, "I2C(%d) alone changed it: %s" % (bus, I2C(bus))
        board.save(text)
        soft_reset()
    text = str(I2C(bus))
    assert text == board.load(), "after a soft reset: " + text
    I2C(bus, freq=200000)
    again = str(I2C(bus))
    assert again != text and "timeout=50000" in again, again


def I2C_18(board):
    pins = [Pin(board.i2c[name], Pin.IN, Pin.PULL_DOWN) for name in ("scl", "sda")]
    assert [pin.value() for pin in pins] == [0, 0]
    text = str(hard(board, freq=100000))
    assert [pin.value() for pin in pins] == [1, 1], "no pull-ups"
    text = str(hard(board, timeout=50000))
    said = {"rp2040": "freq=399361", "rp2350": "freq=400000"}[board.chip]
    assert said in text and "timeout=50000" in text, text
    text = str(hard(board, freq=400000))
    assert "timeout=50000" in text, text


def I2C_19(board):
    assert hard(board, timeout=2000).writeto(board.slow, b"\0") == 1
    error = board.raises(OSError, hard(board, timeout=900).writeto, board.slow, b"\0")
    assert error.errno == ETIMEDOUT, error


def I2C_20(board):
    i2c = hard(board)
    one, parts = b"\x10\x01", [b"\x10", b"\x02"]
    got = []
    address, value = board.memory, b"\x03"
    micropython.heap_lock()
    try:
        i2c.writeto(address, one)
    except MemoryError:
        got.append(0)
    failed = 0
    try:
        i2c.writevto(address, parts)
    except MemoryError:
        failed += 1
    try:
        i2c.writeto_mem(address, 0x10, value)
    except MemoryError:
        failed += 1
    micropython.heap_unlock()
    assert not got, "a single buffer was copied"
    assert failed == 2, "%d of 2 failed" % failed
    assert i2c.readfrom_mem(address, 0x10, 1) == b"\x01"


def I2C_21(board):
    ran = []
    i2c = hard(board)
    micropython.schedule(ran.append, 1)
    i2c.writeto(board.memory, b"\0")
    i2c.readfrom(board.memory, 1)
    transfer = len(ran)
    i2c.scan()
    scan = len(ran)
    assert transfer == 0, "a transfer ran a callback"
    assert scan == 1, "scan ran none"


def I2C_22(board):
    for bus in (2, 9):
        said = str(board.raises(ValueError, I2C, bus))
        assert said == "I2C(%d) doesn't exist" % bus, said


def I2C_23(board):
    i2c = hard(board, freq=400000)
    assert board.ghost in i2c.scan()
    for fn, args in ((i2c.readfrom, (board.ghost, 1)), (i2c.writeto, (board.ghost, b"\0"))):
        assert board.raises(OSError, fn, *args).errno == EIO
