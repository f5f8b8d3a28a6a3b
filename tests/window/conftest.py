"""The window's cores, loaded as firmware is, and a rig that couples the sash core to the drive."""

import types

import pytest

from pinbench.paths import FIRMWARE
from pinbench.simulator.loader_cpython import Loader
from pinbench.worlds.sash import SashMechanics

TICKS = 1 << 30
# Of the sash core, in the order of its numbers.
STATES = ("rest", "warn", "pause", "move", "recoil pause", "recoil", "blocked", "fault")
DECISION_US = 560  # of the INA226: four conversions of 140 us


_LOADER = Loader(
    [FIRMWARE], {"micropython": types.SimpleNamespace(const=lambda value: value)}, open, print
)


def load(name):
    """Load one module of the firmware with nothing around it but `micropython.const`."""
    return _LOADER.load(name)


class Rig:
    """A sash core in charge of the pure drive, tick by tick, with the hardware trip between them.

    monitor: the INA226 is there, and its ALERT cuts the bridge by itself. halted_us: from then on
    Python does nothing, and the last duty and limit stand. judge=False: nothing trips in software.
    """

    def __init__(
        self,
        sash=None,
        monitor=True,
        jitter_us=0,
        tick_late_us=0,
        start_us=0,
        hint_mm=None,
        **drive,
    ):
        self.module = load("window.sash")
        self.safety = load("window.safety")
        position_um = drive.setdefault("position_um", 200000)
        self.drive = SashMechanics(**drive)
        if hint_mm is None:
            hint_mm = position_um / 1000
        self.sash = sash or self.module.Sash(int(hint_mm * 5), True)
        self.readings = self.module.Readings()
        self.monitor = monitor
        self.alert = False
        self.limit_ma = 0
        self.duty_pm = 0
        self.halted_us = None
        self.broken = {"limit_open": False, "limit_closed": False}
        self.silent = False  # no limit switch is ever pressed
        self.lied = False  # a broken wire has once passed for an end
        self.deaf = False  # the encoder is dead
        self.notes = []
        self.trace = []
        self.watch = None
        self._start_us = start_us
        self._jitter_us = jitter_us
        self.tick_late_us = tick_late_us
        self._edges = self.drive.edges
        self._uncounted = self._edges  # the counter begins at 0, wherever the sash stands
        self._edge_us = 0
        self._window_us = 0
        self._charge = 0.0

    @property
    def now_us(self):
        return self.drive.now_us

    @property
    def state(self):
        return STATES[self.sash.state]

    def known(self):
        """Tell the core where it is, as a limit switch would."""
        self.step()
        self.sash.known = True
        self.sash._strained = False
        return self

    def wish(self, pct, attended=True):
        self.readings.wish_pct = pct
        self.readings.attended = attended
        return self

    def step(self):
        """One tick: read, decide, act, and let the drive go on to the next."""
        actions = self.sash.actions
        if self.halted_us is None or self.now_us < self.halted_us:
            actions = self._decide()
        self._advance(self.now_us + min(actions.tick_ms, 100) * 1000 + self.tick_late_us)
        return actions

    def run(self, seconds, until=None):
        """Step for so long, or until `until(rig)`."""
        end_us = self.now_us + int(seconds * 1e6)
        while self.now_us < end_us:
            self.step()
            if until is not None and until(self):
                return self
        return self

    def settle(self, seconds=150):
        """Run until the drive and the core are at rest."""
        at_rest = ("rest", "blocked", "fault")
        self.run(0.05)
        return self.run(seconds, lambda rig: rig.state in at_rest and not rig.drive.moving)

    def _decide(self):
        readings = self.readings
        now_us = self.now_us + self._start_us
        readings.now_us = now_us % TICKS
        if not self.deaf:
            readings.count = self._edges - self._uncounted
        late_us = (self._edges * 7919 % 1000) * self._jitter_us // 1000
        readings.edge_us = (min(self._edge_us + late_us, self.now_us) + self._start_us) % TICKS
        heard = not self.silent
        readings.limit_open = heard and self.drive.limit_open or self.broken["limit_open"]
        readings.limit_closed = heard and self.drive.limit_shut or self.broken["limit_closed"]
        self.lied = self.lied or any(self.broken.values())
        readings.alert = self.alert
        readings.supply_mv = self.drive.supply_mv if self.monitor else 0
        actions = self.sash.step(now_us // 1000 % TICKS, readings)
        if actions.note:
            self.notes.append(actions.note)
        if actions.clear_alert:
            self.alert = False
        self.limit_ma = actions.limit_ma
        self.duty_pm = actions.duty_pm
        self._apply()
        if self.watch is not None:
            self.watch(self, actions)
        return actions

    def _apply(self):
        if self.alert or self.duty_pm == 0:
            self.drive.coast()
        else:
            self.drive.drive(self.duty_pm / 1000)

    def _advance(self, end_us):
        while self.now_us < end_us:
            stop_us = end_us
            # A spring of 65 N/mm adds some 6 % of the limit within a tick: far below it, look less
            # often.
            judged = self.monitor and self.drive.current_ma > 0.7 * self.limit_ma
            if judged:
                stop_us = min(end_us, max(self._window_us + DECISION_US, self.now_us + 1))
            self._advance_edges(stop_us)
            if judged and self.now_us >= self._window_us + DECISION_US:
                charge = self.drive.charge_nc
                if charge - self._charge > self.limit_ma * (self.now_us - self._window_us):
                    self.alert = True
                    self.drive.coast()
            if not judged or self.now_us >= self._window_us + DECISION_US:
                self._window_us = self.now_us
                self._charge = self.drive.charge_nc

    def _advance_edges(self, stop_us):
        drive = self.drive
        while drive.direction:
            direction = drive.direction
            next_mm = (self._edges if direction < 0 else self._edges + 1) / 5
            edge_us = drive.time_at(next_mm)
            change_us = drive.change_us
            if edge_us <= stop_us and edge_us <= change_us:
                self._edge_us = int(edge_us)
                self._edges += direction
                drive.advance(max(self._edge_us, drive.now_us))
            elif change_us <= stop_us:
                drive.advance(int(change_us) + 1)
            else:
                break
        drive.advance(max(stop_us, drive.now_us))


@pytest.fixture(scope="session")
def core():
    """Return a module of the firmware by its dotted name: `core("window.sash")`."""
    return load


@pytest.fixture(scope="session")
def rig():
    """Return the class of the rig: `rig(monitor=False, position_um=90000)`."""
    return Rig
