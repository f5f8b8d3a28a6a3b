"""NXP PN532 NFC reader on I2C with its IRQ line (UM0701-02): numbers of cards, without waiting.

A number alone can be copied by anybody with a telephone: it says who somebody claims to be.
"""

import time

from micropython import const

_SAM_CONFIGURATION = const(0x14)
_LIST_PASSIVE_TARGET = const(0x4A)
_ACK = b"\x00\x00\xff\x00\xff\x00"
_LONGEST = const(32)
_ANSWER_MS = const(1000)  # without an acknowledgement: begin again
_LOOK_MS = const(5000)  # so long without a card: begin again too, which shows whether it is there
_PAUSE_MS = const(800)  # between two looks, so that a card that is held is seen twice a second

_STARTING, _LISTENING, _PAUSING = range(3)


class PN532:
    """`irq` is an input that is low while the chip has something to say. OSError if it is absent.

    Call `poll` every 20 ms or so.
    """

    def __init__(self, i2c, irq, address=0x24):
        self._i2c = i2c
        self._irq = irq
        self._address = address
        self._buffer = bytearray(_LONGEST)
        self._start()

    def poll(self):
        """Return the number of a card (4, 7 or 10 bytes) once it is there, else None."""
        waited_ms = time.ticks_diff(time.ticks_ms(), self._since_ms)
        if self._state == _PAUSING:
            if waited_ms >= _PAUSE_MS:
                self._listen()
            return None
        if self._irq.value():
            if waited_ms >= (_LOOK_MS if self._acknowledged else _ANSWER_MS):
                self._start()
            return None
        return self._hear()

    def _start(self):
        self._state = _STARTING
        # Normal mode, no time-out, and the IRQ line in use (7.2.10).
        self._ask(_SAM_CONFIGURATION, b"\x01\x14\x01")

    def _listen(self):
        self._state = _LISTENING
        self._ask(_LIST_PASSIVE_TARGET, b"\x01\x00")  # one card of type A; waits for ever

    def _ask(self, command, data):
        body = bytes((0xD4, command)) + data
        n = len(body)
        head = bytes((0x00, 0x00, 0xFF, n, -n & 255))
        self._acknowledged = False
        self._asked = command
        self._since_ms = time.ticks_ms()
        self._i2c.writeto(self._address, head + body + bytes((-sum(body) & 255, 0x00)))

    def _hear(self):
        """Read one frame: the acknowledgement, or the answer."""
        buffer = self._buffer
        self._i2c.readfrom_into(self._address, buffer)
        if not buffer[0] & 1:
            return None
        if bytes(buffer[1:7]) == _ACK:
            self._acknowledged = True
            return None
        body = frame(buffer)
        if body is None or body[0] != 0xD5 or body[1] != self._asked + 1:
            self._start()  # damaged, or not what was asked
            return None
        if self._state == _STARTING:
            self._listen()
            return None
        self._state = _PAUSING
        self._since_ms = time.ticks_ms()
        # Count, target, SENS_RES, SEL_RES, and the number with its length before it (7.3.5).
        if len(body) > 7 and body[2] and len(body) >= 8 + body[7]:
            return body[8 : 8 + body[7]]
        return None


def frame(buffer):
    """Return what a frame behind the status byte carries, or None if its sums are wrong."""
    if bytes(buffer[1:4]) != b"\x00\x00\xff":
        return None
    n = buffer[4]
    if (n + buffer[5]) & 255 or n < 2 or n + 7 > len(buffer):
        return None
    body = bytes(buffer[6 : 6 + n])
    return body if not (sum(body) + buffer[6 + n]) & 255 else None
