"""The window's surroundings: recorded weather, a room, the sash and its drive."""

from pinbench.worlds.actions import check, choice, number
from pinbench.worlds.base import World
from pinbench.worlds.drive import SashDrive
from pinbench.worlds.room import Room
from pinbench.worlds.sash import SashMechanics
from pinbench.worlds.weather import Weather

_MINUTE_US = 60000000
_HOUR_US = 3.6e9
_GAP_MM = 2  # wider than this, rain comes in
# For a run without weather: 50 %, 20 degrees C, no rain.
_STILL_AIR = [[0, 5000, 2000, 101325, 0, 0]]
# Wind pushes along the travel with part of its dynamic pressure (0.6 kg/m3 * v^2) on the sash's
# 0.32 m2: a fifth of it, by this model's choice.
_WIND_N_PER_M2_S2 = 0.6 * 0.32 / 5

_SASH = {
    "open_pct": number("opening at the start in %", 0, 100, 0),
    "supply_mv": number("motor supply in mV", 0, 20000, 12000),
    "resistance_mohm": number("motor resistance in milliohm", 1000, 10000, 3000),
    "friction_n": number("friction in N", 0, 200, 40),
    "static_per_mille": number("friction at rest, of the moving one", 1000, 2000, 1200),
    "mass_kg": number("moving mass in kg", 1, 200, 40),
}
_ROOM = {
    "volume_m3": number("volume in m3", 5, 500, 40),
    "source_g_h": number("moisture that people give off in g/h", 0, 5000, 80),
    "heated_c": number("temperature that the heating holds in degrees C", 0, 40, 21),
    "leak_per_h": number("air changes an hour with the window shut", 0, 10, 0.3),
    "rh_pct": number("humidity at the start in %", 0, 100, 45),
}
_PARAMETERS = {"sash": {"params": _SASH}, "room": {"params": _ROOM}}


class WindowWorld(World):
    """`chips`: role -> chip, `params`: the scenario's [world]. Raises ValueError, in one sentence.

    `start()` once at power-up; `act(name, params)` does what ACTIONS names and returns a function
    that ends it (None where that has no meaning); `measure(name)` returns one of MEASURES as an
    int; `events` has the time in us of each event's first occurrence. Events are "first drop",
    "rain starts", "rain stops", "gap opens" and "gap closes" (2 mm), "sash moves", "sash rests",
    "sash closed", "sash leaves closed", "sash open", "sash leaves open", "obstacle touched",
    "motor on" and "motor off".
    """

    PARAMS = {
        "sash": {"doc": "a table: " + ", ".join(sorted(_SASH)), "params": _SASH},
        "room": {"doc": "a table: " + ", ".join(sorted(_ROOM)), "params": _ROOM},
    }
    NAME = "the window"
    ACTIONS = {
        "obstacle": {
            "doc": "something springy lies in the gap",
            "params": {
                "gap_mm": number("opening at which it is touched (-1: now)", -1, 400, -1),
                "stiffness_n_per_mm": number("stiffness in N/mm", 1, 65, 20),
                "compressed_mm": number("how far it is squeezed already", 0, 10, 0),
            },
        },
        "remove obstacle": {"doc": "the gap is free again", "params": {}},
        "press button": {
            "doc": "a finger on the wall button",
            "params": {"ms": number("for so many milliseconds", 1, 600000, 150)},
        },
        "wind": {
            "doc": "wind other than the recorded one",
            "params": {
                "speed_m_s": number("speed in m/s", 0, 60),
                "towards": choice("pushes the sash", "closed", "open"),
            },
        },
        "supply": {
            "doc": "the motor's supply changes (the board's own is a fault: brown_out, power_cut)",
            "params": {"mv": number("in mV", 0, 20000)},
        },
        "weld relay": {
            "doc": "the bridge drives whatever its inputs say",
            "params": {"towards": choice("in this direction", "closed", "open")},
        },
        "jam": {"doc": "the sash is stuck where it is", "params": {}},
        "friction": {
            "doc": "seals freeze or are greased",
            "params": {"n": number("friction in N", 0, 200)},
        },
        "encoder dead": {
            "doc": "encoder outputs keep their level",
            "params": {"channel": choice("which", "both", "a", "b")},
        },
        "encoder loses edges": {
            "doc": "the magnet slips on its shaft",
            "params": {"per_mille": number("share of the edges that are lost", 0, 1000)},
        },
        "limit broken": {
            "doc": "the wire of a limit switch is cut: it reads pressed",
            "params": {"which": choice("which", "closed", "open")},
        },
        "limit stuck": {
            "doc": "the contact of a limit switch never opens: it reads free",
            "params": {"which": choice("which", "closed", "open")},
        },
        "rain": {
            "doc": "rain besides the recorded one",
            "params": {"mm_per_h": number("intensity in mm/h", 0, 300)},
        },
        "humidity stuck": {
            "doc": "liquid water on a humidity sensor: it reads 100 %",
            "params": {"which": choice("which", "outdoor", "indoor")},
        },
        "unplug rain sensor": {"doc": "the rain sensor's plug is out", "params": {}},
        "moisture": {
            "doc": "a shower or a stove indoors",
            "params": {"g_per_h": number("water vapour in g/h", 0, 10000)},
        },
        "power cut": {
            "doc": "no supply for a while",
            "params": {"off_ms": number("in ms", 0, 86400000, 1000)},
        },
        "reset pulse": {"doc": "a spike on the reset line", "params": {}},
    }
    MEASURES = {
        "sash_um": "opening in um, 0 shut",
        "opening_permille": "opening, 1000 fully open",
        "speed_um_s": "speed in um/s, positive while opening",
        "obstacle_mn": "force on the obstacle now in mN",
        "peak_obstacle_mn": "greatest force on an obstacle so far in mN",
        "drive_permille": "what the motor gets, -1000 (shut) to 1000 (open)",
        "motor_ma": "motor current in mA, positive towards open",
        "supply_ma": "current that the monitor sees in mA",
        "motor_on_ms": "how long the motor has been driven in ms",
        "closes": "arrivals at the shut end",
        "opens": "arrivals at the open end",
        "edges": "encoder edges from the shut position",
        "lost_edges": "edges that the encoder did not show",
        "both_directions": "times that both inputs of the bridge drove at once",
        "reversals_without_pause": "times that the bridge turned about without coast or brake",
        "starts_into_limit": "times that the motor was started towards a pressed limit switch",
        "rain_um": "rain that has fallen in um (1000 = 1 mm)",
        "rain_in_um": "of it, what fell while the gap was over 2 mm",
        "rain_um_h": "rain now in um/h",
        "indoor_rh_centi_pct": "humidity indoors in 0.01 %",
        "indoor_centi_c": "temperature indoors in 0.01 degrees C",
    }

    def __init__(self, kernel, chips, nets, params):
        World.__init__(self, kernel)
        self.chips = chips
        for name in ("sash", "room"):
            if not isinstance(params.get(name, {}), dict):
                raise ValueError("%s of [world] must be a table, not %r" % (name, params[name]))
        sash = check("sash", _PARAMETERS, params.get("sash", {}))
        self.room = Room(**check("room", _PARAMETERS, params.get("room", {})))
        sash["position_um"] = int(sash.pop("open_pct") * 4000)
        self._supply_mv = sash["supply_mv"]
        self.drive = SashDrive(kernel, SashMechanics(**sash), chips, self._happens)
        self._weather = Weather(params.get("weather") or _STILL_AIR)
        self._extra_um_h = 0.0
        self._rain_um_h = 0.0
        self._gust = None
        self._rain_um = self._rain_in_um = 0.0
        self._rained_until_us = 0
        self._gap_open = sash["position_um"] > _GAP_MM * 1000
        self._minute = 0

    def start(self):
        """Show every chip its surroundings; call once, when the bench is powered."""
        self._set_supply(self._supply_mv)
        self.drive.start()
        self._minute_passes(None)
        self._note_sash()

    # -- what happens

    def _happens(self, name):
        if name == "gap opens" or name == "gap closes":
            self._collect_rain()
            self._gap_open = name == "gap opens"
        elif name in ("sash moves", "sash rests", "obstacle touched"):
            self._note_sash()
        self._event(name)

    def _note_sash(self):
        self.kernel.note("world", "sash_um", self._measure_sash_um())

    # -- weather and room

    def _minute_passes(self, _):
        minute = self._minute
        self.kernel.at((minute + 1) * _MINUTE_US, self._minute_passes)
        self._minute = minute + 1
        weather = self._weather
        weather.seek(minute)
        self._air_changes(weather, minute)
        self._set_rain()
        self._set_wind()

    def _air_changes(self, weather, minute):
        out_c, out_rh_pct = weather.temp_centi_c / 100, weather.rh_centi_pct / 100
        chips = self.chips
        outdoor = chips.get("humidity")
        if outdoor is not None:
            outdoor.rh_pct, outdoor.temp_c = out_rh_pct, out_c
        pressure = chips.get("pressure")
        if pressure is not None:
            pressure.temp_c = out_c
            if weather.pressure_pa > 0:
                pressure.pressure_hpa = weather.pressure_pa / 100
        room = self.room
        if minute:
            opening_mm = self.drive.look().position_mm
            room.step(1, opening_mm, out_rh_pct, out_c, self._wind_m_s())
        indoor = chips.get("indoor")
        if indoor is not None:
            indoor.rh_pct, indoor.temp_c = room.rh_pct, room.temp_c

    def _set_rain(self):
        rate = self._weather.rain_um_h + self._extra_um_h
        if rate == self._rain_um_h:
            return
        self._collect_rain()
        before, self._rain_um_h = self._rain_um_h, rate
        sensor = self.chips.get("rain")
        if sensor is not None:
            sensor.rain_mm_per_h = rate / 1000
        self.kernel.note("world", "rain_um_h", int(rate))
        if not before:
            if "first drop" not in self.events:
                self._event("first drop")
            self._event("rain starts")
        elif not rate:
            self._event("rain stops")

    def _collect_rain(self):
        now_us = self.kernel.now_us
        fallen = self._rain_um_h * ((now_us - self._rained_until_us) / _HOUR_US)
        self._rained_until_us = now_us
        self._rain_um += fallen
        if self._gap_open:
            self._rain_in_um += fallen

    def _wind_m_s(self):
        return self._weather.wind_cm_s / 100 if self._gust is None else self._gust[0]

    def _set_wind(self):
        speed = self._wind_m_s()
        sign = 1 if self._gust is not None and self._gust[1] == "open" else -1
        load_n = sign * _WIND_N_PER_M2_S2 * speed * speed
        mechanics = self.drive.mechanics
        if load_n != mechanics.wind_n:
            self.drive.change(mechanics.set_wind_n, load_n)

    def _set_supply(self, mv):
        self._supply_mv = mv
        self.drive.change(self.drive.mechanics.set_supply_mv, mv)
        self.chips["drive"].supply_mv = mv
        current = self.chips.get("current")
        if current is not None:
            current.bus_mv = mv

    # -- actions

    def _act_obstacle(self, gap_mm, stiffness_n_per_mm, compressed_mm):
        mechanics = self.drive.look()
        if gap_mm < 0:
            gap_mm = mechanics.position_mm
        self.drive.change(mechanics.set_obstacle, gap_mm + compressed_mm, stiffness_n_per_mm)
        return self._act_remove_obstacle

    def _act_remove_obstacle(self):
        self.drive.change(self.drive.mechanics.remove_obstacle)

    def _act_press_button(self, ms):
        self._chip("button").press(ms)

    def _act_wind(self, speed_m_s, towards):
        before, self._gust = self._gust, (speed_m_s, towards)
        self._set_wind()

        def calm():
            self._gust = before
            self._set_wind()

        return calm

    def _act_supply(self, mv):
        before = self._supply_mv
        self._set_supply(mv)
        return lambda: self._set_supply(before)

    def _act_weld_relay(self, towards):
        mechanics = self.drive.mechanics
        self.drive.change(mechanics.weld, 1 if towards == "open" else -1)
        return lambda: self.drive.change(mechanics.weld, 0)

    def _act_jam(self):
        mechanics = self.drive.mechanics
        self.drive.change(mechanics.jam, True)
        return lambda: self.drive.change(mechanics.jam, False)

    def _act_friction(self, n):
        mechanics = self.drive.mechanics
        before = mechanics.friction_n
        self.drive.change(mechanics.set_friction_n, n)
        return lambda: self.drive.change(mechanics.set_friction_n, before)

    def _act_encoder_dead(self, channel):
        encoder = self._chip("encoder")
        if channel == "both":
            return _set(encoder, "stuck", True)
        return _set(encoder, "dead", channel)

    def _act_encoder_loses_edges(self, per_mille):
        return _set(self.drive, "loss_per_mille", per_mille)

    def _act_limit_broken(self, which):
        return _set(self._chip("limit_" + which), "broken", True)

    def _act_limit_stuck(self, which):
        return _set(self._chip("limit_" + which), "welded", True)

    def _act_rain(self, mm_per_h):
        before, self._extra_um_h = self._extra_um_h, mm_per_h * 1000.0
        self._set_rain()

        def stop():
            self._extra_um_h = before
            self._set_rain()

        return stop

    def _act_humidity_stuck(self, which):
        return _set(self._chip("humidity" if which == "outdoor" else "indoor"), "stuck_wet", True)

    def _act_unplug_rain_sensor(self):
        return _set(self._chip("rain"), "unplugged", True)

    def _act_moisture(self, g_per_h):
        return _set(self.room, "source_g_h", self.room.source_g_h + g_per_h)

    def _act_power_cut(self, off_ms):
        self.kernel.power_cut(off_ms)

    def _act_reset_pulse(self):
        self.kernel.reset_pulse()

    def _chip(self, role):
        if role not in self.chips:
            raise ValueError("this board has no %s" % role)
        return self.chips[role]

    # -- measures

    def _measure_sash_um(self):
        return _nearest(self.drive.look().position_mm * 1000)

    def _measure_opening_permille(self):
        return _nearest(self.drive.look().position_mm * 2.5)

    def _measure_speed_um_s(self):
        return _nearest(self.drive.look().speed_mm_s * 1000)

    def _measure_obstacle_mn(self):
        return _nearest(self.drive.look().force_n * 1000)

    def _measure_peak_obstacle_mn(self):
        return _nearest(self.drive.look().peak_force_n * 1000)

    def _measure_drive_permille(self):
        return self.drive.drive_permille

    def _measure_motor_ma(self):
        return _nearest(self.drive.look().motor_ma)

    def _measure_supply_ma(self):
        return _nearest(self.drive.look().current_ma)

    def _measure_motor_on_ms(self):
        return self.drive.motor_on_us // 1000

    def _measure_closes(self):
        return self.drive.closes

    def _measure_opens(self):
        return self.drive.opens

    def _measure_edges(self):
        return self.drive.edges

    def _measure_lost_edges(self):
        return self.drive.lost_edges

    def _measure_both_directions(self):
        return self.drive.both_directions

    def _measure_reversals_without_pause(self):
        return self.chips["drive"].reversals_without_pause

    def _measure_starts_into_limit(self):
        return self.drive.starts_into_limit

    def _measure_rain_um(self):
        self._collect_rain()
        return _nearest(self._rain_um)

    def _measure_rain_in_um(self):
        self._collect_rain()
        return _nearest(self._rain_in_um)

    def _measure_rain_um_h(self):
        return int(self._rain_um_h)

    def _measure_indoor_rh_centi_pct(self):
        return _nearest(self.room.rh_pct * 100)

    def _measure_indoor_centi_c(self):
        return _nearest(self.room.temp_c * 100)


def _set(owner, name, value):
    """Set an attribute; returns a function that puts the old value back."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    return lambda: setattr(owner, name, before)


def _nearest(value):
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)
