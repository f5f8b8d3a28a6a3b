"""Loads firmware on the real MicroPython VM (VM only): the same rules as on CPython.

Here the fakes stand behind one hook, `builtins.__import__`, and the builtins `open` and `print`
are the bench's while firmware runs. `leave` puts everything back, so that the next boot starts
fresh.
"""

import builtins
import sys

_REAL_MODULES = sys.modules
_HOST_MODULES = (
    "struct",
    "math",
    "json",
    "binascii",
    "array",
    "re",
    "heapq",
    "hashlib",
    "collections",
    "io",
)


class Loader:
    """See loader_cpython.Loader; the interface is the same."""

    def __init__(self, roots, fakes, open_, print_, loaded=None):
        self.roots = roots
        self.modules = dict(fakes)
        self.imported = _REAL_MODULES  # the firmware's `sys.modules`
        self._loaded = loaded
        self._open = open_
        self._print = print_
        self._before = []
        self._main = {"__name__": "__main__"}
        self.late = {}  # name -> fn(bench): fakes that are made when they are first imported
        self.bench = None
        self._path = list(sys.path)
        # MicroPython hides the original builtins behind overrides; deleting one uncovers it.
        self._real_import = builtins.__import__

    def enter(self):
        """Put the fakes in front of the firmware."""
        self._before = list(_REAL_MODULES)
        sys.path[:] = list(self.roots) + [".frozen"]
        builtins.__import__ = self._import
        builtins.open = self._open
        builtins.print = self._print

    def leave(self):
        """Take the fakes and every firmware module away again."""
        for name in ("__import__", "open", "print"):
            try:
                delattr(builtins, name)
            except AttributeError:
                pass
        sys.path[:] = self._path
        for name in list(_REAL_MODULES):
            if name not in self._before:
                del _REAL_MODULES[name]

    def load(self, name):
        """Import a firmware module by its dotted name and return it."""
        top = self._import(name)
        for part in name.split(".")[1:]:
            top = getattr(top, part)
        return top

    def run(self, name):
        """Run the file `name` of the first root that has it, as `__main__`."""
        for root in self.roots:
            path = root + "/" + name
            try:
                with _real_open(path) as file:
                    source = file.read()
            except OSError:
                continue
            exec(compile(source, path, "exec"), {"__name__": "__main__", "__file__": path})
            return
        raise ImportError("no file %r under %s" % (name, ", ".join(self.roots)))

    def execute(self, name, source):
        """Run text as `__main__`, whose names boot.py and main.py share; `name` is its file."""
        self._main["__file__"] = name
        exec(compile(source, name, "exec"), self._main)

    def _import(self, name, globals=None, locals=None, fromlist=None, level=0):
        caller = globals.get("__name__", "") if globals else ""
        if level or caller.startswith("pinbench"):
            # Relative: inside the frozen asyncio or a firmware package. Absolute from the
            # simulator: its own late import, never a fake.
            return self._real_import(name, globals, locals, fromlist, level)
        if name == "time" and caller.startswith("asyncio"):
            return self.modules["_free_time"]
        fake = self.modules.get(name)
        if fake is None and name[0] == "u":
            fake = self.modules.get(name[1:])
        if fake is None and name in self.late:
            fake = self.modules[name] = self.late[name](self.bench)
        if fake is not None:
            return fake
        if name in _HOST_MODULES or (name[0] == "u" and name[1:] in _HOST_MODULES):
            return self._real_import(name, globals, locals, fromlist, level)
        top = name.split(".")[0]
        if top != "asyncio" and not self._is_firmware(top):
            raise ImportError("no module named '%s'" % name)
        before = list(_REAL_MODULES)
        module = self._real_import(name, globals, locals, fromlist, level)
        if self._loaded is not None:
            for key in list(_REAL_MODULES):
                if key not in before:
                    self._loaded(key, _REAL_MODULES[key])
        return module

    def _is_firmware(self, top):
        for root in self.roots:
            for name in (root + "/" + top + ".py", root + "/" + top + ".mpy", root + "/" + top):
                try:
                    _stat(name)
                    return True
                except OSError:
                    pass
        return False


def _take_real():
    import os

    return open, os.stat


_real_open, _stat = _take_real()
