"""The catalogue, and what every twin promises before and beside its datasheet."""

import pytest

from pinbench.chips.catalogue import CHIPS, chip_class
from pinbench.chips.ina226 import INA226


@pytest.mark.parametrize("kind", sorted(CHIPS))
def test_every_chip_bears_its_name_and_can_be_switched(hand, kind):
    chip = chip_class(kind)()
    assert chip.KIND == kind
    made = hand(chip)
    assert chip.powered and chip.name == kind
    chip.power_off()
    assert not chip.powered
    made.wait_us(1_000_000)
    chip.power_on()
    assert chip.powered and made.violations == []


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="'sht3x' is unknown: choose one of ai10, bmp390"):
        chip_class("sht3x")


def test_a_pin_that_the_chip_lacks_is_named(hand):
    made = hand(INA226())
    with pytest.raises(ValueError, match="ina226 has no pin 'int'"):
        INA226().attach(made.kernel, "current", {"int": made.kernel.net("x")})


@pytest.mark.parametrize(
    "kind, settings",
    [
        ("sht4x", {"rh_pct": 33.0, "temp_c": -5.0, "stuck_wet": True}),
        ("bmp390", {"pressure_hpa": 950.0, "temp_c": -5.0}),
        ("rg15", {"rain_mm_per_h": 4.0, "unplugged": True, "lens_bad": True, "fallen_mm": None}),
        ("ina226", {"current_ma": 1234.0, "bus_mv": 11000.0}),
        ("drv8871", {"supply_mv": 10500, "shut_down": True}),
        ("hall_encoder", {"stuck": True, "dead": "a"}),
        ("limit_switch", {"pressed": True, "broken": True, "welded": True}),
        ("button", {"pressed": True}),
    ],
)
@pytest.mark.parametrize("when", ["before", "while off", "while on"])
def test_the_world_may_set_what_it_likes_at_any_time(hand, kind, settings, when):
    chip = chip_class(kind)()
    made = None if when == "before" else hand(chip)
    if when == "while off":
        chip.power_off()
    for name, value in settings.items():
        if value is not None:
            setattr(chip, name, value)
            assert getattr(chip, name) == value
        else:
            getattr(chip, name)
    made = made or hand(chip)
    if when == "while off":
        chip.power_on()
    made.wait_us(10_000_000)
    assert made.violations == []
