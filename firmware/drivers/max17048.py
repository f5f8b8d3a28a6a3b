"""Maxim MAX17048 fuel gauge of one lithium cell (datasheet 19-6171)."""

from micropython import const

_VCELL = const(0x02)
_SOC = const(0x04)
_VERSION = const(0x08)
_CRATE = const(0x16)
_STATUS = const(0x1A)
_RESET = b"\xfe\x54\x00"  # CMD
_RI = const(0x0100)


class MAX17048:
    """One gauge on an I2C bus (0x36). Raises OSError if it does not answer."""

    def __init__(self, i2c, address=0x36):
        self._i2c = i2c
        self._address = address
        self._word = bytearray(2)
        version = self._read(_VERSION)
        if version & 0xFFF0 != 0x0010:
            raise OSError("MAX17048: version 0x%04X" % version)

    @property
    def was_reset(self):
        """True since the gauge lost its supply until `settled`: its charge is a first guess."""
        return self._read(_STATUS) & _RI != 0

    def settled(self):
        """Say that the first guess is over; call it at least one second after power-on."""
        self._write(_STATUS, self._read(_STATUS) & ~_RI & 0xFFFF)

    def reset(self):
        """Start anew, as at power-on."""
        # It refuses the last byte, and that is success: rp2 gives the count, esp32 raises.
        try:
            self._i2c.writeto(self._address, _RESET)
        except OSError:
            pass

    def cell_mv(self):
        """The cell's voltage in mV (78.125 uV a count)."""
        return self._read(_VCELL) * 5 >> 6

    def charge_pm(self):
        """The state of charge in per mille of full; may exceed 1000 a little."""
        return self._read(_SOC) * 5 >> 7

    def rate_pm_h(self):
        """The change of charge in per mille an hour, negative while it discharges."""
        value = self._read(_CRATE)
        if value & 0x8000:
            value -= 65536
        return value * 208 // 100

    def _read(self, register):
        self._i2c.readfrom_mem_into(self._address, register, self._word)
        return self._word[0] << 8 | self._word[1]

    def _write(self, register, value):
        self._word[0] = value >> 8
        self._word[1] = value & 0xFF
        self._i2c.writeto_mem(self._address, register, self._word)
