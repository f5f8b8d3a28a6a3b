"""The bridge of an initiator: a little heat store that fires, and is open from then on."""

_FIRE_UJ = 2900.0
_COOL_US = 8000.0
_BLOWN_OHM = 1e9


class Squib:
    """`ohm` of the bridge; `energy_uj` and `peak_ma` of all that it got.

    Fires when 2.9 mJ are stored at a time constant of 8 ms: consistent with the pairs of facts A8
    (all-fire 1.2 A for 2 ms and 1.75 A for 0.5 ms, no-fire 0.4 A for 10 s, 2.0 ohm).
    """

    def __init__(self, ohm=2.0):
        self._good_ohm = ohm
        self.ohm = ohm
        self.energy_uj = 0.0
        self.peak_ma = 0.0
        self._heat_uj = 0.0

    def renew(self):
        """A new bridge in its place; what was counted stays."""
        self.ohm = self._good_ohm
        self._heat_uj = 0.0

    def cool(self, us):
        """Nothing flows for a while."""
        self._heat_uj = self._heat_uj * (1 - us / _COOL_US) if us < _COOL_US else 0.0

    def heat(self, current_ma, us):
        """A current flows for a few us; returns True if it fires with that."""
        if self.ohm >= _BLOWN_OHM:
            return False
        self.peak_ma = max(self.peak_ma, current_ma)
        got_uj = current_ma * current_ma * self.ohm * us / 1e6
        self.energy_uj += got_uj
        self._heat_uj += got_uj - self._heat_uj * us / _COOL_US
        if self._heat_uj < _FIRE_UJ:
            return False
        self.ohm = _BLOWN_OHM
        return True
