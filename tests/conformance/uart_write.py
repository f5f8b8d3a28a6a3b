"""UART: writing, interrupts, pins and streams (UART-09 to UART-16)."""

import asyncio
import select
from errno import ETIMEDOUT
from time import sleep_ms, ticks_diff, ticks_ms

from machine import UART, Pin

ITEMS = {
    "UART_09": ("both", "kernel", "loop"),
    "UART_10": ("both", "kernel", ("loop", "pins")),
    "UART_11": ("both", "kernel", "loop"),
    "UART_12": ("both", "kernel", "loop"),
    "UART_13": ("esp32", "kernel", "loop"),
    "UART_14": ("rp2", "kernel", ()),
    "UART_15": ("both", "kernel", "loop"),
    "UART_16": ("esp32", "kernel", ()),
}


def make(board, baudrate=9600, **options):
    wires = board.uart
    return UART(wires["id"], baudrate, tx=Pin(wires["tx"]), rx=Pin(wires["rx"]), **options)


def UART_09(board):
    uart = make(board, txbuf=256)
    start = ticks_ms()
    sent = uart.write(bytes(700))
    took = ticks_diff(ticks_ms(), start)
    if board.port == "esp32":
        assert sent == 700, sent
        assert took > 200, "700 bytes at 9600 baud were queued in %d ms" % took
        return
    assert 256 <= sent < 300, sent
    assert took < 20, took
    again = uart.write(b"abc")
    assert again is None, again
    uart.flush()
    uart = make(board, txbuf=256, timeout=100)
    start = ticks_ms()
    sent = uart.write(bytes(700))
    took = ticks_diff(ticks_ms(), start)
    uart.flush()
    assert 340 < sent < 420, "%d bytes within a timeout of 100 ms" % sent
    assert 90 < took < 130, took


def UART_10(board):
    uart = make(board)
    assert uart.txdone() is True
    start = ticks_ms()
    uart.write(bytes(50))
    assert uart.txdone() is False
    assert uart.flush() is None
    took = ticks_diff(ticks_ms(), start)
    assert 40 < took < 70, took
    assert uart.txdone() is True
    cts = Pin(board.pins[2], Pin.IN, Pin.PULL_UP)  # not clear to send
    uart = make(board, flow=UART.CTS, cts=cts)
    uart.write(b"abc")
    assert board.raises(OSError, uart.flush).errno == ETIMEDOUT
    assert uart.txdone() is False


def UART_11(board):
    names = ("IRQ_RXIDLE", "IRQ_BREAK", "IRQ_TXIDLE" if board.port == "rp2" else "IRQ_RX")
    known = 0
    for name in names:
        known |= getattr(UART, name)
    for name in ("IRQ_TXIDLE", "IRQ_RX"):
        assert hasattr(UART, name) == (name in names), name
    uart = make(board)
    bad = 1
    while bad & known:
        bad <<= 1
    said = str(board.raises(ValueError, uart.irq, lambda u: None, bad))
    assert said == "trigger 0x%04x unsupported" % bad, said
    seen = []
    irq = uart.irq(lambda u: seen.append((u is uart, irq.flags())), UART.IRQ_RXIDLE)
    uart.write(b"abc")
    sleep_ms(30)
    assert seen == [(True, UART.IRQ_RXIDLE)], seen
    del seen[:]
    irq = uart.irq(lambda u: seen.append(irq.flags()), UART.IRQ_BREAK)
    uart.sendbreak()
    sleep_ms(30)
    assert seen == [UART.IRQ_BREAK], seen
    if board.port == "rp2":
        del seen[:]
        irq = uart.irq(lambda u: seen.append(irq.flags()), UART.IRQ_TXIDLE)
        uart.write(b"abc")
        sleep_ms(30)
        assert seen == [UART.IRQ_TXIDLE], seen
    else:
        del seen[:]
        irq = uart.irq(lambda u: seen.append(irq.flags()), UART.IRQ_RX)
        uart.write(b"a")
        sleep_ms(30)
        assert UART.IRQ_RX in seen, seen


def UART_12(board):
    uart = make(board)
    if board.port == "esp32":
        board.raises(ValueError, uart.irq, lambda u: None, UART.IRQ_RXIDLE, hard=True)
        return
    count = bytearray(1)

    def hard(u):
        count[0] += 1

    uart.irq(hard, UART.IRQ_RXIDLE, hard=True)
    uart.write(b"a")
    sleep_ms(30)
    assert count[0] == 1, count[0]


def UART_13(board):
    uart = make(board)
    uart.write(b"abc")
    sleep_ms(20)
    assert uart.any() == 3
    uart.init(9600)
    assert uart.any() == 0, "unread input was kept"
    uart.write(bytes(100))
    start = ticks_ms()
    uart.init(9600)
    took = ticks_diff(ticks_ms(), start)
    assert 80 < took < 150, "it waited %d ms for 100 bytes at 9600 baud" % took


def UART_14(board):
    for options, said in (
        ({"tx": Pin(1), "rx": Pin(1)}, "bad TX pin"),
        ({"tx": Pin(4), "rx": Pin(1)}, "bad TX pin"),
        ({"tx": Pin(0), "rx": Pin(2)}, "bad RX pin"),
        ({"tx": Pin(0), "rx": Pin(5)}, "bad RX pin"),
    ):
        assert str(board.raises(ValueError, UART, 0, 9600, **options)) == said, options


def UART_15(board):
    uart = make(board, timeout=0)
    poll = select.poll()
    poll.register(uart, select.POLLIN)
    assert poll.poll(5) == []
    uart.write(b"abc\n")
    ready = poll.poll(100)
    assert len(ready) == 1 and ready[0][0] is uart and ready[0][1] == select.POLLIN, ready
    sleep_ms(10)
    assert uart.read() == b"abc\n"
    uart.write(bytes(250))
    poll.modify(uart, select.POLLOUT)
    room = poll.poll(0)
    uart.write(bytes(100))
    full = poll.poll(0)
    uart.flush()
    sleep_ms(10)
    while uart.read():
        pass
    assert len(room) == 1, room
    if board.port == "esp32":
        assert len(full) == 1, "POLLOUT is not always ready"
    else:
        assert full == [], "there is no room"

    async def echo():
        stream = asyncio.StreamReader(uart)
        stream.write(b"line\n")
        await stream.drain()
        return await stream.readline()

    got = asyncio.run(echo())
    assert got == b"line\n", got


def UART_16(board):
    uart = UART(0)
    board.raises(ValueError, uart.irq, lambda u: None, UART.IRQ_RXIDLE)
    board.raises(ValueError, uart.init, rxbuf=1024)
    board.raises(ValueError, uart.init, txbuf=1024)
