"""The test face of the LSM6DSOX twin: what it feels, and its faults (see lsm6dsox.py)."""

from pinbench.chips.base import Chip
from pinbench.chips.imu_fifo import WordQueue
from pinbench.chips.imu_motion import RATE_HZ, Motion, Rows
from pinbench.chips.lsm6dsox_map import BOOT_US

AXES = ("ax", "ay", "az", "gx", "gy", "gz")


class ImuFace(Chip):
    """What may be set at any time; each change first lets what was sampled before settle."""

    def __init__(self, clock_ppm=0, accel_mg=(0, 0, 1000), gyro_dps=(0, 0, 0), noise=2):
        Chip.__init__(self)
        self.who_am_i = 0x6C
        self.temp_c = 25.0
        self.self_test_mg = 600
        self.self_test_dps = 400
        self._flaws = [0, 0, 0]  # to come: wrong parities, wrong sensors, lost slots
        self.samples = 0
        self._clock_ppm = clock_ppm
        self._accel_mg = tuple(accel_mg)
        self._gyro_dps = tuple(gyro_dps)
        self._noise = noise
        self._offset = (0, 0, 0, 0, 0, 0)
        self._stuck = self._saturated = self._disconnected = ""
        self._stuck_value = 0
        self._frozen = False
        self._motion = Motion()
        self._queue = WordQueue()
        self._scratch = [0, 0, 0, 0, 0, 0]
        self._ahead = [0, 0, 0, 0, 0, 0]
        self._registers = bytearray(128)
        self._shown = -1
        self._address = None
        self._ff_on = False
        self._fall_due = -1
        self._resetting = 0x80  # bits of CTRL3_C that read 1 until it is done
        self._rate_hz = self._next = 0
        self._event = None
        self._event_us = 0
        self._tick_fn = self._tick
        self._watching = False

    # -- test face

    @property
    def overruns(self):
        """Words that a full FIFO lost."""
        return self._queue.lost

    @property
    def playing(self):
        """True from `play` until the last row has been sampled, or `stop`."""
        rows = self._motion.rows
        return rows is not None and self._motion.row_at(self._last()) < rows.length - 1

    @property
    def row(self):
        """Number of the row that was sampled last; -1 before the first and without rows."""
        if self._motion.rows is None:
            return -1
        row = self._motion.row_at(self._last())
        return min(max(row, -1), self._motion.rows.length - 1)

    def time_of_row(self, row):
        """Return when that row of what is played is, or was, due, in us of the run."""
        return self._motion.start_us + row * 1000000 // RATE_HZ

    def play(self, rows, at_us=None):
        """Replay rows from the first sample at or after `at_us` (None: now). Needs the kernel."""
        if not hasattr(rows, "window"):
            rows = Rows(rows)
        self._settle()
        now_us = self.kernel.now_us
        at_us = now_us if at_us is None else max(at_us, now_us)
        if self._rate_hz:
            first = self._index_from(at_us)
            self._motion.play(rows, first, self._time_of(first))
        else:
            self._motion.play(rows, 0, at_us)
        self.kernel.note("chip", self.name, "play", rows.length)
        self._replan()

    def stop(self):
        """Back to the posture."""
        self._settle()
        self._motion.rows = None
        self._replan()

    @property
    def accel_mg(self):
        """Acceleration of the posture in mg, three axes."""
        return self._accel_mg

    @accel_mg.setter
    def accel_mg(self, value):
        self._settle()
        self._accel_mg = tuple(value)
        self._set_rest()

    @property
    def gyro_dps(self):
        """Rotation of the posture in degrees a second, three axes."""
        return self._gyro_dps

    @gyro_dps.setter
    def gyro_dps(self, value):
        self._settle()
        self._gyro_dps = tuple(value)
        self._set_rest()

    @property
    def noise(self):
        """Peak noise of the posture in accelerometer counts of 0.488 mg."""
        return self._noise

    @noise.setter
    def noise(self, value):
        self._settle()
        self._noise = value
        self._set_rest()

    @property
    def offset(self):
        """Six counts added to everything that it feels."""
        return self._offset

    @offset.setter
    def offset(self, value):
        self._settle()
        self._offset = tuple(value)
        self._set_rest()

    @property
    def clock_ppm(self):
        """How much too fast its clock is, in millionths."""
        return self._clock_ppm

    @clock_ppm.setter
    def clock_ppm(self, value):
        self._settle()
        self._clock_ppm = value
        if self.kernel is not None:
            self._start_clock()

    @property
    def frozen(self):
        """True while its clock stands."""
        return self._frozen

    @frozen.setter
    def frozen(self, value):
        self._settle()
        self._frozen = value
        if self.kernel is not None:
            self._start_clock()

    @property
    def stuck(self):
        """The axis that keeps its value, "" for none. ValueError for what is no axis."""
        return self._stuck

    @stuck.setter
    def stuck(self, axis):
        self._settle()
        self._stuck = _axis(axis)
        if axis and self.kernel is not None:
            self._stuck = ""  # the value that it has without the fault
            self._counts(max(self._last(), 0), self._scratch)
            self._stuck_value = self._scratch[AXES.index(axis)]
            self._stuck = axis
        self._replan()

    @property
    def saturated(self):
        """The axis that shows full scale, "" for none. ValueError for what is no axis."""
        return self._saturated

    @saturated.setter
    def saturated(self, axis):
        self._settle()
        self._saturated = _axis(axis)
        self._replan()

    @property
    def bad_parity(self):
        """So many coming words have a wrong parity bit."""
        return self._flaws[0]

    @bad_parity.setter
    def bad_parity(self, value):
        self._settle()
        self._flaws[0] = value

    @property
    def bad_tag(self):
        """So many coming words bear the other sensor's tag."""
        return self._flaws[1]

    @bad_tag.setter
    def bad_tag(self, value):
        self._settle()
        self._flaws[1] = value

    @property
    def lost_slots(self):
        """So many coming time slots are missing."""
        return self._flaws[2]

    @lost_slots.setter
    def lost_slots(self, value):
        self._settle()
        self._flaws[2] = value

    @property
    def disconnected(self):
        """ "high" or "low": what MISO reads while nothing is connected; "" connected."""
        return self._disconnected

    @disconnected.setter
    def disconnected(self, level):
        if level not in ("", "high", "low"):
            raise ValueError('disconnected is "high", "low" or "", not %r' % (level,))
        was, self._disconnected = self._disconnected, level
        if self.kernel is None or bool(was) == bool(level):
            return
        if level:
            self._release()
        else:
            self._reset(BOOT_US)

    def _set_rest(self):
        motion = self._motion
        motion.set_rest(self._accel_mg, self._gyro_dps)
        motion.noise = self._noise
        motion.offset = self._offset
        motion.shifted = self._offset != (0, 0, 0, 0, 0, 0)
        self._replan()


def _axis(name):
    if name and name not in AXES:
        raise ValueError("%r is not an axis: choose one of %s" % (name, ", ".join(AXES)))
    return name
