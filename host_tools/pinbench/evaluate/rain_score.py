"""What an alarm per row is worth on a recorded series: caught, needless, closings, rain let in.

Definitions (one place for all that measure):

onset      a row with rain after three hours known to be without, with humidity known before it
closed     an alarm or rain in this row or within the hold before it (60 minutes; 120 on hourly)
caught     closed at the row before the onset
needless   share of dry rows on which the window is closed, without rain in the last hold nor in
           the next three hours
lift       caught over the share of dry time closed: a controller closing at random has 1
lead       from the closing row to the row before the onset: a lower bound
mm open    share of the rain that falls in rows begun with the window open
"""

import numpy as np

DRY_MIN = 180


class Truth:
    """What the record says, independent of any forecast. Arrays are a row each."""

    def __init__(self, weather):
        step = weather.step_min
        self.step_min = step
        self.hold = round((60 if step < 60 else 120) / step)
        self.dry_rows = round(DRY_MIN / step)
        precip = weather.columns["precip_mm"]
        known = ~np.isnan(precip)
        self.mm = np.nan_to_num(precip)
        self.rain = self.mm > 0
        self.rh_known = ~np.isnan(weather.columns["rh_pct"])
        wet_before = _shift(within_last(self.rain, self.dry_rows), False)
        unknown_before = _shift(within_last(~known, self.dry_rows), True)
        self.onset = self.rain & ~wet_before & ~unknown_before & _shift(self.rh_known, False)
        self.onset[: self.dry_rows] = False
        self.valid = known & self.rh_known
        self.dry = self.valid & ~self.rain
        self.soon = within_next(self.rain, self.dry_rows)
        self.after_rain = within_last(self.rain, self.hold)


class Score:
    """Sums over series; `result()` gives the figures."""

    def __init__(self):
        self.onsets = self.caught = self.closings = self.false_closings = 0
        self.dry_min = self.closed_min = self.needless_min = self.valid_min = 0
        self.mm = self.mm_open = 0.0
        self.leads_min = []

    def add(self, truth, alarms):
        """Add one series: `alarms` is one truth value a row."""
        alarms = np.asarray(alarms, bool) & truth.rh_known
        closed = within_last(alarms | truth.rain, truth.hold)
        before = _shift(closed, False)
        starts = np.flatnonzero(closed & ~before)
        onsets = np.flatnonzero(truth.onset)
        caught = onsets[before[onsets]]
        self.onsets += len(onsets)
        self.caught += len(caught)
        closing = starts[np.searchsorted(starts, caught - 1, side="right") - 1]
        self.leads_min += ((caught - 1 - closing) * truth.step_min).tolist()
        early = truth.dry & closed & ~truth.after_rain
        self.dry_min += int(truth.dry.sum()) * truth.step_min
        self.closed_min += int(early.sum()) * truth.step_min
        self.needless_min += int((early & ~truth.soon).sum()) * truth.step_min
        self.valid_min += int(truth.valid.sum()) * truth.step_min
        starts = starts[truth.valid[starts]]
        self.closings += len(starts)
        self.false_closings += int((~truth.rain[starts] & ~truth.soon[starts]).sum())
        self.mm += float(truth.mm.sum())
        self.mm_open += float(truth.mm[~before].sum())

    def merge(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def result(self):
        """The figures of one setting, rounded for people and programs alike."""
        caught = 100 * self.caught / max(1, self.onsets)
        closed = 100 * self.closed_min / max(1, self.dry_min)
        weeks = max(1e-9, self.valid_min / 10080)
        return {
            "onsets": self.onsets,
            "caught_pct": round(caught, 2),
            "needless_pct": round(100 * self.needless_min / max(1, self.dry_min), 2),
            "lift": round(caught / closed, 2) if closed else None,
            "closings_per_week": round(self.closings / weeks, 2),
            "false_closings_per_week": round(self.false_closings / weeks, 2),
            "lead_min_median": float(np.median(self.leads_min)) if self.leads_min else 0.0,
            "mm_open_pct": round(100 * self.mm_open / self.mm, 2) if self.mm else 0.0,
        }


def within_last(flags, rows):
    """True where `flags` is true at any of the last `rows` rows, this one included."""
    total = np.concatenate([[0], np.cumsum(flags)])
    i = np.arange(1, len(flags) + 1)
    return total[i] > total[np.maximum(0, i - rows)]


def within_next(flags, rows):
    """True where `flags` is true at any of the next `rows` rows, this one excluded."""
    total = np.concatenate([[0], np.cumsum(flags)])
    i = np.arange(1, len(flags) + 1)
    return total[np.minimum(len(flags), i + rows)] > total[i]


def _shift(flags, first):
    return np.concatenate([[first], flags[:-1]])
