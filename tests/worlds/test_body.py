"""The garment's surroundings: motions, impact and lead, buckle, battery, faults."""

import base64
from array import array

import pytest

from pinbench.chips.catalogue import chip_class
from pinbench.simulator.kernel import Kernel
from pinbench.worlds import synthetic
from pinbench.worlds.body import BodyWorld

CHIPS = {
    "imu": ("lsm6dsox", "cs int1 int2"),
    "inflator": ("inflator", "arm fire reservoir continuity squib"),
    "fuel_gauge": ("max17048", ""),
    "buckle": ("contact", "out"),
    "charger": ("contact", "out"),
    "button": ("button", "out"),
    "buzzer": ("buzzer", "in"),
    "vibration": ("vibration_motor", "in"),
}


class Wearer:
    """A BodyWorld with its chips on a bare kernel; the IMU runs at 104 Hz, 16 g, 2000 dps."""

    def __init__(self, **world):
        self.kernel = Kernel("rp2350", seed=3)
        self.chips = {}
        for role, (kind, pins) in CHIPS.items():
            nets = {pin: self.kernel.net(f"{role}.{pin}") for pin in pins.split()}
            self.chips[role] = chip_class(kind)()
            self.chips[role].attach(self.kernel, role, nets)
        self.world = BodyWorld(self.kernel, self.chips, {}, world)
        self.world.start()
        self.run_s(0.02)
        for pair in ((0x10, 0x44), (0x11, 0x4C)):
            self.exchange(*pair)
        self.run_s(0.1)

    def exchange(self, *out):
        cs = self.kernel.net("imu.cs")
        cs.drive("host", 0)
        reply = bytes(self.chips["imu"].spi_exchange(byte) for byte in out)
        cs.drive("host", 1)
        return reply[1:]

    def counts(self):
        data = self.exchange(0xA2, *bytes(12))
        values = [
            int.from_bytes(data[at : at + 2], "little", signed=True) for at in range(0, 12, 2)
        ]
        return values[3:] + values[:3]

    def run_s(self, seconds):
        self.kernel.run_until(self.kernel.now_us + round(seconds * 1e6))

    def fire(self):
        self.kernel.net("inflator.arm").drive("host", 1)
        self.kernel.net("inflator.fire").drive_pwm("host", 10, 1311)
        self.run_s(0.005)
        self.kernel.net("inflator.fire").drive("host", 0)
        self.kernel.net("inflator.arm").drive("host", 0)

    def measure(self, name):
        return self.world.measure(name)


def magnitudes(rows):
    return [
        sum((0.000488 * value) ** 2 for value in rows[at : at + 3]) ** 0.5
        for at in range(0, len(rows), 6)
    ]


@pytest.mark.parametrize("name", synthetic.NAMES)
def test_synthetic_motions_begin_standing_and_are_whole(name):
    rows, impact = synthetic.motion(name)
    assert len(rows) % 6 == 0
    assert (impact >= 0) == name.startswith("fall")
    if name not in ("walk", "jog"):
        assert abs(rows[1] + 2049) < 30 and abs(rows[0]) < 30 and abs(rows[2]) < 30


@pytest.mark.parametrize(
    "name, axis, sign",
    [
        ("fall forward", 2, -1),
        ("fall backward", 2, 1),
        ("fall right", 0, -1),
        ("fall left", 0, 1),
    ],
)
def test_a_synthetic_fall_loses_its_hold_and_hits(name, axis, sign):
    rows, impact = synthetic.motion(name)
    g = magnitudes(rows)
    assert min(g[impact - 20 : impact]) < 0.7
    assert max(g[impact : impact + 10]) > 5
    assert rows[-6 + axis] * sign > 1900  # lies on that side
    turning = 3 if axis == 2 else 5
    turned = sum(rows[at + turning] * 0.07 / 104 for at in range(0, impact * 6, 6))
    assert 70 < abs(turned) < 95
    assert 0.6 < (impact - 104) / 104 < 1.5


def test_unknown_motions_are_named():
    with pytest.raises(ValueError, match="motion 'fly' is unknown: choose one of bend"):
        Wearer(motion="fly")
    with pytest.raises(ValueError, match="needs a recording, rows, table"):
        Wearer(motions={"mine": {}})
    with pytest.raises(ValueError, match="six counts"):
        Wearer(motions={"mine": {"table": [[1, 2]]}})


def test_upright_at_the_start_and_a_recording_as_it_is(tmp_path):
    table = [[i, -i, 2 * i, 3, 4, 5] for i in range(50)]
    data = array("h", [value for row in table for value in row]).tobytes()
    path = tmp_path / "mine.i16"
    path.write_bytes(data)
    for entry in (
        {"table": table},
        {"rows": base64.b64encode(data).decode()},
        {"file": str(path)},
    ):
        on = Wearer(motions={"mine": {**entry, "impact_row": 30}})
        assert on.counts()[1] == pytest.approx(-2049, abs=10)
        on.world.act("play", {"motion": "mine"})
        began_s = on.kernel.now_us / 1e6
        on.run_s(10.5 / 104)
        assert on.counts() == table[on.measure("row")]
        on.run_s(1)
        assert on.counts() == [49, -49, 98, 0, 0, 0]
        assert on.world.events["impact"] / 1e6 - began_s == pytest.approx(30 / 104, abs=0.011)
        assert "motion ends" in on.world.events


def test_lead_from_firing_to_impact():
    on = Wearer(buckled=True)
    on.run_s(1)
    on.world.act("play", {"motion": "fall forward"})
    _, impact = synthetic.motion("fall forward")
    on.run_s((impact - 40) / 104)
    on.fire()
    on.run_s(3)
    assert on.measure("fired") == 1
    assert on.measure("lead_ms") == pytest.approx(40 / 104 * 1000, abs=12)
    assert on.measure("trigger_us") == pytest.approx((impact - 40) / 104 * 1e6, abs=12_000)
    assert on.measure("impacts") == 1 and on.measure("fire_pulses") == 1
    assert on.measure("fire_time_ms") == on.world.events["fired"] // 1000


def test_no_lead_without_a_fall():
    on = Wearer()
    on.world.act("play", {"motion": "walk", "then": "walk"})
    on.run_s(25)
    on.fire()
    assert on.measure("fired") == 1
    assert on.measure("lead_ms") == -1
    assert on.measure("row") > 0


def test_buckle_button_and_charger():
    on = Wearer(battery_pct=50, soc_per_hour=5)
    for action, expected in (("buckle", 1), ("unbuckle", 0)):
        on.world.act(action, {})
        assert on.measure("buckled") == expected
    undo = on.world.act("buckle wire cut", {})
    on.world.act("buckle", {})
    on.run_s(0.1)
    assert on.chips["buckle"].closed and on.kernel.net("buckle.out").level == 0
    undo()
    on.run_s(3600)
    assert on.measure("battery_pct") in (44, 45)
    off = on.world.act("charger", {"pct_per_hour": 20})
    assert on.chips["charger"].closed and on.chips["fuel_gauge"].rate_pct_h == 20
    on.run_s(3600)
    assert on.measure("battery_pct") in (64, 65)
    off()
    assert not on.chips["charger"].closed
    on.world.act("battery", {"pct": 4})
    assert on.chips["fuel_gauge"].soc_pct == 4
    assert 3200 < on.chips["inflator"].battery_mv < 3500


@pytest.mark.parametrize(
    "action, params, chip, field, value",
    [
        ("inflator fault", {"kind": "open"}, "inflator", "open", True),
        ("inflator fault", {"kind": "b to ground"}, "inflator", "short_to", "b_ground"),
        ("inflator fault", {"kind": "arm welded"}, "inflator", "welded", "arm"),
        ("imu fault", {"kind": "disconnected low"}, "imu", "disconnected", "low"),
        ("imu fault", {"kind": "frozen"}, "imu", "frozen", True),
        ("stuck axis", {"axis": "gy"}, "imu", "stuck", "gy"),
        ("saturated axis", {"axis": "ax"}, "imu", "saturated", "ax"),
        ("damaged words", {"kind": "parity", "count": 3}, "imu", "bad_parity", 3),
        ("clock", {"ppm": 900}, "imu", "clock_ppm", 900),
        ("vibration seized", {}, "vibration", "seized", True),
    ],
)
def test_faults_come_and_go(action, params, chip, field, value):
    on = Wearer()
    before = getattr(on.chips[chip], field)
    end = on.world.act(action, params)
    assert getattr(on.chips[chip], field) == value
    end()
    assert getattr(on.chips[chip], field) == before


def test_actions_are_checked():
    on = Wearer()
    with pytest.raises(ValueError, match="motion of 'play' must be text"):
        on.world.act("play", {"motion": 3})
    with pytest.raises(ValueError, match="'play' needs motion"):
        on.world.act("play", {})
    with pytest.raises(ValueError, match="kind of 'inflator fault' must be"):
        on.world.act("inflator fault", {"kind": "melts"})
    for name in on.world.MEASURES:
        assert isinstance(on.measure(name), int)
    with pytest.raises(ValueError, match="'height' is not a measure"):
        on.measure("height")


@pytest.mark.vm
def test_both_interpreters_print_the_same(printed):
    here, there = printed("vm_body.py")
    assert len(here) > 150
    assert here == there
