"""The sash core: moves the sash to where it is wished, and never harder than a hand may feel.

`step` is called every `actions.tick_ms`, at any hour, with what was read; it says what to do. It
knows no clock, pin or bus. The rules are in safety.py, the drive over one movement in stroke.py.
"""

from micropython import const

from window import safety
from window.safety import CLOSING, OPENING
from window.stroke import ENDED, SLIPS, STALLS, Stroke
from window.table import following
from window.ticks import since

_REST = const(0)
_WARN = const(1)
_PAUSE = const(2)
_MOVE = const(3)
_RECOIL_PAUSE = const(4)
_RECOIL = const(5)
BLOCKED = const(6)
FAULT = const(7)

# Events, the most urgent first: the first one that is true is taken.
_WIRING = const(0)
_LIE = const(1)
_RUNAWAY = const(2)
_PINCH = const(3)
_JAM = const(4)
_SEATED = const(5)
_LATE = const(6)
_BLIND = const(7)
_LIMIT = const(8)
_ARRIVED = const(9)
_GONE = const(10)
_ASKED = const(11)
_WISH = const(12)
_DUE = const(13)
_ACK = const(14)

# Sounds.
SILENT = const(0)
WARNING = const(1)
ALARM = const(2)

UNKNOWN = const(-1)

_FAST_MS = const(10)
_SLOW_MS = const(100)
_REST_MS = const(5000)
_NEAR_EDGES = const(5)
_FALL_UM_S2 = const(66000)  # of the soft stop: 40 V/s over 0.6 V s/mm
_FAR = const(1 << 20)

# What else is done, by `_take`.
_NOTHING = const(0)
_RAISE = const(1)
_LEAVE = const(2)
_FORGIVE = const(3)
_BEGIN = const(4)
_TELL_PINCH = const(5)
_TELL_JAM = const(6)
_TELL_SEATED = const(7)
_TELL_BLIND = const(8)
_SETTLE = const(9)
_REOPEN = const(10)

# state, event, next state, what else is done.
TABLE = bytes(
    [
        _REST, _WIRING, FAULT, _RAISE,
        _REST, _LIE, FAULT, _RAISE,
        _REST, _RUNAWAY, FAULT, _RAISE,
        _REST, _ASKED, _PAUSE, _LEAVE,
        _REST, _WISH, _WARN, _NOTHING,
        _REST, _ACK, _REST, _FORGIVE,
        _WARN, _WIRING, FAULT, _RAISE,
        _WARN, _LIE, FAULT, _RAISE,
        _WARN, _RUNAWAY, FAULT, _RAISE,
        _WARN, _GONE, _REST, _NOTHING,
        _WARN, _ASKED, _PAUSE, _LEAVE,
        _WARN, _DUE, _PAUSE, _LEAVE,
        _PAUSE, _WIRING, FAULT, _RAISE,
        _PAUSE, _LIE, FAULT, _RAISE,
        _PAUSE, _GONE, _REST, _NOTHING,
        _PAUSE, _DUE, _MOVE, _BEGIN,
        _MOVE, _WIRING, FAULT, _RAISE,
        _MOVE, _LIE, FAULT, _RAISE,
        _MOVE, _PINCH, _RECOIL_PAUSE, _TELL_PINCH,
        _MOVE, _JAM, _REST, _TELL_JAM,
        _MOVE, _SEATED, _REST, _TELL_SEATED,
        _MOVE, _LATE, FAULT, _RAISE,
        _MOVE, _BLIND, _PAUSE, _TELL_BLIND,
        _MOVE, _LIMIT, _REST, _SETTLE,
        _MOVE, _ARRIVED, _REST, _SETTLE,
        _RECOIL_PAUSE, _WIRING, FAULT, _RAISE,
        _RECOIL_PAUSE, _DUE, _RECOIL, _REOPEN,
        _RECOIL, _WIRING, FAULT, _RAISE,
        _RECOIL, _LIE, FAULT, _RAISE,
        _RECOIL, _JAM, BLOCKED, _SETTLE,
        _RECOIL, _SEATED, BLOCKED, _SETTLE,
        _RECOIL, _LATE, FAULT, _RAISE,
        _RECOIL, _BLIND, _RECOIL_PAUSE, _NOTHING,
        _RECOIL, _LIMIT, BLOCKED, _SETTLE,
        _RECOIL, _ARRIVED, BLOCKED, _SETTLE,
        BLOCKED, _WIRING, FAULT, _RAISE,
        BLOCKED, _LIE, FAULT, _RAISE,
        BLOCKED, _RUNAWAY, FAULT, _RAISE,
        BLOCKED, _ACK, _REST, _FORGIVE,
        FAULT, _ACK, _REST, _FORGIVE,
    ]
)  # fmt: skip


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
        self.state = _REST
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
        if self.state not in (_MOVE, _RECOIL) or self._lies(readings):
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
            return _ACK if readings.acknowledged and gone else None
        if readings.limit_open and readings.limit_closed:
            return _WIRING
        if state == _RECOIL_PAUSE:
            return _DUE if self._state_ms >= safety.RECOIL_PAUSE_MS else None
        if self._lies(readings):
            return _LIE
        if state in (_MOVE, _RECOIL):
            return self._moving_event(elapsed_ms, readings)
        if state != _PAUSE and self._runs_away(readings):
            return _RUNAWAY
        if state == BLOCKED:
            return _ACK if readings.acknowledged else None
        return self._waiting_event(readings)

    def _waiting_event(self, readings):
        state = self.state
        wanted = self._wanted(readings)
        if state == _REST:
            if readings.acknowledged and self.jammed:
                return _ACK
            if not wanted:
                return None
            return _WISH if self._must_warn(wanted, readings) else _ASKED
        if not wanted:
            return _GONE
        if state == _WARN:
            if not self._must_warn(wanted, readings):
                return _ASKED
            return _DUE if self._state_ms >= safety.WARNING_MS else None
        return _DUE if self._off_ms >= safety.TURN_PAUSE_MS else None

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
            return _BLIND
        direction = self._direction
        if readings.limit_open if direction == OPENING else readings.limit_closed:
            return _LIMIT
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
            return _LATE
        return _ARRIVED if verdict == ENDED else None

    def _resistance(self):
        """Return what it means that the sash is held: an end, a hand, or something in the way."""
        if safety.is_frame(self._direction, self.known, self.position):
            return _SEATED
        return _PINCH if self._direction == CLOSING else _JAM

    def _is_ending(self, readings):
        """True once the soft stop must begin: the goal is near, or the wish has changed."""
        if self.state == _MOVE and self._wanted(readings) != self._direction:
            return True
        ahead_um = (self._goal - self.position) * self._direction * safety.EDGE_UM
        speed = self.stroke.slip.speed_um_s // 10
        return ahead_um <= speed * speed // (_FALL_UM_S2 // 50)

    # -- what follows

    def _take(self, event, readings):
        at = following(TABLE, self.state, event, 4)
        if not at:
            return
        self.state = TABLE[at]
        self._state_ms = 0
        action = TABLE[at + 1]
        actions = self.actions
        if action == _LEAVE:
            actions.leaving = True
        elif action == _BEGIN:
            self._begin(readings)
        elif action == _REOPEN:
            self._direction = OPENING
            self._goal = self.position + safety.RECOIL_EDGES
            self._set_off(readings)
        elif action == _TELL_PINCH:
            actions.note = self._resisted("pinch")
        elif action == _TELL_JAM:
            self.jammed = True
            self._rested(event)
            actions.note = self._resisted("opening is blocked")
        elif action == _TELL_SEATED:
            self._end = self._direction
            self._rested(event)
            actions.note = "end reached, but its limit switch is silent"
        elif action == _TELL_BLIND:
            actions.note = "no tick for too long while moving: stopped"
        elif action == _SETTLE:
            self._rested(event)
        elif action == _FORGIVE:
            self._forgive(readings)
        elif action == _RAISE:
            self.fault = event
            actions.rested = True
            actions.note = "fault: %s" % _FAULTS[event]

    def _begin(self, readings):
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

    def _set_off(self, readings):
        self._from = readings.count
        self.stroke.begin(self._direction, readings.supply_mv, readings.now_us)
        self.actions.clear_alert = True

    def _resisted(self, what):
        return "%s at %d mm, by %s" % (what, self.position // safety.EDGES_PER_MM, self._why)

    def _rested(self, event):
        if event == _ARRIVED and self._strained and self._direction == OPENING:
            self._strained = False  # released
        if event in (_LIMIT, _ARRIVED) and self._direction == CLOSING:
            self.jammed = False
        self.actions.rested = self.actions.clear_alert = True

    def _forgive(self, readings):
        if self.fault is not None:
            self.known = False
        self.fault = None
        self.jammed = False
        self._rest_count = readings.count
        self.actions.clear_alert = True

    # -- what is done

    def _act(self, readings):
        actions = self.actions
        state = self.state
        duty_pm = self.stroke.duty_pm() * self._direction if state in (_MOVE, _RECOIL) else 0
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
        if state == _WARN:
            actions.sound = WARNING
        else:
            actions.sound = ALARM if state == FAULT else SILENT
        if state in (_MOVE, _RECOIL, _RECOIL_PAUSE, _PAUSE):
            actions.tick_ms = _FAST_MS
        elif state == _WARN or self._off_ms < safety.SETTLE_MS:
            actions.tick_ms = _SLOW_MS
        else:
            actions.tick_ms = _REST_MS


_FAULTS = {
    _WIRING: "both limit switches are open, a wire is broken",
    _LIE: "a limit switch is open far from its end",
    _RUNAWAY: "the drive is off, and yet moves or draws current",
    _LATE: "a movement took too long",
}
