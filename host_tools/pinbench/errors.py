"""Errors that a person made and can mend: one sentence each, saying what to do next.

The command line turns them into exit codes once, at its boundary.
"""

HELD, NOT_HELD, WRONG_USE = 0, 1, 2


class PinbenchError(Exception):
    """Something that pinbench was asked for did not come about."""

    exit_code = NOT_HELD


class UsageError(PinbenchError):
    """The command or one of the files it was given is wrong."""

    exit_code = WRONG_USE


class BoardError(UsageError):
    """A board file, or a device's wiring on it, cannot be built."""
