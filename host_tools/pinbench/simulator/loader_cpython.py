"""Loads firmware on CPython into fresh modules at every simulated boot (host only).

The fakes are visible to firmware code alone: each firmware module gets builtins of its own, in
which `import`, `open` and `print` are the bench's and what MicroPython lacks is missing. The
process's own modules are untouched, so that two benches can run in one process.
"""

import builtins
import collections
import io
import os
import types

from pinbench.simulator import alloc_guard, numerics
from pinbench.simulator.machine.small import namespace
from pinbench.simulator.oserror import OSError as _OSError

# Modules of CPython that behave as MicroPython's do, as far as firmware here uses them.
_HOST_MODULES = ("struct", "math", "json", "binascii", "array", "re", "heapq", "hashlib")

# Builtins of CPython that MicroPython does not have (NUM-13, AIO-05 and the language reference).
_ABSENT = (
    "TimeoutError ConnectionError ConnectionAbortedError ConnectionRefusedError "
    "BrokenPipeError ConnectionResetError FileNotFoundError FileExistsError PermissionError "
    "IsADirectoryError NotADirectoryError InterruptedError ProcessLookupError "
    "ChildProcessError BlockingIOError ModuleNotFoundError RecursionError UnicodeDecodeError "
    "UnicodeEncodeError BufferError UnicodeTranslateError ReferenceError FloatingPointError "
    "SystemError TabError EnvironmentError IOError Warning UserWarning DeprecationWarning "
    "ExceptionGroup BaseExceptionGroup EncodingWarning ascii breakpoint format vars copyright "
    "credits license quit exit aiter anext"
).split()

_code = {}  # path and rules -> (mtime, size, code): compiling is the slow part of a boot


class _Deque(collections.deque):
    """MicroPython's deque: a bound is required; flag 1 makes overflow an IndexError."""

    def __init__(self, iterable, maxlen, flags=0):
        super().__init__(iterable, maxlen)
        self._strict = flags & 1

    def append(self, x):
        if self._strict and len(self) == self.maxlen:
            raise IndexError("full")
        super().append(x)


_SHARED = {
    "collections": namespace(
        namedtuple=collections.namedtuple, OrderedDict=collections.OrderedDict, deque=_Deque
    ),
    "io": namespace(BytesIO=io.BytesIO, StringIO=io.StringIO, IOBase=object),
}


class Loader:
    """Modules of one boot: `fakes` (name -> object) first, then files under `roots`.

    `loaded(name, module)` is called after each firmware module has run. `float32` and `int31` give
    the firmware a board's numbers (see numerics). `guard` and `search` belong to one bench: see
    alloc_guard and search.
    """

    def __init__(
        self,
        roots,
        fakes,
        open_,
        print_,
        loaded=None,
        float32=False,
        int31=False,
        guard=None,
        search=None,
    ):
        self._rules = numerics.rules(float32, int31)
        self.roots = [os.path.abspath(root) for root in roots]
        self.modules = dict(fakes)
        self.imported = self.modules  # the firmware's `sys.modules`
        self._loaded = loaded
        self._builtins = dict(vars(builtins))
        for name in _ABSENT:
            self._builtins.pop(name, None)
        self._builtins["__import__"] = self._import
        self._builtins["OSError"] = _OSError
        self._builtins["open"] = open_
        self._builtins["print"] = print_
        self._builtins[alloc_guard.NAME] = guard
        self._search = search
        self._main = types.ModuleType("__main__")
        self.late = {}  # name -> fn(bench): fakes that are made when they are first imported
        self.bench = None

    def load(self, name):
        """Import a firmware module by its dotted name and return it."""
        return self._find(name)

    def run(self, name):
        """Run the file `name` (`window/main.py`) of the first root that has it, as `__main__`."""
        for root in self.roots:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                self._execute(types.ModuleType("__main__"), path)
                return
        raise ImportError("no file %r under %s" % (name, ", ".join(self.roots)))

    def execute(self, name, source):
        """Run text as `__main__`, whose names boot.py and main.py share; `name` is its file."""
        if self._rules is None:
            code = compile(source, name, "exec")
        else:
            code = self._rules.compile(source, name)
        self._run(self._main, name, code)

    def enter(self):
        """Nothing to do: the process never sees the fakes."""

    def leave(self):
        """Nothing to undo."""

    def _import(self, name, globals=None, locals=None, fromlist=(), level=0):
        if level:
            package = (globals or {}).get("__package__") or ""
            parts = package.split(".")
            base = parts[: len(parts) - level + 1]
            name = ".".join(base + ([name] if name else []))
        module = self._find(name)
        if not fromlist:
            return self.modules[name.split(".")[0]] if "." in name else module
        for attribute in fromlist:
            if not hasattr(module, attribute) and hasattr(module, "__path__"):
                self._find(name + "." + attribute)
        return module

    def _find(self, name):
        module = self.modules.get(name)
        if module is None and name in self.late:
            module = self.modules[name] = self.late[name](self.bench)
        if module is not None:
            return module
        if name[0] == "u" and name[1:] in self.modules:
            return self.modules[name[1:]]
        plain = name[1:] if name[0] == "u" and name[1:] in _HOST_MODULES else name
        if plain in _HOST_MODULES:
            return __import__(plain)
        if name in _SHARED:
            return _SHARED[name]
        parent = None
        if "." in name:
            parent = self._find(name.rpartition(".")[0])
        path, is_package = self._locate(name)
        if path is None and not is_package:
            raise ImportError("no module named '%s'" % name)
        module = types.ModuleType(name)
        module.__package__ = name if is_package else name.rpartition(".")[0]
        if is_package:
            module.__path__ = []
        self.modules[name] = module
        if path is not None:
            try:
                self._execute(module, path)
            except BaseException:
                del self.modules[name]
                raise
        if parent is not None:
            setattr(parent, name.rpartition(".")[2], module)
        if self._loaded is not None:
            self._loaded(name, module)
        return module

    def _locate(self, name):
        relative = name.replace(".", os.sep)
        for root in self.roots:
            base = os.path.join(root, relative)
            if os.path.isfile(os.path.join(base, "__init__.py")):
                return os.path.join(base, "__init__.py"), True
            if os.path.isfile(base + ".py"):
                return base + ".py", False
            if os.path.isdir(base):
                return None, True
        return None, False

    def _execute(self, module, path):
        self._run(module, path, _compile(path, self._rules))

    def _run(self, module, path, code):
        module.__file__ = path
        module.__dict__["__builtins__"] = self._builtins
        if self._rules is not None:
            module.__dict__.update(self._rules.names)
        if self._search is not None:
            self._search.watch(code)
        exec(code, module.__dict__)


def _compile(path, rules):
    stat = os.stat(path)
    key = path, rules
    known = _code.get(key)
    if known is None or known[:2] != (stat.st_mtime_ns, stat.st_size):
        with open(path, encoding="utf-8") as file:
            source = file.read()
        if rules is not None:
            code = rules.compile(source, path)
        elif "heap_lock" in source:
            code = alloc_guard.rewrite(source, path)
        else:
            code = compile(source, path, "exec")
        known = _code[key] = (stat.st_mtime_ns, stat.st_size, code)
    return known[2]
