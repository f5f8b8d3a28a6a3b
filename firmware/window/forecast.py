"""Rain before it falls: three alarms from outdoor humidity, temperature, pressure and wind.

`calm`, `balanced` and `eager` differ in how much needless closing they allow: 2, 5 and 10 % of dry
time. An alarm is a pulse: close now, and stay closed for the hold (60 minutes; 120 on hourly
readings). It is renewed by a new pulse if at the end of the hold rain is still likely, and not
given within the two hours after rain, when no new rain after a dry spell can begin in its hold.
What it can do and where its limits lie stands in FORECAST.md beside this file.
"""

import binascii
from array import array

from micropython import const

from window.forecast_budget import NO_SCORE, Budget
from window.forecast_experts import Experts
from window.forecast_features import MISSING, Features
from window.forecast_score import POINTS
from window.forecast_shipped import COARSE, FINE, FINE_PRESSURE, HOURLY, evidence, tables

_SLOTS_MIN = (5, 10, 15, 20, 30, 60)
_GAP_MIN = const(1440)  # after a longer gap the history says nothing any more
_MAGIC = b"RF2"
_HEAD = const(12)
_NONE = (False, False, False)


class Forecast:
    """The forecast of one place. Feed it every reading in order of time."""

    def __init__(self, step_min=5):
        """step_min: minutes between readings, 1 to 60. Below 5 the readings are gathered into
        slots of 5 minutes, and else into the next of 5, 10, 15, 20, 30 and 60."""
        if not 1 <= step_min <= 60:
            raise ValueError("Forecast: step_min must be 1 to 60 minutes")
        self.step_min = step_min
        self._step_s = int(step_min * 60)
        self.slot_min = 60
        for slot_min in _SLOTS_MIN:
            if step_min <= slot_min:
                self.slot_min = slot_min
                break
        self.features = Features(self.slot_min)
        self._family = FINE if self.slot_min <= 10 else COARSE if self.slot_min < 60 else HOURLY
        self._use(self._family, tables(self._family))
        self._slot = None  # number of the open slot since time 0; it ends at its number times slot
        self._done = False  # the open slot has been judged
        self._readings = array("h", [MISSING] * 5)  # gathered in the open slot
        self._dry_slots = 180 // self.slot_min
        self._points = array("h", [NO_SCORE])

    @property
    def points(self):
        """The last slot's score in whole points, 32 a unit of log odds, or NO_SCORE."""
        return self._points[0]

    @property
    def score(self):
        """Log odds that rain begins within 15 minutes (in the next slot, where those are longer);
        None without readings."""
        return None if self._points[0] == NO_SCORE else self._points[0] / POINTS

    def step(self, time_s, temp_c, rh_pct, pressure_hpa=None, precip_mm=None, wind_ms=None):
        """Take one row of readings and return (calm, balanced, eager), three bools.

        time_s: seconds on the device's clock, whatever its origin, at the reading. temp_c, rh_pct:
        outdoor air. pressure_hpa: station pressure. precip_mm: rain since the last row by the own
        sensor, which teaches the budgets. wind_ms. Any reading may be None; what lies out of its
        sensor's range counts as None.
        """
        slot_s = self.slot_min * 60
        time_s = int(time_s)
        slot = -(-time_s // slot_s)
        alarms = _NONE
        if self._slot is None:
            self._slot = slot
        elif slot > self._slot or slot < self._slot - 1:
            if not self._done:
                alarms = self._judge()
            self._move(slot)
        readings = self._readings
        _take(readings, 0, temp_c, -60, 60, 100, 0)
        _take(readings, 1, rh_pct, 0, 120, 100, 0)
        _take(readings, 2, pressure_hpa, 500, 1150, 40, 1000)
        _take(readings, 3, wind_ms, 0, 100, 10, 0)
        if precip_mm is not None and 0 <= precip_mm <= 1000:
            rain = max(1, round(precip_mm * 10)) if precip_mm > 0 else 0
            readings[4] = rain if readings[4] == MISSING else min(30000, readings[4] + rain)
        # Judge as soon as no further reading is due in this slot.
        if not self._done and time_s + self._step_s > self._slot * slot_s:
            now = self._judge()
            if now is not _NONE:
                alarms = now
        return alarms

    def _move(self, slot):
        gap = slot - self._slot - 1
        # A clock set back says nothing about how long it was: go on as if without a gap.
        if gap * self.slot_min > _GAP_MIN:
            fresh = Features(self.slot_min)
            fresh.adopt(self.features)
            self.features = fresh
        else:
            for missed in range(slot - gap, slot):
                self._slot = missed
                self._judge()
        self._slot = slot
        self._done = False

    def _judge(self):
        """The open slot is complete: score it and ask the budgets."""
        readings = self._readings
        temp, rh, pressure, wind, rain = readings
        for i in range(5):
            readings[i] = MISSING
        self._done = True
        features = self.features
        minute = self._slot * self.slot_min % 1440
        wet = rain != MISSING and rain > 0
        onset = wet and features.since_rain() >= self._dry_slots
        if pressure != MISSING and self._family == FINE and features.young():
            self._use(FINE_PRESSURE, self.experts.tables)
        features.update(minute // 60, minute % 60, temp, rh, pressure, wind, rain, onset)
        experts = self.experts
        points = NO_SCORE
        if features.complete():
            points = max(-30000, min(30000, experts.score(features.values)))
        self._points[0] = points
        known = rain != MISSING and points != NO_SCORE
        budget = self.budget
        alarms = budget.step(points, wet, known)
        experts.learn(known and budget.eligible and not wet, onset, budget.since_rain())
        return alarms if alarms[2] else _NONE

    def _use(self, family, weights):
        self._family = family
        self.experts = Experts(self.slot_min, weights, evidence(family))
        self.budget = Budget(self.slot_min, self.experts.usual())

    # ---- state

    def save(self):
        """The whole state as bytes (under 5 KB), to be kept over a power cut or a new firmware."""
        return b"".join([bytes(part) for part in self.parts()])

    def parts(self):
        """Iterate over what `save` returns, piece by piece: no large buffer is needed."""
        head = bytearray(_HEAD)
        head[0:3] = _MAGIC
        head[3] = self.slot_min
        head[4] = self._family
        head[5] = (1 if self._done else 0) | (0 if self._slot is None else 2)
        slot = 0 if self._slot is None else self._slot
        for i in range(5):
            head[6 + i] = slot >> 8 * i & 255
        crc = binascii.crc32(head)
        yield head
        for _, part in self.arrays():
            crc = binascii.crc32(part, crc)
            yield part
        yield _bytes_of(crc)

    def load(self, state):
        """Take up what `save` gave, from a forecast of any step. Raises ValueError for anything
        else, and then starts from the shipped state."""
        try:
            self._load(bytes(state))
        except (ValueError, TypeError):
            self.__init__(self.step_min)
            raise ValueError("Forecast: not a state that save() gave; started afresh") from None

    def _load(self, state):
        if len(state) < _HEAD + 4 or state[0:3] != _MAGIC or state[3] not in _SLOTS_MIN:
            raise ValueError
        if state[-4:] != _bytes_of(binascii.crc32(memoryview(state)[:-4])):
            raise ValueError
        if state[3] != self.slot_min:
            other = Forecast(state[3])
            other._load(state)
            self.features.adopt(other.features)
            return
        family = state[4]
        if family != self._family and (family, self._family) != (FINE_PRESSURE, FINE):
            raise ValueError
        self._use(family, self.experts.tables)
        at = _HEAD
        for code, part in self.arrays():
            size = len(bytes(part))
            if at + size + 4 > len(state):
                raise ValueError
            part[:] = array(code, state[at : at + size])
            at += size
        if at + 4 != len(state):
            raise ValueError
        slot = 0
        for i in range(5):
            slot |= state[6 + i] << 8 * i
        self._slot = slot - (1 << 40 if slot >> 39 else 0) if state[5] & 2 else None
        self._done = bool(state[5] & 1)
        self.features.refresh()
        self.experts.refresh()
        self.budget.refresh()

    def arrays(self):
        """Iterate over every array of the state: (type code, array) in the order of saving."""
        yield "h", self._readings
        yield "h", self._points
        for part in (self.features, self.experts, self.budget):
            for pair in part.arrays():
                yield pair


def _bytes_of(crc):
    return bytes([crc >> 8 * i & 255 for i in range(4)])


def _take(readings, at, value, low, high, scale, origin):
    """Keep the last known reading of a slot."""
    if value is not None and low <= value <= high:
        readings[at] = round((value - origin) * scale)
