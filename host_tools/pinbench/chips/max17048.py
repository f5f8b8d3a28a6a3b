"""Maxim MAX17048 fuel gauge on I2C at 0x36 (19-6171 rev 7; register map as in facts A9).

16-bit registers, most significant byte first, at even addresses; the address counts up by two with
each word of a burst, reads and writes alike. A word is written when both bytes have come. 0x02
VCELL 78.125 uV/LSB; 0x04 SOC 1/256 %; 0x06 MODE (write only: bit 14 quick start, bit 13 enable
sleep; reads bit 12 hibernating); 0x08 VERSION 0x0012; 0x0A HIBRT 0x8030; 0x0C CONFIG 0x971C (RCOMP
0x97, sleep bit 7, alert bit 5, empty threshold 32 - n %: 4 %); 0x14 VALRT 0x00FF (min, max, 20
mV); 0x16 CRATE 0.208 %/h signed; 0x18 VRESET/ID 0x9600; 0x1A STATUS (high byte: bit 8 RI, 9 VH, 10
VL, 11 VR, 12 HD, 13 SC, 14 EnVR); 0xFE CMD: 0x5400 resets, and its last byte is not acknowledged:
success.

RI is 1 after power-on and after the reset command, until written 0; for the first second after
that, SOC reads what the chip guessed from the first voltage (`guess_pct`, default 30 off the
truth): do not trust it while RI is set. VCELL is updated each 250 ms. In sleep nothing is updated.
Alert: pin `alert`, open drain, low while CONFIG's ALRT is set (SOC under the threshold, VCELL
outside VALRT, RI of a voltage reset when EnVR); cleared by writing ALRT 0. The STATUS bits stay
until written 0. Writing a read-only register or an unknown address is a violation.

Pins: `alert` (optional). Test face: `soc_pct`, `cell_mv`, `rate_pct_h`, set whenever they change;
`stuck` True: the readings no longer follow. Unpowered or without a cell (cell_mv 0) it does not
acknowledge.
"""

from pinbench.chips.base import I2CChip

_VCELL, _SOC, _MODE, _VERSION, _HIBRT = 0x02, 0x04, 0x06, 0x08, 0x0A
_CONFIG, _VALRT, _CRATE, _VRESET, _STATUS, _CMD = 0x0C, 0x14, 0x16, 0x18, 0x1A, 0xFE
_WRITABLE = (_MODE, _HIBRT, _CONFIG, _VALRT, _VRESET, _STATUS, _CMD)
_READABLE = (_VCELL, _SOC, _MODE, _VERSION, _HIBRT, _CONFIG, _VALRT, _CRATE, _VRESET, _STATUS)
_UPDATE_US = 250000
_GUESS_US = 1000000
_RI, _VH, _VL, _HD = 0x0100, 0x0200, 0x0400, 0x1000
_SLEEP, _ALRT = 0x80, 0x20
_RESET = 0x5400


class MAX17048(I2CChip):
    """See the module."""

    KIND = "max17048"
    PINS = ("alert",)

    def __init__(self, soc_pct=80.0, cell_mv=3900, rate_pct_h=0.0, address=0x36):
        I2CChip.__init__(self, address)
        self._now = [soc_pct, cell_mv, rate_pct_h]
        self.guess_pct = 30.0
        self.stuck = False
        self._tick = None

    @property
    def soc_pct(self):
        """State of charge in per cent."""
        return self._now[0]

    @soc_pct.setter
    def soc_pct(self, value):
        self._now[0] = value

    @property
    def cell_mv(self):
        """Voltage of the cell in mV; 0: there is none."""
        return self._now[1]

    @cell_mv.setter
    def cell_mv(self, value):
        self._now[1] = value

    @property
    def rate_pct_h(self):
        """Charging (positive) or discharging in per cent an hour."""
        return self._now[2]

    @rate_pct_h.setter
    def rate_pct_h(self, value):
        self._now[2] = value

    def power_on(self):
        """Supply on: registers to their reset values, RI set."""
        I2CChip.power_on(self)
        self._reset()

    def power_off(self):
        """Supply off: silent, the pin lets go."""
        self.kernel.cancel(self._tick)
        self._tick = None
        if "alert" in self.nets:
            self.nets["alert"].drive(self.name, None)
        I2CChip.power_off(self)

    def _reset(self):
        self._words = {
            _MODE: 0, _VERSION: 0x0012, _HIBRT: 0x8030, _CONFIG: 0x971C,
            _VALRT: 0x00FF, _VRESET: 0x9600, _STATUS: _RI,
        }  # fmt: skip
        self._guess_until_us = self.kernel.now_us + _GUESS_US
        self._address = 0
        self._bytes = None
        self._take()
        self._show()
        self.kernel.cancel(self._tick)
        self._tick = self.kernel.after(_UPDATE_US, self._update)

    def _take(self):
        soc_pct, cell_mv, rate_pct_h = self._now
        if self.kernel.now_us < self._guess_until_us:
            soc_pct = max(0.0, soc_pct - self.guess_pct)
        self._words[_VCELL] = min(int(cell_mv * 1000 / 78.125 + 0.5), 0xFFFF)
        self._words[_SOC] = min(int(soc_pct * 256), 0xFFFF)
        self._words[_CRATE] = int(rate_pct_h / 0.208) & 0xFFFF

    def _update(self, _):
        self._tick = self.kernel.after(_UPDATE_US, self._update)
        words = self._words
        if words[_CONFIG] & _SLEEP and words[_MODE] & 0x2000 or self.stuck or not self._now[1]:
            return
        self._take()
        level = words[_VCELL] * 5 // 64 // 20  # 78.125 uV, then 20 mV
        flags = 0
        if level > words[_VALRT] & 0xFF:
            flags |= _VH
        if level < words[_VALRT] >> 8:
            flags |= _VL
        if words[_SOC] >> 8 < 32 - (words[_CONFIG] & 0x1F):
            flags |= _HD
        if flags & ~words[_STATUS]:
            words[_STATUS] |= flags
            words[_CONFIG] |= _ALRT
            self._show()

    def _show(self):
        net = self.nets.get("alert")
        if net is not None:
            net.drive(self.name, 0 if self._words[_CONFIG] & _ALRT else None)

    # -- I2C

    def i2c_start(self, read):
        """Answers while there is a cell."""
        if not read:
            self._bytes = []
        self._low = False
        return self.powered and self._now[1] > 0

    def i2c_write(self, byte):
        """The address, then words."""
        self._bytes.append(byte)
        if len(self._bytes) == 1:
            self._address = byte
            return True
        if len(self._bytes) % 2 == 0:
            return True
        value = self._bytes[-2] << 8 | byte
        address, self._address = self._address, self._address + 2 & 0xFF
        if address not in _WRITABLE:
            self.violation("write to register 0x%02x, which is read only or unknown" % address)
            return True
        if address == _CMD:
            if value != _RESET:
                self.violation("command 0x%04x: only 0x5400 is known" % value)
                return True
            self.kernel.note("chip", self.name, "reset")
            self._reset()
            return False
        self._words[address] = value
        if address == _MODE and value & 0x4000:
            self._guess_until_us = self.kernel.now_us + _GUESS_US
        elif address == _CONFIG:
            self._show()
        return True

    def i2c_read(self):
        """Words from the address on."""
        if self._address not in _READABLE:
            if not self._low:
                self.violation("read of register 0x%02x, which is unknown" % self._address)
            value = 0
        else:
            value = self._words[self._address]
            if self._address == _MODE:
                value &= 0x1000
        self._low = not self._low
        if self._low:
            return value >> 8
        self._address = self._address + 2 & 0xFF
        return value & 0xFF
