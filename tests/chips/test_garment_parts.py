"""Fuel gauge, vibration motor and contact switches."""

import pytest

from pinbench.chips.contact_switch import ContactSwitch
from pinbench.chips.max17048 import MAX17048
from pinbench.chips.vibration_motor import VibrationMotor

VCELL, SOC, CONFIG, VALRT, CRATE, STATUS, CMD = 0x02, 0x04, 0x0C, 0x14, 0x16, 0x1A, 0xFE


@pytest.fixture
def gauge(hand):
    return lambda **physical: hand(MAX17048(**physical), pull_ups=("alert",))


def word(made, register):
    data = made.registers(register, 2)
    return data[0] << 8 | data[1]


def test_gauge_reads(gauge):
    made = gauge(soc_pct=55.5, cell_mv=3812, rate_pct_h=-4.2)
    made.wait_us(1_300_000)
    assert word(made, VCELL) * 78.125 / 1000 == pytest.approx(3812, abs=0.05)
    assert word(made, SOC) / 256 == pytest.approx(55.5, abs=0.01)
    assert (word(made, CRATE) - 0x10000) * 0.208 == pytest.approx(-4.2, abs=0.21)
    assert [word(made, r) for r in (0x08, 0x0A, CONFIG, VALRT)] == [0x12, 0x8030, 0x971C, 0x00FF]
    assert made.violations == []


def test_a_burst_goes_on_to_the_next_register(gauge):
    made = gauge(soc_pct=40.0, cell_mv=3700)
    made.wait_us(1_300_000)
    data = made.registers(VCELL, 4)
    assert data[2] == 40


def test_state_of_charge_is_a_guess_at_first(gauge):
    made = gauge(soc_pct=80.0)
    assert word(made, STATUS) & 0x0100
    assert word(made, SOC) >> 8 == 50
    made.wait_us(1_300_000)
    assert word(made, SOC) >> 8 == 80
    assert word(made, STATUS) & 0x0100  # until somebody writes it 0
    made.write(STATUS, 0, 0)
    assert word(made, STATUS) == 0


def test_reset_is_not_acknowledged(gauge):
    made = gauge()
    made.write(STATUS, 0, 0)
    made.write(CONFIG, 0x97, 0x1F)
    assert made.write(CMD, 0x54, 0x00) == 2  # the last byte was refused: success
    assert word(made, STATUS) & 0x0100
    assert word(made, CONFIG) == 0x971C
    assert made.violations == []


def test_low_charge_alert(gauge):
    made = gauge(soc_pct=60.0, cell_mv=3800)
    made.wait_us(1_300_000)
    made.write(CONFIG, 0x97, 0x00 | 32 - 10)
    assert made.nets["alert"].level == 1
    made.chip.soc_pct = 9.0
    made.wait_us(300_000)
    assert made.nets["alert"].level == 0
    assert word(made, STATUS) & 0x1000 and word(made, CONFIG) & 0x20
    made.write(CONFIG, 0x97, 32 - 10)
    assert made.nets["alert"].level == 1


def test_voltage_alert(gauge):
    made = gauge(soc_pct=60.0, cell_mv=3800)
    made.write(VALRT, 3500 // 20, 4100 // 20)
    made.chip.cell_mv = 3400
    made.wait_us(300_000)
    assert word(made, STATUS) & 0x0400
    made.chip.cell_mv = 4200
    made.wait_us(300_000)
    assert word(made, STATUS) & 0x0200


def test_gauge_without_a_cell_and_stuck(gauge):
    made = gauge(cell_mv=3700)
    made.wait_us(1_300_000)
    made.chip.stuck = True
    made.chip.cell_mv = 3000
    made.wait_us(1_000_000)
    assert word(made, VCELL) == 47360
    made.chip.cell_mv = 0
    assert made.write(VCELL) == -1


def test_gauge_is_strict(gauge):
    made = gauge()
    made.write(VCELL, 0, 0)
    made.registers(0x30, 2)
    made.write(CMD, 0x12, 0x34)
    assert ["read only" in v or "unknown" in v or "only 0x5400" in v for v in made.violations] == [
        True, True, True,
    ]  # fmt: skip


def test_vibration_is_felt_after_its_spin_up(hand):
    made = hand(VibrationMotor())
    chip, net = made.chip, made.nets["in"]
    for us in (30_000, 200_000):
        net.drive("host", 1)
        made.wait_us(us)
        assert chip.running == (us > 40_000)
        net.drive("host", 0)
        made.wait_us(1000)
    net.drive_pwm("host", 200, 32768)
    made.wait_us(100_000)
    net.drive("host", 0)
    assert [(d, u) for _, d, u in chip.runs] == [(200_000, 65535), (100_000, 32768)]
    chip.seized = True
    net.drive("host", 1)
    made.wait_us(100_000)
    assert not chip.running
    chip.power_off()
    assert chip.count == 2


def test_contact(hand):
    made = hand(ContactSwitch(), pull_ups=("out",))
    chip, net = made.chip, made.nets["out"]
    assert net.level == 1
    chip.closed = True
    made.wait_us(3000)
    assert net.level == 0
    assert 2 < len(made.noted("net")) < 12  # it chattered
    chip.broken = True
    assert net.level == 1
    chip.broken, chip.closed, chip.shorted = False, False, True
    made.wait_us(3000)
    assert net.level == 0
    chip.shorted = False
    chip.press(50)
    made.wait_us(10_000)
    assert net.level == 0
    made.wait_us(60_000)
    assert net.level == 1
