"""Tariff, clock, attempts and members: what must hold for any numbers whatever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.evaluate.kiosk.rig import load

DAY_S = 86400
cents = st.integers(0, 100_000)
prices = st.builds(
    dict, free_min=st.integers(0, 1440), hour=cents, day_cap=cents, deposit=cents
)
seconds = st.integers(0, 400 * DAY_S)


def tariff(**given):
    return load("kiosk.tariff").Tariff(**given)


@given(prices, seconds, seconds)
def test_charge_never_falls_with_time_and_stays_below_its_caps(given, one, other):
    t = tariff(**given)
    short, long = sorted((one, other))
    assert 0 <= t.charge(short) <= t.charge(long) <= given["deposit"]
    assert t.charge(long) <= (long // DAY_S + 1) * given["day_cap"]
    assert t.charge(given["free_min"] * 60) == 0


@pytest.mark.parametrize(
    "time_s, expected",
    [
        (0, 0), (300, 0), (301, 200), (3600, 200), (3601, 400), (4 * 3600 + 1, 900),
        (DAY_S - 1, 900), (DAY_S, 900), (DAY_S + 1, 1100), (3 * DAY_S, 2700), (4 * DAY_S, 3000),
        (400 * DAY_S, 3000),
    ],
)  # fmt: skip
def test_the_default_tariff(time_s, expected):
    assert tariff().charge(time_s) == expected


def test_a_bank_is_sold_when_the_deposit_is_reached_and_not_before():
    t = tariff()
    assert t.is_sold(4 * DAY_S) and not t.is_sold(3 * DAY_S)


# -- the clock


@given(
    st.integers(1, 1 << 29),
    st.lists(
        st.one_of(
            st.tuples(st.just("step"), st.integers(0, 10_000_000)),
            st.tuples(st.just("start"), st.integers(0, 1 << 31)),
            st.tuples(st.just("sync"), st.integers(0, 1 << 31), st.booleans()),
        ),
        max_size=20,
    ),
)
def test_the_clock_never_goes_back(last_s, story):
    clock = load("kiosk.clock").Clock(last_s)
    seen = last_s
    for name, *values in story:
        getattr(clock, name)(*values)
        assert clock.now_s >= seen
        seen = clock.now_s


def test_a_lost_clock_costs_no_customer_anything_and_is_not_trusted():
    module = load("kiosk.clock")
    clock = module.Clock(70_000_000)
    assert not clock.start(946684800)
    assert (clock.now_s, clock.trusted) == (70_000_000, False)
    assert clock.sync(module.EPOCH_UNIX_S + 70_003_600, True)
    assert (clock.now_s, clock.trusted) == (70_003_600, True)


def test_nobody_pays_for_a_clock_that_leaps_years():
    module = load("kiosk.clock")
    clock = module.Clock(70_000_000)
    ahead = module.EPOCH_UNIX_S + 70_000_000 + 40 * DAY_S
    assert not clock.start(ahead) and not clock.sync(ahead, True)
    assert clock.now_s == 70_000_000
    assert clock.sync(ahead, False), "nobody rents: a cabinet from the store room"


def test_a_clock_that_is_set_back_makes_no_command_valid_again():
    module = load("kiosk.clock")
    clock = module.Clock(70_000_000)
    clock.start(module.EPOCH_UNIX_S + 70_000_000)
    assert not clock.sync(module.EPOCH_UNIX_S + 70_000_000 - DAY_S, False)
    assert clock.now_s == 70_000_000 and clock.trusted


# -- attempts


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 3)), max_size=60))
def test_no_minute_has_more_attempts_than_allowed(story):
    attempts = load("kiosk.attempts").Attempts()
    now_ms, allowed = 0, []
    for wait_ms, who in story:
        attempts.step(wait_ms)
        now_ms += wait_ms
        if attempts.tried(who or None):
            allowed.append((now_ms, who))
        lately = [who for at_ms, who in allowed if at_ms > now_ms - 60_000]
        assert len(lately) <= 8
        assert all(lately.count(who) <= 3 for who in (1, 2, 3))


def test_the_reader_rests_longer_each_time_and_is_forgiven_in_the_end():
    attempts = load("kiosk.attempts").Attempts()
    rests = []
    for _ in range(7):
        assert [attempts.forged() for _ in range(3)] == [False, False, True]
        rest_s = 0
        while attempts.resting:
            attempts.step(1000)
            rest_s += 1
        rests.append(rest_s)
    assert rests == [60, 120, 240, 480, 960, 960, 960]
    attempts.step(1_800_000)
    assert not attempts.forged() and not attempts.forged() and attempts.forged()
    attempts.step(60_000)
    assert not attempts.resting


def test_a_living_palm_between_failures_is_no_series():
    attempts = load("kiosk.attempts").Attempts()
    for _ in range(10):
        assert not attempts.forged()
        attempts.genuine()


# -- members

entries = st.lists(
    st.tuples(st.integers(0, 65535), st.binary(min_size=8, max_size=8), st.integers(0, 2)),
    max_size=100,
    unique_by=lambda entry: entry[0],
)


@given(entries, st.integers(0, 2000), st.integers(1, 255))
def test_members_survive_storage_and_damage_gives_none(entries, at, change):
    module = load("kiosk.members")
    members = module.Members()
    for entry in entries:
        members.add(*entry)
    stored = members.stored()
    assert module.Members(stored).entries == [list(entry) for entry in entries]
    damaged = bytearray(stored)
    damaged[at % len(damaged)] ^= change
    assert module.Members(bytes(damaged)).entries == []


@given(entries, st.lists(st.integers(0, 65535), max_size=50))
def test_after_reconciling_table_and_reader_know_the_same_palms(entries, listed):
    members = load("kiosk.members").Members()
    for entry in entries:
        members.add(*entry)
    orphans = members.reconcile(listed)
    assert {entry[0] for entry in members.entries} | set(orphans) == set(listed)
    assert not {entry[0] for entry in members.entries} & set(orphans)
