"""Numbers as a board has them, for firmware that CPython runs (host only).

`float32`: every float that the firmware computes, reads or writes down is rounded to binary32, as
on rp2 and esp32 (NUM-01). Operands are rounded as well, ints among them, before a float comes of
them; the result of +, -, *, / and sqrt is then the right one, since binary64 carries more than
twice the digits. Of exp, log and the like it is the nearest one, where a board's library may be a
last place off.

`int31`: an int outside -2**30 to 2**30-1 that comes up inside a function raises WideInt. On a
board it is an object on the heap, for which a hard handler has no room (NUM-02). What is computed
while a module is imported may be wide: that happens once, outside handlers.

Both work on the firmware's syntax tree: operators, calls, subscripts and literals go through the
functions that `Numerics.names` gives. Comparing two floats that came from outside rounds nothing.
"""

import ast
import operator
from contextlib import contextmanager
from copy import copy
from ctypes import c_float

SMALLEST, LARGEST = -(1 << 30), (1 << 30) - 1


class WideInt(AssertionError):
    """An int left 31 bits."""


class Single(float):
    """A float that binary32 can hold; it prints as MicroPython prints it: `single` makes one."""

    __slots__ = ()

    def __repr__(self):
        for digits in range(1, 10):  # the fewest digits that read back as the same number
            text = f"{float(self):.{digits}g}"
            if c_float(float(text)).value == self:
                return float.__repr__(float(text))
        return float.__repr__(self)  # inf and nan

    __str__ = __repr__

    def __format__(self, spec):
        return float.__format__(self, spec) if spec else repr(self)

    def __lt__(self, other):
        return float.__lt__(self, _rounded(other))

    def __le__(self, other):
        return float.__le__(self, _rounded(other))

    def __gt__(self, other):
        return float.__gt__(self, _rounded(other))

    def __ge__(self, other):
        return float.__ge__(self, _rounded(other))

    def __eq__(self, other):
        return float.__eq__(self, _rounded(other))

    def __ne__(self, other):
        return float.__ne__(self, _rounded(other))

    __hash__ = float.__hash__  # type: ignore[assignment]


def single(value):
    """Return `value`, an int or a float, as the nearest Single; inf beyond 3.4e38."""
    return Single(_rounded(value))


def _rounded(value):
    kind = type(value)
    if kind is float or kind is int:
        try:
            return c_float(value).value
        except OverflowError:  # an int beyond binary64
            return float("inf") if value > 0 else float("-inf")
    return value


_BINARY = {
    ast.Add: ("add", operator.add, operator.iadd),
    ast.Sub: ("sub", operator.sub, operator.isub),
    ast.Mult: ("mul", operator.mul, operator.imul),
    ast.Div: ("div", operator.truediv, operator.itruediv),
    ast.FloorDiv: ("floordiv", operator.floordiv, operator.ifloordiv),
    ast.Mod: ("mod", operator.mod, operator.imod),
    ast.Pow: ("pow", operator.pow, operator.ipow),
    ast.LShift: ("lshift", operator.lshift, operator.ilshift),
    ast.RShift: ("rshift", operator.rshift, operator.irshift),
    ast.BitAnd: ("and", operator.and_, operator.iand),
    ast.BitOr: ("or", operator.or_, operator.ior),
    ast.BitXor: ("xor", operator.xor, operator.ixor),
}
_UNARY = {ast.USub: "neg", ast.Invert: "inv"}
_PREFIX = "_pinbench_"
_OUTSIDE = "_pinbench_outside_"  # at import: no guard


class Numerics:
    """One choice of the two rules. `names` is what rewritten code needs among its globals."""

    def __init__(self, float32=False, int31=False):
        self.float32 = float32
        self.int31 = int31
        self._lenient = 0
        self.names = {"sum": self._sum} if float32 else {}
        for prefix, guarded in ((_PREFIX, int31), (_OUTSIDE, False)):
            self.names[prefix + "value"] = self._value(guarded)
            self.names[prefix + "neg"] = self._operation(operator.neg, guarded)
            self.names[prefix + "inv"] = self._operation(operator.invert, guarded)
            for name, plain, in_place in _BINARY.values():
                self.names[prefix + name] = self._operation(plain, guarded)
                self.names[prefix + "i" + name] = self._operation(in_place, guarded)

    def compile(self, source, path):
        """Return the code of a firmware file, rewritten."""
        tree = _Rewriter(self).visit(ast.parse(source, path))
        return compile(ast.fix_missing_locations(tree), path, "exec")

    def literal(self, value, prefix):
        """Return the expression that stands for a literal."""
        if type(value) is float and self.float32:
            name = _PREFIX + value.hex()
            self.names[name] = single(value)
            return ast.Name(name, ast.Load())
        if (
            self.int31
            and type(value) is int
            and prefix == _PREFIX
            and not SMALLEST <= value <= LARGEST
        ):
            return _call(prefix + "value", ast.Constant(value))
        return ast.Constant(value)

    @contextmanager
    def lenient(self):
        """Within it wide ints pass: for what runs before the handlers do."""
        self._lenient += 1
        try:
            yield
        finally:
            self._lenient -= 1

    def _sum(self, values, start=0):
        add = self.names[_PREFIX + "add"]
        for value in values:
            start = add(start, value)
        return start

    def _value(self, int31):
        float32 = self.float32

        def value(value):
            """What came from a call, a subscript or a literal."""
            kind = type(value)
            if kind is float:
                return single(value) if float32 else value
            if kind is int:
                if int31 and not SMALLEST <= value <= LARGEST and not self._lenient:
                    raise WideInt(f"{value} leaves 31 bits")
            elif float32 and kind is tuple and float in map(type, value):
                return tuple([single(part) if type(part) is float else part for part in value])
            return value

        return value

    def _operation(self, plain, int31):
        float32 = self.float32

        def operation(*operands):
            result = plain(*operands)
            kind = type(result)
            if kind is float:
                if float32:
                    for operand in operands:
                        if type(operand) is not Single:
                            result = plain(*map(_rounded, operands))
                            break
                    return Single(c_float(result).value)
            elif kind is int and int31 and not SMALLEST <= result <= LARGEST and not self._lenient:
                told = ", ".join(map(str, operands))
                raise WideInt(f"{plain.__name__}({told}) is {result}, which leaves 31 bits")
            return result

        return operation


def _call(name, *arguments):
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


class _Rewriter(ast.NodeTransformer):
    def __init__(self, rules):
        self._rules = rules
        self._prefix = _OUTSIDE

    def _call(self, name, *arguments):
        return _call(self._prefix + name, *arguments)

    def visit_Constant(self, node):
        return ast.copy_location(self._rules.literal(node.value, self._prefix), node)

    def visit_JoinedStr(self, node):
        for part in node.values:  # the text between is constants too, and stays
            if isinstance(part, ast.FormattedValue):
                part.value = self.visit(part.value)
                if part.format_spec is not None:
                    self.visit(part.format_spec)
        return node

    def visit_BinOp(self, node):
        known = _folded(node)
        if known is not None:
            return ast.copy_location(self._rules.literal(known, self._prefix), node)
        self.generic_visit(node)
        name = _BINARY.get(type(node.op), (None,))[0]
        return (
            node
            if name is None
            else ast.copy_location(self._call(name, node.left, node.right), node)
        )

    def visit_UnaryOp(self, node):
        known = _folded(node)
        if known is not None:
            return ast.copy_location(self._rules.literal(known, self._prefix), node)
        self.generic_visit(node)
        name = _UNARY.get(type(node.op))
        return node if name is None else ast.copy_location(self._call(name, node.operand), node)

    def visit_Call(self, node):
        self.generic_visit(node)
        return ast.copy_location(self._call("value", node), node)

    def visit_Subscript(self, node):
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            return ast.copy_location(self._call("value", node), node)
        return node

    def visit_AugAssign(self, node):
        """`a.b[i] += x` evaluates `a.b` and `i` once, as it did."""
        self.generic_visit(node)
        before = []

        def kept(expression, name):
            name = _PREFIX + name
            before.append(ast.Assign([ast.Name(name, ast.Store())], expression))
            return ast.Name(name, ast.Load())

        target = node.target
        if isinstance(target, ast.Attribute):
            target.value = kept(target.value, "owner")
        elif isinstance(target, ast.Subscript):
            target.value = kept(target.value, "owner")
            target.slice = kept(target.slice, "index")
        read = copy(target)
        read.ctx = ast.Load()
        result = self._call("i" + _BINARY[type(node.op)][0], read, node.value)
        statements = [*before, ast.Assign([target], result)]
        return [ast.copy_location(statement, node) for statement in statements]

    def visit_AnnAssign(self, node):
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_FunctionDef(self, node):
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        node.returns = None
        return self._inside(node)

    def visit_AsyncFunctionDef(self, node):
        return self.visit_FunctionDef(node)

    def visit_Lambda(self, node):
        return self._inside(node)

    def _inside(self, node):
        before, self._prefix = self._prefix, _PREFIX
        self.generic_visit(node)
        self._prefix = before
        return node


_FOLD = {ast.USub: operator.neg, ast.Invert: operator.invert, ast.UAdd: operator.pos}


def _folded(node):
    """Return what a constant expression of ints comes to, as the compiler on a board folds it
    too, or None; -1.5 is one as well."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return -node.operand.value if type(node.operand.value) in (int, float) else None
        value = _folded(node.operand)
        fold = _FOLD.get(type(node.op))
        return None if value is None or fold is None else fold(value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        if isinstance(node.op, (ast.Div, ast.Pow)):
            return None
        left, right = _folded(node.left), _folded(node.right)
        if type(left) is not int or type(right) is not int:
            return None
        try:
            return _BINARY[type(node.op)][1](left, right)
        except (ValueError, ZeroDivisionError):
            return None  # it raises where it stands
    return None


_made = {}


def rules(float32=False, int31=False):
    """Return the Numerics of a choice, one for all who make it; None for neither rule."""
    if not float32 and not int31:
        return None
    key = bool(float32), bool(int31)
    if key not in _made:
        _made[key] = Numerics(*key)
    return _made[key]
