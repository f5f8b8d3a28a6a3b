"""The encoder's judge, fed with edges whose speed is chosen: when does it say that a hand holds?

At 3 V the free sash of these tests makes 4 mm/s, and 1/0.6 mm/s more for every volt.
"""

import pytest

REFERENCE_MV, REFERENCE_UM_S = 3000, 4000
TICKS = 1 << 30


def free_um_s(drive_mv):
    return REFERENCE_UM_S + (drive_mv - REFERENCE_MV) * 1000 // 600


class Ride:
    """One movement, by edges. `supplies` are the lowest and highest supply that it may have."""

    def __init__(self, core, start_us=0, supplies=(12000, 12000)):
        self.slip = core("window.slip").Slip()
        self.now_us = start_us
        self.moved = 0
        self.slip.start(start_us % TICKS, 0, *supplies)

    def edges(self, count, speed_um_s, drive_mv=REFERENCE_MV):
        """Move by so many edges, each judged when it comes; return the verdicts."""
        return self.periods(count, 200 * 1_000_000 // speed_um_s, drive_mv)

    def periods(self, count, period_us, drive_mv=REFERENCE_MV):
        verdicts = []
        for _ in range(count):
            self.now_us += period_us
            self.moved += 1
            now_us = self.now_us % TICKS
            verdicts.append(self.slip.step(now_us, self.moved, now_us, drive_mv))
        return verdicts

    def wait(self, us, drive_mv=REFERENCE_MV):
        """Let time pass without an edge."""
        self.now_us += us
        edge_us = self.now_us  # of no edge: it must not matter
        return self.slip.step(self.now_us % TICKS, self.moved, edge_us % TICKS, drive_mv)

    def learned(self):
        """Feel the way and take what was found for the known point."""
        assert not any(self.edges(6, REFERENCE_UM_S))
        self.slip.refer()
        return self


def test_nothing_is_held_before_a_point_of_the_line_is_known(core):
    ride = Ride(core)
    assert ride.slip.voltage_for(4000) == 0
    assert not any(ride.edges(5, 4000) + ride.edges(5, 1000))
    assert not ride.wait(2_000_000)


@pytest.mark.parametrize("start_us", (0, TICKS - 150_000))
def test_speed_and_drive_are_those_of_the_last_70_ms_and_two_edges(core, start_us):
    ride = Ride(core, start_us)
    ride.edges(1, 4000)
    assert not ride.slip.measured
    ride.edges(3, 4000)
    assert ride.slip.measured and ride.slip.speed_um_s == 4000
    ride.edges(1, 2000)
    assert ride.slip.speed_um_s == pytest.approx(2 * 200 / 0.150, rel=0.01)
    ride.edges(1, 2000)
    assert ride.slip.speed_um_s == 2000
    ride.edges(8, 16000)  # 12.5 ms each: six of them
    assert ride.slip.speed_um_s == 16000
    ride.edges(1, 8000)  # 25 ms, and four of 12.5
    assert ride.slip.speed_um_s == pytest.approx(5 * 200 / 0.075, rel=0.01)


def test_a_sash_slower_by_8_percent_and_0_1_mm_s_at_two_edges_running_is_held(core):
    ride = Ride(core).learned()
    assert not any(ride.edges(10, 4000) + ride.edges(30, 3600))
    ride = Ride(core).learned()
    assert ride.edges(3, 3500) == [False, False, True]  # the first window is half of it
    ride = Ride(core).learned()
    assert not any(ride.edges(10, 4000))
    assert ride.edges(3, 3500) == [False, False, True], "however long it has been free"


def test_a_sash_slower_by_6_percent_more_is_held_at_the_first_edge(core):
    assert Ride(core).learned().edges(2, 3200) == [False, True]
    assert Ride(core).learned().edges(1, 2600) == [True]


def test_the_bounds_are_exact_to_a_thousandth(core):
    """3580 um/s at two edges, which are windows of 111.7 ms; 3366 at one, of 118.8 ms."""
    assert not any(Ride(core).learned().periods(30, 55_870))
    assert any(Ride(core).learned().periods(4, 55_900))
    assert Ride(core).learned().periods(1, 68_850) == [False]
    assert Ride(core).learned().periods(1, 68_950) == [True]


def test_two_slow_edges_with_a_quick_one_between_are_noise(core):
    ride = Ride(core).learned()
    for _ in range(10):
        assert ride.edges(2, 3500) == [False, False]
        assert ride.edges(1, 4100) == [False]


def test_an_edge_overdue_by_70_percent_is_a_hand(core):
    """At the known drive an edge is due every 50 ms."""
    ride = Ride(core).learned()
    assert not ride.wait(500)
    assert not ride.wait(84_000)
    assert ride.wait(1_500)


def test_an_overdue_edge_is_waited_for_as_long_as_the_drive_of_that_time_allows(core):
    ride = Ride(core).learned()
    assert not ride.wait(60_000, 2400)  # 3 mm/s: 67 ms, and 70 % more
    assert not ride.wait(50_000, 2400)
    assert ride.wait(6_000, 2400)
    slow = Ride(core).learned()
    assert not slow.wait(900_000, 1200), "1 mm/s: too slow to tell from rest"


def test_the_drive_of_a_window_is_the_mean_over_its_time(core):
    """Half the time at 3 V, half at 3.6 V: 4.5 mm/s are right, and 4 are too slow."""
    for speed_um_s, held in ((4500, False), (3600, True)):
        ride = Ride(core).learned()
        verdicts = []
        for _ in range(5):
            period_us = 200 * 1_000_000 // speed_um_s
            verdicts.append(ride.wait(period_us // 2, 3000))
            ride.now_us += period_us - period_us // 2
            ride.moved += 1
            verdicts.append(ride.slip.step(ride.now_us, ride.moved, ride.now_us, 3600))
        assert any(verdicts) == held


def test_an_edge_within_the_tick_is_counted_when_it_came(core):
    """The edges come 7 ms before the tick that sees them; the drive rises with each tick."""
    ride = Ride(core).learned()
    for drive_mv in range(3000, 6000, 60):
        speed_um_s = free_um_s(drive_mv)
        ride.now_us += 200 * 1_000_000 // speed_um_s
        ride.moved += 1
        seen_us = ride.now_us + 7000
        assert not ride.slip.step(seen_us % TICKS, ride.moved, ride.now_us % TICKS, drive_mv)


def test_more_drive_must_give_more_speed(core):
    """97 % of the supply was measured at least: so much of the slope is certain."""
    for share_pct, held in ((100, False), (95, False), (70, True)):
        ride = Ride(core, supplies=(11640, 12000)).learned()
        verdicts = []
        for drive_mv in range(3100, 9000, 100):
            gained_um_s = (free_um_s(drive_mv) - REFERENCE_UM_S) * share_pct // 100
            verdicts += ride.edges(1, REFERENCE_UM_S + gained_um_s, drive_mv)
        assert any(verdicts) == held, share_pct


def test_with_a_supply_that_nothing_measures_the_slope_is_what_was_seen(core):
    """Between 10.5 and 14.4 V the line may rise by 73 % at first, and then by 88 % of the best."""
    ride = Ride(core, supplies=(10500, 14400)).learned()
    verdicts = []
    for drive_mv in range(3100, 6000, 100):
        gained_um_s = (free_um_s(drive_mv) - REFERENCE_UM_S) * 80 // 100
        verdicts += ride.edges(1, REFERENCE_UM_S + gained_um_s, drive_mv)
    assert not any(verdicts)
    ride = Ride(core, supplies=(10500, 14400)).learned()
    for drive_mv in range(3100, 6000, 100):
        assert ride.edges(1, free_um_s(drive_mv), drive_mv) == [False]
    gained_um_s = (free_um_s(6000) - REFERENCE_UM_S) * 70 // 100
    assert any(ride.edges(4, REFERENCE_UM_S + gained_um_s, 6000)), "it was better before"


def test_less_drive_may_give_less_speed(core):
    ride = Ride(core).learned()
    assert not any(ride.edges(6, free_um_s(2400) - 50, 2400))
    assert any(ride.edges(4, free_um_s(2400) - 600, 2400))


def test_a_sash_that_runs_more_freely_is_measured_by_that(core):
    ride = Ride(core).learned()
    assert not any(ride.edges(40, 4500) + ride.edges(2, 4000))
    assert any(ride.edges(4, 3700)), "less than 4.5 mm/s by more than 8 %"
    ride = Ride(core).learned()
    assert not any(ride.edges(40, 3900) + ride.edges(4, 3650)), "and never by a slower one"


def test_a_new_point_is_no_lower_than_95_percent_of_the_slope_says(core):
    """A hand that pushes ever harder while the drive rises must not become the new line."""
    ride = Ride(core).learned()
    for drive_mv in range(3100, 6000, 100):
        ride.edges(1, free_um_s(drive_mv), drive_mv)
    ride.edges(4, 8000, 6000)  # 9 mm/s would be free, and 8.75 are 95 % of the gain
    ride.slip.refer()
    assert any(ride.edges(5, 7900, 6000))
    ride = Ride(core).learned()
    for drive_mv in range(3100, 6000, 100):
        ride.edges(1, free_um_s(drive_mv), drive_mv)
    ride.edges(4, 8900, 6000)
    ride.slip.refer()
    assert not any(ride.edges(10, 8800, 6000))


def test_the_voltage_for_a_speed_lies_on_the_line(core):
    slip = Ride(core).learned().slip
    assert slip.voltage_for(4000) == 3000
    assert slip.voltage_for(10000) == 3000 + 6 * 600
    assert slip.voltage_for(3000) == 3000 - 600


def test_edges_are_counted_from_the_mark_and_forgotten_at_a_new_start(core):
    ride = Ride(core).learned()
    assert ride.slip.edges_since_mark() == 6
    ride.slip.mark()
    assert ride.slip.edges_since_mark() == 0
    ride.edges(3, 4000)
    assert ride.slip.edges_since_mark() == 3
    ride.slip.start(ride.now_us, 0, 12000, 12000)
    assert ride.slip.edges_since_mark() == 0
    assert not ride.slip.measured and ride.slip.speed_um_s == 0
    ride.moved = 0
    assert not any(ride.edges(12, 1000)), "what was known is not known any more"
