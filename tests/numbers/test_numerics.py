"""A board's numbers on CPython: single precision as numpy's and the VM's, ints of 31 bits."""

import json
import operator
import struct
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench import vm
from pinbench.simulator import numerics
from pinbench.simulator.numerics import LARGEST, SMALLEST, Single, WideInt, single

FLOATS = st.floats(allow_nan=False, width=32)
DOUBLES = st.floats(allow_nan=False)
INTS = st.integers(-(1 << 40), 1 << 40)
OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
SMALL = {"float32": False, "int31": True}


def compiled(source, **rules):
    """Return the names of a piece of firmware after it ran under the rules."""
    made = numerics.rules(**rules)
    names = dict(made.names)
    code = made.compile(source, "piece.py")
    names.update(made.names)  # literals have been added
    exec(code, names)
    return names


F32 = {
    sign: compiled(f"def f(a, b):\n    return a {sign} b", float32=True)["f"]
    for sign in OPERATIONS
}


@given(a=DOUBLES, b=DOUBLES, sign=st.sampled_from(sorted(OPERATIONS)))
def test_four_operations_are_those_of_binary32(a, b, sign):
    with np.errstate(all="ignore"):
        x, y = np.float32(a), np.float32(b)
        if sign == "/" and y == 0:
            with pytest.raises(ZeroDivisionError):
                F32[sign](a, b)
            return
        wanted = OPERATIONS[sign](x, y)
    got = F32[sign](a, b)
    assert isinstance(got, Single)
    assert got == wanted or (got != got and wanted != wanted)


@given(a=INTS, b=FLOATS.filter(lambda x: x != 0), sign=st.sampled_from(sorted(OPERATIONS)))
def test_an_int_beside_a_float_is_rounded_first(a, b, sign):
    with np.errstate(all="ignore"):
        wanted = OPERATIONS[sign](np.float32(a), np.float32(b))
    assert F32[sign](a, single(b)) == wanted or wanted != wanted


@given(a=INTS, b=INTS.filter(bool))
def test_the_quotient_of_two_ints_is_a_single_and_the_other_results_are_ints(a, b):
    assert F32["/"](a, b) == np.float32(a) / np.float32(b)
    assert (F32["+"](a, b), F32["*"](a, b)) == (a + b, a * b)


@given(x=FLOATS)
def test_it_prints_the_fewest_digits_that_read_back(x):
    text = str(single(x))
    assert np.float32(float(text)) == np.float32(x)
    shortest = np.format_float_scientific(np.float32(x), unique=True, trim="-")
    assert float(text) == float(shortest) or len(text) <= len(shortest)
    assert f"{single(x)}" == str(single(x)) == repr(single(x)) == text


@pytest.mark.parametrize(
    "source, wanted",
    [
        ("0.1 + 0.2", "0.3"),
        ("1795528117 + 0.5", "1795528100.0"),
        ("16777217.0", "16777216.0"),
        ("16777217 == 16777216.0", "True"),
        ("sum([0.1] * 10)", "1.0000001"),
        ("1e30 * 1e30", "inf"),
        ("-1e-46", "0.0"),
        ("float('0.1') * 3", "0.3"),
        ("round(2.5), round(2.567, 1)", "(2, 2.6)"),
        ("'%.3f %s' % (1 / 3, 1 / 3)", "0.333 0.33333334"),
        ("f'{1 / 3} {1 / 3:.2f}'", "0.33333334 0.33"),
        ("[x / 10 for x in range(3)]", "[0.0, 0.1, 0.2]"),
        ("divmod(7.5, 2)", "(3.0, 1.5)"),
        ("7 // 2, 7 % 3, 1 << 4", "(3, 1, 16)"),
    ],
)
def test_what_firmware_sees(source, wanted):
    got = str(compiled(f"def f():\n    return {source}", float32=True)["f"]())
    assert got == wanted or (wanted == "0.0" and got == "-0.0")


def test_what_is_updated_in_place_is_found_once_and_stays_the_same_object():
    source = """
class Box:
    pass
def f(calls):
    def at():
        calls.append(1)
        return 0
    values, box = [0.1, 0.2], Box()
    box.list = same = []
    values[at()] += 0.2
    box.list += [0.5]
    box.x = 0.1
    box.x *= 3
    n = 5
    n //= 2
    return values, box.x, box.list is same, n
"""
    calls = []
    found = compiled(source, float32=True)["f"](calls)
    assert str(found) == "([0.3, 0.2], 0.3, True, 2)" and calls == [1]


VM_PROGRAM = """
import json, struct, sys
from array import array
with open(sys.argv[1]) as file:
    values = [struct.unpack("<d", bytes(value))[0] for value in json.load(file)]
print([list(struct.pack("<f", array("f", [value])[0])) for value in values])
"""


@pytest.mark.vm
def test_the_vm_rounds_in_the_same_way(tmp_path):
    rows = np.random.default_rng(1).bytes(8 * 500)
    doubles = [float(x) for x in np.frombuffer(rows) if x == x]
    doubles += [x * 2.0**e for x in (1 + 2**-24, 1 + 3 * 2**-24) for e in (-150, -127, 0, 127)]
    (tmp_path / "values.json").write_text(
        json.dumps([list(struct.pack("<d", x)) for x in doubles])
    )
    (tmp_path / "round.py").write_text(VM_PROGRAM)
    said = subprocess.check_output(
        [vm.binary(), tmp_path / "round.py", tmp_path / "values.json"], text=True
    )
    assert json.loads(said) == [list(struct.pack("<f", single(x))) for x in doubles]


@given(a=INTS, b=INTS, sign=st.sampled_from(["+", "-", "*", "&", "|", "^"]))
def test_an_int_that_leaves_31_bits_raises_and_any_other_does_not(a, b, sign):
    f = compiled(f"def f(a, b):\n    return a {sign} b", **SMALL)["f"]
    wanted = eval(f"a {sign} b", {"a": a, "b": b})
    if SMALLEST <= wanted <= LARGEST:
        assert f(a, b) == wanted
    else:
        with pytest.raises(WideInt, match="leaves 31 bits"):
            f(a, b)


@pytest.mark.parametrize(
    "body",
    [
        "return 1 << 30",
        "return -(1 << 30) - 1",
        "return 0xFFFFFFFF",
        "return int.from_bytes(b'\\xff' * 4, 'big')",
        "return [1 << n for n in range(31)]",
        "x = 1 << 29\n    x += x\n    return x",
        "return -SMALLEST",
        "return values[0]",
        "return ~WIDE",
    ],
)
def test_wide_ints_are_found_wherever_they_come_up(body):
    source = "WIDE = 0xFFFFFFFF\nSMALLEST = -(1 << 30)\nvalues = [1 << 40]\ndef f():\n    " + body
    f = compiled(source, **SMALL)["f"]  # at import they may be wide
    with pytest.raises(WideInt):
        f()


def test_the_largest_small_ints_pass():
    f = compiled("def f():\n    return (1 << 30) - 1, -(1 << 30), 0x3FFFFFFF", **SMALL)["f"]
    assert f() == (LARGEST, SMALLEST, LARGEST)
