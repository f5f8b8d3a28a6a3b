"""The faults that a scenario may lay over transfers, nets and the supply, as a table."""

from pinbench.durations import parse_us
from pinbench.expectations import unknown

# what a fault concerns: I2C transfers (of one chip, or of a bus), a serial line, a net, the supply
I2C, UART, NET, SUPPLY = "i2c", "uart", "net", "supply"

# kind: (what it concerns, parameters and what they say, what it does)
FAULTS = {
    "address_nack": (I2C, {}, "the chip does not acknowledge its address"),
    "data_nack": (I2C, {"at": "byte"}, "the chip refuses a byte of what is written"),
    "stretch": (I2C, {"by": "a time"}, "the chip holds the clock; beyond the timeout it fails"),
    "sda_low": (I2C, {}, "SDA is held low: no transfer gets through"),
    "bit_flip": (I2C, {"at": "byte", "bit": "0 to 7"}, "a bit of the answer is inverted"),
    "uart_noise": (UART, {"per_mille": "share of bytes"}, "bytes to the device are damaged"),
    "uart_loss": (UART, {"per_mille": "share of bytes"}, "bytes to the device are lost"),
    "uart_delay": (UART, {"by": "a time"}, "bytes to the device come later"),
    "uart_cut": (UART, {}, "the wire is cut in both directions"),
    "stuck_pin": (NET, {"level": "0 or 1"}, "the net is shorted to a level"),
    "float_pin": (NET, {}, "the wire is cut at the reader, who sees noise"),
    "brown_out": (SUPPLY, {"off": "a time"}, "the supply sags below the reset threshold"),
    "reset": (SUPPLY, {}, "a spike on the reset line"),
    "power_cut": (SUPPLY, {"off": "a time"}, "no supply for a while, 1 s if left out"),
}
_SHORT = {"nack": "address_nack"}
_TARGETS = {I2C: ("chip", "bus"), UART: ("chip", "uart"), NET: ("net",), SUPPLY: ()}


def resolve(entry, wiring):
    """Return {"kind", "target", "params"} for what is left of an [[at]] with do = "fault".

    `wiring` is that of `Board.wiring`. Raises ValueError with one sentence.
    """
    entry = dict(entry)
    kind = entry.pop("kind", None)
    kind = _SHORT.get(kind, kind)
    if kind not in FAULTS:
        raise ValueError(unknown(str(kind), FAULTS, "kind of fault"))
    concerns, known, _ = FAULTS[kind]
    target, params = _target(kind, concerns, entry, wiring), {}
    if concerns in (I2C, UART) and "count" in entry:
        params["count"] = _whole("count", entry.pop("count"))
    for key, value in entry.items():
        if key not in known:
            allowed = [*known, *_TARGETS[concerns], "count"]
            raise ValueError(unknown(key, allowed, f"key of the fault {kind!r}"))
        if known[key] == "a time":
            time_us = parse_us(value)
            if key == "off":
                params["off_ms"] = time_us // 1000
            else:
                params["us"] = time_us
        else:
            params[key] = _whole(key, value)
    return {"kind": kind, "target": target, "params": params}


def absent(role, wiring):
    """Return the timeline entry that makes a chip of the bus not answer from the start."""
    resolved = resolve({"kind": "address_nack", "chip": role}, wiring)
    return {"do": "fault", "time_us": 0, **resolved}


def chip_setting(entry, wiring):
    """Return {"chip": role, "params"} for what is left of an [[at]] with do = "set"."""
    entry = dict(entry)
    if "chip" not in entry:
        raise ValueError('"set" needs chip = "..." and the quantities to set')
    role = chip_role(entry.pop("chip"), wiring)
    if not entry:
        raise ValueError(f'"set" says nothing to set on {role!r}')
    return {"chip": role, "params": entry}


def chip_role(name, wiring):
    """Return the role of a chip that is named by its role, or by a kind that occurs once."""
    chips = wiring.get("chips", {})
    if name in chips:
        return name
    roles = [role for role, chip in chips.items() if chip["kind"] == name]
    if len(roles) == 1:
        return roles[0]
    if roles:
        raise ValueError(f"{name!r} is fitted {len(roles)} times: say {' or '.join(roles)}")
    raise ValueError(unknown(str(name), chips, "chip"))


def _target(kind, concerns, entry, wiring):
    keys = _TARGETS[concerns]
    if not keys:
        return "supply"
    given = [key for key in keys if key in entry]
    if len(given) != 1:
        raise ValueError(f"the fault {kind!r} needs {' or '.join(keys)}")
    name = entry.pop(given[0])
    if given[0] == "chip":
        return _chip_target(kind, concerns, name, wiring)
    if concerns == NET:
        known = [*wiring.get("pins", {}), *wiring.get("nets", {})]
    else:
        known = wiring.get("i2c" if concerns == I2C else "uart", {})
    if name not in known:
        raise ValueError(unknown(str(name), known, given[0]))
    return name


def _chip_target(kind, concerns, name, wiring):
    role = chip_role(name, wiring)
    chip = wiring["chips"][role]
    if (concerns == I2C and "address" in chip) or (concerns == UART and "uart" in chip):
        return role
    raise ValueError(f"{role!r} is not on such a bus: the fault {kind!r} cannot concern it")


def _whole(key, value):
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{key} must be a whole number, not {value!r}")
    return value


def describe():
    """Return the table as text for `pinbench sim --help`."""
    lines = ['[[at]] with do = "set": chip = ROLE, and quantities of its test face to set']
    lines.append(
        '[[at]] with do = "fault": kind, one target, `count` transfers or `for`; kinds are'
    )
    for kind, (concerns, params, says) in FAULTS.items():
        keys = [" or ".join(_TARGETS[concerns])] if _TARGETS[concerns] else []
        keys += [f"{key} ({what})" for key, what in params.items()]
        lines.append(f"  {kind:<14}{says}" + (f" [{', '.join(keys)}]" if keys else ""))
    return "\n".join(lines)
