"""Kind "contact": a switch to ground, as buckles, doors and tamper loops have; pull-up outside.

Pin `out`: 0 while closed, let go while open, with up to `bounce_us` of chatter after a change.
Used here as: buckle closed = buckled; door and tamper closed = shut; charger_present closed = on
the charger. So a cut wire reads unbuckled, door open, tampered, no charger.

Test face: `closed`; `broken` True: the wire is cut (open whatever happens); `shorted` True: the
wires touch (closed whatever happens); `bounce_us` (default 2000); `press(for_ms)`: close for a
while."""

from pinbench.chips.base import Chip
from pinbench.chips.contact import Contact


class ContactSwitch(Chip):
    """See the module."""

    KIND = "contact"
    PINS = ("out",)

    def __init__(self, closed=False, bounce_us=2000):
        Chip.__init__(self)
        self.bounce_us = bounce_us
        self._contact = None
        self._closed = closed
        self._broken = self._shorted = False

    @property
    def closed(self):
        """True while buckled, shut, or on the charger."""
        return self._closed

    @closed.setter
    def closed(self, value):
        if value != self._closed:
            self._closed = value
            self._update(True)

    @property
    def broken(self):
        """True while its wire is cut."""
        return self._broken

    @broken.setter
    def broken(self, value):
        self._broken = value
        self._update(False)

    @property
    def shorted(self):
        """True while its wires touch."""
        return self._shorted

    @shorted.setter
    def shorted(self, value):
        self._shorted = value
        self._update(False)

    def press(self, for_ms=150):
        """Close it and let go `for_ms` later; needs the kernel, so after `attach`."""
        self.closed = True
        self.kernel.after(for_ms * 1000, self._let_go)

    def power_on(self):
        """A switch needs no supply; its contact takes its place on the net."""
        Chip.power_on(self)
        if self._contact is None:
            self._contact = Contact(self.kernel, self.name, self.nets["out"], self.bounce_us)
        self._update(False)

    def _let_go(self, _):
        self.closed = False

    def _update(self, bounce):
        if self._contact is not None:
            self._contact.bounce_us = self.bounce_us
            self._contact.set(not self._broken and (self._shorted or self._closed), bounce)
