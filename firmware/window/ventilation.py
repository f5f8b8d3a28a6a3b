"""Airs a damp room by the difference of absolute humidity, and never lets dampness in."""

import math

from micropython import const

from window.table import following

_SHUT = const(0)
_AIRING = const(1)
_DAMP = const(0)
_DRY = const(1)
_USELESS = const(2)
_BLIND = const(3)

# state, event -> next state.
TABLE = bytes(
    [
        _SHUT, _DAMP, _AIRING,
        _AIRING, _DRY, _SHUT,
        _AIRING, _USELESS, _SHUT,
        _AIRING, _BLIND, _SHUT,
    ]
)  # fmt: skip


# Mould grows from about 70 % at the coldest wall: air from 60 %, to 50 %. Less than 0.5 g/m3 of
# difference changes nothing within an hour.
_DAMP_PCT = const(60)
_DRY_PCT = const(50)
_WORTH_G_M3 = 1.5
_USELESS_G_M3 = 0.5
_STEP_PCT = const(20)
_FULL_G_M3 = 5.0  # opens fully at this difference
_FROST_C = 0
_FROST_MAX_PCT = const(20)


class Ventilation:
    """`pct` is the opening that the room asks for: 0 for none, else 20 to 100 in steps of 20."""

    def __init__(self):
        self.state = _SHUT
        self.pct = 0

    def step(self, indoor_rh_pct, indoor_c, outdoor_rh_pct, outdoor_c):
        """Take the readings of both sensors (any of them None if unknown) and return `pct`."""
        event, difference = _event(indoor_rh_pct, indoor_c, outdoor_rh_pct, outdoor_c)
        before = self.state
        at = following(TABLE, before, event)
        if at:
            self.state = TABLE[at]
        if self.state == _SHUT:
            self.pct = 0
        elif difference is not None and event is not _USELESS:
            wanted = 100 * difference / _FULL_G_M3
            if outdoor_c < _FROST_C:
                wanted = min(wanted, _FROST_MAX_PCT)
            # Hysteresis of half a step: the sash shall not follow every gram.
            if before == _SHUT or abs(wanted - self.pct) > _STEP_PCT * 0.75:
                steps = int(wanted / _STEP_PCT + 0.5)
                self.pct = max(_STEP_PCT, min(100, steps * _STEP_PCT))
        return self.pct


def _event(indoor_rh_pct, indoor_c, outdoor_rh_pct, outdoor_c):
    if None in (indoor_rh_pct, indoor_c, outdoor_rh_pct, outdoor_c):
        return _BLIND, None
    difference = absolute_g_m3(indoor_rh_pct, indoor_c) - absolute_g_m3(outdoor_rh_pct, outdoor_c)
    if difference < _USELESS_G_M3:
        return _USELESS, difference
    if indoor_rh_pct <= _DRY_PCT:
        return _DRY, difference
    if indoor_rh_pct >= _DAMP_PCT and difference >= _WORTH_G_M3:
        return _DAMP, difference
    return None, difference


def absolute_g_m3(rh_pct, temp_c):
    """Return the water vapour in g/m3: Magnus over water, by WMO No. 8 (-45 to 60 C)."""
    pressure_hpa = 6.112 * math.exp(17.62 * temp_c / (243.12 + temp_c)) * rh_pct / 100
    return 216.7 * pressure_hpa / (273.15 + temp_c)
