"""The weights that ship, by the kind of readings a place has."""

from micropython import const

from services.forget import forget
from window.forecast_score import Table

FINE = const(0)  # slots of 5 or 10 minutes
FINE_PRESSURE = const(1)
COARSE = const(2)  # 15 to 30 minutes
HOURLY = const(3)

_NAMES = (
    ("temperate", "tropical"),
    ("temperate", "tropical"),
    ("coarse",),
    ("continental", "coastal"),
)
# Evidence (1024 a unit of log odds) for the first expert before the place has shown anything: a
# pressure sensor speaks for the weights that use it.
_PRIOR = (-8192, 8192, 0, 0)


def tables(kind):
    """Return the tables for a kind of readings; nothing else of their modules stays in memory."""
    found = []
    for name in _NAMES[kind]:
        name = "window.forecast_" + name
        found.append(Table(__import__(name, None, None, ("BIAS",))))
        forget(name)
    return found


def evidence(kind):
    """Return what speaks for the first of them from the start."""
    return _PRIOR[kind]
