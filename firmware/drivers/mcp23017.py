"""Microchip MCP23017 I/O expander on I2C (DS20001952), as sixteen inputs with pull-ups."""

from micropython import const

_IODIR = const(0x00)
_IPOL = const(0x02)
_GPINTEN = const(0x04)
_INTCON = const(0x08)
_IOCON = const(0x0A)
_GPPU = const(0x0C)  # from here: GPPU, INTF, INTCAP, GPIO, each for port A and B
_MIRROR = const(0x40)  # either port pulls the one wire of INTA


class MCP23017:
    """Raises OSError if the chip does not answer, or answers like another."""

    def __init__(self, i2c, address=0x20):
        self._i2c = i2c
        self._address = address
        self._two = bytearray(2)
        self._eight = bytearray(8)
        self._configure()
        self.read()

    def _configure(self):
        self._i2c.writeto_mem(self._address, _IOCON, bytes((_MIRROR,)))
        for register, level in ((_IODIR, 255), (_GPPU, 255), (_IPOL, 0), (_INTCON, 0)):
            self._write(register, level)
        self._write(_GPINTEN, 255)

    def _write(self, register, level):
        self._two[0] = self._two[1] = level
        self._i2c.writeto_mem(self._address, register, self._two)

    def read(self):
        """Return both ports, A in the low byte; ends an interrupt.

        OSError too if the chip has lost its pull-ups, as after a dip of its supply: what it reads
        without them is noise. It is configured anew for the next time.
        """
        eight = self._eight
        self._i2c.readfrom_mem_into(self._address, _GPPU, eight)
        if eight[0] != 255 or eight[1] != 255:
            self._configure()
            raise OSError("MCP23017: its settings were lost")
        return eight[6] | eight[7] << 8
