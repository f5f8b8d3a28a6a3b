"""The world gives the same integers, and the same trace, on the real MicroPython VM."""

import pytest


@pytest.mark.long
@pytest.mark.vm
def test_both_interpreters_print_the_same(printed):
    here, there = printed("vm_window.py")
    assert len(here) > 25
    assert here == there
