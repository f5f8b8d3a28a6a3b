"""The firmware's pure cores, loaded on the host for measuring and fitting."""

import importlib
import sys
import types

from pinbench.paths import FIRMWARE


def core(name):
    """Import a core module by its firmware name, `window.forecast` say.

    Cores are pure: of MicroPython they need `micropython.const` alone, which is lent to them here
    while they are imported, and firmware's root is on the path no longer than that.
    """
    if name in sys.modules:
        return sys.modules[name]
    lent = types.ModuleType("micropython")
    vars(lent)["const"] = lambda value: value
    before = sys.modules.get("micropython")
    sys.modules["micropython"] = lent
    sys.path.insert(0, str(FIRMWARE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FIRMWARE))
        if before is None:
            del sys.modules["micropython"]
        else:
            sys.modules["micropython"] = before
