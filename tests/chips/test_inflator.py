"""The inflator's ladder: what converters see in each state, the reservoir, and when it fires."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, sampled_from

from pinbench.chips.inflator import Inflator
from pinbench.chips.squib import Squib
from pinbench.simulator.kernel import Kernel


class Ladder:
    """The chip with its switches in the test's hand, the reservoir full."""

    def __init__(self, charged=True, **physical):
        self.kernel = Kernel("rp2350", seed=1)
        self.nets = {pin: self.kernel.net(pin) for pin in Inflator.PINS}
        self.chip = Inflator(**physical)
        self.chip.attach(self.kernel, "inflator", self.nets)
        if charged:
            self.wait_ms(2000)

    def wait_ms(self, ms):
        self.kernel.run_until(self.kernel.now_us + int(ms * 1000))

    def switch(self, arm=None, fire=None):
        for pin, level in (("arm", arm), ("fire", fire)):
            if level is not None:
                self.nets[pin].drive("host", level)

    def mv(self, pin):
        return self.nets[pin].millivolts()

    @property
    def violations(self):
        return [text for _, _, text in self.kernel.violations]


@pytest.fixture(scope="session")
def ladder():
    return Ladder


@given(ohm=floats(0.3, 10))
def test_at_rest_the_resistance_can_be_read(ladder, ohm):
    on = ladder(charged=False, squib_ohm=ohm)
    assert on.mv("continuity") == pytest.approx(300 * ohm, rel=0.01, abs=1)
    assert 1970 <= on.mv("squib") <= 1981


# The table of the module's docstring; None: not said there.
STATES = [
    ({}, 600, 1979),
    ({"open": True}, 3300, 0),
    ({"short": True}, 60, 1980),
    ({"short_to": "a_ground"}, 0, 0),
    ({"short_to": "b_ground"}, 1499, 0),
    ({"short_to": "a_battery"}, 1121, 3300),
    ({"short_to": "b_battery"}, 0, 3300),
    ({"short_to": "b_battery", "battery_mv": 3100}, 0, 3100),
    ({"welded": "arm"}, 3300, 3300),
    ({"welded": "arm", "open": True}, 3300, 0),
    ({"welded": "fire"}, 1499, 0),
    ({"welded": "fire", "open": True}, 3300, 0),
]


@pytest.mark.parametrize("fault, continuity, squib", STATES)
def test_each_fault_at_rest(ladder, fault, continuity, squib):
    on = ladder()
    for name, value in fault.items():
        setattr(on.chip, name, value)
    assert on.mv("continuity") == pytest.approx(continuity, abs=2)
    assert on.mv("squib") == pytest.approx(squib, abs=2)
    for name in fault:
        blank = {"battery_mv": 3700, "open": False, "short": False}.get(name, "")
        setattr(on.chip, name, blank)
    assert (on.mv("continuity"), on.mv("squib")) == (600, 1979)
    assert on.chip.fired == 0


def test_each_switch_can_be_tried_alone(ladder):
    on = ladder()
    on.switch(arm=1)
    on.wait_ms(5000)
    assert on.mv("squib") == 3300
    assert on.chip.reservoir_mv == pytest.approx(11250, abs=5)
    on.switch(arm=0)
    on.wait_ms(1000)
    on.switch(fire=1)
    on.wait_ms(1000)
    assert (on.mv("continuity"), on.mv("squib")) == (1498, 0)
    on.switch(fire=0)
    assert (on.mv("continuity"), on.mv("squib")) == (600, 1979)
    chip = on.chip
    assert (chip.fired, chip.closings, chip.energy_uj, chip.arm_ms) == (0, 0, 0, 5000)
    assert on.violations == []


@pytest.mark.parametrize("which", ["arm", "fire"])
def test_a_switch_that_does_not_close_leaves_rest(ladder, which):
    on = ladder()
    on.chip.failed_open = which
    on.switch(**{which: 1})
    on.wait_ms(10)
    assert (on.mv("continuity"), on.mv("squib")) == (600, 1979)
    on.switch(arm=1, fire=1)
    on.wait_ms(10)
    assert on.chip.fired == 0


def test_reservoir_charges_holds_and_drains(ladder):
    on = ladder(charged=False)
    assert on.mv("reservoir") == 0
    on.wait_ms(103)
    assert on.chip.reservoir_mv == pytest.approx(12000 * 0.632, rel=0.01)
    on.wait_ms(1000)
    assert on.mv("reservoir") == pytest.approx(2973, abs=3)
    on.chip.power_off()
    on.wait_ms(10_000)
    assert on.chip.reservoir_mv == pytest.approx(11980 * 0.852, rel=0.01)
    on.chip.power_on()
    on.chip.battery_mv = 2900
    before = on.chip.reservoir_mv
    on.wait_ms(100)
    assert on.chip.reservoir_mv <= before
    on.chip.battery_mv = 3700
    on.chip.boost_ok = False
    on.wait_ms(100)
    assert on.chip.reservoir_mv <= before


def test_a_pulse_fires_once_and_leaves_an_open_bridge(ladder):
    on = ladder()
    on.switch(arm=1)
    on.wait_ms(1000)
    at_us = on.kernel.now_us
    on.nets["fire"].drive_pwm("host", 10, round(65536 * 0.02))  # 2 ms of each 100
    on.wait_ms(50)
    on.switch(arm=0, fire=0)
    chip = on.chip
    assert chip.fired == 1 and 0 < chip.fire_time_us - at_us <= 200
    assert 2900 <= chip.energy_uj < 5800 + 100
    assert chip.peak_ma > 4000 and 1990 <= chip.pulse_us <= 2001
    on.wait_ms(1000)
    assert (on.mv("continuity"), on.mv("squib")) == (3300, 0)
    on.switch(arm=1, fire=1)
    on.wait_ms(2)
    on.switch(arm=0, fire=0)
    assert (chip.fired, chip.closings) == (1, 2)
    chip.renew()
    assert on.mv("continuity") == 600
    on.wait_ms(1000)
    on.switch(arm=1, fire=1)
    on.wait_ms(2)
    assert chip.fired == 2


def test_a_train_of_pulses_closes_again_and_again(ladder):
    on = ladder()
    on.chip.open = True
    on.switch(arm=1)
    on.nets["fire"].drive_pwm("host", 10, round(65536 * 0.02))
    on.wait_ms(450)
    on.switch(fire=0)
    assert on.chip.closings == 5
    assert on.chip.pulse_us == pytest.approx(10_000, abs=10)


def test_an_empty_reservoir_does_not_fire(ladder):
    on = ladder()
    on.chip.boost_ok = False
    on.chip.reservoir_mv = 2500
    on.switch(arm=1, fire=1)
    on.wait_ms(10)
    assert on.chip.fired == 0
    assert 0 < on.chip.energy_uj < 2900


@pytest.mark.parametrize("welded, driven", [("fire", "arm"), ("arm", "fire")])
def test_a_welded_switch_leaves_one_between(ladder, welded, driven):
    on = ladder()
    on.chip.welded = welded
    on.wait_ms(100)
    assert on.chip.fired == 0
    on.switch(**{driven: 1})
    on.wait_ms(5)
    assert on.chip.fired == 1


def test_b_shorted_to_ground_is_a_closed_fire_switch(ladder):
    on = ladder()
    on.chip.short_to = "b_ground"
    on.switch(arm=1)
    on.wait_ms(5)
    assert on.chip.fired == 1


def test_too_long_a_pulse_is_noticed(ladder):
    on = ladder()
    on.switch(arm=1, fire=1)
    on.wait_ms(25)
    assert on.violations == ["both switches on for more than 20 ms"]


@pytest.mark.parametrize("fault", ["open", "short"])
def test_switches_that_stay_closed_cost_no_steps(ladder, fault):
    on = ladder()
    on.chip.welded = "both"
    setattr(on.chip, fault, True)
    on.wait_ms(100)
    before = on.kernel.events
    on.wait_ms(3_600_000)
    assert on.kernel.events - before < 10
    assert on.chip.reservoir_mv == pytest.approx(11980 if fault == "open" else 200, abs=20)
    assert on.chip.fired == 0


def test_unpowered_switches_are_off(ladder):
    on = ladder()
    on.chip.power_off()
    on.switch(arm=1, fire=1)
    on.wait_ms(10)
    assert (on.chip.fired, on.chip.closings) == (0, 0)


@pytest.mark.parametrize(
    "current_ma, us, fires",
    [(1200, 2000, True), (1750, 500, True), (400, 10_000_000, False), (1200, 900, False)],
)
def test_published_pairs_of_the_initiator(current_ma, us, fires):
    squib = Squib()
    assert any(squib.heat(current_ma, 20) for _ in range(us // 20)) == fires


@given(name=sampled_from(["short_to", "welded", "failed_open"]))
def test_faults_are_named(name):
    with pytest.raises(ValueError, match=f"{name} is one of '', "):
        setattr(Inflator(), name, "left")
