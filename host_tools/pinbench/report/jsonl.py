"""The trace as JSON lines: one object a record, for programs."""

import json

from pinbench.simulator.trace import parse

# The values of a record by channel: what each is called, and whether it is a whole number.
_SHAPES = {
    "i2c": (("way", str), ("address", int), ("bytes", str), ("status", int)),
    "spi": (("chip", str), ("out", str), ("in", str)),
    "uart": (("way", str), ("bytes", str)),
    "log": (("text", str),),
    "loss": (("kind", str), ("count", int)),
    "violation": (("text", str),),
    "expect": (("saw", str),),
}


def named(line):
    """Return a line of the trace as a dict: `t_us`, `channel`, `who` and its values by name."""
    time_us, channel, who, values = parse(line)
    record = {"t_us": time_us, "channel": channel, "who": who}
    if channel == "net":
        if values[0] == "pwm":
            record.update(freq_hz=int(values[1]), duty_u16=int(values[2]))
        else:
            record.update(level=int(values[0]))
        return record
    shape = _SHAPES.get(channel)
    if shape is not None and len(shape) == len(values):
        for (name, kind), value in zip(shape, values, strict=True):
            record[name] = kind(value)
    else:
        record["values"] = [int(value) if _is_int(value) else value for value in values]
    return record


class JSONLines:
    """A sink that writes each record to `file` as one JSON object a line."""

    def __init__(self, file):
        self._file = file

    def __call__(self, line):
        """Write one line of the trace."""
        self._file.write(json.dumps(named(line)) + "\n")


def _is_int(text):
    return text.isdigit() or (text[:1] == "-" and text[1:].isdigit())
