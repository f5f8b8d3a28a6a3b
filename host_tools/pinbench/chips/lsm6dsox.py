"""ST LSM6DSOX accelerometer and gyroscope on SPI (DS12814; registers of ST's lsm6dsox_reg.h).

SPI: mode 0 or 3, up to 10 MHz, chip select low for one transfer; first byte = address, bit 7 set
to read. With IF_INC the address counts up; from 0x7E it goes back to 0x78, so that a burst from
0x78 reads FIFO word after FIFO word of 7 bytes (st_lsm6dsx of Linux reads so). CS is pulled up
inside; while it is low every byte is an exchange.

Pins: `cs`; `int1`, `int2`, push-pull and active high unless CTRL3_C says otherwise, low in reset.
INT1_CTRL/INT2_CTRL route data ready (level), FIFO threshold, overrun and full; MD1_CFG/MD2_CFG bit
4 routes free fall, which needs TAP_CFG2 bit 7 (interrupts_enable). A FIFO signal follows its flag:
threshold high while at least WTM words wait, low again once they are read.

Modelled: WHO_AM_I 0x6C; reset values CTRL3_C 0x04, CTRL9_XL 0xE0, PIN_CTRL 0x3F; SW_RESET (50 us,
then reads 0) and BOOT (10 ms; any access but CTRL3_C and WHO_AM_I meanwhile is a violation); ODR
codes 1 to 10, all full scales, BDU (a word's high byte goes with the low byte that was read), data
ready flags, temperature, self-test, INTERNAL_FREQ_FINE (0.15 % a step of the true clock), free
fall, FIFO in bypass (0), FIFO (1) and continuous mode (6). Not modelled, so a violation to switch
on: other FIFO modes, compression, timestamp, batched temperature, odrchg words, 6D, taps, wake-up,
inactivity, embedded functions, sensor hub, OIS, pulsed data ready, 3-wire SPI, ultra-low-power.
Writing a read-only or reserved register, or a 1 into a reserved bit, is a violation.

Clock: code 4 is 104 Hz exactly, each further code twice the last (13, 26, 52, 104, 208 ... 6656
Hz), times 1 + clock_ppm / 1e6. Accelerometer and gyroscope share one clock (the faster rate); the
first sample comes one period after switching on. A new gyroscope output is off by up to 280 counts
for 70 ms after power-down, falling to 0 (turn-on time, AN5192): do not use it.

FIFO: 512 words of 7 bytes: tag, then X, Y, Z as little-endian int16. Tag byte: bits 7:3 sensor (1
gyroscope, 2 accelerometer, 0 nothing: the FIFO was empty), bits 2:1 a counter that goes up by one
with each time slot (both words of a slot bear the same), bit 0 makes the parity of the byte even
(ST's fifo_utility checks it so). In a slot the gyroscope's word comes first; go by the tag. A slot
is one period of the faster of BDR_XL and BDR_GY (each at most its ODR). DIFF counts words; a word
leaves when its last byte (0x7E) has been read. Continuous mode overwrites the oldest words when
full; FIFO_OVR (bit 6) then stays while full, FIFO_OVR_LATCHED (bit 3) until FIFO_STATUS2 is read.
FIFO mode stops when full. Bypass empties. FULL (bit 5): full with the next slot. stop_on_wtm makes
WTM the depth.

Self-test (CTRL5_C; ST's lsm6dsox_self_test.c: 50 to 1700 mg and 150 to 700 dps at 2000 dps; 20 to
80 dps at 250 dps): ST_XL 01/10 adds/takes `self_test_mg` on each axis, ST_G 01/11 `self_test_dps`
scaled by full scale / 2000. The change is complete 100 ms after the bits were written.

Free fall: all three |a| under FF_THS (156, 219, 250, 312, 344, 406, 469, 500 mg) for more than
FF_DUR samples of ODR_XL; WAKE_UP_SRC bit 5 and ALL_INT_SRC bit 0, with TAP_CFG0 LIR latched until
one of them is read, else as long as it falls.

Test face (all may be set at any time, what was sampled before stays):
  `play(rows, at_us=None)`: replay six counts a row (ax, ay, az, gx, gy, gz at 16 g, 0.488 mg, and
    2000 dps, 70 mdps) at 104 rows a second. rows: array('h'), or bytes of little-endian int16, or
    an object with `window(i)` (see _Rows). With clock_ppm 0 and ODR 104 Hz sample k is row k,
    unchanged; else the line between neighbours is read. After the last row: its acceleration, no
    rotation. `stop()`; `playing`; `row` (number of the row at this
    moment); `time_of_row(i)` in us of the run.
  `accel_mg` and `gyro_dps`: what it feels when nothing is played, tuples of three; `noise`, the
    peak noise in counts there (accelerometer 16 g scale; default 2; gyroscope half of it);
    `offset`, six counts added always; `clock_ppm`; `temp_c`; `self_test_mg`, `self_test_dps`.
  Faults: `stuck` "ax" ... "gz" ("" ends it): the axis keeps its value; `saturated`, the same, at
    32767; `frozen` True: the clock stands, no more samples, registers answer; `disconnected`
    "high" or "low": MISO reads 0xFF or 0x00, pins let go ("" ends it: power-on state);
    `bad_parity`, `bad_tag`, `lost_slots`: so many coming words have wrong parity or a wrong
    sensor (parity right), or so many coming slots are missing (the counter jumps); `who_am_i`.
  Counters: `samples` taken since power-on, `overruns` (words lost).
"""

from pinbench.chips.imu_core import ImuCore, ramp
from pinbench.chips.imu_fifo import WORD
from pinbench.chips.lsm6dsox_map import (
    ALL_INT_SRC,
    BOOT_US,
    BYPASS,
    CONTINUOUS,
    CTRL1_XL,
    CTRL2_G,
    CTRL3_C,
    CTRL5_C,
    DATA_END,
    FIFO,
    FIFO_CTRL4,
    FIFO_STATUS1,
    FIFO_STATUS2,
    GY_SHIFT,
    INTERNAL_FREQ_FINE,
    OUT_TEMP_L,
    OUTX_L_G,
    OUTZ_H_A,
    RESET_US,
    STATUS_REG,
    TAG,
    TAP_CFG0,
    WAKE_UP_SRC,
    WHO_AM_I,
    WRITABLE,
)


class LSM6DSOX(ImuCore):
    """See the module; `clock_ppm`, by how many millionths its clock is too fast."""

    KIND = "lsm6dsox"
    PINS = ("cs", "int1", "int2")

    def _selected(self, net):
        self._address = None

    def spi_exchange(self, byte):
        """One byte each way while CS is low."""
        if self._disconnected or not self.powered:
            return 0 if self._disconnected == "low" else 0xFF
        address = self._address
        if address is None:
            self._address = byte & 0x7F
            self._reading = bool(byte & 0x80)
            return 0
        if self._reading:
            value = self._read(address)
        else:
            value = 0
            self._write(address, byte)
        self._address = self._after(address)
        return value

    def spi_burst(self, out, reply, baudrate):
        """A whole transfer at once: `reply` takes the answer. Checks the clock (10 MHz)."""
        if baudrate > 10000000:
            self.violation("SPI clock of %d Hz: 10 MHz at most" % baudrate)
        at, length = 0, len(out)
        queue = self._queue
        while at < length:
            whole = self._address == TAG and self._reading and length - at >= WORD
            if whole and queue.count and self._is_up() and self._registers[CTRL3_C] & 4:
                self._advance()
                while length - at >= WORD and queue.count:
                    queue.pop_into(reply, at)
                    at += WORD
                self._moved()
            else:
                reply[at] = self.spi_exchange(out[at])
                at += 1

    def _is_up(self):
        return not self._disconnected and self.powered and self.kernel.now_us >= self._ready_us

    def _after(self, address):
        if not self._registers[CTRL3_C] & 4:
            return address
        return TAG if address == DATA_END else (address + 1) & 0x7F

    def _moved(self):
        self._show()
        self._plan()

    def _busy(self, address):
        if self.kernel.now_us >= self._ready_us or address in (CTRL3_C, WHO_AM_I):
            return False
        self.violation("register 0x%02x used while it boots" % address)
        return True

    def _read(self, address):
        if self._busy(address):
            return 0
        if address == WHO_AM_I:
            return self.who_am_i
        if address in WRITABLE:
            value = self._registers[address]
            if address == CTRL3_C and self.kernel.now_us < self._ready_us:
                value |= self._resetting
            return value
        self._advance()
        if OUTX_L_G <= address <= OUTZ_H_A:
            return self._read_output(address)
        value = self._read_status(address)
        self._moved()
        return value

    def _read_output(self, address):
        index = (address - OUTX_L_G) >> 1
        axis = index + 3 if index < 3 else index - 3
        high = (address - OUTX_L_G) & 1
        value = self._latch[axis]
        if value is None or not high:
            every = self._g_every if index < 3 else self._xl_every
            last = self._next - 1
            if not every or last < 0:
                value = 0
            else:
                self._counts(last - last % every, self._scratch)
                value = self._scratch[axis]
        held = self._registers[CTRL3_C] & 0x40 and not high
        self._latch[axis] = value if held else None
        if high:
            self._flags &= ~(2 if index < 3 else 1)
            self._moved()
            return value >> 8 & 0xFF
        return value & 0xFF

    def _read_status(self, address):
        queue = self._queue
        if address == STATUS_REG:
            return self._flags | 4
        if address == FIFO_STATUS1:
            return queue.count & 0xFF
        if address == FIFO_STATUS2:
            value = queue.count >> 8 | (0x80 if self._reaches_watermark() else 0)
            value |= 0x40 if queue.count >= queue.depth else 0
            value |= 0x20 if self._mode and self._brims() else 0
            value |= 0x08 if queue.overrun else 0
            queue.overrun = False
            return value
        if TAG <= address <= DATA_END:
            value = queue.peek(address - TAG)
            if address == DATA_END:
                queue.drop()
            return value
        if address == WAKE_UP_SRC or address == ALL_INT_SRC:
            value = (0x20 if address == WAKE_UP_SRC else 0x01) if self._fell else 0
            if self._registers[TAP_CFG0] & 1 and not self._falls:
                self._fell = False
            return value
        if address == OUT_TEMP_L or address == OUT_TEMP_L + 1:
            raw = int((self.temp_c - 25.0) * 256) & 0xFFFF
            return raw >> 8 if address & 1 else raw & 0xFF
        if address == INTERNAL_FREQ_FINE:
            fine = (self._clock_ppm + (750 if self._clock_ppm >= 0 else -750)) / 1500
            return max(-128, min(127, int(fine))) & 0xFF
        return 0

    def _write(self, address, value):
        if self._busy(address):
            return
        rule = WRITABLE.get(address)
        if rule is None:
            self.violation("write to register 0x%02x, which is read only or reserved" % address)
            return
        changed = value ^ rule[0]
        if changed & rule[2]:
            self.violation("0x%02x in register 0x%02x: not modelled" % (value, address))
            return
        if changed & ~rule[1] & 0xFF:
            self.violation("0x%02x in register 0x%02x: reserved bits" % (value, address))
            return
        self._advance()
        self._store(address, value)
        self._moved()

    def _store(self, address, value):
        registers = self._registers
        before = registers[address]
        if address == CTRL3_C and value & 0x81:
            self._resetting = value & 0x81
            self.kernel.note("chip", self.name, "reset")
            if value & 1:
                self._reset(BOOT_US if value & 0x80 else RESET_US)
            else:
                registers[address] = value & 0x7E
                self._ready_us = self.kernel.now_us + BOOT_US
            return
        if address == FIFO_CTRL4 and value & 7 not in (BYPASS, FIFO, CONTINUOUS):
            self.violation("FIFO mode %d: not modelled" % (value & 7))
            return
        if address in (CTRL1_XL, CTRL2_G) and value >> 4 > 10:
            self.violation("data rate code %d: not modelled" % (value >> 4))
            return
        if address == CTRL2_G and value >> 1 & 7 not in GY_SHIFT:
            self.violation("full scale code %d of the gyroscope" % (value >> 1 & 7))
            return
        registers[address] = value
        if address in (CTRL1_XL, CTRL2_G):
            self._set_rates(address, before >> 4, value >> 4)
        elif address == CTRL5_C and value != before:
            self._set_self_test(value)
        elif address == FIFO_CTRL4 and value & 7 == BYPASS:
            self._queue.clear()
        self._configure()

    def _set_rates(self, address, before, code):
        if before == code:
            return
        if address == CTRL1_XL:
            self._xl_code = code
        else:
            self._g_code = code
            if not before:
                self._gyro_on_us = self.kernel.now_us
        self._fall_run = 0
        self._flags &= ~(1 if address == CTRL1_XL else 2)
        self._start_clock()

    def _set_self_test(self, value):
        accel, gyro = value & 3, value >> 2 & 3
        if accel == 3 or gyro == 2:
            self.violation("self-test code %d" % value)
            return
        now_us = self.kernel.now_us
        tests = self._tests
        goals = (
            (0, 1, -1)[accel] * int(self.self_test_mg / 0.488 + 0.5),
            (0, 1, 0, -1)[gyro] * int(self.self_test_dps / 0.07 + 0.5),
        )
        for at, goal in ((0, goals[0]), (3, goals[1])):
            tests[at] = ramp(tests[at], tests[at + 1], now_us - tests[at + 2])
            tests[at + 1] = goal
            tests[at + 2] = now_us
