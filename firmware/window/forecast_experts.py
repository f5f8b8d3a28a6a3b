"""Which weights apply at a place: two experts whose say follows how well each has foretold.

No single set of weights serves all climates: a fall of temperature announces a tropical shower
and, near Berlin, an ordinary evening. So two sets judge every slot, each giving the log odds that
rain begins next. The device begins with the say that the readings suggest (a pressure sensor is
no sign of the tropics), and three hours later, when it is known whether rain began, moves say to
the one whose odds were better (the logarithmic score, as in a Bayesian mixture of the two).
"""

import math
from array import array

from micropython import const

from window.forecast_score import POINTS

_DRY_MIN = const(180)
_SOFT_STEP = const(8)  # points from one entry of the table to the next
_SOFT_TOP = const(320)  # ten units of log odds
_NAT = const(1024)  # weight of one unit of logarithmic score
_ASK = const(6)
_NOT_ASKED = const(-32768)
_BOUND = const(12288)  # evidence never grows beyond twelve units, so that it can turn

# 1024 ln(1 + exp(x)) for x from -10 to 10 in steps of a quarter.
_SOFT = array(
    "h",
    [
        round(_NAT * math.log(1 + math.exp(i / POINTS)))
        for i in range(-_SOFT_TOP, _SOFT_TOP + 1, _SOFT_STEP)
    ],
)
# Say of the first expert, of 256, for evidence from -4 to 4 in steps of a quarter: all or nothing
# beyond four, for odds of fifty to one are no reason to listen to both.
_SAY = array("h", [round(256 / (1 + math.exp(-i / 4))) for i in range(-16, 17)])


def softplus(points):
    """1024 ln(1 + exp(points / 32)), points within -320 to 320."""
    points = max(-_SOFT_TOP, min(_SOFT_TOP - 1, points)) + _SOFT_TOP
    at = points // _SOFT_STEP
    return _SOFT[at] + (_SOFT[at + 1] - _SOFT[at]) * (points - at * _SOFT_STEP) // _SOFT_STEP


class Experts:
    """A mixture of two tables, or one alone."""

    def __init__(self, slot_min, tables, evidence):
        """tables: one or two Table. evidence: 1024 times the log odds for the first at start."""
        self.tables = tables
        self._delay = _DRY_MIN // slot_min
        self._near = max(1, 15 // slot_min)  # slots before an onset in which it counts as foretold
        size = self._delay if len(tables) > 1 else 0
        self._first = array("h", [0] * size)
        self._second = array("h", [0] * size)
        # Per slot: 0 nothing to learn from, 1 quiet if it stays so, 2 an onset came within `near`.
        self._use = array("B", [0] * size)
        self.state = array("i", [evidence, 0, 0, 0])  # evidence, the two last scores, place

    def score(self, values):
        """Points (32 a unit of log odds) for this slot's features."""
        tables = self.tables
        if len(tables) == 1:
            return tables[0].score(values)
        state = self.state
        # Once the matter is settled the other one is asked now and then only, to save the time.
        if self._near > 1 and state[3] % _ASK and abs(state[0]) == _BOUND:
            state[1] = _NOT_ASKED
            return tables[0 if state[0] > 0 else 1].score(values)
        first = tables[0].score(values)
        second = tables[1].score(values)
        state[1] = first
        state[2] = second
        say = self.say()
        return (first * say + second * (256 - say)) >> 8

    def say(self):
        """How much of the score is the first expert's, 0 to 256."""
        if len(self.tables) == 1:
            return 256
        at = (self.state[0] * 4 + _NAT // 2) // _NAT
        return _SAY[16 + at] if -16 < at < 16 else 256 * (at > 0)

    def learn(self, eligible, onset, since_rain):
        """After `score`, once a slot. eligible: this slot's score could have been an alarm.
        onset: rain began in this slot. since_rain: slots since the last with rain."""
        if len(self.tables) == 1:
            return
        state = self.state
        at = state[3]
        use = self._use[at]  # of the slot three hours ago
        if use == 2 or (use == 1 and since_rain >= self._delay):
            first = self._first[at]
            second = self._second[at]
            if use == 2:
                first = -first
                second = -second
            # The slots before one onset tell one story; so do their quiet neighbours.
            gain = (softplus(second) - softplus(first)) // self._near
            state[0] = max(-_BOUND, min(_BOUND, state[0] + gain))
        if onset:
            for back in range(1, self._near + 1):
                if self._use[at - back]:
                    self._use[at - back] = 2
        self._first[at] = max(-_SOFT_TOP, min(_SOFT_TOP, state[1]))
        self._second[at] = max(-_SOFT_TOP, min(_SOFT_TOP, state[2]))
        self._use[at] = 1 if eligible and state[1] != _NOT_ASKED else 0
        at += 1
        state[3] = at if at < self._delay else 0

    def usual(self):
        """The budgets' starting curve: the experts' own, mixed as their say is now."""
        first = self.tables[0].usual
        if len(self.tables) == 1:
            return first
        second = self.tables[1].usual
        say = self.say()
        return [(first[i] * say + second[i] * (256 - say)) >> 8 for i in range(len(first))]

    def refresh(self):
        """Check what was loaded; raises ValueError if it cannot be."""
        if not 0 <= self.state[3] <= self._delay:
            raise ValueError("Experts: place out of range")

    def arrays(self):
        """Every array of the state: (type code, array) pairs in a fixed order."""
        return [("h", self._first), ("h", self._second), ("B", self._use), ("i", self.state)]
