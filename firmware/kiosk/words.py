"""What the kiosk says of what happens: to its log, and to who stands in front of it.

Nothing here names a person, a palm or a card, nor can it: an action carries none.
"""

from kiosk import records as r

# action -> (line for the log, lines for the display, beeps); %d is the slot, counted from 1.
SAID = {
    "eject": ("slot %d: opens", ("Slot %d", "Take your bank"), 1),
    "wave": ("slot %d: taken, the rental begins", ("Slot %d", "Thank you"), 1),
    "regret": ("slot %d: not taken, nothing is charged", ("Not taken.", "No charge."), 2),
    "hanging": ("slot %d: its gate stays open", ("Slot %d", "Take the bank", "or push it in"), 3),
    "jammed": ("slot %d: jammed, out of service", (), 0),
    "coil": ("slot %d: no proper current in its solenoid", (), 0),
    "returned": ("slot %d: a bank is back and settled", ("Slot %d", "Returned,", "thank you"), 1),
    "placed": ("slot %d: a bank was put in", ("Slot %d", "Thank you"), 1),
    "object": ("slot %d: what is in it is no bank", ("Slot %d", "This is no", "bank of ours"), 3),
    "freed": ("slot %d: free again", (), 0),
    "quarantine": ("slot %d: its bank is in quarantine", (), 0),
    "missing": ("slot %d: its bank is gone without a rental", (), 5),
    "sell": ("a rental has cost the deposit: the bank is sold", (), 0),
    "tamper": ("tamper alarm", ("Out of order",), 10),
    "untampered": ("the tamper alarm is over", (), 0),
    "rest": ("palm reader: it rests after forged palms", ("Please wait,", "or use a card"), 2),
    "offer": (
        "an unknown palm: enrolment is offered",
        ("Palm not known.", "To enrol it, tap", "a card: I agree", "It stays here,",
         "is deleted when", "you ask. Or walk", "away, and rent", "by card alone."),
        1,
    ),
    "enrolled": ("a palm was enrolled, with consent", ("Welcome!", "Show your palm"), 2),
    "already": ("a palm is known already: not enrolled twice", ("You are known", "already"), 2),
    "give_up": ("enrolment: no palm to learn", ("Not enrolled",), 2),
    "full": ("palm reader: its storage is full", ("No room here:", "use a card"), 2),
    "deleted": ("palm reader: deleted, proven by its list", (), 0),
    "undeleted": ("palm reader: a deletion did not happen yet", (), 0),
    "unproven": ("palm reader: it gives no list", (), 0),
}  # fmt: skip
SORRY = {
    r.NONE: ("No bank ready,", "please come", "again"),
    r.HAS_ONE: ("You have a bank", "already"),
    r.BLOCKED: ("Please ask", "the operator"),
    r.ATTEMPTS: ("Too many tries,", "wait a minute"),
    r.LIVENESS: ("Show your bare", "palm, please"),
}
IDLE = ("Palm or card:", "rent a bank", "", "Returns: push it", "into a free slot")


def said(name, number, value):
    """Return (line for the log or None, lines for the display, beeps) of an action."""
    if name == "turn_away":
        text = "turned away: %s" % r.REASONS[value]
        return text, SORRY.get(value, ("Out of order,", "sorry")), 2
    if name == "flash":
        return None, (), 0
    log, shown, beeps = SAID[name]
    if name == "tamper":
        log = "tamper alarm: %s" % value
    elif name == "missing" and value:
        log, beeps = "slot %d: its bank was taken out by the service", 0
    elif name == "returned":
        log += ": %d.%02d charged" % (value // 100, value % 100)
    elif name == "quarantine":
        log += ": " + r.BAD[value]
    elif name == "regret" and value == r.JAM:
        log, shown = "slot %d: it did not open, nothing is charged", ("It did not open.", "Sorry!")
    log = log.replace("slot %d", "slot " + str(number + 1))
    return log, [line % (number + 1) if "%d" in line else line for line in shown], beeps
