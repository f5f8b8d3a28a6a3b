"""One line a message: once only, or not more often than a given time; the last lines are kept.

A line that repeats at every sample hides the others and wears out whoever reads them; so a fault
is said when it begins and when it ends. Give no secret to a log.
"""

import time


class Log:
    """`out` takes one string a line. `keep` lines are kept for the health summary."""

    def __init__(self, out=print, keep=8):
        self._out = out
        self._keep = keep
        self._recent = []
        self._faults = {}  # what is wrong -> True, until it is right again
        self._limits = {}  # key -> [ticks of the last line, lines held back since]

    def line(self, text):
        """Say it."""
        text = str(text).replace("\r", " ").replace("\n", " ")
        if len(self._recent) >= self._keep:
            self._recent.pop(0)
        self._recent.append(text)
        self._out(text)

    def fault(self, key, text):
        """Say `text` once, until `well(key)`. Returns True if it was said."""
        if self._faults.get(key):
            return False
        self._faults[key] = True
        self.line(text)
        return True

    def well(self, key, text=None):
        """End the fault `key`; says `text` if there was one. Returns True if there was one."""
        if not self._faults.pop(key, False):
            return False
        if text:
            self.line(text)
        return True

    def limited(self, key, text, every_ms):
        """Say `text` at most once in `every_ms` (below 2**29), with the count of the others."""
        now = time.ticks_ms()
        entry = self._limits.get(key)
        if entry is None:
            self._limits[key] = [now, 0]
        else:
            # A negative difference is one of more than half the range of the ticks: long ago.
            if 0 <= time.ticks_diff(now, entry[0]) < every_ms:
                entry[1] += 1
                return False
            if entry[1]:
                text = "%s (and %d more)" % (text, entry[1])
            entry[0] = now
            entry[1] = 0
        self.line(text)
        return True

    def faults(self):
        """Return the keys of the faults that last, sorted."""
        return sorted(self._faults)

    def recent(self):
        """Return the last lines, oldest first."""
        return list(self._recent)


def describe(error):
    """Return `ValueError: text`, for an OSError `OSError: number`."""
    # args[0], because the text of an exception differs from one interpreter to the next.
    name = type(error).__name__
    return "%s: %s" % (name, error.args[0]) if error.args else name
