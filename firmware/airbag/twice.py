"""Numbers that life depends on, each kept twice: as it is, and with every bit inverted.

A bit that flips in either copy, or a whole word that is overwritten, makes the two disagree
(IEC 60730 Annex H, table H.1, 5.2: variable memory). All numbers kept are 0 or more, so -1 says
that they do. Functions take plain arguments and make no object.
"""


def put(kept, at, value):
    """Store value (0 or more) at place `at` of an array of twice as many places."""
    kept[at] = value
    kept[at + (len(kept) >> 1)] = ~value


def get(kept, at):
    """Return what is stored, -1 if the two copies disagree."""
    value = kept[at]
    return value if kept[at + (len(kept) >> 1)] == ~value else -1
