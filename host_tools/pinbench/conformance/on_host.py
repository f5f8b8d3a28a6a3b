"""What the host carries of the checklist without a bench: the check for traps.

An item's `lint` is held when the check reports every planted trap of tests/conformance/traps.toml
on its line, nothing else, and lets the legal twins pass.
"""

import tomllib
from functools import cache

from pinbench.conformance.suite import FOLDER
from pinbench.traps.check import check_text

TRAPS = FOLDER / "traps.toml"
_MARK = "# here"


@cache
def traps():
    """Return item id -> {"bad": texts, "good": texts}."""
    return tomllib.loads(TRAPS.read_text(encoding="utf-8"))


def lint(id):
    """Return (state, why) of what the check says about an item's planted traps and twins."""
    texts = traps().get(id)
    if texts is None:
        return "failed", f"{TRAPS.name} has no traps for it"
    for number, text in enumerate(texts["bad"], 1):
        lines = text.split("\n")
        wanted = {at for at, line in enumerate(lines, 1) if line.endswith(_MARK)}
        found = check_text(text)
        missed = sorted(wanted - {f.line for f in found if f.item == id})
        if missed:
            return "failed", f"trap {number}: nothing reported on line {missed[0]}"
        other = [f for f in found if f.item != id or f.line not in wanted]
        if other:
            return "failed", f"trap {number}: it also reports {other[0]}"
    for number, text in enumerate(texts["good"], 1):
        found = check_text(text)
        if found:
            return "failed", f"legal twin {number}: it reports {found[0]}"
    return "held", ""
