"""Scenario files: what a good one becomes, and the one sentence that a bad one gets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench import faults, scenario
from pinbench.durations import parse_us, show_us
from pinbench.scenario import ScenarioError
from pinbench.worlds import catalogue

HEAD = """
why = "A test."
device = "window"
board = "rpi_pico_w"
seed = 7
lasts = "2 h"
"""
CSV = """time,temp_c,rh_pct,pressure_hpa,precip_mm,wind_ms
2013-06-07T05:00:00Z,20.0,60.0,1013.2,1.5,2.0
2013-06-07T06:00:00Z,20.5,61.5,1013.0,0.25,2.5
2013-06-07T07:00:00Z,,62,,,
2013-06-07T08:00:00Z,19,,1012,0.5,3
"""


@pytest.fixture
def write(tmp_path):
    def write_scenario(text, name="shower.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write_scenario


def job_of(path):
    (run,) = scenario.load(path)
    assert json.loads(json.dumps(run.job)) == run.job, "a job is plain data"
    return run.job


# -- good ones


def test_the_head_becomes_the_job(write):
    job = job_of(write(HEAD))
    assert (job["device"], job["board"], job["profile"]) == ("window", "rpi_pico_w", "rp2")
    assert (job["seed"], job["end_us"], job["start_ticks_us"]) == (7, 7_200_000_000, 0)
    assert job["wiring"]["chips"]["humidity"]["address"] == 0x44


def test_recorded_weather_is_cut_out_and_scaled(write, tmp_path):
    (tmp_path / "w.csv").write_text(CSV)
    text = HEAD.replace('lasts = "2 h"', "")
    text += '[world]\nweather = "w.csv"\nfrom = 2013-06-07T06:00:00Z\nhours = 2'
    job = job_of(write(text))
    assert job["end_us"] == 7_200_000_000
    assert job["world"]["weather"] == [
        [0, 6150, 2050, 101300, 0, 250],  # its rain fell before the start
        [60, 6200, 2050, -1, 0, 250],  # what is missing stays as it was; pressure is missing
        [120, 6200, 1900, 101200, 500, 300],
    ]


def test_weather_can_stand_in_the_file(write):
    job = job_of(
        write(HEAD + "[world]\nweather = [[0, 50, 20, 1013, 0, 1], [5, 55.5, 19, 1012, 2, 3]]")
    )
    assert job["world"]["weather"][1] == [5, 5550, 1900, 101200, 2000, 300]


def test_weather_with_uneven_steps_is_drawn_at_equal_ones(write):
    rows = "[[0, 50, 20, 1000, 0, 0], [10, 60, 20, 1001, 0, 0], [15, 60, 10, 1001, 3, 0]]"
    job = job_of(write(HEAD + "[world]\nweather = " + rows))
    assert job["world"]["weather"] == [
        [0, 5000, 2000, 100000, 0, 0],
        [5, 5500, 2000, 100050, 0, 0],
        [10, 6000, 2000, 100100, 0, 0],
        [15, 6000, 1000, 100100, 3000, 0],
    ]


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), min_size=1, max_size=9))
def test_no_rain_is_lost_between_uneven_rows(spans):
    minute, rows = 0, [[0, 50, 20, 1013, 0, 0]]
    for span, rain_mm in spans:
        minute += span
        rows.append([minute, 50, 20, 1013, rain_mm, 0])
    drawn = scenario._inline_weather(rows)
    assert sum(row[4] for row in drawn) == 1000 * sum(rain_mm for _, rain_mm in spans)
    assert drawn[-1][0] == minute


def test_a_fault_on_a_chip_is_found_by_its_role_or_kind(write):
    entry = '[[at]]\ntime = "9 min"\ndo = "fault"\nkind = "nack"\nfor = "40 s"\nchip = "{}"\n'
    job = job_of(write(HEAD + entry.format("bmp390") + entry.format("pressure")))
    first, second = job["timeline"]
    assert first == second
    assert (first["kind"], first["target"]) == ("address_nack", "pressure")
    assert (first["time_us"], first["for_us"]) == (540_000_000, 40_000_000)


@pytest.mark.parametrize(
    "keys, params",
    [
        ('kind = "stuck_pin"\nnet = "hall_a"\nlevel = 1', {"level": 1}),
        ('kind = "power_cut"\noff = "3 s"', {"off_ms": 3000}),
        ('kind = "uart_delay"\nuart = "rain"\nby = "40 ms"', {"us": 40_000}),
        ('kind = "bit_flip"\nchip = "current"\nbit = 3\ncount = 2', {"bit": 3, "count": 2}),
        ('kind = "sda_low"\nbus = "climate"', {}),
    ],
)
def test_faults_take_their_parameters(write, keys, params):
    job = job_of(write(HEAD + '[[at]]\ntime = "1 s"\ndo = "fault"\n' + keys))
    assert job["timeline"][0]["params"] == params


def test_an_absent_chip_never_answers(write):
    job = job_of(write(HEAD + 'absent = ["current"]'))
    (entry,) = job["timeline"]
    assert (entry["time_us"], entry["kind"], entry["target"]) == (0, "address_nack", "current")


def test_ticks_wrap_within_the_time_that_is_asked_for(write):
    start = job_of(write(HEAD + 'ticks_wrap_in = "90 s"'))["start_ticks_us"]
    wrap = 1 << 30
    assert start % wrap == wrap - 90_000_000
    assert (start // 1000 + 90_000) % wrap == 0


def test_a_sweep_is_one_run_for_each_value(write):
    path = write(
        HEAD + '[sweep]\nmm = [4, 90]\nn = [1, 65]\n[[at]]\ntime = "1 s"\ndo = "obstacle"\n'
        'gap_mm = "{mm}"\nstiffness_n_per_mm = "{n}"'
    )
    runs = scenario.load(path)
    assert [run.job["timeline"][0]["params"]["gap_mm"] for run in runs] == [4, 90]
    assert [run.name for run in runs] == [f"{path}#mm=4,n=1", f"{path}#mm=90,n=65"]
    (chosen,) = scenario.load(f"{path}#mm=90,n=65")
    assert chosen == runs[1]


def test_expectations_become_checks(write):
    job = job_of(
        write(
            HEAD + '[[expect]]\nthat = "sash is closed"\nbefore = "first drop"\n'
            '[[expect]]\nthat = "force on obstacle stays under 100 N"\n'
            '[[expect]]\nthat = "log says \'BMP390 does not answer\' once"\nafter = "9 min"\n'
        )
    )
    closed, force, said = job["expect"]
    assert (closed["measure"], closed["op"], closed["before"]) == ("sash_um", "<=", "first drop")
    assert (force["op"], force["value"], force["at"]) == ("<", 100_000, "always")
    assert (said["says"], said["value"], said["after"]) == (
        "BMP390 does not answer",
        1,
        540_000_000,
    )


def test_a_device_beside_its_scenario_can_be_played(write, tmp_path):
    (tmp_path / "lamp").mkdir()
    (tmp_path / "lamp" / "main.py").write_text("print('on')\n")
    job = job_of(write(HEAD.replace('"window"', '"lamp"')))
    assert (job["roots"], job["main"]) == ([str(tmp_path)], "lamp/main.py")
    assert job["world"] is None


# -- bad ones: one sentence that says what is wrong, and what would be right

WEATHER_ROW = "[world]\nweather = [[0, 50, 20, 1013, 0, 1]]\n"
AT = '[[at]]\ntime = "1 s"\n'
BAD = {
    "a misspelt key": (HEAD + "sed = 1", "'sed' is no key of a scenario: did you mean 'seed'?"),
    "no device": (HEAD.replace("device", "why2"), "is no key"),
    "no why": (HEAD.replace('why = "A test."', ""), 'why = "..." is missing'),
    "no length": (HEAD.replace('lasts = "2 h"', ""), "say how long it runs"),
    "not TOML": (HEAD + "[[", "not TOML"),
    "an unknown board": (HEAD.replace("pico_w", "pico_x"), "there is no board 'rpi_pico_x'"),
    "an unknown device": (HEAD.replace('"window"', '"windwo"'), "did you mean 'window'?"),
    "an unknown profile": (HEAD + 'port_profile = "rp1"', "did you mean 'rp"),
    "a seed that is none": (HEAD.replace("7", '"seven"'), "seed must be a whole number"),
    "a time without unit": (HEAD.replace('"2 h"', '"2"'), "lasts: '2' is no time"),
    "an unknown action": (HEAD + AT + 'do = "obstcale"', "did you mean 'obstacle'?"),
    "an unknown parameter": (HEAD + AT + 'do = "obstacle"\ngap = 3', "did you mean 'gap_mm'?"),
    "a parameter out of range": (
        HEAD + AT + 'do = "obstacle"\ngap_mm = 500',
        "gap_mm of 'obstacle' must lie between -1 and 400, not 500",
    ),
    "a world's table that is none": (
        HEAD + "[world]\nsash = 3",
        "sash of [world] must be a table",
    ),
    "an unknown key of the sash": (HEAD + "[world]\nsash = {open_pc = 3}", "mean 'open_pct'?"),
    "times without every": (HEAD + AT + 'do = "jam"\ntimes = 2', "give both"),
    "an unknown measure": (
        HEAD + '[[expect]]\nthat = "measure sash_mm is under 3"',
        "'sash_mm' is no measure of the window: did you mean 'sash_um'?",
    ),
    "no action": (HEAD + AT, 'an [[at]] needs do = "..."'),
    "no time": (HEAD + '[[at]]\ndo = "obstacle"', 'needs one of time = "..."'),
    "an unknown fault": (HEAD + AT + 'do = "fault"\nkind = "sda_lo"', "did you mean 'sda_low'?"),
    "a fault without target": (HEAD + AT + 'do = "fault"\nkind = "sda_low"', "needs chip or bus"),
    "a fault's unknown key": (
        HEAD + AT + 'do = "fault"\nkind = "stretch"\nchip = "rain"',
        "'rain' is not on such a bus",
    ),
    "an ambiguous chip": (
        HEAD + AT + 'do = "fault"\nkind = "nack"\nchip = "sht4x"',
        "is fitted 2 times: say humidity or indoor",
    ),
    "an unknown expectation": (
        HEAD + '[[expect]]\nthat = "sash is shut"',
        "'sash is shut' is no state: did you mean",
    ),
    "a wrong unit": (
        HEAD + '[[expect]]\nthat = "force on obstacle stays under 100 kg"',
        "force on obstacle is given in N or mN",
    ),
    "an unknown moment": (
        HEAD + '[[expect]]\nthat = "sash is closed"\nbefor = "2 s"',
        "did you mean 'before'?",
    ),
    "within without after": (
        HEAD + '[[expect]]\nthat = "sash is closed"\nwithin = "2 s"',
        "`within` counts from `after`",
    ),
    "an unknown key of the world": (HEAD + "[world]\nwether = 3", "did you mean 'weather'?"),
    "a missing weather file": (
        HEAD + '[world]\nweather = "x.csv"\nfrom = 2013-06-07T06:00:00Z\nhours = 2',
        "the weather x.csv cannot be read",
    ),
    "weather without from": (HEAD + '[world]\nweather = "x.csv"', "needs `from`"),
    "weather that falls back": (
        HEAD + "[world]\nweather = [[5, 50, 20, 1013, 0, 1], [5, 50, 20, 1013, 0, 1]]",
        "the weather's minutes must rise",
    ),
    "a sweep that nothing uses": (HEAD + "[sweep]\nmm = [4, 9]", "nothing in the scenario is"),
    "a sweep of unequal lists": (HEAD + "[sweep]\nmm = [4, 9]\nn = [1]", "all of the same length"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_scenario_gets_one_sentence(write, name):
    text, expected = BAD[name]
    path = write(text)
    with pytest.raises(ScenarioError) as caught:
        scenario.load(path)
    said = str(caught.value)
    assert expected in said
    assert said.startswith(str(path)) and "\n" not in said


def test_weather_that_does_not_cover_the_hours_is_refused(write, tmp_path):
    (tmp_path / "w.csv").write_text(CSV)
    text = HEAD + '[world]\nweather = "w.csv"\nfrom = 2013-06-07T06:00:00Z\nhours = 9'
    with pytest.raises(ScenarioError, match="w.csv does not cover 9 h from 2013-06-07 06:00"):
        scenario.load(write(text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ScenarioError, match="there is no such file"):
        scenario.load(tmp_path / "none.toml")


def test_a_run_that_the_sweep_does_not_have(write):
    path = write(HEAD + '[sweep]\nn = [1, 2]\n[settings]\nn = "{n}"')
    with pytest.raises(ScenarioError, match="has no run 'n=3'"):
        scenario.load(f"{path}#n=3")


def test_the_help_names_every_key_fault_and_expectation():
    text = scenario.describe()
    for word in [*scenario.KEYS, *faults.FAULTS, "sash is closed", "log says"]:
        assert word in text
    for name in catalogue.WORLDS:
        world = catalogue.world_class(name)
        assert f"what the {name}'s world can do" in text
        for word in [*world.PARAMS, *world.ACTIONS, *world.MEASURES]:
            assert f"\n  {word} " in text


# -- times


@given(st.integers(0, 10**13))
def test_a_time_that_is_shown_reads_back(time_us):
    assert parse_us(show_us(time_us)) == time_us


@pytest.mark.parametrize(
    "text, time_us",
    [
        ("3 h", 10_800_000_000),
        ("12 min 30 s", 750_000_000),
        ("90 ms", 90_000),
        ("1.5 s", 1_500_000),
        ("2d", 172_800_000_000),
        ("0 s", 0),
    ],
)
def test_times(text, time_us):
    assert parse_us(text) == time_us


@pytest.mark.parametrize("text", ["", "3", "h", "3 hours", "3 h and 2 s", "-3 s", "1e3 s", 3])
def test_no_times(text):
    with pytest.raises(ValueError, match="time"):
        parse_us(text)
