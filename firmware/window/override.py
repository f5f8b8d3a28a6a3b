"""Who decides about the sash: the wall button for a while, else the weather."""

from micropython import const

STAY = const(-1)  # a wish: leave the sash where it is

# What a person has said last.
AUTO, OPEN, SHUT, STOP = range(4)
STATES = ("auto", "open", "shut", "stop")
# A press means what the sash can do next: shut opens, open shuts, moving stops.
PRESS_SHUT, PRESS_OPEN, PRESS_MOVING, EXPIRE = range(4)
EVENTS = ("press while shut", "press while open", "press while moving", "expire")

# state, event -> next state. Rain is no event: a person who holds the window open in the rain is
# taken at their word until the hold expires, but only half open (VELUX INTEGRA: 50 %, 60 minutes).
TABLE = {
    (AUTO, PRESS_SHUT): OPEN,
    (AUTO, PRESS_OPEN): SHUT,
    (AUTO, PRESS_MOVING): STOP,
    (OPEN, PRESS_SHUT): AUTO,
    (OPEN, PRESS_OPEN): AUTO,
    (OPEN, PRESS_MOVING): STOP,
    (OPEN, EXPIRE): AUTO,
    (SHUT, PRESS_SHUT): AUTO,
    (SHUT, PRESS_OPEN): AUTO,
    (SHUT, PRESS_MOVING): STOP,
    (SHUT, EXPIRE): AUTO,
    (STOP, PRESS_SHUT): OPEN,
    (STOP, PRESS_OPEN): SHUT,
    (STOP, PRESS_MOVING): STOP,
    (STOP, EXPIRE): AUTO,
}
NO_ROW = {(AUTO, EXPIRE): "no hold runs"}

_WET_MAX_PCT = const(50)


class Override:
    """A press holds the sash for `hold_ms`; a press on a held sash at rest gives it back."""

    def __init__(self, hold_ms):
        self.state = AUTO
        self.hold_ms = hold_ms
        self._left_ms = 0

    def press(self, shut, moving):
        """Take a press on the wall button."""
        self._take(PRESS_MOVING if moving else PRESS_SHUT if shut else PRESS_OPEN)
        self._left_ms = self.hold_ms

    def step(self, elapsed_ms):
        """Let time pass; call at any interval."""
        if self.state != AUTO:
            self._left_ms -= elapsed_ms
            if self._left_ms <= 0:
                self._take(EXPIRE)

    def wish_pct(self, wet, position_pct):
        """Return what the person wishes, 0 to 100 or STAY. Not to be asked in AUTO."""
        if self.state == SHUT:
            return 0
        if self.state == OPEN:
            return _WET_MAX_PCT if wet else 100
        return _WET_MAX_PCT if wet and position_pct > _WET_MAX_PCT else STAY

    def _take(self, event):
        self.state = TABLE.get((self.state, event), self.state)
