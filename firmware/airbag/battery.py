"""How long the garment can stay armed, and when it must say that it cannot."""

from micropython import const

GOOD = const(0)
LOW = const(1)  # it says so, and goes on
EMPTY = const(2)  # not armed: the reservoir could not be kept
WORDS = ("good", "low", "empty")

LOW_PM = const(150)  # per mille of full
EMPTY_PM = const(50)
EMPTY_MV = const(3300)  # of the cell, whatever the gauge says: the boost needs 3.0 V and its drop
_STEP_PM = const(20)  # back again only this much above
_STEP_MV = const(100)
# Until the gauge knows the rate (it needs minutes): 30 mA armed (sensor 0.6, RP2350 25, diagnosis
# 4) of a cell of 1000 mAh.
NOMINAL_PM_H = const(30)


class Battery:
    """Judges what a fuel gauge says. Begins EMPTY: nothing is known yet."""

    def __init__(self):
        self.state = EMPTY
        self.charge_pm = 0
        self.hours = 0  # estimate of the time that it can stay armed

    def step(self, charge_pm, cell_mv, rate_pm_h, trusted):
        """Take one reading; return the state.

        charge_pm, rate_pm_h: per mille of full, and its change an hour (negative while it
        discharges); trusted: False while the charge is the gauge's first guess, and then the
        voltage alone counts.
        """
        margin_pm = _STEP_PM if self.state == EMPTY else 0
        margin_mv = _STEP_MV if self.state == EMPTY else 0
        self.charge_pm = charge_pm
        if cell_mv < EMPTY_MV + margin_mv or (trusted and charge_pm < EMPTY_PM + margin_pm):
            self.state = EMPTY
        elif trusted and charge_pm < LOW_PM + (_STEP_PM if self.state != GOOD else 0):
            self.state = LOW
        else:
            self.state = GOOD
        drain = -rate_pm_h if rate_pm_h < 0 else 0
        # The estimate is the careful one of the two drains: a rate measured at rest is too low.
        self.hours = max(0, charge_pm - EMPTY_PM) // max(drain, NOMINAL_PM_H)
        return self.state

    def lost(self):
        """The gauge does not answer: nothing is known."""
        self.state = EMPTY
        self.hours = 0
        return self.state
