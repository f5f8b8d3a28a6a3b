"""The seam to the network: messages go out, commands come in, both as plain dicts (orders.py).

There is no transport here. Whoever brings one (MQTT, a modem) sets `up`, takes from `outbox` and
calls `deliver`; until then the cabinet rents on its own and keeps its records.
"""

from micropython import const

_MOST = const(16)


class Link:
    """`up` is True while the operator can be reached. Queues are bounded; the ledger keeps all."""

    def __init__(self):
        self.up = False
        self.outbox = []
        self._inbox = []

    def deliver(self, order):
        """A command has arrived; returns False if too many wait, and it is dropped."""
        if len(self._inbox) >= _MOST:
            return False
        self._inbox.append(order)
        return True

    def receive(self):
        """Return the next command, or None."""
        return self._inbox.pop(0) if self._inbox else None

    def send(self, message):
        """Hand over a message, or an answer to a command."""
        self.outbox.append(message)

    @property
    def room(self):
        """How many messages may be handed over now."""
        return _MOST - len(self.outbox) if self.up else 0
