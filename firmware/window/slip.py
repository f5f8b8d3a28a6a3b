"""The encoder's own means against a pinch: does the sash move as fast as its drive says it should?

A motor's speed is a straight line over its voltage, and an obstacle takes off that line 1 mm/s for
every 24 N. The line is learned in each movement, since supply and friction differ: one point while
the drive is too weak to hurt, the slope as the drive rises, and a new point at every steady speed.
Integers only.
"""

from micropython import const

from window import safety
from window.ticks import since

_RING = const(8)
_WINDOW_EDGES = const(2)
_UNIT_US = const(100)  # of the drive summed up between two edges: small ints for some seconds
_WINDOW_US = const(70000)  # four edges at cruise, a full cycle of the encoder
_SLOPE_UM_S_PER_V = 1000000 // safety.BACK_EMF_MV_S_PER_MM
_SLOPE_FROM_MV = const(1000)  # a slope over less is noise


class Slip:
    """Judges one movement. Speeds in um/s, drive in mV at the motor, ticks in us that wrap."""

    def __init__(self):
        self._edge_us = [0] * _RING
        self._moved = [0] * _RING
        self._charge = [0] * _RING  # drive summed up over the time before each edge
        self.start(0, 0, 1, 1)

    def start(self, now_us, moved, supply_low_mv, supply_high_mv):
        """Forget the last movement. `drive_mv` will be what the higher supply gives."""
        self._slope_low = _SLOPE_UM_S_PER_V * supply_low_mv // supply_high_mv
        self._slope_seen = 0
        self._known = False
        self._reference_um_s = self._reference_mv = 0
        self._last_us = now_us
        self._slow = 0
        self._sum = 0
        self.speed_um_s = self._window_mv = 0
        self._head = self._filled = 0
        self._last_moved = self._marked = moved
        self._edge_last_us = now_us
        self.measured = False

    def mark(self):
        """Count edges from here on: the drive has just become steady."""
        self._marked = self._last_moved

    def refer(self):
        """Take the speed and drive of the present window as the known point of the line."""
        if self._slope_seen:
            expected = self._line(self._window_mv, self._slope_seen * safety.SLIP_REFER_PCT // 100)
            self._reference_um_s = max(self.speed_um_s, expected)
        else:
            self._reference_um_s = self.speed_um_s
        self._reference_mv = self._window_mv
        self._slope_seen = 0
        self._known = True

    def edges_since_mark(self):
        """Return how many edges have come since the mark."""
        return self._last_moved - self._marked

    def voltage_for(self, speed_um_s):
        """Drive in mV that should give this speed, or 0 while nothing is known."""
        if not self._known:
            return 0
        missing_um_s = speed_um_s - self._reference_um_s
        return self._reference_mv + missing_um_s * safety.BACK_EMF_MV_S_PER_MM // 1000

    def step(self, now_us, moved, edge_us, drive_mv):
        """Return True if the sash is held; call each tick.

        `moved` counts edges in the direction of travel, `drive_mv` is the drive of the tick that
        has just passed.
        """
        self._sum += drive_mv * since(now_us, self._last_us) // _UNIT_US
        self._last_us = now_us
        if moved > self._last_moved:
            after = drive_mv * since(now_us, edge_us) // _UNIT_US
            self._edge(moved, edge_us, self._sum - after)
            self._sum = after
            if self._known and self.measured:
                allowed = self._expected(self._window_mv)
                allowed -= allowed * safety.SLIP_SLACK_PCT // 100 + safety.SLIP_SLACK_UM_S
                if self.speed_um_s >= allowed:
                    self._slow = 0
                elif self.speed_um_s >= allowed - allowed * safety.SLIP_FAR_PCT // 100:
                    self._slow += 1
                else:
                    self._slow = 2
                return self._slow >= 2
            return False
        if not self._known:
            return False
        waited_us = since(now_us, self._edge_last_us)
        if waited_us < 1000:
            return False
        expected = self._expected(self._sum // (waited_us // _UNIT_US))
        if expected < safety.GROPE_SPEED_UM_S >> 1:
            return False
        return waited_us > safety.EDGE_UM * safety.SLIP_OVERDUE_PCT * 100 // (expected // 100)

    def _edge(self, moved, edge_us, charge):
        ring = self._head
        self._edge_us[ring] = edge_us
        self._moved[ring] = moved
        self._charge[ring] = charge
        self._head = (ring + 1) % _RING
        self._last_moved = moved
        self._edge_last_us = edge_us
        if self._filled < _RING:
            self._filled += 1
        for back in range(1, self._filled):
            old = (ring - back) % _RING
            span_us = since(edge_us, self._edge_us[old])
            edges = moved - self._moved[old]
            if edges >= _WINDOW_EDGES and span_us >= _WINDOW_US:
                self.speed_um_s = edges * safety.EDGE_UM * 10000 // (span_us // _UNIT_US)
                self._window_mv = charge // (span_us // _UNIT_US)
                self.measured = True
                self._learn()
                return
            charge += self._charge[old]

    def _learn(self):
        gained_mv = self._window_mv - self._reference_mv
        gained_um_s = self.speed_um_s - self._reference_um_s
        if not self._known:
            return
        if gained_mv > _SLOPE_FROM_MV:
            slope = gained_um_s * 1000 // gained_mv
            if slope > self._slope_seen:
                self._slope_seen = slope
        elif -100 < gained_mv < 100 and gained_um_s > 0:
            self._reference_um_s += gained_um_s >> 2

    def _expected(self, drive_mv):
        """The least speed that a free sash would have at this drive."""
        gained_mv = drive_mv - self._reference_mv
        if gained_mv < 0:
            return self._reference_um_s + gained_mv * _SLOPE_UM_S_PER_V // 1000
        slope = self._slope_seen * safety.SLIP_SLOPE_PCT // 100
        if slope < self._slope_low:
            slope = self._slope_low
        return self._line(drive_mv, slope)

    def _line(self, drive_mv, slope_um_s_per_v):
        return self._reference_um_s + (drive_mv - self._reference_mv) * slope_um_s_per_v // 1000
