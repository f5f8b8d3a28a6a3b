"""Trace records of buses as a person would read them off a logic analyser."""

from pinbench.durations import show_us
from pinbench.simulator.buses import NACK, TIMEOUT

BUSES = ("i2c", "spi", "uart")


def decode(time_us, channel, who, values):
    """Return one line for a trace record; what is no transfer is shown as it stands."""
    if channel == "i2c":
        way, address, data, status = values
        text = f"{'read from' if way == 'r' else 'write to'} 0x{int(address):02x}: {_bytes(data)}"
        ending = {NACK: "not acknowledged", TIMEOUT: "timed out"}.get(int(status))
        if ending is not None:
            text += f" ({ending})"
        elif way == "w" and int(status) < len(data) // 2:
            text += f" (only {status} acknowledged)"
    elif channel == "uart":
        text = f"{values[0]}: {_bytes(values[1])} {bytes.fromhex(values[1])!r}"
    else:
        text = " ".join(str(value) for value in values)
    return f"{show_us(time_us):>16}  {channel:<9} {who:<9} {text}"


def _bytes(data):
    return " ".join(data[i : i + 2] for i in range(0, len(data), 2)) or "nothing"
