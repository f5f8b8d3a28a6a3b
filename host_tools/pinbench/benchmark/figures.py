"""One figure, and the table of all that can be measured."""

from dataclasses import dataclass

from pinbench.errors import UsageError


@dataclass(frozen=True)
class Figure:
    """A measured value. `against` is what was measured beside it in the same run, `ratio` its
    quotient value / against; `note` says what it was measured on; `target` what it should
    reach."""

    value: float
    unit: str
    note: str = ""
    target: str = ""
    against: float | None = None

    def as_json(self):
        """Return {"value", "unit"} with "against" and "ratio" where there is a comparison."""
        out = {"value": self.value, "unit": self.unit}
        if self.note:
            out["note"] = self.note
        if self.against is not None:
            out["against"] = self.against
            out["ratio"] = round(self.value / self.against, 3) if self.against else None
        return out


def measurers():
    """Return {name: function}: each returns {figure name: Figure}. Imported late: they are
    heavy.
    """
    from pinbench.benchmark import heap, speed, suite

    return {
        "sim.window": speed.measure,
        "heap.window": heap.measure,
        "suite.time": suite.measure,
    }


SLOW = ("suite.time",)  # measured only when named


def measure(only=None, progress=None):
    """Return {figure name: Figure} of the measurements whose name contains `only`.

    Without `only`, all but the slow ones. `progress(name)` is told what is measured next. Raises
    UsageError for a word that no name contains.
    """
    table = measurers()
    names = [n for n in table if (only in n if only else n not in SLOW)]
    if not names:
        raise UsageError(f"no figure's name contains {only!r}: they are {', '.join(table)}")
    found = {}
    for name in names:
        if progress is not None:
            progress(name)
        found.update(table[name]())
    return found
