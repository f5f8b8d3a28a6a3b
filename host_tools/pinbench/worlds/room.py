"""The room behind the window: its humidity and temperature.

Moisture balance of well-mixed air: what the people give off, less what is exchanged with outdoors.
Air through the open window by W. de Gids and H. Phaff, "Ventilation rates and energy consumption
due to open windows", Air Infiltration Review 4(1), 1982: half the opening times an effective
velocity, sqrt(0.001 U^2 + 0.0035 h dT + 0.01) m/s.
"""

import math

from pinbench.chips.physics import exp, saturation_hpa

_G_K_PER_J = 2.16679  # vapour: g/m3 = 2.16679 * Pa / K (gas constant of water vapour)
_WINDOW_WIDTH_M = 0.8
_WINDOW_HEIGHT_M = 1.0
_WALLS_HOURS = 3.0  # walls and heating pull the air back to their temperature
_AIR_SHARE = 0.25  # of the room's heat that follows the exchanged air; the walls hold the rest


def vapour_g_m3(rh_pct, temp_c):
    """Return the absolute humidity in g/m3 of air at this relative humidity and temperature."""
    return _G_K_PER_J * rh_pct * saturation_hpa(temp_c) / (temp_c + 273.15)


class Room:
    """volume_m3 > 0, source_g_h (people and plants, water vapour given off), heated_c (what walls
    and heating hold), leak_per_h (air changes an hour with the window shut)."""

    def __init__(self, volume_m3=40, source_g_h=80, heated_c=21, leak_per_h=0.3, rh_pct=45):
        self.volume_m3 = volume_m3
        self.source_g_h = source_g_h
        self.heated_c = heated_c
        self.leak_per_h = leak_per_h
        self.temp_c = float(heated_c)
        self.vapour_g_m3 = vapour_g_m3(rh_pct, heated_c)

    @property
    def rh_pct(self):
        """Relative humidity indoors in %, 0 to 100."""
        return min(100.0, 100.0 * self.vapour_g_m3 / vapour_g_m3(100.0, self.temp_c))

    def changes_per_h(self, opening_mm, out_c, wind_m_s):
        """Return air changes an hour with the window open by `opening_mm`."""
        area = _WINDOW_WIDTH_M * max(0.0, opening_mm) / 1000
        stack = 0.0035 * _WINDOW_HEIGHT_M * abs(self.temp_c - out_c)
        velocity = math.sqrt(0.001 * wind_m_s * wind_m_s + stack + 0.01)
        return self.leak_per_h + 3600 * area / 2 * velocity / self.volume_m3

    def step(self, minutes, opening_mm, out_rh_pct, out_c, wind_m_s):
        """Let `minutes` pass with these constant surroundings; exact for any length."""
        hours = minutes / 60.0
        air = self.changes_per_h(opening_mm, out_c, wind_m_s)
        outside = vapour_g_m3(out_rh_pct, out_c)
        settled = outside
        if air > 0:
            settled += self.source_g_h / self.volume_m3 / air
            self.vapour_g_m3 = settled + (self.vapour_g_m3 - settled) * exp(-air * hours)
        else:
            self.vapour_g_m3 += self.source_g_h / self.volume_m3 * hours
        cooling, heating = air * _AIR_SHARE, 1 / _WALLS_HOURS
        mean_c = (cooling * out_c + heating * self.heated_c) / (cooling + heating)
        self.temp_c = mean_c + (self.temp_c - mean_c) * exp(-(cooling + heating) * hours)
        # What the air cannot hold condenses on panes and walls.
        self.vapour_g_m3 = min(self.vapour_g_m3, vapour_g_m3(100.0, self.temp_c))
