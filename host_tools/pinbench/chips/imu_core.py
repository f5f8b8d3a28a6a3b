"""The inside of the LSM6DSOX twin: clock, samples, FIFO, free fall and pins (see lsm6dsox.py)."""

from pinbench.chips.base import Chip
from pinbench.chips.imu_face import AXES, ImuFace
from pinbench.chips.imu_fifo import DEPTH
from pinbench.chips.lsm6dsox_map import (
    BOOT_US,
    CONTINUOUS,
    CTRL1_XL,
    CTRL2_G,
    CTRL3_C,
    CTRL4_C,
    FIFO,
    FIFO_CTRL1,
    FIFO_CTRL2,
    FIFO_CTRL3,
    FIFO_CTRL4,
    FREE_FALL,
    GY_SHIFT,
    INT1_CTRL,
    INT2_CTRL,
    MD1_CFG,
    MD2_CFG,
    TAP_CFG0,
    TAP_CFG2,
    WAKE_UP_DUR,
    WRITABLE,
    XL_SHIFT,
)

_BASE_HZ = 13  # of code 1; each further code doubles it
_SENSOR_GYRO, _SENSOR_ACCEL = 1, 2
_FF_MG = (156, 219, 250, 312, 344, 406, 469, 500)
SETTLE_US = 100000  # of a self-test (ST's example waits as long)
_TURN_ON_US = 70000
_TURN_ON_COUNTS = 280
_LOOK_AHEAD = 104  # samples in which free fall is looked for at a time
_NEVER = 1 << 60


class ImuCore(ImuFace):
    """Everything between what it feels and what its registers and pins show."""

    # -- power and reset

    def attach(self, kernel, name, nets):
        """As Chip.attach; watches its chip select from now on."""
        Chip.attach(self, kernel, name, nets)
        if not self._watching:
            self._watching = True
            nets["cs"].watch(self._selected)

    def power_on(self):
        """Supply on: registers to their reset values, 10 ms of boot."""
        Chip.power_on(self)
        self.nets["cs"].pull(self.name, 1)
        self._motion.seed = self.kernel.random.fork().bits(30)
        self.samples = 0
        self._reset(BOOT_US)
        self._set_rest()

    def power_off(self):
        """Supply off: pins let go."""
        self._release()
        self.nets["cs"].pull(self.name, None)
        Chip.power_off(self)

    def _release(self):
        self._settle()
        self._rate_hz = 0
        self._shown = -1
        self.kernel.cancel(self._event)
        self._event = None
        for pin in ("int1", "int2"):
            if pin in self.nets:
                self.nets[pin].drive(self.name, None)

    def _reset(self, busy_us):
        self._ready_us = self.kernel.now_us + busy_us
        registers = self._registers
        for address in WRITABLE:
            registers[address] = WRITABLE[address][0]
        self._xl_code = self._g_code = 0
        self._flags = 0  # STATUS_REG: XLDA, GDA
        self._next = 0
        self._start_us = self.kernel.now_us
        self._period_ps = 1
        self._rate_hz = 0
        self._latch = [None, None, None, None, None, None]
        self._falls = self._fell = False
        self._fall_run = 0
        self._fall_next = 0
        self._gyro_on_us = -_TURN_ON_US
        self._tests = [0, 0, -SETTLE_US, 0, 0, -SETTLE_US]  # from, to, since; accel, gyro
        self._queue.clear()
        self._configure()
        self._start_clock()
        self._show()

    # -- the clock

    def _start_clock(self):
        """Samples begin anew, with what the registers say now."""
        now_us = self.kernel.now_us
        code = max(self._xl_code, self._g_code)
        if self._frozen or self._disconnected or not self.powered:
            code = 0
        self._rate_code = code
        self._rate_hz = _BASE_HZ << (code - 1) if code else 0
        self._next = self._fall_next = 0
        self._last_done = -1
        if code:
            self._start_us = now_us
            self._period_ps = 10**18 // (self._rate_hz * (1000000 + self._clock_ppm))
            self._motion.clock(self._rate_hz, self._clock_ppm, self._time_of(0))
        self._configure()
        self._plan()

    def _time_of(self, n):
        return self._start_us - (-(n + 1) * self._period_ps // 1000000)

    def _last(self):
        """Number of the last sample, -1 before the first."""
        if not self._rate_hz:
            return self._next - 1
        return (self.kernel.now_us - self._start_us) * 1000000 // self._period_ps - 1

    def _index_from(self, at_us):
        """Number of the first sample at or after at_us, of those that are still to come."""
        past = ((at_us - self._start_us) * 1000000 - 1) // self._period_ps
        return max(past, self._next, 0)

    def _configure(self):
        """Work out from the registers what each sample goes through."""
        self._fall_due = -1  # nobody has looked ahead with these settings
        registers = self._registers
        rate = max(self._xl_code, self._g_code)
        self._xl_every = 1 << (rate - self._xl_code) if self._xl_code else 0
        self._g_every = 1 << (rate - self._g_code) if self._g_code else 0
        self._xl_shift = XL_SHIFT[registers[CTRL1_XL] >> 2 & 3]
        self._g_shift = GY_SHIFT.get(registers[CTRL2_G] >> 1 & 7, 0)
        batch = registers[FIFO_CTRL3]
        xl, g = min(batch & 15, self._xl_code), min(batch >> 4, self._g_code)
        self._xl_batch = 1 << (rate - xl) if xl else 0
        self._g_batch = 1 << (rate - g) if g else 0
        self._slot_every = 1 << (rate - max(xl, g)) if xl or g else 0
        self._slot_words = (1 if xl else 0) + (1 if g else 0)
        watermark = registers[FIFO_CTRL1] | (registers[FIFO_CTRL2] & 1) << 8
        self._watermark = watermark
        stop = registers[FIFO_CTRL2] & 0x80 and watermark
        self._queue.depth = watermark if stop else DEPTH
        self._mode = registers[FIFO_CTRL4] & 7
        ff = registers[FREE_FALL]
        self._ff_limit = _FF_MG[ff & 7] * 1000 // 488 << self._xl_shift
        self._ff_samples = ff >> 3 | (registers[WAKE_UP_DUR] & 0x80) >> 2
        ff_on = bool(registers[TAP_CFG2] & 0x80 and self._xl_code)
        if ff_on and not self._ff_on:
            self._fall_run = 0
            self._fall_next = self._next + -self._next % self._xl_every
        self._ff_on = ff_on
        self._find_settled()

    def _find_settled(self):
        """From which sample on nothing but the motion makes the counts."""
        tests = self._tests
        settled_us = self._gyro_on_us + _TURN_ON_US
        for since_us in (tests[2], tests[5]):
            settled_us = max(settled_us, since_us + SETTLE_US)
        if tests[1] or tests[4] or self._xl_shift or self._g_shift:
            settled_us = _NEVER
        if not self._rate_hz or settled_us == _NEVER:
            self._settled = _NEVER
        else:
            self._settled = (settled_us - self._start_us) * 1000000 // self._period_ps

    def _settle(self):
        """Bring everything up to now, before something changes."""
        self._fall_due = -1
        if self.kernel is not None and self.powered:
            self._advance()

    def _replan(self):
        if self.kernel is not None and self.powered:
            self._plan()

    def _advance(self):
        last = self._last()
        first = self._next
        if last < first:
            return
        self.samples += last + 1 - first
        if self._xl_every and last - last % self._xl_every >= first:
            self._flags |= 1
        if self._g_every and last - last % self._g_every >= first:
            self._flags |= 2
        if self._ff_on:
            self._watch_fall(last)
        if self._mode and self._slot_every:
            self._batch(first, last)
        self._next = last + 1

    # -- samples

    def _counts(self, n, out):
        """Put the counts of sample n, as the registers show them, into `out`."""
        self._motion.sample(n, out)
        if n < self._settled:
            at_us = self._time_of(n)
            tests = self._tests
            accel = ramp(tests[0], tests[1], at_us - tests[2])
            gyro = ramp(tests[3], tests[4], at_us - tests[5])
            young_us = at_us - self._gyro_on_us
            drift = 0
            if 0 <= young_us < _TURN_ON_US:
                drift = _TURN_ON_COUNTS * (_TURN_ON_US - young_us) // _TURN_ON_US
            for i in (0, 1, 2):
                out[i] = (out[i] << self._xl_shift) + (accel << self._xl_shift)
                # A self-test moves the counts alike at every full scale (facts A7).
                out[3 + i] = (out[3 + i] + drift << self._g_shift) + gyro
        for i in range(6):
            if out[i] > 32767:
                out[i] = 32767
            elif out[i] < -32768:
                out[i] = -32768
        if self._stuck:
            out[AXES.index(self._stuck)] = self._stuck_value
        if self._saturated:
            out[AXES.index(self._saturated)] = 32767

    def _batch(self, first, last):
        every = self._slot_every
        queue = self._queue
        flaws = self._flaws
        if self._mode == FIFO and queue.count >= queue.depth:
            return
        n = first + -first % every
        slots = (last - n) // every + 1 if n <= last else 0
        if slots > DEPTH and not flaws[2]:  # what would be overwritten at once
            skip = slots - DEPTH if self._mode == CONTINUOUS else 0
            n += skip * every
            queue.skip(skip, 1 if not (self._xl_batch and self._g_batch) else 2)
        motion = self._motion
        while n <= last:
            queue.slot()
            if flaws[2] > 0:
                flaws[2] -= 1
                n += every
                continue
            at = -1
            if n >= self._settled and not self._stuck and not self._saturated:
                at = motion.exact(n)
            if at < 0:
                self._counts(n, self._scratch)
            if self._g_batch and not n % self._g_batch:
                self._push(_SENSOR_GYRO, at + 6 if at >= 0 else -1)
            if self._xl_batch and not n % self._xl_batch:
                self._push(_SENSOR_ACCEL, at)
            n += every

    def _push(self, sensor, at):
        queue = self._queue
        flaw = 0
        flaws = self._flaws
        tag = sensor
        if flaws[1] > 0:
            flaws[1] -= 1
            tag = 3 - sensor
        if flaws[0] > 0:
            flaws[0] -= 1
            flaw = 1
        if self._mode == FIFO and queue.count >= queue.depth:
            return
        if at >= 0:
            queue.push(tag, flaw, self._motion.data, at)
        else:
            queue.push_counts(tag, flaw, self._scratch, 0 if sensor == _SENSOR_ACCEL else 3)

    # -- free fall

    def _is_falling(self, n, out):
        self._counts(n, out)
        limit = self._ff_limit
        for i in (0, 1, 2):
            if not -limit < out[i] < limit:
                return False
        return True

    def _watch_fall(self, last):
        every = self._xl_every
        n = self._fall_next
        while n <= last:
            self._fall_run = self._fall_run + 1 if self._is_falling(n, self._scratch) else 0
            self._set_falls(self._fall_run > self._ff_samples)
            n += every
        self._fall_next = n

    def _set_falls(self, falls):
        if falls and not self._falls:
            self._fell = True
            self.kernel.note("chip", self.name, "free fall")
        self._falls = falls
        if not falls and not self._registers[TAP_CFG0] & 1:
            self._fell = False

    def _next_fall(self):
        """Number of the sample at which free fall begins or ends, or where to look again."""
        run, every = self._fall_run, self._xl_every
        n = self._fall_next
        end = n + _LOOK_AHEAD * every
        while n < end:
            run = run + 1 if self._is_falling(n, self._ahead) else 0
            if (run > self._ff_samples) != self._falls:
                return n
            n += every
        return n

    # -- pins

    def _signals(self, ctrl, md):
        queue = self._queue
        on = ctrl & self._flags & 3
        if ctrl & 0x38:
            on |= ctrl & 0x08 and self._reaches_watermark()
            on |= ctrl & 0x10 and queue.count >= queue.depth
            on |= ctrl & 0x20 and self._brims()
        return bool(on or (md & 0x10 and self._fell))

    def _reaches_watermark(self):
        return 0 < self._watermark <= self._queue.count

    def _brims(self):
        queue = self._queue
        return queue.count + self._slot_words >= queue.depth

    def _show(self):
        registers = self._registers
        one = self._signals(registers[INT1_CTRL], registers[MD1_CFG])
        two = self._signals(registers[INT2_CTRL], registers[MD2_CFG])
        if registers[CTRL4_C] & 0x20:
            one, two = one or two, False
        # What the pins show: signals, polarity and open drain.
        shown = (1 if one else 0) | (2 if two else 0) | registers[CTRL3_C] & 0x30
        if shown != self._shown:
            self._shown = shown
            self._drive("int1", one)
            self._drive("int2", two)

    def _drive(self, pin, active):
        net = self.nets.get(pin)
        if net is None:
            return
        control = self._registers[CTRL3_C]
        level = 0 if active == bool(control & 0x20) else 1
        net.drive(self.name, None if control & 0x10 and level else level)

    # -- events

    def _plan(self):
        """Put the one event where a pin may next move by itself."""
        due = self._next_due() if self._rate_hz else _NEVER
        due_us = self._time_of(due) if due < _NEVER else _NEVER
        if self._event is not None:
            if self._event_us == due_us:
                return
            self.kernel.cancel(self._event)
            self._event = None
        if due_us < _NEVER:
            self._event_us = due_us
            self._event = self.kernel.at(due_us, self._tick_fn)

    def _next_due(self):
        registers = self._registers
        routed = registers[INT1_CTRL] | registers[INT2_CTRL]
        due = _NEVER
        if routed & 0x38 and self._mode and self._slot_every:
            due = self._next_level(routed)
        wanted = routed & 3 & ~self._flags
        if wanted & 1 and self._xl_every:
            due = min(due, self._next + -self._next % self._xl_every)
        if wanted & 2 and self._g_every:
            due = min(due, self._next + -self._next % self._g_every)
        if self._ff_on and (registers[MD1_CFG] | registers[MD2_CFG]) & 0x10:
            if self._fall_due < self._next:
                self._fall_due = self._next_fall()
            due = min(due, self._fall_due)
        return due

    def _next_level(self, routed):
        """Number of the sample with which the FIFO reaches the next level that a pin shows."""
        queue = self._queue
        goal = _NEVER
        for bit, level in (
            (0x08, self._watermark),
            (0x10, queue.depth),
            (0x20, queue.depth - self._slot_words),
        ):
            if routed & bit and queue.count < level < goal:
                goal = level
        if goal == _NEVER:
            return goal
        every = self._slot_every
        n = self._next + -self._next % every
        if self._xl_batch == self._g_batch or not self._xl_batch or not self._g_batch:
            return n + ((goal - queue.count - 1) // self._slot_words) * every
        count = queue.count
        while True:
            count += (not n % self._xl_batch) + (not n % self._g_batch)
            if count >= goal:
                return n
            n += every

    def _tick(self, _):
        self._event = None
        self._advance()
        self._show()
        self._plan()


def ramp(start, goal, since_us):
    """Return how far a self-test has come `since_us` after it was switched."""
    if since_us >= SETTLE_US:
        return goal
    return start + (goal - start) * max(since_us, 0) // SETTLE_US
