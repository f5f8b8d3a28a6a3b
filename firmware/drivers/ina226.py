"""TI INA226 current and voltage monitor with a latched alert (datasheet SBOS547B, section 7.6)."""

from micropython import const

_CONFIG = const(0x00)
_SHUNT_VOLTAGE = const(0x01)
_BUS_VOLTAGE = const(0x02)
_MASK_ENABLE = const(0x06)
_ALERT_LIMIT = const(0x07)
_MANUFACTURER_ID = const(0xFE)
_DIE_ID = const(0xFF)

_TI = const(0x5449)
_INA226 = const(0x2260)

# CONFIG: four samples of 140 us averaged, 560 us a decision, or 1120 us with the bus voltage.
_SHUNT_CONTINUOUS = const(0x4205)
_SHUNT_AND_BUS_CONTINUOUS = const(0x4207)

# MASK/ENABLE
_SOL = const(0x8000)  # alert when the shunt is over the limit
_LEN = const(0x0001)  # latch it until this register is read
_WRITABLE = const(0xFC03)  # the five functions, CNVR, APOL and LEN

# Flags of clear_alert()
ALERT = const(0x0010)  # AFF: the limit was passed
OVERFLOW = const(0x0004)  # OVF

_SHUNT_NV = const(2500)  # an LSB of the shunt register
_LIMIT_MAX = const(0x7FFF)


class INA226Error(OSError):
    """Another chip answers, or it did not take what was written."""


class INA226:
    """One monitor on an I2C bus, converting without pause from the start.

    shunt_uohm: resistance of the shunt, in micro-ohms. Raises the port's OSError if it does not
    answer, INA226Error if what answers is not an INA226. The chip is not reset: an over-current
    trip that is already armed stays armed, until `set_over_current` is called again.
    """

    def __init__(self, i2c, address=0x40, shunt_uohm=10000):
        self._i2c = i2c
        self._address = address
        self._shunt_uohm = shunt_uohm
        self._pointer = bytearray(1)
        self._value = bytearray(2)
        self._message = bytearray(3)
        self._has_bus = True
        for register, expected in ((_MANUFACTURER_ID, _TI), (_DIE_ID, _INA226)):
            found = self._read(register)
            if found != expected:
                raise INA226Error("INA226: id 0x%04x, expected 0x%04x" % (found, expected))
        self._write(_CONFIG, _SHUNT_AND_BUS_CONTINUOUS)

    def set_over_current(self, limit_ma, with_bus=False):
        """Pull ALERT low, latched, as soon as four samples average over `limit_ma`.

        One decision every 560 us; with_bus keeps `bus_mv` alive and makes it 1120 us. The limit is
        rounded down to the chip's step, so that it never trips late. The read-back releases an
        ALERT that stood. Raises ValueError outside what the chip can compare (up to 81.9 mV across
        the shunt), INA226Error if the setting did not arrive: the trip must not be relied on then.
        """
        limit = limit_ma * self._shunt_uohm // _SHUNT_NV
        if not 1 <= limit <= _LIMIT_MAX:
            raise ValueError("INA226: limit of %d mA is out of range" % limit_ma)
        config = _SHUNT_AND_BUS_CONTINUOUS if with_bus else _SHUNT_CONTINUOUS
        self._has_bus = False
        # The limit first: the function that uses it may already be on.
        for register, value, mask in (
            (_ALERT_LIMIT, limit, 0xFFFF),
            (_CONFIG, config, 0xFFFF),
            (_MASK_ENABLE, _SOL | _LEN, _WRITABLE),
        ):
            self._write(register, value)
            found = self._read(register) & mask
            if found != value:
                raise INA226Error("INA226: register 0x%02x holds 0x%04x" % (register, found))
        self._has_bus = with_bus

    def move_limit(self, limit_ma):
        """Change the limit of an armed trip, in one transfer, and no sooner than at the next
        decision.

        A latched ALERT stays. For a limit that follows the duty of a bridge behind the shunt; out
        of range it is cropped to what the chip can compare.
        """
        limit = limit_ma * self._shunt_uohm // _SHUNT_NV
        self._write(_ALERT_LIMIT, max(1, min(_LIMIT_MAX, limit)))

    def current_ma(self):
        """Return the current through the shunt in mA, rounded, negative from IN- to IN+."""
        raw = self._read(_SHUNT_VOLTAGE)
        # By hand: int.from_bytes knows no sign here. Away from zero in both directions alike.
        sign = 1
        if raw & 0x8000:
            raw = 0x10000 - raw
            sign = -1
        return sign * ((raw * _SHUNT_NV + self._shunt_uohm // 2) // self._shunt_uohm)

    def bus_mv(self):
        """Return the voltage of the bus in mV. Raises INA226Error while it is not converted."""
        if not self._has_bus:
            raise INA226Error("INA226: the trip was set without the bus voltage")
        return self._read(_BUS_VOLTAGE) * 5 // 4  # 1.25 mV an LSB

    def clear_alert(self):
        """Release a latched ALERT; return the flags that stood, of ALERT and OVERFLOW.

        Over the limit still, the chip pulls ALERT again at its next decision.
        """
        return self._read(_MASK_ENABLE) & (ALERT | OVERFLOW)

    def _read(self, register):
        # The pointer outlives a STOP (section 7.5.2), so no repeated start is needed, and one that
        # was not taken shows as a short count; readfrom_mem would hide it.
        self._pointer[0] = register
        if self._i2c.writeto(self._address, self._pointer) != 1:
            raise INA226Error("INA226: register 0x%02x refused" % register)
        value = self._value
        self._i2c.readfrom_into(self._address, value)
        return value[0] << 8 | value[1]

    def _write(self, register, value):
        message = self._message
        message[0] = register
        message[1] = value >> 8
        message[2] = value & 0xFF
        if self._i2c.writeto(self._address, message) != 3:
            raise INA226Error("INA226: register 0x%02x not written" % register)
