"""The log: one line a message, once or now and then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def said():
    return []


def make(bench, said, **options):
    return bench.load("services.log").Log(said.append, **options)


def test_a_message_is_one_line(bench, said):
    log = make(bench, said, keep=2)
    log.line("a\nb\rc")
    log.line("d")
    log.line("e")
    assert said == ["a b c", "d", "e"]
    assert log.recent() == ["d", "e"]


def test_a_fault_is_said_once_until_it_is_over(bench, said):
    log = make(bench, said)
    for _ in range(3):
        log.fault("bmp390", "BMP390 does not answer")
    assert log.faults() == ["bmp390"]
    assert log.well("bmp390", "BMP390 answers again")
    assert not log.well("bmp390", "BMP390 answers again")
    log.fault("bmp390", "BMP390 does not answer")
    assert said == ["BMP390 does not answer", "BMP390 answers again", "BMP390 does not answer"]


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=30))
def test_limited_lines_keep_their_distance_and_count_the_rest(bench, gaps_ms):
    said = []
    log = make(bench, said)
    last = None
    held = 0
    expected = []
    for gap in gaps_ms:
        bench.kernel.run_until(bench.kernel.now_us + gap * 1000)
        now = bench.kernel.now_us // 1000
        if last is None or now - last >= 1000:
            expected.append("busy" if not held else f"busy (and {held} more)")
            last, held = now, 0
        else:
            held += 1
        log.limited("k", "busy", 1000)
    # Each call costs a microsecond or two, which can round a gap of just 1000 ms down.
    assert len(said) == len(expected)


@pytest.mark.parametrize("gap_ms", [(1 << 29) + 1000, (1 << 30) - 5 + 3000])
def test_limited_speaks_again_after_days(bench, said, gap_ms):
    log = make(bench, said)
    log.limited("k", "busy", 1000)
    bench.kernel.run_until(bench.kernel.now_us + gap_ms * 1000)
    log.limited("k", "busy", 1000)
    assert said == ["busy", "busy"]


def test_errors_are_described_alike_on_both_interpreters(bench):
    describe = bench.load("services.log").describe
    assert describe(OSError(5)) == "OSError: 5"
    assert describe(ValueError("no")) == "ValueError: no"
    assert describe(KeyError()) == "KeyError"
