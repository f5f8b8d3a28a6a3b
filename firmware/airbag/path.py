"""The armed path: from the sensor's interrupt to the gas, in a hard interrupt, without the heap.

    watermark -> FIFO status -> words -> checks -> detector -> decision -> FIRE

`on_sample` is the handler of the sensor's INT1, `on_tick` that of a timer every TICK_MS, which
notices a sample that does not come and ends the pulse. Both run with the heap locked; neither
interrupts the other (one priority on RP2). Nothing here writes a file, prints, or waits. What
happened is left in plain numbers, for the tasks to read and tell.
"""

from array import array

from micropython import const

from airbag import firing, inputs
from airbag.blackbox import DOUBTFUL, FIRED, MODEL, SECOND

TICK_MS = const(4)
LATE_US = const(14000)  # since the last sample, due after 9615 us; looked at every 4 ms
BACKLOG = const(32)  # samples that a write to flash may leave in the FIFO before ARM is closed
WARM_UP = const(120)  # samples: the detector answers after 104
CLOCK_SAMPLES = const(104)
CLOCK_LEAST_US = const(900000)  # 104 samples take 1 s, the chip's clock is within 8 %
CLOCK_MOST_US = const(1100000)
FINISH_US = const(4000)  # the pulse of 2 ms is over then; TICK_MS more at most

# Why samples are not trusted; the sensor driver's numbers, negated, come first.
GONE, OVERRUN, TAG, PARITY, ORDER = range(1, 6)
LATE = const(6)
AXIS = const(7)
CLOCK = const(8)
CAUSES = (
    "", "sensor gone", "FIFO overrun", "wrong tag", "wrong parity", "sample lost", "sample late",
    "axis stuck or saturated", "sample clock wrong",
)  # fmt: skip


class Path:
    """imu: drivers.lsm6dsox, inflator: drivers.inflator, both with methods that allocate nothing.

    detector: airbag.detector, core: airbag.firing.Firing, box: a BlackBox or None. sample: six
    int16. ticks_us, ticks_diff: of `time`.
    """

    def __init__(self, imu, inflator, detector, core, box, sample, ticks_us, ticks_diff):
        self._imu = imu
        self._inflator = inflator
        self._detector = detector
        self._core = core
        self._box = box
        self._sample = sample
        self._ticks_us = ticks_us
        self._ticks_diff = ticks_diff
        self._checks = array("i", [0] * inputs.SIZE)
        self.running = False
        self.samples = 0  # since `begin`, at most 2**29
        self.cause = 0  # the first reason not to trust the samples since `begin`
        self.doubts = 0  # doubtful samples
        self.last_us = 0
        self.fired_us = 0
        self.would_fire = False
        self._clock_us = 0
        self._clock = 0

    def begin(self, sample):
        """Start with this first reading; the sensor samples from now on. Not for interrupts."""
        inputs.clear(self._checks, sample)
        self._detector.start(sample[0], sample[1], sample[2])
        self._box.clear()
        self.samples = 0
        self.cause = 0
        self.doubts = 0
        self.would_fire = False
        self._clock = 0
        self.last_us = self._clock_us = self._ticks_us()
        self.running = True

    def end(self):
        """Samples no longer matter."""
        self.running = False
        self._core.permit(firing.FRESH, False)

    def on_sample(self, _):
        """The sensor's INT1: samples wait. Allocates nothing."""
        if not self.running:
            return
        imu = self._imu
        waiting = imu.pending()
        if waiting < 0:
            self.suspect(-waiting)
            return
        if waiting > BACKLOG or (waiting > 2 and self._core.state == firing.ARMED):
            self.suspect(LATE)
            return
        while waiting > 0:
            found = imu.read_into(self._sample)
            if found < 0:
                self.suspect(-found)
                return
            self.last_us = self._ticks_us()
            self._take()
            if not self.running:
                return
            waiting -= 1

    def _take(self):
        """One sample, sound as far as the bus can tell."""
        sample = self._sample
        detector = self._detector
        core = self._core
        found = inputs.check(self._checks, sample)
        if found == inputs.BAD:
            self.suspect(AXIS)
            return
        fire = self.detect()
        answers = 0
        if detector.model:
            answers |= MODEL
        if detector.second:
            answers |= SECOND
        if found == inputs.DOUBTFUL:
            answers |= DOUBTFUL
            self.doubts += 1
            fire = False
        if fire and not detector.whole():
            self.break_()
            return
        # Asked at every sample, whatever the detector says: here a damaged number is noticed too.
        verdict = core.decide(
            1 if fire and detector.model else 0,
            1 if fire and detector.above else 0,
            1 if fire and detector.second else 0,
        )
        if verdict == firing.CLOSE:
            self._inflator.fire()
            self.fired_us = self._ticks_us()
            answers |= FIRED
        elif verdict == firing.DISARM:
            self._inflator.disarm()
            if core.state == firing.SAFE and fire:
                self.would_fire = True
                answers |= FIRED
        self._box.put(sample, detector.score, answers, core.state)
        if answers & FIRED:
            self._box.mark(0)
        self._count()

    def detect(self):
        """Let the detector have the sample; True if FIRE is to be closed. The costly part."""
        sample = self._sample
        return self._detector.step(
            sample[0], sample[1], sample[2], sample[3], sample[4], sample[5]
        )

    def _count(self):
        """Samples come at the right rate; once warm they are a permit."""
        self.samples += 1
        self._clock += 1
        if self._clock == CLOCK_SAMPLES:
            took_us = self._ticks_diff(self.last_us, self._clock_us)
            if self.samples > CLOCK_SAMPLES and not CLOCK_LEAST_US < took_us < CLOCK_MOST_US:
                self.suspect(CLOCK)
                return
            self._clock = 0
            self._clock_us = self.last_us
        if self.samples == WARM_UP:
            self._core.permit(firing.FRESH, True)

    def on_tick(self, _):
        """The timer: a sample that does not come, and the end of the pulse. Allocates nothing."""
        now_us = self._ticks_us()
        core = self._core
        if core.state == firing.FIRING:
            if not 0 <= self._ticks_diff(now_us, self.fired_us) < FINISH_US:
                self._inflator.finish()
                core.take(firing.FIRED)
        elif self.running and not 0 <= self._ticks_diff(now_us, self.last_us) <= LATE_US:
            self.suspect(LATE)

    def suspect(self, cause):
        """The samples cannot be trusted: open ARM (a pulse that runs goes on), and stop."""
        core = self._core
        if not self.cause:
            self.cause = cause
        if core.state == firing.FIRING:
            return
        self._inflator.disarm()
        if core.state == firing.ARMED:
            self._box.mark(cause)
        core.take(firing.SUSPECT)
        self.end()

    def break_(self):
        """The memory cannot be trusted: open ARM, for good."""
        core = self._core
        if core.state != firing.FIRING:
            self._inflator.disarm()
            core.take(firing.BROKEN)
