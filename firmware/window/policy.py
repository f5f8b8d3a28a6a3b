"""What the sash shall do: forecast, rain, wind, moisture and a person, made one wish."""

from micropython import const

from window.override import AUTO, STAY, Override
from window.table import following

# What the rain sensor says.
DRY, WET, UNKNOWN = range(3)

# What keeps the sash shut.
FAIR = const(0)
_DUE = const(1)
RAINING = const(2)
DRYING = const(3)
_WINDY = const(4)
STATES = ("fair", "rain is due", "raining", "drying", "windy")
# Events, the most urgent first.
_RAIN = const(0)
_GALE = const(1)
_ALARM = const(2)
_OVER = const(3)

# state, event -> next state. Entering a state, also anew, starts its time.
TABLE = bytes(
    [
        FAIR, _RAIN, RAINING,
        FAIR, _GALE, _WINDY,
        FAIR, _ALARM, _DUE,
        _DUE, _RAIN, RAINING,
        _DUE, _GALE, _WINDY,
        _DUE, _ALARM, _DUE,
        _DUE, _OVER, FAIR,
        RAINING, _RAIN, RAINING,
        RAINING, _OVER, DRYING,
        DRYING, _RAIN, RAINING,
        DRYING, _GALE, _WINDY,
        DRYING, _ALARM, _DUE,
        DRYING, _OVER, FAIR,
        _WINDY, _RAIN, RAINING,
        _WINDY, _GALE, _WINDY,
        _WINDY, _ALARM, _DUE,
        _WINDY, _OVER, FAIR,
    ]
)  # fmt: skip


_UNKNOWN_MS = const(30000)  # a rain sensor unheard of for so long is rain; starting takes less
_SHOWER_MS = const(60000)  # dry for a minute ends the rain
_DRYING_MS = const(600000)  # VELUX KLA 100 reopens 10 minutes after the sensor has dried
_LULL_MS = const(600000)
_GALE_CM_S = const(1400)  # 14 m/s, Beaufort 7
_LULL_CM_S = const(1000)
_ATTENDED_MS = const(15000)  # who pressed stands there for so long
_FAR_MS = const(1 << 29)


class Inputs:
    """What the policy is told; made once and filled anew. `alarm` and `pressed` are pulses."""

    def __init__(self):
        self.rain = UNKNOWN
        self.alarm = False
        self.wind_cm_s = None  # None: nothing measures it
        self.airing_pct = 0  # what the room asks for
        self.pressed = False
        self.blocked = False  # the sash waits for a person
        self.moving = False
        self.shut = False
        self.position_pct = 0


class Policy:
    """Gives `wish_pct` (0 to 100, or STAY), `attended` and `acknowledged` for the sash core.

    hold_ms: how long a forecast alarm and a person's press hold. The sash stays where it is from
    the start until there is a reason to move it; after rain it goes back to where it was before.
    """

    def __init__(self, hold_ms, override_ms):
        self.override = Override(override_ms)
        self.state = FAIR
        self.wish_pct = STAY
        self.attended = False
        self.acknowledged = False
        self.hold_ms = hold_ms
        self._times_ms = {_DUE: hold_ms, RAINING: _SHOWER_MS, DRYING: _DRYING_MS, _WINDY: _LULL_MS}
        self._left_ms = 0
        self._unknown_ms = 0
        self._pressed_ms = _FAR_MS
        self._fair_pct = STAY  # the wish in fair weather
        self._airing_pct = 0

    @property
    def wet(self):
        """True while rain falls, or may for all that the sensor says, and until all has dried."""
        return self.state in (RAINING, DRYING)

    def step(self, elapsed_ms, inputs):
        """Take what is known; call after every change, and at least every few seconds."""
        before = self.state
        self._left_ms -= elapsed_ms
        self._pressed_ms = min(self._pressed_ms + elapsed_ms, _FAR_MS)
        self.override.step(elapsed_ms)
        self.acknowledged = False
        if inputs.pressed:
            self._press(inputs)
        event = self._event(elapsed_ms, inputs)
        at = following(TABLE, self.state, event)
        if at:
            self.state = TABLE[at]
            self._left_ms = self._times_ms.get(self.state, 0)
        if before == FAIR and self.state != FAIR and self._fair_pct == STAY:
            self._fair_pct = inputs.position_pct
        self._air(inputs)
        self.attended = self._pressed_ms < _ATTENDED_MS
        self.wish_pct = self._wish(inputs)

    def _press(self, inputs):
        self._pressed_ms = 0
        if inputs.blocked:
            self.acknowledged = True  # and nothing else: the sash shall not set off under a hand
            self._pressed_ms = _FAR_MS
        else:
            self.override.press(inputs.shut, inputs.moving)

    def _event(self, elapsed_ms, inputs):
        unheard = inputs.rain == UNKNOWN
        self._unknown_ms = min(self._unknown_ms + elapsed_ms, _FAR_MS) if unheard else 0
        if inputs.rain == WET or self._unknown_ms >= _UNKNOWN_MS:
            return _RAIN
        if unheard and self.state == RAINING:
            return _RAIN  # not known to have ended
        wind = inputs.wind_cm_s
        if wind is not None and wind >= (_LULL_CM_S if self.state == _WINDY else _GALE_CM_S):
            return _GALE
        if inputs.alarm:
            return _ALARM
        if self.state != FAIR and self._left_ms <= 0:
            return _OVER
        return None

    def _air(self, inputs):
        """A room that asks for air, or no longer does, changes the wish for fair weather."""
        if inputs.airing_pct != self._airing_pct:
            self._airing_pct = inputs.airing_pct
            self._fair_pct = inputs.airing_pct

    def _wish(self, inputs):
        if self.state == _WINDY:
            return 0  # above a person's wish: a gale tears an open sash off
        if self.override.state != AUTO:
            return self.override.wish_pct(self.wet, inputs.position_pct)
        return self._fair_pct if self.state == FAIR else 0
