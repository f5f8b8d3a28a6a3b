"""The ways to cut one operation: what is left in the flash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.cuts.lives import Operation
from pinbench.cuts.sweep import torn, variants

UNIT = 256


def program(old, new):
    return Operation("program", 0, old, bytes(a & b for a, b in zip(old, new, strict=True)))


def erase(old):
    return Operation("erase", 4096, old, b"\xff" * len(old))


sizes = st.sampled_from([UNIT, 2 * UNIT, 4 * UNIT])
pages = sizes.flatmap(lambda n: st.tuples(*2 * [st.binary(min_size=n, max_size=n)]))


def test_a_program_is_cut_at_every_unit_and_in_its_bits():
    found = variants(program(b"\xff" * 1024, bytes(1024)), UNIT, seeds=(1, 2))
    assert found == ["before", "prefix256", "prefix512", "prefix768", "mix1", "mix2", "after"]
    assert variants(program(b"\xff" * 256, bytes(256)), UNIT) == ["before", "mix1", "after"]


def test_an_erase_has_no_prefix():
    assert variants(erase(bytes(4096)), UNIT) == ["before", "mix1", "after"]


@given(pages)
def test_each_bit_of_a_torn_program_is_old_or_new(page):
    operation = program(*page)
    for variant in variants(operation, UNIT, seeds=(1, 2, 3)):
        left = torn(operation, variant)
        assert len(left) == len(operation.old)
        for a, b, c in zip(operation.old, operation.new, left, strict=True):
            assert c & ~(a | b) == 0 and c & (a & b) == a & b


@given(pages)
def test_a_prefix_is_new_up_to_a_unit_and_old_after_it(page):
    operation = program(*page)
    for n in range(UNIT, len(operation.new), UNIT):
        left = torn(operation, f"prefix{n}")
        assert (left[:n], left[n:]) == (operation.new[:n], operation.old[n:])


@given(st.binary(min_size=512, max_size=512))
def test_each_byte_of_a_torn_erase_is_old_or_blank(old):
    left = torn(erase(old), "mix1")
    assert all(c in (a, 0xFF) for a, c in zip(old, left, strict=True))


def test_a_mix_is_a_function_of_its_seed_and_differs_between_seeds():
    operation = program(b"\xff" * 256, bytes(256))
    assert torn(operation, "mix1") == torn(operation, "mix1") != torn(operation, "mix2")
    assert torn(operation, "mix1") not in (operation.old, operation.new)


def test_before_and_after_are_the_ends():
    operation = erase(bytes(4096))
    assert torn(operation, "before") == operation.old
    assert torn(operation, "after") == operation.new


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="there is no variant half"):
        torn(erase(bytes(4096)), "half")
