"""UART: reading (UART-01 to UART-08, UART-17)."""

from time import sleep_ms, ticks_diff, ticks_ms

import micropython
from machine import UART, Pin

ITEMS = {
    "UART_01": ("both", "kernel", "loop"),
    "UART_02": ("both", "kernel", "loop"),
    "UART_03": ("both", "kernel", "loop"),
    "UART_04": ("rp2", "kernel", "loop"),
    "UART_05": ("both", "kernel", "loop"),
    "UART_06": ("both", "kernel", "loop"),
    "UART_07": ("rp2", "kernel", "loop"),
    "UART_08": ("rp2", "kernel", "cross"),
    "UART_17": ("both", "kernel", "loop"),
}


def make(wires, baudrate=9600, **options):
    return UART(wires["id"], baudrate, tx=Pin(wires["tx"]), rx=Pin(wires["rx"]), **options)


def UART_01(board):
    for timeout in (0, 20):
        uart = make(board.uart, timeout=timeout)
        buffer = bytearray(b"ab")
        got = uart.read(), uart.read(2), uart.readinto(buffer), uart.readline()
        assert got == (None, None, None, None), got
        assert buffer == b"ab"


def UART_02(board):
    uart = make(board.uart, timeout=100, timeout_char=5)
    uart.write(b"abc")
    start = ticks_ms()
    got = uart.read(10)
    took = ticks_diff(ticks_ms(), start)
    assert got == b"abc", got
    assert took < 50, "it waited %d ms for more" % took


def UART_03(board):
    uart = make(board.uart)
    uart.write(b"abc")
    start = ticks_ms()
    got = uart.read(3)
    took = ticks_diff(ticks_ms(), start)
    assert got is None, "it waited for %r" % got
    assert took < 5, took
    sleep_ms(20)
    assert uart.read(3) == b"abc"


def UART_04(board):
    uart = make(board.uart, timeout=100, timeout_char=0)
    assert "timeout_char=2," in str(uart).replace(")", ","), uart
    uart.write(b"abcdef")
    got = uart.read(6)
    assert got == b"abcdef", "the gap between two characters ended it: %r" % got


def UART_05(board):
    uart = make(board.uart, timeout=100, timeout_char=5)
    uart.write(b"one\ntw")
    sleep_ms(20)
    assert uart.readline() == b"one\n"
    got = uart.readline()
    assert got == b"tw", got


def UART_06(board):
    uart = make(board.uart)
    assert uart.any() == 0
    uart.write(b"abcdefgh")
    sleep_ms(20)
    assert uart.any() == 8, uart.any()
    assert uart.read(3) == b"abc"
    assert uart.any() == 5, uart.any()


def send(uart, data):
    at = 0
    while at < len(data):
        at += uart.write(data[at:]) or 0
        sleep_ms(2)
    sleep_ms(50)


def UART_07(board):
    assert "rxbuf=32," in str(make(board.uart, rxbuf=5)).replace(")", ",")
    board.raises(ValueError, make, board.uart, rxbuf=32767)
    uart = make(board.uart, 115200)
    assert "rxbuf=256" in str(uart), uart
    data = bytes([n * 7 & 255 for n in range(400)])
    send(uart, data)
    kept = uart.any()
    got = b""
    for _ in range(10):
        got += uart.read() or b""
    assert kept == 256, kept
    assert 256 < len(got) <= 290, "%d bytes of 400 were kept" % len(got)
    assert got == data[: len(got)], "the oldest were lost"
    send(uart, b"again")
    assert uart.read() == b"again"


def UART_08(board):
    one = make(board.uart, parity=0)
    other = make(board.other, parity=1)
    one.write(b"bad")
    sleep_ms(20)
    got = other.read()
    assert got == b"bad", "bytes of bad parity: %r" % got
    one = make(board.uart)
    other = make(board.other)
    one.sendbreak()
    sleep_ms(20)
    one.write(b"x")
    sleep_ms(20)
    got = other.read()
    assert got == b"x", "after a break: %r" % got


def UART_17(board):
    uart = make(board.uart, timeout=50)
    ran = []
    micropython.schedule(ran.append, 1)
    got = uart.read(1)
    count = len(ran)
    sleep_ms(1)
    assert got is None and len(ran) == 1
    assert count == (1 if board.port == "rp2" else 0), count
