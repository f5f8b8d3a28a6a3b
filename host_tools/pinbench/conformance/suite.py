"""The items of the machine checklist: collected from their files without importing them."""

import ast
from dataclasses import dataclass
from pathlib import Path

from pinbench.errors import UsageError
from pinbench.paths import ROOT

FOLDER = ROOT / "tests" / "conformance"
CARRIERS = ("kernel", "cpython", "vm", "lint", "float32")
PORTS = {"rp2": ("rp2",), "esp32": ("esp32",), "both": ("rp2", "esp32")}
CHIP_OF = {"rp2": "rp2040", "rp2350": "rp2350", "esp32": "esp32s3"}
MAX_BYTES = 8192  # a board compiles a file that it is sent in one piece


@dataclass(frozen=True)
class Item:
    """One item: `name` as in the code (PIN_01), where it stands, and what its table says.

    `optional` are wires that it uses where they are; `prints` is a text that must be printed ("!"
    before it: must not), or a dict of such texts by port.
    """

    name: str
    path: Path
    ports: tuple
    carriers: tuple
    wires: tuple
    prints: str | dict | None = None
    optional: tuple = ()

    def printed(self, port):
        """Return the text that must be printed on a port, None if there is none."""
        return self.prints.get(port) if isinstance(self.prints, dict) else self.prints

    @property
    def id(self):
        """Return the id in the checklist (PIN-01)."""
        return self.name.replace("_", "-")

    def chip(self, profile):
        """Return the chip on which a port profile's bench plays it; None where it does not apply.

        An item of the classic ESP32 asks for it by the wire "classic".
        """
        if ("rp2" if profile == "rp2350" else profile) not in self.ports:
            return None
        return "esp32" if "classic" in self.wires else CHIP_OF[profile]


def collect(folder=FOLDER):
    """Return the items of every file in order. UsageError for a table that cannot be read."""
    items = []
    for path in sorted(Path(folder).glob("*.py")):
        items += read(path)
    return sorted(items, key=lambda item: item.name)


def read(path):
    """Return the items of one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    table = None
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ITEMS":
            table = ast.literal_eval(node.value)
    if table is None:
        raise UsageError(
            f"{path} has no table ITEMS: name each item with (ports, carriers, wires)"
        )
    items = []
    for name, (ports, carriers, wires, *prints) in table.items():
        carriers = (carriers,) if isinstance(carriers, str) else tuple(carriers)
        wires = (wires,) if isinstance(wires, str) else tuple(wires)
        if name not in functions:
            raise UsageError(f"{path} names {name} in ITEMS but has no function of that name")
        if ports not in PORTS or not set(carriers) <= set(CARRIERS):
            raise UsageError(f"{path}: {name} has ports {ports!r} and carriers {carriers!r}")
        optional = tuple(wire[:-1] for wire in wires if wire.endswith("?"))
        wires = tuple(wire for wire in wires if not wire.endswith("?"))
        items.append(
            Item(name, path, PORTS[ports], carriers, wires, *(prints or [None]), optional=optional)
        )
    return items
