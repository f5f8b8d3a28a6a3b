"""What may not be wired: each fault is one sentence with the names, the reason and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pinbench.board.definitions import Board

# section -> key -> type; a pin is a str. Every key listed is required.
_BUS_KEYS = {
    "i2c": {"id": int, "scl": str, "sda": str, "freq": int, "timeout_us": int},
    "spi": {"id": int, "sck": str, "mosi": str, "miso": str, "baudrate": int},
    "uart": {"id": int, "tx": str, "rx": str, "baud": int},
}
# What a key of a bus asks of its pin. RP2 names SPI by direction, others by role.
_FUNCTIONS = {
    "scl": ("scl",),
    "sda": ("sda",),
    "sck": ("sck",),
    "mosi": ("mosi", "tx"),
    "miso": ("miso", "rx"),
    "tx": ("tx",),
    "rx": ("rx",),
}
_SECTIONS = ("pins", "pwm", "i2c", "spi", "uart", "chips", "nets")
_NET_KEYS = ("all_of", "pull_up_ohm", "pull_down_ohm")
_I2C_MAX_HZ = 1_000_000  # Fast-mode Plus, the fastest that either port's peripheral does
_ADDRESS_MIN, _ADDRESS_MAX = 0x08, 0x77  # the rest are reserved (I2C specification, table 4)


class _Use(NamedTuple):
    role: str
    pin: str
    wants: tuple[str, ...]  # any one of these functions; () for a plain pin


def faults(board: Board, device: str) -> Iterator[str]:
    """Yield what is wrong with `device` on `board`, the form first; nothing if it can be built."""
    table = board.device(device)
    where = f"{board.name}, {device}"
    broken = False
    for fault in _form(table):
        broken = True
        yield f"{where}: {fault}"
    if broken:  # the rules below take the form for granted
        return
    uses = _uses(table)
    for rule in (_pin_faults, _pwm_faults):
        for fault in rule(board, table, uses):
            yield f"{where}: {fault}"
    for rule in (_instances, _chips, _addresses, _nets):
        for fault in rule(table):
            yield f"{where}: {fault}"


def _form(table: dict) -> Iterator[str]:
    for section, entries in table.items():
        if section not in _SECTIONS:
            yield f"[{section}] is unknown: a device has {', '.join(_SECTIONS)}"
        elif not isinstance(entries, dict):
            yield f"{section} must be a table"
        elif section == "pins":
            yield from _values(section, entries, str, 'a pin, such as "GP4"')
        elif section == "pwm":
            yield from _values(section, entries, int, "a frequency in Hz")
        else:
            yield from _values(section, entries, dict, "a table")
    for kind, keys in _BUS_KEYS.items():
        for name, bus in _tables(table, kind):
            for key, wanted in keys.items():
                if not isinstance(bus.get(key), wanted):
                    what = "a whole number" if wanted is int else 'a pin, such as "GP4"'
                    yield f"{kind} {name} needs {key}, {what}"
            for key in bus:
                if key not in keys:
                    yield f"{kind} {name} has {key!r}: it can have {', '.join(keys)}"
    for name, chip in _tables(table, "chips"):
        if not isinstance(chip.get("kind"), str):
            yield f'chip {name} needs kind = "..."'
        if not isinstance(chip.get("pins", {}), dict):
            yield f"chip {name}: pins must be a table, {{ its pin = a role or net }}"
        if not isinstance(chip.get("address", 0), int):
            yield f"chip {name}: address must be a number, such as 0x44"
    for name, net in _tables(table, "nets"):
        for key, value in net.items():
            if key not in _NET_KEYS:
                yield f"net {name} has {key!r}: it can have {', '.join(_NET_KEYS)}"
            elif not isinstance(value, list if key == "all_of" else int):
                kind = "a list of roles" if key == "all_of" else "a number of ohm"
                yield f"net {name}: {key} must be {kind}"


def _values(section: str, entries: dict, wanted: type, what: str) -> Iterator[str]:
    for name, value in entries.items():
        if not isinstance(value, wanted):
            yield f"{section}: {name} must be {what}, not {value!r}"


def _tables(table: dict, section: str) -> Iterator[tuple[str, dict]]:
    entries = table.get(section, {})
    if isinstance(entries, dict):
        yield from ((name, entry) for name, entry in entries.items() if isinstance(entry, dict))


def _uses(table: dict) -> list[_Use]:
    pwm = table.get("pwm", {})
    uses = [
        _Use(role, pin, ("pwm",) if role in pwm else ())
        for role, pin in table.get("pins", {}).items()
    ]
    for kind in _BUS_KEYS:
        for name, bus in _tables(table, kind):
            for key, function in _FUNCTIONS.items():
                if key in bus:
                    wants = tuple(f"{kind}{bus['id']}.{word}" for word in function)
                    uses.append(_Use(f"{name} {key}", bus[key], wants))
    return uses


def _can(functions: tuple[str, ...], wants: tuple[str, ...]) -> bool:
    if "pwm" in wants:
        return any(function.startswith("pwm") for function in functions)
    return any(function in wants for function in functions)


def _pin_faults(board: Board, _table: dict, uses: list[_Use]) -> Iterator[str]:
    taken: dict[str, str] = {}
    used = {use.pin for use in uses}
    for role, name, wants in uses:
        pin = board.pins.get(name)
        if pin is None:
            yield f"{role} is on {name}, which the board does not have: see [pins] in its file"
            continue
        if pin.reserved:
            yield f"{role} is on {name}, which belongs to {pin.reserved}: choose another pin"
        if name in taken:
            yield f"{taken[name]} and {role} are both on {name}: move one of them"
        taken.setdefault(name, role)
        if wants and not _can(pin.functions, wants):
            can = ", ".join(pin.functions) or "a plain pin only"
            fits = [
                p.name
                for p in board.pins.values()
                if p.name not in used and not p.reserved and _can(p.functions, wants)
            ]
            yield (
                f"{role} is on {name}, which cannot be {' or '.join(wants)} (it can be {can}): "
                f"choose one of {', '.join(fits) or 'another board'}"
            )


def _pwm_faults(board: Board, table: dict, _uses: list[_Use]) -> Iterator[str]:
    """A slice of RP2 has one frequency, and a channel of it one duty (PWM-01, PWM-02)."""
    pins, pwm = table.get("pins", {}), table.get("pwm", {})
    seen: dict[str, tuple[str, str]] = {}  # slice -> (role, channel) that came first
    for role, freq_hz in pwm.items():
        if role not in pins:
            yield f"pwm names {role}, which has no pin: add it to pins"
            continue
        pin = board.pins.get(pins[role])
        channels = [f for f in pin.functions if f.startswith("pwm") and f != "pwm"] if pin else []
        for channel in channels:
            other, at = seen.setdefault(channel[:-1], (role, channel))
            if other == role:
                continue
            if pwm[other] != freq_hz:
                yield (
                    f"{other} ({pwm[other]} Hz) and {role} ({freq_hz} Hz) share {channel[:-1]}, "
                    "which has one frequency: move one of them to another slice"
                )
            elif at == channel:
                yield (
                    f"{other} and {role} are the same output, {channel}, and would have one "
                    "duty: move one of them to another pin"
                )
    timers, outputs = board.about.get("pwm_timers"), board.about.get("pwm_channels")
    if timers is not None and len(set(pwm.values())) > timers:
        yield f"{', '.join(pwm)} want {len(set(pwm.values()))} PWM frequencies of {timers} timers"
    if outputs is not None and len(pwm) > outputs:
        yield f"{', '.join(pwm)} want {len(pwm)} PWM outputs of {outputs} channels"


def _instances(table: dict) -> Iterator[str]:
    for kind in _BUS_KEYS:
        seen: dict[int, str] = {}
        for name, bus in _tables(table, kind):
            other = seen.setdefault(bus["id"], name)
            if other != name:
                yield f"{other} and {name} are both {kind}{bus['id']}: give one another id"
            if kind == "i2c" and not 0 < bus["freq"] <= _I2C_MAX_HZ:
                yield f"i2c {name}: freq is {bus['freq']} Hz; it must be 1 to {_I2C_MAX_HZ}"


def _chips(table: dict) -> Iterator[str]:
    from pinbench.chips.catalogue import CHIPS, chip_class

    nets = {*table.get("pins", {}), *table.get("nets", {})}
    for name, chip in _tables(table, "chips"):
        if chip["kind"] not in CHIPS:
            yield (
                f"chip {name} is of kind {chip['kind']!r}, which has no twin: "
                f"choose one of {', '.join(sorted(CHIPS))}"
            )
            continue
        legs = chip_class(chip["kind"]).PINS
        for key, kinds in (("bus", ("i2c", "spi")), ("uart", ("uart",))):
            if key in chip and not any(chip[key] in table.get(kind, {}) for kind in kinds):
                yield f"chip {name} is on {chip[key]!r}, but there is no such {' or '.join(kinds)}"
        for pin, net in chip.get("pins", {}).items():
            if pin not in legs:
                has = ", ".join(legs) or "none to wire"
                yield f"chip {name} has no pin {pin!r}: a {chip['kind']} has {has}"
            if net not in nets:
                yield f"chip {name}: its {pin} is on {net!r}, which is neither a role nor a net"


def _addresses(table: dict) -> Iterator[str]:
    seen: dict[tuple[str, int], str] = {}
    for name, chip in _tables(table, "chips"):
        if "bus" not in chip or chip["bus"] not in table.get("i2c", {}):
            continue
        address = chip.get("address")
        if address is None or not _ADDRESS_MIN <= address <= _ADDRESS_MAX:
            yield f"chip {name} needs an address of 0x08 to 0x77 on {chip['bus']}"
            continue
        other = seen.setdefault((chip["bus"], address), name)
        if other != name:
            yield (
                f"{other} and {name} both answer at 0x{address:02X} on {chip['bus']}: "
                "strap one to another address or give it another bus"
            )


def _nets(table: dict) -> Iterator[str]:
    known = {*table.get("pins", {}), *table.get("nets", {})}
    for name, net in _tables(table, "nets"):
        if "all_of" in net and name in table.get("pins", {}):
            yield f"net {name} is a gate's output and a pin of the processor: rename the net"
        for source in net.get("all_of", ()):
            if source not in known:
                yield f"net {name} is all of {source!r}, which is neither a role nor a net"
        if "pull_up_ohm" in net and "pull_down_ohm" in net:
            yield f"net {name} is pulled up and down: leave one"
