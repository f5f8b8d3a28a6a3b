"""The trace as a Value Change Dump, for GTKWave: nets as wires, PWM as duty, the rest as text.

A VCD names its variables before the first change, so the trace is read twice.
"""

from vcd.writer import VCDWriter

from pinbench.simulator.trace import parse

WIRE, DUTY, NUMBER, TEXT = range(4)


def write_vcd(lines, file):
    """Write the trace to `file`. `lines` can be iterated twice; returns the number of changes.

    A pulse train stands as NET.duty in per cent beside the wire, which shows x while it lasts.
    Bus transfers, log lines, resets and faults are string variables, which GTKWave shows as text;
    a quantity of the world is an integer.
    """
    kinds = {}
    for line in lines:
        for key, kind, _ in _changes(line):
            kinds[key] = max(kind, kinds.get(key, kind))
    changes = 0
    with VCDWriter(file, timescale="1 us", version="pinbench") as writer:
        variables = {key: _register(writer, key, kinds[key]) for key in sorted(kinds)}
        now = 0
        for line in lines:
            now = max(now, int(line.partition("|")[0]))
            for key, kind, value in _changes(line):
                if kinds[key] == TEXT and kind == NUMBER:
                    value = str(value)
                writer.change(variables[key], now, value)
                changes += 1
    return changes


def _register(writer, key, kind):
    scope, name = key
    if kind == WIRE:
        return writer.register_var(scope, name, "wire", size=1, init="x")
    if kind == DUTY:
        return writer.register_var(scope, name, "real", init=0.0)
    if kind == NUMBER:
        return writer.register_var(scope, name, "integer", size=64, init="x")
    return writer.register_var(scope, name, "string", init="")


def _changes(line):
    """Yield ((scope, name), kind, value) for what a record changes."""
    _, channel, who, values = parse(line)
    name = _name(who or channel)
    if channel == "net":
        if values[0] == "pwm":
            yield ("nets", name), WIRE, "x"
            yield ("nets", name + "_duty_pct"), DUTY, round(int(values[2]) / 655.35, 3)
            yield ("nets", name + "_pwm_hz"), NUMBER, int(values[1])
        else:
            yield ("nets", name), WIRE, values[0]
    elif channel == "i2c" and len(values) == 4:
        way, address, data, status = values
        said = {"-1": "NACK", "-2": "timeout"}.get(status, "")
        text = f"{way} 0x{int(address):02x} {data} {said}".rstrip()
        yield (channel, name), TEXT, text
    elif channel == "world" and len(values) == 1 and _is_int(values[0]):
        yield (channel, name), NUMBER, int(values[0])
    else:
        yield (channel, name), TEXT, " ".join(values)


def _name(text):
    return "".join(c if c.isalnum() or c == "_" else "_" for c in text)


def _is_int(text):
    return text.isdigit() or (text[:1] == "-" and text[1:].isdigit())
