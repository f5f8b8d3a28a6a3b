"""A mechanical contact between a net and ground, with the bounce that real ones have."""


class Contact:
    """Closed it pulls `net` to 0, open it lets go; a pull-up outside makes the 1.

    After each change the contact chatters for up to `bounce_us` (0: clean).
    """

    def __init__(self, kernel, name, net, bounce_us):
        self._kernel = kernel
        self._name = name
        self._net = net
        self._random = kernel.random.fork()
        self._events = []
        self.bounce_us = bounce_us
        self.closed = False

    def set(self, closed, bounce=True):
        """Close or open the contact now; a change in mid-bounce starts its own bounce."""
        for event in self._events:
            self._kernel.cancel(event)
        self._events = []
        changed = closed != self.closed
        self.closed = closed
        self._drive(closed)
        if changed and bounce and self.bounce_us:
            at_us = 0
            level = closed
            for _ in range(2 * (1 + self._random.below(3))):
                at_us += 1 + self._random.below(self.bounce_us // 6 or 1)
                level = not level
                self._events.append(self._kernel.after(at_us, self._drive, level))

    def _drive(self, closed):
        self._net.drive(self._name, 0 if closed else None)
