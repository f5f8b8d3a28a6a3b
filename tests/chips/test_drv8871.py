"""DRV8871 twin: the control table, sleep, lockout, and the reversal that it frowns on."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from pinbench.chips.drv8871 import DRV8871


class Bridge:
    def __init__(self, hand, **physical):
        self.hand = hand(DRV8871(**physical))
        self.chip = self.hand.chip
        self.wait_us = self.hand.wait_us
        self.heard = []
        self.chip.on_change(lambda chip: self.heard.append((chip.state, chip.drive)))

    def put(self, in1, in2, freq_hz=20000):
        self.hand.nets["in1"].drive_pwm("pin", freq_hz, in1)
        self.hand.nets["in2"].drive_pwm("pin", freq_hz, in2)

    def awake(self):
        """Brake, so that what follows is not delayed by waking."""
        self.put(65535, 65535)
        self.wait_us(2000)
        return self


@pytest.fixture
def bridge(hand):
    return Bridge(hand)


@pytest.mark.parametrize(
    "in1, in2, state, drive, slow_decay",
    [
        (0, 0, "coast", 0.0, False),
        (65535, 0, "drive", 1.0, True),
        (0, 65535, "drive", -1.0, True),
        (65535, 65535, "brake", 0.0, True),
        (32768, 0, "drive", 32768 / 65535, False),
        (0, 32768, "drive", -32768 / 65535, False),
        (65535, 32768, "drive", 32767 / 65535, True),
        (32768, 65535, "drive", -32767 / 65535, True),
        (32768, 32768, "brake", 0.0, False),
    ],
)
def test_control_table(bridge, in1, in2, state, drive, slow_decay):
    bridge.awake().put(in1, in2)
    chip = bridge.chip
    assert (chip.state, chip.drive, chip.slow_decay) == (state, drive, slow_decay)


@given(in1=integers(0, 65535), in2=integers(0, 65535))
def test_the_motor_sees_the_difference(hand, in1, in2):
    bridge = Bridge(hand).awake()
    bridge.put(in1, in2)
    assert abs(bridge.chip.drive - (in1 - in2) / 65535) < 1e-12
    assert bridge.hand.violations == []


def test_asleep_at_power_up_and_50_us_to_wake(bridge):
    assert bridge.chip.asleep
    bridge.put(65535, 0)
    bridge.wait_us(49)
    assert (bridge.chip.state, bridge.chip.drive) == ("coast", 0.0)
    bridge.wait_us(1)
    assert (bridge.chip.state, bridge.chip.drive) == ("drive", 1.0)
    assert not bridge.chip.asleep


@pytest.mark.parametrize("low_us, asleep", [(999, False), (1000, True)])
def test_sleep_after_a_millisecond_low(bridge, low_us, asleep):
    bridge.awake().put(0, 0)
    bridge.wait_us(low_us)
    assert bridge.chip.asleep == asleep
    bridge.put(65535, 0)
    assert (bridge.chip.drive == 0.0) == asleep


def test_low_again_while_waking(bridge):
    bridge.put(65535, 0)
    bridge.wait_us(30)
    bridge.put(0, 0)
    bridge.wait_us(1000)
    assert bridge.chip.state == "coast" and bridge.heard == []


def test_a_glitch_low_while_waking_starts_the_waking_again(bridge):
    bridge.put(65535, 0)
    bridge.wait_us(30)
    bridge.put(0, 0)
    bridge.wait_us(10)
    bridge.put(65535, 0)
    bridge.wait_us(49)
    assert bridge.chip.state == "coast"
    bridge.wait_us(1)
    assert bridge.chip.state == "drive"


def test_supply_back_with_an_input_high(bridge):
    bridge.awake().put(65535, 0)
    bridge.chip.power_off()
    bridge.wait_us(100000)
    bridge.chip.power_on()
    assert bridge.chip.state == "coast"
    bridge.wait_us(50)
    assert bridge.chip.drive == 1.0


def test_undervoltage_lockout_with_hysteresis(bridge):
    bridge.awake().put(65535, 0)
    bridge.chip.supply_mv = 6100
    assert bridge.chip.drive == 1.0
    bridge.chip.supply_mv = 6099
    assert bridge.chip.state == "coast"
    bridge.chip.supply_mv = 6400
    assert bridge.chip.state == "coast"
    bridge.chip.supply_mv = 6401
    assert bridge.chip.drive == 1.0
    assert [v[1:] for v in bridge.hand.noted("chip")] == [("undervoltage", 1), ("undervoltage", 0)]


def test_protection_and_power_hold_the_outputs_open(bridge):
    bridge.awake().put(65535, 0)
    bridge.chip.shut_down = True
    assert bridge.chip.state == "coast"
    bridge.chip.shut_down = False
    assert bridge.chip.drive == 1.0
    bridge.chip.power_off()
    assert bridge.chip.drive == 0.0
    bridge.put(0, 65535)
    assert bridge.chip.drive == 0.0


def test_each_change_is_told_once(bridge):
    bridge.awake()
    bridge.heard.clear()
    bridge.put(65535, 65535)
    bridge.put(65535, 0)
    bridge.put(65535, 0)
    bridge.put(0, 0)
    assert bridge.heard == [("drive", 1.0), ("coast", 0.0)]


@pytest.mark.parametrize("between", [(0, 0), (65535, 65535)])
@pytest.mark.parametrize("pause_us, faults", [(0, 1), (999, 1), (1000, 0), (5000, 0)])
def test_a_reversal_needs_a_pause(bridge, between, pause_us, faults):
    bridge.awake().put(65535, 0)
    bridge.wait_us(100000)
    bridge.put(*between)
    bridge.wait_us(pause_us)
    bridge.put(0, 65535)
    bridge.wait_us(100)
    assert bridge.chip.drive == -1.0
    assert bridge.chip.reversals_without_pause == faults
    assert len(bridge.hand.noted("fault")) == faults


def test_starting_and_stopping_the_same_way_needs_none(bridge):
    bridge.awake()
    for _ in range(5):
        bridge.put(65535, 0)
        bridge.put(0, 0)
    assert bridge.chip.reversals_without_pause == 0


def test_pwm_beyond_200_khz(bridge):
    bridge.awake()
    bridge.put(30000, 0, freq_hz=200000)
    assert bridge.hand.violations == []
    bridge.put(30000, 0, freq_hz=200001)
    assert bridge.hand.violations == ["PWM of 200001 Hz: 200 kHz at most"]
