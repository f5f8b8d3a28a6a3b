"""The drive over one movement: feels its way from standstill, rises, cruises, eases to a stop."""

from micropython import const

from window import safety
from window.slip import Slip

GROPE, HOLD, LEARN, RISE, SETTLE, CRUISE, EASE, STILL = range(8)
BEGUN, STEADY, MEASURED, FREE, AT_SPEED, SETTLED, CHANGED, ENDING, STOPPED = range(9)

# What a judgement may say.
GOING, SLIPS, STALLS, ENDED = range(4)

_LEARN_EDGES = const(5)  # a window of four, all of it after the drive became steady
_FALL_MV_PER_S = const(40000)
_OPEN_FROM_MV = const(300)
_CHANGE_MV = const(300)  # less is the noise of measuring speed

# phase, event -> next phase. What is missing cannot happen: `_event` asks only what the phase can
# see.
TABLE = {
    (GROPE, STEADY): HOLD,
    (HOLD, MEASURED): LEARN,
    (LEARN, FREE): RISE,
    (RISE, AT_SPEED): SETTLE,
    (SETTLE, SETTLED): CRUISE,
    (CRUISE, CHANGED): RISE,
    (GROPE, ENDING): EASE,
    (HOLD, ENDING): EASE,
    (LEARN, ENDING): EASE,
    (RISE, ENDING): EASE,
    (SETTLE, ENDING): EASE,
    (CRUISE, ENDING): EASE,
    (EASE, STOPPED): STILL,
}


class Stroke:
    """Duty for one movement, by the tick. The judge of slip learns beside it."""

    def __init__(self):
        self.slip = Slip()
        self.phase = STILL
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
        self.phase = GROPE if self.closing else RISE
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
        if self._still_ms > safety.STALL_MS and self.phase != EASE:
            return STALLS
        goal_mv = self._goal_mv(ceiling_um_s)
        event = self._event(moved, goal_mv, ending)
        if event:
            self._take(event)
        self._drive(elapsed_ms, goal_mv)
        return ENDED if self.phase == STILL else GOING

    def _goal_mv(self, ceiling_um_s):
        if self.closing and ceiling_um_s and self.phase not in (GROPE, HOLD):
            # Only ever downwards: to push harder because the sash is slow is to push a hand.
            self._cruise_mv = min(self._cruise_mv, self.slip.voltage_for(ceiling_um_s))
        return self._cruise_mv

    def _event(self, moved, goal_mv, ending):
        phase = self.phase
        if phase == EASE:
            return STOPPED if self.drive_mv == 0 else 0
        if ending:
            return ENDING
        if phase == GROPE:
            if moved and not self._first_mv:
                self._first_mv = self.drive_mv
            if not moved:
                return 0
            fast = self.slip.measured and self.slip.speed_um_s >= safety.GROPE_SPEED_UM_S
            return STEADY if fast or self.drive_mv >= self._beyond_mv() else 0
        if phase == HOLD:
            return MEASURED if self.slip.edges_since_mark() >= _LEARN_EDGES else 0
        if phase == LEARN:
            return FREE if self.slip.edges_since_mark() >= _LEARN_EDGES else 0
        if phase == RISE:
            return AT_SPEED if self.drive_mv == goal_mv else 0
        if phase == SETTLE:
            return SETTLED if self.slip.edges_since_mark() >= _LEARN_EDGES else 0
        return CHANGED if self.drive_mv - goal_mv > _CHANGE_MV else 0

    def _take(self, event):
        phase = TABLE.get((self.phase, event), self.phase)
        if phase == self.phase:
            return
        self.phase = phase
        if event in (MEASURED, SETTLED) and self.slip.measured:
            self.slip.refer()
        if event in (STEADY, MEASURED, AT_SPEED):
            self.slip.mark()

    def _beyond_mv(self):
        return self._first_mv + safety.GROPE_BEYOND_MV

    def _drive(self, elapsed_ms, goal_mv):
        phase = self.phase
        if phase == GROPE:
            self._toward(
                self._beyond_mv() if self._first_mv else self._first_edge_mv,
                safety.GROPE_MV_PER_S,
                elapsed_ms,
            )
        elif phase == RISE:
            falling = goal_mv < self.drive_mv
            self._toward(goal_mv, _FALL_MV_PER_S if falling else safety.RISE_MV_PER_S, elapsed_ms)
        elif phase == EASE:
            self._toward(0, _FALL_MV_PER_S, elapsed_ms)

    def _toward(self, goal_mv, rate_mv_per_s, elapsed_ms):
        change_mv = rate_mv_per_s * min(elapsed_ms, 100) // 1000
        if self.drive_mv < goal_mv:
            self.drive_mv = min(goal_mv, self.drive_mv + change_mv)
        else:
            self.drive_mv = max(goal_mv, self.drive_mv - change_mv)
