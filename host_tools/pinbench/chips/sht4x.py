"""Sensirion SHT4x humidity and temperature sensor (datasheet D1 v6.1, section 4).

Stateless commands of one byte, a CRC on each word, a heater. While it measures, the chip does not
acknowledge a read; it never stretches the clock.
"""

from pinbench.chips.base import I2CChip
from pinbench.chips.physics import exp, saturation_hpa

_SOFT_RESET = 0x94
_READ_SERIAL = 0x89
_GENERAL_CALL_RESET = 0x06

# Command: duration in us, typical and maximum (table 4).
_MEASURE = {0xFD: (6900, 8300), 0xF6: (3700, 4500), 0xE0: (1300, 1600)}
# Command: heater power in mW, pulse in us, typical and maximum.
_HEATER = {
    0x39: (200, 1000000, 1100000),
    0x32: (200, 100000, 110000),
    0x2F: (110, 1000000, 1100000),
    0x24: (110, 100000, 110000),
    0x1E: (20, 1000000, 1100000),
    0x15: (20, 100000, 110000),
}
_RESET_US = (300, 1000)  # tSR and tPU; tSR has a maximum only
_HEATER_LIMIT_C = 65.0
_PERIODS_PER_PULSE = 10  # a duty of 10 % at most

# The chip's own warming is not in the datasheet. These two give about 60 K for 1 s at 200 mW and
# back to within 0.1 K in some 6 s, the order that the part shows in still air; a model's choice.
_HEATING_K_PER_MW = 0.47
_COOLING_S = 1.0


class SHT4x(I2CChip):
    """Test face: `rh_pct` (beyond 0..100 is allowed) and `temp_c` of the air; `serial`, 32 bits.

    `stuck_wet`: liquid water on the sensor; it reads 100 % until heater pulses of `drying_mj`
    millijoules in all have dried it, or the world sets it to False. `worst_case`: take the
    datasheet's maximum times instead of the typical ones. `commands` counts what was accepted.
    """

    KIND = "sht4x"

    def __init__(self, rh_pct=50.0, temp_c=20.0, address=0x44, serial=0x0F5A1C27):
        I2CChip.__init__(self, address)
        self.rh_pct = rh_pct
        self.temp_c = temp_c
        self.serial = serial
        self.worst_case = False
        self.drying_mj = 1000
        self.commands = 0
        self._water_mj = 0

    @property
    def stuck_wet(self):
        """True while liquid water lies on the sensor."""
        return self._water_mj > 0

    @stuck_wet.setter
    def stuck_wet(self, wet):
        self._water_mj = self.drying_mj if wet else 0

    @property
    def heated_c(self):
        """How much warmer than the air the sensor is now, in K (decays by itself)."""
        ago_us = self.kernel.now_us - self._excess_at_us
        if self._excess_c == 0.0 or ago_us <= 0:
            return self._excess_c
        return self._excess_c * exp(-ago_us / 1e6 / _COOLING_S)

    def power_on(self):
        """As after connecting the supply: cold, idle, deaf for the power-up time."""
        I2CChip.power_on(self)
        self._excess_c = 0.0
        self._excess_at_us = self.kernel.now_us
        self._heat_again_us = 0
        self._reset()

    def _reset(self):
        self._reply = None
        self._at = 0
        self._command = None
        self._written = 0
        self._deaf_until_us = self.kernel.now_us + _RESET_US[self.worst_case]
        self._busy_until_us = 0

    # -- bus face

    def i2c_start(self, read):
        """Acknowledge a write unless resetting; a read only when a result is ready."""
        self._finish()
        now_us = self.kernel.now_us
        if not self.powered or now_us < self._deaf_until_us:
            return False
        self._written = 0
        if not read:
            return True
        if self._reply is None or now_us < self._busy_until_us:
            return False
        self._at = 0
        return True

    def i2c_write(self, byte):
        """Take a command; unknown ones and any but soft reset while busy are refused."""
        self._written += 1
        if self._written > 1:
            self.violation("byte 0x%02X follows a command: commands have one byte" % byte)
            return False
        busy = self.kernel.now_us < self._busy_until_us
        if byte == _SOFT_RESET:
            self._command = byte
            return True
        if byte != _READ_SERIAL and byte not in _MEASURE and byte not in _HEATER:
            self.violation("unknown command 0x%02X" % byte)
            return False
        if busy:
            # The datasheet lets only a soft reset or a general-call reset break into a command.
            self.violation("command 0x%02X while busy: only a reset may abort" % byte)
            return False
        self._command = byte
        return True

    def i2c_read(self):
        """The next byte of the reply; 0xFF after its last."""
        if self._at >= len(self._reply):
            self.violation("read beyond the reply's %d bytes" % len(self._reply))
            return 0xFF
        self._at += 1
        return self._reply[self._at - 1]

    def i2c_stop(self):
        """Execute what was written; forget what was read."""
        self._finish()
        if self._at:
            self._reply = None
            self._at = 0

    def i2c_general_call(self, byte):
        """Reset on 0x06 at address 0."""
        if self.powered and byte == _GENERAL_CALL_RESET:
            self._reset()

    # -- inside

    def _finish(self):
        """A command runs from the end of its transfer, be it a stop or a repeated start."""
        command = self._command
        if command is None:
            return
        self._command = None
        self.commands += 1
        self._reply = None
        if command == _SOFT_RESET:
            self._reset()
        elif command == _READ_SERIAL:
            # Some drivers wait 10 ms here and some read at once: the part serves both.
            self._answer(self.serial >> 16, self.serial & 0xFFFF)
        elif command in _MEASURE:
            self._busy_until_us = self.kernel.now_us + _MEASURE[command][self.worst_case]
            self._answer_air(self.heated_c)
        else:
            self._heat(_HEATER[command])

    def _heat(self, pulse):
        power_mw = pulse[0]
        pulse_us = pulse[1 + self.worst_case]
        now_us = self.kernel.now_us
        if self.temp_c >= _HEATER_LIMIT_C:
            self.violation("heater at 65 degrees C or above")
        if now_us < self._heat_again_us:
            self.violation("heater duty above 10 %")
        self._heat_again_us = now_us + _PERIODS_PER_PULSE * pulse[1]
        end_us = now_us + pulse_us
        fade = exp(-pulse_us / 1e6 / _COOLING_S)
        hot = self.heated_c * fade + _HEATING_K_PER_MW * power_mw * (1.0 - fade)
        self._excess_c = hot
        self._excess_at_us = end_us
        self._busy_until_us = end_us
        self.kernel.note("chip", self.name, "heater", power_mw, pulse_us)
        # The measurement is taken while the heater is still on.
        self._answer_air(hot)
        if self._water_mj > 0:
            self._water_mj -= power_mw * pulse[1] // 1000000
            if self._water_mj <= 0:
                self._water_mj = 0
                self.kernel.note("chip", self.name, "dry")

    def _answer_air(self, excess_c):
        temp_c = self.temp_c + excess_c
        if self._water_mj > 0:
            rh_pct = 100.0
        elif excess_c > 0.001:
            # The same vapour in warmer air: the chip sees drier air.
            rh_pct = self.rh_pct * saturation_hpa(self.temp_c) / saturation_hpa(temp_c)
        else:
            rh_pct = self.rh_pct
        self._answer(_ticks((temp_c + 45.0) / 175.0), _ticks((rh_pct + 6.0) / 125.0))

    def _answer(self, first, second):
        reply = bytearray(6)
        for at, word in ((0, first), (3, second)):
            reply[at] = word >> 8
            reply[at + 1] = word & 0xFF
            reply[at + 2] = crc8(reply, at)
        self._reply = reply


def _ticks(fraction):
    """Return a share of full scale as the nearest 16-bit count (section 4.6), cut to its range."""
    return min(max(int(fraction * 65535.0 + 0.5), 0), 0xFFFF)


def crc8(data, at):
    """Return the checksum of data[at] and data[at + 1] (section 4.4): 0xBE 0xEF gives 0x92."""
    crc = 0xFF
    for byte in (data[at], data[at + 1]):
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31) & 0xFF if crc & 0x80 else crc << 1
    return crc
