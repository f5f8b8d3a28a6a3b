"""Who may close FIRE, and when: the table of the garment's states, and the last decision.

ARM (high side) is closed in ARMED and FIRING alone. FIRE (low side) is closed by one place in the
code, which acts on one answer of `Firing.decide`, CLOSE; and that takes all of these at once: the
state ARMED and every permit, each read from two copies that agree; the model's answer and the
score behind it; the second condition; and a build that was made live. Whatever does not fit opens
ARM. So no single wrong number fires: it leads to SAFE or FAULT.
"""

from array import array

from micropython import const

from airbag import twice

BOOT = const(0)  # the memory and the record on flash are looked at
SELF_TEST = const(1)
SAFE = const(2)  # both switches open
READY = const(3)  # worn; sampling, the record on flash says "arming", both switches open
ARMED = const(4)
FIRING = const(5)  # the pulse runs, timed by hardware
SPENT = const(6)  # for good: a new inflator and a person's word end it
FAULT = const(7)  # until the next start
STATES = ("boot", "self-test", "safe", "ready", "armed", "firing", "spent", "fault")

GOOD = const(0)  # memory, tables and record are whole
USED = const(1)  # the record says that it fired
OPEN = const(2)  # the record says "arming", and nothing after it: it may have fired
PASSED = const(3)
FAILED = const(4)
WORN = const(5)  # buckled before the self-test, which needs stillness, was over
TEST = const(6)  # a self-test is due and can be made
FIT = const(7)  # every permit but fresh samples
ARM = const(8)  # every permit
UNFIT = const(9)  # a permit is gone: unbuckled, on the charger, battery or bridge no longer good
SUSPECT = const(10)  # samples are missing, damaged or impossible
FIRE = const(11)
WOULD = const(12)  # the same, in a build that is not live
FIRED = const(13)  # the pulse is over
BROKEN = const(14)  # memory, tables or ladder are not what they were
EVENTS = (
    "good", "used", "open", "passed", "failed", "worn", "test", "fit", "arm", "unfit", "suspect",
    "fire", "would fire", "fired", "broken",
)  # fmt: skip

# state, event -> next state. What has no row changes nothing. On purpose: FIRING knows FIRED
# alone, since a pulse that has begun must end as SPENT; SPENT knows nothing; FAULT knows nothing
# either, not even USED, because SPENT is found in the record at the next start.
TABLE = {
    (BOOT, GOOD): SELF_TEST,
    (BOOT, USED): SPENT,
    (BOOT, OPEN): FAULT,
    (BOOT, BROKEN): FAULT,
    (SELF_TEST, PASSED): SAFE,
    (SELF_TEST, WORN): SAFE,
    (SELF_TEST, FAILED): FAULT,
    (SELF_TEST, BROKEN): FAULT,
    (SAFE, TEST): SELF_TEST,
    (SAFE, FIT): READY,
    (SAFE, BROKEN): FAULT,
    (READY, ARM): ARMED,
    (READY, UNFIT): SAFE,
    (READY, SUSPECT): SAFE,
    (READY, BROKEN): FAULT,
    (ARMED, UNFIT): SAFE,
    (ARMED, SUSPECT): SAFE,
    (ARMED, WOULD): SAFE,
    (ARMED, BROKEN): FAULT,
    (ARMED, FIRE): FIRING,
    (FIRING, FIRED): SPENT,
}
_NO_ROW = const(255)


def flattened():
    """Return the table as bytes, state by state, for code that may not allocate."""
    flat = bytearray([_NO_ROW] * (len(STATES) * len(EVENTS)))
    for state, event in TABLE:  # NUM-07 ok: each row has its own place
        flat[state * len(EVENTS) + event] = TABLE[state, event]
    return flat


# Permits, one bit each. ARM needs them all.
BUCKLED = const(1)
UNPLUGGED = const(2)  # off the charger
TESTED = const(4)  # the self-test passed since the last start
CONTINUITY = const(8)
RESERVOIR = const(16)
BATTERY = const(32)
FRESH = const(64)  # samples come in time and are sound, and the detector has warmed up
EVERY = const(127)
PERMITS = ("buckle", "charger", "self-test", "continuity", "reservoir", "battery", "samples")

# What `decide` answers.
NOTHING = const(0)
DISARM = const(1)  # open ARM now
CLOSE = const(2)  # close FIRE now

_STATE = const(0)
_PERMITS = const(1)
_LIVE = const(2)
_KEPT = const(3)
_EVENTS = const(15)


class Firing:
    """The state of one garment. `live`: whether this build may close FIRE at all.

    Every method may be called from a hard interrupt. Whoever else calls one that changes something
    does it with interrupts off, lest the interrupt sees one copy changed and the other not.
    """

    def __init__(self, live):
        self.kept = array("i", [0] * (2 * _KEPT))
        self._next = flattened()
        twice.put(self.kept, _STATE, BOOT)
        twice.put(self.kept, _PERMITS, 0)
        twice.put(self.kept, _LIVE, 1 if live is True else 0)

    @property
    def state(self):
        """The state; FAULT if its copies disagree or it is none."""
        state = twice.get(self.kept, _STATE)
        return state if BOOT <= state <= FAULT else FAULT

    @property
    def live(self):
        """True if FIRE may be closed."""
        return twice.get(self.kept, _LIVE) == 1

    @property
    def permits(self):
        """The permits that are given, as bits; -1 if their copies disagree."""
        return twice.get(self.kept, _PERMITS)

    def permit(self, bit, given):
        """Give or take one permit. Copies that disagree are left so: `decide` and `sound` see.

        Allocates nothing.
        """
        permits = twice.get(self.kept, _PERMITS)
        if permits >= 0:
            twice.put(self.kept, _PERMITS, permits | bit if given else permits & ~bit)

    def sound(self):
        """True if all that is kept twice agrees and is possible."""
        kept = self.kept
        return (
            BOOT <= twice.get(kept, _STATE) <= FAULT
            and 0 <= twice.get(kept, _PERMITS) <= EVERY
            and 0 <= twice.get(kept, _LIVE) <= 1
        )

    def take(self, event):
        """Follow the table; return the state then. A damaged state becomes FAULT.

        Allocates nothing.
        """
        kept = self.kept
        state = twice.get(kept, _STATE)
        if not BOOT <= state <= FAULT:
            twice.put(kept, _STATE, FAULT)
            return FAULT
        if event == ARM and twice.get(kept, _PERMITS) != EVERY:
            return state
        row = self._next[state * _EVENTS + event]
        if row == _NO_ROW:
            return state
        twice.put(kept, _STATE, row)
        return row

    def decide(self, model, score, second):
        """Return NOTHING, DISARM or CLOSE for this sample, and change the state accordingly.
        Allocates nothing.

        model, score, second: 1 if the model would fire, if its score says so too, and if the
        second condition holds; each must be 1 exactly.
        """
        if not self.sound():
            # A pulse that is known to run goes on; it ends by itself.
            return NOTHING if self.take(BROKEN) == FIRING else DISARM
        kept = self.kept
        if twice.get(kept, _STATE) != ARMED:
            return NOTHING
        if twice.get(kept, _PERMITS) != EVERY:
            self.take(UNFIT)
            return DISARM
        if model != 1 or score != 1 or second != 1:
            return NOTHING
        if twice.get(kept, _LIVE) != 1:
            self.take(WOULD)
            return DISARM
        self.take(FIRE)
        return CLOSE
