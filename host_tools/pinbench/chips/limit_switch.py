"""A limit switch, normally closed to ground: pressed and a broken wire read alike (1)."""

from pinbench.chips.contact_switch import ContactSwitch


class LimitSwitch(ContactSwitch):
    """Test face: `pressed`; `broken`, the wire is cut (reads as pressed); `welded`, the contact
    never opens (reads as not pressed); `bounce_us`, how long it chatters after a change at
    most."""

    KIND = "limit_switch"

    def __init__(self, pressed=False, bounce_us=2000):
        ContactSwitch.__init__(self, not pressed, bounce_us)

    @property
    def pressed(self):
        """True while the sash pushes the switch."""
        return not self.closed

    @pressed.setter
    def pressed(self, value):
        self.closed = not value

    @property
    def welded(self):
        """True while its contact is welded shut."""
        return self.shorted

    @welded.setter
    def welded(self, value):
        self.shorted = value
