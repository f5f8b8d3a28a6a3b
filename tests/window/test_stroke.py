"""The drive over one movement of a sash that obeys at once: how fast it rises, holds and falls."""

import pytest

OPENING, CLOSING = 1, -1
TICK_MS = 10


class Motion:
    """A stroke and a sash that needs `start_mv` to move and makes 1/0.6 mm/s per volt beyond."""

    def __init__(self, core, direction, supply_mv=12000, start_mv=1000):
        self.module = core("window.stroke")
        self.stroke = self.module.Stroke()
        self.stroke.begin(direction, supply_mv, 0)
        self.start_mv = start_mv
        self.um = 0.0
        self.ms = 0
        self.edge_us = 0
        self.drives_mv = [self.stroke.drive_mv]
        self.moved = [0]
        self.ceiling_um_s = 0
        self.ending = False
        self.factor = 1.0

    @property
    def speed_um_s(self):
        return self.factor * max(0.0, (self.stroke.drive_mv - self.start_mv) * 1000 / 600)

    def tick(self, tick_ms=TICK_MS):
        speed_um_s = self.speed_um_s
        before = int(self.um // 200)
        self.um += speed_um_s * tick_ms / 1000
        self.ms += tick_ms
        moved = int(self.um // 200)
        if moved > before:
            late_s = (self.um - moved * 200) / speed_um_s
            self.edge_us = int(self.ms * 1000 - late_s * 1e6)
        verdict = self.stroke.step(
            tick_ms, self.ms * 1000, moved, self.edge_us, self.ceiling_um_s, self.ending
        )
        self.drives_mv.append(self.stroke.drive_mv)
        self.moved.append(moved)
        return verdict

    def run(self, seconds):
        """Tick so long, or until it says more than that it goes on; return what it says."""
        for _ in range(int(seconds * 1000 / TICK_MS)):
            verdict = self.tick()
            if verdict:
                return verdict
        return 0

    def steps_mv(self):
        """Return by how much the drive changed from tick to tick."""
        return [b - a for a, b in zip(self.drives_mv, self.drives_mv[1:], strict=False)]

    def plateaus(self):
        """Return (drive, edges passed) of each time that the drive stood still for 50 ms."""
        found = []
        for at in range(5, len(self.drives_mv)):
            drive_mv = self.drives_mv[at]
            if len(set(self.drives_mv[at - 5 : at + 1])) == 1:
                if not found or found[-1][0] != drive_mv:
                    found.append([drive_mv, self.moved[at - 5], 0])
                found[-1][2] = self.moved[at] - found[-1][1]
        return [(drive_mv, edges) for drive_mv, _, edges in found]


def test_opening_rises_by_10_v_a_second_to_full_duty(core):
    motion = Motion(core, OPENING)
    assert motion.stroke.duty_pm() == 25  # 0.3 V of 12
    assert motion.run(0.5) == 0
    assert set(motion.steps_mv()) == {100}
    assert motion.stroke.duty_pm() == 5300 * 1000 // 12000
    assert motion.run(2) == 0
    assert motion.stroke.duty_pm() == 1000 and motion.drives_mv[117] == 12000


def test_a_supply_that_nothing_measures_is_taken_for_the_highest(core):
    motion = Motion(core, OPENING, supply_mv=0)
    assert motion.stroke.duty_pm() == 300 * 1000 // 14400
    motion.run(3)
    assert motion.stroke.duty_pm() == 1000 and motion.stroke.drive_mv == 14400


def test_a_supply_too_low_for_the_drive_is_given_whole_and_no_more(core):
    motion = Motion(core, CLOSING, supply_mv=2000, start_mv=4000)
    motion.run(1.5)
    assert motion.stroke.duty_pm() == 1000


def test_a_soft_stop_falls_by_40_v_a_second_from_wherever_it_is(core):
    for direction in (OPENING, CLOSING):
        for seconds in (0.1, 0.5, 1, 3, 8):
            motion = Motion(core, direction)
            assert motion.run(seconds) == 0
            before_mv = motion.stroke.drive_mv
            motion.ending = True
            assert motion.run(2) == motion.module.ENDED
            fall = motion.steps_mv()[int(seconds * 100) :]
            assert len(fall) == -(-before_mv // 400) + 1
            assert sum(fall) == -before_mv and min(fall) >= -400
            assert set(fall[:-2]) <= {-400}


def test_a_late_tick_counts_as_100_ms(core):
    motion = Motion(core, OPENING)
    motion.tick(99)
    motion.tick(100)
    motion.tick(900)
    assert motion.steps_mv() == [990, 1000, 1000]


@pytest.mark.parametrize("start_mv", (600, 1000, 1500))
def test_closing_feels_its_way_learns_and_only_then_rises(core, start_mv):
    motion = Motion(core, CLOSING, start_mv=start_mv)
    assert motion.run(8) == 0
    first = next(at for at, moved in enumerate(motion.moved) if moved)
    assert set(motion.steps_mv()[: first - 1]) == {29}, "2.9 V a second"
    (felt_mv, edges), (full_mv, _) = motion.plateaus()
    assert felt_mv <= motion.drives_mv[first] + 900
    assert 10 <= edges <= 13, "five to be measured, and five free ones"
    risen = motion.drives_mv.index(full_mv)
    rise = [step for step in motion.steps_mv()[first:risen] if step > 29]
    assert set(rise[:-1]) == {100} and full_mv == 12000
    assert abs(len(rise) - (12000 - felt_mv) / 100) < 1


def test_before_the_first_edge_the_drive_stays_at_2_78_v(core):
    motion = Motion(core, CLOSING, start_mv=4000)
    assert motion.run(5) == motion.module.STALLS
    assert max(motion.drives_mv) == 2780
    # 2.48 V at 2.9 V/s, and 0.8 s of them in vain.
    assert motion.ms == pytest.approx(860 + 800, abs=20)


def test_after_the_first_edge_the_drive_rises_by_0_9_v_or_to_2_2_mm_s(core):
    """A sash that a hand slows down from its first edge on: a quarter of the speed."""
    motion = Motion(core, CLOSING)
    motion.factor = 0.25
    motion.run(2.5)
    first = next(at for at, moved in enumerate(motion.moved) if moved)
    ((felt_mv, _),) = motion.plateaus()
    assert felt_mv == motion.drives_mv[first - 1] + 900
    motion = Motion(core, CLOSING)
    motion.run(2.5)
    first = next(at for at, moved in enumerate(motion.moved) if moved)
    felt_mv = motion.plateaus()[0][0]
    assert 2200 <= (felt_mv - 1000) * 1000 / 600
    assert felt_mv < motion.drives_mv[first - 1] + 900


@pytest.mark.parametrize("ceiling_um_s", (8500, 10500))
def test_the_ceiling_is_met_from_above_and_from_below(core, ceiling_um_s):
    below = Motion(core, CLOSING)
    below.ceiling_um_s = ceiling_um_s
    assert below.run(8) == 0
    assert below.speed_um_s == pytest.approx(ceiling_um_s, rel=0.03)
    above = Motion(core, CLOSING)
    assert above.run(8) == 0 and above.stroke.duty_pm() == 1000
    before = len(above.drives_mv)
    above.ceiling_um_s = ceiling_um_s
    assert above.run(4) == 0
    assert above.speed_um_s == pytest.approx(ceiling_um_s, rel=0.03)
    falls = [step for step in above.steps_mv()[before - 1 :] if step]
    assert set(falls[:-1]) == {-400}, "and it does not rise again"


def test_a_ceiling_holds_in_closing_only(core):
    motion = Motion(core, OPENING)
    motion.ceiling_um_s = 8500
    motion.run(4)
    assert motion.stroke.duty_pm() == 1000


def test_a_sash_slowed_under_the_ceiling_is_not_pushed_harder(core):
    motion = Motion(core, CLOSING)
    motion.ceiling_um_s = 10500
    motion.run(8)
    cruise_mv = motion.stroke.drive_mv
    motion.factor = 0.95
    motion.run(8)
    assert motion.stroke.drive_mv == cruise_mv


def test_a_hand_is_found_in_closing_and_let_be_in_opening(core):
    for direction in (CLOSING, OPENING):
        motion = Motion(core, direction)
        assert motion.run(8) == 0
        motion.factor = 0.8
        assert motion.run(1) == (motion.module.SLIPS if direction == CLOSING else 0)


def test_no_edge_for_0_8_s_is_a_stall_in_any_phase_but_the_last(core):
    motion = Motion(core, OPENING)
    assert motion.run(3) == 0
    motion.factor = 0.0
    began_ms = motion.ms
    assert motion.run(2) == motion.module.STALLS
    assert motion.ms - began_ms == pytest.approx(810, abs=20)
    motion = Motion(core, OPENING)
    motion.run(3)
    motion.factor, motion.ending = 0.0, True
    assert motion.run(2) == motion.module.ENDED


def test_each_movement_begins_from_nothing(core):
    motion = Motion(core, CLOSING)
    motion.run(6)
    fresh = Motion(core, CLOSING)
    again = Motion(core, CLOSING)
    again.stroke = motion.stroke
    again.stroke.begin(CLOSING, 12000, 0)
    again.drives_mv = [again.stroke.drive_mv]
    for made in (fresh, again):
        assert made.run(6) == 0
    assert again.drives_mv == fresh.drives_mv
