"""Who decides about the sash: the wall button for a while, else the weather."""

from micropython import const

from window.table import following

STAY = const(-1)  # a wish: leave the sash where it is

# What a person has said last.
AUTO = const(0)
_OPEN = const(1)
_SHUT = const(2)
_STOP = const(3)
# A press means what the sash can do next: shut opens, open shuts, moving stops.
_PRESS_SHUT = const(0)
_PRESS_OPEN = const(1)
_PRESS_MOVING = const(2)
_EXPIRE = const(3)

# state, event -> next state. Rain is no event: a person who holds the window open in the rain is
# taken at their word until the hold expires, but only half open (VELUX INTEGRA: 50 %, 60 minutes).
TABLE = bytes(
    [
        AUTO, _PRESS_SHUT, _OPEN,
        AUTO, _PRESS_OPEN, _SHUT,
        AUTO, _PRESS_MOVING, _STOP,
        _OPEN, _PRESS_SHUT, AUTO,
        _OPEN, _PRESS_OPEN, AUTO,
        _OPEN, _PRESS_MOVING, _STOP,
        _OPEN, _EXPIRE, AUTO,
        _SHUT, _PRESS_SHUT, AUTO,
        _SHUT, _PRESS_OPEN, AUTO,
        _SHUT, _PRESS_MOVING, _STOP,
        _SHUT, _EXPIRE, AUTO,
        _STOP, _PRESS_SHUT, _OPEN,
        _STOP, _PRESS_OPEN, _SHUT,
        _STOP, _PRESS_MOVING, _STOP,
        _STOP, _EXPIRE, AUTO,
    ]
)  # fmt: skip


_WET_MAX_PCT = const(50)


class Override:
    """A press holds the sash for `hold_ms`; a press on a held sash at rest gives it back."""

    def __init__(self, hold_ms):
        self.state = AUTO
        self.hold_ms = hold_ms
        self._left_ms = 0

    def press(self, shut, moving):
        """Take a press on the wall button."""
        self._take(_PRESS_MOVING if moving else _PRESS_SHUT if shut else _PRESS_OPEN)
        self._left_ms = self.hold_ms

    def step(self, elapsed_ms):
        """Let time pass; call at any interval."""
        if self.state != AUTO:
            self._left_ms -= elapsed_ms
            if self._left_ms <= 0:
                self._take(_EXPIRE)

    def wish_pct(self, wet, position_pct):
        """Return what the person wishes, 0 to 100 or STAY. Not to be asked in AUTO."""
        if self.state == _SHUT:
            return 0
        if self.state == _OPEN:
            return _WET_MAX_PCT if wet else 100
        return _WET_MAX_PCT if wet and position_pct > _WET_MAX_PCT else STAY

    def _take(self, event):
        at = following(TABLE, self.state, event)
        if at:
            self.state = TABLE[at]
