"""Who may close FIRE: the table, the permits, and that no single wrong number does."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pinbench.evaluate.cores import core

firing = core("airbag.firing")
twice = core("airbag.twice")
STATES = range(len(firing.STATES))
EVENTS = range(len(firing.EVENTS))


def in_state(state, permits=firing.EVERY, live=True):
    made = firing.Firing(live)
    twice.put(made.kept, 0, state)
    twice.put(made.kept, 1, permits)
    return made


def test_every_state_is_reached_and_only_the_last_two_are_never_left():
    reached = {firing.BOOT}
    for _ in STATES:
        reached |= {new for (old, _), new in firing.TABLE.items() if old in reached}
    assert reached == set(STATES)
    assert set(STATES) - {old for old, _ in firing.TABLE} == {firing.SPENT, firing.FAULT}


def test_the_only_way_to_firing_is_fire_in_armed_and_to_armed_arm_in_ready():
    into = {new: [] for new in STATES}
    for row, new in firing.TABLE.items():
        into[new].append(row)
    assert into[firing.FIRING] == [(firing.ARMED, firing.FIRE)]
    assert into[firing.ARMED] == [(firing.READY, firing.ARM)]
    assert into[firing.READY] == [(firing.SAFE, firing.FIT)]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_the_flattened_table_says_what_the_table_says(state, event):
    made = in_state(state)
    assert made.take(event) == firing.TABLE.get((state, event), state)
    assert made.sound()


@pytest.mark.parametrize("state", [firing.READY, firing.ARMED])
def test_whatever_goes_wrong_while_worn_leads_to_safe_or_fault(state):
    for event in (firing.UNFIT, firing.SUSPECT, firing.BROKEN):
        assert in_state(state).take(event) in (firing.SAFE, firing.FAULT)


@pytest.mark.parametrize("event", EVENTS)
def test_a_pulse_that_runs_ends_as_spent_whatever_happens(event):
    assert in_state(firing.FIRING).take(event) in (firing.FIRING, firing.SPENT)
    assert in_state(firing.SPENT).take(event) == firing.SPENT


@pytest.mark.parametrize("missing", range(7))
def test_arm_needs_each_permit(missing):
    made = in_state(firing.READY, firing.EVERY & ~(1 << missing))
    assert made.take(firing.ARM) == firing.READY
    made.permit(1 << missing, True)
    assert made.take(firing.ARM) == firing.ARMED


@pytest.mark.parametrize("missing", range(7))
def test_a_permit_that_goes_while_armed_opens_arm_at_the_next_sample(missing):
    made = in_state(firing.ARMED)
    made.permit(1 << missing, False)
    assert made.decide(1, 1, 1) == firing.DISARM
    assert made.state == firing.SAFE


@pytest.mark.parametrize("answers", list(itertools.product((0, 1), repeat=3)))
def test_fire_needs_model_score_and_second_condition(answers):
    assert (in_state(firing.ARMED).decide(*answers) == firing.CLOSE) == (answers == (1, 1, 1))


@pytest.mark.parametrize("state", STATES)
def test_fire_closes_in_armed_alone(state):
    made = in_state(state)
    closed = made.decide(1, 1, 1) == firing.CLOSE
    assert closed == (state == firing.ARMED)
    if closed:
        assert made.state == firing.FIRING
        assert made.decide(1, 1, 1) == firing.NOTHING, "never a second time"


@pytest.mark.parametrize("live", [False, None, 1, "true"])
def test_a_build_that_is_not_live_never_closes_fire(live):
    made = in_state(firing.ARMED, live=live)
    assert made.decide(1, 1, 1) == firing.DISARM
    assert made.state == firing.SAFE


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("state", STATES)
def test_a_flipped_bit_in_what_is_kept_never_fires_and_opens_arm(state, place):
    for bit in range(31):
        made = in_state(state)
        made.kept[place] ^= 1 << bit
        verdict = made.decide(1, 1, 1)
        if state == firing.FIRING and place % 3:
            assert verdict == firing.NOTHING, "a pulse that is known to run goes on"
            continue
        assert verdict == firing.DISARM
        spent = state == firing.SPENT and place % 3
        assert made.state == (firing.SPENT if spent else firing.FAULT)
        assert made.decide(1, 1, 1) != firing.CLOSE


@given(place=st.integers(0, 5), word=st.integers(-(2**31), 2**31 - 1))
def test_a_word_that_is_overwritten_never_fires(place, word):
    made = in_state(firing.ARMED, live=False)
    if made.kept[place] == word:
        return
    made.kept[place] = word
    assert made.decide(1, 1, 1) == firing.DISARM
    assert made.state == firing.FAULT


@given(value=st.integers(0, 2**31 - 1))
def test_what_is_kept_twice_is_given_back(value):
    from array import array

    kept = array("i", [0] * 4)
    twice.put(kept, 1, value)
    assert twice.get(kept, 1) == value
    assert twice.get(kept, 0) == -1, "zeros were never put there"


class Machine(RuleBasedStateMachine):
    """Any order of events, permits and answers: what the table promises holds at every step."""

    def __init__(self):
        super().__init__()
        self.core = firing.Firing(True)
        self.closed = 0

    @rule(event=st.sampled_from(list(EVENTS)))
    def take(self, event):
        before = self.core.state
        after = self.core.take(event)
        if event == firing.ARM and after == firing.ARMED and before != firing.ARMED:
            assert self.core.permits == firing.EVERY

    @rule(bit=st.integers(0, 6), given_=st.booleans())
    def permit(self, bit, given_):
        self.core.permit(1 << bit, given_)

    @rule()
    def all_permits(self):
        for bit in range(7):
            self.core.permit(1 << bit, True)

    @rule(answers=st.tuples(*[st.integers(0, 3)] * 3))
    def decide(self, answers):
        before, permits = self.core.state, self.core.permits
        if self.core.decide(*answers) == firing.CLOSE:
            self.closed += 1
            assert (before, permits, answers) == (firing.ARMED, firing.EVERY, (1, 1, 1))

    @invariant()
    def at_most_once(self):
        assert self.closed <= 1
        if self.closed:
            assert self.core.state in (firing.FIRING, firing.SPENT)
        assert self.core.sound()


TestMachine = Machine.TestCase
