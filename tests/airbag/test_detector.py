"""The fall detector's core: what must hold for any counts whatever, on both interpreters."""

import os
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinbench.evaluate import falls_core
from pinbench.evaluate.airbag_figures import bytecodes
from pinbench.evaluate.cores import FIRMWARE, core

STORY = Path(__file__).with_name("detector_story.py")
COUNTS = st.integers(-32768, 32767)
# Runs of equal samples, so that stuck and saturated axes come up as often as noise.
STREAM = st.lists(st.tuples(st.tuples(*[COUNTS] * 6), st.integers(1, 60)), min_size=1, max_size=8)
LIMIT = 1 << 30


def new():
    return core("airbag.detector").Detector()


def rows(stream):
    return [row for row, count in stream for _ in range(count)]


class Small(int):
    """An int that a 31-bit small integer of MicroPython can hold, and whose results must be so."""


def _checked(name):
    plain = getattr(int, name)

    def operation(self, *other):
        value = plain(self, *other)
        if value is NotImplemented or isinstance(value, bool):
            return value
        assert -LIMIT <= value < LIMIT, f"{name} of {int(self)} and {other} leaves 31 bits"
        return Small(value)

    return operation


for _name in ("add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "and", "or", "xor"):
    for _form in (f"__{_name}__", f"__r{_name}__"):
        setattr(Small, _form, _checked(_form))
for _form in ("__neg__", "__abs__"):
    setattr(Small, _form, _checked(_form))


class Guarded(list):
    """Stands in for an array: gives Small, takes what the array's type holds."""

    def __init__(self, values, bits):
        super().__init__(values)
        self.high = 1 << (bits - 1)

    def __getitem__(self, at):
        return Small(super().__getitem__(at))

    def __setitem__(self, at, value):
        assert -self.high <= value < self.high, f"{value} does not fit place {at}"
        super().__setitem__(at, value)


def guarded():
    detector = new()
    for name, bits in (
        ("_d", 31), ("_s", 31), ("_second", 31), ("_ring", 16), ("_x", 16), ("_spare", 16),
        ("_cuts", 16), ("_leaves", 16), ("_guesses", 16), ("_features", 16),
    ):  # fmt: skip
        setattr(detector, name, Guarded(getattr(detector, name), bits))
    return detector


@settings(max_examples=15)
@given(stream=STREAM)
def test_nothing_leaves_31_bits_and_the_answer_is_a_bool(stream):
    detector = guarded()
    first, *_ = rows(stream)
    detector.start(*map(Small, first[:3]))
    for row in rows(stream):
        assert type(detector.step(*map(Small, row))) is bool


@pytest.mark.long
@pytest.mark.parametrize(
    "pattern",
    [
        lambda k: [32767] * 6,
        lambda k: [-32768] * 6,
        lambda k: [32767 if k % 2 else -32768] * 6,
        lambda k: [(-32768, 32767)[(k >> axis) & 1] for axis in range(6)],
        lambda k: [-32768, 32767, -32768, 32767, -32768, 32767],
        lambda k: [0, -2049, 0, 32767, 32767, -32768],
    ],
)
def test_full_scale_for_seconds_leaves_31_bits_nowhere(pattern):
    detector = guarded()
    detector.start(*map(Small, pattern(0)[:3]))
    for k in range(700):
        detector.step(*map(Small, pattern(k)))


@pytest.mark.long
@given(stream=STREAM)
def test_the_compiled_core_is_the_interpreted_core(stream):
    if not falls_core.fast():
        pytest.skip("numba is not installed")
    import numpy as np

    counts = np.array(rows(stream), np.int16)
    tables = core("airbag.detector_tables")
    (fast,) = falls_core.wear(tables, [(None, counts)], keep=True)
    slow = falls_core.interpreted(new(), counts, keep=True)
    assert falls_core.same(fast, slow)
    assert fast.features is not None and slow.features is not None
    assert np.array_equal(fast.features, slow.features)


def test_every_sample_takes_the_same_work():
    """Branches differ by a few bytecodes; no loop's length depends on what is measured."""
    import random

    draw = random.Random(5)
    counts = []
    quiet = [0, -2049, 0, 0, 0, 0]
    for kind in ("quiet", "noise", "ends"):
        detector = new()
        detector.start(0, -2049, 0)
        for k in range(260):
            row = quiet
            if kind == "noise":
                row = [draw.randint(-32768, 32767) for _ in range(6)]
            elif kind == "ends":
                row = [draw.choice((-32768, 32767)) for _ in range(6)]
            if k > 200:
                counts.append(bytecodes(detector, row))
            else:
                detector.step(*row)
    assert max(counts) < 1.08 * min(counts), (min(counts), max(counts))
    assert max(counts) < 9600  # 1.5 ms at 0.156 us each; see MODEL_CARD.md


def test_nothing_is_left_over_from_a_step():
    """The arrays are those that were made at the start."""
    detector = new()
    before = {name: id(value) for name, value in vars(detector).items()}
    for k in range(300):
        detector.step(k * 97 % 4096 - 2048, -2049, k % 7, k * 31 % 999, -k, k)
    assert {name: id(value) for name, value in vars(detector).items()} == before


def fires(detector, make, samples=1500):
    detector.start(*make(0)[:3])
    return [k for k in range(samples) if detector.step(*make(k))]


def test_standing_and_lying_still_never_fire():
    for rest in ((0, -2049, 0), (0, 0, 2049), (2049, 0, 0), (1449, -1449, 0)):
        assert fires(new(), lambda k, rest=rest: [*rest, 0, 0, 0]) == []


@pytest.mark.parametrize("axis", range(6))
@pytest.mark.parametrize("value", [0, 32767, -32768])
def test_an_axis_that_sticks_while_the_wearer_stands_does_not_fire_alone(axis, value):
    def make(k):
        row = [0, -2049, 0, k % 5 - 2, k % 3 - 1, k % 7 - 3]
        if k > 600:
            row[axis] = value
        return row

    assert fires(new(), make) == []


def test_no_answer_within_the_first_second():
    detector = new()
    draw = [(-1) ** k * 9000 for k in range(104)]
    assert not any(detector.step(v, -v, v, v, v, v) for v in draw)


@given(stream=STREAM, cut=st.integers(1, 200))
def test_no_answer_depends_on_what_comes_later(stream, cut):
    whole = rows(stream)
    a, b = new(), new()
    first = [(a.step(*row), a.score) for row in whole[:cut]]
    assert first == [(b.step(*row), b.score) for row in whole][:cut]


@given(n=st.integers(0, LIMIT - 1))
def test_root_is_right_within_a_count_and_a_five_thousandth(n):
    motion = core("airbag.motion")
    found = motion.root(n, motion.roots())
    assert abs(found - n**0.5) <= 1 + n**0.5 / 5000


def test_tables_are_small_whole_and_sealed():
    tables = core("airbag.detector_tables")
    assert core("airbag.detector").intact(tables)
    assert len(tables.FEATURES) + len(tables.CUTS) + len(tables.LEAVES) <= 16384
    assert max(tables.FEATURES) < core("airbag.motion").FEATURES
    assert new().check()


@pytest.mark.parametrize("name", ["FEATURES", "CUTS", "LEAVES"])
@given(at=st.integers(0, 100000), bit=st.integers(0, 7))
def test_one_flipped_bit_in_the_tables_is_an_error(name, at, bit):
    import types

    tables = core("airbag.detector_tables")
    copy = types.SimpleNamespace(**{k: v for k, v in vars(tables).items() if k.isupper()})
    data = bytearray(getattr(tables, name))
    data[at % len(data)] ^= 1 << bit
    setattr(copy, name, bytes(data))
    with pytest.raises(ValueError, match="damaged tables"):
        core("airbag.detector").Detector(copy)


def test_tables_that_change_in_use_are_noticed():
    detector = new()
    detector._leaves[17] ^= 1
    assert not detector.check()


def test_a_calibration_outlives_a_start_and_goes_through_the_settings():
    """A wearer whose accelerometer reads 30 mg too much, standing still for ten seconds."""
    detector = new()
    for _ in range(1040):
        detector.step(0, -2110, 0, 29, 0, 0)
    learnt = detector.calibration()
    offset, bias = array("i", learnt)[1] / 256, array("i", learnt)[3] / 256
    assert abs(offset + 61) < 6 and abs(bias - 29) < 3
    detector.start(0, -2049, 0)
    assert detector.calibration() == learnt
    other = new()
    other.wear(learnt)
    assert other.calibration() == learnt
    other.wear()
    assert other.calibration() != learnt


@pytest.mark.parametrize("wrong", [b"", b"123", bytes(36), b"\xff\x7f" * 18])
def test_what_is_no_calibration_is_refused(wrong):
    with pytest.raises(ValueError, match="not a calibration"):
        new().wear(wrong)


def tell(interpreter):
    return subprocess.run(
        [interpreter, str(STORY), str(FIRMWARE)], capture_output=True, text=True, timeout=120
    )


@pytest.mark.long
@pytest.mark.vm
def test_the_real_vm_says_the_same_with_its_heap_locked():
    micropython = os.environ.get("PINBENCH_MICROPYTHON") or Path(sys.executable).with_name(
        "micropython"
    )
    there, here = tell(str(micropython)), tell(sys.executable)
    assert here.returncode == 0, here.stderr
    assert there.returncode == 0, there.stdout[-2000:] + there.stderr
    assert there.stdout.splitlines() == here.stdout.splitlines()
    assert len(here.stdout.splitlines()) == 14


@pytest.mark.long
@pytest.mark.needs_data
def test_recorded_falls_and_activities_leave_31_bits_nowhere():
    """The last four seconds of recordings of both sets, impacts included."""
    from pinbench.evaluate import falls_data

    for path in falls_data.find(os.environ["PINBENCH_DATA"]).values():
        trials = falls_data.index(path)
        chosen = [t for t in trials if t.is_fall][:1] + [t for t in trials if not t.is_fall][:1]
        for _, counts in falls_data.read(path, sorted(chosen, key=trials.index)):
            detector = guarded()
            rows = counts[-416:].tolist()
            detector.start(*map(Small, rows[0][:3]))
            for row in rows:
                detector.step(*map(Small, row))
