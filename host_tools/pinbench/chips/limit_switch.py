"""A limit switch, normally closed to ground: pressed and a broken wire read alike (1)."""

from pinbench.chips.base import Chip
from pinbench.chips.contact import Contact


class LimitSwitch(Chip):
    """Test face: `pressed`; `broken`, the wire is cut (reads as pressed); `welded`, the contact
    never opens (reads as not pressed); `bounce_us`, how long it chatters after a change at
    most."""

    KIND = "limit_switch"
    PINS = ("out",)

    def __init__(self, pressed=False, bounce_us=2000):
        Chip.__init__(self)
        self.bounce_us = bounce_us
        self._contact = None
        self._pressed = pressed
        self._broken = False
        self._welded = False

    @property
    def pressed(self):
        """True while the sash pushes the switch."""
        return self._pressed

    @pressed.setter
    def pressed(self, value):
        if value != self._pressed:
            self._pressed = value
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
    def welded(self):
        """True while its contact is welded shut."""
        return self._welded

    @welded.setter
    def welded(self, value):
        self._welded = value
        self._update(False)

    def power_on(self):
        """A switch needs no supply; its contact takes its place on the net."""
        Chip.power_on(self)
        if self._contact is None:
            self._contact = Contact(self.kernel, self.name, self.nets["out"], self.bounce_us)
        self._update(False)

    def _update(self, bounce):
        if self._contact is not None:
            self._contact.bounce_us = self.bounce_us
            closed = not self._broken and (self._welded or not self._pressed)
            self._contact.set(closed, bounce)
