"""How many needless closings each setting allows itself, kept on a site never seen before.

A setting's share of needless closing is the share of dry time on which the window is closed by
an alarm though no rain follows within three hours. It is a property of the site: a threshold that
gives 5 % at one gives 2 to 11 % at another. So the device counts, on its own rain sensor's record
and three hours late, how often the highest score of a hold lay at each level on such idle time.
From that curve each setting reads the threshold that its budget allows. The curve begins as the
one of the sites the weights were fitted on, and the site's own record takes over in some months.
"""

from array import array

from micropython import const

BUDGETS_PERMIL = (20, 50, 100)  # calm, balanced, eager
LEVELS = const(64)
LEVEL_POINTS = const(4)
FIRST_POINT = const(-224)  # seven units of log odds below even
NO_SCORE = const(-32768)

_PRIOR_DAYS = const(80)
_DRY_MIN = const(180)
_MINUTE = const(100)  # weight of a minute in the counts, so that slow forgetting can take a part
_FORGET = const(400)  # days
_FORGET_MISFIT = const(40)  # days, while a setting is far from its budget
# Alarms are pulses and not renewed while the hold runs, so less is spent than the curve says.
_PULSED_PCT = (92, 88, 86)

_IDLE = const(1)
_DRY = const(2)


class Budget:
    """Thresholds of the three settings. One `step` a slot of `slot_min` minutes (5 to 60)."""

    def __init__(self, slot_min, usual):
        """usual: LEVELS shares of dry time (65535 is all) that is idle and on which the highest
        score of a hold lies in each level; level i begins at FIRST_POINT + LEVEL_POINTS * i."""
        self._slot = slot_min
        self.hold = (60 if slot_min < 60 else 120) // slot_min
        self._dry = _DRY_MIN // slot_min
        self._recent = array("h", [NO_SCORE] * self.hold)
        self._levels = array("b", [-1] * self._dry)
        self._flags = array("B", [0] * self._dry)
        total = _PRIOR_DAYS * 1440 * _MINUTE
        self.counts = array("i", [share * (total >> 12) >> 4 for share in usual])
        # dry time; what each setting spent; what the curve promised that it would have spent
        self.sums = array("i", [total, 0, 0, 0, 0, 0, 0])
        for i in range(3):
            allowed = total // 1000 * BUDGETS_PERMIL[i]
            self.sums[1 + i] = allowed
            self.sums[4 + i] = allowed * 100 // _PULSED_PCT[i]
        self.thresholds = array("h", [0] * 3)
        self.since = array("h", [self._dry] * 4)  # slots since each setting's alarm; since rain
        # minutes towards the next solving, and the next forgetting; place in the delay
        self._places = array("i", [0, 0, 0])
        self.eligible = True
        self.solve()

    def since_rain(self):
        """Slots since the last with rain, 0 in rain."""
        return self.since[3]

    def step(self, score, rain, known):
        """Alarms (calm, balanced, eager) for this slot.

        score: points, or NO_SCORE. rain: the own sensor has rain in this slot. known: the sensor's
        reading and the humidity are known.
        """
        since = self.since
        hold = self.hold
        for i in range(4):
            if since[i] < 30000:
                since[i] += 1
        if rain:
            since[3] = 0
        # No onset can fall into this alarm's hold while the last rain is so young.
        self.eligible = since[3] >= self._dry - hold
        if not self.eligible:
            score = NO_SCORE
        at = self._places[2]
        self._settle(at)
        self._recent[at % hold] = score
        alarm = False
        closed = 0
        for i in range(3):
            if score != NO_SCORE and score >= self.thresholds[i] and since[i] >= hold:
                alarm = True
            if alarm:
                since[i] = 0
            if since[i] < hold:
                closed |= 4 << i
        flags = 0
        level = -1
        if known and not rain:
            flags = _DRY
            if since[3] >= hold:
                flags |= _IDLE | closed
                best = max(self._recent)
                if best != NO_SCORE:
                    level = max(-1, min(LEVELS - 1, (best - FIRST_POINT) // LEVEL_POINTS))
        self._levels[at] = level
        self._flags[at] = flags
        at += 1
        self._places[2] = at if at < self._dry else 0
        return since[0] == 0, since[1] == 0, since[2] == 0

    def _settle(self, at):
        """Three hours on, it is known whether rain followed: enter that slot into the counts."""
        flags = self._flags[at]
        if not flags & _DRY:
            return
        weight = self._slot * _MINUTE
        sums = self.sums
        sums[0] += weight
        if flags & _IDLE and self.since[3] >= self._dry:
            level = self._levels[at]
            if level >= 0:
                self.counts[level] += weight
            for i in range(3):
                if flags & 4 << i:
                    sums[1 + i] += weight
                if FIRST_POINT + LEVEL_POINTS * level + LEVEL_POINTS // 2 >= self.thresholds[i]:
                    sums[4 + i] += weight
        minutes = self._places
        minutes[0] += self._slot
        if minutes[0] >= 180:
            minutes[0] = 0
            self.solve()
        minutes[1] += self._slot
        if minutes[1] >= 1440:
            minutes[1] = 0
            self._forget()

    def _forget(self):
        """Once a day: let old counts fade, fast if they do not fit this place."""
        sums = self.sums
        days = _FORGET
        for i in range(3):
            allowed = sums[0] // 1000 * BUDGETS_PERMIL[i]
            if not 2 * allowed < 5 * sums[1 + i] < 7 * allowed:
                days = _FORGET_MISFIT
        for i in range(7):
            sums[i] -= sums[i] // days
        for i in range(LEVELS):
            self.counts[i] -= self.counts[i] // days

    def solve(self):
        """Renew the thresholds from the counts."""
        total = self.sums[0]
        for i in range(3):
            allowed = total // 1000 * BUDGETS_PERMIL[i]
            # Pulses are not renewed while a hold runs, so less is spent than the curve promises.
            spent = max(1, self.sums[1 + i] >> 7)
            pulsed = max(100, min(200, 100 * (self.sums[4 + i] >> 7) // spent))
            # What the record overspent is saved now, and what it saved may be spent.
            back = max(60, min(160, 100 * (allowed >> 7) // spent))
            wanted = allowed // 100 * pulsed // 100 * back
            self.thresholds[i] = self._level_for(wanted)
        self.thresholds[1] = min(self.thresholds[1], self.thresholds[0])
        self.thresholds[2] = min(self.thresholds[2], self.thresholds[1])

    def _level_for(self, wanted):
        """The lowest score above which the counts hold no more than `wanted`."""
        above = 0
        for level in range(LEVELS - 1, -1, -1):
            count = self.counts[level]
            if above + count > wanted:
                part = (above + count - wanted) * LEVEL_POINTS // count
                return FIRST_POINT + level * LEVEL_POINTS + part
            above += count
        return FIRST_POINT

    def refresh(self):
        """Renew what is derived from the arrays, after their contents were loaded."""
        if max(self._places) > 1440 or min(self._places) < 0 or self._places[2] >= self._dry:
            raise ValueError("Budget: places out of range")

    def arrays(self):
        """Every array of the state: (type code, array) pairs in a fixed order."""
        return [
            ("i", self.counts),
            ("i", self.sums),
            ("h", self.thresholds),
            ("h", self.since),
            ("i", self._places),
            ("h", self._recent),
            ("b", self._levels),
            ("B", self._flags),
        ]
