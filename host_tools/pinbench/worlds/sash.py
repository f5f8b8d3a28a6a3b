"""The window's drive and sash: motor, spindle, friction, stops, limit switches, an obstacle.

The drive's datasheet (simulated part; the boards and the firmware's limits refer to it):

    supply            12 V nominal, 10.5 to 14.4 V; the bridge lets go below 6.1 V (DRV8871 UVLO)
    thrust            120 N per ampere of motor current, at the sash
    back-EMF          600 V per m/s
    resistance        3.0 ohm, +-10 % (winding, bridge, shunt)
    current limit     3.3 A, by chopping in the bridge
    friction          20 to 60 N moving (sash and seals), at rest up to 1.2 times that
    gear drag         30 N more whenever the motor is not driven
    moving mass       40 kg, rotor included
    stroke            0 mm shut to 400 mm open; limit switches at 0.5 and 399.5 mm,
                      stops of 2000 N/mm at -1 and 401 mm
    speed             15 to 23 mm/s at full duty: (V*duty - R*F/kf) / ke
    encoder           5 quadrature edges a millimetre

The spindle is self-locking. Nothing but the motor's thrust ever moves the sash: a spring stays
compressed until the sash is driven away, and what pushes along with the motion is carried by the
thread and does not speed it up.

Current is measured on the SUPPLY side of the bridge. Averaged over the pulses it is `duty * motor
current` (an ideal chopper: power in is power out, also while it limits current). At half duty a
supply current of 0.5 A is 1 A in the motor: 120 N, not 60. A trip on supply current must
therefore scale with the duty.

The motor's inductance is left out: its time constant (about 0.3 ms) is shorter than one decision
of the INA226 (0.56 ms). Between two changes of its inputs the sash obeys a linear equation, so it
is solved, not stepped: see motion.py.
"""

import math

from pinbench.worlds.motion import NEVER, Uniform, leave, motion, time_of

THRUST_N_PER_A = 120.0
BACK_EMF_V_S_PER_MM = 0.6
UNDERVOLTAGE_MV = 6100  # falling threshold; its hysteresis is the chip's business
STOP_N_PER_MM = 2000.0
STOP_SHUT_MM = -1.0
STOP_OPEN_MM = 401.0
LIMIT_SHUT_MM = 0.5
LIMIT_OPEN_MM = 399.5
EDGES_PER_MM = 5
JAM_N = 5000.0
REST_MM_S = (
    1e-3  # slower than this the sash rests; a spring would otherwise stop it only in the limit
)
START_N = 0.1  # thrust beyond friction that sets it going again

# What is due within a tenth of a nanosecond is due now. Without this, a time that is whole but for
# rounding could be one microsecond on one interpreter and the next one on the other.
EARLY_US = 1e-4

COAST, BRAKE, DRIVE = "coast", "brake", "drive"


class SashMechanics:
    """The drive and sash without any bus or kernel; as fast as its caller.

    Set the inputs (`drive`, `coast`, `brake`, `set_*`), call `advance(until_us)`, read the
    properties. Times are microseconds and never run backwards; inputs act at the time reached.
    The trajectory is the same however finely it is sampled.

    supply_mv 0..20000, resistance_mohm > 0, friction_n >= 0 moving, static_per_mille >= 1000 (of
    friction_n, at rest), mass_kg > 0, drag_n >= 0, current_limit_ma > 0,
    position_um -1000..401000.
    """

    def __init__(
        self,
        supply_mv=12000,
        resistance_mohm=3000,
        friction_n=40,
        static_per_mille=1200,
        mass_kg=40,
        drag_n=30,
        current_limit_ma=3300,
        position_um=0,
    ):
        self.supply_mv = supply_mv
        self._ohm = resistance_mohm / 1000
        self.friction_n = friction_n
        self._static = static_per_mille / 1000
        self._mass_kg = mass_kg
        self._drag_n = drag_n
        self._limit_a = current_limit_ma / 1000
        self._state, self._duty = COAST, 0.0
        self._welded = 0
        self._jammed = False
        self.wind_n = 0.0
        self._gap_mm = -NEVER
        self._stiffness = 0.0
        self._peak_n = 0.0
        self._charge_nc = 0.0
        self._x = position_um / 1000
        self._v = 0.0
        self.laws = (
            0  # laws of motion begun so far: changes whenever something happens to the sash
        )
        self.now_us = 0
        self._begin(0.0)

    # -- inputs

    def drive(self, duty):
        """Drive with a signed duty, -1.0 (shut) to 1.0 (open); 0 is coasting."""
        self._set_bridge(DRIVE if duty else COAST, max(-1.0, min(1.0, duty)))

    def coast(self):
        """Both inputs low: no current."""
        self._set_bridge(COAST, 0.0)

    def brake(self):
        """Both inputs high: the motor is shorted."""
        self._set_bridge(BRAKE, 0.0)

    def _set_bridge(self, state, duty):
        if state != self._state or duty != self._duty:
            self._leave()
            self._state, self._duty = state, duty
            self._begin(self.now_us)

    def set_supply_mv(self, mv):
        """Set the supply, 0 to 20000 mV; under 6100 mV the bridge lets go."""
        self._leave()
        self.supply_mv = mv
        self._begin(self.now_us)

    def set_friction_n(self, friction_n):
        """Set the friction of the moving sash, in newtons."""
        self._leave()
        self.friction_n = friction_n
        self._begin(self.now_us)

    def set_wind_n(self, force_n):
        """Set the wind's push along the travel: positive towards open."""
        self._leave()
        self.wind_n = force_n
        self._begin(self.now_us)

    def set_obstacle(self, gap_mm, stiffness_n_per_mm):
        """Put a spring between sash and frame: touched when the opening is `gap_mm` or less.

        A gap wider than the opening is an obstacle that is compressed already.
        """
        self._leave()
        self._gap_mm, self._stiffness = gap_mm, stiffness_n_per_mm
        self._begin(self.now_us)

    def remove_obstacle(self):
        """Take the obstacle away; the peak force stays on record."""
        self.set_obstacle(-NEVER, 0.0)

    def weld(self, direction):
        """Fault: the bridge drives open (1) or shut (-1) whatever its inputs say; 0 ends it."""
        self._leave()
        self._welded = direction
        self._begin(self.now_us)

    def jam(self, jammed=True):
        """Fault: the sash is stuck where it is."""
        self._leave()
        self._jammed = jammed
        self._begin(self.now_us)

    # -- outputs

    @property
    def position_mm(self):
        """Opening in mm, float."""
        return self._x + self._sign * self._form.at(self._since())[0]

    @property
    def speed_mm_s(self):
        """Speed in mm/s, float, positive while opening."""
        return self._sign * self._form.at(self._since())[1]

    @property
    def moving(self):
        """True unless the sash rests."""
        return self._moving

    @property
    def direction(self):
        """1 opening, -1 shutting, 0 at rest."""
        return self._sign if self._moving else 0

    @property
    def force_n(self):
        """Force on the obstacle now, in newtons."""
        return self._obstacle_n(self.position_mm)

    @property
    def peak_force_n(self):
        """Greatest force on any obstacle so far, in newtons."""
        return max(self._peak_n, self.force_n)

    @property
    def motor_ma(self):
        """Motor current now in mA, float, positive when it thrusts towards open."""
        return self._sign * self._motor_a(self._form.at(self._since())[1]) * 1000

    @property
    def current_ma(self):
        """Supply current now in mA, float; negative while the motor feeds back."""
        return self._supply_a(self._form.at(self._since())[1]) * 1000

    @property
    def charge_nc(self):
        """Supply charge drawn so far in nC, float: (mA * us), so differences give exact means."""
        return self._charge_nc + self.charge_ahead_nc(self.now_us)

    @property
    def limit_shut(self):
        """True while the switch at the shut end is pressed."""
        return self.position_mm <= LIMIT_SHUT_MM

    @property
    def limit_open(self):
        """True while the switch at the open end is pressed."""
        return self.position_mm >= LIMIT_OPEN_MM

    @property
    def edges(self):
        """Quadrature edges from the shut position, as an encoder zeroed there would count."""
        return math.floor(self.position_mm * EDGES_PER_MM)

    def touches(self, mm):
        """True if the obstacle is touched with the sash at `mm`."""
        return mm <= self._gap_mm

    @property
    def power(self):
        """Signed duty that the bridge puts out now, by command or by a fault."""
        return self._power

    @property
    def driven(self):
        """True while the bridge puts out power, by command or by a fault."""
        return self._power != 0.0

    @property
    def steady(self):
        """True while the supply current does not change until the law of motion does."""
        return self._power == 0.0 or not self._moving or self._even != 0.0

    # -- time

    def advance(self, until_us):
        """Let time pass until `until_us`."""
        while self._end_us <= until_us + EARLY_US:
            self._turn()
        if until_us > self.now_us:
            self.now_us = until_us

    @property
    def change_us(self):
        """Time (float) at which the law of motion next changes by itself; NEVER if it does not."""
        return self._end_us

    def time_at(self, mm):
        """Return the time in us (float) at which the present motion passes `mm`, or NEVER.

        NEVER also when the law of motion changes before; ask again then. A place that lies behind
        gives the time reached.
        """
        if not self._moving:
            return NEVER
        ahead = self._sign * (mm - self._x)
        if ahead > self._reach:
            return NEVER
        if ahead <= 0:
            return self.now_us
        if self._even:
            return self._start_us + ahead / self._even * 1e6
        return self._start_us + time_of(self._form, ahead, 0, 0.0, self._lasts) * 1e6

    def charge_ahead_nc(self, until_us):
        """Supply charge from the start of the present law to `until_us`, up to change_us."""
        t = max(0.0, (until_us - self._start_us) / 1e6)
        return self._charge(t, self._form.at(t)[0])

    # -- one law of motion: from _begin to _turn

    def _since(self):
        t = (self.now_us - self._start_us) / 1e6
        return t if t > 0 else 0.0  # a law that began early

    def _leave(self):
        """Close the present law at the time reached: an input is about to change."""
        self._settle(self._since())

    def _settle(self, t):
        z, u = self._form.at(t)
        self._charge_nc += self._charge(t, z)
        self._x += self._sign * z
        self._v = self._sign * u if self._moving else 0.0
        self._record()

    def _turn(self):
        """The present law has run its course."""
        why = self._why
        end_us = self._end_us
        sign = self._sign
        self._settle(self._lasts)
        if why == "far":
            self._x = self._far_mm
            self._record()
        elif why == "slow":
            # Only a speed that falls ends in rest: one that rises passes here on its way.
            self._v = sign * self._slow if self._slow > REST_MM_S else 0.0
        elif why == "fast":
            self._v = sign * self._fast
        self._begin(end_us)

    def _record(self):
        force = self._obstacle_n(self._x)
        if force > self._peak_n:
            self._peak_n = force

    def _obstacle_n(self, x):
        return self._stiffness * (self._gap_mm - x) if x < self._gap_mm else 0.0

    def _begin(self, start_us):
        """Find the law that holds from here: direction, regime of the motor, springs ahead."""
        self.laws += 1
        self._start_us = start_us
        state, duty = self._state, self._duty
        if self._welded:
            state, duty = DRIVE, float(self._welded)
        volts = self.supply_mv / 1000
        if volts * 1000 < UNDERVOLTAGE_MV and state == DRIVE:
            state, duty = COAST, 0.0
        self._volts = volts
        self._power = duty if state == DRIVE else 0.0
        friction = JAM_N if self._jammed else self.friction_n
        self._even = 0.0
        if self._v == 0:
            thrust = THRUST_N_PER_A * self._clamp(volts * abs(self._power) / self._ohm)
            self._sign = -1 if self._power < 0 else 1
            load, _, _ = self._load()
            static = JAM_N if self._jammed else friction * self._static
            if thrust - load - static < START_N:
                self._rest()
                return
        else:
            self._sign = -1 if self._v < 0 else 1
        if state != DRIVE:
            friction += self._drag_n
        self._moving = True
        self._move(state, volts * self._power * self._sign, friction)

    def _clamp(self, amps):
        return max(-self._limit_a, min(self._limit_a, amps))

    def _rest(self):
        self._moving = False
        self._v = 0.0
        self._form = Uniform(0.0, 0.0)
        self._push = self._volts * abs(self._power)
        self._fixed_a = self._clamp(self._push / self._ohm)
        self._reach = 0.0
        self._lasts = self._end_us = NEVER

    def _move(self, state, push, friction):
        """Set up the motion: `push` is the bridge's voltage in the direction of motion."""
        u0 = abs(self._v)
        load, spring, self._far_mm = self._load()
        to_mm_s2 = 1000 / self._mass_kg
        ohm, limit = self._ohm, self._limit_a
        self._push = push
        # At speeds under `low` the bridge limits a forward current, over `high` a backward one.
        low, high = -NEVER, NEVER
        if state == DRIVE:
            low = (push - ohm * limit) / BACK_EMF_V_S_PER_MM
            high = (push + ohm * limit) / BACK_EMF_V_S_PER_MM
        self._fixed_a = None
        slow, fast = REST_MM_S, NEVER
        if state == COAST:
            self._fixed_a = 0.0
        else:
            amps = (push - BACK_EMF_V_S_PER_MM * u0) / ohm
            if state == DRIVE:
                amps = self._clamp(amps)
            rising = THRUST_N_PER_A * amps - friction - load > 0
            if u0 < low or (u0 == low and not rising):
                self._fixed_a = limit
                fast = low
            elif u0 > high or (u0 == high and rising):
                self._fixed_a = -limit
                slow = max(slow, high)
            else:
                slow, fast = max(slow, low), high
        if self._fixed_a is None:
            a = (THRUST_N_PER_A * push / ohm - friction - load) * to_mm_s2
            b = THRUST_N_PER_A * BACK_EMF_V_S_PER_MM / ohm * to_mm_s2
        else:
            a = (THRUST_N_PER_A * self._fixed_a - friction - load) * to_mm_s2
            b = 0.0
        self._slow, self._fast = slow, fast
        form = motion(a, b, spring * to_mm_s2, u0)
        if form.final() is not None and form.settle() < 1e-6:
            form = Uniform(0.0, form.final())
        self._form = form
        far = abs(self._far_mm - self._x)
        self._lasts, self._why = leave(form, slow, fast, far)
        self._end_us = self._start_us + self._lasts * 1e6
        self._reach = far if self._why == "far" else form.at(self._lasts)[0]
        if form.final() is not None and form.settle() == NEVER:
            self._even = form.final()

    def _load(self):
        """Return (opposing force in N, its rise in N/mm, the place in mm where that ends)."""
        x = self._x
        sign = self._sign
        # The law changes nothing at a limit switch, but whoever follows the sash wakes there.
        if sign > 0:
            springs = ((STOP_OPEN_MM, STOP_N_PER_MM),)
            far = LIMIT_SHUT_MM if x < LIMIT_SHUT_MM else LIMIT_OPEN_MM
        else:
            springs = ((STOP_SHUT_MM, STOP_N_PER_MM), (self._gap_mm, self._stiffness))
            far = LIMIT_OPEN_MM if x > LIMIT_OPEN_MM else LIMIT_SHUT_MM
        if sign * (far - x) <= 0:
            far = sign * 1000.0  # beyond the last stop: no motion gets there
        force, rise = 0.0, 0.0
        for place, stiffness in springs:
            ahead = sign * (place - x)
            if ahead > 0:
                if sign * (far - place) > 0:
                    far = place
            else:
                force -= stiffness * ahead
                rise += stiffness
        net = force - sign * self.wind_n
        if not rise:
            return max(net, 0.0), 0.0, far
        if net > -1e-9:
            return max(net, 0.0), rise, far
        # Wind along with the motion relieves the motor of what the springs ask, and of no more.
        turn = x - sign * net / rise
        if sign * (far - turn) > 0:
            far = turn
        return 0.0, 0.0, far

    def _motor_a(self, u):
        """Motor current in the direction of motion, in A."""
        if self._fixed_a is not None:
            return self._fixed_a
        return (self._push - BACK_EMF_V_S_PER_MM * u) / self._ohm

    def _supply_a(self, u):
        amps = self._motor_a(u)
        if self._power == 0.0:
            return 0.0
        return amps * (amps * self._ohm + BACK_EMF_V_S_PER_MM * u) / self._volts

    def _charge(self, t, z):
        """Supply charge in nC over the first t seconds and z millimetres of the present law."""
        if self._power == 0.0:
            return 0.0
        emf = BACK_EMF_V_S_PER_MM * z
        if self._fixed_a is None:
            return self._push / self._volts * (self._push * t - emf) / self._ohm * 1e9
        return self._fixed_a * (self._fixed_a * self._ohm * t + emf) / self._volts * 1e9
