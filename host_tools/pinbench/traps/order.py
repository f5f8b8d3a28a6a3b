"""Orders that MicroPython does not keep: dicts, **kwargs and sets come in the order of their
hashes (NUM-07).
"""

import ast

_UNORDERED = {"sorted", "sum", "min", "max", "any", "all", "set", "frozenset", "len", "dict"}
_ORDERED = {"list", "tuple", "next", "iter", "enumerate", "zip", "reversed", "map", "filter"}
_VIEWS = {"items", "keys", "values"}


def find(source):
    """Yield (node, item, text) where what comes out depends on such an order."""
    dicts = _dicts(source)
    for node in source.nodes:
        if isinstance(node, ast.For):
            yield from _judge(source, node.iter, dicts)
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
            if not _indifferent(source, node):
                for part in node.generators:
                    yield from _judge(source, part.iter, dicts)
        elif isinstance(node, ast.Call):
            name = source.called(node.func)
            joins = isinstance(node.func, ast.Attribute) and node.func.attr == "join"
            if (name in _ORDERED or joins) and not _indifferent(source, node):
                for argument in node.args:
                    yield from _judge(source, argument, dicts)
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "popitem":
                yield node, "NUM-07", "popitem takes any item, not the last one"


def _indifferent(source, node):
    """True where what uses the result does not see its order."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.Call) and source.called(parent.func) in _UNORDERED:
        return True
    return isinstance(node, ast.DictComp)


def _judge(source, expression, dicts):
    kind = _kind(source, expression, dicts)
    if kind:
        yield expression, "NUM-07", f"{kind} has no order: sort it, or use a list or OrderedDict"


def _kind(source, node, dicts):
    """Return what an expression is that has no order, "" for anything else."""
    if isinstance(node, (ast.Set, ast.SetComp)):
        return "a set"
    if isinstance(node, (ast.Dict, ast.DictComp)):
        return "a dict" if not isinstance(node, ast.Dict) or len(node.keys) > 1 else ""
    if isinstance(node, ast.Name):
        return dicts.get((source.function_of(node), node.id)) or dicts.get((None, node.id), "")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return dicts.get(("self", node.attr), "") if node.value.id == "self" else ""
    if isinstance(node, ast.Call):
        name = source.called(node.func)
        if name in ("set", "frozenset"):
            return "a set"
        if name == "dict":
            return "a dict"
        if name == "enumerate" and node.args:
            return _kind(source, node.args[0], dicts)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _VIEWS and not node.args:
            return _kind(source, node.func.value, dicts)
    return ""


def _dicts(source):
    """Return (function or None or "self", name) -> "a dict", "a set" or "**kwargs", for names that
    are bound to nothing else."""
    found, other = {}, set()
    for node in source.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.args.kwarg:
            found[node, node.args.kwarg.arg] = "**" + node.args.kwarg.arg
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                key = source.function_of(node), target.id
            elif isinstance(target, ast.Attribute) and source.called(target.value) == "self":
                key = "self", target.attr
            else:
                continue
            kind = "" if isinstance(node.value, ast.Name) else _kind(source, node.value, {})
            if isinstance(node.value, ast.Dict):  # what is empty here may be filled elsewhere
                kind = "a dict"
            if kind:
                found[key] = kind
            else:
                other.add(key)
    return {key: kind for key, kind in found.items() if key not in other}
