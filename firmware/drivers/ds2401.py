"""DS2401 silicon serial number on 1-Wire (data sheet 19-5860): who a power bank is.

`_onewire` is the C part of the frozen module `onewire`; the bus and the CRC are all it takes here.
"""

import _onewire
from machine import Pin
from micropython import const

_READ_ROM = const(0x33)
_FAMILY = const(0x01)


class DS2401:
    """One chip alone on `pin`, a number or a Pin; the line has a pull-up outside."""

    def __init__(self, pin):
        self._pin = Pin(pin) if isinstance(pin, int) else pin
        self._pin.init(Pin.OPEN_DRAIN, Pin.PULL_UP)

    def read(self):
        """Return the 8 bytes (family, serial, CRC), or None: nobody there, or not read well.

        Takes 6 ms. A contact that is being closed bounces: believe what is read three times.
        """
        pin = self._pin
        if not _onewire.reset(pin):
            return None
        _onewire.writebyte(pin, _READ_ROM)
        rom = bytes([_onewire.readbyte(pin) for _ in range(8)])
        # All zeros, of a line that is held low, has a CRC that is right; the family tells.
        return rom if rom[0] == _FAMILY and _onewire.crc8(rom) == 0 else None
