"""Encoder, limit switch, button and buzzer: what the nets show of what the world does."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists, sampled_from

from pinbench.chips.button import Button
from pinbench.chips.buzzer import Buzzer
from pinbench.chips.hall_encoder import HallEncoder
from pinbench.chips.limit_switch import LimitSwitch

STEP = {(0, 0): 0, (1, 0): 1, (1, 1): 2, (0, 1): 3}


class Decoder:
    """Counts quadrature from the nets' changes; `illegal` counts jumps over two."""

    def __init__(self, nets):
        self.nets = nets
        self.count = self.illegal = 0
        self.last = STEP[nets["a"].level, nets["b"].level]
        for net in nets.values():
            net.watch(self.change)

    def change(self, net):
        now = STEP[self.nets["a"].level, self.nets["b"].level]
        step = (now - self.last) & 3
        self.last = now
        self.illegal += step == 2
        self.count += (0, 1, 0, -1)[step]


# -- encoder


@given(start=floats(0, 400), moves=lists(floats(0, 400), max_size=6))
def test_edges_tell_the_position(hand, start, moves):
    encoder = hand(HallEncoder(position_mm=start))
    decoder = Decoder(encoder.nets)
    origin = encoder.chip.count
    for position_mm in moves:
        encoder.chip.set_position_mm(position_mm)
        assert abs(encoder.chip.count / 5 - position_mm) <= 0.2 + 1e-6
        assert decoder.count == encoder.chip.count - origin
    assert decoder.illegal == 0


@given(directions=lists(sampled_from([1, -1]), max_size=60), bounce_us=integers(0, 50))
def test_chatter_does_not_falsify_a_true_decoder(hand, directions, bounce_us):
    encoder = hand(HallEncoder())
    decoder = Decoder(encoder.nets)
    encoder.chip.bounce_us = bounce_us
    for direction in directions:
        encoder.chip.edge(direction)
        encoder.wait_us(60)
    assert decoder.count == encoder.chip.count == sum(directions)
    assert decoder.illegal == 0


def test_chatter_is_seen(hand):
    encoder = hand(HallEncoder())
    encoder.chip.bounce_us = 40
    encoder.chip.edge(1)
    encoder.wait_us(100)
    assert [level for _, level in encoder.noted("net")] == [1, 0, 1]


@pytest.mark.parametrize("channel, other", [("a", "b"), ("b", "a")])
def test_a_dead_channel_keeps_its_level(hand, channel, other):
    encoder = hand(HallEncoder())
    encoder.chip.dead = channel
    changes = {"a": 0, "b": 0}
    for net in encoder.nets.values():
        net.watch(lambda net: changes.__setitem__(net.name, changes[net.name] + 1))
    for _ in range(40):
        encoder.chip.edge(1)
    assert changes == {channel: 0, other: 20}


def test_stuck_shows_nothing_while_the_shaft_turns(hand):
    encoder = hand(HallEncoder())
    decoder = Decoder(encoder.nets)
    encoder.chip.stuck = True
    encoder.chip.set_position_mm(10.0)
    assert decoder.count == 0 and encoder.chip.count == 50


def test_encoder_without_supply_lets_go(hand):
    encoder = hand(HallEncoder(position_mm=0.4), pull_ups=("a", "b"))
    encoder.chip.power_off()
    encoder.chip.edge(1)
    assert encoder.nets["a"].level == encoder.nets["b"].level == 1


# -- switch and button


def test_limit_switch_levels(hand):
    switch = hand(LimitSwitch(), pull_ups=("out",))
    assert switch.nets["out"].level == 0
    switch.chip.pressed = True
    switch.wait_us(2000)
    assert switch.nets["out"].level == 1
    switch.chip.pressed = False
    switch.wait_us(2000)
    assert switch.nets["out"].level == 0


def test_a_broken_wire_reads_like_pressed(hand):
    switch = hand(LimitSwitch(), pull_ups=("out",))
    switch.chip.broken = True
    assert switch.nets["out"].level == 1
    switch.chip.broken = False
    assert switch.nets["out"].level == 0


def test_a_welded_contact_never_opens(hand):
    switch = hand(LimitSwitch(), pull_ups=("out",))
    switch.chip.welded = True
    switch.chip.pressed = True
    switch.wait_us(2000)
    assert switch.nets["out"].level == 0


def test_pressed_at_power_up_shows_no_bounce(hand):
    switch = hand(LimitSwitch(pressed=True), pull_ups=("out",))
    switch.wait_us(5000)
    assert switch.nets["out"].level == 1 and switch.noted("net") == [(0, 1)]


@given(seed=integers(0, 1000), bounce_us=integers(0, 5000), pressed=lists(sampled_from([0, 1])))
def test_bounce_ends_in_time_and_at_the_truth(hand, seed, bounce_us, pressed):
    switch = hand(LimitSwitch(bounce_us=bounce_us), seed=seed, pull_ups=("out",))
    for state in pressed:
        switch.chip.pressed = bool(state)
        switch.wait_us(max(bounce_us, 6))
        settled = len(switch.records)
        assert switch.nets["out"].level == state
        switch.wait_us(20000)
        assert len(switch.records) == settled


def test_bounce_is_a_few_pulses_and_of_the_seed(hand):
    def press(seed):
        switch = hand(LimitSwitch(), seed=seed, pull_ups=("out",))
        switch.chip.pressed = True
        switch.wait_us(5000)
        return switch.noted("net")

    assert press(3) == press(3)
    assert len({str(press(seed)) for seed in range(8)}) == 8
    assert {len(press(seed)[2:]) for seed in range(30)} == {3, 5, 7}


def test_a_change_in_mid_bounce_wins(hand):
    switch = hand(LimitSwitch(), pull_ups=("out",))
    switch.chip.pressed = True
    switch.wait_us(10)
    switch.chip.pressed = False
    switch.wait_us(5000)
    assert switch.nets["out"].level == 0


def test_button(hand):
    button = hand(Button(), pull_ups=("out",))
    assert button.nets["out"].level == 1
    button.chip.press(for_ms=150)
    button.wait_us(149000)
    assert button.nets["out"].level == 0
    button.wait_us(5000)
    assert button.nets["out"].level == 1 and not button.chip.pressed


# -- buzzer


def test_beeps_are_recorded(hand):
    buzzer = hand(Buzzer())
    net = buzzer.nets["in"]
    buzzer.wait_us(1000)
    net.drive_pwm("pin", 2700, 32768)
    assert buzzer.chip.sounding
    buzzer.wait_us(100000)
    net.drive_pwm("pin", 2700, 20000)  # softer: still the same beep
    buzzer.wait_us(100000)
    net.drive("pin", 0)
    buzzer.wait_us(50000)
    net.drive_pwm("pin", 1000, 32768)
    buzzer.wait_us(10000)
    net.drive("pin", 1)
    buzzer.wait_us(10000)
    net.drive("pin", 0)
    assert buzzer.chip.beeps == [
        (1000, 200000, 2700),
        (251000, 10000, 1000),
        (261000, 10000, 0),
    ]
    assert buzzer.chip.count == 3 and not buzzer.chip.sounding
    assert buzzer.noted("chip")[0] == (201000, "beep", 2700, 200000)


def test_the_list_of_beeps_stays_short(hand):
    buzzer = hand(Buzzer())
    for _ in range(200):
        buzzer.nets["in"].drive_pwm("pin", 2700, 32768)
        buzzer.wait_us(1000)
        buzzer.nets["in"].drive("pin", 0)
        buzzer.wait_us(1000)
    assert len(buzzer.chip.beeps) == 64 and buzzer.chip.count == 200


def test_power_off_ends_a_beep(hand):
    buzzer = hand(Buzzer())
    buzzer.nets["in"].drive_pwm("pin", 2700, 32768)
    buzzer.wait_us(500)
    buzzer.chip.power_off()
    assert buzzer.chip.beeps == [(0, 500, 2700)]
