"""Pin: identity, names, latch and pad (PIN-01 to PIN-08)."""

from machine import Pin

ITEMS = {
    "PIN_01": ("both", "kernel", "pins"),
}


def PIN_01(board):
    number = board.pins[0]
    pin = Pin(number, Pin.OUT, value=1)
    assert Pin(number) is pin
    assert pin.value() == 1, "Pin(n) alone changed the pin"
