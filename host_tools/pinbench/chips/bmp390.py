"""Bosch BMP390 pressure sensor (datasheet BST-BMP390-DS002 rev 1.7), seen from I2C.

The world gives pressure and temperature; the chip answers with the raw counts that its own trim
words turn back into them. FIFO and the interrupt pin are not modelled: using them is a violation.
"""

from pinbench.chips.base import I2CChip
from pinbench.chips.physics import power

_CHIP_ID, _REV_ID, _ERR_REG, _STATUS = 0x00, 0x01, 0x02, 0x03
_DATA, _SENSORTIME, _EVENT, _INT_STATUS = 0x04, 0x0C, 0x10, 0x11
_FIFO_DATA, _FIFO_CONFIG_1, _INT_CTRL = 0x14, 0x17, 0x19
_PWR_CTRL, _OSR, _ODR, _CONFIG = 0x1B, 0x1C, 0x1D, 0x1F
_TRIM_CRC, _TRIM, _CMD = 0x30, 0x31, 0x7E

# Writable registers: reset value and the bits that are not reserved.
_WRITABLE = {
    0x15: (0x01, 0xFF),  # FIFO_WTM_0
    0x16: (0x00, 0x01),  # FIFO_WTM_1
    _FIFO_CONFIG_1: (0x02, 0x1F),
    0x18: (0x02, 0x1F),  # FIFO_CONFIG_2
    _INT_CTRL: (0x02, 0x7F),
    0x1A: (0x00, 0x07),  # IF_CONF
    _PWR_CTRL: (0x00, 0x33),
    _OSR: (0x02, 0x3F),
    _ODR: (0x00, 0x1F),
    _CONFIG: (0x00, 0x0E),
}
_READ_ONLY = (
    tuple(range(_CHIP_ID, 0x0A))
    + tuple(range(_SENSORTIME, 0x0F))
    + (_EVENT, _INT_STATUS, 0x12, 0x13, _FIFO_DATA)
    + tuple(range(_TRIM_CRC, _TRIM + 21))
)

_SOFT_RESET, _FIFO_FLUSH = 0xB6, 0xB0
_SLEEP, _NORMAL = 0, 3  # modes 1 and 2 are both forced
_ERR_CMD, _ERR_CONF = 0x02, 0x04
_CMD_RDY, _DRDY_PRESS, _DRDY_TEMP = 0x10, 0x20, 0x40
_FIFO_EMPTY = 0x80
_STARTUP_US = 2000
_RESET_DATA = 0x800000
_IIR = (0, 1, 3, 7, 15, 31, 63, 127)
_SENSORTIME_HZ = 25600

# The words T1, T2, T3, P1 to P11 of a real part: the register dump of a BMP388 (same layout and
# same formulae), published as `219 106 129 73 246 66 253 123 243 35 0 51 103 179 124 243 246 49 65
# 11 196` in the sources of an open flight simulator that emulates its board.
TRIM = (27355, 18817, -10, -702, -3205, 35, 0, 26419, 31923, -13, -10, 16689, 11, -60)
_FORMATS = "HHbhhbbHHbbhbb"


class BMP390(I2CChip):
    """Test face: `pressure_hpa` and `temp_c` at the chip, set whenever they change.

    `trim` is a tuple in the order of TRIM. `worst_case`: conversions take the datasheet's maximum
    time. `conversions` counts finished ones.
    """

    KIND = "bmp390"

    def __init__(self, pressure_hpa=1013.25, temp_c=20.0, address=0x77, trim=None):
        I2CChip.__init__(self, address)
        self.trim = TRIM if trim is None else tuple(trim)
        self._trim_bytes = trim_bytes(self.trim)
        self.worst_case = False
        self._compensation = Compensation(self.trim)
        self._pressure_hpa = pressure_hpa
        self._temp_c = temp_c
        self._raw = None

    @property
    def pressure_hpa(self):
        """Pressure in hPa; the part is specified from 300 to 1250."""
        return self._pressure_hpa

    @pressure_hpa.setter
    def pressure_hpa(self, value):
        if value != self._pressure_hpa:
            self._change()
            self._pressure_hpa = value

    @property
    def temp_c(self):
        """Temperature of the chip in degrees C; the part is specified from -40 to 85."""
        return self._temp_c

    @temp_c.setter
    def temp_c(self, value):
        if value != self._temp_c:
            self._change()
            self._temp_c = value

    def power_on(self):
        """As after connecting the supply: sleeping, all registers reset, deaf for 2 ms."""
        I2CChip.power_on(self)
        self._reset()

    def _reset(self):
        self._pointer = 0
        self._written = 0
        self._shadow = None
        self._deaf_until_us = self.kernel.now_us + _STARTUP_US
        self._registers = {}
        for register in _WRITABLE:
            self._registers[register] = _WRITABLE[register][0]
        self._errors = 0
        self._event = 1  # por_detected, after power-up and after a soft reset
        self._ready = 0
        self._interrupts = 0
        self._counts = [_RESET_DATA, _RESET_DATA]  # pressure, temperature
        self._filter = [None, None]
        self._start_us = None  # of the running conversions; None in sleep
        self._done = 0
        self.conversions = 0

    # -- bus face

    def i2c_start(self, read):
        """Acknowledge unless starting up. A read sees the data registers as they are now."""
        if not self.powered or self.kernel.now_us < self._deaf_until_us:
            return False
        self._written = 0
        if read:
            self._catch_up()
            # Shadowing: the data of one burst belong to one measurement.
            self._shadow = self._data()
        return True

    def i2c_write(self, byte):
        """Pairs of register and value; a lone register sets the pointer for reading."""
        self._written += 1
        if self._written & 1:
            self._pointer = byte
            return True
        self._write(self._pointer, byte)
        return True

    def i2c_read(self):
        """The register at the pointer, which then moves on (not from FIFO_DATA)."""
        register = self._pointer
        if register != _FIFO_DATA:
            self._pointer = (register + 1) & 0xFF
        return self._read(register)

    def i2c_stop(self):
        """A burst write must name a register before each value: the pointer does not move."""
        if self._written > 1 and self._written & 1:
            self.violation("burst write without a register for each value")
        self._written = 0

    # -- registers

    def _read(self, register):
        if _DATA <= register < _DATA + 6 or _SENSORTIME <= register < _SENSORTIME + 3:
            if register < _DATA + 3:
                self._ready &= ~_DRDY_PRESS
            elif register < _DATA + 6:
                self._ready &= ~_DRDY_TEMP
            return self._shadow[register]
        if register in self._registers:
            return self._registers[register]
        if _TRIM <= register < _TRIM + 21:
            return self._trim_bytes[register - _TRIM]
        return self._read_single(register)

    def _read_single(self, register):
        if register == _CHIP_ID:
            return 0x60
        if register == _REV_ID:
            return 0x01
        if register == _ERR_REG:
            value, self._errors = self._errors, 0
            return value
        if register == _STATUS:
            return _CMD_RDY | self._ready
        if register == _EVENT:
            value, self._event = self._event, 0
            return value
        if register == _INT_STATUS:
            value, self._interrupts = self._interrupts, 0
            return value
        if register == _FIFO_DATA:
            return _FIFO_EMPTY
        if register == _TRIM_CRC:
            return trim_crc(self._trim_bytes)
        return 0

    def _write(self, register, value):
        if register == _CMD:
            self._command(value)
        elif register in _WRITABLE:
            if value & ~_WRITABLE[register][1] & 0xFF:
                self.violation("reserved bits of register 0x%02X set: 0x%02X" % (register, value))
            self._configure(register, value & _WRITABLE[register][1])
        elif register in _READ_ONLY:
            self.violation("register 0x%02X is read-only" % register)
        else:
            self.violation("register 0x%02X is reserved" % register)

    def _command(self, value):
        if value == _SOFT_RESET:
            self._reset()
        elif value != _FIFO_FLUSH:
            self._errors |= _ERR_CMD
            self.violation("unknown command 0x%02X" % value)

    def _configure(self, register, value):
        self._catch_up()
        if register == _FIFO_CONFIG_1 and value & 1:
            self.violation("the FIFO is not modelled")
        elif register == _INT_CTRL and value & 0x58:
            self.violation("the interrupt pin is not modelled")
        elif register == _ODR and value > 17:
            self.violation("ODR above 17")
        elif register == _OSR and (value & 7 > 5 or value >> 3 > 5):
            self.violation("oversampling above x32")
        if register == _PWR_CTRL:
            self._set_mode(value)
            return
        if register == _CONFIG and value != self._registers[_CONFIG]:
            self._filter = [None, None]
        self._registers[register] = value
        if self._mode() == _NORMAL and register in (_OSR, _ODR):
            self._start()

    # -- measuring

    def _mode(self):
        return self._registers[_PWR_CTRL] >> 4

    def _set_mode(self, value):
        before, after = self._mode(), value >> 4
        if before in (1, 2) and after != _SLEEP:
            self.violation("PWR_CTRL written while a forced measurement runs")
            return
        if before == _NORMAL and after in (1, 2):
            self.violation("forced mode is reached from sleep only")
        self._registers[_PWR_CTRL] = value
        if after == _SLEEP:
            self._start_us = None
        else:
            self._start()

    def _start(self):
        self._start_us = self.kernel.now_us
        self._done = 0
        if self._mode() == _NORMAL and self.conversion_us(True) > self._period_us():
            # The chip says so itself, and such a setting gives no data to rely on.
            self._errors |= _ERR_CONF
            self._start_us = None

    def conversion_us(self, typical=False):
        """Duration of one measurement as now configured, in us."""
        osr, control = self._registers[_OSR], self._registers[_PWR_CTRL]
        us = 234
        if control & 1:
            us += 392 + 2020 * (1 << (osr & 7))
        if control & 2:
            us += 163 + 2020 * (1 << (osr >> 3))
        if self.worst_case and not typical:
            # The line through the maxima of the datasheet's table: 5.70, 21.53, 78.09 ms.
            us = 292 + us * 112 // 100
        return us

    def _period_us(self):
        return 5000 << self._registers[_ODR]

    def _change(self):
        """Finish what was measured with the values before a change."""
        if self.kernel is not None and self.powered:
            self._catch_up()
        self._raw = None

    def _catch_up(self):
        """Bring the registers to where the conversions until now have taken them."""
        if self._start_us is None:
            return
        elapsed_us = self.kernel.now_us - self._start_us - self.conversion_us()
        if elapsed_us < 0:
            return
        if self._mode() == _NORMAL:
            finished = elapsed_us // self._period_us() + 1
        else:
            finished = 1
            self._registers[_PWR_CTRL] &= 0x0F
            self._start_us = None
        fresh = finished - self._done
        if fresh > 0:
            self._done = finished
            self._convert(fresh)

    def _convert(self, count):
        self.conversions += count
        if self._raw is None:
            self._raw = self._compensation.raw(self._pressure_hpa * 100.0, self._temp_c)
        coefficient = _IIR[self._registers[_CONFIG] >> 1]
        control = self._registers[_PWR_CTRL]
        for i, flag, ready in ((0, 1, _DRDY_PRESS), (1, 2, _DRDY_TEMP)):
            if not control & flag:
                continue
            raw = self._raw[i]
            last = self._filter[i]
            if last is None or not coefficient:
                self._filter[i] = float(raw)
            else:
                # (last * c + raw) / (c + 1), `count` times over.
                left = power(coefficient / (coefficient + 1.0), count)
                self._filter[i] = raw + (last - raw) * left
            self._counts[i] = int(self._filter[i] + 0.5)
            self._ready |= ready
        self._interrupts |= 0x08

    def _data(self):
        data = {}
        ticks = self.kernel.now_us * _SENSORTIME_HZ // 1000000
        for base, value in (
            (_DATA, self._counts[0]),
            (_DATA + 3, self._counts[1]),
            (_SENSORTIME, ticks),
        ):
            data[base] = value & 0xFF
            data[base + 1] = value >> 8 & 0xFF
            data[base + 2] = value >> 16 & 0xFF
        return data


class Compensation:
    """The datasheet's compensation in double precision (appendix 8.4 to 8.6), and its inverse."""

    def __init__(self, trim):
        t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = trim
        self._t = (t1 * 256.0, t2 / 2.0**30, t3 / 2.0**48)
        self._offset = (p5 * 8.0, p6 / 64.0, p7 / 256.0, p8 / 32768.0)
        self._slope = ((p1 - 16384) / 2.0**20, (p2 - 16384) / 2.0**29, p3 / 2.0**32, p4 / 2.0**37)
        self._square = (p9 / 2.0**48, p10 / 2.0**48)
        self._cube = p11 / 2.0**65

    def temperature_c(self, raw_t):
        """Return degrees C for a raw temperature (not clamped)."""
        d = raw_t - self._t[0]
        return d * self._t[1] + d * d * self._t[2]

    def pressure_pa(self, raw_p, temp_c):
        """Return Pa for a raw pressure at the compensated temperature (not clamped)."""
        a, b, c, d = self._terms(temp_c)
        return a + raw_p * (b + raw_p * (c + raw_p * d))

    def raw(self, pressure_pa, temp_c):
        """Return the nearest counts (raw pressure, raw temperature), each 0 to 0xFFFFFF."""
        t0, t1, t2 = self._t
        d = temp_c / t1
        for _ in range(20):  # Newton on a nearly straight line
            d -= (d * (t1 + d * t2) - temp_c) / (t1 + 2.0 * d * t2)
        raw_t = _count(d + t0)
        # Whoever compensates knows the temperature only as its count says.
        a, b, c, d = self._terms(self.temperature_c(raw_t))
        low, high = 0.0, 16777215.0
        falling = a + high * (b + high * (c + high * d)) < a
        for _ in range(60):  # bisection: certain for any trim that rises or falls throughout
            middle = (low + high) * 0.5
            above = a + middle * (b + middle * (c + middle * d)) > pressure_pa
            if above == falling:
                low = middle
            else:
                high = middle
        return _count(low), raw_t

    def _terms(self, temp_c):
        o0, o1, o2, o3 = self._offset
        s0, s1, s2, s3 = self._slope
        t = temp_c
        return (
            o0 + t * (o1 + t * (o2 + t * o3)),
            s0 + t * (s1 + t * (s2 + t * s3)),
            self._square[0] + self._square[1] * t,
            self._cube,
        )


def _count(value):
    return min(max(int(value + 0.5), 0), 0xFFFFFF)


def trim_bytes(trim):
    """Return the 21 bytes of registers 0x31 to 0x45, little-endian."""
    data = bytearray()
    for value, form in zip(trim, _FORMATS):
        data.append(value & 0xFF)
        if form in "Hh":
            data.append(value >> 8 & 0xFF)
    return bytes(data)


def trim_crc(data):
    """Return register 0x30, the check of the trim bytes: polynomial 0x1D, init 0xFF, inverted.

    Not in the datasheet; from boschsensortec/BMP3_SensorAPI, self-test/bmp3_selftest.c.
    """
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x1D) & 0xFF if crc & 0x80 else crc << 1
    return crc ^ 0xFF


def plausible_trim(random):
    """Return a random trim set near the real one; `random` has below(n).

    Accepted only when pressure from 300 to 1250 hPa is within reach, and falls steadily with the
    count, at -40, 25 and 85 degrees C.
    """
    while True:
        trim = []
        for value, form in zip(TRIM, _FORMATS):
            spread = 2 + abs(value) // 12 if form in "Hh" else 12
            limit = 127 if form == "b" else 32767 if form == "h" else 65535
            value += random.below(2 * spread + 1) - spread
            trim.append(min(max(value, 0 if form == "H" else -limit), limit))
        if _covers(Compensation(trim)):
            return tuple(trim)


def _covers(compensation):
    for temp_c in (-40.0, 25.0, 85.0):
        last = 1e9
        for i in range(17):
            pressure = compensation.pressure_pa(i * 1048575.0, temp_c)
            if pressure >= last:
                return False
            last = pressure
        if last > 30000.0 or compensation.pressure_pa(0.0, temp_c) < 125000.0:
            return False
    return True
