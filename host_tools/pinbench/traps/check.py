"""Finds in firmware what CPython allows and MicroPython does not, or does otherwise.

It reads source and runs nothing. A finding names the file, the line and the item of the machine
checklist that it breaks. Where the code is right all the same, a comment on its line says so and
why: `# NUM-07 ok: the sum does not depend on the order`.

What a name is bound to is not inferred, so that a method which MicroPython lacks is reported on
any object, unless firmware itself defines one of that name.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from pinbench.errors import UsageError
from pinbench.traps import aio, hot, names, order, syntax

RULES = (syntax.find, names.find, order.find, hot.find, aio.find)
_EXCUSE = re.compile(r"#.*?\b([A-Z0-9]{3,4}-\d\d) ok: *\S")


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, order=True)
class Finding:
    """One trap: `item` is the checklist's id."""

    path: str
    line: int
    column: int
    item: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}:{self.column}: {self.item} {self.text}"


class Source:
    """One file, as the rules look at it. `modules` are the names that `import` finds beside it,
    `methods` those that firmware gives to functions and attributes of its own; `module` is its own
    dotted name, `hot` the dotted names of functions that hot ones in other files call."""

    def __init__(self, path, text, module=""):
        self.path = path
        self.module = module
        self.hot = set()
        self.text = text
        self.lines = text.split("\n")
        self.tree = ast.parse(text, path)
        self.nodes = list(ast.walk(self.tree))
        self.parents = {}
        self._functions = {}  # node -> the function around it
        self._inside = {}  # function -> nodes in it, those of functions within it left out
        for node in self.nodes:  # parents come before their children
            around = node if isinstance(node, _FUNCTIONS) else self._functions.get(node)
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
                self._functions[child] = around
                self._inside.setdefault(around, []).append(child)
        self.modules = set()
        self.methods = set()
        self.imported = {}  # local name -> "module" or "module.name"
        self.bound = set()  # names that the file itself binds
        self._read_names()

    def _read_names(self):
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    self.imported[local] = alias.name if alias.asname else local
                    self.bound.add(local)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    local = alias.asname or alias.name
                    self.imported[local] = f"{node.module}.{alias.name}"
                    self.bound.add(local)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.bound.add(node.name)
            elif isinstance(node, ast.arg):
                self.bound.add(node.arg)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.bound.add(node.id)

    def called(self, node):
        """Return the dotted name that an expression stands for ("time.sleep_ms"), imports
        followed, or "" for anything but names and attributes of them."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            owner = self.called(node.value)
            return f"{owner}.{node.attr}" if owner else ""
        return ""

    def function_of(self, node):
        """Return the function or lambda around a node, None at the top of the file."""
        return self._functions.get(node)

    def inside(self, function):
        """Return the nodes of a function, without those of functions within it."""
        return self._inside.get(function, [])

    def excused(self, line, item):
        """True if the line, or a comment of its own above it, says why the trap is none."""
        for number in (line - 1, line - 2):
            text = self.lines[number] if 0 <= number < len(self.lines) else ""
            if number == line - 2 and not text.lstrip().startswith("#"):
                continue
            found = _EXCUSE.search(text)
            if found and found.group(1) == item:
                return True
        return False


def defined(tree):
    """Return the names that a file gives to functions, attributes and fields."""
    out = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            out.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            out.add(node.attr)
    return out


def check_text(text, path="<text>", modules=(), methods=()):
    """Return the Findings in one source text, in order of place."""
    source = _parsed(text, path)
    return [source] if isinstance(source, Finding) else _check(source, modules, methods)


def _parsed(text, path, module=""):
    """Return the Source, or the Finding that says where it cannot be read."""
    try:
        return Source(path, text, module)
    except SyntaxError as error:
        return Finding(path, error.lineno or 1, error.offset or 1, "NUM-09", str(error.msg))


def _check(source, modules, methods):
    source.modules = set(modules)
    source.methods = defined(source.tree) | set(methods)
    found = set()
    for rule in RULES:
        for node, item, said in rule(source):
            if not source.excused(node.lineno, item):
                found.add(Finding(source.path, node.lineno, node.col_offset + 1, item, said))
    return sorted(found)


def check_paths(paths):
    """Return (Findings, number of files) for files and folders of firmware, each a root of its
    own for imports. UsageError if one does not exist."""
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            files += [(file, path) for file in sorted(path.rglob("*.py"))]
        elif path.is_file():
            files.append((path, path.parent))
        else:
            raise UsageError(f"{path} does not exist: name files or folders of firmware")
    found, sources = [], []
    for file, root in files:
        module = ".".join(file.relative_to(root).with_suffix("").parts)
        parsed = _parsed(file.read_text(encoding="utf-8"), str(file), module)
        (found if isinstance(parsed, Finding) else sources).append(parsed)
    modules = {file.relative_to(root).parts[0].removesuffix(".py") for file, root in files}
    methods = set()
    for source in sources:
        methods |= defined(source.tree)
    _spread_heat(sources)
    for source in sources:
        found += _check(source, modules, methods)
    return sorted(found), len(files)


def _spread_heat(sources):
    """Tell each file which of its functions are called by hot ones elsewhere."""
    called, before = set(), None
    while called != before:
        before = set(called)
        for source in sources:
            source.hot = called
            called |= hot.calls(source)
