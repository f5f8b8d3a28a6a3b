"""The cabinet: 8 slots with solenoid, gate, bank contacts and thermistor, behind three select
lines.

Pins: `sel0`, `sel1`, `sel2` (sel0 lowest) choose slot 0 to 7 for all of: the solenoid decoder,
which drives that slot's solenoid, and only that, while `eject` is high; `slot_temp`, its
thermistor; `bank_id`, a bidirectional switch to its 1-Wire pogo pin. Pull-downs hold `eject` and
sel low. Muxes settle in 1 us. `eject` may not be high while a select line changes, nor longer than
1000 ms at a time (coil), nor be a PWM train: violations.

solenoid_current: 0.1 ohm low-side shunt, 50 times: 5 mV per mA. A coil of 24 ohm at 12 V: 500 mA =
2500 mV, rising with 4 ms (63 %); 0 as soon as `eject` falls. Open coil 0 mV; shorted coil or
driver 3300 mV at once (and the supply folds back: the bolt does not move). slot_temp: NTC 10 k, B
3950, to ground, 10 k to 3.3 V: 3300 * R / (R + 10000) mV; 25 degrees C 1650 mV, 0 C 2544, 45 C
1001, 60 C 656; sensor open 3300, shorted 0. bank_id: DS2401 of the bank that is home in the chosen
slot (family 0x01, reset/presence, READ ROM 0x33, SEARCH ROM 0xF0; CRC-8); no bank, no presence.
For 60 ms after a bank was pushed home its contact chatters: presence may fail and bits may read 1.
Needs a pull-up on the net.

Mechanics of a slot. Gate switch: closed (0 at the expander) while the gate is shut and latched.
Bank switch: closed (0) while a bank is in the slot, home. `eject` high for at least 30 ms
withdraws the bolt: the gate springs open and stays open. The bank stays on its contacts until a
hand takes it. A damper shuts the gate `return_ms` (default 32000) after the solenoid let go,
sooner when somebody pushes it shut; a gate that is blocked (by a hand) stays open until it is
free. A bank is returned by pushing it in through an open or a shut gate (the flap yields inwards):
the gate switch opens for 150 ms, the bank switch closes, then the gate is shut and latched.
Switches chatter for up to 3 ms. "Unlocked" means that the bolt is withdrawn, or that the gate
stands open over a bank that a hand could take.

Expander: gates on its port A, banks on its port B, bit n = slot n; the world joins them with
`connect(expander)`.

Test face: `slots[n]` with `bank` (None or Bank), `gate_open`, `temp_c`, `jammed` (the bolt moves,
the gate does not open), `coil` "" or "open", "short"; `sensor` "" or "open", "short" (thermistor);
`gate_switch` and `bank_switch` "" or "open", "closed" (stuck); `blocked`; `ejects` (times that its
gate came open), `drives` (times that its solenoid was driven). `Bank(serial, family=1)`: `serial`,
`rom`, eight bytes; `dead` (its id does not answer), `chatters` (bad contact: as if always just
pushed in). `insert(n, bank, now=True)`, `take(n)` -> Bank (ValueError if the gate is shut or there
is none), `push_gate(n)`, `force_gate(n)`, `refresh()` (after a switch fault was set). `unlocked` =
number of slots unlocked now; `driven` = slot whose solenoid is on, -1 none. A dummy (wrong object)
is `Bank(None)`: closes the bank switch, no id. `on_change(fn)`: fn(cabinet, slot number, what)
after "gate open", "gate shut", "bank in", "bank out", "driven", "released".
"""

from pinbench.chips.base import Chip
from pinbench.chips.ds2401 import Identity, rom_of
from pinbench.chips.physics import exp

SLOTS = 8
_PULL_IN_US = 30000
_LONGEST_DRIVE_US = 1000000
_COIL_MA, _COIL_TAU_US = 500.0, 4000.0
_MV_PER_MA, _FULL_MV = 5, 3300
_CHATTER_US = 60000
_FLAP_US = 150000
_BOUNCE_US = 3000
_BETA, _T0 = 3950.0, 298.15


class Bank:
    """A power bank, or with serial None a wrong object of its shape."""

    def __init__(self, serial, family=0x01):
        self.serial = serial
        self.rom = None if serial is None else rom_of(serial, family)
        self.dead = False
        self.chatters = False
        self.identity = None if serial is None else Identity(self.rom)


class Slot:
    """One slot; what a test may set is named in the module."""

    def __init__(self):
        self.bank = None
        self.gate_open = False
        self.bolt_back = False
        self.temp_c = 25.0
        self.jammed = False
        self.coil = ""
        self.sensor = ""
        self.gate_switch = ""
        self.bank_switch = ""
        self.blocked = False
        self.flap = False  # its gate stands open inwards, for a bank that is pushed in
        self.ejects = 0
        self.drives = 0
        self.home_us = -_CHATTER_US  # when its bank was pushed home
        self.closing = None

    @property
    def unlocked(self):
        """True while its bolt is withdrawn, or its gate stands open over a bank."""
        return self.bolt_back or self.gate_open and not self.flap and self.bank is not None


class Cabinet(Chip):
    """See the module."""

    KIND = "cabinet"
    PINS = ("sel0", "sel1", "sel2", "eject", "slot_temp", "bank_id", "solenoid_current")

    def __init__(self, return_ms=32000):
        Chip.__init__(self)
        self.return_ms = return_ms
        self.slots = [Slot() for _ in range(SLOTS)]
        self.driven = -1
        self._expander = None
        self._watchers = []
        self._chosen = 0
        self._since_us = 0
        self._pull_in = self._too_long = None
        self._shown = [None] * (2 * SLOTS)
        self._bounces = [[] for _ in range(2 * SLOTS)]

    # -- test face

    @property
    def unlocked(self):
        """How many slots are unlocked now."""
        return len([slot for slot in self.slots if slot.unlocked])

    def connect(self, expander):
        """Join the switches with an expander: gates on port A, banks on port B."""
        self._expander = expander
        for bit in range(2 * SLOTS):
            self._shown[bit] = None
            self._switch(bit, False)

    def on_change(self, fn):
        """Call fn(cabinet, slot number, what) after each change."""
        self._watchers.append(fn)

    def insert(self, n, bank, now=True):
        """Push a bank into slot n; now False: it has been there for long. ValueError if taken."""
        slot = self.slots[n]
        if slot.bank is not None:
            raise ValueError("slot %d holds a bank already" % n)
        slot.bank = bank
        if self.kernel is None or not now:
            slot.home_us = -_CHATTER_US
            if self.kernel is not None:
                self._switch(SLOTS + n, False)
            return
        slot.home_us = self.kernel.now_us
        slot.flap = True
        if not slot.gate_open:
            self._open(n)
        self._switch(SLOTS + n, True)
        self._tell(n, "bank in")
        self._close_in(n, _FLAP_US)

    def take(self, n):
        """A hand takes the bank out of slot n; returns it. ValueError if it cannot."""
        slot = self.slots[n]
        if not slot.gate_open or slot.flap:
            raise ValueError("the gate of slot %d is shut" % n)
        if slot.bank is None:
            raise ValueError("slot %d is empty" % n)
        bank, slot.bank = slot.bank, None
        self._switch(SLOTS + n, True)
        self._tell(n, "bank out")
        return bank

    def push_gate(self, n):
        """Somebody pushes the gate of slot n shut."""
        if self.slots[n].gate_open:
            self._shut(n)

    def force_gate(self, n):
        """Somebody breaks the gate of slot n open."""
        if not self.slots[n].gate_open:
            self.kernel.note("chip", self.name, "gate forced", n)
            self._open(n)
            self._close_in(n, self.return_ms * 1000)

    def refresh(self):
        """Show the switches again, after a fault was set on a slot."""
        for bit in range(2 * SLOTS):
            self._switch(bit, False)

    # -- power and pins

    def attach(self, kernel, name, nets):
        """As Chip.attach; listens to its lines and answers converters and the 1-Wire bus."""
        self._random = kernel.random.fork()
        Chip.attach(self, kernel, name, nets)
        for pin in ("sel0", "sel1", "sel2", "eject"):
            nets[pin].pull(name, 0)
            nets[pin].watch(self._lines)
        if "slot_temp" in nets:
            nets["slot_temp"].sense(self._temperature)
        if "solenoid_current" in nets:
            nets["solenoid_current"].sense(self._current)
        if "bank_id" in nets:
            nets["bank_id"].onewire.append(self)
        self._chosen = self._select()

    def power_on(self):
        """Supply on: the decoder follows its lines."""
        Chip.power_on(self)
        if self._watchers or self.driven >= 0 or self.nets["eject"].level:
            self._lines(None)

    def power_off(self):
        """Supply off: no solenoid is driven; gates stay as they are."""
        self._release()
        Chip.power_off(self)

    def _select(self):
        nets = self.nets
        return nets["sel0"].level | nets["sel1"].level << 1 | nets["sel2"].level << 2

    def _lines(self, net):
        eject = self.nets["eject"]
        chosen = self._select()
        if eject.freq_hz and net is eject:
            self.violation("eject is driven by a pulse train")
        if chosen != self._chosen:
            if self.driven >= 0:
                self.violation("select lines change from %d while eject is high" % self._chosen)
                self._release()
            self._chosen = chosen
        if eject.level and self.powered:
            if self.driven != chosen:
                self._drive(chosen)
        else:
            self._release()

    # -- solenoids

    def _drive(self, n):
        slot = self.slots[n]
        self.driven = n
        self._since_us = self.kernel.now_us
        slot.drives += 1
        self._tell(n, "driven")
        self._too_long = self.kernel.after(_LONGEST_DRIVE_US, self._overheats)
        if not slot.coil:
            self._pull_in = self.kernel.after(_PULL_IN_US, self._pulled, n)

    def _overheats(self, _):
        self.violation("solenoid %d driven for longer than 1 s" % self.driven)

    def _pulled(self, n):
        slot = self.slots[n]
        slot.bolt_back = True
        slot.flap = False
        if slot.jammed or slot.gate_open:
            return
        slot.ejects += 1
        self._open(n)

    def _release(self):
        n, self.driven = self.driven, -1
        if n < 0:
            return
        self.kernel.cancel(self._pull_in)
        self.kernel.cancel(self._too_long)
        slot = self.slots[n]
        slot.bolt_back = False
        self._tell(n, "released")
        if slot.gate_open:
            self._close_in(n, self.return_ms * 1000)

    def _current(self):
        if self.driven < 0:
            return 0
        coil = self.slots[self.driven].coil
        if coil:
            return _FULL_MV if coil == "short" else 0
        us = self.kernel.now_us - self._since_us
        share = 1.0 - exp(-us / _COIL_TAU_US) if us < 100000 else 1.0
        return int(_COIL_MA * share * _MV_PER_MA + 0.5)

    # -- gates and banks

    def _open(self, n):
        slot = self.slots[n]
        slot.gate_open = True
        self._switch(n, True)
        self._tell(n, "gate open")

    def _close_in(self, n, us):
        slot = self.slots[n]
        self.kernel.cancel(slot.closing)
        slot.closing = self.kernel.after(us, self._closes, n)

    def _closes(self, n):
        slot = self.slots[n]
        slot.closing = None
        if slot.blocked or slot.bolt_back:
            self._close_in(n, _FLAP_US)
        elif slot.gate_open:
            self._shut(n)

    def _shut(self, n):
        slot = self.slots[n]
        self.kernel.cancel(slot.closing)
        slot.closing = None
        slot.gate_open = slot.flap = False
        self._switch(n, True)
        self._tell(n, "gate shut")

    def _tell(self, n, what):
        self.kernel.note("chip", self.name, what, n)
        for fn in self._watchers[:]:
            fn(self, n, what)

    # -- switches

    def _closed(self, bit):
        slot = self.slots[bit % SLOTS]
        if bit < SLOTS:
            stuck, closed = slot.gate_switch, not slot.gate_open
        else:
            stuck, closed = slot.bank_switch, slot.bank is not None
        return stuck == "closed" if stuck else closed

    def _switch(self, bit, bounce):
        """Show a switch at the expander, with the chatter of a contact that moves."""
        level = 0 if self._closed(bit) else None
        if self._expander is None or level == self._shown[bit] and bounce:
            return
        for event in self._bounces[bit]:
            self.kernel.cancel(event)
        self._bounces[bit] = []
        self._shown[bit] = level
        self._expander.drive(bit, level)
        if bounce:
            at_us, showing = 0, level
            for _ in range(2):
                at_us += 1 + self._random.below(_BOUNCE_US // 2)
                showing = 0 if showing is None else None
                event = self.kernel.after(at_us, self._chatter, (bit, showing))
                self._bounces[bit].append(event)

    def _chatter(self, what):
        self._expander.drive(what[0], what[1])

    # -- thermistor

    def _temperature(self):
        slot = self.slots[self._chosen]
        if slot.sensor:
            return 0 if slot.sensor == "short" else _FULL_MV
        ohm = 10000.0 * exp(_BETA * (1.0 / (slot.temp_c + 273.15) - 1.0 / _T0))
        return int(3300.0 * ohm / (ohm + 10000.0) + 0.5)

    # -- 1-Wire

    def _contact(self):
        """Return the identity that the pogo pin touches at this instant, None for none."""
        slot = self.slots[self._chosen]
        bank = slot.bank
        if not self.powered or bank is None or bank.identity is None or bank.dead:
            return None
        fresh = self.kernel.now_us - slot.home_us < _CHATTER_US
        if (fresh or bank.chatters) and self._random.below(4) == 0:
            return None
        return bank.identity

    def onewire_reset(self):
        """A reset pulse on the chosen slot's pogo pin."""
        identity = self._contact()
        return identity is not None and identity.reset()

    def onewire_write(self, bit):
        """A write slot; a contact that opens meanwhile loses the bit."""
        identity = self._contact()
        if identity is not None:
            identity.write(bit, self._complain)

    def onewire_read(self):
        """A read slot; an open contact reads 1."""
        identity = self._contact()
        return 1 if identity is None else identity.read()

    def _complain(self, text):
        """A command that chatter has damaged is not the firmware's doing."""
        slot = self.slots[self._chosen]
        fresh = self.kernel.now_us - slot.home_us < _CHATTER_US
        if not fresh and not slot.bank.chatters:
            self.violation(text)
