"""Which leg of which part goes to which pin: the wiring of a device as a list, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinbench.board.definitions import Board

# The leg of a part that meets each line of a bus.
_BUS_LEGS = {
    "i2c": {"sda": "SDA", "scl": "SCL"},
    "spi": {"sck": "SCK", "mosi": "SDI", "miso": "SDO"},
    "uart": {"tx": "RX", "rx": "TX"},  # what the processor sends the part receives
}


@dataclass(frozen=True)
class Leg:
    """One leg of a part; `net` names what it is joined to, `pin` the board's pin there, if any."""

    name: str
    net: str
    pin: str = ""
    note: str = ""


@dataclass(frozen=True)
class Part:
    """A chip, a gate, or what hangs on a role that no chip takes; `kind` is for people."""

    name: str
    kind: str
    legs: tuple[Leg, ...]


def parts(board: Board, device: str) -> list[Part]:
    """Return the parts of `device` on `board`, in the order of its file; gates, loose roles last.

    Raises BoardError if the device is not wired there or its wiring cannot be built.
    """
    board.wiring(device)  # refuses what cannot be built
    table = board.device(device)
    pins, nets = table.get("pins", {}), table.get("nets", {})

    def leg(name: str, net: str) -> Leg:
        return Leg(name, net, pins.get(net, ""), _pull(nets.get(net, {})))

    found, taken = [], set()
    for role, chip in table.get("chips", {}).items():
        legs = _bus_legs(table, chip)
        for name, net in chip.get("pins", {}).items():
            taken.add(net)
            legs.append(leg(name, net))
        found.append(Part(role, _kind(chip), tuple(legs)))
    for name, net in nets.items():
        if "all_of" in net:
            taken.update(net["all_of"])
            legs = [leg("in", source) for source in net["all_of"]]
            found.append(Part(name, "AND gate", (*legs, Leg("out", name))))
    for role in pins:
        if role not in taken:
            found.append(Part(role, "pin", (leg(role, role),)))
    return found


def _bus_legs(table: dict, chip: dict) -> list[Leg]:
    legs = []
    for key, kinds in (("bus", ("i2c", "spi")), ("uart", ("uart",))):
        for kind in kinds:
            bus = table.get(kind, {}).get(chip.get(key))
            if bus is not None:
                legs += [
                    Leg(name, f"{chip[key]} {line}", bus[line])
                    for line, name in _BUS_LEGS[kind].items()
                ]
    return legs


def _kind(chip: dict) -> str:
    at = f" at 0x{chip['address']:02X}" if "address" in chip else ""
    return chip["kind"].replace("_", " ") + at


def _pull(net: dict) -> str:
    for key, way in (("pull_up_ohm", "up"), ("pull_down_ohm", "down")):
        if key in net:
            return f"{net[key] // 1000} kohm {way}"
    return ""


def wiring_table(board: Board, device: str) -> str:
    """Return the wiring as a Markdown table: part, leg, pin, pull. Raises BoardError."""
    rows = [("part", "leg", "to", "pull"), ("---",) * 4]
    for part in parts(board, device):
        for leg in part.legs:
            what = f"{part.name} ({part.kind})"
            rows.append((what, leg.name, leg.pin or f"net {leg.net}", leg.note))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
