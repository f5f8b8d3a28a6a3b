"""Bridge, encoder, switches, button and buzzer with their twins, on the bench."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from, tuples

from pinbench.chips.button import Button
from pinbench.chips.buzzer import Buzzer
from pinbench.chips.drv8871 import DRV8871
from pinbench.chips.hall_encoder import HallEncoder
from pinbench.chips.limit_switch import LimitSwitch

PORTS = [pytest.param(p, marks=pytest.mark.bench(profile=p)) for p in ("rp2", "rp2350", "esp32")]


def attach(bench, chip, name, **pins):
    """Wire a chip without a bus: pin name -> GPIO number."""
    chip.attach(bench.kernel, name, {pin: bench.pad(number).net for pin, number in pins.items()})
    return chip


def bridge(bench):
    chip = attach(bench, DRV8871(), "drive", in1=16, in2=17)
    return chip, bench.load("drivers.drv8871").DRV8871(16, 17)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("duty", [-1000, -400, 3, 400, 1000])
def test_the_bridge_does_what_the_driver_was_told(bench, port, duty):
    chip, motor = bridge(bench)
    assert chip.state == "coast"
    assert motor.drive(duty)
    bench.load("time").sleep_ms(1)
    assert chip.drive == pytest.approx(duty / 1000, abs=0.001)
    motor.brake()
    assert chip.state == "brake"
    motor.coast()
    assert chip.state == "coast"


orders = lists(
    tuples(sampled_from([-1000, -1, 0, 1, 700, "coast", "brake"]), integers(1, 15)), max_size=30
)


@given(orders=orders)
def test_no_order_makes_the_bridge_complain(bench, orders):
    chip, motor = bridge(bench)
    for order, wait_ms in orders:
        if order == "coast":
            motor.coast()
        elif order == "brake":
            motor.brake()
        else:
            motor.drive(order)
        bench.load("time").sleep_ms(wait_ms)  # it wakes within 50 us
        assert (chip.drive > 0) == (motor.duty > 0)
        assert (chip.drive < 0) == (motor.duty < 0)


def shaft(bench):
    chip = attach(bench, HallEncoder(), "encoder", a=12, b=13)
    return chip, bench.load("drivers.hall_encoder").HallEncoder(12, 13)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("direction", [1, -1])
def test_edges_are_counted_with_their_sign_at_any_speed(bench, port, direction):
    chip, encoder = shaft(bench)
    for number in range(200):
        bench.kernel.after(1000 * (number + 1), chip.edge, direction)
    bench.load("time").sleep_ms(300)
    assert (encoder.count, encoder.errors) == (200 * direction, 0)
    assert encoder.period_us == pytest.approx(1000, abs=20)


@given(moves=lists(tuples(sampled_from([1, -1]), integers(1, 3))))
def test_edges_behind_a_short_blockade_are_made_good(bench, moves):
    chip, encoder = shaft(bench)
    time = bench.load("time")
    expected = 0
    for direction, edges in moves:
        chip.edge(direction)
        time.sleep_ms(1)
        for number in range(edges):
            bench.kernel.after(300 * (number + 1), chip.edge, direction)
        time.sleep_us(1000)  # a busy wait: no callback runs
        time.sleep_ms(1)
        expected += direction * (edges + 1)
    assert encoder.count == expected


def test_a_long_blockade_drops_calls_and_is_flagged(bench):
    bench.expect_silent_loss("dropped callback")
    chip, encoder = shaft(bench)
    for number in range(30):
        bench.kernel.after(10 * (number + 1), chip.edge, 1)
    bench.load("time").sleep_us(900)
    bench.load("time").sleep_ms(1)
    assert encoder.errors


@pytest.mark.parametrize("port", PORTS)
def test_limit_switches_say_pressed_and_say_so_too_when_broken(bench, port):
    opened = attach(bench, LimitSwitch(), "limit_open", out=18)
    closed = attach(bench, LimitSwitch(), "limit_closed", out=19)
    for number in (18, 19):
        bench.pad(number).net.pull("board", 1)
    switches = bench.load("drivers.limit_switches").LimitSwitches(18, 19)
    sleep_ms = bench.load("time").sleep_ms

    def settled():
        for _ in range(50):
            switches.step()
            sleep_ms(1)
        return switches.open, switches.closed, switches.fault

    assert settled() == (False, False, False)
    closed.pressed = True
    assert settled() == (False, True, False)
    closed.pressed = False
    opened.pressed = True
    assert settled() == (True, False, False)
    closed.broken = True
    assert settled() == (True, True, True)
    opened.pressed = False
    assert settled() == (False, True, False)


@pytest.mark.parametrize("port", PORTS)
def test_each_press_is_one_event(bench, port):
    chip = attach(bench, Button(), "button", out=20)
    bench.pad(20).net.pull("board", 1)
    button = bench.load("drivers.button").Button(20)
    events = 0
    for step in range(200):
        chip.pressed = step % 50 >= 25
        events += button.pressed_event()
        bench.load("time").sleep_ms(10)
    assert events == 4


def test_the_buzzer_is_heard_as_often_as_asked(bench):
    attach(bench, Buzzer(), "buzzer", **{"in": 22})
    buzzer = bench.load("drivers.buzzer").Buzzer(22)
    net = bench.pad(22).net
    heard = []
    net.watch(lambda net: heard.append((net.duty, net.freq_hz)))
    buzzer.beep(3, 50, 50)
    while buzzer.step():
        bench.load("time").sleep_ms(10)
    assert [freq_hz for duty, freq_hz in heard if duty] == [2700] * 3
    assert heard[-1][0] == 0
