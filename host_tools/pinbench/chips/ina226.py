"""TI INA226 current and power monitor with an alert pin (SBOS547B, sections 6 and 7).

Conversions are not simulated one by one: between two changes of its inputs the outcome of every
conversion is known, so the chip integrates when asked, and puts an event into the kernel only
where the alert pin will move. The conversions count from the write of CONFIG.
"""

from pinbench.chips.base import I2CChip

_CONFIG, _SHUNT, _BUS, _POWER, _CURRENT = 0, 1, 2, 3, 4
_CALIBRATION, _MASK, _LIMIT, _MANUFACTURER, _DIE = 5, 6, 7, 0xFE, 0xFF

_CONFIG_RESET = 0x4127
_RST = 0x8000
_SOL, _SUL, _BOL, _BUL, _POL, _CNVR = 0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400
_AFF, _CVRF, _OVF, _APOL, _LEN = 0x10, 0x08, 0x04, 0x02, 0x01
_FUNCTIONS = (_SOL, _SUL, _BOL, _BUL, _POL)  # the highest one that is set decides

_AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
_TYPICAL_US = (140, 204, 332, 588, 1100, 2116, 4156, 8244)
_MAXIMUM_US = (154, 224, 365, 646, 1210, 2328, 4572, 9068)
_SHUNT_LSB_UV = 2.5
_BUS_LSB_MV = 1.25
_IDLE, _ONCE, _FOR_EVER = 0, 1, 2


class INA226(I2CChip):
    """Test face: `current_ma` through the shunt and `bus_mv`, set whenever they change.

    `shunt_mohm`: the shunt's true value. `worst_case`: conversions take the datasheet's maximum
    time. `alert` is True while the alert pin is asserted; `trips` counts assertions by a limit.
    Pin `alert`: open drain, pulled up outside.
    """

    KIND = "ina226"
    PINS = ("alert",)

    def __init__(self, address=0x40, shunt_mohm=10, current_ma=0.0, bus_mv=12000.0):
        I2CChip.__init__(self, address)
        self.shunt_mohm = shunt_mohm
        self.worst_case = False
        self.alert = False
        self.trips = 0
        self._current_ma = current_ma
        self._bus_mv = bus_mv
        self._safe_ma = None

    # -- test face

    @property
    def current_ma(self):
        """Current through the shunt in mA, signed."""
        return self._current_ma

    @current_ma.setter
    def current_ma(self, value):
        # A world pushes a thousand times a second. While no event waits and the current stays
        # under `_safe_ma`, nothing can have moved the alert pin, and this much is the whole work.
        safe_ma = self._safe_ma
        if safe_ma is None or value >= safe_ma or self._event is not None:
            self._set_current(value)
            return
        before = self._current_ma
        now_us = self.kernel.now_us
        end_us = self._end_us
        if now_us < end_us:
            total = self._shunt_sum + before * (now_us - self._seen_us)
        else:
            cycle_us = self._cycle_us
            skipped = (now_us - end_us) // cycle_us
            average = before
            if not skipped:
                average = (self._shunt_sum + before * (end_us - self._seen_us)) / cycle_us
            self._averages = (average, self._averages[1])
            self._stale = True
            self._mask |= _CVRF
            start_us = end_us + skipped * cycle_us
            self._end_us = end_us = start_us + cycle_us
            total = before * (now_us - start_us)
        self._shunt_sum = total
        self._seen_us = now_us
        self._current_ma = value
        if total + value * (end_us - now_us) >= self._safe_sum:
            self._plan()

    def _set_current(self, value):
        if value == self._current_ma:
            return
        if self.powered and self._running:
            self._advance(self.kernel.now_us)
            self._current_ma = value
            self._plan()
        else:
            self._current_ma = value

    @property
    def bus_mv(self):
        """Bus voltage in mV, 0 to 36000."""
        return self._bus_mv

    @bus_mv.setter
    def bus_mv(self, value):
        if value == self._bus_mv:
            return
        if self.powered and self._running:
            self._advance(self.kernel.now_us)
            self._bus_mv = value
            self._plan()
        else:
            self._bus_mv = value

    def power_on(self):
        """Registers to their reset state; converting both inputs continuously."""
        I2CChip.power_on(self)
        self._event = None
        self._pointer = 0
        self._bytes = b""
        self._writing = False
        self._reset()

    def power_off(self):
        """Alert released, conversions over."""
        I2CChip.power_off(self)
        self._running = _IDLE
        self._active = False
        self._plan()
        self._assert(False)

    def _reset(self):
        self._mask = self._limit = self._calibration = 0
        self._function = 0
        self._averages = (0.0, 0.0)  # mA and mV of the last complete conversion
        self._shunt = self._bus = self._current = self._power = 0
        self._stale = False
        self._active = False  # the alert function's verdict, latched if LEN
        self._configure(_CONFIG_RESET)
        self._show()

    # -- bus face

    def i2c_start(self, read):
        """Acknowledge; a read answers from the register that the pointer names."""
        if not self.powered:
            return False
        self._end_write()
        self._writing = not read
        self._bytes = self._fetch() if read else bytearray()
        self._at = 0
        return True

    def i2c_write(self, byte):
        """The pointer, then the register's high and low byte."""
        self._bytes.append(byte)
        count = len(self._bytes)
        if count == 1:
            self._pointer = byte
            if byte > _LIMIT and byte < _MANUFACTURER:
                self.violation("register 0x%02X does not exist" % byte)
        elif count == 3:
            self._store(self._bytes[1] << 8 | byte)
        elif count > 3:
            self.violation("more than two bytes written to register 0x%02X" % self._pointer)
            return False
        return True

    def i2c_read(self):
        """High byte, then low byte."""
        self._at += 1
        if self._at > 2:
            self.violation("more than two bytes read from register 0x%02X" % self._pointer)
            return 0xFF
        return self._bytes[self._at - 1]

    def i2c_stop(self):
        """A register is written whole or not at all."""
        self._end_write()

    def _end_write(self):
        if self._writing and len(self._bytes) == 2:
            self.violation("half a register written to 0x%02X" % self._pointer)
        self._writing = False

    def _fetch(self):
        register = self._pointer
        value = self.peek(register)
        if register == _MASK:
            self._mask &= ~_CVRF
            if self._mask & _LEN:
                self._active = False
            self._show()
            self._plan()
        return bytes((value >> 8, value & 0xFF))

    def peek(self, register):
        """Return a register's 16 bits as a host would read them, without side effects."""
        self._advance(self.kernel.now_us)
        self._compute()
        if register == _CONFIG:
            return self._config
        if register == _SHUNT:
            return self._shunt & 0xFFFF
        if register == _BUS:
            return self._bus
        if register == _POWER:
            return self._power
        if register == _CURRENT:
            return self._current & 0xFFFF
        if register == _CALIBRATION:
            return self._calibration
        if register == _MASK:
            return self._mask | (_AFF if self._active else 0)
        if register == _LIMIT:
            return self._limit
        return {_MANUFACTURER: 0x5449, _DIE: 0x2260}.get(register, 0)

    def _store(self, value):
        register = self._pointer
        self._advance(self.kernel.now_us)
        self._compute()
        if register == _CONFIG:
            if value & 0x3000:
                self.violation("reserved bits of CONFIG set: 0x%04X" % value)
            if value & _RST:
                self._reset()
            else:
                self._configure(value & 0x0FFF | 0x4000)
                self._show()
        elif register == _CALIBRATION:
            if value & 0x8000:
                self.violation("reserved bit of CALIBRATION set")
            self._calibration = value & 0x7FFF
        elif register == _MASK:
            self._set_mask(value)
        elif register == _LIMIT:
            self._limit = value
            self._plan()
        elif register <= _CURRENT or register >= _MANUFACTURER:
            self.violation("register 0x%02X is read-only" % register)

    def _set_mask(self, value):
        if value & 0x03E0:
            self.violation("reserved bits of MASK/ENABLE set: 0x%04X" % value)
        self._mask = value & 0xFC03 | self._mask & (_CVRF | _OVF)
        self._function = 0
        for function in _FUNCTIONS:
            if value & function:
                self._function = function
                break
        if not self._function:
            self._active = False
        self._show()
        self._plan()

    def _configure(self, config):
        self._config = config
        times = _MAXIMUM_US if self.worst_case else _TYPICAL_US
        mode = config & 7
        self._shunt_us = times[config >> 3 & 7] if mode & 1 else 0
        self._bus_us = times[config >> 6 & 7] if mode & 2 else 0
        self._pair_us = self._shunt_us + self._bus_us
        self._count = _AVERAGES[config >> 9 & 7]
        self._cycle_us = self._pair_us * self._count
        self._running = _IDLE if not mode & 3 else _FOR_EVER if mode & 4 else _ONCE
        if self._running:
            self._mask &= ~_CVRF
        self._begin(self.kernel.now_us)
        self._plan()

    # -- conversions

    def _begin(self, now_us):
        self._seen_us = now_us
        self._end_us = now_us + self._cycle_us
        self._shunt_sum = 0.0  # mA times us inside the shunt's windows of this cycle
        self._bus_sum = 0.0

    def _advance(self, now_us):
        """Integrate the inputs up to `now_us`, completing conversions on the way."""
        if not self._running:
            return
        if now_us < self._end_us:
            self._integrate(now_us)
            return
        self._integrate(self._end_us)
        self._complete(self._running_averages())
        self._start_next()
        cycles = (now_us - self._end_us) // self._cycle_us + 1 if self._running else 0
        if cycles > 0:  # whole cycles with steady inputs
            self._complete(self._steady(self._averages))
            self._begin(self._end_us + (cycles - 1) * self._cycle_us)
        if self._running:
            self._integrate(now_us)

    def _start_next(self):
        if self._running == _ONCE:
            self._running = _IDLE
        else:
            self._begin(self._end_us)

    def _integrate(self, until_us):
        """Add the steady inputs from the last look to `until_us`, which lies in this cycle."""
        shunt_us, bus_us = self._windows(self._seen_us, until_us)
        self._shunt_sum += self._current_ma * shunt_us
        self._bus_sum += self._bus_mv * bus_us
        self._seen_us = until_us

    def _windows(self, from_us, until_us):
        """Return how much of a span each input is being converted: shunt first, then bus."""
        if not self._bus_us:
            return until_us - from_us, 0
        if not self._shunt_us:
            return 0, until_us - from_us
        start_us = self._end_us - self._cycle_us
        shunt_us = self._shunt_time(until_us - start_us) - self._shunt_time(from_us - start_us)
        return shunt_us, until_us - from_us - shunt_us

    def _shunt_time(self, us):
        pairs = us // self._pair_us
        rest = us - pairs * self._pair_us
        return pairs * self._shunt_us + (rest if rest < self._shunt_us else self._shunt_us)

    def _running_averages(self, shunt_sum=None, bus_sum=None):
        """Return (mA, mV) that a cycle with these sums (default: this cycle's) gives."""
        shunt_sum = self._shunt_sum if shunt_sum is None else shunt_sum
        bus_sum = self._bus_sum if bus_sum is None else bus_sum
        return (
            shunt_sum / (self._shunt_us * self._count) if self._shunt_us else self._averages[0],
            bus_sum / (self._bus_us * self._count) if self._bus_us else self._averages[1],
        )

    def _complete(self, averages):
        """A conversion, averaging included, has ended: registers, flags, alert."""
        self._averages = averages
        self._stale = True
        self._mask |= _CVRF
        if self._function:
            over = self._exceeds(averages)
            if over and not self._active:
                self.trips += 1
            self._active = over or (self._active and bool(self._mask & _LEN))
        if self._function or self._mask & _CNVR or self.alert:
            self._show()

    def _compute(self):
        """Turn the last averages into registers (section 6.5); kept off the fast path."""
        if not self._stale:
            return
        self._stale = False
        self._shunt, self._bus = self._raw_shunt(self._averages[0]), _raw_bus(self._averages[1])
        self._current, self._power = self._multiply(self._shunt, self._bus)
        overflow = not -32768 <= self._current <= 32767 or self._power > 0xFFFF
        self._mask = self._mask & ~_OVF | (_OVF if overflow else 0)
        self._current = min(max(self._current, -32768), 32767)
        self._power = min(self._power, 0xFFFF)

    def _raw_shunt(self, current_ma):
        raw = _nearest(current_ma * self.shunt_mohm / _SHUNT_LSB_UV)
        return min(max(raw, -32768), 32767)

    def _multiply(self, shunt, bus):
        product = shunt * self._calibration
        current = product // 2048 if product >= 0 else -(-product // 2048)
        return current, abs(current) * bus // 20000

    # -- alert

    def _exceeds(self, averages):
        """Tell whether averages (mA, mV) are beyond the limit of the selected function."""
        function = self._function
        if function == _SOL or function == _SUL:
            limit = _signed(self._limit)
            raw = self._raw_shunt(averages[0])
            return raw > limit if function == _SOL else raw < limit
        if function == _POL:
            shunt = self._raw_shunt(averages[0])
            return self._multiply(shunt, _raw_bus(averages[1]))[1] > self._limit
        raw = _raw_bus(averages[1])
        return raw > self._limit if function == _BOL else raw < self._limit

    def _plan(self):
        """Put the one event where the alert pin will next move if the inputs stay as they are."""
        self._plan_fast_path()
        due_us = self._next_move()
        event = self._event
        if event is not None:
            if event[0] == due_us:
                return
            self.kernel.cancel(event)
            self._event = None
        if due_us is not None:
            self._event = self.kernel.at(due_us, self._move)

    def _plan_fast_path(self):
        """Set the current below which a push cannot move the pin; None: look at every push."""
        self._safe_ma = None
        if self._running != _FOR_EVER or self._bus_us or self._mask & _CNVR:
            return
        if not self._function or (self._active and self._mask & _LEN):
            self._safe_ma = self._safe_sum = 1e30
        elif self._function == _SOL and not self._active:
            self._safe_ma = (_signed(self._limit) + 0.49) * _SHUNT_LSB_UV / self.shunt_mohm
            self._safe_sum = self._safe_ma * self._cycle_us

    def _next_move(self):
        if not self._running:
            return None
        if self._mask & _CNVR and not self._mask & _CVRF:
            return self._end_us
        if not self._function or (self._active and self._mask & _LEN):
            return None
        shunt_us, bus_us = self._windows(self._seen_us, self._end_us)
        this = self._running_averages(
            self._shunt_sum + self._current_ma * shunt_us, self._bus_sum + self._bus_mv * bus_us
        )
        if self._exceeds(this) != self._active:
            return self._end_us
        if self._running == _FOR_EVER and self._exceeds(self._steady(this)) != self._active:
            return self._end_us + self._cycle_us
        return None

    def _steady(self, averages):
        """Return the (mA, mV) of a whole cycle of steady inputs after one with `averages`."""
        return (
            self._current_ma if self._shunt_us else averages[0],
            self._bus_mv if self._bus_us else averages[1],
        )

    def _move(self, _):
        self._event = None
        self._advance(self.kernel.now_us)
        self._plan()

    def _show(self):
        """Drive the pin by the flags (open drain: it pulls low or lets go)."""
        self._assert(self._active or bool(self._mask & _CNVR and self._mask & _CVRF))

    def _assert(self, alert):
        if alert != self.alert:
            self.alert = alert
            self.kernel.note("chip", self.name, "alert", int(alert))
        net = self.nets.get("alert")
        if net is not None:
            low = alert != bool(self._mask & _APOL) if self.powered else False
            net.drive(self.name, 0 if low else None)


def _signed(word):
    return word if word < 0x8000 else word - 0x10000


def _nearest(value):
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)


def _raw_bus(bus_mv):
    return min(max(_nearest(bus_mv / _BUS_LSB_MV), 0), 0x7FFF)
