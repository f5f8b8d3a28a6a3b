"""What the sash shall do: forecast, rain, wind, moisture and a person, made one wish."""

from micropython import const

from window.override import AUTO, STAY, Override

# What the rain sensor says.
DRY, WET, UNKNOWN = range(3)

# What keeps the sash shut.
FAIR, DUE, RAINING, DRYING, WINDY = range(5)
STATES = ("fair", "rain is due", "raining", "drying", "windy")
# Events, the most urgent first.
RAIN, GALE, ALARM, OVER = range(4)
EVENTS = ("rain", "gale", "alarm", "over")

# state, event -> next state. Entering a state, also anew, starts its time.
TABLE = {
    (FAIR, RAIN): RAINING,
    (FAIR, GALE): WINDY,
    (FAIR, ALARM): DUE,
    (DUE, RAIN): RAINING,
    (DUE, GALE): WINDY,
    (DUE, ALARM): DUE,
    (DUE, OVER): FAIR,
    (RAINING, RAIN): RAINING,
    (RAINING, OVER): DRYING,
    (DRYING, RAIN): RAINING,
    (DRYING, GALE): WINDY,
    (DRYING, ALARM): DUE,
    (DRYING, OVER): FAIR,
    (WINDY, RAIN): RAINING,
    (WINDY, GALE): WINDY,
    (WINDY, ALARM): DUE,
    (WINDY, OVER): FAIR,
}
NO_ROW = {
    (FAIR, OVER): "no time runs",
    (RAINING, GALE): "it is shut already",
    (RAINING, ALARM): "it is raining already",
}

_UNKNOWN_MS = const(
    30000
)  # a rain sensor unheard of for so long counts as rain; starting takes less
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
        self._times_ms = {DUE: hold_ms, RAINING: _SHOWER_MS, DRYING: _DRYING_MS, WINDY: _LULL_MS}
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
        if event is not None and (self.state, event) in TABLE:
            self.state = TABLE[(self.state, event)]
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
            return RAIN
        if unheard and self.state == RAINING:
            return RAIN  # not known to have ended
        wind = inputs.wind_cm_s
        if wind is not None and wind >= (_LULL_CM_S if self.state == WINDY else _GALE_CM_S):
            return GALE
        if inputs.alarm:
            return ALARM
        if self.state != FAIR and self._left_ms <= 0:
            return OVER
        return None

    def _air(self, inputs):
        """A room that asks for air, or no longer does, changes the wish for fair weather."""
        if inputs.airing_pct != self._airing_pct:
            self._airing_pct = inputs.airing_pct
            self._fair_pct = inputs.airing_pct

    def _wish(self, inputs):
        if self.state == WINDY:
            return 0  # above a person's wish: a gale tears an open sash off
        if self.override.state != AUTO:
            return self.override.wish_pct(self.wet, inputs.position_pct)
        return self._fair_pct if self.state == FAIR else 0
