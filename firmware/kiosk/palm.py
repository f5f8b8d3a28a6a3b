"""What the palm reader does next: look for palms, enrol who agrees, delete who asks, prove it.

Nobody is enrolled who has not agreed on the spot, nor twice: before enrolling the reader looks
whether it knows the palm. What was deleted is proven by the reader's own list.
"""

from micropython import const

from kiosk.members import KEEP

# fmt: off
CLOSED, SCANNING, OFFERING, CHECKING, ENROLLING, DELETING, PROVING = range(7)
STATES = ("closed", "scanning", "offering", "checking", "enrolling", "deleting", "proving")
(
    OPEN, CONSENT, DECLINE, DELETE, PROVE, KNOWN, UNKNOWN, FORGED, NOBODY, ENROLLED, FULL, DONE,
    FAILED, RESTARTED,
) = range(14)
EVENTS = (
    "open", "consent", "decline", "delete", "prove", "known", "unknown", "forged", "nobody",
    "enrolled", "full", "done", "failed",
    "restarted",
)
# fmt: on

# state, event -> next state, what is done. FAILED: no answer, or one that fits nothing else.
TABLE = {
    (CLOSED, OPEN): (SCANNING, "verify"),
    (CLOSED, DELETE): (DELETING, "delete"),
    (CLOSED, PROVE): (PROVING, "list"),
    (SCANNING, KNOWN): (CLOSED, "present"),
    (SCANNING, UNKNOWN): (OFFERING, "offer"),
    (SCANNING, FORGED): (CLOSED, "forged"),
    (SCANNING, NOBODY): (CLOSED, None),
    (SCANNING, FAILED): (CLOSED, None),
    (OFFERING, CONSENT): (CHECKING, "verify"),
    (OFFERING, DECLINE): (CLOSED, None),
    (CHECKING, KNOWN): (CLOSED, "already"),
    (CHECKING, UNKNOWN): (ENROLLING, "enrol"),
    (CHECKING, FORGED): (CLOSED, "forged"),
    (CHECKING, NOBODY): (CLOSED, "give_up"),
    (CHECKING, FAILED): (CLOSED, "give_up"),
    (ENROLLING, ENROLLED): (CLOSED, "welcome"),
    (ENROLLING, KNOWN): (CLOSED, "already"),
    (ENROLLING, FULL): (CLOSED, "full"),
    (ENROLLING, FORGED): (CLOSED, "forged"),
    (ENROLLING, NOBODY): (CLOSED, "give_up"),
    # It may be enrolled, and nobody noted as whom: the list tells, and it is deleted again.
    (ENROLLING, FAILED): (PROVING, "list"),
    (DELETING, DONE): (PROVING, "list"),
    (DELETING, FAILED): (PROVING, "list"),
    (PROVING, DONE): (CLOSED, "compare"),
    (PROVING, FAILED): (CLOSED, "unproven"),
    # The reader has restarted: it has forgotten what it was asked, but no palm.
    (SCANNING, RESTARTED): (CLOSED, None),
    (CHECKING, RESTARTED): (CLOSED, "give_up"),
    (ENROLLING, RESTARTED): (PROVING, "list"),
    (DELETING, RESTARTED): (PROVING, "list"),
    (PROVING, RESTARTED): (PROVING, "list"),
}
_OFFER_MS = const(15000)
_RETRY_MS = const(10000)  # after a list or a deletion that failed
_AWAY_MS = const(3000)  # for a hand to go before the next look


class Palm:
    """`members` is a Members; `act(name, value)` is told what happens; see core.py.

    `step` returns what the reader is to do: None, or (name, value), with name "verify", "enrol",
    "delete" (value: reader's id) or "list". `heard` takes what came of it.
    """

    def __init__(self, members, act, token, wish=KEEP):
        self.state = CLOSED
        self.members = members
        self._act = act
        self._token = token  # returns 8 random bytes: a new pseudonym
        self._new = wish  # of those who enrol
        self._wish = None
        self._left_ms = 0
        self._pause_ms = 0
        self._stale = True  # the table was not held against the reader's list yet
        self._orphans = []
        self._deleted = None

    @property
    def offering(self):
        """True while a consent is awaited."""
        return self.state == OFFERING

    def step(self, elapsed_ms, free, has_one):
        """Let time pass; `free` is True while a palm may be looked for."""
        self._pause_ms = max(0, self._pause_ms - elapsed_ms)
        if self.state == OFFERING:
            self._left_ms -= elapsed_ms
            if self._left_ms <= 0:
                self.take(DECLINE)
        if self.state == CLOSED and not self._pause_ms:
            if self._orphans:
                self._deleted = self._orphans[0]
            elif not self._stale:
                self._deleted = self.members.due(has_one)
            if self._stale:
                self.take(PROVE)
            elif self._deleted is not None:
                self.take(DELETE, self._deleted)
            elif free:
                self.take(OPEN)
        wish, self._wish = self._wish, None
        return wish

    def consent(self):
        """The person in front agrees to be enrolled."""
        if self.state == OFFERING:
            self.take(CONSENT)

    def heard(self, event, value=None):
        """Take what the reader said: KNOWN and ENROLLED with its id, DONE with the list if one
        was asked for. What fits nothing in work is dropped."""
        if (self.state, event) not in TABLE:
            return
        if event == KNOWN and self.state != ENROLLING:
            value = self.members.of_palm(value)
            if value is None:
                # A palm that no account belongs to: its enrolment was cut short. Find and delete.
                self._stale = True
                event = NOBODY
        self.take(event, value)

    def restarted(self):
        """The reader has restarted: whatever it did is lost."""
        if (self.state, RESTARTED) in TABLE:
            self.take(RESTARTED)
        self._stale = True

    def take(self, event, value=None):
        """Go on by the table."""
        self.state, action = TABLE[(self.state, event)]
        if self.state == CLOSED and action is not None:
            self._pause_ms = _AWAY_MS
        if action in ("verify", "enrol", "list"):
            self._wish = (action, None)
        elif action == "delete":
            self._wish = (action, value)
        elif action == "offer":
            self._left_ms = _OFFER_MS
            self._act("offer", None)
        elif action == "welcome":
            self.members.add(value, self._token(), self._new)
            self._act("enrolled", None)
        elif action == "compare":
            self._compare(value)
        elif action == "unproven":
            self._pause_ms = _RETRY_MS
            self._act("unproven", None)
        elif action is not None:
            self._act(action, value)

    def _compare(self, listed):
        deleted, self._deleted = self._deleted, None
        before = len(self.members.entries)
        if deleted is not None and deleted in listed:
            self._pause_ms = _RETRY_MS
            self._act("undeleted", None)
            return
        self._orphans = self.members.reconcile(listed)
        self._stale = False
        if deleted is not None or len(self.members.entries) != before:
            self._act("deleted", len(listed))
