"""Playing scenarios on both interpreters, and telling where their traces part."""

import os
from pathlib import Path

import pytest

from pinbench import play, scenario, vm
from pinbench.paths import SCENARIOS
from pinbench.report.table import story
from pinbench.scenario import ScenarioError

TRAPS = Path(__file__).parent / "diff_traps"
ALL = sorted(SCENARIOS.glob("*/*.toml"))
WEEK_US = 6 * 86_400_000_000
BUSY = ("always_moving.toml",)
DIFF_ALWAYS = (
    "brown_out.toml",
    "rain_sensor_unplugged.toml",
    "ticks_wrap.toml",
    "welded_relay.toml",
)


def runs(paths):
    return [run for path in paths for run in scenario.load(path)]


def short(run):
    return Path(run.name).name


def marked(paths):
    """The runs as parameters of a test; those of hours and those of many events are long ones."""
    hours_us = 4 * 3_600_000_000
    return [
        pytest.param(
            run,
            id=short(run),
            marks=[pytest.mark.long] * (run.job["end_us"] > hours_us or short(run) in BUSY),
        )
        for run in runs(paths)
    ]


@pytest.fixture
def device(tmp_path):
    """Write a device of a few lines; returns its scenario."""

    def write(source, lasts="5 s", more=""):
        (tmp_path / "lamp").mkdir()
        (tmp_path / "lamp" / "main.py").write_text(source)
        path = tmp_path / "lamp.toml"
        head = 'why = "A lamp."\ndevice = "lamp"\nboard = "rpi_pico_w"\n'
        path.write_text(f'{head}lasts = "{lasts}"\n{more}')
        return path

    return write


BLINK = """
import time
from machine import Pin
led = Pin(2, Pin.OUT)
for n in range(4):
    led.value(n & 1)
    time.sleep_ms(250)
print("done")
"""


@pytest.mark.parametrize("runtime", play.RUNTIMES)
def test_a_device_is_played(device, runtime):
    lines = []
    path = device(BLINK, more="[[expect]]\nthat = \"log says 'done' once\"\n")
    outcome = play.play(path, runtime, sinks=[lines.append])
    assert outcome.held, outcome
    assert [line.split("|")[1:] for line in lines if "|GP2|" in line] == [
        ["net", "GP2", "1"],
        ["net", "GP2", "0"],
        ["net", "GP2", "1"],
    ]
    assert outcome.simulated_us == 5_000_000
    assert outcome.records == len(lines)


@pytest.mark.parametrize("runtime", play.RUNTIMES)
def test_what_did_not_hold_is_told_with_the_command_that_repeats_it(device, runtime):
    path = device(BLINK, more="[[expect]]\nthat = \"log says 'done' never\"\n")
    outcome = play.play(path, runtime, seed=3, profile="rp2350")
    assert not outcome.held
    (failure,) = outcome.failures
    assert failure["that"] == "log says 'done' never"
    assert 1_000_000 < failure["time_us"] - 300_000 < 1_001_000  # it boots for 300 ms
    assert outcome.command.startswith(f"pinbench sim {path}")
    assert outcome.command.endswith("--port-profile rp2350 --seed 3")
    assert outcome.tail


def test_equal_traces_are_equal(device):
    found = play.diff(device(BLINK))
    assert found.equal, found.story()
    assert found.records > 4


def test_an_unknown_runtime_is_refused(device):
    with pytest.raises(ValueError, match="choose cpython or micropython"):
        play.play(device(BLINK), "jython")


def test_a_sweep_is_not_one_run(tmp_path):
    path = SCENARIOS / "window" / "hand_in_the_gap.toml"
    with pytest.raises(ScenarioError, match="has 12 runs: name one"):
        play.play(path)


# -- devices that diff must catch, at the right event


@pytest.mark.parametrize(
    "name, event_before",
    [
        ("set_order", "|log||start"),
        ("identity", "|log||start"),
        ("equal_times", "|log||button"),
        ("float_text", "|log||dew point "),
    ],
)
def test_diff_catches(name, event_before):
    found = play.diff(TRAPS / f"{name}.toml")
    assert found.at is not None, found.story()
    mine, other = (line.split("|") for line in (found.cpython, found.micropython))
    assert mine[:2] == other[:2] and mine[1] == "log"  # the same event, at the same time
    assert mine[3] != other[3]
    assert event_before in found.before[-1]
    told = found.story()
    assert "cpython:" in told and "micropython:" in told
    assert f"again: pinbench diff {TRAPS / name}.toml" in told


def test_diff_finds_the_first_float_that_differs():
    found = play.diff(TRAPS / "float_text.toml")
    mine, other = (line.rsplit(" ", 1)[1] for line in (found.cpython, found.micropython))
    assert mine != other
    assert found.before[-1].split("|")[3].startswith("dew point")


# -- runs that do not come to an end

SPIN = """
import time
time.sleep_ms(100)
n = 0
while True:
    n += 1
"""


@pytest.mark.parametrize("runtime", play.RUNTIMES)
def test_a_loop_that_calls_nothing_is_found(device, runtime):
    path = device(SPIN)
    outcome = play.play(path, runtime, stall_s=1.0)
    assert not outcome.held
    assert "a loop that calls nothing, at" in outcome.error
    assert "lamp/main.py, line" in outcome.error
    assert outcome.error[-1] in "56"


def test_a_busy_wait_ends(device):
    source = "import time\nt = time.ticks_ms()\nwhile time.ticks_diff(time.ticks_ms(), t) < 50:\n"
    outcome = play.play(device(source + "    pass\nprint('over')\n"), stall_s=5.0)
    assert outcome.held and not outcome.error


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """Run these lines instead of a job on the VM."""

    def replace(source):
        path = tmp_path / "entry.py"
        path.write_text(source)
        monkeypatch.setattr(vm, "ENTRY", path)

    return replace


def test_a_vm_without_memory_says_so(entry):
    entry("x = []\nwhile True:\n    x.append(bytearray(10000))\n")
    with pytest.raises(vm.VMError, match="heap of 100000 bytes is too small"):
        list(vm.VM({}, heap_bytes=100_000))


def test_a_vm_that_raises_says_where(entry):
    entry("print('1|log||hello')\nprint(undefined)\n")
    lines = []
    with pytest.raises(vm.VMError, match="NameError.*entry.py, line 2"):
        lines.extend(iter(vm.VM({})))


def test_a_vm_that_is_killed_says_so(entry):
    entry("import os\nos.system('kill -9 $PPID')\n")
    with pytest.raises(vm.VMError, match="signal 9"):
        list(vm.VM({}))


def test_a_vm_that_is_missing_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PINBENCH_MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(vm.VMError, match="/nowhere/micropython, which cannot be run"):
        vm.binary()


def test_the_result_is_no_part_of_the_trace(entry):
    entry("print('1|log||hello')\nprint('=RESULT {\"held\": true}')\n")
    run = vm.VM({})
    assert list(run) == ["1|log||hello"]
    assert run.result == {"held": True}


# -- the window's scenarios


@pytest.mark.parametrize("run", marked(ALL))
def test_the_scenario_holds(run):
    outcome = play.play(run)
    assert outcome.held, story(outcome)


@pytest.mark.parametrize("name", DIFF_ALWAYS)
def test_both_interpreters_agree(name):
    found = play.diff(SCENARIOS / "window" / name)
    assert found.equal, found.story()


@pytest.mark.long
@pytest.mark.parametrize("run", runs(ALL), ids=short)
def test_both_interpreters_agree_on_all(run):
    if run.job["end_us"] > WEEK_US and os.environ.get("PINBENCH_PROFILE") != "long":
        pytest.skip("a week takes over a minute on the VM: in the long profile")
    found = play.diff(run)
    assert found.equal, found.story()
