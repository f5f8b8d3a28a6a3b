"""Bosch BMP390 pressure and temperature sensor (datasheet rev. 1.7, sections 3.3, 4.3 and 8)."""

import struct
import time

from micropython import const

_CHIP_ID = const(0x00)
_ERR_REG = const(0x02)
_STATUS = const(0x03)
_DATA_0 = const(0x04)  # pressure, then temperature, each 24 bits from the lowest byte up
_PWR_CTRL = const(0x1B)
_OSR = const(0x1C)
_CONFIG = const(0x1F)
_NVM_PAR_T1 = const(0x31)
_CMD = const(0x7E)

_BMP390 = const(0x60)
_SOFTRESET = const(0xB6)
_FORCED = const(0x13)  # PWR_CTRL: press_en, temp_en, one conversion
_OSR_P8_T1 = const(0x03)  # OSR: pressure x8, temperature x1
_DRDY = const(0x60)  # STATUS: drdy_press and drdy_temp

_START_MS = const(3)  # 2 ms at most (table 2)
_CONVERT_MS = const(22)  # 21.53 ms at most for x8/x1 (section 3.9.2)
_LATE_TRIES = const(5)
_LATE_MS = const(2)

_NVM = "<HHbhhbbHHbbhbb"


class BMP390Error(OSError):
    """Another chip answers, or this one answers wrongly or not in time."""


class BMP390:
    """One sensor on an I2C bus, asleep but for the conversions that are asked for.

    `calibration` holds the chip's scaled trim, as `scale` returns it. Raises the port's OSError if
    the sensor does not answer, BMP390Error if what answers is not a working BMP390.
    """

    def __init__(self, i2c, address=0x77):
        self._i2c = i2c
        self._address = address
        self._pointer = bytearray(1)
        self._message = bytearray(2)
        self._byte = bytearray(1)
        self._data = bytearray(6)
        time.sleep_ms(_START_MS)  # the supply may have come only now
        found = self._register(_CHIP_ID)
        if found != _BMP390:
            raise BMP390Error("BMP390: chip id 0x%02x, expected 0x%02x" % (found, _BMP390))
        self._write(_CMD, _SOFTRESET)
        time.sleep_ms(_START_MS)
        # All that is measured from now on depends on these 21 bytes, and the datasheet has no
        # checksum over them: so they must read alike twice.
        nvm, again = bytearray(21), bytearray(21)
        self._read(_NVM_PAR_T1, nvm)
        self._read(_NVM_PAR_T1, again)
        if nvm != again or nvm == bytearray(21):
            raise BMP390Error("BMP390: trim values damaged")
        self.calibration = scale(nvm)
        self._write(_OSR, _OSR_P8_T1)
        self._write(_CONFIG, 0)  # no IIR filter: in forced mode it would mix in old weather
        if self._register(_ERR_REG):
            raise BMP390Error("BMP390: setting refused")

    def measure(self):
        """Return (pressure in Pa, temperature in degrees C) of a fresh conversion. Takes 23 ms.

        30000 to 125000 Pa and -40 to 85 degrees C; beyond, the nearer end (section 8.6).
        """
        self._write(_PWR_CTRL, _FORCED)
        time.sleep_ms(_CONVERT_MS)
        for _ in range(_LATE_TRIES):
            if self._register(_STATUS) & _DRDY == _DRDY:
                break
            time.sleep_ms(_LATE_MS)
        else:
            raise BMP390Error("BMP390: no conversion")
        data = self._data
        self._read(_DATA_0, data)
        raw_pressure = data[2] << 16 | data[1] << 8 | data[0]
        raw_temperature = data[5] << 16 | data[4] << 8 | data[3]
        temp_c = min(max(temperature(self.calibration, raw_temperature), -40.0), 85.0)
        pressure_pa = pressure(self.calibration, temp_c, raw_pressure)
        return min(max(pressure_pa, 30000.0), 125000.0), temp_c

    def _register(self, register):
        self._read(register, self._byte)
        return self._byte[0]

    def _read(self, register, buffer):
        # A STOP between pointer and data is allowed (section 5.2.2), and so a pointer that was not
        # taken shows as a short count; readfrom_mem would return the buffer as it was.
        self._pointer[0] = register
        if self._i2c.writeto(self._address, self._pointer) != 1:
            raise BMP390Error("BMP390: register 0x%02x refused" % register)
        self._i2c.readfrom_into(self._address, buffer)

    def _write(self, register, value):
        self._message[0] = register
        self._message[1] = value
        if self._i2c.writeto(self._address, self._message) != 2:
            raise BMP390Error("BMP390: register 0x%02x not written" % register)


def scale(nvm):
    """Return the 14 trim values of the 21 NVM bytes as floats, scaled (section 8.4)."""
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = struct.unpack(_NVM, nvm)
    return (
        t1 * 256.0, t2 / 2.0**30, t3 / 2.0**48,
        (p1 - 16384) / 2.0**20, (p2 - 16384) / 2.0**29, p3 / 2.0**32, p4 / 2.0**37,
        p5 * 8.0, p6 / 64.0, p7 / 256.0, p8 / 2.0**15,
        p9 / 2.0**48, p10 / 2.0**48, p11 / 2.0**65,
    )  # fmt: skip


def temperature(calibration, raw):
    """Return degrees C of a raw 24-bit temperature (section 8.5), not yet limited."""
    # Both are whole and under 2**24, so this difference loses nothing in single precision.
    d = raw - calibration[0]
    return (calibration[1] + d * calibration[2]) * d


def pressure(calibration, temp_c, raw):
    """Return Pa of a raw 24-bit pressure at `temp_c` (section 8.6), not yet limited.

    Nested in this order, single precision stays within 0.1 Pa of double over the whole range: no
    power of `raw` is formed, and the two large terms meet in the last step only.
    """
    _, _, _, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = calibration
    offset = p5 + ((p8 * temp_c + p7) * temp_c + p6) * temp_c
    linear = p1 + ((p4 * temp_c + p3) * temp_c + p2) * temp_c
    return ((p11 * raw + (p10 * temp_c + p9)) * raw + linear) * raw + offset
