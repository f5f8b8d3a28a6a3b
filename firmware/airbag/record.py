"""What flash must know so that no inflator is ever fired twice, and in which order it is written.

No file is written while ARM is closed, and a power cut may come at any moment. So the word for
"it may fire from here on" is written ahead:

    1. ARMING is on flash        2. ARM closes         (sampling, deciding, perhaps firing)
    3. ARM opens                 4. RESOLVED or SPENT is on flash

Whoever finds ARMING as the newest word after a start does not know whether it fired between 2 and
4, and never arms: a person looks at the bag, and says so (a long press, unbuckled, with a good
squib), which writes RESOLVED. A word that is torn by a power cut is no word: torn at 1, ARM was
never closed; torn at 4, ARMING stands. SPENT is followed by nothing; the folder goes with the
inflator.
"""

from micropython import const

NOTHING = const(0)  # a new device
ARMING = const(1)
RESOLVED = const(2)
SPENT = const(3)


def newest(journal):
    """The newest word of a services.journal.Journal. Damage at its end counts as ARMING."""
    word = NOTHING
    for _, payload in journal.records():
        if len(payload) == 1 and NOTHING < payload[0] <= SPENT:
            word = payload[0]
            if word == SPENT:
                return SPENT
    return ARMING if journal.damaged else word
