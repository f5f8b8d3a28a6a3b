"""How often palms may be tried: by the minute, by the palm, and not at all after forged ones."""

from micropython import const

_MINUTE_MS = const(60000)
_PER_MINUTE = const(8)
_PER_PALM = const(3)
_FORGED_MOST = const(3)  # liveness failures before the reader rests
_REST_MS = const(60000)  # the first rest; each further one is twice as long
_REST_MAX_MS = const(960000)
_CALM_MS = const(1800000)  # without a failure, the next rest is the first again


class Attempts:
    """`resting` is True while the reader must not look for palms."""

    def __init__(self):
        self._tries = []  # [age in ms, member or None]
        self._rest_ms = 0
        self._next_ms = _REST_MS
        self._forged = 0
        self._calm_ms = 0

    @property
    def resting(self):
        """True while the reader rests."""
        return self._rest_ms > 0

    def step(self, elapsed_ms):
        """Let time pass."""
        for entry in self._tries:
            entry[0] += elapsed_ms
        while self._tries and self._tries[0][0] >= _MINUTE_MS:
            self._tries.pop(0)
        self._rest_ms = max(0, self._rest_ms - elapsed_ms)
        self._calm_ms += elapsed_ms
        if self._calm_ms >= _CALM_MS:
            self._forged = 0
            self._next_ms = _REST_MS

    def tried(self, member):
        """Count a palm (None: an unknown one); returns whether it may go on."""
        of_this = len([entry for entry in self._tries if entry[1] == member])
        allowed = len(self._tries) < _PER_MINUTE and (member is None or of_this < _PER_PALM)
        # Those refused are not counted: the list stays short, and a minute is a minute.
        if allowed:
            self._tries.append([0, member])
        return allowed

    def forged(self):
        """A palm failed the liveness test; returns True if the reader rests from now."""
        self._forged += 1
        self._calm_ms = 0
        if self._forged < _FORGED_MOST:
            return False
        self._forged = 0
        self._rest_ms = self._next_ms
        self._next_ms = min(2 * self._next_ms, _REST_MAX_MS)
        return True

    def genuine(self):
        """A living palm was known: failures before it were the camera's."""
        self._forged = 0
