"""What the rain forecast looks at: causal features of one place's air, in small integers.

Everything is an integer, so a board in single precision, the VM on the host and CPython give the
same numbers to the last bit. Units: temperature and dew point 0.01 degree C, humidity 0.01 %,
pressure 1/40 hPa, wind 0.1 m/s, rain 0.1 mm. `MISSING` stands for a reading that was not had.

Hours of the day are those of the device's own clock: they only index a table of what is usual at
that hour, so a clock that was never set serves as well, as long as it runs.
"""

import math
from array import array

from micropython import const

MISSING = const(-32768)
_LIMIT = const(32000)

# Change over these spans, in minutes, of temperature, humidity, dew point and pressure.
SPANS_MIN = (5, 10, 20, 30, 45, 60, 90, 120, 180, 360)
_DAY_MIN = const(1440)
_BRIDGE_MIN = const(20)  # a reading stands in for its missing successors this long
_PRESSURE_BRIDGE_MIN = const(360)  # pressure is slow
_RAIN_HOURS = const(72)
_USUAL = const(8)  # quantities whose usual course over the day is kept
_USUAL_DAYS = const(15)
_CLIMATE_HOURS = const(480)
_ONSET_HOURS = const(720)

# Spread (mean absolute deviation) of each usual quantity before a second day is known, and what is
# added to it in the ratio, so that a quiet hour does not make a large number of a small change.
_SPREAD_START = (900, 250, 200, 10, 250, 60, 600, 150)
_SPREAD_FLOOR = (30, 30, 30, 3, 30, 10, 30, 20)

(
    _LAST_T,
    _AGE_T,
    _LAST_RH,
    _AGE_RH,
    _LAST_P,
    _AGE_P,
    _LAST_W,
    _AGE_W,
    _BLOCK,
    _HOUR,
    _HOURS,
    _SINCE_RAIN,
    _HOUR_WET,
    _HOUR_MM,
    _HOUR_ONSETS,
    _ONSET_RATE,
    _ONSET_PART,
    _ROUGH60,
    _ROUGH360,
    _WIND20,
    _WIND180,
    _MEAN_T,
    _MEAN_RH,
    _MEAN_P,
) = range(24)
_SLOW_SIZE = const(24)
_LASTING = (_HOURS, _ONSET_RATE, _ONSET_PART, _MEAN_T, _MEAN_RH, _MEAN_P)

# 4 x 12 changes, 17 levels of temperature and humidity, 4 of pressure, 5 of wind, 8 x 2 against
# the usual, 10 of rain.
COUNT = const(100)

# Natural logarithm of the humidity in percent over 100, times 5000. Single precision rounds each
# of the hundred entries as double does (a test holds that).
_LN = array("h", [-23026] + [round(5000 * math.log(i / 100)) for i in range(1, 101)])


def dew_point(temp, rh):
    """Dew point in 0.01 degree C from temperature and humidity in 0.01 degree C and 0.01 %.

    Magnus formula over water with 17.62 and 243.12 degree C (WMO-No. 8, annex 4.B), within 0.03
    degree for -40 to 60 degree C and 1 to 100 %; humidity outside that is taken at its limit.
    """
    rh = max(100, min(10000, rh))
    whole = rh // 100
    ln = 2 * _LN[whole]
    if whole < 100:
        ln += 2 * (_LN[whole + 1] - _LN[whole]) * (rh - 100 * whole) // 100
    gamma = ln + 176200 * temp // (24312 + temp)
    return 12156 * gamma // (88100 - gamma // 2)


def _log2(value):
    """16 times the binary logarithm of a positive integer, linear between powers of two."""
    power = 0
    base = 1
    while base * 2 <= value:
        base *= 2
        power += 16
    return power + (value - base) * 16 // base


class Rings:
    """Several quantities over the last `size` slots, in arrays that share one place."""

    def __init__(self, count, size, missing=MISSING, code="h"):
        self.data = tuple([array(code, [missing] * size) for _ in range(count)])
        self.size = size
        self.place = array("h", [0])  # of the newest values, in every array

    def advance(self):
        """Go on to the next slot; the values there are now the oldest, to be written over."""
        place = self.place[0] + 1
        self.place[0] = place if place < self.size else 0

    def put(self, which, value):
        """Set the newest value of one quantity."""
        self.data[which][self.place[0]] = value

    def at(self, which, age):
        """The value of one quantity `age` slots ago; the newest has age 0."""
        return self.data[which][self.place[0] - age]  # a negative index wraps by itself

    def last(self, which, count):
        """The newest `count` values of one quantity, oldest first."""
        data = self.data[which]
        end = self.place[0] + 1
        if end >= count:
            return data[end - count : end]
        return data[self.size + end - count :] + data[:end]


class _Extremes:
    """Highest and lowest of one quantity over 90 minutes, 6 hours and 24 hours, by blocks."""

    def __init__(self, blocks, first, block_min):
        self._blocks = blocks  # quantity `first` of them: the highest of each block; next: lowest
        self._first = first
        self._counts = (max(1, 90 // block_min), 360 // block_min, _DAY_MIN // block_min)
        self.open = array("h", [MISSING] * 2)  # highest and lowest of the open block
        self._past = array("h", [MISSING] * 6)

    def update(self, value):
        if value == MISSING:
            return
        block = self.open
        if block[0] == MISSING or value > block[0]:
            block[0] = value
        if block[1] == MISSING or value < block[1]:
            block[1] = value

    def close_block(self):
        """Write the open block down as the newest one."""
        self._blocks.put(self._first, self.open[0])
        self._blocks.put(self._first + 1, self.open[1])
        self.open[0] = self.open[1] = MISSING
        self.refresh()

    def refresh(self):
        """Recompute what the finished blocks give (after a block ends or a state is loaded)."""
        for i in range(3):
            self._past[i] = max(self._blocks.last(self._first, self._counts[i]))
            low = MISSING
            for value in self._blocks.last(self._first + 1, self._counts[i]):
                if value != MISSING and (low == MISSING or value < low):
                    low = value
            self._past[3 + i] = low

    def highest(self, span):
        """Over span 0, 1 or 2 (90 min, 6 h, 24 h), the open block included."""
        return max(self._past[span], self.open[0])

    def lowest(self, span):
        past = self._past[3 + span]
        low = self.open[1]
        if past == MISSING:
            return low
        return past if low == MISSING else min(past, low)


class Features:
    """Feed one slot of `slot_min` minutes at a time to `update`; read `values` (array of int16).

    `slot_min` divides 60 or is a multiple of it up to 60: 5, 10, 15, 20, 30 or 60.
    """

    def __init__(self, slot_min):
        self.slot_min = slot_min
        self.fine = Rings(4, 360 // slot_min + 1)  # temperature, humidity, dew point, pressure
        self._ages = []
        for span in SPANS_MIN:
            age = (span + slot_min // 2) // slot_min
            off = abs(age * slot_min - span)
            self._ages.append(age if age and 3 * off <= span else 0)
        self._fast = max(1, 30 // slot_min)
        self._slow = max(1, 180 // slot_min)
        self._six_h = 360 // slot_min
        self.block_min = max(30, slot_min)
        # The same four at the end of each block, then three pairs of extremes.
        self.blocks = Rings(10, _DAY_MIN // self.block_min)
        self.extremes = tuple([_Extremes(self.blocks, i, self.block_min) for i in (4, 6, 8)])
        self.wind = Rings(1, 60 // slot_min + 1)
        self.rain_hours = Rings(3, _RAIN_HOURS, 0, "B")  # minutes with rain, amount, onsets
        self.usual = array("h", [MISSING] * (_USUAL * 24))
        self.spread = array("h", [MISSING] * (_USUAL * 24))
        self.onset_hours = array("h", [0] * 24)
        # Running sums and means, all small integers; their places are named below.
        self.slow = array("i", [0] * _SLOW_SIZE)
        self.slow[_LAST_T] = self.slow[_LAST_RH] = MISSING
        self.slow[_LAST_P] = self.slow[_LAST_W] = MISSING
        self.slow[_SINCE_RAIN] = 240 * 60 // slot_min
        self.slow[_ONSET_RATE] = 250
        for place in (_WIND20, _WIND180, _MEAN_T, _MEAN_RH, _MEAN_P):
            self.slow[place] = MISSING
        self.hour_sums = array("i", [0] * _USUAL)
        self.hour_counts = array("h", [0] * _USUAL)
        self._now_usual = array("h", [MISSING] * _USUAL)
        self._now_spread = array("h", [MISSING] * _USUAL)
        self._rain_sums = array("h", [0] * 7)
        self.values = array("h", [MISSING] * COUNT)

    # ---- one slot

    def update(self, hour, minute, temp, rh, pressure, wind, rain, onset):
        """Take one slot's readings (integers or MISSING) and renew `values`.

        hour, minute: the device's clock at the slot's end. rain: 0.1 mm in the slot (MISSING if
        not known). onset: rain has begun in this slot after three dry hours.
        """
        slow = self.slow
        slot = self.slot_min
        block = (hour * 60 + minute) // self.block_min
        if block != slow[_BLOCK]:
            slow[_BLOCK] = block
            self._close_block()
        if hour != slow[_HOUR]:
            self._close_hour(slow[_HOUR])
            slow[_HOUR] = hour
            self._open_hour(hour)
        temp = self._bridge(_LAST_T, temp, _BRIDGE_MIN)
        rh = self._bridge(_LAST_RH, rh, _BRIDGE_MIN)
        pressure = self._bridge(_LAST_P, pressure, _PRESSURE_BRIDGE_MIN)
        wind = self._bridge(_LAST_W, wind, _BRIDGE_MIN)
        dew = MISSING if temp == MISSING or rh == MISSING else dew_point(temp, rh)
        if rain > 0:
            slow[_SINCE_RAIN] = 0
            slow[_HOUR_WET] += slot
            slow[_HOUR_MM] += rain
        elif slow[_SINCE_RAIN] * slot < 14400:
            slow[_SINCE_RAIN] += 1
        if onset:
            slow[_HOUR_ONSETS] += 1
        now = (temp, rh, dew, pressure)
        values = self.values
        fine = self.fine
        blocks = self.blocks
        fine.advance()
        newest = fine.place[0]
        at = 0
        for q in range(4):
            x = now[q]
            data = fine.data[q]
            data[newest] = x
            if x == MISSING:
                for _ in range(len(SPANS_MIN) + 2):
                    values[at] = MISSING
                    at += 1
                continue
            for age in self._ages:
                past = data[newest - age] if age else MISSING
                values[at] = x - past if past != MISSING else MISSING
                at += 1
            half = blocks.at(q, blocks.size // 2 - 1)
            day = blocks.at(q, blocks.size - 1)
            values[at] = x - half if half != MISSING else MISSING
            values[at + 1] = x - day if day != MISSING else MISSING
            at += 2
        self._levels(at, temp, rh, dew, pressure, wind)

    def _bridge(self, place, value, span_min):
        """The reading, or its last predecessor if that is at most `span_min` old."""
        slow = self.slow
        if value != MISSING:
            slow[place] = value
            slow[place + 1] = 0
            return value
        slow[place + 1] += self.slot_min
        if slow[place] == MISSING or slow[place + 1] > max(span_min, self.slot_min):
            slow[place] = MISSING
        return slow[place]

    def _levels(self, at, temp, rh, dew, pressure, wind):
        slow = self.slow
        values = self.values
        slot = self.slot_min
        for i in range(at, COUNT):
            values[i] = MISSING
        wet = temp != MISSING and rh != MISSING
        t_ext, rh_ext, p_ext = self.extremes
        t_ext.update(temp)
        rh_ext.update(rh)
        p_ext.update(pressure)
        if wet:
            values[at] = rh
            values[at + 1] = temp
            values[at + 2] = dew
            values[at + 3] = temp - dew
            values[at + 4] = temp - t_ext.highest(0)
            values[at + 5] = temp - t_ext.highest(1)
            values[at + 6] = temp - t_ext.highest(2)
            values[at + 7] = temp - t_ext.lowest(2)
            values[at + 8] = rh - rh_ext.lowest(0)
            values[at + 9] = rh - rh_ext.lowest(1)
            values[at + 10] = rh - rh_ext.lowest(2)
            values[at + 11] = rh - rh_ext.highest(2)
            values[at + 12] = t_ext.highest(2) - t_ext.lowest(2)
            past = self.fine.at(0, 1)
            if past != MISSING:
                step = abs(temp - past) * 16
                slow[_ROUGH60] += (step - slow[_ROUGH60]) * slot // max(60, slot)
                slow[_ROUGH360] += (step - slow[_ROUGH360]) * slot // 360
            values[at + 13] = min(_LIMIT, slow[_ROUGH60])
            values[at + 14] = min(_LIMIT, slow[_ROUGH360])
            if slow[_MEAN_T] != MISSING:
                values[at + 15] = slow[_MEAN_T] // 512
                values[at + 16] = slow[_MEAN_RH] // 512
        at += 17
        if pressure != MISSING:
            values[at] = pressure - p_ext.lowest(2)
            values[at + 1] = pressure - p_ext.highest(2)
            if slow[_MEAN_P] != MISSING:
                values[at + 2] = pressure - slow[_MEAN_P] // 512
            before = self.fine.at(3, self._slow)
            earlier = self.fine.at(3, self._six_h)
            if before != MISSING and earlier != MISSING:
                bend = pressure - 2 * before + earlier
                values[at + 3] = max(-_LIMIT, min(_LIMIT, bend))
        at += 4
        self.wind.advance()
        self.wind.put(0, wind)
        if wind != MISSING:
            self._wind(at, wind)
        at += 5
        course = [rh, temp, dew, wind, MISSING, MISSING, MISSING, MISSING]
        if wet:
            for i in range(4, 8):
                # Each by itself: a slot may have the one reading and lack the other.
                past = self.fine.at(0 if i & 1 else 1, self._fast if i < 6 else self._slow)
                if past != MISSING:
                    course[i] = (temp if i & 1 else rh) - past
        for i in range(_USUAL):
            x = course[i]
            if x == MISSING:
                continue
            self.hour_sums[i] += x
            self.hour_counts[i] += 1
            usual = self._now_usual[i]
            if usual != MISSING:
                off = x - usual
                values[at + 2 * i] = off
                off = 64 * off // (self._now_spread[i] + _SPREAD_FLOOR[i])
                values[at + 2 * i + 1] = max(-_LIMIT, min(_LIMIT, off))
        at += 2 * _USUAL
        values[at] = since = slow[_SINCE_RAIN] * slot // 6  # tenths of an hour
        values[at + 1] = _log2(since + 1)
        sums = self._rain_sums
        for i in range(2):
            values[at + 2 + i] = min(_LIMIT, sums[i] + slow[_HOUR_WET])
            values[at + 4 + i] = min(_LIMIT, sums[3 + i] + slow[_HOUR_MM])
        values[at + 6] = min(_LIMIT, sums[2] + slow[_HOUR_WET])
        values[at + 7] = sums[5] + slow[_HOUR_ONSETS]
        values[at + 8] = min(_LIMIT, slow[_ONSET_RATE])
        values[at + 9] = sums[6]

    def _wind(self, at, wind):
        slow = self.slow
        slot = self.slot_min
        if slow[_WIND20] == MISSING:
            slow[_WIND20] = slow[_WIND180] = wind * 64
        slow[_WIND20] += (wind * 64 - slow[_WIND20]) * slot // max(20, slot)
        slow[_WIND180] += (wind * 64 - slow[_WIND180]) * slot // 180
        recent = max(self.wind.last(0, max(1, 30 // slot)))
        values = self.values
        values[at] = wind
        values[at + 1] = recent
        values[at + 2] = slow[_WIND180] // 16
        values[at + 3] = recent * 4 - slow[_WIND180] // 16
        past = self.wind.at(0, self.wind.size - 1)
        if past != MISSING:
            values[at + 4] = slow[_WIND20] // 16 - past * 4

    # ---- blocks of half an hour, and hours

    def _close_block(self):
        self.blocks.advance()
        for q in range(4):
            self.blocks.put(q, self.fine.at(q, 0))
        for extremes in self.extremes:
            extremes.close_block()

    def _close_hour(self, hour):
        slow = self.slow
        rings = self.rain_hours
        rings.advance()
        rings.put(0, min(255, slow[_HOUR_WET]))
        rings.put(1, min(255, slow[_HOUR_MM]))
        rings.put(2, min(255, slow[_HOUR_ONSETS]))
        rate = min(1, slow[_HOUR_ONSETS])
        # Onsets a day in thousandths, over a month; and how this hour of the day shares in them.
        slow[_ONSET_PART] += 24000 * rate - slow[_ONSET_RATE]
        step = slow[_ONSET_PART] // _ONSET_HOURS
        slow[_ONSET_RATE] += step
        slow[_ONSET_PART] -= step * _ONSET_HOURS
        self.onset_hours[hour] += (24000 * rate - self.onset_hours[hour]) // 30
        slow[_HOUR_WET] = slow[_HOUR_MM] = slow[_HOUR_ONSETS] = 0
        sums = self.hour_sums
        counts = self.hour_counts
        slow[_HOURS] = min(10000, slow[_HOURS] + 1)
        if counts[1] and counts[0]:
            self._drift(_MEAN_T, sums[1] // counts[1])
            self._drift(_MEAN_RH, sums[0] // counts[0])
        pressure = self.fine.at(3, 0)
        if pressure != MISSING:
            self._drift(_MEAN_P, pressure)
        days = min(_USUAL_DAYS, slow[_HOURS] // 24 + 2)
        for i in range(_USUAL):
            if counts[i]:
                mean = sums[i] // counts[i]
                place = 24 * i + hour
                usual = self.usual[place]
                if usual == MISSING:
                    self.usual[place] = mean
                    self.spread[place] = _SPREAD_START[i]
                else:
                    self.usual[place] = usual + (mean - usual) // days
                    spread = self.spread[place]
                    self.spread[place] = spread + (abs(mean - usual) - spread) // days
            sums[i] = counts[i] = 0

    def _drift(self, place, value):
        """A mean over some 20 days, faster while young; 512 times the value."""
        slow = self.slow
        if slow[place] == MISSING:
            slow[place] = value * 512
        else:
            slow[place] += (value * 512 - slow[place]) // min(_CLIMATE_HOURS, 24 + slow[_HOURS])

    def _open_hour(self, hour):
        """Gather what is usual at this hour (a quarter each from its neighbours) and the rain."""
        before = (hour + 23) % 24
        after = (hour + 1) % 24
        for i in range(_USUAL):
            self._now_usual[i] = _blend(self.usual, 24 * i, before, hour, after)
            self._now_spread[i] = _blend(self.spread, 24 * i, before, hour, after)
        sums = self._rain_sums
        rain = self.rain_hours
        sums[0] = sum(rain.last(0, 6))
        sums[1] = sum(rain.last(0, 24))
        sums[2] = sum(rain.last(0, 72))
        sums[3] = sum(rain.last(1, 6))
        sums[4] = sum(rain.last(1, 24))
        sums[5] = sum(rain.last(2, 72))
        sums[6] = max(0, _blend(self.onset_hours, 0, before, hour, after))

    def complete(self):
        """True if temperature and humidity are known now (or bridged)."""
        return self.fine.at(2, 0) != MISSING

    def young(self):
        """True in the first day."""
        return self.slow[_HOURS] < 24

    def since_rain(self):
        """Slots since the one with the last rain; many if there was none."""
        return self.slow[_SINCE_RAIN]

    # ---- state

    def adopt(self, other):
        """Take over what is usual at this place from `other`, of any slot length; no history."""
        self.usual[:] = other.usual
        self.spread[:] = other.spread
        self.onset_hours[:] = other.onset_hours
        for place in _LASTING:
            self.slow[place] = other.slow[place]

    def refresh(self):
        """Renew what is derived from the arrays, after their contents were loaded."""
        if not 0 <= self.slow[_HOUR] < 24:
            raise ValueError("Features: hour out of range")
        for rings in self._rings():
            if not 0 <= rings.place[0] < rings.size:
                raise ValueError("Features: place out of range")
        for extremes in self.extremes:
            extremes.refresh()
        self._open_hour(self.slow[_HOUR])

    def _rings(self):
        return (self.fine, self.blocks, self.wind, self.rain_hours)

    def arrays(self):
        """Iterate over the whole history and the running means: (type code, array) pairs."""
        for rings in self._rings():
            yield "h", rings.place
            for data in rings.data:
                yield "B" if rings is self.rain_hours else "h", data
        for extremes in self.extremes:
            yield "h", extremes.open
        for table in (self.usual, self.spread, self.onset_hours, self.hour_counts):
            yield "h", table
        yield "i", self.slow
        yield "i", self.hour_sums


def _blend(table, start, before, hour, after):
    mid = table[start + hour]
    left = table[start + before]
    right = table[start + after]
    if mid == MISSING or left == MISSING or right == MISSING:
        return MISSING
    return (2 * mid + left + right) // 4
