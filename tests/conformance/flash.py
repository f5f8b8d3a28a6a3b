"""Files and flash, sleep (RST-17, RST-18, RST-20, RST-22)."""

import os
from time import sleep_ms, ticks_diff, ticks_ms, ticks_us

from machine import ADC, Pin, lightsleep, reset

ITEMS = {
    "RST_17": ("both", "kernel", ()),
    "RST_18": ("both", "kernel", "cut_flash?"),
    "RST_20": ("rp2", "kernel", "pulse"),
    "RST_22": ("rp2", "kernel", "cut_flash"),
}


def write(name, text):
    with open(name, "w") as file:
        file.write(text)


def read(name):
    with open(name) as file:
        return file.read()


def RST_17(board):
    if board.phase == 0:
        write("/kept.txt", "old")
        file = open("/kept.txt", "w")
        file.write("new" * 10)
        assert read("/kept.txt") == "old", 'opening with "w" destroyed the old content'
        reset()
    text = read("/kept.txt")
    if board.phase == 1:
        assert text == "old", "after a reset without close(): %r" % text
        file = open("/kept.txt", "w")
        file.write("flushed")
        file.flush()
        reset()
    assert text == "flushed", "after flush(): %r" % text


def blockdev(board):
    """Return the block device under the file system."""
    if board.port == "rp2":
        from rp2 import Flash

        return Flash()
    from esp32 import Partition

    return Partition.find(Partition.TYPE_DATA, label="vfs")[0]


def cut_soon(board, operations):
    """Lay a power cut inside the n-th operation of the flash from now on."""
    pin = Pin(board.cut_flash, Pin.OUT, value=0)
    for _ in range(operations):
        pin.on()
        pin.off()


def RST_18(board):
    if board.phase == 0:
        start = bytearray(4096)
        blockdev(board).readblocks(0, start)
        # littlefs v2 has its name at 8 and its version at 20 of the superblock (SPEC.md).
        assert bytes(start[8:16]) == b"littlefs", bytes(start[:24])
        assert start[22] == 2, "littlefs v%d" % start[22]
        write("/a.txt", "new")
        write("/b.txt", "old")
        os.rename("/a.txt", "/b.txt")
        board.raises(OSError, os.stat, "/a.txt")
    text = read("/b.txt")
    assert text in ("old", "new"), "after cut %d: %r" % (board.phase, text)
    if not hasattr(board, "cut_flash") or board.phase == 3:
        return
    write("/a.txt", "new")
    write("/b.txt", "old")
    cut_soon(board, board.phase + 1)
    os.rename("/a.txt", "/b.txt")
    for _ in range(4):
        write("/c.txt", "after it")
    raise AssertionError("the supply was not cut")


def RST_20(board):
    start = ticks_ms()
    lightsleep(100)
    ms = ticks_diff(ticks_ms(), start)
    assert 99 <= ms < 150, "lightsleep(100) took %d ms" % ms
    board.raises(ValueError, lightsleep, 4294968)  # 2**32 us are 71 minutes
    ask, answer = board.pulse
    seen = []
    pin = Pin(answer, Pin.IN)
    pin.irq(seen.append, Pin.IRQ_FALLING)
    Pin(ask, Pin.OUT, value=1)
    start = ticks_ms()
    lightsleep(2000)
    ms = ticks_diff(ticks_ms(), start)
    sleep_ms(1)
    pin.irq(handler=None)
    assert 40 <= ms < 100, "woken after %d ms" % ms
    assert seen == [pin]
    Pin(ask, Pin.OUT, value=0)
    sleep_ms(1)
    Pin(ask, Pin.OUT, value=1)
    start = ticks_ms()
    lightsleep(200)
    ms = ticks_diff(ticks_ms(), start)
    assert 190 <= ms, "an edge that nothing listens to woke it after %d ms" % ms
    assert 0 <= ADC(26).read_u16() <= 65535  # its clock runs again


def RST_22(board):
    device = blockdev(board)
    count, size = device.ioctl(4, 0), device.ioctl(5, 0)
    assert size == 4096, "a sector of %d bytes" % size
    page = bytearray(4096)
    if board.phase == 0:
        write("/sector.bin", "x" * 100)
        start = ticks_us()
        write("/sector.bin", "x" * 4096)
        us = ticks_diff(ticks_us(), start)
        assert us > 15000, "an erase and 16 programs took %d us" % us
        cut_soon(board, 3)  # the erase, the first page, half of the second
        device.writeblocks(count - 1, page)
        raise AssertionError("the supply was not cut")
    device.readblocks(count - 1, page)
    done = len(page) - len(bytes(page).lstrip(b"\x00"))
    assert 256 < done < 512, "%d bytes of a torn write are there" % done
    assert bytes(page[512:]) == b"\xff" * 3584, "the rest of the sector is not erased"
