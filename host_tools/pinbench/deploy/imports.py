"""What a device imports, traced from its main.py, so that only that is sent to a board."""

import ast
from pathlib import Path

from pinbench.errors import PinbenchError


def trace(root, device):
    """Return path (in the slot, POSIX) -> Path of all that `device` needs, in sorted order.

    Modules are followed wherever they are imported, in a function too. A name that is computed,
    `__import__("window.forecast_" + kind)`, brings every module that begins as a string of that
    file does. A file that is no Python and that a string names beside its module (tables, say)
    comes along. Names that are not below `root` are the board's own modules. Raises PinbenchError
    if there is no main.py, or if a folder of `root` lacks a module that is imported from it.
    """
    root = Path(root)
    main = root / device / "main.py"
    if not main.is_file():
        known = ", ".join(sorted(path.parent.name for path in root.glob("*/main.py")))
        raise PinbenchError(
            f"there is no device {device!r} in {root.name}/ (it has {known or 'none'}): "
            f"name one of them, or write {device}/main.py"
        )
    found = {}
    waiting = [main]
    _add_packages(root, main, waiting)
    while waiting:
        path = waiting.pop()
        name = path.relative_to(root).as_posix()
        if name in found:
            continue
        found[name] = path
        tree = _parse(path, name)
        for module, certain in [*_imported(tree), *_computed(root, tree)]:
            here = _module(root, module)
            if here is not None:
                waiting.append(here)
                _add_packages(root, here, waiting)
            elif certain and _must_be_ours(root, module):
                where = f"{root.name}/{module.replace('.', '/')}.py"
                raise PinbenchError(f"{name} imports {module}, but there is no {where}")
        for beside in _data_files(tree, path):
            found[beside.relative_to(root).as_posix()] = beside
    return dict(sorted(found.items()))


def _parse(path, name):
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise PinbenchError(f"{name} line {error.lineno}: {error.msg}") from None


def _must_be_ours(root, dotted):
    """True if the module can only lie below root, and does not: its folder is there."""
    folder, _, rest = dotted.partition(".")
    if not rest or not (root / folder).is_dir():
        return False
    return not (root / dotted.replace(".", "/")).is_dir()


def _module(root, dotted):
    """Return the file of a module or package below root, None if there is none."""
    base = root / dotted.replace(".", "/")
    for path in (base.with_name(base.name + ".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _add_packages(root, path, waiting):
    """A module in a folder with an __init__.py is imported after that."""
    for folder in path.parents:
        if folder == root:
            return
        if (folder / "__init__.py").is_file():
            waiting.append(folder / "__init__.py")


def _imported(tree):
    """Yield (dotted name, True if it is a module's: it may be that of something in one else)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, True
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, True
            for alias in node.names:
                yield f"{node.module}.{alias.name}", False
        else:
            named = _import_call(node)
            if isinstance(named, ast.Constant):
                yield str(named.value), True


def _import_call(node):
    """Return the first argument of `__import__(...)`, None for any other node."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__" and node.args:
        return node.args[0]
    return None


def _computed(root, tree):
    """Yield (dotted name, True) of each module whose name this file may put together."""
    nodes = list(ast.walk(tree))
    named = [_import_call(node) for node in nodes]
    if all(name is None or isinstance(name, ast.Constant) for name in named):
        return
    for node in nodes:
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and "." in text and text.replace(".", "_").isidentifier():
            for path in root.glob(text.replace(".", "/") + "*.py"):
                yield path.relative_to(root).with_suffix("").as_posix().replace("/", "."), True


def _data_files(tree, path):
    """Yield the files beside `path` that one of its strings names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value.rpartition("/")[2]
            if "." in name and len(name) < 64 and name.isprintable() and not name.endswith(".py"):
                beside = path.parent / name
                if beside.is_file():
                    yield beside
