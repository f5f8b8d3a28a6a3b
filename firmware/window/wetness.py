"""Is the humidity sensor wet? A film of water makes it read 100 % until it is dried by its heater.

SHT4x datasheet, section 4.9: heat, then discard what is read until the temperature has settled.
"""

from micropython import const

SOUND, HEATING, SETTLING, STUCK = range(4)
STATES = ("sound", "heating", "settling", "stuck")
FULL, LOW, HEATED, SETTLED_LOW, SETTLED_FULL, REST_OVER = range(6)
EVENTS = ("full for long", "below", "heated", "settled below", "settled full", "rest over")

# state, event -> next state.
TABLE = {
    (SOUND, FULL): HEATING,
    (HEATING, HEATED): SETTLING,
    (SETTLING, SETTLED_LOW): SOUND,
    (SETTLING, SETTLED_FULL): STUCK,
    (STUCK, LOW): SOUND,
    (STUCK, REST_OVER): HEATING,
}
NO_ROW = {
    (SOUND, LOW): "all is well",
    (HEATING, FULL): "what is read while hot tells nothing",
    (HEATING, LOW): "what is read while hot tells nothing",
    (SETTLING, FULL): "what is read before it has settled tells nothing",
    (SETTLING, LOW): "what is read before it has settled tells nothing",
    (STUCK, FULL): "known",
}
# HEATED, SETTLED_LOW, SETTLED_FULL and REST_OVER are the end of a time that runs in one state
# only.

_FULL_PCT = 99.5
# Half an hour of saturated air is fog, or water on the chip: ask the heater.
_FULL_SAMPLES = const(30)
_PULSES = const(8)
_SETTLE_SAMPLES = const(4)
_REST_SAMPLES = const(60)


class Wetness:
    """Judges one sensor by its samples, one a minute."""

    def __init__(self):
        self.state = SOUND
        self._count = 0

    @property
    def wants_heat(self):
        """True if the sensor shall have a heat pulse after this sample."""
        return self.state == HEATING

    def step(self, rh_pct):
        """Take one sample in % and return it, or None if it says nothing of the air."""
        event = self._event(rh_pct >= _FULL_PCT)
        after = self.state if event is None else TABLE.get((self.state, event), self.state)
        if after != self.state:
            self.state = after
            self._count = 0
        return rh_pct if self.state == SOUND else None

    def _event(self, full):
        state = self.state
        self._count += 1
        if state == SOUND:
            if not full:
                self._count = 0
                return LOW
            return FULL if self._count >= _FULL_SAMPLES else None
        if state == HEATING:
            return HEATED if self._count > _PULSES else None
        if state == SETTLING:
            if self._count < _SETTLE_SAMPLES:
                return None
            return SETTLED_FULL if full else SETTLED_LOW
        if not full:
            return LOW
        return REST_OVER if self._count >= _REST_SAMPLES else None
