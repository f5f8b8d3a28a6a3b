"""What runs with the heap locked must not allocate: on CPython, by its syntax tree (host only).

A hard handler runs as a twin of itself that is rewritten from its source: where MicroPython would
need the heap (SCH-08), the twin raises MemoryError; so do the functions of the firmware that it
calls. A file that uses `micropython.heap_lock` is rewritten as a whole, and raises while the heap
is locked. A list is taken to have been empty once, so it grows when it holds 4, 8, 16, ... things
(py/objlist.c); a new key of a dict and a new attribute always count, though a board has room for
some. What has no source at hand, such as a built-in, runs as it is.
"""

import ast
import inspect
import operator
import types

NAME = "_pinbench_guard"
_WIDE = 1 << 30  # small ints are 31 bits (NUM-02)
_READERS = ("get", "pop", "popleft", "getattr", "__getitem__", "next")  # return what exists
_IN_PLACE = {
    "Add": operator.iadd,
    "Sub": operator.isub,
    "Mult": operator.imul,
    "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv,
    "Mod": operator.imod,
    "Pow": operator.ipow,
    "LShift": operator.ilshift,
    "RShift": operator.irshift,
    "BitAnd": operator.iand,
    "BitOr": operator.ior,
    "BitXor": operator.ixor,
}


class Guard:
    """What rewritten code calls. `locked()` tells whether the heap is, `text_kept()` whether an
    exception has room for its arguments (SCH-10)."""

    def __init__(self, locked, text_kept):
        self._locked = locked
        self._text_kept = text_kept

    def alloc(self):
        """In front of what allocates; returns None."""
        if self._locked():
            raise MemoryError("memory allocation failed, heap is locked")

    def result(self, value):
        """Return what an operator gave, unless it needs the heap."""
        kind = type(value)
        if kind is int:
            if not -_WIDE <= value < _WIDE:
                self.alloc()
        elif kind is not bool and value is not None and kind not in (set, dict):
            self.alloc()
        return value

    def in_place(self, name, value, operand):
        """`value += operand` and the like; a list grows in place."""
        return self.result(_IN_PLACE[name](value, operand))

    def loaded(self, value):
        """Return an attribute that is not called at once: a bound method is made for it."""
        if isinstance(value, (types.MethodType, types.BuiltinMethodType)) and not isinstance(
            value.__self__, (types.ModuleType, type(None))
        ):
            self.alloc()
        return value

    def stored(self, owner, key):
        """Return `owner`, in front of `owner[key] = ...`."""
        if isinstance(owner, dict) and key not in owner:
            self.alloc()
        return owner

    def given(self, owner, name):
        """Return `owner`, in front of `owner.name = ...`."""
        if name not in getattr(owner, "__dict__", (name,)):
            self.alloc()
        return owner

    def slice(self, *bounds):
        """A slice is an object, and what it selects is another."""
        self.alloc()
        return slice(*bounds)

    def error(self, kind, *args):
        """Return the exception of a `raise`: without its arguments when there is no room."""
        if isinstance(kind, type) and issubclass(kind, BaseException):
            return kind(*args) if not self._locked() or self._text_kept() else kind()
        return self.call(kind, *args)

    def call(self, fn, *args, **kwargs):
        """Call `fn`: firmware as its twin, anything else for what it returns."""
        if not self._locked():
            return fn(*args, **kwargs)
        plain = getattr(fn, "__func__", fn)
        if isinstance(plain, types.FunctionType) and _is_firmware(plain):
            code = plain.__code__
            if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE):
                self.alloc()
            bound = getattr(fn, "__self__", None)
            count = len(args) + (bound is not None)
            if code.co_flags & inspect.CO_VARARGS and count > code.co_argcount:
                self.alloc()
            twin = _twin(plain)
            return twin(*args, **kwargs) if bound is None else twin(bound, *args, **kwargs)
        if isinstance(fn, type):
            if issubclass(fn, BaseException):
                return self.error(fn, *args)
            if fn not in (bool, int):
                self.alloc()
            return self.result(fn(*args, **kwargs))
        name = getattr(fn, "__name__", "")
        if _grows(getattr(fn, "__self__", None), name, args):
            self.alloc()
        value = fn(*args, **kwargs)
        if type(value) in (float, int, str, bytes, bytearray, tuple, list, memoryview):
            return value if name in _READERS else self.result(value)
        return value


_ALWAYS = Guard(lambda: True, lambda: _kept[0])
_kept = [False]


def call(fn, arg, text_kept=False):
    """Call fn(arg) as a hard handler. MemoryError where it would allocate on a board."""
    _kept[0] = text_kept
    if not callable(fn):
        raise TypeError("'%s' object isn't callable" % type(fn).__name__)
    if getattr(getattr(fn, "__func__", fn), "__code__", None) is None:
        fn(arg)
    else:
        _ALWAYS.call(fn, arg)


def _grows(owner, method, args):
    if isinstance(owner, list):
        if method in ("append", "insert"):
            return len(owner) >= 4 and not len(owner) & (len(owner) - 1)
        return method == "extend"
    if isinstance(owner, dict):
        return method == "update" or (method == "setdefault" and args[0] not in owner)
    return isinstance(owner, set) and method == "add" and args[0] not in owner


def _is_firmware(fn):
    return not fn.__code__.co_filename.startswith(_HOST)


_HOST = __file__.rpartition("simulator")[0]
_codes = {}  # code -> its twin, or itself where there is no source
_files = {}  # path -> the twins of its functions


def _twin(fn):
    code = fn.__code__
    known = _codes.get(code)
    if known is None:
        known = _codes[code] = _find(code)
    if known is code or NAME in code.co_names:
        return fn
    builtins = fn.__globals__.get("__builtins__")
    if not isinstance(builtins, dict) or NAME not in builtins:
        fn.__globals__[NAME] = _ALWAYS
    made = types.FunctionType(known, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
    made.__kwdefaults__ = fn.__kwdefaults__
    return made


def _find(code):
    path = code.co_filename
    if path not in _files:
        try:
            with open(path, encoding="utf-8") as file:
                _files[path] = dict(_inside(rewrite(file.read(), path)))
        except (OSError, SyntaxError, ValueError):
            _files[path] = {}
    found = _files[path].get(_key(code))
    return found if found is not None and found.co_freevars == code.co_freevars else code


def _key(code):
    return code.co_qualname, code.co_firstlineno, code.co_varnames[: code.co_argcount]


def _inside(code):
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield _key(part), part
            yield from _inside(part)


def rewrite(source, path):
    """Return the code of a firmware file that asks the guard."""
    tree = _Rewriter().visit(ast.parse(source, path))
    return compile(ast.fix_missing_locations(tree), path, "exec")


def _ask(name, *arguments):
    guard = ast.Name(NAME, ast.Load())
    return ast.Call(ast.Attribute(guard, name, ast.Load()), list(arguments), [])


def _either(node):
    """`guard.alloc() or node`."""
    return ast.copy_location(ast.BoolOp(ast.Or(), [_ask("alloc"), node]), node)


class _Rewriter(ast.NodeTransformer):
    def __init__(self):
        self._depth = 0  # what runs at import is never in a handler

    def _function(self, node):
        self._depth += 1
        node.body = [self.visit(part) for part in node.body]
        flat = []
        for part in node.body:
            flat += part if isinstance(part, list) else [part]
        node.body = flat
        self._depth -= 1
        if self._depth:
            return [ast.copy_location(ast.Expr(_ask("alloc")), node), node]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node):
        self._depth += 1
        node.body = self.visit(node.body)
        self._depth -= 1
        return _either(node) if self._depth else node

    def _display(self, node):
        self.generic_visit(node)
        loads = not isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del))
        return _either(node) if self._depth and loads else node

    visit_List = visit_Dict = visit_Set = visit_JoinedStr = _display
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _display

    def visit_FormattedValue(self, node):
        node.value = self.visit(node.value)  # the format may be a JoinedStr, which stays
        return node

    def visit_Tuple(self, node):
        constant = all(isinstance(part, ast.Constant) for part in node.elts)
        if constant:
            return node
        return self._display(node)

    def visit_Assign(self, node):
        target, value = node.targets[0], node.value
        if (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(value.elts) in (2, 3)
        ):
            # Two or three values change places on the stack.
            value.elts = [self.visit(part) for part in value.elts]
            node.targets = [self.visit(part) for part in node.targets]
            return node
        return self.generic_visit(node)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return ast.copy_location(_ask("result", node), node) if self._depth else node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if not self._depth or isinstance(node.op, ast.Not):
            return node
        if isinstance(node.operand, ast.Constant):
            return node
        return ast.copy_location(_ask("result", node), node)

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if not self._depth:
            return node
        target = node.target
        before = []
        owner = index = None

        def kept(expression, name):
            name = NAME + name
            before.append(ast.Assign([ast.Name(name, ast.Store())], expression))
            return ast.Name(name, ast.Load())

        if isinstance(target, ast.Attribute):
            owner = kept(target.value, "_owner")
        elif isinstance(target, ast.Subscript):
            owner, index = kept(target.value, "_owner"), kept(target.slice, "_index")

        def place(ctx):
            if index is not None:
                return ast.Subscript(owner, index, ctx)
            if owner is not None:
                return ast.Attribute(owner, target.attr, ctx)
            return ast.Name(target.id, ctx)

        operator_name = ast.Constant(type(node.op).__name__)
        value = _ask("in_place", operator_name, place(ast.Load()), node.value)
        statements = [*before, ast.Assign([place(ast.Store())], value)]
        return [ast.copy_location(statement, node) for statement in statements]

    def visit_Attribute(self, node):
        node.value = self.visit(node.value)
        if not self._depth:
            return node
        if isinstance(node.ctx, ast.Load):
            return ast.copy_location(_ask("loaded", node), node)
        if isinstance(node.ctx, ast.Store):
            node.value = _ask("given", node.value, ast.Constant(node.attr))
        return node

    def visit_Subscript(self, node):
        node.value = self.visit(node.value)
        if isinstance(node.slice, ast.Slice) and self._depth:
            parts = (node.slice.lower, node.slice.upper, node.slice.step)
            parts = [ast.Constant(None) if p is None else self.visit(p) for p in parts]
            node.slice = _ask("slice", *parts)
            return node
        node.slice = self.visit(node.slice)
        if self._depth and isinstance(node.ctx, ast.Store):
            if isinstance(node.slice, (ast.Name, ast.Constant)):
                node.value = _ask("stored", node.value, node.slice)
        return node

    def visit_For(self, node):
        header = node.iter
        counts = (
            isinstance(header, ast.Call)
            and isinstance(header.func, ast.Name)
            and header.func.id == "range"
        )
        if counts:
            header.args = [self.visit(part) for part in header.args]
            node.iter = ast.Tuple([], ast.Load())
        self.generic_visit(node)
        if counts:
            node.iter = header
        return node

    def visit_Raise(self, node):
        if self._depth and isinstance(node.exc, ast.Call) and not node.exc.keywords:
            made = node.exc
            arguments = [self.visit(part) for part in (made.func, *made.args)]
            node.exc = _ask("error", *arguments)
            return node
        return self.generic_visit(node)

    def visit_Call(self, node):
        fn = node.func
        if isinstance(fn, ast.Attribute):
            fn.value = self.visit(fn.value)  # the method is not bound first
        else:
            fn = self.visit(fn)
        node.args = [self.visit(part) for part in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        if not self._depth:
            return node
        spread = any(isinstance(part, ast.Starred) for part in node.args)
        spread = spread or any(keyword.arg is None for keyword in node.keywords)
        asked = _ask("call", fn, *node.args)
        asked.keywords = node.keywords
        return _either(asked) if spread else ast.copy_location(asked, node)
