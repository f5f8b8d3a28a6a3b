"""SPI (SPI-01 to SPI-09)."""

from errno import EIO

from machine import SPI, Pin

ITEMS = {
    "SPI_01": ("both", "kernel", "spi_loop"),
    "SPI_02": ("both", "kernel", "spi_loop"),
    "SPI_03": ("both", "kernel", ("spi_loop", "pins")),
    "SPI_04": ("rp2", "kernel", "spi"),
    "SPI_05": ("rp2", "kernel", "spi"),
    "SPI_06": ("both", "kernel", "spi"),
    "SPI_07": ("both", "kernel", "miso_pair"),
    "SPI_08": ("rp2", "kernel", ("spi_loop", "spi_overrun")),
    "SPI_09": ("both", "kernel", "spi_loop"),
}


def make(board, baudrate=1000000, **options):
    wires = board.spi
    pins = {}
    for name in ("sck", "mosi", "miso"):
        pins[name] = Pin(wires[name])
    pins.update(options)
    return SPI(wires["id"], baudrate, **pins)


def SPI_01(board):
    spi = make(board)
    assert spi.read(3) == b"\0\0\0"
    assert spi.read(3, 0x5A) == b"ZZZ"
    buffer = bytearray(b"abc")
    spi.readinto(buffer)
    assert buffer == b"\0\0\0", "it sent what was in the buffer: %r" % buffer
    buffer[:] = b"abc"
    spi.readinto(buffer, 0xA5)
    assert buffer == b"\xa5\xa5\xa5", buffer


def SPI_02(board):
    spi = make(board)
    said = str(board.raises(ValueError, spi.write_readinto, b"abc", bytearray(2)))
    assert said == "buffers must be the same length", said
    buffer = bytearray(3)
    spi.write_readinto(b"abc", buffer)
    assert buffer == b"abc", buffer


def SPI_03(board):
    pins = [Pin(number, Pin.OUT, value=1) for number in board.pins[:4]]
    spi = make(board)
    assert spi.write(b"abc") is None
    assert spi.write_readinto(b"abc", bytearray(3)) is None
    assert [pin.value() for pin in pins] == [1] * 4


def SPI_04(board):
    said = str(board.raises(NotImplementedError, make, board, firstbit=SPI.LSB))
    assert said == "LSB", said
    make(board, firstbit=SPI.MSB)


def SPI_05(board):
    wires = board.spi
    good = {"sck": wires["sck"], "mosi": wires["mosi"], "miso": wires["miso"]}
    for name in good:
        for wrong in (good[name] + 1, good[name] ^ 8):  # another lane, the other bank
            options = dict(good)
            options[name] = wrong
            pins = {}
            for key in options:
                pins[key] = Pin(options[key])
            said = str(board.raises(ValueError, SPI, wires["id"], **pins))
            assert said == "bad %s pin" % name.upper(), said
    make(board, miso=None).write(b"abc")


def SPI_06(board):
    for rate in (100000, 333333, 1000000, 7000000, 20000000):
        text = str(make(board, rate))
        got = int(text.split("baudrate=")[1].split(",")[0])
        assert rate * 3 // 5 < got <= rate, "asked for %d, %s" % (rate, text)
    got = int(str(make(board, 7000000)).split("baudrate=")[1].split(",")[0])
    assert got != 7000000, "no divider gives 7 MHz"


def SPI_07(board):
    idle = Pin(board.pins[0], Pin.OUT, value=0)
    spi = make(board)
    assert spi.read(2, 0x5A) == b"\0\0"
    idle(1)
    assert spi.read(2, 0x5A) == b"\xff\xff"


def SPI_08(board):
    spi = make(board)
    assert spi.read(31, 1) == b"\1" * 31
    assert board.raises(OSError, spi.read, 32).errno == EIO


def SPI_09(board):
    buffer = bytearray(range(40))
    make(board).write_readinto(buffer, buffer)
    assert buffer == bytes(range(40)), buffer
