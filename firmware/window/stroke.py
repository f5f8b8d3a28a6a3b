"""The drive over one movement: feels its way from standstill, rises, cruises, eases to a stop."""

from micropython import const

from window import safety
from window.slip import Slip
from window.table import following

_GROPE = const(0)
_HOLD = const(1)
_LEARN = const(2)
_RISE = const(3)
_SETTLE = const(4)
_CRUISE = const(5)
_EASE = const(6)
_STILL = const(7)

# Events; 0 is none.
_STEADY = const(1)
_MEASURED = const(2)
_FREE = const(3)
_AT_SPEED = const(4)
_SETTLED = const(5)
_CHANGED = const(6)
_ENDING = const(7)
_STOPPED = const(8)

# What a judgement may say.
_GOING = const(0)
SLIPS = const(1)
STALLS = const(2)
ENDED = const(3)

_LEARN_EDGES = const(5)  # a window of four, all of it after the drive became steady
_FALL_MV_PER_S = const(40000)
_OPEN_FROM_MV = const(300)
_CHANGE_MV = const(300)  # less is the noise of measuring speed

# phase, event -> next phase. What is missing cannot happen: `_event` asks only what the phase can
# see.
TABLE = bytes(
    [
        _GROPE, _STEADY, _HOLD,
        _HOLD, _MEASURED, _LEARN,
        _LEARN, _FREE, _RISE,
        _RISE, _AT_SPEED, _SETTLE,
        _SETTLE, _SETTLED, _CRUISE,
        _CRUISE, _CHANGED, _RISE,
        _GROPE, _ENDING, _EASE,
        _HOLD, _ENDING, _EASE,
        _LEARN, _ENDING, _EASE,
        _RISE, _ENDING, _EASE,
        _SETTLE, _ENDING, _EASE,
        _CRUISE, _ENDING, _EASE,
        _EASE, _STOPPED, _STILL,
    ]
)  # fmt: skip


class Stroke:
    """Duty for one movement, by the tick. The judge of slip learns beside it."""

    def __init__(self):
        self.slip = Slip()
        self.phase = _STILL
        self.drive_mv = 0

    def begin(self, direction, supply_mv, now_us):
        """Start from standstill. `supply_mv` is the measured supply, 0 if nothing measures it."""
        self.closing = direction == safety.CLOSING
        if supply_mv:
            self._high_mv = supply_mv
            low_mv = supply_mv * 97 // 100
        else:
            self._high_mv = safety.SUPPLY_HIGH_MV
            low_mv = safety.SUPPLY_LOW_MV
        self._first_edge_mv = safety.GROPE_FIRST_EDGE_MV
        self.slip.start(now_us, 0, low_mv, self._high_mv)
        self.phase = _GROPE if self.closing else _RISE
        self.drive_mv = _OPEN_FROM_MV
        self._first_mv = 0
        self._cruise_mv = self._high_mv
        self._still_ms = 0
        self._moved = 0

    def duty_pm(self):
        """Return the duty in per mille that gives the drive, at the highest supply if unknown."""
        return min(1000, self.drive_mv * 1000 // self._high_mv)

    def step(self, elapsed_ms, now_us, moved, edge_us, ceiling_um_s, ending):
        """Move the drive on by one tick and return GOING, SLIPS, STALLS or ENDED.

        `moved` counts edges in the direction of travel since `begin`, `ceiling_um_s` is the
        highest speed allowed here (0: none), `ending` asks for a soft stop.
        """
        if moved > self._moved or (moved == 0 and self.drive_mv < self._first_edge_mv):
            self._still_ms = 0
        else:
            self._still_ms += elapsed_ms
        self._moved = moved
        slips = self.slip.step(now_us, moved, edge_us, self.drive_mv)
        if self.closing and slips:
            return SLIPS
        if self._still_ms > safety.STALL_MS and self.phase != _EASE:
            return STALLS
        goal_mv = self._goal_mv(ceiling_um_s)
        event = self._event(moved, goal_mv, ending)
        if event:
            self._take(event)
        self._drive(elapsed_ms, goal_mv)
        return ENDED if self.phase == _STILL else _GOING

    def _goal_mv(self, ceiling_um_s):
        if self.closing and ceiling_um_s and self.phase not in (_GROPE, _HOLD):
            # Only ever downwards: to push harder because the sash is slow is to push a hand.
            self._cruise_mv = min(self._cruise_mv, self.slip.voltage_for(ceiling_um_s))
        return self._cruise_mv

    def _event(self, moved, goal_mv, ending):
        phase = self.phase
        if phase == _EASE:
            return _STOPPED if self.drive_mv == 0 else 0
        if ending:
            return _ENDING
        if phase == _GROPE:
            if moved and not self._first_mv:
                self._first_mv = self.drive_mv
            if not moved:
                return 0
            fast = self.slip.measured and self.slip.speed_um_s >= safety.GROPE_SPEED_UM_S
            return _STEADY if fast or self.drive_mv >= self._beyond_mv() else 0
        if phase == _HOLD:
            return _MEASURED if self.slip.edges_since_mark() >= _LEARN_EDGES else 0
        if phase == _LEARN:
            return _FREE if self.slip.edges_since_mark() >= _LEARN_EDGES else 0
        if phase == _RISE:
            return _AT_SPEED if self.drive_mv == goal_mv else 0
        if phase == _SETTLE:
            return _SETTLED if self.slip.edges_since_mark() >= _LEARN_EDGES else 0
        return _CHANGED if self.drive_mv - goal_mv > _CHANGE_MV else 0

    def _take(self, event):
        at = following(TABLE, self.phase, event)
        if not at:
            return
        self.phase = TABLE[at]
        if event in (_MEASURED, _SETTLED) and self.slip.measured:
            self.slip.refer()
        if event in (_STEADY, _MEASURED, _AT_SPEED):
            self.slip.mark()

    def _beyond_mv(self):
        return self._first_mv + safety.GROPE_BEYOND_MV

    def _drive(self, elapsed_ms, goal_mv):
        phase = self.phase
        if phase == _GROPE:
            self._toward(
                self._beyond_mv() if self._first_mv else self._first_edge_mv,
                safety.GROPE_MV_PER_S,
                elapsed_ms,
            )
        elif phase == _RISE:
            falling = goal_mv < self.drive_mv
            self._toward(goal_mv, _FALL_MV_PER_S if falling else safety.RISE_MV_PER_S, elapsed_ms)
        elif phase == _EASE:
            self._toward(0, _FALL_MV_PER_S, elapsed_ms)

    def _toward(self, goal_mv, rate_mv_per_s, elapsed_ms):
        change_mv = rate_mv_per_s * min(elapsed_ms, 100) // 1000
        if self.drive_mv < goal_mv:
            self.drive_mv = min(goal_mv, self.drive_mv + change_mv)
        else:
            self.drive_mv = max(goal_mv, self.drive_mv - change_mv)
