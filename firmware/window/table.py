"""Tables of state machines: rows of bytes that begin with a state, an event and what follows.

Bytes, since a dict of pairs takes twenty times the memory. They are made of lists: a tuple of
constants would be kept beside them.
"""


def following(table, state, event, width=3):
    """Return the place in `table` of the next state; 0 if the pair has no row of `width` bytes."""
    for at in range(0, len(table), width):
        if table[at] == state and table[at + 1] == event:
            return at + 2
    return 0
