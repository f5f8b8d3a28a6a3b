"""What a net's level is, whoever drives it."""

from hypothesis import given
from hypothesis import strategies as st

from pinbench.simulator.kernel import Kernel
from pinbench.simulator.nets import Gate

LEVELS = st.sampled_from([None, 0, 1])


@given(st.lists(LEVELS, max_size=4), st.lists(LEVELS, max_size=3), st.sampled_from([None, 0, 1]))
def test_strong_beats_weak_low_beats_high_and_a_short_beats_all(drivers, pulls, stuck):
    net = Kernel().net("n")
    for index, level in enumerate(drivers):
        net.drive(f"d{index}", level)
    for index, level in enumerate(pulls):
        net.pull(f"p{index}", level)
    if stuck is not None:
        net.stick(stuck)
    driven = [level for level in drivers if level is not None]
    weak = [level for level in pulls if level is not None]
    if stuck is not None:
        want = stuck
    elif driven:
        want = min(driven)
    elif weak:
        want = min(weak)
    else:
        return  # nothing holds it
    assert net.level == net.read() == want


def test_a_net_that_nobody_drives_keeps_its_level():
    net = Kernel().net("n")
    net.drive("a", 1)
    net.drive("a", None)
    assert net.read() == 1


def test_two_outputs_against_each_other_are_noted_once():
    kernel = Kernel()
    net = kernel.net("n")
    net.drive("a", 1)
    net.drive("b", 0)
    net.drive("c", 0)
    notes = [r for r in kernel.trace.tail() if r[3] == ("contention",)]
    assert len(notes) == 1


def test_watchers_hear_changes_only():
    net = Kernel().net("n")
    heard = []
    net.watch(lambda n: heard.append(n.level))
    for level in (0, 1, 1, 0, 0):
        net.drive("a", level)
    assert heard == [1, 0]


@given(st.integers(1, 65534))
def test_a_pulse_train_reads_high_for_its_share_of_the_period(duty):
    kernel = Kernel()
    net = kernel.net("n")
    net.drive_pwm("a", 1000, duty)
    high = 0
    for _ in range(1000):
        high += net.read()
        kernel.run_until(kernel.now_us + 1)
    assert abs(high - duty * 1000 / 65536) <= 1


def test_a_cut_wire_reads_noise_and_comes_back():
    net = Kernel().net("n")
    net.drive("a", 1)
    net.float_()
    assert {net.read() for _ in range(50)} == {0, 1}
    net.float_(False)
    assert net.read() == 1


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 65535)), max_size=10))
def test_the_gate_lets_nothing_through_while_one_input_is_low(steps):
    kernel = Kernel()
    out, pwm, enable = kernel.net("out"), kernel.net("in"), kernel.net("alert")
    Gate(out, [pwm, enable])
    for level, duty in steps:
        enable.drive("x", level)
        pwm.drive_pwm("y", 20000, duty)
        assert out.duty == (duty if level else 0)


def test_an_adc_asks_when_it_converts():
    net = Kernel().net("n")
    values = iter([10, 20])
    net.sense(lambda: next(values))
    assert [net.millivolts(), net.millivolts()] == [10, 20]
    net.sense(None)
    net.set_mv(1234)
    assert net.millivolts() == 1234


@given(st.integers(0, 1))
def test_a_shorted_or_cut_wire_hides_the_voltage(level):
    net = Kernel().net("n")
    net.sense(lambda: 1000)
    net.stick(level)
    assert net.millivolts() == 3300 * level and net.is_stuck()
    net.unstick()
    assert net.millivolts() == 1000 and not net.is_stuck()
    net.float_()
    assert len({net.millivolts() for _ in range(20)}) > 10
    net.float_(False)
    assert net.millivolts() == 1000


@given(st.integers(1, 65534), st.integers(0, 3000))
def test_the_next_edge_of_a_pulse_train(duty, wait_us):
    kernel = Kernel()
    net = kernel.net("n")
    assert net.edge_us() is None
    net.drive_pwm("a", 1000, duty)
    kernel.run_until(wait_us)
    level, edge_us = net.read(), net.edge_us()
    assert edge_us is not None
    assert kernel.now_us < edge_us <= kernel.now_us + 1000
    kernel.run_until(edge_us - 1)
    assert net.read() == level
    kernel.run_until(edge_us)
    assert net.read() != level or duty * 1000 // 65536 in (0, 999)
