"""The sash core: moves the sash to where it is wished, and never harder than a hand may feel.

`step` is called every `actions.tick_ms`, at any hour, with what was read; it says what to do. It
knows no clock, pin or bus. The rules are in safety.py, the drive over one movement in stroke.py.
"""

from micropython import const

from window import safety
from window.safety import CLOSING, OPENING
from window.stroke import ENDED, SLIPS, STALLS, Stroke
from window.ticks import since

REST, WARN, PAUSE, MOVE, RECOIL_PAUSE, RECOIL, BLOCKED, FAULT = range(8)
STATES = ("rest", "warn", "pause", "move", "recoil pause", "recoil", "blocked", "fault")

# Events, the most urgent first: the first one that is true is taken.
WIRING, LIE, RUNAWAY, PINCH, JAM, SEATED, LATE, BLIND = range(8)
LIMIT, ARRIVED, GONE, ASKED, WISH, DUE, ACK = range(8, 15)
EVENTS = ("wiring", "lie", "runaway", "pinch", "jam", "seated", "late", "blind") + (
    ("limit", "arrived", "gone", "asked", "wish", "due", "ack")
)

# Sounds.
SILENT, WARNING, ALARM = range(3)

UNKNOWN = const(-1)

_FAST_MS = const(10)
_SLOW_MS = const(100)
_REST_MS = const(5000)
_NEAR_EDGES = const(5)
_FALL_UM_S2 = const(66000)  # of the soft stop: 40 V/s over 0.6 V s/mm
_FAR = const(1 << 20)

# state, event -> next state, action. An action is the name of a method, or None.
TABLE = {
    (REST, WIRING): (FAULT, "_alarm"),
    (REST, LIE): (FAULT, "_alarm"),
    (REST, RUNAWAY): (FAULT, "_alarm"),
    (REST, ASKED): (PAUSE, "_leave"),
    (REST, WISH): (WARN, None),
    (REST, ACK): (REST, "_forgive"),
    (WARN, WIRING): (FAULT, "_alarm"),
    (WARN, LIE): (FAULT, "_alarm"),
    (WARN, RUNAWAY): (FAULT, "_alarm"),
    (WARN, GONE): (REST, None),
    (WARN, ASKED): (PAUSE, "_leave"),
    (WARN, DUE): (PAUSE, "_leave"),
    (PAUSE, WIRING): (FAULT, "_alarm"),
    (PAUSE, LIE): (FAULT, "_alarm"),
    (PAUSE, GONE): (REST, None),
    (PAUSE, DUE): (MOVE, "_begin"),
    (MOVE, WIRING): (FAULT, "_alarm"),
    (MOVE, LIE): (FAULT, "_alarm"),
    (MOVE, PINCH): (RECOIL_PAUSE, "_pinched"),
    (MOVE, JAM): (REST, "_jammed"),
    (MOVE, SEATED): (REST, "_seated"),
    (MOVE, LATE): (FAULT, "_alarm"),
    (MOVE, BLIND): (PAUSE, "_blind"),
    (MOVE, LIMIT): (REST, "_rested"),
    (MOVE, ARRIVED): (REST, "_rested"),
    (RECOIL_PAUSE, WIRING): (FAULT, "_alarm"),
    (RECOIL_PAUSE, DUE): (RECOIL, "_recoil"),
    (RECOIL, WIRING): (FAULT, "_alarm"),
    (RECOIL, LIE): (FAULT, "_alarm"),
    (RECOIL, JAM): (BLOCKED, "_rested"),
    (RECOIL, SEATED): (BLOCKED, "_rested"),
    (RECOIL, LATE): (FAULT, "_alarm"),
    (RECOIL, BLIND): (RECOIL_PAUSE, None),
    (RECOIL, LIMIT): (BLOCKED, "_rested"),
    (RECOIL, ARRIVED): (BLOCKED, "_rested"),
    (BLOCKED, WIRING): (FAULT, "_alarm"),
    (BLOCKED, LIE): (FAULT, "_alarm"),
    (BLOCKED, RUNAWAY): (FAULT, "_alarm"),
    (BLOCKED, ACK): (REST, "_forgive"),
    (FAULT, ACK): (REST, "_forgive"),
}

_AT_REST = (REST, WARN, PAUSE, RECOIL_PAUSE, BLOCKED, FAULT)
_OPENS = (RECOIL,)

# Why a pair has no row. The suite checks that each pair has a row or a reason.
NO_ROW = {
    "nothing is driven": (_AT_REST, (PINCH, JAM, SEATED, LATE, BLIND, LIMIT, ARRIVED)),
    "it is driven, or has not settled": ((PAUSE, MOVE, RECOIL_PAUSE, RECOIL), (RUNAWAY,)),
    "it opens": (_OPENS, (PINCH,)),
    "a hand is freed first": ((RECOIL_PAUSE, RECOIL), (GONE, ASKED, WISH, ACK)),
    "the pause is over before it matters": ((RECOIL_PAUSE,), (LIE,)),
    "a person must come first": ((BLOCKED, FAULT), (GONE, ASKED, WISH)),
    "already there": ((FAULT,), (WIRING, LIE, RUNAWAY)),
    "nothing is awaited": ((REST, MOVE, RECOIL, BLOCKED, FAULT), (DUE,)),
    "nothing is wished that could go": ((REST,), (GONE,)),
    "the wish stands already": ((WARN, PAUSE), (WISH,)),
    "asked or not, it is about to move": ((PAUSE,), (ASKED,)),
    "a changed wish ends the stroke softly": ((MOVE,), (GONE, ASKED, WISH)),
    "nothing to acknowledge": ((WARN, PAUSE, MOVE), (ACK,)),
}  # fmt: skip


class Readings:
    """What the core is told. All ints and bools; made once and filled anew for each step."""

    def __init__(self):
        self.now_us: "object" = 0  # ticks_us
        self.count = 0  # encoder edges, rising as the sash opens
        self.edge_us: "object" = 0  # ticks_us of the last edge
        self.encoder_errors = 0
        self.limit_open = False
        self.limit_closed = False
        self.alert = False  # the current monitor has cut the bridge
        self.current_ma = UNKNOWN  # supply current at rest
        self.supply_mv = 0  # 0: not measured
        self.wish_pct = UNKNOWN  # 0 shut to 100 open; UNKNOWN: stay
        self.attended = False  # a person is there and asked for it
        self.acknowledged = False  # a person has pressed since a pinch or a fault


class Actions:
    """What the core wants done: at a start first the limit and the alert, else first the duty."""

    def __init__(self):
        self.duty_pm = 0  # -1000 to 1000, positive opens, 0 coasts
        self.limit_ma = safety.REST_LIMIT_MA  # supply current at which to cut the bridge
        self.clear_alert = False
        self.sound = SILENT
        self.note: "str | None" = None  # one line for the log
        self.rested = False  # a movement has just ended: the position may be written down
        self.leaving = False  # a movement is about to begin: say so in the journal
        self.tick_ms = _REST_MS  # call again at the latest after this


class Sash:
    """One sash. `position` is in encoder edges from shut; a guess until `known`."""

    def __init__(self, hint_edges=None, clean=False):
        """Start with the position unknown. `hint_edges` is the journal's last word, or None.

        `clean` says that the journal saw the last movement end; if not, something may be pinched.
        """
        self.state = REST
        self.known = False
        self.position = 0 if hint_edges is None else hint_edges
        self.actions = Actions()
        self.fault = None  # the event that led to FAULT
        self.jammed = False  # opening met resistance; a person must look
        self.stroke = Stroke()
        self._strained = not clean
        self._started = False
        self._offset = 0
        self._errors = 0
        self._last_ms = 0
        self._state_ms = 0
        self._off_ms = 0
        self._direction = 0  # of the present movement
        self._last_direction = 0  # of the last drive
        self._end = 0  # where it was found seated without its switch
        self._rest_count = 0
        self._goal = 0
        self._from = 0  # the count at which the movement began
        self._why = None

    @property
    def position_pct(self):
        """Opening in percent, 0 to 100; a guess until `known`."""
        return max(0, min(100, (self.position * 100 + 1000) // safety.STROKE_EDGES))

    def step(self, now_ms, readings):
        """Take one tick and return the actions, the same object each time.

        now_ms: ticks_ms, may wrap. While it moves, a tick is due every 10 ms.
        """
        actions = self.actions
        actions.note = None
        actions.rested = actions.leaving = actions.clear_alert = False
        if not self._started:
            self._start(now_ms, readings)
        elapsed_ms = max(0, since(now_ms, self._last_ms))
        self._last_ms = now_ms
        self._state_ms += elapsed_ms
        self._off_ms = min(self._off_ms + elapsed_ms, _FAR)
        self._locate(readings)
        event = self._event(elapsed_ms, readings)
        if event is not None:
            self._take(event, readings)
        self._act(readings)
        return actions

    # -- what is

    def _start(self, now_ms, readings):
        self._started = True
        self._last_ms = now_ms
        self._offset = readings.count - self.position
        self._rest_count = readings.count
        self._errors = readings.encoder_errors
        self._off_ms = safety.TURN_PAUSE_MS
        self.actions.clear_alert = True  # a trip from before the reset

    def _locate(self, readings):
        self.position = readings.count - self._offset
        if readings.encoder_errors - self._errors > safety.ENCODER_ERRORS:
            self.known = False
        if readings.limit_open == readings.limit_closed or self.fault is not None:
            return
        at = safety.STROKE_EDGES - 2 if readings.limit_open else 2
        if not self.known or self._arrives(readings):
            self.known = True
            self._strained = False
            self._errors = readings.encoder_errors
            self._offset = readings.count - at
            self.position = at

    def _arrives(self, readings):
        """True at the tick at which the moving sash presses the switch ahead of it."""
        if self.state not in (MOVE, RECOIL) or self._lies(readings):
            return False
        return readings.limit_open if self._direction == OPENING else readings.limit_closed

    def _lies(self, readings):
        if not self.known:
            return False
        return safety.limit_lies(self.position, readings.limit_open, readings.limit_closed)

    def _wanted(self, readings):
        """Return the direction that the wish asks for now, 0 for none."""
        pct = readings.wish_pct
        if pct == UNKNOWN:
            return 0
        direction = self._direction_to(pct, readings)
        if direction == OPENING and (self.jammed or readings.limit_open):
            return 0
        if direction == CLOSING and self._strained and not readings.limit_open:
            return OPENING  # first release what may be pinched
        return direction

    def _direction_to(self, pct, readings):
        if pct == 0:
            return 0 if readings.limit_closed or self._end == CLOSING else CLOSING
        if pct == 100:
            return 0 if readings.limit_open or self._end == OPENING else OPENING
        if not self.known:
            return OPENING if pct > 50 else CLOSING
        ahead = pct * safety.STROKE_EDGES // 100 - self.position
        if -_NEAR_EDGES <= ahead <= _NEAR_EDGES:
            return 0
        return OPENING if ahead > 0 else CLOSING

    # -- what happens

    def _event(self, elapsed_ms, readings):
        state = self.state
        if state == FAULT:
            gone = not (readings.limit_open and readings.limit_closed)
            return ACK if readings.acknowledged and gone else None
        if readings.limit_open and readings.limit_closed:
            return WIRING
        if state == RECOIL_PAUSE:
            return DUE if self._state_ms >= safety.RECOIL_PAUSE_MS else None
        if self._lies(readings):
            return LIE
        if state in (MOVE, RECOIL):
            return self._moving_event(elapsed_ms, readings)
        if state != PAUSE and self._runs_away(readings):
            return RUNAWAY
        if state == BLOCKED:
            return ACK if readings.acknowledged else None
        return self._waiting_event(readings)

    def _waiting_event(self, readings):
        state = self.state
        wanted = self._wanted(readings)
        if state == REST:
            if readings.acknowledged and self.jammed:
                return ACK
            if not wanted:
                return None
            return WISH if self._must_warn(wanted, readings) else ASKED
        if not wanted:
            return GONE
        if state == WARN:
            if not self._must_warn(wanted, readings):
                return ASKED
            return DUE if self._state_ms >= safety.WARNING_MS else None
        return DUE if self._off_ms >= safety.TURN_PAUSE_MS else None

    def _must_warn(self, wanted, readings):
        # To release what may be pinched is the beginning of a close.
        return safety.warning_needed(CLOSING if self._strained else wanted, readings.attended)

    def _runs_away(self, readings):
        if self._off_ms < safety.SETTLE_MS:
            self._rest_count = readings.count
            return False
        # The monitor is told the limit of rest only with the step that rests: its ALERT counts
        # later.
        alert = readings.alert and self._state_ms > safety.SETTLE_MS
        return safety.runs_away(readings.count - self._rest_count, readings.current_ma, alert)

    def _moving_event(self, elapsed_ms, readings):
        if elapsed_ms > safety.BLIND_MS:
            return BLIND
        direction = self._direction
        if readings.limit_open if direction == OPENING else readings.limit_closed:
            return LIMIT
        verdict = self.stroke.step(
            elapsed_ms,
            readings.now_us,
            (readings.count - self._from) * direction,
            readings.edge_us,
            safety.ceiling_um_s(direction, self.known, self.position, readings.supply_mv > 0),
            self._is_ending(readings),
        )
        if readings.alert or verdict in (SLIPS, STALLS):
            self._why = "current" if readings.alert else ("slip" if verdict == SLIPS else "stall")
            return self._resistance()
        if self._state_ms > safety.MAXIMUM_RUN_MS:
            return LATE
        return ARRIVED if verdict == ENDED else None

    def _resistance(self):
        """Return what it means that the sash is held: an end, a hand, or something in the way."""
        if safety.is_frame(self._direction, self.known, self.position):
            return SEATED
        return PINCH if self._direction == CLOSING else JAM

    def _is_ending(self, readings):
        """True once the soft stop must begin: the goal is near, or the wish has changed."""
        if self.state == MOVE and self._wanted(readings) != self._direction:
            return True
        ahead_um = (self._goal - self.position) * self._direction * safety.EDGE_UM
        speed = self.stroke.slip.speed_um_s // 10
        return ahead_um <= speed * speed // (_FALL_UM_S2 // 50)

    # -- what follows

    def _take(self, event, readings):
        row = TABLE.get((self.state, event))
        if row is None:
            return
        self.state, action = row
        self._state_ms = 0
        if action is not None:
            getattr(self, action)(event, readings)

    def _leave(self, event, readings):
        self.actions.leaving = True

    def _begin(self, event, readings):
        self._direction = self._wanted(readings)
        pct = readings.wish_pct
        if self._strained and self._direction == OPENING:
            self._goal = self.position + safety.RECOIL_EDGES
        elif not self.known or pct in (0, 100):
            self._goal = self.position + self._direction * _FAR
        else:
            self._goal = pct * safety.STROKE_EDGES // 100
        self._end = 0
        self._set_off(readings)

    def _recoil(self, event, readings):
        self._direction = OPENING
        self._goal = self.position + safety.RECOIL_EDGES
        self._set_off(readings)

    def _set_off(self, readings):
        self._from = readings.count
        self.stroke.begin(self._direction, readings.supply_mv, readings.now_us)
        self.actions.clear_alert = True

    def _pinched(self, event, readings):
        self.actions.note = "pinch at %d mm, by %s" % (
            self.position // safety.EDGES_PER_MM,
            self._why,
        )

    def _jammed(self, event, readings):
        self.jammed = True
        self._rested(event, readings)
        self.actions.note = "opening is blocked at %d mm, by %s" % (
            self.position // safety.EDGES_PER_MM,
            self._why,
        )

    def _seated(self, event, readings):
        self._end = self._direction
        self._rested(event, readings)
        self.actions.note = "end reached, but its limit switch is silent"

    def _blind(self, event, readings):
        self.actions.note = "no tick for too long while moving: stopped"

    def _rested(self, event, readings):
        if event == ARRIVED and self._strained and self._direction == OPENING:
            self._strained = False  # released
        if event in (LIMIT, ARRIVED) and self._direction == CLOSING:
            self.jammed = False
        self.actions.rested = self.actions.clear_alert = True

    def _forgive(self, event, readings):
        if self.fault is not None:
            self.known = False
        self.fault = None
        self.jammed = False
        self._rest_count = readings.count
        self.actions.clear_alert = True

    def _alarm(self, event, readings):
        self.fault = event
        self.actions.rested = True
        self.actions.note = "fault: %s" % _FAULTS[event]

    # -- what is done

    def _act(self, readings):
        actions = self.actions
        state = self.state
        duty_pm = self.stroke.duty_pm() * self._direction if state in (MOVE, RECOIL) else 0
        duty_pm = safety.permit(
            duty_pm,
            readings.limit_open,
            readings.limit_closed,
            self._last_direction,
            self._off_ms,
        )
        if duty_pm:
            self._last_direction = OPENING if duty_pm > 0 else CLOSING
            self._off_ms = 0
            actions.limit_ma = safety.current_limit_ma(duty_pm)
        else:
            actions.limit_ma = safety.REST_LIMIT_MA
        actions.duty_pm = duty_pm
        if state == WARN:
            actions.sound = WARNING
        else:
            actions.sound = ALARM if state == FAULT else SILENT
        if state in (MOVE, RECOIL, RECOIL_PAUSE, PAUSE):
            actions.tick_ms = _FAST_MS
        elif state == WARN or self._off_ms < safety.SETTLE_MS:
            actions.tick_ms = _SLOW_MS
        else:
            actions.tick_ms = _REST_MS


_FAULTS = {
    WIRING: "both limit switches are open, a wire is broken",
    LIE: "a limit switch is open far from its end",
    RUNAWAY: "the drive is off, and yet moves or draws current",
    LATE: "a movement took too long",
}
