"""The ledger's clock: seconds that never go back, whatever the real-time clock does.

It counts seconds since 2024-01-01 UTC, which fit a small integer until 2058. While the device runs
it goes by the ticks alone. At the start it goes on from the last record on flash: with the time
that the real-time clock says has passed, if that is likely, else with none, so that no customer
pays for a night without power. A time from the network may only move it forward.
"""

from micropython import const

EPOCH_UNIX_S = const(1704067200)
_MOST_AWAY_S = const(2592000)  # 30 days without power; more is a wrong clock


class Clock:
    """`last_s` is the time of the last record, 0 if there is none."""

    def __init__(self, last_s=0):
        self.now_s = last_s
        self.trusted = False  # it is the time of day: commands that expire can be judged
        self._ms = 0

    def start(self, unix_s):
        """Take the real-time clock at the start; returns whether it was believed."""
        return self._forward(unix_s - EPOCH_UNIX_S, True)

    def step(self, elapsed_ms):
        """Let time pass."""
        self._ms += elapsed_ms
        if self._ms >= 1000:
            self.now_s += self._ms // 1000
            self._ms %= 1000

    def sync(self, unix_s, renting):
        """Take a time from the network; returns whether it was believed.

        An earlier one is not: what has expired would be valid again. A leap of over 30 days is
        not while somebody is `renting`, who would pay for it.
        """
        return self._forward(unix_s - EPOCH_UNIX_S, renting)

    def _forward(self, now_s, bounded):
        behind = now_s - self.now_s
        if behind < 0 or (bounded and self.now_s and behind > _MOST_AWAY_S) or now_s >= 1 << 30:
            # A few seconds behind is drift: the clocks agree, and this one waits.
            agrees = -120 <= behind < 0
            self.trusted = self.trusted or agrees
            return agrees
        self.now_s = now_s
        self.trusted = True
        return True
