"""The trace: every net, transfer, reset, callback, log line and file operation with its time.

A record is (time_us, channel, who, values), values being ints and strings only: the repr of a
float differs between interpreters, so a physical quantity is traced as a scaled int.
"""

CHANNELS = (
    "net",
    "i2c",
    "spi",
    "uart",
    "reset",
    "callback",
    "log",
    "file",
    "chip",
    "world",
    "fault",
    "loss",
    "violation",
    "expect",
)


class Trace:
    """Hands each record to its sinks; `tail` keeps the last few for failure reports."""

    TAIL = 40

    def __init__(self, sink=None):
        self.sinks = [] if sink is None else [sink]
        self.count = 0
        self._tail = [None] * self.TAIL

    def record(self, time_us, channel, who, values):
        """Pass (time in us, channel name, who, tuple of int/str) to every sink."""
        self._tail[self.count % self.TAIL] = (time_us, channel, who, values)
        self.count += 1
        for sink in self.sinks:
            sink(time_us, channel, who, values)

    def tail(self):
        """Return the last records, oldest first (at most TAIL)."""
        at = self.count % self.TAIL
        return [r for r in self._tail[at:] + self._tail[:at] if r is not None]


def line(time_us, channel, who, values):
    """Return a record as its one canonical line: `time|channel|who|value|...`.

    Raises TypeError for a value that is neither int nor str, since the two interpreters might
    write it differently.
    """
    parts = [str(time_us), channel, escape(who)]
    for value in values:
        if isinstance(value, str):
            parts.append(escape(value))
        elif isinstance(value, int):
            parts.append("%d" % value)
        else:
            raise TypeError("trace of %s: %r is neither int nor str" % (who, value))
    return "|".join(parts)


def escape(text):
    r"""Return `text` with `\`, `|` and line ends written so that a record stays one line."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "|" in text:
        text = text.replace("|", "\\p")
    if "\n" in text or "\r" in text:
        text = text.replace("\n", "\\n").replace("\r", "\\r")
    return text


def parse(text):
    """Return the record (time_us, channel, who, values) of a canonical line; values stay
    strings.
    """
    parts = [_unescape(part) for part in text.split("|")]
    return int(parts[0]), parts[1], parts[2], tuple(parts[3:])


def _unescape(text):
    if "\\" not in text:
        return text
    out = []
    at = 0
    while at < len(text):
        c = text[at]
        if c == "\\" and at + 1 < len(text):
            at += 1
            c = {"p": "|", "n": "\n", "r": "\r"}.get(text[at], text[at])
        out.append(c)
        at += 1
    return "".join(out)
