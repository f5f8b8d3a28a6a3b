"""Every safety rule of the window, each with its name, its figure and the requirement behind it.

The sash core calls these rules and holds no figure of its own; `permit` is the last thing that a duty
passes on its way out, whatever state the core is in. Positions and lengths are in encoder edges
(5 an mm), duties in per mille of full duty, positive opening, voltages in mV at the motor.

Sources: FMVSS 118 S5 (100 N before reversal, 4 to 200 mm, on every attempt), UL 325 (two means of
different kind, reversal within 2 s), VELUX INTEGRA (warning before an unattended movement), and the
datasheet of the drive (worlds/sash.py).
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
# Mean 1, the motor's current: 120 N/A, less the friction that the motor must overcome anyway. With the
# least friction, 20 N, 0.85 A is 82 N on the hand; with the most, 72 N static, the sash still starts
# (0.6 A). The INA226 compares by itself and its ALERT gates the bridge, so this holds with Python halted,
# as long as no start of the motor needs more: hence the slow ramp.
PINCH_CURRENT_MA = const(850)
#
# Mean 2, the encoder: the force on the hand is 24 N (27 N with the least resistance) for every mm/s that
# the sash lacks. slip.py judges; these are its figures.
SLIP_SLACK_PCT = const(8)  # slower than expected by this, at two edges running: 20 N at cruise
SLIP_SLACK_UM_S = const(100)  # and by this: an edge is timed to about 1 %
SLIP_OVERDUE_PCT = const(170)  # an edge that has not come after this share of its period
SLIP_SLOPE_PCT = const(88)  # a sash that gains less speed from duty than it did before is held
SLIP_REFER_PCT = const(95)

# Below this opening the next obstacle may be a hand: close slowly (10 mm above the 200 mm of FMVSS 118,
# for the error of position). The last 4 mm belong to the seal, which pushes back and takes no finger.
DANGER_EDGES = const(210 * 5)
SEAL_EDGES = const(4 * 5)
DANGER_SPEED_UM_S = const(10500)
GROPE_SPEED_UM_S = const(2200)

# Rule "harmless until known": from standstill to the first steady edges nothing is known of supply,
# friction and obstacle. So the motor voltage rises slowly, and after the first edge by so little that
# even a stalled sash pushes less than 100 N: 33 N for what a slow ramp gains within one edge, 12 N for
# the step from static to kinetic friction, 40 N for this.
GROPE_MV_PER_S = const(2900)
GROPE_FIRST_EDGE_MV = const(2780)  # no edge by then: stuck. Starts 72 N static friction at 3.3 ohm, 10.5 V
GROPE_BEYOND_MV = const(900)
RISE_MV_PER_S = const(10000)

# Rule "bounded recoil": after a pinch the sash reopens this far (FMVSS 118 S5: 125 mm), no farther.
RECOIL_EDGES = const(125 * 5)
# Rule "pause": the drive is off this long before it turns, also before a recoil (UL 325: within 2 s).
TURN_PAUSE_MS = const(300)
RECOIL_PAUSE_MS = const(50)
# Rule "maximum run": 400 mm at 10.5 mm/s are 38 s; half as much again, and it has lost its way.
MAXIMUM_RUN_MS = const(60000)
# Rule "warning": an unattended close beeps first (5 s).
WARNING_MS = const(5000)
# Rule "no motion": driven without an edge for this long is a stall, whatever else is measured.
STALL_MS = const(1000)
# Rule "runaway": off, and yet it moves this far, or draws this much (welded switch, shorted bridge).
SETTLE_MS = const(300)
RUNAWAY_EDGES = const(4)
RUNAWAY_CURRENT_MA = const(150)
