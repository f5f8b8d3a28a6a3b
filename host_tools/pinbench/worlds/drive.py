"""The sash on the bench: moves by what the bridge does, and shows itself to encoder, limit
switches and current monitor."""

import math

from pinbench.worlds.motion import NEVER
from pinbench.worlds.sash import EARLY_US, EDGES_PER_MM, LIMIT_OPEN_MM, LIMIT_SHUT_MM

PUSH_US = 500  # the current monitor sees a changing current in steps of this length or less
RAIN_EDGE = 10  # 2 mm: rain comes in through a gap from here on


class SashDrive:
    """Wires a SashMechanics to its chips; sleeps while the sash rests.

    `chips` maps roles to chips; needed is "drive", used if present are "encoder", "limit_open",
    "limit_closed" and "current". `notify(name)` is called at what happens: "motor on",
    "motor off", "sash moves", "sash rests", "sash closed", "sash leaves closed", "sash open",
    "sash leaves open", "obstacle touched", "gap opens", "gap closes" (at 2 mm).

    Counters: `edges`, `lost_edges`, `motor_on_us`, `closes` and `opens` (arrivals at a limit
    switch), `both_directions` (times that both inputs of the bridge carried power without being
    its brake), `starts_into_limit` (times that it began to drive towards a pressed switch).
    """

    def __init__(self, kernel, mechanics, chips, notify):
        self.mechanics = mechanics
        self.edges = mechanics.edges
        self.lost_edges = 0
        self.closes = self.opens = 0
        self.both_directions = 0
        self.starts_into_limit = 0
        self.loss_per_mille = 0
        self._kernel = kernel
        self._random = kernel.random.fork()
        self._notify = notify
        self._bridge = chips["drive"]
        self._encoder = chips.get("encoder")
        self._limit_open = chips.get("limit_open")
        self._limit_shut = chips.get("limit_closed")
        self._current = chips.get("current")
        self._event = None
        self._edge_us = self._push_us = NEVER
        self._law = -1
        self._moving = self._touching = False
        self._at_shut, self._at_open = mechanics.limit_shut, mechanics.limit_open
        self._towards = 0
        self._driven = False
        self._driven_us = self._driven_since_us = 0
        self._both = False

    def start(self):
        """Show the starting position and follow the bridge from now on."""
        if self._encoder is not None:
            self._encoder.count = self.edges
            self._encoder.power_on()
        if self._limit_shut is not None:
            self._limit_shut.pressed = self._at_shut
        if self._limit_open is not None:
            self._limit_open.pressed = self._at_open
        self._bridge.on_change(self._bridge_changed)
        for net in self._bridge.nets.values():
            net.watch(self._watch_inputs)
        self._bridge_changed(self._bridge)

    @property
    def motor_on_us(self):
        """How long the bridge has driven so far."""
        if self._driven:
            return self._driven_us + self._kernel.now_us - self._driven_since_us
        return self._driven_us

    @property
    def drive_permille(self):
        """What the motor gets now, -1000 (shut) to 1000 (open)."""
        return int(self.mechanics.power * 1000)

    def look(self):
        """Bring the mechanics up to the present; returns it, ready to be read."""
        self.mechanics.advance(self._kernel.now_us)
        return self.mechanics

    def change(self, fn, *args):
        """Call an input of the mechanics, fn(*args), at the present time."""
        self.look()
        fn(*args)
        self._follow()

    def _bridge_changed(self, bridge):
        mechanics = self.look()
        if bridge.state == "drive":
            mechanics.drive(bridge.drive)
        elif bridge.state == "brake":
            mechanics.brake()
        else:
            mechanics.coast()
        self._follow()

    def _watch_inputs(self, _):
        in1, in2 = self._bridge.nets["in1"].duty, self._bridge.nets["in2"].duty
        both = in1 > 0 and in2 > 0 and in1 + in2 < 2 * 65535
        if both and not self._both:
            self.both_directions += 1
        self._both = both

    # -- what the sash does by itself

    def _wake(self, _):
        self._event = None
        now_us = self._kernel.now_us
        self.mechanics.advance(now_us)
        if self._edge_us <= now_us + EARLY_US:
            self._pass_edge()
        self._follow()

    def _follow(self):
        """Show what has changed, then wait for the next thing that will."""
        mechanics = self.mechanics
        if mechanics.laws != self._law:
            self._law = mechanics.laws
            self._push_us = self._kernel.now_us
            self._aim()
            self._compare()
        if self._push_us <= self._kernel.now_us:
            self._push()
        due_us = mechanics.change_us
        if self._edge_us < due_us:
            due_us = self._edge_us
        if self._push_us < due_us:
            due_us = self._push_us
        self._kernel.cancel(self._event)
        self._event = None
        if due_us < NEVER:
            self._event = self._kernel.at(math.ceil(due_us - EARLY_US), self._wake)

    def _aim(self):
        """Find when the next encoder edge passes."""
        direction = self.mechanics.direction
        self._edge_us = NEVER
        if direction:
            ahead = self.edges + 1 if direction > 0 else self.edges
            self._edge_us = self.mechanics.time_at(ahead / EDGES_PER_MM)

    def _pass_edge(self):
        direction = self.mechanics.direction
        if not direction:
            self._edge_us = NEVER
            return
        self.edges += direction
        self._aim()
        if self._encoder is not None:
            if self.loss_per_mille and self._random.below(1000) < self.loss_per_mille:
                self.lost_edges += 1
            else:
                self._encoder.edge(direction)
        if direction > 0:
            if self.edges == RAIN_EDGE:
                self._notify("gap opens")
        elif self.edges == RAIN_EDGE - 1:
            self._notify("gap closes")

    def _push(self):
        """Give the current monitor the mean of the time until the next push."""
        mechanics = self.mechanics
        now_us = self._kernel.now_us
        if mechanics.steady:
            self._push_us = NEVER
            current_ma = mechanics.current_ma
        else:
            end_us = now_us + PUSH_US
            change_us = mechanics.change_us
            self._push_us = end_us
            if end_us > change_us:
                end_us = change_us
            span_us = end_us - now_us
            if span_us > 0:
                drawn_nc = mechanics.charge_ahead_nc(end_us) - mechanics.charge_ahead_nc(now_us)
                current_ma = drawn_nc / span_us
            else:
                current_ma = mechanics.current_ma
        if self._current is not None:
            self._current.current_ma = current_ma

    def _compare(self):
        """The law of motion has changed: tell what else has."""
        mechanics = self.mechanics
        x = mechanics.position_mm
        direction = mechanics.direction
        driven = mechanics.driven
        moving = mechanics.moving
        if driven != self._driven:
            self._count_driven(driven)
        towards = (mechanics.power > 0) - (mechanics.power < 0)
        if towards != self._towards:
            self._towards = towards
            if (towards < 0 and self._at_shut) or (towards > 0 and self._at_open):
                self.starts_into_limit += 1
        if moving != self._moving:
            self._moving = moving
            self._notify("sash moves" if moving else "sash rests")
        self._compare_limits(x, direction)
        touching = mechanics.touches(x)
        if touching != self._touching:
            self._touching = touching
            if touching:
                self._notify("obstacle touched")

    def _compare_limits(self, x, direction):
        # Exactly at its place a switch has changed if the sash goes on in that direction.
        at_shut = x < LIMIT_SHUT_MM or (x == LIMIT_SHUT_MM and direction < 0)
        at_open = x > LIMIT_OPEN_MM or (x == LIMIT_OPEN_MM and direction > 0)
        if not direction:
            at_shut = at_shut or (x == LIMIT_SHUT_MM and self._at_shut)
            at_open = at_open or (x == LIMIT_OPEN_MM and self._at_open)
        if at_shut != self._at_shut:
            self._at_shut = at_shut
            if at_shut:
                self.closes += 1
            if self._limit_shut is not None:
                self._limit_shut.pressed = at_shut
            self._notify("sash closed" if at_shut else "sash leaves closed")
        if at_open != self._at_open:
            self._at_open = at_open
            if at_open:
                self.opens += 1
            if self._limit_open is not None:
                self._limit_open.pressed = at_open
            self._notify("sash open" if at_open else "sash leaves open")

    def _count_driven(self, driven):
        now_us = self._kernel.now_us
        if driven:
            self._driven_since_us = now_us
        else:
            self._driven_us += now_us - self._driven_since_us
        self._driven = driven
        self._notify("motor on" if driven else "motor off")
