"""Hydreon RG-15 optical rain gauge on a UART (9600 8N1, ASCII lines).

Sources: lines, banner and acknowledgements as logged from real units in esphome/issues 3323 (hex
dumps: `Acc  0.04 mm, EventAcc  1.63 mm, TotalAcc  6.51 mm, RInt 99.81 mmph`, `c`) and 3248
(banner, `SW 1.000 2020.07.06`, `Emitters ...`, `PwrDays 0`, and the first `p` 3 s after it);
`Reset D` and a leading `EmSat` from janick/esphome-RG9-rain-sensor; commands from
cptpiepmatz/rg-15-flipper (src/cmd.rs); inch format from waggle-sensor/plugin-raingauge; fault
tokens from esphome's hydreon_rgxx. Round figures without a source: boot time, reply time, 60 dry
minutes between events.
"""

from pinbench.chips.base import Chip

_BANNER = (
    ";" + "*" * 60,
    "; HYDREON MODEL RG-15 RAIN GAUGE",
    "; SOFTWARE COPYRIGHT (C) 2020 HYDREON CORPORATION",
    "SW 1.000 2020.07.06",
    "Emitters 11 12, NormEm 24, EmTotal 23",
    "PwrDays 0",
    "",
)
_BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600)
_LINE_LIMIT = 80
_EVENT_ENDS_US = 3600 * 1000000
_UPDATE_US = 1000000  # continuous mode speaks once a second at most
_US_PER_HOUR = 3.6e9


class RG15(Chip):
    """Test face: `rain_mm_per_h`, set whenever it changes; `fallen_mm`, all that it has seen.

    Faults, each True or False: `lens_bad`, `em_sat`, `too_cold` (tokens in the data line),
    `silent` (hears and does not speak), `garble` (characters of its lines are wrong), `unplugged`
    (no supply and no wires; plugged in again it boots and counts from zero). `boot_ms` and
    `reply_us` are its times. Rain that falls while it is unplugged or booting is not seen.
    """

    KIND = "rg15"

    def __init__(self):
        Chip.__init__(self)
        self.baud = 9600
        self.port = None
        self.boot_ms = 2000
        self.ready_us = 3000000  # from the banner to the first answer; commands wait until then
        self.reply_us = 5000
        self.metric_switch = True
        self.high_switch = True
        self.lens_bad = False
        self.em_sat = False
        self.too_cold = False
        self.silent = False
        self.garble = False
        self._fallen_mm = 0.0
        self.commands = 0
        self._unplugged = False
        self._rate = 0.0
        self._booting = self._waiting = None
        self._tick = None

    # -- test face

    @property
    def rain_mm_per_h(self):
        """Intensity of the rain in mm an hour, from 0."""
        return self._rate

    @rain_mm_per_h.setter
    def rain_mm_per_h(self, value):
        if value == self._rate:
            return
        if self.kernel is None:
            self._rate = value
            return
        self._integrate()
        began = value > 0 and self._rate <= 0
        if value <= 0:
            self._dry_since_us = self.kernel.now_us
        self._rate = value
        if began and self._sees() and self.kernel.now_us - self._dry_since_us >= _EVENT_ENDS_US:
            self._event_base = self._fallen_mm
            if self.continuous:
                self._say("Event")
        self._plan()

    @property
    def fallen_mm(self):
        """All the rain in mm that it has seen, reboots included."""
        if self.kernel is not None:
            self._integrate()
        return self._fallen_mm

    @property
    def unplugged(self):
        """True while its plug is out."""
        return self._unplugged

    @unplugged.setter
    def unplugged(self, value):
        if value == self._unplugged:
            return
        if not self.powered:
            self._unplugged = value
            return
        self._integrate()
        self._unplugged = value
        self._halt()
        if not value:
            self._boot(None)

    # -- power and boot

    def attach_uart(self, port):
        """Store the port that carries its lines to the host."""
        self.port = port

    def power_on(self):
        """Supply on: it says nothing until it has booted."""
        Chip.power_on(self)
        self._random = self.kernel.random.fork()
        self._seen_us = self.kernel.now_us
        self._dry_since_us = self.kernel.now_us - _EVENT_ENDS_US
        self._boot(None)

    def power_off(self):
        """Silence."""
        self._integrate()
        self._halt()
        Chip.power_off(self)

    def _halt(self):
        for event in (self._booting, self._waiting, self._tick):
            self.kernel.cancel(event)
        self._booting = self._waiting = self._tick = None

    def _boot(self, reason):
        """Start again; `reason` is the letter after Reset, None for a supply that came up."""
        self._integrate()
        self._halt()
        if reason:
            self._say("Reset " + reason)
        self.baud = 9600
        self.continuous = True
        self.metric = self.metric_switch
        self.high = self.high_switch
        self._line = b""
        self._queue = []
        self._acc_base = self._event_base = self._total_base = self._fallen_mm
        if not self._unplugged:
            self._booting = self.kernel.after(self.boot_ms * 1000, self._booted)

    def _booted(self, _):
        self._booting = None
        self._seen_us = self.kernel.now_us
        if self.em_sat:
            self._say("EmSat")
        for line in _BANNER:
            self._say(line)
        self._waiting = self.kernel.after(self.ready_us, self._ready)

    def _ready(self, _):
        self._waiting = None
        queue, self._queue = self._queue, []
        for line in queue:
            if self._booting is None:  # a K among them ends the rest
                self._obey(line)
        self._plan()

    # -- bus face

    def uart_receive(self, data):
        """A burst from the host; commands end with CR or LF, in either case of letters."""
        if not self.powered or self._unplugged or self._booting is not None:
            return
        for byte in data:
            if byte != 10 and byte != 13:
                self._line += bytes((byte,))
                if len(self._line) > _LINE_LIMIT:
                    self.violation("a line of more than %d characters" % _LINE_LIMIT)
                    self._line = b""
                continue
            line, self._line = self._line, b""
            if line and self._waiting is not None:
                self._queue.append(line)
            elif line:
                self._obey(line)
                if self._booting is not None:
                    return

    def _obey(self, line):
        letter = chr(line[0]).upper() if line[0] < 0x80 else ""
        argument = line[1:].strip()
        self.commands += 1
        if letter in "BD" and letter:
            self._obey_number(letter, argument)
        elif argument or not letter or letter not in "RKPCHLMISOY":
            self.violation("unknown command %r" % line)
        elif letter == "R":
            self._report()
        elif letter == "K":
            self._boot("D")
        else:
            self._set_up(letter)
            self._say(letter.lower())
        self._plan()

    def _set_up(self, letter):
        if letter == "P" or letter == "C":
            self.continuous = letter == "C"
        elif letter == "H" or letter == "L":
            self.high = letter == "H"
        elif letter == "M" or letter == "I":
            self.metric = letter == "M"
        elif letter == "S":
            self.high, self.metric = self.high_switch, self.metric_switch
        elif letter == "O":
            self._integrate()
            self._total_base = self._fallen_mm

    def _obey_number(self, letter, argument):
        if letter == "D":
            if argument == b"0" or argument == b"1":
                self._say("d")
            else:
                self.violation("D takes 0 or 1")
        elif not argument:
            self._say("Baud %d" % self.baud)
        elif len(argument) == 1 and 0 <= argument[0] - 48 < len(_BAUDS):
            baud = _BAUDS[argument[0] - 48]
            self._say("Baud %d" % baud)
            self.baud = baud
        else:
            self.violation("B takes 0 to %d" % (len(_BAUDS) - 1))

    # -- lines

    def _report(self):
        """The data line; `Acc` counts from the last one."""
        self._integrate()
        scale, decimals, unit, per_hour = (
            (100.0, 2, "mm", "mmph") if self.metric else (1000.0 / 25.4, 3, "in", "iph")
        )
        step = 1 if self.high else 20 if self.metric else 10

        def count(mm):
            return int(mm * scale / step + 1e-6) * step

        now = count(self._fallen_mm)
        text = "Acc %s %s, EventAcc %s %s, TotalAcc %s %s, RInt %s %s" % (
            _fixed(now - count(self._acc_base), decimals),
            unit,
            _fixed(now - count(self._event_base), decimals),
            unit,
            _fixed(now - count(self._total_base), decimals),
            unit,
            _fixed(int(self._rate * scale + 0.5), decimals),
            per_hour,
        )
        self._acc_base = self._fallen_mm
        for bad, token in (
            (self.lens_bad, "LensBad"),
            (self.em_sat, "EmSat"),
            (self.too_cold, "TooCold"),
        ):
            if bad:
                text += ", " + token
        self._say(text)

    def _say(self, text):
        if self.silent or self._unplugged or self.port is None:
            return
        data = (text + "\r\n").encode()
        if self.garble:
            random = self._random
            data = bytes([b if random.below(4) else 0x21 + random.below(94) for b in data])
        self.port.send(data, self.reply_us)

    # -- rain

    def _sees(self):
        return self.powered and not self._unplugged and self._booting is None

    def _integrate(self):
        now_us = self.kernel.now_us
        if self._rate > 0 and self._sees():
            self._fallen_mm += self._rate * ((now_us - self._seen_us) / _US_PER_HOUR)
        self._seen_us = now_us

    def _plan(self):
        """In continuous mode a line is due when the accumulation changes."""
        self.kernel.cancel(self._tick)
        self._tick = None
        if not self._sees() or self._waiting is not None or not self.continuous:
            return
        if self._rate > 0:
            self._integrate()
            step_mm = 0.01 if self.high else 0.2
            fallen_mm = self._fallen_mm
            left_mm = (int(fallen_mm / step_mm + 1e-6) + 1) * step_mm - fallen_mm
            delay_us = int(left_mm / self._rate * _US_PER_HOUR) + 1
            self._tick = self.kernel.after(max(delay_us, _UPDATE_US), self._update)

    def _update(self, _):
        self._tick = None
        self._report()
        self._plan()


def _fixed(value, decimals):
    """Return `value` hundredths or thousandths as text, five characters wide at least."""
    unit = 10**decimals
    text = "%d.%s" % (value // unit, ("%d" % (unit + value % unit))[1:])
    return " " * (5 - len(text)) + text
