"""asyncio as MicroPython has it (the AIO items that source shows)."""

import ast

_SLEEPS = ("asyncio.sleep", "asyncio.sleep_ms")
_TAKERS = tuple(
    "asyncio." + name for name in "create_task gather wait_for wait_for_ms run".split()
)
_TASK_LACKS = set(
    "result exception cancelled cancelling uncancel add_done_callback remove_done_callback "
    "set_name get_name get_coro".split()
)
_BLOCKING = ("time.sleep", "time.sleep_ms")
_SHORT_MS = 10  # a wait that a driver may take inside a task
_LONGEST_MS = 1 << 29


def find(source):
    """Yield (node, item, text)."""
    tasks = _made(source, ("asyncio.create_task",))
    for node in source.nodes:
        if isinstance(node, ast.Call):
            name = source.called(node.func)
            if name in _SLEEPS:
                yield from _sleep(source, node, name)
            elif name in _BLOCKING:
                yield from _blocking(source, node, name)
        elif isinstance(node, ast.Attribute) and node.attr in _TASK_LACKS:
            known = source.called(node.value) in tasks or (
                isinstance(node.value, ast.Call)
                and source.called(node.value.func) == "asyncio.create_task"
            )
            if known or node.attr == "add_done_callback":
                yield node, "AIO-06", f"a task has no {node.attr}: await it"
    yield from _events(source)


def _sleep(source, node, name):
    parent = source.parents.get(node)
    if isinstance(parent, ast.Call) and source.called(parent.func) in _TAKERS:
        yield node, "AIO-01", f"{name}() is no coroutine: {source.called(parent.func)} refuses it"
    elif not isinstance(parent, ast.Await):
        yield node, "AIO-02", f"{name}() is one object for all: await it where it is made"
    length_ms = _number(node) * (1 if name.endswith("_ms") else 1000)
    if length_ms >= _LONGEST_MS:
        yield node, "AIO-15", "no sleep of 2**29 ms (6.2 days) or more: sleep in pieces"
    elif 0 < length_ms < 1:
        yield node, "AIO-17", "a sleep has whole milliseconds: this one is 0"


def _number(node):
    value = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else 0
    return value if isinstance(value, (int, float)) else 0


def _blocking(source, node, name):
    around = source.function_of(node)
    length_ms = _number(node) * (1 if name.endswith("_ms") else 1000)
    known = bool(node.args) and isinstance(node.args[0], ast.Constant)
    if isinstance(around, ast.AsyncFunctionDef) and (not known or length_ms > _SHORT_MS):
        yield node, "AIO-18", f"{name}() stops every task: await asyncio.sleep_ms()"


def _made(source, makers):
    """Return the dotted names to which the result of one of the makers is assigned."""
    found = set()
    for node in source.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            if source.called(node.value.func) in makers:
                found |= {source.called(target) for target in node.targets}
    return found - {""}


def _events(source):
    """Event.set where an interrupt's handler does it."""
    events = _made(source, ("asyncio.Event",))
    functions = {node.name: node for node in source.nodes if isinstance(node, ast.FunctionDef)}
    rest = []
    for node in source.nodes:
        if isinstance(node, ast.Call):
            rest += _handlers(source, node)
    seen = []
    while rest:
        handler = rest.pop()
        if isinstance(handler, ast.Attribute) and handler.attr == "set":
            if source.called(handler.value) in events:
                yield handler, "AIO-13", _SET
            continue
        name = source.called(handler).rpartition(".")[2]
        body = handler if isinstance(handler, ast.Lambda) else functions.get(name)
        if body is None or body in seen:
            continue
        seen.append(body)
        rest += [part.func for part in ast.walk(body) if isinstance(part, ast.Call)]


_SET = "Event.set in an interrupt's handler wakes nobody: use ThreadSafeFlag"


def _handlers(source, call):
    """Return what a call hands over as a handler of interrupts."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else source.called(call.func)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name == "irq":
        return [h for h in (given.get("handler"), *call.args[:1]) if h is not None]
    if name.rpartition(".")[2] == "schedule":
        return call.args[:1]
    callback = given.get("callback")
    return [callback] if callback is not None else []
