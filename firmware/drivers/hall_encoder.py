"""Quadrature Hall encoder on two pins: every edge counts (x4).

Decoding by transition table, as for any incremental encoder with outputs 90 degrees apart.
"""

import time

from machine import Pin
from micropython import const

_ILLEGAL = const(2)

# Index: the last A, the last B, A, B as four bits. A leads B: 00, 10, 11, 01, 00 counts up.
_STEP = (0, -1, 1, _ILLEGAL, 1, 0, _ILLEGAL, -1, -1, _ILLEGAL, 0, 1, _ILLEGAL, 1, -1, 0)

_LONG_US = const(0x1FFFFFFF)  # nearly 9 minutes: the longest difference that ticks can tell


class HallEncoder:
    """Counts from the start. A before B counts up; swap the pins to turn it round.

    pin_a, pin_b: numbers (pulled up, as open-drain sensors need), or Pins that are inputs.
    count: quadrature edges, signed.
    errors: calls that one edge each does not explain. Two or three edges that are handled late are
    counted in the direction of the last good one, so the count holds unless the motor turned round
    just then. More are flagged only: find a limit anew.
    last_edge_us: ticks_us of the last change, as it was handled.
    period_us: between the last two, 0 before.
    """

    def __init__(self, pin_a, pin_b):
        self._pin_a = _input(pin_a)
        self._pin_b = _input(pin_b)
        self._value_a = self._pin_a.value  # bound once: a bound method is a heap object
        self._value_b = self._pin_b.value
        self._state = self._value_a() << 1 | self._value_b()
        self._direction = 0
        self._owed = 0  # calls still to come for edges that a jump has counted
        self._seen = False
        self.count = 0
        self.errors = 0
        self.last_edge_us = time.ticks_us()
        self.period_us = 0
        handler = self._edge
        trigger = Pin.IRQ_RISING | Pin.IRQ_FALLING
        # Soft on both ports (esp32 knows no other): no argument `hard`.
        self._pin_a.irq(handler=handler, trigger=trigger)
        self._pin_b.irq(handler=handler, trigger=trigger)

    def zero(self, count=0):
        """Take the present position as `count` edges; `errors` starts anew."""
        self.count = count
        self.errors = 0

    def stop(self):
        """Stop counting for good."""
        self._pin_a.irq(handler=None)
        self._pin_b.irq(handler=None)

    def _edge(self, pin):
        # Calls come late or never, and the levels are those of now, not of the edge. So the levels
        # give the count, and whose edge it was tells whether that was all.
        state = self._value_a() << 1 | self._value_b()
        step = _STEP[self._state << 2 | state]
        if step == 0:
            if self._owed:
                self._owed -= 1
            else:
                self.errors += 1
            return
        other = self._state ^ state != (2 if pin is self._pin_a else 1)
        self._state = state
        self._owed = 0
        if step == _ILLEGAL:
            self.errors += 1
            step = self._direction * 2
            self._owed = 1
        elif other:  # three edges one way look like one the other way, of the other pin
            self.errors += 1
            if step == -self._direction:
                step = self._direction * 3
                self._owed = 2
        else:
            self._direction = step
        self.count += step
        now_us = time.ticks_us()
        if self._seen:
            period_us = time.ticks_diff(now_us, self.last_edge_us)
            self.period_us = period_us if period_us >= 0 else _LONG_US
        self._seen = True
        self.last_edge_us = now_us


def _input(pin):
    return Pin(pin, Pin.IN, Pin.PULL_UP) if isinstance(pin, int) else pin
