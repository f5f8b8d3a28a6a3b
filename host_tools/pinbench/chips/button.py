"""A push button to ground: pressed reads 0 against a pull-up."""

from pinbench.chips.base import Chip
from pinbench.chips.contact import Contact


class Button(Chip):
    """Test face: `pressed`, `press(for_ms)`; `bounce_us`, its longest chatter after a change."""

    KIND = "button"
    PINS = ("out",)

    def __init__(self, bounce_us=3000):
        Chip.__init__(self)
        self.bounce_us = bounce_us
        self._contact = None
        self._pressed = False

    @property
    def pressed(self):
        """True while a finger is on it."""
        return self._pressed

    @pressed.setter
    def pressed(self, value):
        if value == self._pressed:
            return
        self._pressed = value
        if self._contact is not None:
            self._contact.bounce_us = self.bounce_us
            self._contact.set(value)

    def press(self, for_ms=150):
        """Press now and let go `for_ms` later; needs the kernel, so after `attach`."""
        self.pressed = True
        self.kernel.after(for_ms * 1000, self._release)

    def power_on(self):
        """A button needs no supply; its contact takes its place on the net."""
        Chip.power_on(self)
        if self._contact is None:
            self._contact = Contact(self.kernel, self.name, self.nets["out"], self.bounce_us)
        self._contact.set(self._pressed, False)

    def _release(self, _):
        self.pressed = False
