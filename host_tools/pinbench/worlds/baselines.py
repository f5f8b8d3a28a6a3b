"""What two common controllers would have let in, on the same weather as the bench's run.

Both are pure functions of weather rows (see weather.py) and are given what favours them: a sensor
that is wet at the first drop, and a motor that never fails.
"""

from pinbench.worlds.weather import Weather

# VELUX WLA 510: about 15 s until it starts and 30 s of travel.
START_S = 15
TRAVEL_S = 30
HOLD_MIN = 60


def rain_sensor(rows, start_s=START_S, travel_s=TRAVEL_S, hold_min=HOLD_MIN):
    """Return {"rain_in_um", "closings", "open_min"} for a window that shuts when it is wet.

    It reopens `hold_min` minutes after the last drop. Rain comes in until it is shut.
    """
    return _play(rows, start_s, travel_s, hold_min, None, None)


def humidity_threshold(
    rows, close_pct=85, open_pct=80, start_s=START_S, travel_s=TRAVEL_S, hold_min=HOLD_MIN
):
    """Return the same for one that also shuts at `close_pct` of outdoor humidity or more.

    It reopens below `open_pct`, `hold_min` minutes after the last reason to be shut.
    """
    return _play(rows, start_s, travel_s, hold_min, close_pct, open_pct)


def _play(rows, start_s, travel_s, hold_min, close_pct, open_pct):
    """Minute by minute: rain and air are constant within one."""
    weather = Weather(rows)
    rain_in_um = 0.0
    closings = open_s = 0
    left_s = None  # until it is shut, once it has been told to; None while it may stay open
    shut_until = None
    for minute in range(rows[0][0], rows[-1][0]):
        weather.seek(minute)
        raining = weather.rain_um_h > 0
        damp = close_pct is not None and weather.rh_centi_pct >= close_pct * 100
        drying = open_pct is not None and weather.rh_centi_pct >= open_pct * 100
        if raining or damp or (drying and left_s is not None):
            shut_until = minute + 1 + hold_min
            if left_s is None:
                closings += 1
                left_s = travel_s if damp and not raining else start_s + travel_s
        elif left_s is not None and minute >= shut_until:
            left_s = None
        gap_s = 60 if left_s is None else min(60, left_s)
        if left_s is not None:
            left_s -= gap_s
        rain_in_um += weather.rain_um_h / 3600 * gap_s
        open_s += gap_s
    return {
        "rain_in_um": int(rain_in_um + 0.5),
        "closings": closings,
        "open_min": open_s // 60,
    }
