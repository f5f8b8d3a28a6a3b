"""The DRV8871 driver: what its two pins may never do, watched at every single write."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, one_of, sampled_from, tuples

IN1, IN2 = 10, 11
PAUSE_MS = 10


class Bridge:
    """Watches both inputs after every write and keeps the story: (ms, sign of drive or a word)."""

    def __init__(self, alone):
        self.alone = alone
        self.motor = alone.load("drv8871").DRV8871(IN1, IN2, pause_ms=PAUSE_MS)
        self.in1, self.in2 = alone.pwms[IN1], alone.pwms[IN2]
        self.in1.watch = self.in2.watch = self.look
        self.story = []
        self.may_brake = False

    def look(self):
        one, two = self.in1.duty, self.in2.duty
        now_ms = self.alone.time.now_us // 1000
        if one and two:
            assert self.may_brake, "both inputs high outside of a brake"
            self.story.append((now_ms, "brake"))
        elif one or two:
            self.story.append((now_ms, 1 if one else -1))
        else:
            self.story.append((now_ms, "coast"))


def test_it_coasts_from_the_start_with_both_pins_low_before_the_pwm_runs(alone):
    bridge = Bridge(alone)
    assert (bridge.in1.duty, bridge.in2.duty) == (0, 0)
    for number in (IN1, IN2):
        pin = alone.pins[number]
        assert pin.settings[0] == pin.OUT and pin.level == 0
        assert alone.pwms[number].freq_hz == 20000


def test_two_pins_of_one_channel_are_refused_where_they_are_one(alone):
    drv8871 = alone.load("drv8871").DRV8871
    if alone.pwm_channels_repeat:
        with pytest.raises(ValueError, match="one PWM channel"):
            drv8871(5, 21)
    else:
        drv8871(5, 21)


@pytest.mark.parametrize("duty", [1, 500, 1000, -1, -500, -1000])
def test_duty_is_in_per_mille_and_its_sign_is_the_pin(alone, duty):
    bridge = Bridge(alone)
    assert bridge.motor.drive(duty)
    high, low = (bridge.in1, bridge.in2) if duty > 0 else (bridge.in2, bridge.in1)
    assert high.duty == abs(duty) * 65535 // 1000
    assert low.duty == 0
    assert bridge.motor.duty == duty


@pytest.mark.parametrize("duty", [1001, -1001, 100000])
def test_a_duty_out_of_range_stops_the_motor(alone, duty):
    bridge = Bridge(alone)
    bridge.motor.drive(700)
    with pytest.raises(ValueError):
        bridge.motor.drive(duty)
    assert (bridge.in1.duty, bridge.in2.duty) == (0, 0)


commands = lists(
    tuples(
        one_of(integers(-1000, 1000), sampled_from(["coast", "brake"])),
        integers(0, 2 * PAUSE_MS),
    ),
    max_size=30,
)


@given(commands=commands)
def test_no_order_of_commands_drives_both_ways_or_reverses_without_a_pause(new_alone, commands):
    alone = new_alone()
    bridge = Bridge(alone)
    motor = bridge.motor
    for command, wait_ms in commands:
        if command == "coast":
            bridge.may_brake = motor.braking
            motor.coast()
        elif command == "brake":
            bridge.may_brake = True
            motor.brake()
            assert (bridge.in1.duty, bridge.in2.duty) == (65535, 65535)
        else:
            bridge.may_brake = motor.braking
            done = motor.drive(command)
            sign = (bridge.in1.duty > 0) - (bridge.in2.duty > 0)
            if done:
                assert sign == (command > 0) - (command < 0)
            else:
                assert sign == 0
        alone.time.sleep_ms(wait_ms)
    driven = [(ms, what) for ms, what in bridge.story if what in (1, -1)]
    for (before_ms, before), (after_ms, after) in zip(driven, driven[1:], strict=False):
        if before != after:
            assert after_ms - before_ms >= PAUSE_MS


def test_a_reversal_is_reached_by_asking_again(alone):
    bridge = Bridge(alone)
    bridge.motor.drive(800)
    asked = 0
    while not bridge.motor.drive(-800):
        asked += 1
        alone.time.sleep_ms(1)
    assert asked == PAUSE_MS
    assert (bridge.in1.duty, bridge.in2.duty) == (0, 800 * 65535 // 1000)


def test_a_brake_before_any_drive_is_one_in_a_direction_and_needs_the_pause_too(alone):
    bridge = Bridge(alone)
    bridge.may_brake = True
    bridge.motor.brake()
    assert bridge.motor.drive(-800) is False


def test_a_reversal_days_later_is_not_held_up_by_ticks(alone):
    bridge = Bridge(alone)
    bridge.motor.drive(800)
    bridge.motor.coast()
    alone.time.sleep_ms(3 << 28)
    assert bridge.motor.drive(-800)


def test_brake_never_pushes_backwards_on_its_way(alone):
    for duty in (600, -600):
        bridge = Bridge(alone)
        bridge.motor.drive(duty)
        bridge.may_brake = True
        bridge.motor.brake()
        bridge.motor.coast()
        backwards = -1 if duty > 0 else 1
        assert backwards not in [what for _, what in bridge.story]
        assert bridge.story[-1][1] == "coast"
