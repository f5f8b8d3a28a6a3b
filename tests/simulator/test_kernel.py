"""The clock, the event queue and the soft callbacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.simulator.kernel import Halt, Kernel, SimulationBug
from pinbench.simulator.trace import escape, line, parse


@given(st.lists(st.integers(0, 50), max_size=30))
def test_events_come_in_order_of_time_and_equal_times_in_order_of_making(delays):
    kernel = Kernel()
    seen = []
    for index, delay in enumerate(delays):
        kernel.after(delay, seen.append, (delay, index))
    kernel.run_until(60)
    assert seen == sorted((delay, index) for index, delay in enumerate(delays))
    assert kernel.now_us == 60


def test_a_cancelled_event_does_nothing_and_an_event_may_make_events():
    kernel = Kernel()
    seen = []
    event = kernel.after(5, seen.append, "cancelled")
    kernel.after(3, lambda _: kernel.after(0, seen.append, kernel.now_us))
    kernel.cancel(event)
    kernel.cancel(None)
    kernel.run_until(10)
    assert seen == [3]


def test_every_call_costs_time_and_lets_what_is_due_happen_at_its_own_instant():
    kernel = Kernel()
    seen = []
    kernel.at(3, lambda _: seen.append(kernel.now_us))
    for _ in range(5):
        kernel.call()
    assert kernel.now_us == 5 * kernel.profile.call_cost_us
    assert seen == [3]


def test_soft_callbacks_run_one_at_a_time_at_polling_calls_only():
    kernel = Kernel()
    seen = []

    def callback(name):
        kernel.sleep(100)  # polls, and must not let the next one in (SCH-03)
        seen.append((name, kernel.now_us))

    kernel.schedule(callback, "a", "test")
    kernel.schedule(callback, "b", "test")
    kernel.call()
    kernel.spend(50)
    assert seen == []  # a call and a transfer deliver none
    kernel.sleep(10)
    assert [name for name, _ in seen] == ["a"]  # the slow callback outlasted the sleep
    kernel.poll()
    assert [name for name, _ in seen] == ["a", "b"]


@pytest.mark.parametrize("profile", ["rp2", "rp2350", "esp32"])
def test_the_ninth_callback_is_dropped_and_counted(profile):
    kernel = Kernel(profile)
    ran = []
    for n in range(9):
        kernel.schedule(ran.append, n, "pin")
    for _ in range(20):
        kernel.poll()
    assert ran == list(range(8))
    assert kernel.losses == {"dropped callback": 1}


def test_an_exception_in_a_soft_callback_is_printed_and_swallowed():
    kernel = Kernel()

    def bad(_):
        raise ValueError("nine")

    kernel.schedule(bad, None, "pin")
    kernel.sleep(1)
    assert ("log", "", ("ValueError: nine",)) in [r[1:] for r in kernel.trace.tail()]


def test_hard_handlers_wait_while_interrupts_are_blocked_and_pend_once():
    kernel = Kernel()
    seen = []
    kernel.at(10, lambda _: kernel.interrupt(seen.append, "edge", "pin"))
    kernel.at(20, lambda _: kernel.interrupt(seen.append, "edge", "pin"))
    kernel.busy_us(45000)  # a flash erase (SCH-11)
    assert seen == ["edge"]
    kernel.at(kernel.now_us + 1, lambda _: kernel.interrupt(seen.append, "later", "pin"))
    kernel.call()
    assert seen == ["edge", "later"]


def test_a_bug_in_the_simulator_is_never_taken_for_an_error_of_the_firmware():
    kernel = Kernel()
    kernel.after(1, lambda _: {}["missing"])
    with pytest.raises(SimulationBug, match="KeyError"):
        try:
            kernel.sleep(10)
        except Exception:  # as firmware would write it
            pytest.fail("firmware caught the simulator's own error")


def test_a_stopped_processor_answers_no_call_however_firmware_catches():
    kernel = Kernel()
    kernel.after(5, lambda _: kernel.halt("watchdog"))
    with pytest.raises(Halt):
        kernel.sleep(10)
    for call in (kernel.call, lambda: kernel.sleep(1), lambda: kernel.spend(1)):
        with pytest.raises(Halt):
            call()
    kernel.revive()
    kernel.call()


def test_firmware_that_waits_for_what_can_never_come_ends_the_run():
    with pytest.raises(Halt) as halt:
        Kernel().wait(None)
    assert halt.value.kind == "idle"


@given(st.text(), st.lists(st.one_of(st.integers(), st.text())))
def test_a_trace_line_is_one_line_and_reads_back(who, values):
    text = line(12, "log", who, values)
    assert "\n" not in text and "\r" not in text
    assert parse(text) == (12, "log", who, tuple(str(v) for v in values))


def test_a_float_in_the_trace_is_refused():
    with pytest.raises(TypeError, match="neither int nor str"):
        line(0, "log", "x", (1.5,))


@given(st.text())
def test_escaping_keeps_the_separator_out(text):
    assert "|" not in escape(text)


@given(st.integers(0, 2**40))
def test_the_generator_stays_in_its_bounds(seed):
    random = Kernel(seed=seed).random
    for n in (1, 2, 7, 1000, 2**32):
        assert 0 <= random.below(n) < n
    assert 0 <= random.uniform() < 1
    assert random.bits(32) < 2**32


def test_unknown_profile_is_one_sentence():
    with pytest.raises(ValueError, match="choose one of rp2, rp2350, esp32"):
        Kernel("stm32")
