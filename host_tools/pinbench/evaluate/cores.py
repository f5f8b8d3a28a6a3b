"""The firmware's pure cores, loaded on the host for measuring and fitting."""

import importlib
import sys
import types
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"


def core(name):
    """Import a core module by its firmware name, `window.forecast` say.

    Cores are pure: of MicroPython they need `micropython.const` alone, which is given here.
    """
    if "micropython" not in sys.modules:
        module = types.ModuleType("micropython")
        module.const = lambda value: value
        sys.modules["micropython"] = module
    if str(FIRMWARE) not in sys.path:
        sys.path.insert(0, str(FIRMWARE))
    return importlib.import_module(name)
