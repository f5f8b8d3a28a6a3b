"""Syntax that MicroPython does not have, constants, classes, and numbers in source."""

import ast
import re

from pinbench.simulator.numerics import single

_IGNORED = {
    "__del__": "NUM-11",
    "__index__": "NUM-11",
    "__format__": "NUM-11",
    "__bytes__": "NUM-11",
    "__round__": "NUM-11",
    "__getattribute__": "NUM-11",
    "__class_getitem__": "NUM-11",
    "__init_subclass__": "NUM-11",
    "__missing__": "NUM-11",
}
_PRECISION = re.compile(r"\.(\d+)[efg]", re.IGNORECASE)
_CLOCKS = ("time.time", "time.time_ns", "time.ticks_us", "time.ticks_ms")
_SINGLE_DIGITS = 7


def find(source):
    """Yield (node, item, text)."""
    for node in source.nodes:
        check = _CHECKS.get(type(node))
        if check is not None:
            yield from check(source, node)
    yield from _recursion(source)


def _match(source, node):
    yield node.subject, "NUM-09", "there is no match statement"


def _function(source, node):
    if node.args.posonlyargs:
        yield node, "NUM-09", "there are no positional-only arguments"
    inside = source.inside(node)
    yields = [n for n in inside if isinstance(n, (ast.Yield, ast.YieldFrom))]
    if isinstance(node, ast.AsyncFunctionDef) and yields:
        yield node, "NUM-09", "there are no asynchronous generators"
    if node.name in _IGNORED and isinstance(source.parents.get(node), ast.ClassDef):
        yield node, _IGNORED[node.name], f"{node.name} is never called"
    kinds = {source.called(mark).rpartition(".")[2] for mark in node.decorator_list}
    if "viper" in kinds:
        yield from _viper(node, inside, yields)


def _viper(node, inside, yields):
    if yields:
        yield yields[0], "NUM-14", "viper has no generators"
    if node.args.defaults or node.args.vararg or node.args.kwarg:
        yield node, "NUM-14", "viper has no defaults and no * arguments"
    for part in inside:
        if not isinstance(part, ast.Constant):
            continue
        if type(part.value) is float:
            yield part, "NUM-14", "viper has no floats"
        elif type(part.value) is int and not -(1 << 31) <= part.value < 1 << 32:
            yield part, "NUM-14", "viper's ints have 32 bits and wrap"


def _try(source, node):
    if type(node).__name__ == "TryStar":
        yield node.handlers[0], "NUM-09", "there is no except*"


def _raise(source, node):
    if isinstance(node.cause, ast.Constant) and node.cause.value is None:
        return
    if node.cause is not None:
        yield node, "NUM-09", "exceptions are not chained: `from` is ignored with a warning"


def _class(source, node):
    if node.keywords:
        yield node, "NUM-09", f"a class takes no keyword {node.keywords[0].arg}"
    for part in node.body:
        for target in getattr(part, "targets", ()):
            if isinstance(target, ast.Name) and target.id == "__slots__":
                yield part, "NUM-11", "__slots__ is not enforced and saves nothing"
    hidden = {
        target.id
        for part in node.body
        if isinstance(part, ast.Assign) and _is_const(source, part.value)
        for target in part.targets
        if isinstance(target, ast.Name) and target.id.startswith("_")
    }
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr in hidden:
            yield part, "NUM-12", f"{part.attr} is a const with an underscore: no attribute"


def _is_const(source, node):
    called = source.called(node.func) if isinstance(node, ast.Call) else ""
    return called in ("micropython.const", "const")


def _list(source, node):
    if isinstance(node.ctx, ast.Load) and any(isinstance(e, ast.Starred) for e in node.elts):
        yield node, "NUM-09", "`*` cannot stand inside brackets: add the lists"


def _dict(source, node):
    if None in node.keys:
        yield node, "NUM-09", "`**` cannot stand inside braces: use update()"


def _comprehension(source, node):
    if any(part.is_async for part in node.generators):
        yield node, "NUM-09", "there are no asynchronous comprehensions"


def _formatted(source, node):
    if node.conversion == ord("a"):
        yield node.value, "NUM-09", "an f-string has no !a"
    if any(isinstance(part, ast.Lambda) for part in ast.walk(node.value)):
        yield node.value, "NUM-09", "an f-string has no lambda"


def _constant(source, node):
    if isinstance(node.value, str):
        yield from _text(source, node)
    elif type(node.value) is float and node.value.is_integer():
        # Of 1e30 nobody expects each digit; of 16777217.0 somebody may.
        if float(f"{node.value:.{_SINGLE_DIGITS}g}") != node.value:
            kept = float(single(node.value))
            if kept != node.value:
                yield node, "NUM-01", f"a float of single precision makes {kept:.0f} of it"


def _text(source, node):
    if isinstance(source.parents.get(node), (ast.Expr, ast.JoinedStr)):
        return
    shown = "".join(source.lines[node.lineno - 1 : node.end_lineno])
    written = (ast.get_source_segment(source.text, node) or "") if r"\N{" in shown else ""
    if r"\N{" in written and not written[:2].lower().startswith(("r", "br", "b")):
        yield node, "NUM-09", r"there are no \N{...} escapes: use \u"
    if re.search(r"\{\w*[.\[]", node.value) and _is_format(source, node):
        yield node, "NUM-09", "str.format reads no attributes or items"
    if "%" in node.value or _is_format(source, node):
        yield from _digits(node, node.value)


def _is_format(source, node):
    parent = source.parents.get(node)
    return isinstance(parent, ast.Attribute) and parent.attr == "format"


def _digits(node, text):
    for digits in _PRECISION.findall(text):
        if int(digits) > _SINGLE_DIGITS:
            yield node, "NUM-19", f"a float has about {_SINGLE_DIGITS} digits, not {digits}"


def _joined(source, node):
    for part in node.values:
        if isinstance(part, ast.FormattedValue) and part.format_spec is not None:
            yield from _digits(part.value, ast.unparse(part.format_spec))


def _subscript(source, node):
    step = node.slice.step if isinstance(node.slice, ast.Slice) else None
    if step is None or (isinstance(step, ast.Constant) and step.value in (1, None)):
        return
    if isinstance(node.ctx, ast.Load):
        yield node, "NUM-08", "only a list can be sliced with a step"
    else:
        yield node, "NUM-08", "a slice with a step cannot be assigned or deleted"


def _with(source, node):
    if len(node.items) > 1:
        head = source.lines[node.lineno - 1][node.col_offset :]
        if re.match(r"(async +)?with *\(", head) and node.items[0].context_expr.col_offset > (
            node.col_offset + head.index("(")
        ):
            yield node, "NUM-09", "the items of `with` cannot stand in brackets"


def _call(source, node):
    if _is_const(source, node):
        yield from _const(source, node)
    name = source.called(node.func)
    if name in ("bytearray", "bytes") and node.args and isinstance(node.args[0], ast.Constant):
        if isinstance(node.args[0].value, int) and node.args[0].value >= 1 << 16:
            yield node, "NUM-16", "a heap in pieces has no room for 64 KiB in one piece"


def _const(source, node):
    known = {
        target.id
        for part in source.tree.body
        if isinstance(part, ast.Assign) and _is_const(source, part.value)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    allowed = (ast.operator, ast.unaryop, ast.expr_context, ast.BinOp, ast.UnaryOp, ast.Constant)
    for argument in node.args:
        for part in ast.walk(argument):
            if isinstance(part, ast.Name) and part.id not in known:
                yield node, "NUM-12", f"{part.id} is not known when it is compiled"
            elif not isinstance(part, (*allowed, ast.Tuple, ast.Name, ast.boolop, ast.BoolOp)):
                yield node, "NUM-12", f"{ast.unparse(part)} is no expression of constants"
                break


def _binary(source, node):
    """Clock readings that become floats."""
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(one, ast.Call) or source.called(one.func) not in _CLOCKS:
            continue
        name = source.called(one.func)
        if isinstance(node.op, ast.Div) and one is node.left:
            yield node, "NUM-01", f"{name}() divided is a float of 24 bits: use //"
        elif isinstance(other, ast.Constant) and type(other.value) is float:
            yield node, "NUM-01", f"{name}() and a float: what is less than 2**-24 of it is lost"


def _annotated(source, node):
    """`X | Y` and `list[int]` outside annotations, where they would be computed."""
    if source.called(node.func) in ("isinstance", "issubclass") and len(node.args) == 2:
        if isinstance(node.args[1], ast.BinOp):
            yield node, "NUM-10", "types cannot be joined by |: give a tuple"


def _calls(source, node):
    yield from _call(source, node)
    yield from _annotated(source, node)


def _recursion(source):
    """Functions that come back to themselves, by name or by self.name."""
    graph = {}
    for node in source.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            graph[_key(source, node)] = (node, set(_callees(source, node)))
    for key, (node, callees) in graph.items():
        reached, rest = set(), list(callees)
        while rest:
            other = rest.pop()
            if other in graph and other not in reached:
                reached.add(other)
                rest += graph[other][1]
        if key in reached:
            yield node, "NUM-15", f"{node.name} calls itself: a board's stack holds few levels"


def owner_class(source, node):
    """Return the class whose method a function is, None for any other."""
    parent = source.parents.get(node)
    return parent if isinstance(parent, ast.ClassDef) else None


def _key(source, node):
    owner = owner_class(source, node)
    return (owner.name if owner else None, node.name)


def _callees(source, node):
    owner = owner_class(source, node)
    for part in source.inside(node):
        if isinstance(part, ast.Call):
            if isinstance(part.func, ast.Name):
                yield (None, part.func.id)
            elif isinstance(part.func, ast.Attribute) and owner is not None:
                if isinstance(part.func.value, ast.Name) and part.func.value.id == "self":
                    yield (owner.name, part.func.attr)


_CHECKS = {
    ast.Match: _match,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Try: _try,
    ast.Raise: _raise,
    ast.ClassDef: _class,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Set: lambda source, node: (),
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.FormattedValue: _formatted,
    ast.JoinedStr: _joined,
    ast.Constant: _constant,
    ast.Subscript: _subscript,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Call: _calls,
    ast.BinOp: _binary,
}
if hasattr(ast, "TryStar"):
    _CHECKS[ast.TryStar] = _try
