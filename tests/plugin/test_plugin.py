"""The pytest plugin as its users meet it: each test runs pytest on a small test file."""

import pytest

# pytester forgets the modules that a run imported, and C extensions do not bear a second import.
import pinbench.session  # noqa: F401
import pinbench.simulator.machine.littlefs_host  # noqa: F401

DRIVER = '''
class Probe:
    """Reads the SHT4x's serial number, with the wait it needs or without."""

    def __init__(self, i2c, time):
        self.i2c, self.time = i2c, time
        time.sleep_ms(1)  # power-up (section 3.1)

    def read(self, wait_ms):
        self.i2c.writeto(0x44, b"\\x89")
        self.time.sleep_ms(wait_ms)
        return self.i2c.readfrom(0x44, 6)

def spin():
    while True:
        pass
'''


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """The command that repeats a test names the profile, if one is set; here none is."""
    monkeypatch.delenv("PINBENCH_PROFILE", raising=False)
HEAD = """
import pytest
from pinbench.chips.sht4x import SHT4x

def probe(bench, **physical):
    bench.i2c(0).add(SHT4x(**physical))
    return bench.load("probe").Probe(bench.load("machine").I2C(0), bench.load("time"))
"""


@pytest.fixture
def run(pytester):
    """Run pytest on a test file with the driver above in firmware/; returns its result."""
    pytester.mkdir("firmware").joinpath("probe.py").write_text(DRIVER)
    pytester.makeini("[pytest]\npinbench_roots = firmware\naddopts = -p no:randomly\n")

    def run(text, *options, **files):
        for name, content in files.items():
            pytester.path.joinpath("firmware", name + ".py").write_text(content)
        pytester.makepyfile(HEAD + text)
        return pytester.runpytest_inprocess(*options)

    return run


def test_bench_is_new_for_every_test(run):
    result = run("""
def test_one(bench):
    assert len(probe(bench).read(10)) == 6
    assert bench.kernel.now_us > 0

def test_two(bench):
    assert bench.kernel.now_us == 0
    assert bench.i2c(0).chips == []
""")
    result.assert_outcomes(passed=2)


def test_bench_is_new_for_every_example(run):
    result = run("""
from hypothesis import given, strategies as st

@given(rh_pct=st.floats(0, 100))
def test_given(bench, rh_pct):
    assert bench.kernel.now_us == 0
    assert bench.i2c(0).chips == []
    assert len(probe(bench, rh_pct=rh_pct).read(10)) == 6
    assert len(bench.i2c(0).chips) == 1
""")
    result.assert_outcomes(passed=1)


def test_given_method_of_a_class_works_too(run):
    result = run("""
from hypothesis import given, strategies as st

class TestGroup:
    @given(wait_ms=st.integers(10, 20))
    @pytest.mark.parametrize("address", [0x44, 0x45])
    def test_given(self, bench, address, wait_ms):
        assert bench.i2c(0).chips == []
        bench.i2c(0).add(SHT4x(address=address))
""")
    result.assert_outcomes(passed=2)


def test_unexpected_violation_fails_and_shows_the_transfers(run):
    result = run("""
def test_it(bench):
    probe(bench)
    bench.kernel.violation("sht4x", "read before it was asked (section 4.5)")
    bench.load("probe").Probe(bench.load("machine").I2C(0), bench.load("time")).read(10)
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "*sht4x: read before it was asked (section 4.5)*",
        "*bench: the last transfers*",
        "*i2c0*write to 0x44: 89*",
        "*i2c0*read from 0x44: *",
        "*bench: this test again*",
        "pytest test_*.py::test_it",
    ])


def test_unexpected_loss_fails(run):
    result = run("""
def test_it(bench):
    bench.kernel.loss("dropped callback", "timer")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*silent loss*dropped callback*"])


def test_expected_loss_and_violation_pass(run):
    result = run("""
def test_it(bench):
    bench.expect_silent_loss("dropped callback")
    bench.expect_violation("sht4x")
    bench.kernel.loss("dropped callback", "timer")
    bench.kernel.violation("sht4x", "read before it was asked")
""")
    result.assert_outcomes(passed=1)


def test_what_is_expected_must_come(run):
    result = run("""
def test_loss(bench):
    bench.expect_silent_loss("dropped callback")

def test_violation(bench):
    bench.expect_violation("sht4x")
""")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*expected and did not happen: dropped callback*"])
    result.stdout.fnmatch_lines(["*expected and did not happen: sht4x*"])


def test_loss_in_one_example_is_shrunk(run):
    result = run("""
from hypothesis import given, settings, strategies as st

@settings(derandomize=True, database=None)
@given(n=st.integers(0, 1000))
def test_it(bench, n):
    if n > 41:
        bench.kernel.loss("overflow", "uart")
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*n=42*"])


def test_failing_test_keeps_its_own_error(run):
    result = run("""
def test_it(bench):
    bench.kernel.loss("overflow", "uart")
    assert 1 == 2
""")
    result.stdout.fnmatch_lines(["*assert 1 == 2*"])


def test_seed_comes_from_the_marker_and_from_the_command_line(run):
    text = """
@pytest.mark.bench(seed=7)
def test_it(bench):
    assert bench.kernel.seed == 7
"""
    run(text).assert_outcomes(passed=1)
    result = run(text, "--bench-seed=8")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["pytest *::test_it --bench-seed=8"])


def test_marker_chooses_port_and_board(run):
    result = run("""
@pytest.mark.bench(profile="esp32")
def test_port(bench):
    assert bench.kernel.profile.name == "esp32" and bench.board is None

@pytest.mark.bench(board="esp32_s3_devkitc")
def test_board(bench):
    assert bench.kernel.profile.name == "esp32" and bench.board.title == "ESP32-S3-DevKitC-1"

@pytest.mark.bench(wiring={"pins": {"lamp": 3}})
def test_wiring(bench):
    machine, wiring = bench.load("machine"), bench.load("wiring")
    machine.Pin(wiring.PINS["lamp"], machine.Pin.OUT, value=1)
    assert bench.kernel.net("lamp").level == 1
""")
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    "marker, words",
    [
        ('board="pico"', "*there is no board 'pico'*rpi_pico_w*"),
        ('device="window"', "*needs a board*"),
        ('sede=7', "*no option 'sede'*seed*"),
        ('board="rpi_pico_w", device="kettle"', "*kettle is not wired on rpi_pico_w*"),
    ],
)
def test_wrong_marker_says_what_to_write(run, marker, words):
    result = run(f"""
@pytest.mark.bench({marker})
def test_it(bench):
    bench.i2c(0)
""")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([words])


def test_bare_bench_moves_its_clock(run):
    result = run("""
def test_it(bench):
    seen = []
    bench.kernel.at(90_000, seen.append, "late")
    bench.run_until(50_000)
    assert (bench.kernel.now_us, seen) == (50_000, [])
    bench.run_until("90 ms")
    assert seen == ["late"]
""")
    result.assert_outcomes(passed=1)


BLINK = """
import machine, time
led = machine.Pin(25, machine.Pin.OUT, value=0)
while True:
    print("on")
    led.value(1)
    time.sleep_ms(500)
    led.value(0)
    time.sleep_ms(500)
"""


def test_firmware_stands_still_between_two_looks(run):
    result = run("""
@pytest.mark.bench(main="blink.py")
def test_it(bench):
    net = bench.kernel.net("GP25")
    boot_us = bench.kernel.profile.boot_us
    for half in range(6):
        bench.run_until(boot_us + half * 500_000 + 250_000)
        assert net.level == (half + 1) % 2
    assert bench.boots == 1
""", blink=BLINK)
    result.assert_outcomes(passed=1)


def test_firmware_that_raises_stays_at_its_prompt(run):
    result = run("""
@pytest.mark.bench(main="broken.py")
def test_it(bench):
    bench.run_until("2 s")
    assert [r[3][0] for r in bench.kernel.trace.tail() if r[1] == "log"][-1] == "ValueError: no"
    bench.run_until("3 s")
    assert bench.kernel.now_us == 3_000_000
""", broken="raise ValueError('no')\n")
    result.assert_outcomes(passed=1)


def test_loop_that_calls_nothing_is_found(run, monkeypatch):
    monkeypatch.setattr("pinbench.handle.STALL_S", 0.2)
    result = run("""
@pytest.mark.bench(main="stuck.py")
def test_it(bench):
    bench.run_until("2 s")
""", stuck="import probe\nprobe.spin()\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*virtual time stands still*probe.py, line 1*"])


def test_make_bench_makes_benches_that_are_checked_too(run):
    result = run("""
def test_two(make_bench):
    one, two = make_bench(seed=1), make_bench(profile="esp32")
    one.run_until(10)
    assert (one.kernel.now_us, two.kernel.now_us) == (10, 0)

def test_loss(make_bench):
    make_bench().kernel.loss("overflow", "uart")

def test_after(bench, make_bench):
    pass
""")
    result.assert_outcomes(passed=2, failed=1)


def test_tests_without_a_bench_are_left_alone(run):
    result = run("""
def test_it():
    assert 1 == 2
""")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*bench: *")
