"""Takes a module that has done its work out of memory."""

import sys


def forget(name):
    """Drop the module `name` ("services.settings", say), so that an import loads it anew.

    What others hold of it lives on; all else is collected, constants of its code included.
    """
    del sys.modules[name]
    package, _, last = name.rpartition(".")
    delattr(sys.modules[package], last)
