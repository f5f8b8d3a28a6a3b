"""The scenario player, on a stand-in for bench and world: what holds, what fails, what it says."""

import pytest

from pinbench import expectations
from pinbench.simulator.kernel import Kernel
from pinbench.simulator.player import Player

SECOND = 1_000_000


class StandInWorld:
    """Measures that a test sets; events that a test calls."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.values = {"sash_um": 200_000, "speed_um_s": 0, "peak_obstacle_mn": 0}
        self.acts = []

    def act(self, name, params):
        self.acts.append((self.kernel.now_us, name, dict(params)))
        return lambda: self.acts.append((self.kernel.now_us, "end of " + name, {}))

    def measure(self, name):
        return self.values[name]

    def happen(self, name):
        self.kernel.note("world", "event", name)

    def put(self, name, value):
        self.values[name] = value
        self.kernel.note("world", name, value)


class StandInChip:
    rain_mm_per_h = 0.0


class StandInBench:
    def __init__(self):
        self.kernel = Kernel("rp2", seed=1)
        self.chips = {"rain": StandInChip()}
        self.faults = []

    def fault(self, kind, target, params):
        self.faults.append((self.kernel.now_us, kind, target, params))
        return lambda: self.faults.append((self.kernel.now_us, "end", target, {}))


class Play:
    """A player on stand-ins: `at(seconds, fn, *args)`, then `run(seconds)`."""

    def __init__(self, timeline=(), expect=()):
        self.bench = StandInBench()
        self.kernel = self.bench.kernel
        self.world = StandInWorld(self.kernel)
        checks = [expectations.parse(entry, "window") for entry in expect]
        self.player = Player(self.bench, self.world, list(timeline), checks)
        self.player.start()
        self.kernel.note("reset", "processor", "power", 1)

    def at(self, seconds, fn, *args):
        self.kernel.at(round(seconds * SECOND), lambda _: fn(*args))
        return self

    def run(self, seconds=100):
        self.kernel.run_until(seconds * SECOND)
        return [(f["that"], f["time_us"] / SECOND, f["saw"]) for f in self.player.finish()]


def close_at(play, seconds):
    return play.at(seconds, play.world.put, "sash_um", 0)


# -- what happens


def test_an_action_happens_at_its_time_and_ends_after_for():
    wind = {"do": "wind", "time_us": 3 * SECOND, "for_us": 2 * SECOND, "params": {"ms": 9}}
    play = Play([wind])
    play.run()
    assert play.world.acts == [(3 * SECOND, "wind", {"ms": 9}), (5 * SECOND, "end of wind", {})]


def test_an_action_can_wait_for_an_event():
    play = Play([{"do": "hand", "when": "closing", "delay_us": SECOND}])
    play.at(4, play.world.happen, "closing").at(9, play.world.happen, "closing")
    assert play.run() == []
    assert [act[0] for act in play.world.acts] == [5 * SECOND]


def test_an_action_can_follow_an_event_each_time():
    play = Play([{"do": "press", "whenever": "rest", "delay_us": SECOND}])
    play.at(3, play.world.happen, "rest").at(7, play.world.happen, "rest")
    assert play.run() == []
    assert [act[0] // SECOND for act in play.world.acts] == [4, 8]


def test_an_action_can_repeat():
    play = Play([{"do": "press", "time_us": SECOND, "every_us": 10 * SECOND, "times": 3}])
    play.run()
    assert [act[0] // SECOND for act in play.world.acts] == [1, 11, 21]


def test_the_processor_can_be_hogged():
    play = Play([{"do": "hog", "time_us": SECOND, "for_us": 8 * SECOND}])
    play.at(4, play.world.happen, "bite")
    play.kernel.run_until(2 * SECOND)
    assert play.kernel.now_us == 9 * SECOND
    assert play.player.seen == {"bite": [4 * SECOND]}


def test_an_action_whose_event_never_comes_fails_the_run():
    assert Play([{"do": "hand", "when": "closing"}]).run() == [
        ("hand when 'closing'", 100, "'closing' did not happen, so nothing was done")
    ]


def test_a_fault_goes_to_the_bench_and_is_lifted():
    fault = {"kind": "address_nack", "target": "humidity", "params": {}}
    play = Play([{"do": "fault", "time_us": SECOND, "for_us": SECOND, **fault}])
    play.run()
    assert play.bench.faults == [
        (SECOND, "address_nack", "humidity", {}),
        (2 * SECOND, "end", "humidity", {}),
    ]


def test_a_chip_is_set_through_its_test_face_and_set_back():
    setting = {"do": "set", "chip": "rain", "params": {"rain_mm_per_h": 2.5}}
    play = Play([{"time_us": SECOND, "for_us": SECOND, **setting}])
    seen = []
    play.at(1.5, lambda: seen.append(play.bench.chips["rain"].rain_mm_per_h))
    play.run()
    assert seen == [2.5]
    assert play.bench.chips["rain"].rain_mm_per_h == 0


def test_a_quantity_that_the_chip_lacks_is_said():
    play = Play([{"do": "set", "time_us": 0, "chip": "rain", "params": {"colour": 1}}])
    with pytest.raises(BaseException, match="chip rain has no 'colour' to set"):
        play.run()


# -- states

CLOSED = "sash is closed"


@pytest.mark.parametrize(
    "when, closes_at, failures",
    [
        ({}, 50, []),
        ({}, None, [(100, "sash_um was 200000")]),
        ({"at": "60 s"}, 50, []),
        ({"at": "40 s"}, 50, [(40, "sash_um was 200000")]),
        ({"at": "200 s"}, 50, [(100, "the run ended before that time")]),
        ({"before": "first drop"}, 50, []),
        ({"before": "first drop"}, 80, [(70, "sash_um was 200000")]),
        ({"before": "second drop"}, 50, [(100, "'second drop' did not happen")]),
        ({"after": "first drop"}, 50, []),
        ({"after": "first drop"}, 80, [(70, "sash_um was 200000")]),
        ({"after": "first drop", "within": "20 s"}, 80, []),
        ({"after": "first drop", "within": "5 s"}, 80, [(75, "sash_um was 200000")]),
        ({"at": "always"}, 0.1, [(0, "sash_um was 200000")]),
    ],
)
def test_a_state_holds_when_it_should(when, closes_at, failures):
    play = Play(expect=[{"that": CLOSED, **when}])
    if when == {"at": "always"}:
        play.at(0, play.world.happen, "begin")
    play.at(70, play.world.happen, "first drop")
    if closes_at is not None:
        close_at(play, closes_at)
    assert play.run() == [(CLOSED, time, saw) for time, saw in failures]


def test_a_state_that_breaks_between_two_moments_is_reported_when_it_broke():
    play = close_at(Play(expect=[{"that": CLOSED, "after": "10 s", "until": "20 s"}]), 5)
    play.at(15, play.world.put, "sash_um", 9000).at(15.5, play.world.put, "sash_um", 0)
    play.at(25, play.world.put, "sash_um", 9000)
    assert play.run() == [(CLOSED, 15, "sash_um was 9000")]


def test_a_state_may_break_after_until():
    play = close_at(Play(expect=[{"that": CLOSED, "after": "10 s", "until": "20 s"}]), 5)
    play.at(25, play.world.put, "sash_um", 9000)
    assert play.run() == []


def test_a_peak_is_caught_when_it_occurs():
    play = Play(expect=[{"that": "force on obstacle stays under 100 N"}])
    play.at(33, play.world.put, "peak_obstacle_mn", 100_000)
    failures = play.run()
    assert failures == [("force on obstacle stays under 100 N", 33, "peak_obstacle_mn was 100000")]


# -- counts


@pytest.mark.parametrize(
    "says, times, holds",
    [
        ("once", 1, True),
        ("once", 0, False),
        ("once", 2, False),
        ("never", 0, True),
        ("never", 1, False),
        ("3 times", 3, True),
        ("at least 2 times", 3, True),
        ("at least 2 times", 1, False),
        ("at most 2 times", 2, True),
        ("at most 2 times", 3, False),
    ],
)
def test_log_lines_are_counted(says, times, holds):
    play = Play(expect=[{"that": f"log says 'does not answer' {says}"}])
    for second in range(times):
        play.at(second + 1, play.kernel.log, "BMP390 does not answer")
    play.at(9, play.kernel.log, "all well")
    assert (play.run() == []) is holds


def test_one_line_too_many_is_reported_at_its_time():
    play = Play(expect=[{"that": "log says 'well' never", "after": "5 s", "before": "9 s"}])
    for second in (4, 6, 8, 10):
        play.at(second, play.kernel.log, "all well")
    assert play.run() == [("log says 'well' never", 6, "seen 2 times, expected exactly 0")]


def test_events_are_counted_and_ordered():
    play = Play(
        expect=[
            {"that": "exactly one 'closing'"},
            {"that": "'closing' happens at most 2 times", "after": "20 s"},
            {"that": "'closing' comes before 'first drop'"},
            {"that": "'first drop' comes before 'closing'"},
        ]
    )
    play.at(30, play.world.happen, "closing").at(40, play.world.happen, "first drop")
    assert play.run() == [
        ("'first drop' comes before 'closing'", 40, "'first drop' came 10000 ms after")
    ]


def test_restarts_are_counted_but_not_the_start():
    play = Play(expect=[{"that": "resets 2"}, {"that": "watchdog bites 1"}, {"that": "resets 0"}])
    play.at(5, play.kernel.note, "reset", "processor", "watchdog", 3)
    play.at(6, play.kernel.note, "reset", "processor", "power", 1)
    assert play.run() == [("resets 0", 100, "seen 2")]


def test_a_failure_stands_in_the_trace():
    play = Play(expect=[{"that": CLOSED}])
    play.run()
    assert play.kernel.trace.tail()[-1][1:] == ("expect", CLOSED, ("sash_um was 200000",))
