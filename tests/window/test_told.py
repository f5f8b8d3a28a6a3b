"""What the sash core tells: lines for the log, sounds, when to write down, when to call again."""

import pytest


@pytest.fixture
def safety(core):
    return core("window.safety")


class Hand:
    """A core whose readings are set by hand, with nothing behind it; a tick is 10 ms."""

    def __init__(self, core, position_mm=200, known=True, clean=True):
        self.module = core("window.sash")
        self.sash = self.module.Sash(position_mm * 5, clean)
        self.readings = self.module.Readings()
        self.readings.count = position_mm * 5
        self.readings.supply_mv = 12000
        self.ms = 0
        if known:
            # A switch says where it is; then it is carried to where it shall be.
            self.readings.count, self.readings.limit_closed = 2, True
            self.tick()
            self.readings.count, self.readings.limit_closed = position_mm * 5, False
            self.sash._rest_count = self.readings.count

    def tick(self, ms=10, **readings):
        for name, value in readings.items():
            setattr(self.readings, name, value)
        self.ms += ms
        self.readings.now_us = self.ms * 1000 % (1 << 30)
        return self.sash.step(self.ms, self.readings)

    def edge(self, by, ms=10):
        """One more edge, timed now."""
        self.readings.count += by
        self.readings.edge_us = (self.ms + ms) * 1000 % (1 << 30)
        return self.tick(ms)

    def start(self, pct):
        """Tick until the drive is on."""
        for _ in range(100):
            actions = self.tick(wish_pct=pct, attended=True)
            if actions.duty_pm:
                return actions
        raise AssertionError("it does not start")


def noted(made):
    """Return the notes of a rig as words and the millimetres in them."""
    words = [note.partition(" mm") for note in made.notes]
    return [(a.rpartition(" at ")[0], int(a.rpartition(" ")[2]), c) for a, _, c in words]


# -- the log


def test_a_pinch_found_by_the_encoder_says_so_and_where(rig):
    made = rig(monitor=False, position_um=300000).known()
    made.drive.set_obstacle(150.0, 20)
    made.wish(0).settle()
    assert noted(made) == [("pinch", pytest.approx(147, abs=4), ", by slip")]


def test_a_pinch_found_by_the_current_says_so(rig):
    for pct, words in ((0, "pinch"), (100, "opening is blocked")):
        made = rig(position_um=200000).known()
        made.drive.jam()
        made.wish(pct).settle()
        assert made.notes == [words + " at 200 mm, by current"]


def test_without_an_edge_it_is_a_stall_after_0_8_s_of_drive_that_should_move(rig):
    made = rig(monitor=False, position_um=200000).known()
    made.deaf = True
    made.wish(0).settle()
    assert made.notes == ["pinch at 200 mm, by stall"]
    made = rig(position_um=200000).known()
    made.deaf = True
    driven_ms = []
    made.watch = lambda made, _: driven_ms.extend([made.now_us / 1000] * (made.duty_pm != 0))
    made.wish(100).settle()
    # 2.78 V, which must start a sash, come after 0.25 s at 10 V/s.
    assert driven_ms[-1] - driven_ms[0] == pytest.approx(1040, abs=20)
    assert made.notes == ["opening is blocked at 200 mm, by stall"]


def test_a_silent_switch_is_found_out_at_the_frame_and_not_tried_again(rig):
    for pct, end_mm in ((0, 0), (100, 400)):
        made = rig(position_um=abs(end_mm - 60) * 1000).known()
        made.silent = True
        made.wish(pct).settle()
        assert made.notes == ["end reached, but its limit switch is silent"]
        assert made.state == "rest" and not made.sash.jammed
        assert made.drive.position_mm == pytest.approx(end_mm, abs=1.2)
        made.run(20)
        assert made.duty_pm == 0 and len(made.notes) == 1
        made.wish(50).settle()
        assert made.drive.position_mm == pytest.approx(200, abs=2.5)


@pytest.mark.parametrize("which", ("limit_open", "limit_closed"))
@pytest.mark.parametrize("moving", (False, True))
def test_a_switch_pressed_far_from_its_end_is_a_fault(rig, which, moving):
    made = rig(position_um=200000).known()
    if moving:
        made.wish(100 if which == "limit_closed" else 0).run(1.5)
        assert made.duty_pm
    made.broken[which] = True
    made.run(0.3)
    assert made.state == "fault" and made.duty_pm == 0
    assert made.notes == ["fault: a limit switch is open far from its end"]


def test_each_fault_has_its_words(rig):
    made = rig(position_um=200000).known()
    made.run(1)
    made._edges += 5
    made.run(0.2)
    assert made.notes == ["fault: the drive is off, and yet moves or draws current"]
    made = rig(position_um=200000)
    made.broken["limit_open"] = made.broken["limit_closed"] = True
    made.run(0.2)
    assert made.notes == ["fault: both limit switches are open, a wire is broken"]


def test_a_movement_of_more_than_90_s_is_a_fault(core):
    hand = Hand(core, 20)
    hand.start(100)
    began_ms = hand.ms
    while hand.ms - began_ms < 90_000:
        assert hand.edge(1, 100).duty_pm > 0
    actions = hand.edge(1, 1)
    assert actions.note == "fault: a movement took too long"
    assert actions.duty_pm == 0 and hand.sash.state == hand.module.FAULT
    assert actions.sound == hand.module.ALARM


def test_a_tick_later_than_100_ms_stops_the_drive_and_is_told(core):
    for direction, pct in ((1, 100), (-1, 0)):
        hand = Hand(core)
        hand.start(pct)
        for _ in range(3):
            assert hand.edge(direction, 100).duty_pm * direction > 0
        actions = hand.edge(direction, 101)
        assert actions.duty_pm == 0
        assert actions.note == "no tick for too long while moving: stopped"


# -- how far it goes


@pytest.mark.parametrize("monitor", (False, True))
def test_after_a_pinch_it_reopens_125_mm_and_no_more(rig, monitor):
    made = rig(monitor=monitor, position_um=250000).known()
    made.drive.set_obstacle(150.0, 20)
    made.wish(0).settle()
    assert made.state == "blocked"
    ((_, pinched_mm, _),) = noted(made)
    assert made.drive.position_mm - pinched_mm == pytest.approx(125, abs=3)


def test_a_reset_sash_first_opens_125_mm_if_something_may_be_pinched_and_else_not(rig, core):
    Sash = core("window.sash").Sash
    for sash, opens_mm in (
        (Sash(500, True), 0),
        (Sash(500, False), 125),
        (Sash(500), 125),
    ):
        made = rig(sash=sash, position_um=100000)
        reached = []
        made.watch = lambda made, _, reached=reached: reached.append(made.drive.position_mm)
        made.wish(0).settle()
        made.settle()
        assert made.drive.limit_shut and made.notes == []
        assert max(reached) - 100 == pytest.approx(opens_mm, abs=3)


def test_to_free_what_may_be_pinched_is_warned_of_as_the_beginning_of_a_close(rig, core):
    made = rig(sash=core("window.sash").Sash(500, False), position_um=100000)
    made.wish(0, attended=False).run(4.9)
    assert made.state == "warn" and made.drive.position_mm == 100
    made.run(0.6)
    assert made.duty_pm > 0


def test_a_warning_takes_5_s_and_a_pause_300_ms(core):
    hand = Hand(core)
    assert hand.tick(wish_pct=0, attended=False).sound == hand.module.WARNING
    assert hand.tick(4999).sound == hand.module.WARNING
    actions = hand.tick(1)
    assert actions.leaving and actions.sound == hand.module.SILENT
    assert hand.tick().duty_pm < 0, "it has been off for long"
    hand.edge(-1)
    while hand.tick(wish_pct=100, attended=True).duty_pm:
        pass
    off_ms = hand.ms - 10  # of the last tick that drove
    while hand.ms < off_ms + 299:
        assert hand.tick(1).duty_pm == 0
    assert hand.tick(1).duty_pm > 0


def test_a_person_who_comes_ends_the_warning_and_one_who_is_there_hears_none(core):
    hand = Hand(core)
    assert hand.tick(wish_pct=0, attended=False).sound == hand.module.WARNING
    actions = hand.tick(attended=True)
    assert actions.leaving and actions.sound == hand.module.SILENT
    hand = Hand(core)
    assert hand.tick(wish_pct=0, attended=True).leaving


def test_a_sash_at_its_end_stays_there_while_the_wish_stands(rig):
    for pct, mm in ((0, 0.5), (100, 399.5)):
        made = rig(position_um=200000).known()
        made.wish(pct).settle()
        before = made.drive.position_mm
        assert before == pytest.approx(mm, abs=1)
        made.watch = lambda _, actions: refuse(actions.duty_pm)
        made.run(30)
        assert made.state == "rest" and made.drive.position_mm == before


def refuse(duty_pm):
    assert duty_pm == 0


def test_shut_and_open_are_the_switches_and_not_a_millimetre_before(core):
    for pct, count, direction in ((0, 5, -1), (100, 1995, 1)):
        hand = Hand(core)
        hand.readings.count = hand.sash._rest_count = count
        assert hand.start(pct).duty_pm * direction > 0


def test_where_a_hand_may_be_it_closes_slowly_and_more_so_without_a_monitor(rig):
    for monitor, least_mm_s, most_mm_s in ((True, 9, 10.6), (False, 7, 8.6)):
        made = rig(monitor=monitor, position_um=215000).known()
        speeds = []
        made.watch = lambda made, _, speeds=speeds: speeds.append(-made.drive.speed_mm_s)
        made.wish(0).settle()
        assert least_mm_s < max(speeds) < most_mm_s


def test_a_wish_within_a_millimetre_is_fulfilled(core):
    hand = Hand(core, 200)
    for count, moves in ((1005, False), (995, False), (1006, True), (994, True)):
        hand = Hand(core, 200)
        hand.readings.count = hand.sash._rest_count = count
        for _ in range(60):
            actions = hand.tick(wish_pct=50, attended=True)
            assert moves or actions.duty_pm == 0
        assert not moves or actions.duty_pm * (1000 - count) > 0


def test_an_unknown_sash_looks_for_the_end_that_is_nearer_to_the_wish(core):
    for pct, direction in ((50, -1), (51, 1)):
        assert Hand(core, 200, known=False).start(pct).duty_pm * direction > 0


def test_opening_in_percent_is_rounded_and_never_beyond_the_ends(core):
    sash = core("window.sash").Sash()
    for edges, pct in ((-30, 0), (0, 0), (9, 0), (10, 1), (1989, 99), (1990, 100), (2040, 100)):
        sash.position = edges
        assert sash.position_pct == pct


# -- what is known


def test_six_damaged_steps_of_the_encoder_cost_the_position_until_the_next_end(core):
    hand = Hand(core, 200)
    hand.tick(encoder_errors=5)
    assert hand.sash.known
    hand.tick(encoder_errors=6)
    assert not hand.sash.known
    hand.tick(limit_open=True)
    assert hand.sash.known and hand.sash.position == 1998
    hand.tick(limit_open=False, encoder_errors=11)
    assert hand.sash.known, "counted anew from there"
    hand.tick(encoder_errors=12)
    assert not hand.sash.known


def test_a_sash_that_is_known_is_set_right_at_the_switch_it_drives_to(rig):
    for pct, edges in ((0, 2), (100, 1998)):
        made = rig(position_um=200000, hint_mm=204).known()
        made.wish(pct).settle()
        assert made.sash.position == pytest.approx(edges, abs=2)
        assert made.sash.position == pytest.approx(made.drive.position_mm * 5, abs=3)


def test_a_fault_is_over_when_a_person_says_so_and_the_position_with_it(core):
    hand = Hand(core)
    hand.tick(limit_open=True, limit_closed=True)
    assert hand.sash.state == hand.module.FAULT and hand.sash.fault is not None
    hand.tick(acknowledged=True)
    assert hand.sash.state == hand.module.FAULT, "the wire is still broken"
    hand.tick(limit_open=False, limit_closed=False, acknowledged=False)
    assert hand.sash.state == hand.module.FAULT
    actions = hand.tick(acknowledged=True)
    assert hand.sash.state == hand.module._REST and hand.sash.fault is None
    assert not hand.sash.known and actions.sound == hand.module.SILENT and actions.clear_alert


def test_a_jammed_sash_may_close_and_opens_again_after_a_close_or_a_word(rig):
    made = rig(position_um=200000).known()
    made.wish(100).run(2)
    made.drive.jam()
    made.settle()
    assert made.sash.jammed
    made.drive.jam(False)
    made.run(5)
    assert made.duty_pm == 0
    made.wish(25).settle()
    assert made.drive.position_mm == pytest.approx(100, abs=2.5)
    assert not made.sash.jammed
    made.wish(100).run(2)
    made.drive.jam()
    made.settle()
    assert made.sash.jammed
    made.drive.jam(False)
    made.readings.acknowledged = True
    made.step()
    made.readings.acknowledged = False
    made.settle()
    assert made.drive.limit_open


def test_a_trip_left_over_at_rest_counts_only_once_the_drive_has_settled(core):
    hand = Hand(core)
    hand.start(100)
    for _ in range(30):
        hand.edge(1)
    hand.tick(limit_open=True, count=1998, wish_pct=-1)
    hand.tick(limit_open=False)
    for _ in range(28):
        hand.tick(alert=True)
        assert hand.sash.state == hand.module._REST
    for _ in range(5):
        hand.tick()
    assert hand.sash.state == hand.module.FAULT


# -- the journal, the sounds, the next call


def test_a_movement_is_written_down_before_it_begins_and_after_it_has_ended(rig):
    made = rig(position_um=300000).known()
    told = []

    def watch(made, actions):
        for name in ("leaving", "rested"):
            if getattr(actions, name):
                told.append((name, made.duty_pm))
        told.extend(["driven"] * (made.duty_pm != 0 and told[-1:] != ["driven"]))

    made.watch = watch
    made.wish(50, attended=False).settle()
    made.run(60)
    assert told == [("leaving", 0), "driven", ("rested", 0)]
    told.clear()
    made.drive.set_obstacle(150.0, 20)
    made.wish(0).settle()
    made.run(2)
    # No word between the pinch and the recoil: cut off there, the next start must free the hand.
    assert told == [("leaving", 0), "driven", ("rested", 0)]
    told.clear()
    made._edges += 50
    made.run(1)
    assert told == [("rested", 0)]


def test_it_warns_while_it_warns_sounds_the_alarm_in_a_fault_and_is_silent_else(rig):
    made = rig(position_um=300000).known()
    seen = set()
    made.watch = lambda made, actions: seen.add((made.state, actions.sound))
    made.wish(50, attended=False).settle()
    made.drive.set_obstacle(100.0, 20)
    made.wish(0).settle()
    made.run(1)
    made._edges += 50
    made.run(1)
    silent, warning, alarm = 0, 1, 2
    assert seen == {
        *((state, silent) for state in ("rest", "pause", "move", "recoil pause", "recoil")),
        ("blocked", silent),
        ("warn", warning),
        ("fault", alarm),
    }


def test_it_is_called_every_10_ms_in_motion_and_every_5_s_once_settled(rig):
    made = rig(position_um=300000).known()
    seen = {}
    made.watch = lambda made, actions: seen.setdefault(made.state, set()).add(actions.tick_ms)
    made.run(1)
    assert seen == {"rest": {5000}}
    made.wish(50, attended=False).settle()
    assert seen.pop("warn") == {100}
    for state in ("pause", "move"):
        assert seen.pop(state) == {10}
    assert seen == {"rest": {5000, 100}}
    made.run(1)
    assert made.sash.actions.tick_ms == 5000


def test_while_it_rests_the_monitor_cuts_at_650_ma_and_a_trip_is_released_at_each_start(rig):
    made = rig(position_um=300000)
    assert made.step().clear_alert, "a trip from before the reset"
    made.known()
    seen = []
    made.watch = lambda made, actions: seen.append(
        (actions.duty_pm != 0, actions.limit_ma, actions.clear_alert)
    )
    made.wish(50).settle()
    starts = [at for at in range(1, len(seen)) if seen[at][0] and not seen[at - 1][0]]
    ends = [at for at in range(1, len(seen)) if seen[at - 1][0] and not seen[at][0]]
    assert len(starts) == len(ends) == 1
    released = [at for at in range(len(seen)) if seen[at][2]]
    assert released in ([starts[0], ends[0]], [starts[0], ends[0] + 1])
    assert {limit for driven, limit, _ in seen if not driven} == {650}
    assert all(15 <= limit <= 850 for driven, limit, _ in seen if driven)
