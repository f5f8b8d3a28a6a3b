"""The Hall encoder: the count is the position, or the driver says that it may not be."""

from hypothesis import example, given
from hypothesis.strategies import booleans, integers, lists, sampled_from, tuples

CYCLE = ((0, 0), (1, 0), (1, 1), (0, 1))  # A leads B


class Shaft:
    """Turns in quadrature steps, A ahead of B for +1."""

    def __init__(self, alone, at=0):
        self.alone = alone
        self.at = at
        self.pin_a, self.pin_b = alone.pin(2, CYCLE[at % 4][0]), alone.pin(3, CYCLE[at % 4][1])
        self.encoder = alone.load("hall_encoder").HallEncoder(self.pin_a, self.pin_b)

    def turn(self, direction, lost=False, late=None):
        """One edge; its call is lost, or goes into the list `late`, or comes at once."""
        before = CYCLE[self.at % 4]
        self.at += direction
        level_a, level_b = CYCLE[self.at % 4]
        pin = self.pin_a if level_a != before[0] else self.pin_b
        self.pin_a.level, self.pin_b.level = level_a, level_b
        if late is not None:
            late.append(pin)
        elif not lost:
            pin.handler(pin)

    def burst(self, direction, edges):
        """Edges whose calls all come after the last of them, as behind a blocking call."""
        late = []
        for _ in range(edges):
            self.turn(direction, late=late)
        for pin in late:
            pin.handler(pin)


@given(start=integers(0, 3), steps=lists(sampled_from([1, -1])))
def test_with_every_edge_seen_the_count_is_the_position(new_alone, start, steps):
    shaft = Shaft(new_alone(), start)
    for step in steps:
        shaft.turn(step)
    assert shaft.encoder.count == shaft.at - start
    assert shaft.encoder.errors == 0


runs_of_edges = lists(tuples(sampled_from([1, -1]), integers(2, 20)), max_size=10)


@given(runs=runs_of_edges, data=lists(booleans()))
def test_a_missed_edge_is_flagged_and_made_good_while_the_direction_holds(new_alone, runs, data):
    shaft = Shaft(new_alone())
    lost = 0
    choices = iter(data)
    for direction, length in runs:
        shaft.turn(direction)
        may_lose = True
        for index in range(length):
            # Never two in a row, and not the last before a turn.
            lose = may_lose and index < length - 1 and next(choices, False)
            shaft.turn(direction, lose)
            lost += lose
            may_lose = not lose
    assert shaft.encoder.count == shaft.at
    assert shaft.encoder.errors == lost


@given(bursts=lists(tuples(sampled_from([1, -1]), integers(1, 3))))
def test_up_to_three_edges_may_be_handled_late(new_alone, bursts):
    shaft = Shaft(new_alone())
    for direction, edges in bursts:
        shaft.turn(direction)
        shaft.burst(direction, edges)
        assert shaft.encoder.count == shaft.at
    assert shaft.encoder.errors == sum(edges > 1 for _, edges in bursts)


@given(bursts=lists(tuples(sampled_from([1, -1]), integers(1, 8))))
def test_a_count_that_is_wrong_after_a_longer_blockade_is_flagged(new_alone, bursts):
    shaft = Shaft(new_alone())
    for direction, edges in bursts:
        shaft.turn(direction)
        shaft.burst(direction, edges)
        assert shaft.encoder.errors or shaft.encoder.count == shaft.at


@given(repeats=integers(1, 5))
def test_calls_that_find_nothing_new_are_flagged_and_change_nothing(new_alone, repeats):
    alone = new_alone()
    shaft = Shaft(alone)
    shaft.turn(1)
    edge_us = shaft.encoder.last_edge_us
    alone.time.now_us += 1000
    for _ in range(repeats):
        shaft.pin_a.handler(shaft.pin_a)
    assert (shaft.encoder.count, shaft.encoder.errors) == (1, repeats)
    assert shaft.encoder.last_edge_us == edge_us


def test_both_edges_in_one_late_call_are_one_missed(alone):
    shaft = Shaft(alone)
    shaft.turn(-1)
    shaft.turn(-1, lost=True)
    shaft.turn(-1)
    assert (shaft.encoder.count, shaft.encoder.errors) == (-3, 1)


def test_a_missed_edge_before_any_direction_is_flagged_and_not_guessed(alone):
    shaft = Shaft(alone)
    shaft.turn(1, lost=True)
    shaft.turn(1)
    assert (shaft.encoder.count, shaft.encoder.errors) == (0, 1)


@example(start_us=(1 << 30) - 100, period_us=250)
@given(start_us=integers(0, (1 << 30) - 1), period_us=integers(1, (1 << 29) - 1))
def test_the_period_is_right_across_the_wrap(new_alone, start_us, period_us):
    alone = new_alone()
    alone.time.now_us = start_us
    shaft = Shaft(alone)
    shaft.turn(1)
    assert shaft.encoder.period_us == 0, "one edge has no period"
    alone.time.now_us += period_us
    shaft.turn(1)
    assert shaft.encoder.period_us == period_us
    assert shaft.encoder.last_edge_us == alone.time.ticks_us()


def test_a_pause_longer_than_ticks_can_tell_is_long_not_negative(alone):
    shaft = Shaft(alone)
    shaft.turn(1)
    alone.time.now_us += 3 << 28
    shaft.turn(1)
    assert shaft.encoder.period_us > 500_000_000


def test_zero_sets_the_count_and_forgets_errors(alone):
    shaft = Shaft(alone)
    shaft.turn(1, lost=True)
    shaft.turn(1)
    shaft.encoder.zero(-7)
    assert (shaft.encoder.count, shaft.encoder.errors) == (-7, 0)
    shaft.turn(1)
    assert shaft.encoder.count == -6


def test_numbers_become_inputs_with_pull_ups(alone):
    alone.load("hall_encoder").HallEncoder(6, 7)
    for number in (6, 7):
        pin = alone.pins[number]
        assert pin.settings == (pin.IN, pin.PULL_UP)
        assert pin.handler is not None


def test_stop_takes_both_interrupts_away(alone):
    shaft = Shaft(alone)
    shaft.encoder.stop()
    assert shaft.pin_a.handler is None and shaft.pin_b.handler is None
