"""Two Hall sensors over a magnet ring on the motor: quadrature on the nets `a` and `b`."""

from pinbench.chips.base import Chip

_GRAY = ((0, 0), (1, 0), (1, 1), (0, 1))  # a leads b while the position grows


class HallEncoder(Chip):
    """The world turns it by `edge(direction)`, one of `edges_per_mm` edges, or
    `set_position_mm(x)`.

    Test face: `count`, the true position in edges; `dead`, "a" or "b": that channel keeps its
    level; `stuck`: the shaft turns but the magnet does not (both keep theirs); `bounce_us`: each
    edge chatters once within that time (0: clean).
    """

    KIND = "hall_encoder"
    PINS = ("a", "b")

    def __init__(self, edges_per_mm=5, position_mm=0.0):
        Chip.__init__(self)
        self.edges_per_mm = edges_per_mm
        self.count = _edges(position_mm * edges_per_mm)
        self.dead = None
        self.stuck = False
        self.bounce_us = 0
        self._levels = [0, 0]
        self._pending = [[], []]

    def power_on(self):
        """The sensors show where the magnet stands."""
        Chip.power_on(self)
        self._random = self.kernel.random.fork()
        self._nets = (self.nets["a"], self.nets["b"])
        self._levels = list(_GRAY[self.count & 3])
        for i in (0, 1):
            self._nets[i].drive(self.name, self._levels[i])

    def power_off(self):
        """Both outputs let go."""
        Chip.power_off(self)
        for i in (0, 1):
            self._settle(i)
            self._nets[i].drive(self.name, None)

    def edge(self, direction):
        """The magnet passes one edge, forwards (> 0) or backwards (< 0)."""
        self.count += 1 if direction > 0 else -1
        if self.stuck or not self.powered:
            return
        levels = _GRAY[self.count & 3]
        for i in (0, 1):
            # A magnet freed after `stuck` shows at once where it stands: both may change.
            if levels[i] != self._levels[i] and self.dead != "ab"[i]:
                self._change(i, levels[i])

    def set_position_mm(self, position_mm):
        """Pass all edges between here and `position_mm`, at this instant."""
        target = _edges(position_mm * self.edges_per_mm)
        while self.count != target:
            self.edge(target - self.count)

    def _change(self, i, level):
        self._settle(i)
        self._levels[i] = level
        self._nets[i].drive(self.name, level)
        if self.bounce_us > 1:
            back_us = 1 + self._random.below(self.bounce_us - 1)
            self._pending[i] = [
                self.kernel.after(back_us, self._chatter, (i, 1 - level)),
                self.kernel.after(self.bounce_us, self._chatter, (i, level)),
            ]

    def _chatter(self, what):
        self._nets[what[0]].drive(self.name, what[1])

    def _settle(self, i):
        """A new edge ends the chatter of the last one on its channel."""
        for event in self._pending[i]:
            self.kernel.cancel(event)
        self._pending[i] = []


def _edges(value):
    """Return the last whole edge at or below `value`, rounding errors of a nanometre forgiven."""
    whole = int(value + 1e-6)
    return whole if whole <= value + 1e-6 else whole - 1
