"""Is the humidity sensor wet? A film of water makes it read 100 % until it is dried by its heater.

SHT4x datasheet, section 4.9: heat, then discard what is read until the temperature has settled.
"""

from micropython import const

from window.table import following

_SOUND = const(0)
_HEATING = const(1)
_SETTLING = const(2)
STUCK = const(3)
# The last four events are the end of a time that runs in one state only.
_FULL = const(0)
_LOW = const(1)
_HEATED = const(2)
_SETTLED_LOW = const(3)
_SETTLED_FULL = const(4)
_REST_OVER = const(5)

# state, event -> next state.
TABLE = bytes(
    [
        _SOUND, _FULL, _HEATING,
        _HEATING, _HEATED, _SETTLING,
        _SETTLING, _SETTLED_LOW, _SOUND,
        _SETTLING, _SETTLED_FULL, STUCK,
        STUCK, _LOW, _SOUND,
        STUCK, _REST_OVER, _HEATING,
    ]
)  # fmt: skip

_FULL_PCT = 99.5
# Half an hour of saturated air is fog, or water on the chip: ask the heater.
_FULL_SAMPLES = const(30)
_PULSES = const(8)
_SETTLE_SAMPLES = const(4)
_REST_SAMPLES = const(60)


class Wetness:
    """Judges one sensor by its samples, one a minute."""

    def __init__(self):
        self.state = _SOUND
        self._count = 0

    @property
    def wants_heat(self):
        """True if the sensor shall have a heat pulse after this sample."""
        return self.state == _HEATING

    def step(self, rh_pct):
        """Take one sample in % and return it, or None if it says nothing of the air."""
        event = self._event(rh_pct >= _FULL_PCT)
        at = following(TABLE, self.state, event)
        if at:
            self.state = TABLE[at]
            self._count = 0
        return rh_pct if self.state == _SOUND else None

    def _event(self, full):
        state = self.state
        self._count += 1
        if state == _SOUND:
            if not full:
                self._count = 0
                return _LOW
            return _FULL if self._count >= _FULL_SAMPLES else None
        if state == _HEATING:
            return _HEATED if self._count > _PULSES else None
        if state == _SETTLING:
            if self._count < _SETTLE_SAMPLES:
                return None
            return _SETTLED_FULL if full else _SETTLED_LOW
        if not full:
            return _LOW
        return _REST_OVER if self._count >= _REST_SAMPLES else None
