"""The airbag garment's surroundings: a body that moves, buckle, charger, battery and inflator.

[world] of a scenario:
  motion = NAME         what is played from the start, over and over (default "stand")
  motions = {NAME = M}  recorded motions, prepared by the host beside the synthetic ones of
                        synthetic.NAMES. M has one of `rows` (base64 text of little-endian int16,
                        six counts a row at 104 rows a second, axes as in synthetic.py), `table` (a
                        list of rows of six ints) or `file` (path of a file of such bytes, read
                        piece by piece), and may have `impact_row` (-1) and `onset_row` (-1). In
                        a scenario file M may be { recording = "SET/SUBJECT/ACTIVITY/TRIAL" }
                        (pinbench.evaluate.motions)
  buckled, on_charger   true or false (default false)
  battery_pct, soc_per_hour (discharge in %/h), clock_ppm (of the IMU), reservoir_mv, squib_ohm

Chips by role: imu, inflator, and where fitted fuel_gauge, buckle, charger, button, buzzer,
vibration. A motion begins at the first sample after the action; when it has ended the wearer
rests as in its last row, or goes on with `then`. Events: "motion NAME", "motion ends", "impact",
"fired", "buckled", "unbuckled", "charger on", "charger off", "fire on", "fire off", "arm on", "arm
off".
"""

from array import array
from binascii import a2b_base64

from pinbench.chips.imu_motion import RATE_HZ, ROW_BYTES, Rows
from pinbench.worlds import synthetic
from pinbench.worlds.actions import check, choice, number, text
from pinbench.worlds.base import World

_NEVER = -1
_STANDING_MG = (0, -1000, 0)
_HOUR_US = 3600 * 1000000
_WINDOW_ROWS = 4096
_LADDER = {
    "open": ("open", True),
    "short": ("short", True),
    "a to ground": ("short_to", "a_ground"),
    "b to ground": ("short_to", "b_ground"),
    "a to battery": ("short_to", "a_battery"),
    "b to battery": ("short_to", "b_battery"),
    "arm welded": ("welded", "arm"),
    "fire welded": ("welded", "fire"),
    "arm fails open": ("failed_open", "arm"),
    "fire fails open": ("failed_open", "fire"),
    "boost fails": ("boost_ok", False),
}
_IMU = {
    "disconnected high": ("disconnected", "high"),
    "disconnected low": ("disconnected", "low"),
    "frozen": ("frozen", True),
    "self-test fails": ("self_test_mg", 10),
    "wrong identity": ("who_am_i", 0x6B),
}
_AXES = ("ax", "ay", "az", "gx", "gy", "gz")


class FileRows:
    """Rows of a recording in a file, read piece by piece. OSError if it cannot be read."""

    def __init__(self, path):
        self._file = open(path, "rb")
        self.length = self._file.seek(0, 2) // ROW_BYTES

    def window(self, i):
        """Return (number of the first row, bytes) around row i."""
        first = i - i % _WINDOW_ROWS
        self._file.seek(first * ROW_BYTES)
        return first, self._file.read(_WINDOW_ROWS * ROW_BYTES)


class BodyWorld(World):
    """`chips`: role -> chip, `params`: the scenario's [world]. Raises ValueError, in one sentence.

    `start()` once at power-up; `act(name, params)` does what ACTIONS names and returns a function
    that ends it, or None; `measure(name)` returns one of MEASURES as an int; `events`: time in us
    of each event's first occurrence.
    """

    _NUMBERS = {
        "battery_pct": number("state of charge in %", 0, 100, 90),
        "soc_per_hour": number("discharge in % an hour", 0, 100, 2),
        "clock_ppm": number("how much too fast the IMU's clock is", -100000, 100000, 0),
        "reservoir_mv": number("voltage of the reservoir at the start in mV", 0, 16000, 0),
        "squib_ohm": number("resistance of the squib in ohm", 0.1, 100, 2),
    }
    PARAMS = {
        "motion": {"doc": "what is played from the start"},
        "motions": {"doc": 'recordings by name: { recording = "SET/SUBJECT/ACTIVITY/TRIAL" }'},
        "buckled": {"doc": "true: buckled at the start"},
        "on_charger": {"doc": "true: on the charger at the start"},
    }
    PARAMS.update(_NUMBERS)
    NAME = "the garment"
    ACTIONS = {
        "play": {
            "doc": "the wearer does something: %s, or a recorded motion"
            % ", ".join(synthetic.NAMES),
            "params": {
                "motion": text("its name"),
                "then": text("what is done over and over when it has ended", ""),
            },
        },
        "buckle": {"doc": "the buckle is closed", "params": {}},
        "unbuckle": {"doc": "the buckle is opened", "params": {}},
        "press button": {
            "doc": "a finger on the button",
            "params": {"ms": number("for so many milliseconds", 1, 600000, 150)},
        },
        "charger": {
            "doc": "the garment is put on its charger",
            "params": {"pct_per_hour": number("charges by so many % an hour", 0, 1000, 40)},
        },
        "battery": {
            "doc": "the battery's state of charge changes",
            "params": {
                "pct": number("to so many %", 0, 100),
                "mv": number("and its voltage to so many mV (0: as the charge says)", 0, 4500, 0),
            },
        },
        "reservoir": {
            "doc": "the reservoir's voltage jumps",
            "params": {"mv": number("to so many mV", 0, 16000)},
        },
        "inflator fault": {
            "doc": "the ladder fails",
            "params": {"kind": choice("how", *sorted(_LADDER))},
        },
        "imu fault": {"doc": "the IMU fails", "params": {"kind": choice("how", *sorted(_IMU))}},
        "stuck axis": {
            "doc": "an axis keeps its value",
            "params": {"axis": choice("which", *_AXES)},
        },
        "saturated axis": {
            "doc": "an axis shows full scale",
            "params": {"axis": choice("which", *_AXES)},
        },
        "damaged words": {
            "doc": "coming words of the IMU's FIFO are damaged",
            "params": {
                "kind": choice("how", "parity", "sensor", "slot lost"),
                "count": number("how many", 1, 1000000, 1),
            },
        },
        "clock": {
            "doc": "the IMU's clock changes",
            "params": {"ppm": number("to so many millionths too fast", -100000, 100000)},
        },
        "buckle wire cut": {"doc": "the buckle's wire is cut: it reads unbuckled", "params": {}},
        "vibration seized": {"doc": "the vibration motor does not turn", "params": {}},
        "power cut": {
            "doc": "no supply for a while",
            "params": {"off_ms": number("in ms", 0, 86400000, 1000)},
        },
        "reset pulse": {"doc": "a spike on the reset line", "params": {}},
    }
    MEASURES = {
        "fired": "squibs that have fired",
        "fire_time_ms": "when the first one did, in ms of the run (-1: never)",
        "lead_ms": "from firing to the impact of the motion being played, in ms (-1: no such)",
        "impacts": "impacts so far",
        "closings": "times that both switches were on together",
        "pulse_us": "time in us that both were on",
        "energy_uj": "energy in uJ that the squib got",
        "fire_pulses": "times that FIRE rose",
        "fire_ms": "time in ms that FIRE has been high",
        "arm_ms": "time in ms that ARM has been on",
        "arm_on": "1 while ARM is on",
        "armed_switches_ms": "longest time in ms that ARM was on at once",
        "reservoir_mv": "voltage of the reservoir",
        "imu_samples": "samples that the IMU has taken since power-on",
        "imu_overruns": "words that its FIFO lost",
        "row": "row of the motion being played",
        "buckled": "1 while the buckle is closed",
        "battery_pct": "state of charge in %",
        "beeps": "sounds so far",
        "sounding": "1 while the buzzer can be heard",
        "vibrations": "vibrations felt so far",
        "trigger_us": "from the first row of the motion to the first FIRE edge in it, in us (-1)",
    }

    def __init__(self, kernel, chips, nets, params):
        World.__init__(self, kernel)
        self.chips = chips
        self._nets = nets
        self._params = params
        self.check(params, ())
        self._values = _numbers(params)
        self._motions = self._read_motions(params.get("motions", {}))
        self._name = self._then = ""
        self._impact_us = self._began_us = _NEVER
        self._first_fire_us = _NEVER
        self._pending = []
        self._impacts = 0
        self._fire_pulses = 0
        self._longest_arm_us = 0
        self._arm_since_us = _NEVER
        self._fire_us = 0
        self._fire_since_us = _NEVER
        self._fired = 0
        self._soc = float(self._values["battery_pct"])
        self._soc_us = 0
        self._rate = -float(self._values["soc_per_hour"])
        self._opening = params.get("motion", "stand")

    @staticmethod
    def check(params, done):
        """Check [world], and what is done as a list of (action, parameters), before anything runs.

        Raises ValueError, in one sentence.
        """
        _numbers(params)
        motions = params.get("motions", {})
        if not isinstance(motions, dict):
            raise ValueError("motions of [world] must be a table, not %r" % (motions,))
        for name in sorted(motions):
            _check_motion(name, motions[name])
        names = [params.get("motion", "stand")]
        for action, values in done:
            if action == "play":
                names += [values["motion"], values.get("then") or "stand"]
        for name in names:
            if name not in motions and name not in synthetic.NAMES:
                known = ", ".join(sorted(list(motions) + list(synthetic.NAMES)))
                raise ValueError("motion %r is unknown: choose one of %s" % (name, known))

    def _read_motions(self, table):
        motions = {}
        for name in sorted(table):
            entry = table[name]
            if "file" in entry:
                rows = FileRows(entry["file"])
            elif "rows" in entry:
                rows = Rows(a2b_base64(entry["rows"]))
            else:
                rows = Rows(_flat(name, entry["table"]))
            motions[name] = (rows, entry.get("impact_row", _NEVER))
        return motions

    def start(self):
        """Show every chip its surroundings; call once, when the bench is powered."""
        imu = self.chips["imu"]
        imu.accel_mg = _STANDING_MG
        imu.clock_ppm = int(self._values["clock_ppm"])
        inflator = self.chips["inflator"]
        inflator.squib_ohm = float(self._values["squib_ohm"])
        if self._values["reservoir_mv"]:
            inflator.reservoir_mv = self._values["reservoir_mv"]
        for pin, fn in (("arm", self._arm_moves), ("fire", self._fire_moves)):
            if pin in inflator.nets:
                inflator.nets[pin].watch(fn)
        if "buckle" in self.chips:
            self.chips["buckle"].closed = bool(self._params.get("buckled", False))
        if self._params.get("on_charger", False):
            self._act_charger(40)
        self._play(self._opening, self._opening)
        self._soc_us = self.kernel.now_us
        self._drain(None)

    # -- what happens

    def _find(self, name):
        if name in self._motions:
            return self._motions[name]
        rows, impact = synthetic.motion(name)
        found = self._motions[name] = (Rows(rows), impact)
        return found

    def _play(self, name, then):
        for event in self._pending:
            self.kernel.cancel(event)
        imu = self.chips["imu"]
        if name == "stand" and name not in self._motions:  # the posture will do, for ever
            imu.stop()
            self._name = name
            self._began_us = self._impact_us = self._first_fire_us = _NEVER
            self._pending = []
            self._event("motion stand")
            return
        rows, impact = self._find(name)
        imu.play(rows)
        began_us = imu.time_of_row(0)
        again = name == self._name and then == name
        self._name, self._then = name, then
        self._began_us = began_us
        self._impact_us = _NEVER
        self._first_fire_us = _NEVER
        self._pending = []
        if not again:
            self._event("motion " + name)
        if impact >= 0:
            self._impact_us = began_us + impact * 1000000 // RATE_HZ
            self._pending.append(self.kernel.at(self._impact_us, self._hits))
        end_us = began_us + rows.length * 1000000 // RATE_HZ
        self._pending.append(self.kernel.at(end_us, self._ends))

    def _hits(self, _):
        self._impacts += 1
        self._event("impact")

    def _ends(self, _):
        if not self._then:
            self._event("motion ends")
            return
        if self._then != self._name:
            self._event("motion ends")
        self._play(self._then, self._then)

    def _arm_moves(self, net):
        if net.duty > 0 and self._arm_since_us < 0:
            self._arm_since_us = self.kernel.now_us
            self._event("arm on")
        elif net.duty == 0 and self._arm_since_us >= 0:
            lasted_us = self.kernel.now_us - self._arm_since_us
            self._longest_arm_us = max(self._longest_arm_us, lasted_us)
            self._arm_since_us = _NEVER
            self._event("arm off")

    def _fire_moves(self, net):
        now_us = self.kernel.now_us
        if net.duty > 0 and self._fire_since_us < 0:
            self._fire_since_us = now_us
            self._fire_pulses += 1
            if self._first_fire_us < 0 and now_us >= self._began_us:
                self._first_fire_us = now_us
            self._event("fire on")
            # The chip learns of it in this very event; look when it has had the time to heat.
            self.kernel.after(20000, self._look)
        elif net.duty == 0 and self._fire_since_us >= 0:
            self._fire_us += now_us - self._fire_since_us
            self._fire_since_us = _NEVER
            self._event("fire off")
        self._look(None)

    def _look(self, _):
        inflator = self.chips["inflator"]
        if inflator.fired > self._fired:
            self._fired = inflator.fired
            if "fired" not in self.events:
                self.events["fired"] = inflator.fire_time_us
            self.kernel.note("world", "event", "fired")

    def _drain(self, _):
        """Once a minute: the battery's charge goes on."""
        now_us = self.kernel.now_us
        self._soc += self._rate * (now_us - self._soc_us) / _HOUR_US
        self._soc = max(0.0, min(100.0, self._soc))
        self._soc_us = now_us
        self._show_battery(0)
        self.kernel.after(60000000, self._drain)

    def _show_battery(self, mv):
        # A lithium cell between 3.2 V (empty) and 4.15 V (full), flat in the middle.
        soc = self._soc
        if not mv:
            mv = 3200 + int(soc * 50) if soc < 10 else 3640 + int(soc * 5.1)
        gauge = self.chips.get("fuel_gauge")
        if gauge is not None:
            gauge.soc_pct = soc
            gauge.cell_mv = mv
            gauge.rate_pct_h = self._rate
        self.chips["inflator"].battery_mv = mv

    # -- actions

    def _act_play(self, motion, then):
        if then and then != "stand":
            self._find(then)
        self._play(motion, then)

    def _act_buckle(self):
        self._chip("buckle").closed = True
        self._event("buckled")
        return self._act_unbuckle

    def _act_unbuckle(self):
        self._chip("buckle").closed = False
        self._event("unbuckled")

    def _act_press_button(self, ms):
        self._chip("button").press(ms)

    def _act_charger(self, pct_per_hour):
        self._chip("charger").closed = True
        self._set_rate(float(pct_per_hour))
        self._event("charger on")

        def off():
            self._chip("charger").closed = False
            self._set_rate(-float(self._values["soc_per_hour"]))
            self._event("charger off")

        return off

    def _set_rate(self, rate):
        now_us = self.kernel.now_us
        self._soc += self._rate * (now_us - self._soc_us) / _HOUR_US
        self._soc_us = now_us
        self._rate = rate
        self._show_battery(0)

    def _act_battery(self, pct, mv):
        self._soc = float(pct)
        self._soc_us = self.kernel.now_us
        self._show_battery(mv)

    def _act_reservoir(self, mv):
        self.chips["inflator"].reservoir_mv = mv

    def _act_inflator_fault(self, kind):
        return _set(self.chips["inflator"], *_LADDER[kind])

    def _act_imu_fault(self, kind):
        return _set(self.chips["imu"], *_IMU[kind])

    def _act_stuck_axis(self, axis):
        return _set(self.chips["imu"], "stuck", axis)

    def _act_saturated_axis(self, axis):
        return _set(self.chips["imu"], "saturated", axis)

    def _act_damaged_words(self, kind, count):
        field = {"parity": "bad_parity", "sensor": "bad_tag", "slot lost": "lost_slots"}[kind]
        setattr(self.chips["imu"], field, int(count))
        return lambda: setattr(self.chips["imu"], field, 0)

    def _act_clock(self, ppm):
        return _set(self.chips["imu"], "clock_ppm", int(ppm))

    def _act_buckle_wire_cut(self):
        return _set(self._chip("buckle"), "broken", True)

    def _act_vibration_seized(self):
        return _set(self._chip("vibration"), "seized", True)

    def _act_power_cut(self, off_ms):
        self.kernel.power_cut(off_ms)

    def _act_reset_pulse(self):
        self.kernel.reset_pulse()

    def _chip(self, role):
        if role not in self.chips:
            raise ValueError("this board has no %s" % role.replace("_", " "))
        return self.chips[role]

    # -- measures

    def _measure_fired(self):
        return self.chips["inflator"].fired

    def _measure_fire_time_ms(self):
        at_us = self.chips["inflator"].fire_time_us
        return at_us // 1000 if at_us >= 0 else -1

    def _measure_lead_ms(self):
        at_us = self.chips["inflator"].fire_time_us
        if at_us < self._began_us or self._impact_us < 0 or at_us < 0:
            return -1
        return (self._impact_us - at_us) // 1000

    def _measure_trigger_us(self):
        if self._first_fire_us < 0:
            return -1
        return self._first_fire_us - self._began_us

    def _measure_impacts(self):
        return self._impacts

    def _measure_closings(self):
        return self.chips["inflator"].closings

    def _measure_pulse_us(self):
        return self.chips["inflator"].pulse_us

    def _measure_energy_uj(self):
        return self.chips["inflator"].energy_uj

    def _measure_fire_pulses(self):
        return self._fire_pulses

    def _measure_fire_ms(self):
        us = self._fire_us
        if self._fire_since_us >= 0:
            us += self.kernel.now_us - self._fire_since_us
        return us // 1000

    def _measure_arm_ms(self):
        return self.chips["inflator"].arm_ms

    def _measure_arm_on(self):
        return 1 if self._arm_since_us >= 0 else 0

    def _measure_armed_switches_ms(self):
        us = self._longest_arm_us
        if self._arm_since_us >= 0:
            us = max(us, self.kernel.now_us - self._arm_since_us)
        return us // 1000

    def _measure_reservoir_mv(self):
        return self.chips["inflator"].reservoir_mv

    def _measure_imu_samples(self):
        return self.chips["imu"].samples

    def _measure_imu_overruns(self):
        return self.chips["imu"].overruns

    def _measure_row(self):
        return self.chips["imu"].row

    def _measure_buckled(self):
        return 1 if self._chip("buckle").closed else 0

    def _measure_battery_pct(self):
        return int(self._soc + self._rate * (self.kernel.now_us - self._soc_us) / _HOUR_US)

    def _measure_beeps(self):
        return self._chip("buzzer").count

    def _measure_sounding(self):
        return 1 if self._chip("buzzer").sounding else 0

    def _measure_vibrations(self):
        return self._chip("vibration").count


def _numbers(params):
    """Return the numbers of [world], completed with their defaults."""
    rules = BodyWorld._NUMBERS
    given = {}
    for name in rules:
        if name in params:
            given[name] = params[name]
    return check("world", {"world": {"params": rules}}, given)


def _check_motion(name, entry):
    if not isinstance(entry, dict):
        raise ValueError("the motion %r must be a table" % name)
    for key in sorted(entry):
        if key not in ("rows", "table", "file", "impact_row", "onset_row"):
            raise ValueError("the motion %r does not take %r" % (name, key))
    if "table" in entry:
        _flat(name, entry["table"])
    elif "rows" not in entry and "file" not in entry:
        raise ValueError("the motion %r needs a recording, rows, table or file" % name)


def _flat(name, table):
    out = array("h")
    for row in table:
        if not isinstance(row, (list, tuple)) or len(row) != 6:
            raise ValueError("a row of the motion %r has six counts, not %r" % (name, row))
        for value in row:
            if not isinstance(value, int) or not -32768 <= value <= 32767:
                raise ValueError("a count of the motion %r is not 16 bits: %r" % (name, value))
            out.append(value)
    return out


def _set(owner, name, value):
    """Set an attribute; returns a function that puts the old value back."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    return lambda: setattr(owner, name, before)
