"""What a rental costs: some minutes free, then by the hour, capped by day and by deposit."""

from micropython import const

_HOUR_S = const(3600)
_DAY_S = const(86400)


class Tariff:
    """All prices in cents, 0 or more. A rental that has cost the deposit is a sale.

    free_min: a return within so many minutes costs nothing; a later one pays from the first
    minute. hour: each hour begun. day_cap: at most so much in 24 h from the beginning.
    """

    def __init__(self, free_min=5, hour=200, day_cap=900, deposit=3000):
        self.deposit = deposit
        self._free_s = free_min * 60
        self._hour = hour
        self._day_cap = day_cap

    def charge(self, seconds):
        """Return the cents for a rental of so many seconds; never falls with time."""
        if seconds <= self._free_s:
            return 0
        days = seconds // _DAY_S
        hours = (seconds % _DAY_S + _HOUR_S - 1) // _HOUR_S
        cents = days * self._day_cap + min(hours * self._hour, self._day_cap)
        return min(cents, self.deposit)

    def is_sold(self, seconds):
        """True once the rental has cost the deposit: the bank then counts as sold."""
        return self.charge(seconds) >= self.deposit > 0
