"""Every safety rule of the window, each with its name, its figure and the requirement behind it.

The sash core calls these rules and holds no figure of its own; `permit` is the last thing that a
duty passes on its way out, whatever state the core is in. Positions and lengths are in encoder
edges (5 an mm), duties in per mille of full duty, positive opening, voltages in mV at the motor.

Sources: FMVSS 118 S5 (100 N before reversal, 4 to 200 mm, on every attempt), UL 325 (two means of
different kind, reversal within 2 s), VELUX INTEGRA (warning before an unattended movement), and
the datasheet of the drive (worlds/sash.py).
"""

from micropython import const

OPENING = const(1)
CLOSING = const(-1)

EDGES_PER_MM = const(5)
EDGE_UM = const(200)
STROKE_EDGES = const(2000)

# The drive, and the box of conditions that the force limit must hold in.
BACK_EMF_MV_S_PER_MM = const(600)
SUPPLY_LOW_MV = const(10500)
SUPPLY_HIGH_MV = const(14400)

# Rule "force": a hand feels less than 100 N. Two means, each sufficient alone.
#
# Mean 1, the motor's current: 120 N/A, less the friction that the motor must overcome anyway. With
# the least friction, 20 N, 0.85 A is 82 N on the hand; with the most, 72 N static, the sash still
# starts (0.6 A). The INA226 compares by itself and its ALERT gates the bridge, so this holds with
# Python halted, as long as no start of the motor needs more: hence the slow ramp.
PINCH_CURRENT_MA = const(850)
_LIMIT_LEAST_MA = const(15)
#
# Mean 2, the encoder: the force on the hand is 24 N (27 N with the least resistance) for every
# mm/s that the sash lacks. slip.py judges; these are its figures.
SLIP_SLACK_PCT = const(8)  # slower than expected by this, at two edges running: 20 N at cruise
SLIP_FAR_PCT = const(6)  # slower still by this: at one edge
SLIP_SLACK_UM_S = const(100)  # and by this: an edge is timed to about 1 %
SLIP_OVERDUE_PCT = const(170)  # an edge that has not come after this share of its period
SLIP_SLOPE_PCT = const(88)  # a sash that gains less speed from duty than it did before is held
SLIP_REFER_PCT = const(95)

# Past the switches (0.5 and 399.5 mm), resistance is the frame's.
SEATED_EDGES = const(1)
DANGER_SPEED_UM_S = const(10500)
BLIND_DANGER_SPEED_UM_S = const(8500)  # with a supply that nothing measures, and the encoder alone
GROPE_SPEED_UM_S = const(2200)

# Rule "harmless until known": from standstill to the first steady edges nothing is known of
# supply, friction and obstacle. So the motor voltage rises slowly, and after the first edge by so
# little that even a stalled sash pushes less than 100 N: 33 N for what a slow ramp gains within
# one edge, 12 N for the step from static to kinetic friction, 40 N for this.
GROPE_MV_PER_S = const(2900)
GROPE_FIRST_EDGE_MV = const(
    2780
)  # no edge by then: stuck. Starts 72 N static friction at 3.3 ohm, 10.5 V
GROPE_BEYOND_MV = const(900)
RISE_MV_PER_S = const(10000)

# Below 200 mm the next obstacle may be a hand (FMVSS 118). From fully open down to here the sash
# may close at full speed; it is slow and has learned its speed anew 10 mm before, the error of
# position included.
EASE_EDGES = const(225 * 5)

# Rule "bounded recoil": after a pinch the sash reopens this far (FMVSS 118 S5: 125 mm), no
# farther. So it does before it closes after a reset in the middle of a movement: the spindle
# locks, and what was pinched then is pinched still.
RECOIL_EDGES = const(125 * 5)
# Rule "pause": the drive is off this long before it turns; a hand waits less long (UL 325: 2 s in
# all).
TURN_PAUSE_MS = const(300)
RECOIL_PAUSE_MS = const(50)
# Rule "maximum run": 400 mm at the slowest, 6 mm/s, are 67 s (no current monitor, lowest supply).
MAXIMUM_RUN_MS = const(90000)
# Rule "warning": an unattended close beeps first, 5 s.
WARNING_MS = const(5000)
# Rule "no motion": driven without an edge for this long is a stall, whatever else is measured.
STALL_MS = const(800)
# Rule "no blind drive": a judge that was not asked for this long has judged nothing; stop, start
# anew.
BLIND_MS = const(100)
# Rule "runaway": off and settled, and yet it moves this far, or draws this much (bridge shorted).
SETTLE_MS = const(300)
RUNAWAY_EDGES = const(4)
RUNAWAY_CURRENT_MA = const(150)
# What the monitor cuts at while nothing is driven. Not lower: should its bus die at rest, this
# limit stays, and the sash must still be able to shut under the encoder's guard.
REST_LIMIT_MA = const(650)
# Rule "limits tell the truth": a switch that is pressed this far from its end is broken.
LIMIT_ERROR_EDGES = const(20 * 5)
# Rule "position is earned": so many damaged encoder steps, and the limits must be found anew.
ENCODER_ERRORS = const(5)


def current_limit_ma(duty_pm):
    """Return the supply current in mA at which to cut the bridge at this duty (rule "force").

    The monitor sits before the bridge and sees the motor's current times the duty (power in is
    power out), so the limit follows the duty. With Python halted both stay as they are.
    """
    return max(_LIMIT_LEAST_MA, PINCH_CURRENT_MA * abs(duty_pm) // 1000)


def permit(duty_pm, limit_open, limit_closed, last_direction, off_ms):
    """Return the duty that may go out, whatever asks for it: the last gate.

    Rules "never into a closed limit", "two limits are a broken wire, and no motion" and "pause":
    against `last_direction` (1, -1, or 0) only after the drive has been off for `off_ms`.
    """
    if limit_open and limit_closed:
        return 0
    if duty_pm > 0 and (limit_open or (last_direction < 0 and off_ms < RECOIL_PAUSE_MS)):
        return 0
    if duty_pm < 0 and (limit_closed or (last_direction > 0 and off_ms < TURN_PAUSE_MS)):
        return 0
    return duty_pm


def runs_away(moved_edges, current_ma, alert):
    """Rule "runaway": True if an idle drive moves or draws current. Unknown current is -1."""
    return abs(moved_edges) > RUNAWAY_EDGES or current_ma > RUNAWAY_CURRENT_MA or alert


def limit_lies(position, limit_open, limit_closed):
    """Rule "limits tell the truth": True if a switch is pressed far from where it is mounted."""
    if limit_closed and position > LIMIT_ERROR_EDGES:
        return True
    return limit_open and position < STROKE_EDGES - LIMIT_ERROR_EDGES


def warning_needed(direction, attended):
    """Rule "warning": True if this movement must be announced."""
    return direction == CLOSING and not attended


def ceiling_um_s(direction, known, position, monitored):
    """Return the highest speed allowed here, 0 for none; an unknown position is dangerous."""
    if direction == CLOSING and (not known or position <= EASE_EDGES):
        return DANGER_SPEED_UM_S if monitored else BLIND_DANGER_SPEED_UM_S
    return 0


def is_frame(direction, known, position):
    """True where what holds the sash must be the frame: past the place of the switch ahead."""
    if not known:
        return False
    if direction == CLOSING:
        return position <= SEATED_EDGES
    return position >= STROKE_EDGES - SEATED_EDGES
