"""Sensirion SHT4x humidity and temperature sensor (datasheet D1 v6.1, section 4)."""

import time
from errno import ETIMEDOUT

from micropython import const

_MEASURE_HIGH = const(0xFD)
_READ_SERIAL = const(0x89)
_SOFT_RESET = const(0x94)
_HEAT_200MW_100MS = const(0x32)

_MEASURE_MS = const(9)  # 8.3 ms at most (table 4)
_SERIAL_MS = const(10)
_RESET_MS = const(2)  # tSR is 1 ms at most (table 4)
_HEAT_MS = const(120)  # a pulse of 110 ms at most, then a measurement of 8.3 ms (tables 4 and 8)
_HEAT_REST_MS = const(1000)  # 110 ms of heat in 1110 ms stay under the duty of 10 % (section 4.9)
_HEAT_MAX_C = const(65)  # ambient above which the heater is forbidden (section 4.9)

_TRIES = const(4)  # of one transfer, _RETRY_MS apart: a slow chip is given 6 ms more, no longer
_RETRY_MS = const(2)
_POLYNOMIAL = const(0x31)


class SHT4xError(OSError):
    """The chip answers, but not as the datasheet says, or its heater may not be used now."""


class CRCError(SHT4xError):
    """A word arrived with a wrong checksum."""


class SHT4x:
    """One sensor on an I2C bus; `serial` is its number from the factory.

    Raises the port's OSError if it does not answer, SHT4xError if it takes only part of a command,
    CRCError if its answer is damaged.
    """

    def __init__(self, i2c, address=0x44):
        self._i2c = i2c
        self._address = address
        self._command = bytearray(1)
        self._reply = bytearray(6)
        self._heated_ms = None
        # The controller may have restarted during a heat pulse, in which the chip refuses to talk
        # for a second: only a reset ends it (section 4.8).
        self._send(_SOFT_RESET)
        time.sleep_ms(_RESET_MS)
        high, low = self._query(_READ_SERIAL, _SERIAL_MS)
        self.serial = high << 16 | low

    def measure(self):
        """Return (relative humidity in %, temperature in degrees C). Takes 9 ms.

        Humidity may lie a little outside 0 to 100 (section 4.6): crop it where it is shown.
        """
        return self._measure(_MEASURE_HIGH, _MEASURE_MS)

    def heat_pulse(self):
        """Heat with 200 mW for 0.1 s, to dry a wet sensor; return a measurement as `measure` does.

        That measurement is taken hot and tells nothing of the air: wait until the temperature has
        settled. Takes 130 ms. Raises SHT4xError within 1 s of the last pulse (a duty of 10 % at
        most) and at 65 degrees C or more (section 4.9).
        """
        if self._heated_ms is not None:
            since_ms = time.ticks_diff(time.ticks_ms(), self._heated_ms)
            # Ticks wrap: a difference below zero means days, not the future.
            if 0 <= since_ms < _HEAT_REST_MS:
                raise SHT4xError("SHT4x: the heater must rest %d ms" % (_HEAT_REST_MS - since_ms))
        temp_c = self.measure()[1]
        if temp_c >= _HEAT_MAX_C:
            raise SHT4xError("SHT4x: too hot for the heater")
        try:
            return self._measure(_HEAT_200MW_100MS, _HEAT_MS)
        finally:
            # Also when the answer was lost: the heater ran all the same.
            self._heated_ms = time.ticks_ms()

    def _measure(self, command, wait_ms):
        temperature, humidity = self._query(command, wait_ms)
        return -6 + 125 * humidity / 65535, -45 + 175 * temperature / 65535

    def _query(self, command, wait_ms):
        self._send(command)
        time.sleep_ms(wait_ms)
        self._retry(self._i2c.readfrom_into, self._reply)
        return self._word(0), self._word(3)

    def _send(self, command):
        self._command[0] = command
        # A refused byte is no exception on rp2, only a count that is short.
        if self._retry(self._i2c.writeto, self._command) != 1:
            raise SHT4xError("SHT4x: command 0x%02x refused" % command)

    def _retry(self, transfer, buffer):
        """Do one transfer; again while the chip refuses its address, which is how it says busy."""
        for left in range(_TRIES - 1, -1, -1):
            try:
                return transfer(self._address, buffer)
            except OSError as error:
                # ETIMEDOUT is a stuck bus, which no patience of ours will mend.
                if not left or error.errno == ETIMEDOUT:
                    raise
            time.sleep_ms(_RETRY_MS)

    def _word(self, at):
        reply = self._reply
        if crc8(reply, at) != reply[at + 2]:
            raise CRCError("SHT4x: damaged word %d" % (at // 3))
        return reply[at] << 8 | reply[at + 1]


def crc8(buffer, at):
    """Return the checksum of two bytes from `at` (section 4.4): crc8(b"\\xbe\\xef", 0) is 0x92."""
    crc = 0xFF
    for i in (at, at + 1):
        crc ^= buffer[i]
        for _ in range(8):
            crc = crc << 1 ^ _POLYNOMIAL if crc & 0x80 else crc << 1
            crc &= 0xFF
    return crc
