"""The inflator's two-switch ladder, with its reservoir, its diagnostics and the squib.

Electrical model (round values of our own design; initiator figures of facts A8 in brackets):

    battery -> boost 12 V -> R_CHG 220 -> reservoir C 470 uF -> ARM switch 0.15 ohm -> node A
    node A -> squib 2.0 ohm -> node B -> FIRE switch 0.15 ohm + shunt 0.1 ohm -> ground
    3.3 V -> R_D 2.2 k -> ideal diode -> node A;   node B -> R_B 3.3 k -> ground
    reservoir -> 100 k -> ADC `reservoir` -> 33 k -> ground:   mV = volts * 33 / 133 (12 V: 2977)
    `continuity`: amplifier, 500 times the voltage across the squib (A minus B), 0 to 3300 mV
    `squib`: voltage of node B behind 1 k and a clamp, 0 to 3300 mV. Wire it to an ADC: without it
       a short to ground at A, to the battery at B and a shorted squib look alike.

Pins: `arm`, `fire`: digital inputs, a switch is on while its net is high (pull-downs outside; a
PWM train switches with each of its pulses, the first one at once). `reservoir`, `continuity`,
`squib`: analogue outputs, each optional. Current through the squib: 0.6 mA at rest, 1.5 mA with
FIRE on alone, 3.6 mA with ARM on alone (no-fire is 400 mA).

What the ADCs see (mV; squib R ohm; ADC inputs are exact here, the converter adds its own +-1 LSB):
    state                        continuity                         squib
    at rest, good                300 * R (2.0: 600)                 1979
      R 1.0 / 1.4 / 3.7 / 10     300 / 420 / 1109 / 2995            1976 to 1980
    squib open, or fired         3300                               0
    squib shorted (0.2 ohm)      60                                 1980
    A to ground                  0                                  0
    B to ground, FIRE welded     750 * R (2.0: 1499)                0
    A to battery (3.7 V)         about 560 * R (2.0: 1121)          3300 (the battery, clamped)
    B to battery (3.7 V)         0                                  3300 (the same)
    ARM welded or ARM on alone   3300                               3300 (0 if the squib is open)
    FIRE on alone                750 * R (3300 if open)             0
    both on                      3300                               0, the squib gets amperes
So each switch can be tried alone without risk, and a switch that fails to close leaves the values
of rest: ARM alone must bring `squib` to 3300, FIRE alone to 0 and `continuity` to 750 * R, both
off back to 1979. At rest: OPEN `continuity` over 2990 (10 ohm); SHORT under 300 (1.0 ohm) with
`squib` near 1979; OK 420 to 1109 (1.4 to 3.7 ohm) with `squib` from 1900 to 2060. ARM may stay on
(armed): `squib` under 3000 then says that the squib has opened, or the reservoir is empty.

Reservoir: charges towards 12 V with a time constant of 0.10 s while the battery has at least 3.0 V
and the board is on; with ARM on it rests at 11.25 V. Without charger it discharges through 133 k
(62 s), with ARM on through 3.3 k (1.6 s); also while the board is off. 12 V hold 34 mJ.

Squib: while both switches are on (or a fault stands for one), current = V / (sum of resistances),
the reservoir runs down (time constant 1.1 ms). The bridge heats with I2R and cools with 8 ms; it
fires when the stored heat reaches 2.9 mJ: so 1.2 A for 2 ms and 1.75 A for 0.5 ms fire, 0.4 A
never does. Fired, it is open. All-fire in the sense of facts A8 is 5.8 mJ delivered.

Test face: `reservoir_mv` (settable), `battery_mv` (default 3700), `boost_ok`, `squib_ohm`
(settable; large when fired); faults `open`, `short` (True or False), `short_to` "" or "a_ground",
"b_ground", "a_battery", "b_battery"; `welded` "" or "arm", "fire", "both"; `failed_open` "" or
"arm", "fire", "both" (the switch never closes); `renew()` puts a new squib in. Evidence: `fired`
(0 or 1, more after renew), `fire_time_us` (-1: never), `energy_uj` delivered to the squib through
closed switches, `pulse_us` total time with both on, `closings` (times both came on together),
`peak_ma`, `arm_ms`: how long ARM has been on. Notes "squib current on/off" and "fired". Violation:
both switches on for longer than 20 ms at once (the reservoir is meant for one pulse).
"""

from pinbench.chips.base import Chip
from pinbench.chips.physics import exp
from pinbench.chips.pulse_input import PulseInput
from pinbench.chips.squib import Squib

_BOOST_MV = 12000.0
_BOOST_NEEDS_MV = 3000
_C_UF = 470.0
_BLEED_OHM = 133000.0
_DIAGNOSTIC_MV = 3300.0
_R_CHG, _R_D, _R_B = 220.0, 2200.0, 3300.0
_R_ARM, _R_FIRE = 0.15, 0.25  # the low side with its shunt
_CLAMP_MV = 3300
_GAIN = 500
_OPEN_OHM = 1e9
_SHORT_OHM = 0.2
_LONGEST_PULSE_US = 20000
_EMPTY_MV = 200.0  # 54 mA of the charger in the closed loop give about 130
_STEP_US = 20  # of the integration while the squib is driven
_SHORTS = ("", "a_ground", "b_ground", "a_battery", "b_battery")
_SWITCHES = ("", "arm", "fire", "both")


class Inflator(Chip):
    """See the module."""

    KIND = "inflator"
    PINS = ("arm", "fire", "reservoir", "continuity", "squib")

    def __init__(self, reservoir_mv=0, battery_mv=3700, squib_ohm=2.0):
        Chip.__init__(self)
        self._battery_mv = battery_mv
        self._boost_ok = True
        self._bridge = Squib(squib_ohm)
        self._open = self._short = False
        self._short_to = self._welded = self._failed_open = ""
        self._volts_mv = float(reservoir_mv)
        self._seen_us = 0
        self._arm = self._fire = None
        self._flowing = False
        self._step = None
        self._too_long = None
        self.fired = 0
        self.fire_time_us = -1
        self.pulse_us = 0
        self.closings = 0
        self._arm_us = 0
        self._began_us = self._armed_us = 0

    # -- test face

    @property
    def reservoir_mv(self):
        """Voltage of the reservoir in mV."""
        self._drift()
        return int(self._volts_mv + 0.5)

    @reservoir_mv.setter
    def reservoir_mv(self, value):
        self._change("_volts_mv", float(value))

    @property
    def battery_mv(self):
        """Voltage of the battery in mV: below 3000 the reservoir is not charged."""
        return self._battery_mv

    @battery_mv.setter
    def battery_mv(self, value):
        self._change("_battery_mv", value)

    @property
    def boost_ok(self):
        """False: the converter that charges the reservoir has failed."""
        return self._boost_ok

    @boost_ok.setter
    def boost_ok(self, value):
        self._change("_boost_ok", value)

    @property
    def squib_ohm(self):
        """Resistance of the bridge as the ladder sees it, faults included."""
        if self._open:
            return _OPEN_OHM
        return _SHORT_OHM if self._short else self._bridge.ohm

    @squib_ohm.setter
    def squib_ohm(self, value):
        self._drift()
        self._bridge.ohm = value
        self._update()

    @property
    def open(self):
        """True: the squib is not connected."""
        return self._open

    @open.setter
    def open(self, value):
        self._change("_open", value)

    @property
    def short(self):
        """True: the squib's wires touch."""
        return self._short

    @short.setter
    def short(self, value):
        self._change("_short", value)

    @property
    def short_to(self):
        """ "", "a_ground", "b_ground", "a_battery" or "b_battery". ValueError for others."""
        return self._short_to

    @short_to.setter
    def short_to(self, value):
        self._change("_short_to", _one_of("short_to", value, _SHORTS))

    @property
    def welded(self):
        """The switch that is always on: "", "arm", "fire" or "both". ValueError for others."""
        return self._welded

    @welded.setter
    def welded(self, value):
        self._change("_welded", _one_of("welded", value, _SWITCHES))

    @property
    def failed_open(self):
        """The switch that never closes: "", "arm", "fire" or "both". ValueError for others."""
        return self._failed_open

    @failed_open.setter
    def failed_open(self, value):
        self._change("_failed_open", _one_of("failed_open", value, _SWITCHES))

    @property
    def energy_uj(self):
        """Energy in uJ that the squib got so far."""
        self._drift()
        return int(self._bridge.energy_uj)

    @property
    def peak_ma(self):
        """Greatest current through the squib in mA, while both switches were on."""
        self._drift()
        return int(self._bridge.peak_ma)

    @property
    def arm_ms(self):
        """How long the ARM switch has been on in all, in ms."""
        self._drift()
        return self._arm_us // 1000

    def renew(self):
        """Put in a new squib."""
        self._drift()
        self._bridge.renew()
        self._update()

    # -- power

    def attach(self, kernel, name, nets):
        """As Chip.attach; listens to its inputs and answers converters from now on."""
        self._seen_us = kernel.now_us
        self._arm = PulseInput(kernel, nets.get("arm"), self._inputs)
        self._fire = PulseInput(kernel, nets.get("fire"), self._inputs)
        Chip.attach(self, kernel, name, nets)
        for pin, fn in (
            ("reservoir", self._reservoir),
            ("continuity", self._continuity),
            ("squib", self._low_side),
        ):
            if pin in nets:
                nets[pin].sense(fn)

    def power_on(self):
        """Supply on: the reservoir begins to charge."""
        if self.kernel is not None:
            self._drift()
        Chip.power_on(self)
        self._update()

    def power_off(self):
        """Supply off: the reservoir keeps its charge for a while."""
        self._drift()
        Chip.power_off(self)
        self._update()

    def _change(self, field, value):
        self._drift()
        setattr(self, field, value)
        self._update()

    # -- the ladder

    def _is_on(self, switch, level):
        if self._failed_open in (switch, "both"):
            return False
        return bool(level) or self._welded in (switch, "both")

    def _arm_on(self):
        return self._is_on("arm", self.powered and self._arm.level)

    def _fire_on(self):
        return self._is_on("fire", self.powered and self._fire.level)

    def _nodes(self):
        """Return (A, B) in mV with the switches as they are, for the converters."""
        low_ohm = _R_B
        if self._fire_on():
            low_ohm = _R_B * _R_FIRE / (_R_B + _R_FIRE)
        if self._short_to == "b_ground":
            low_ohm = 0.0
        ohm = self.squib_ohm
        forced_b = None
        if self._short_to == "b_battery":
            forced_b = float(self._battery_mv)
        if self._short_to == "a_ground":
            a_mv = 0.0
        elif self._arm_on():
            a_mv = _divide(self._volts_mv, _R_ARM, ohm + low_ohm)
            if forced_b is not None:
                a_mv = self._volts_mv
        elif self._short_to == "a_battery":
            a_mv = float(self._battery_mv)
        elif forced_b is not None:
            a_mv = max(forced_b, _DIAGNOSTIC_MV if ohm >= _OPEN_OHM else forced_b)
        else:
            feed_mv = _DIAGNOSTIC_MV if self.powered else 0.0
            a_mv = _divide(feed_mv, _R_D, ohm + low_ohm)
        if forced_b is not None:
            return a_mv, forced_b
        return a_mv, a_mv * low_ohm / (ohm + low_ohm)

    def _reservoir(self):
        self._drift()
        return min(int(self._volts_mv * 33 / 133 + 0.5), _CLAMP_MV)

    def _continuity(self):
        self._drift()
        a_mv, b_mv = self._nodes()
        return min(max(int((a_mv - b_mv) * _GAIN + 0.5), 0), _CLAMP_MV)

    def _low_side(self):
        self._drift()
        return min(int(self._nodes()[1] + 0.5), _CLAMP_MV)

    # -- time

    def _inputs(self):
        self._drift()
        self._update()

    def _loop_ohm(self):
        """Resistance of reservoir, squib and ground while a firing current can flow, else None."""
        low = _R_FIRE if self._fire_on() else 0.0 if self._short_to == "b_ground" else None
        if low is None or not self._arm_on() or self._short_to == "a_ground":
            return None
        return _R_ARM + self.squib_ohm + low

    def _update(self):
        """Look at the switches again."""
        if self.kernel is None:
            return
        flowing = self._loop_ohm() is not None
        if flowing and not self._flowing:
            self.closings += 1
            self._began_us = self.kernel.now_us
            self.kernel.note("chip", self.name, "squib current", "on")
            self._too_long = self.kernel.after(_LONGEST_PULSE_US, self._exceeded)
            self._step = self.kernel.after(_STEP_US, self._integrate)
        elif self._flowing and not flowing:
            self.kernel.cancel(self._too_long)
            self.kernel.cancel(self._step)
            lasted_us = self.kernel.now_us - self._began_us
            self.pulse_us += lasted_us
            self.kernel.note("chip", self.name, "squib current", "off", lasted_us)
        self._flowing = flowing

    def _exceeded(self, _):
        if self._welded or self._short_to:
            self.kernel.note("fault", self.name, "both switches on by a fault")
        else:
            self.violation("both switches on for more than 20 ms")

    def _integrate(self, _):
        self._drift()
        if self._flowing and self._fires_on():
            self._step = self.kernel.after(_STEP_US, self._integrate)

    def _drift(self):
        """Let charge and heat run on to now."""
        if self.kernel is None:
            return
        us = self.kernel.now_us - self._seen_us
        if us <= 0:
            return
        self._seen_us = self.kernel.now_us
        if self._arm_on():
            self._arm_us += us
        while us > 0 and self._flowing and self._fires_on():
            step_us = min(us, _STEP_US)
            us -= step_us
            self._discharge(step_us, self._loop_ohm())
        if us > 0:
            # With both on and little left, what the charger brings goes through the loop.
            if not self._flowing or self._loop_ohm() >= _OPEN_OHM:
                self._charge(us)
            self._bridge.cool(us)

    def _fires_on(self):
        """True while the reservoir empties through the loop: worth a step of the integration."""
        return self._volts_mv > _EMPTY_MV and self._loop_ohm() < _OPEN_OHM

    def _charge(self, us):
        charging = self.powered and self._boost_ok and self._battery_mv >= _BOOST_NEEDS_MV
        load_ohm = self.squib_ohm + _R_B if self._arm_on() else _BLEED_OHM
        goal_mv, ohm = 0.0, load_ohm
        if charging:
            goal_mv = _divide(_BOOST_MV, _R_CHG, load_ohm)
            ohm = _R_CHG * load_ohm / (_R_CHG + load_ohm)
        tau_us = ohm * _C_UF
        share = exp(-us / tau_us) if us < 30 * tau_us else 0.0
        self._volts_mv = goal_mv + (self._volts_mv - goal_mv) * share

    def _discharge(self, us, loop_ohm):
        current_ma = self._volts_mv / loop_ohm
        lost_mv = current_ma * us / _C_UF
        self._volts_mv -= lost_mv
        if self._open or self._short:
            return
        if self._bridge.heat((self._volts_mv + lost_mv / 2) / loop_ohm, us):
            self.fired += 1
            self.fire_time_us = self.kernel.now_us
            self.kernel.note("chip", self.name, "fired", self.fired)


def _divide(feed_mv, upper_ohm, lower_ohm):
    return feed_mv * lower_ohm / (upper_ohm + lower_ohm)


def _one_of(name, value, words):
    if value not in words:
        known = ", ".join([repr(word) for word in words])
        raise ValueError("%s is one of %s, not %r" % (name, known, value))
    return value
