"""The rules of safety.py, each searched for its violation, in any order of events."""

from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import booleans, floats, integers, sampled_from


class Witness:
    """Watches every tick of a rig and says which rule was broken."""

    def __init__(self, made):
        self.made = made
        self.safety = made.safety
        self.driven = 0  # direction of the last drive
        self.off_us = 0
        self.run_us = 0
        self.warned_ms = 0
        self.pinched = False
        made.watch = self.look

    def look(self, made, actions):
        duty_pm = actions.duty_pm
        readings = made.readings
        now_us = made.now_us
        if readings.acknowledged:
            self.pinched = False
        if actions.note and actions.note.startswith("pinch"):
            self.pinched = True
        direction = (duty_pm > 0) - (duty_pm < 0)
        assert -1000 <= duty_pm <= 1000
        assert type(duty_pm) is int and type(actions.limit_ma) is int, "floats fill the heap"
        assert not (duty_pm > 0 and readings.limit_open), "driven into the open limit"
        assert not (duty_pm < 0 and readings.limit_closed), "driven into the closed limit"
        assert not (readings.limit_open and readings.limit_closed and duty_pm), "a wire is broken"
        if direction == 0:
            self.off_us = now_us if self.driven_now else self.off_us
        elif not self.driven_now:
            self.started(direction, readings, now_us)
        assert not (duty_pm < 0 and self.pinched), "closed again after a pinch, unasked"
        if direction:
            assert now_us - self.run_us <= (self.safety.MAXIMUM_RUN_MS + 200) * 1000
            assert actions.limit_ma <= max(15, 850 * abs(duty_pm) // 1000)
        if actions.sound == made.module.WARNING:
            self.warned_us = now_us
            if self.warning_since is None:
                self.warning_since = now_us
        elif direction == 0 and made.state not in ("pause",):
            self.warning_since = None
        self.driven_now = direction != 0
        self.driven = direction or self.driven

    driven_now = False
    warning_since = None

    def started(self, direction, readings, now_us):
        self.run_us = now_us
        if direction == -self.driven:
            assert now_us - self.off_us >= self.safety.RECOIL_PAUSE_MS * 1000, (
                "turned without pause"
            )
        if direction < 0 and not readings.attended:
            assert self.warning_since is not None, "closed without a warning"
            assert now_us - self.warning_since >= self.safety.WARNING_MS * 1000


class SashStory(RuleBasedStateMachine):
    """Whatever happens to the sash, in any order."""

    Rig = None

    @initialize(
        monitor=booleans(),
        supply_mv=integers(10500, 14400),
        resistance_mohm=integers(2700, 3300),
        friction_n=floats(20, 60),
        position_um=integers(600, 399000),
        hint_mm=sampled_from((None, 0, 200, 400)),
        start_us=sampled_from((0, ((1 << 30) - 20_000) * 1000, (1 << 30) - 20_000_000)),
    )
    def begin(self, monitor, hint_mm, **drive):
        self.made = self.Rig(monitor=monitor, hint_mm=hint_mm, **drive)
        self.witness = Witness(self.made)
        self.obstacle = False

    @rule(pct=sampled_from((0, 100)) | integers(0, 100), attended=booleans())
    def wish(self, pct, attended):
        self.made.wish(pct, attended)

    @rule(seconds=floats(0.01, 3))
    def pass_some_time(self, seconds):
        self.made.run(seconds)

    @rule(seconds=integers(5, 60))
    def pass_more_time(self, seconds):
        self.made.run(seconds)

    @rule()
    def acknowledge(self):
        self.made.readings.acknowledged = True
        self.made.step()
        self.made.readings.acknowledged = False

    @rule(below_mm=floats(0.1, 100), stiffness=floats(1, 65))
    @precondition(lambda self: not self.obstacle)
    def something_gets_into_the_gap(self, below_mm, stiffness):
        gap_mm = min(200, self.made.drive.position_mm - below_mm)
        if gap_mm >= 4:
            self.obstacle = True
            self.made.drive.set_obstacle(gap_mm, stiffness)

    @rule()
    @precondition(lambda self: self.obstacle)
    def the_gap_is_free_again(self):
        self.obstacle = False
        self.made.drive.remove_obstacle()

    @rule()
    def the_controller_resets_at_rest(self):
        made = self.made
        if made.drive.moving or made.drive.driven:
            return
        sash = made.module.Sash(made.sash.position, made.state in ("rest", "warn"))
        made.sash = sash
        self.witness.warning_since = None
        self.witness.driven_now = False
        self.witness.pinched = False

    @rule()
    def the_controller_resets_while_moving(self):
        made = self.made
        made.drive.coast()
        made.duty_pm = 0
        made.sash = made.module.Sash(made.sash.position, False)
        made._advance(made.now_us + 400_000)
        self.witness.warning_since = None
        self.witness.driven_now = False
        self.witness.off_us = made.now_us - 400_000
        self.witness.pinched = False

    @rule(which=sampled_from(("limit_open", "limit_closed")), broken=booleans())
    def a_wire_of_a_limit_switch(self, which, broken):
        self.made.broken[which] = broken

    @invariant()
    def nobody_is_hurt(self):
        assert self.made.drive.peak_force_n < 100

    @invariant()
    def a_position_that_is_known_is_right(self):
        made = self.made
        if made.sash.known and not any(made.broken.values()):
            lost = abs(made.sash.position / 5 - made.drive.position_mm)
            assert lost < 1 or made.lied


def test_any_story(rig):
    SashStory.Rig = rig

    class Story(SashStory.TestCase):
        settings = settings(stateful_step_count=25)

    Story("runTest").runTest()


@given(
    count=integers(0, 1 << 20),
    current_ma=integers(151, 4000),
    by=sampled_from(("edges", "current", "alert")),
)
def test_a_drive_that_is_off_and_yet_works_is_an_alarm(rig, count, current_ma, by):
    made = rig(position_um=100000).known()
    made.run(1)
    if by == "edges":
        made._edges += 5
    elif by == "current":
        made.readings.current_ma = current_ma
    else:
        made.alert = True
    made.run(0.3)
    assert made.state == "fault"
    assert made.sash.actions.sound == made.module.ALARM
    made.wish(100).run(5)
    assert made.duty_pm == 0, "nothing moves in a fault"


def test_a_sash_at_rest_and_left_alone_stays(rig):
    made = rig(position_um=100000, hint_mm=70)
    witness = Witness(made)
    made.run(3600)
    assert not witness.driven and not made.drive.moving, "no movement at boot"


@given(monitor=booleans(), at_mm=floats(20, 380), pct=sampled_from((0, 30, 60, 100)))
def test_an_unknown_position_is_found_at_a_limit_first(rig, monitor, at_mm, pct):
    made = rig(monitor=monitor, position_um=int(at_mm * 1000), hint_mm=50)
    made.wish(pct).settle()
    made.settle()
    made.settle()
    assert made.sash.known
    assert abs(made.drive.position_mm - pct * 4) < 2.5


@given(monitor=booleans(), friction_n=floats(20, 60))
def test_a_jam_stops_the_motor(rig, monitor, friction_n):
    made = rig(monitor=monitor, friction_n=friction_n, position_um=200000).known()
    made.wish(100).run(5)
    made.drive.jam()
    made.run(2)
    assert made.duty_pm == 0
    assert made.sash.jammed and made.state == "rest"
    made.run(60)
    assert made.duty_pm == 0, "and it stays off until a person has looked"


@given(monitor=booleans())
def test_a_dead_encoder_stops_the_motor(rig, monitor):
    made = rig(monitor=monitor, position_um=200000).known()
    made.deaf = True
    made.wish(0).run(6)
    assert made.duty_pm == 0
    assert made.drive.position_mm > 150


@given(gap_s=floats(0.11, 5))
def test_a_core_that_was_not_asked_stops_and_begins_anew(rig, gap_s):
    made = rig(position_um=300000).known()
    made.wish(0).run(6)
    made._advance(made.now_us + int(gap_s * 1e6))
    made.step()
    assert made.duty_pm == 0
    made.settle()
    assert made.drive.limit_shut


def test_both_limits_pressed_are_a_broken_wire_and_nothing_moves(rig):
    made = rig(position_um=200000)  # and unknown, so that no switch can be found to lie
    made.broken["limit_open"] = made.broken["limit_closed"] = True
    made.wish(100, attended=True).run(5)
    assert made.state == "fault" and made.duty_pm == 0
    assert made.drive.position_mm == 200


@given(
    duty_pm=integers(-1000, 1000),
    limit_open=booleans(),
    limit_closed=booleans(),
    last=sampled_from((-1, 0, 1)),
    off_ms=sampled_from((0, 49, 50, 299, 300)) | integers(0, 1000),
)
def test_the_last_gate_lets_a_duty_out_as_it_is_or_not_at_all(
    core, duty_pm, limit_open, limit_closed, last, off_ms
):
    out = core("window.safety").permit(duty_pm, limit_open, limit_closed, last, off_ms)
    at_end = limit_open if duty_pm > 0 else limit_closed
    turns = last * duty_pm < 0 and off_ms < (50 if duty_pm > 0 else 300)
    stopped = (limit_open and limit_closed) or at_end or turns
    assert out == (0 if stopped else duty_pm)


def test_the_drive_rests_before_it_turns(rig):
    made = rig(position_um=200000).known()
    duties = []
    made.watch = lambda made, actions: duties.append((made.now_us, actions.duty_pm))
    made.wish(100, attended=True).run(5)
    made.wish(0, attended=True).run(5)
    opened_us = max(now_us for now_us, duty_pm in duties if duty_pm > 0)
    closed_us = min(now_us for now_us, duty_pm in duties if duty_pm < 0)
    assert closed_us - opened_us >= 300_000


def test_warning_before_an_unattended_close(rig):
    made = rig(position_um=300000).known()
    made.wish(0, attended=False).run(4.9)
    assert made.state == "warn" and made.drive.position_mm == 300
    made.settle()
    assert made.drive.limit_shut


def test_a_wish_that_goes_away_in_the_warning_moves_nothing(rig):
    made = rig(position_um=300000).known()
    made.wish(0, attended=False).run(3)
    made.wish(75, attended=False).run(20)
    assert made.state == "rest" and made.drive.position_mm == 300


def test_a_reset_in_a_movement_first_frees_what_is_pinched(rig, core):
    made = rig(position_um=80000)
    made.drive.set_obstacle(81.0, 65)  # 65 N, held by the spindle
    made.sash = core("window.sash").Sash(400, False)
    made.wish(0).run(3)
    assert made.drive.force_n == 0
    assert made.drive.peak_force_n < 66
    made.settle()
    made.settle()
    assert made.state == "blocked" and made.drive.peak_force_n < 100


def test_no_file_of_the_core_knows_a_pin(core):
    """What the rig plays with has no I/O at all: it imports nothing but const and itself."""
    for name in ("window.sash", "window.stroke", "window.slip", "window.safety"):
        assert not {"machine", "time", "asyncio", "os"} & set(vars(core(name)))
