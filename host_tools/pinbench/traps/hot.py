"""What allocates where nothing may: hard handlers, and functions that promise it (SCH-08, NUM-02,
NUM-03, NUM-20).

A function is looked at when its docstring says "Allocates nothing", when its file hands it to
irq() or a Timer with hard=True, and when one of these calls it by its name, from another file too.
Through an object nothing is followed: a method that is called so makes the promise itself.
"""

import ast

from pinbench.traps.syntax import owner_class

_PROMISE = "llocates nothing"
_SMALL = 1 << 30
_DISPLAYS = {
    ast.List: "a list",
    ast.Dict: "a dict",
    ast.Set: "a set",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a generator",
    ast.Lambda: "a lambda",
    ast.FunctionDef: "a function",
    ast.JoinedStr: "an f-string",
}
_FUNCTIONS = {
    name: "NUM-20" for name in "bytes bytearray str list tuple dict set memoryview".split()
}
_FUNCTIONS.update({"float": "NUM-03", "round": "NUM-03", "array.array": "SCH-08"})
_FUNCTIONS.update({"struct.unpack": "SCH-08", "struct.unpack_from": "SCH-08"})
_FUNCTIONS.update({"struct.pack": "SCH-08", "sorted": "SCH-08", "print": "SCH-08"})


def find(source):
    """Yield (node, item, text) for what allocates in a hot function."""
    functions = _functions(source)
    for node in _hot(source, functions):
        methods = {
            name for owner, name in functions if owner and owner is owner_class(source, node)
        }
        outside = _signature(node)
        for part in source.inside(node):
            if part not in outside and not _raises(source, part, node):
                yield from _allocates(source, part, methods)


def calls(source):
    """Return the dotted names of functions in other files that hot ones here call."""
    return {
        source.called(part.func)
        for node in _hot(source, _functions(source))
        for part in source.inside(node)
        if isinstance(part, ast.Call) and isinstance(part.func, (ast.Name, ast.Attribute))
    } - {""}


def _signature(node):
    """Return the nodes of arguments, their defaults, and decorators: they are made elsewhere."""
    parts = [node.args, *getattr(node, "decorator_list", ())]
    return {inner for part in parts for inner in ast.walk(part)}


def _functions(source):
    """Return (class or None, name) -> function."""
    return {
        (owner_class(source, node), node.name): node
        for node in source.nodes
        if isinstance(node, ast.FunctionDef)
    }


def _hot(source, functions):
    rest = [n for n in functions.values() if _PROMISE in (ast.get_docstring(n) or "")]
    for (owner, name), node in functions.items():
        if owner is None and f"{source.module}.{name}" in source.hot:
            rest.append(node)
    for call in source.nodes:
        if isinstance(call, ast.Call) and _is_hard(call):
            for given in [*call.args, *(k.value for k in call.keywords)]:
                if isinstance(given, ast.Lambda):
                    rest.append(given)
                else:
                    rest += _named(source, given, functions)
    seen = []
    while rest:
        node = rest.pop()
        if node in seen:
            continue
        seen.append(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                rest += _named(source, part.func, functions)
    return seen


def _is_hard(call):
    return any(
        k.arg == "hard" and isinstance(k.value, ast.Constant) and k.value.value is True
        for k in call.keywords
    )


def _named(source, node, functions):
    """Return the function of this file that an expression names, in a list, or an empty one."""
    if isinstance(node, ast.Name):
        key = None, node.id
    elif isinstance(node, ast.Attribute) and source.called(node.value) == "self":
        around = source.parents.get(node)
        while around is not None and not isinstance(around, ast.ClassDef):
            around = source.parents.get(around)
        key = around, node.attr
    else:
        return []
    return [functions[key]] if key in functions else []


def _raises(source, part, function):
    """True inside a raise statement: what it makes is made when all is lost anyway (SCH-10)."""
    while part is not None and part is not function:
        if isinstance(part, (ast.Raise, ast.Assert)):
            return True
        part = source.parents.get(part)
    return False


def _allocates(source, node, methods):
    what = _DISPLAYS.get(type(node))
    if what:
        yield node, "SCH-08", f"{what} allocates"
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        around = source.parents.get(node)  # a, b = b, a makes no tuple
        swapped = isinstance(around, ast.Assign) and isinstance(around.targets[0], ast.Tuple)
        if not swapped and not all(isinstance(e, ast.Constant) for e in node.elts):
            yield node, "SCH-08", "a tuple allocates"
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        yield node, "NUM-20", "a slice allocates, of a memoryview too"
    elif isinstance(node, (ast.BinOp, ast.AugAssign)):
        yield from _arithmetic(node)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        if not -_SMALL <= node.value < _SMALL:
            yield node, "NUM-02", f"{node.value} needs more than 31 bits: a heap object"
    elif isinstance(node, ast.Call):
        yield from _call(source, node, methods)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        called = source.parents.get(node)
        if node.attr in methods and source.called(node.value) == "self":
            if not (isinstance(called, ast.Call) and called.func is node):
                yield node, "SCH-08", f"self.{node.attr} makes a bound method: keep it beforehand"


def _arithmetic(node):
    parts = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
    if isinstance(node.op, ast.Div):
        yield node, "NUM-03", "/ makes a float, a heap object: use // or >>"
    elif any(isinstance(part, ast.Constant) and type(part.value) is float for part in parts):
        yield node, "NUM-03", "arithmetic with a float makes a float, a heap object"
    elif any(isinstance(p, ast.Constant) and isinstance(p.value, (str, bytes)) for p in parts):
        yield node, "SCH-08", "joining or formatting text allocates"
    elif isinstance(node.op, ast.LShift):
        by = parts[1].value if isinstance(parts[1], ast.Constant) else 0
        if isinstance(by, int) and by >= 30:
            yield node, "NUM-02", f"<< {by} leaves 31 bits: a heap object"


def _call(source, node, methods):
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        yield node, "SCH-08", "*arguments allocate"
    if any(keyword.arg is None for keyword in node.keywords):
        yield node, "SCH-08", "**arguments allocate"
    name = source.called(node.func)
    if name in _FUNCTIONS:
        yield node, _FUNCTIONS[name], f"{name}() allocates"
    elif name.startswith("math."):
        yield node, "NUM-03", f"{name}() makes a float, a heap object"
    elif isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "format"):
        if node.func.attr not in source.methods and not _is_deque(source, node.func.value):
            yield node, "SCH-08", f"{node.func.attr} allocates as it grows"


def _is_deque(source, owner):
    """True for what the file makes as a deque, whose append allocates nothing (SCH-09)."""
    name = source.called(owner)
    for part in source.nodes:
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Call):
            if source.called(part.value.func) == "collections.deque":
                if any(source.called(target) == name for target in part.targets):
                    return True
    return False
