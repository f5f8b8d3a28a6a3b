"""Recorded weather: what the air and the sky do at any minute of the run."""

MISSING = -1  # of pressure


class Weather:
    """Rows [minute, rh_centi_pct, temp_centi_c, pressure_pa or -1, precip_um, wind_cm_s].

    Air and wind run straight from row to row. A row's rain fell at a constant rate over the step
    that ends there. Where rows are missing (more than one and a half steps apart) or a pressure
    is, the last value holds, and no rain is invented. Before the first and after the last row the
    nearest one holds, without rain.

    `seek(minute)` sets `rh_centi_pct`, `temp_centi_c`, `pressure_pa` (-1: never known),
    `wind_cm_s` (ints) and `rain_um_h` (float, micrometres an hour).
    """

    def __init__(self, rows):
        if not rows:
            raise ValueError("the weather has no rows")
        self._rows = rows
        self._at = 0
        self.step_min = 60
        gaps = [rows[i + 1][0] - rows[i][0] for i in range(len(rows) - 1)]
        if gaps:
            self.step_min = min(gaps)
            if self.step_min <= 0:
                raise ValueError("the weather's minutes must rise from row to row")
        self._known_pa = MISSING
        self.seek(rows[0][0])

    def seek(self, minute):
        """Go to `minute`; cheap when it is not before the last one asked for."""
        rows = self._rows
        at = self._at
        if minute < rows[at][0]:
            at, self._known_pa = 0, MISSING
        while at + 1 < len(rows) and rows[at + 1][0] <= minute:
            if rows[at][3] >= 0:
                self._known_pa = rows[at][3]
            at += 1
        self._at = at
        row = rows[at]
        after = rows[at + 1] if at + 1 < len(rows) else None
        self.rain_um_h = self._rain(row, after, minute)
        if after is None or minute <= row[0] or after[0] - row[0] > 1.5 * self.step_min:
            self.rh_centi_pct, self.temp_centi_c, self.wind_cm_s = row[1], row[2], row[5]
            self.pressure_pa = row[3] if row[3] >= 0 else self._known_pa
            return
        done, whole = minute - row[0], after[0] - row[0]
        self.rh_centi_pct = row[1] + (after[1] - row[1]) * done // whole
        self.temp_centi_c = row[2] + (after[2] - row[2]) * done // whole
        self.wind_cm_s = row[5] + (after[5] - row[5]) * done // whole
        if row[3] < 0:
            self.pressure_pa = self._known_pa
        elif after[3] < 0:
            self.pressure_pa = row[3]
        else:
            self.pressure_pa = row[3] + (after[3] - row[3]) * done // whole

    def _rain(self, row, after, minute):
        """Rate from `minute` on: what falls now is reported by the row that comes."""
        if after is None or after[4] <= 0:
            return 0.0
        lasts = min(after[0] - row[0], self.step_min)
        if minute < after[0] - lasts:
            return 0.0
        return after[4] * 60.0 / lasts


def rain_spans(rows):
    """Yield (from_min, until_min, um) for each row with rain: when it fell and how much."""
    step = Weather(rows).step_min
    for i in range(1, len(rows)):
        if rows[i][4] > 0:
            lasts = min(rows[i][0] - rows[i - 1][0], step)
            yield rows[i][0] - lasts, rows[i][0], rows[i][4]
