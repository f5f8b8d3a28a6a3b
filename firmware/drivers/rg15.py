"""Hydreon RG-15 optical rain sensor on a UART, 9600 8N1 (RG-15 instructions, serial commands).

Retries and reboots follow ESPHome's hydreon_rgxx component: a poll every 5 s, a reboot after 15
missed replies, up to 5 reboots. What is not known to be dry counts as rain.
"""

from micropython import const

from drivers.rg15_lines import LineReader, parse

_REBOOT = b"K\n"
_READ = b"R\n"
_SETUP = b"P\nH\nM\n"  # answer only when asked, high resolution, metric

_LINES = const(8)  # a call of poll
_SILENT_AFTER = const(3)  # missed replies, 15 s: one lost line is noise, three are silence
_LOST_AFTER = const(15)
_REBOOTS = const(5)
_REVIVE_EVERY = const(60)  # a sensor given up is still rebooted every 5 minutes


class RainState:
    """How the talk with the sensor stands. STARTING: no reading yet since we or it began."""

    STARTING, READY, SILENT, BOOTING, DEAD = range(5)


_S = RainState
# What happens: a reading, the boot banner, or so many replies missed.
_ANSWERED = const(0)
_BOOTED = const(1)
_QUIET = const(2)
_LOST = const(3)
_RETRY = const(4)
_HOPELESS = const(5)

# What is sent then: places in _MESSAGES.
_NOTHING = const(0)
_SETTINGS = const(1)
_RESET = const(2)
_MESSAGES = (None, _SETUP, _REBOOT)

# state, event, next state, what is sent. A pair without a row changes nothing. Bytes made of a
# list: a dict of tuples takes ten times the memory.
TABLE = bytes(
    [
        _S.STARTING, _ANSWERED, _S.READY, _NOTHING,
        _S.STARTING, _BOOTED, _S.STARTING, _SETTINGS,
        _S.STARTING, _QUIET, _S.SILENT, _NOTHING,
        _S.READY, _BOOTED, _S.STARTING, _SETTINGS,
        _S.READY, _QUIET, _S.SILENT, _NOTHING,
        _S.SILENT, _ANSWERED, _S.READY, _NOTHING,
        _S.SILENT, _BOOTED, _S.STARTING, _SETTINGS,
        _S.SILENT, _LOST, _S.BOOTING, _RESET,
        _S.BOOTING, _ANSWERED, _S.READY, _NOTHING,
        _S.BOOTING, _BOOTED, _S.STARTING, _SETTINGS,
        _S.BOOTING, _RETRY, _S.BOOTING, _RESET,
        _S.BOOTING, _HOPELESS, _S.DEAD, _NOTHING,
        _S.DEAD, _ANSWERED, _S.READY, _NOTHING,
        _S.DEAD, _BOOTED, _S.STARTING, _SETTINGS,
        _S.DEAD, _RETRY, _S.DEAD, _RESET,
    ]
)  # fmt: skip


class Reading:
    """One reply: acc_mm since the reply before, event_mm, total_mm, intensity_mm_h, faults."""

    def __init__(self, values, faults):
        self.acc_mm, self.event_mm, self.total_mm, self.intensity_mm_h = values
        self.faults = faults


class RG15:
    """The sensor at the end of `uart`. Each call takes what has arrived; none waits or raises.

    Call `poll` often and `request` every 5 s, in this order. `raining` is None while it is not
    known; `assume_rain` is True then too, and while a fault stands. acc_mm and intensity_mm_h are
    those of the last reading, None while the sensor is not READY.
    """

    def __init__(self, uart):
        self._uart = uart
        self._lines = LineReader(uart)
        self._missed = 0
        self._awaiting = False
        self._early_faults = ()
        self.state = RainState.STARTING
        self.raining = self.acc_mm = self.intensity_mm_h = None
        self.faults = ()
        uart.write(_SETUP)

    @property
    def assume_rain(self):
        """True unless the sensor, sound and answering, says that it is dry."""
        return self.raining is not False

    @property
    def damaged_lines(self):
        """Lines dropped so far because they held noise or did not end."""
        return self._lines.damaged

    def request(self):
        """Ask for a reading, or for a reboot when none came for long. Call every 5 s."""
        self._missed += self._awaiting
        rebooting = self._awaiting and self._step(self._meaning())
        self._awaiting = True
        if not rebooting:
            # Its count is not looked at: a command lost here or on the wire is a reply missed.
            self._uart.write(_READ)

    def poll(self):
        """Return a Reading if a reply is complete, else None."""
        for _ in range(_LINES):
            line = self._lines.next()
            if line is None:
                break
            reading = self._understand(line)
            if reading is not None:
                return reading
        return None

    def _meaning(self):
        """Return the event that the count of missed replies amounts to, or None."""
        missed = self._missed
        if self.state == RainState.DEAD:
            return _RETRY if missed % _REVIVE_EVERY == 0 else None
        if self.state == RainState.BOOTING:
            return _RETRY if missed < _LOST_AFTER + _REBOOTS else _HOPELESS
        if missed >= _LOST_AFTER:
            return _LOST
        return _QUIET if missed >= _SILENT_AFTER else None

    def _step(self, event):
        """Go to the next state; return True if that sent something."""
        message = None
        for at in range(0, len(TABLE), 4):
            if TABLE[at] == self.state and TABLE[at + 1] == event:
                self.state = TABLE[at + 2]
                message = _MESSAGES[TABLE[at + 3]]
                break
        if self.state != RainState.READY:
            self.raining = self.acc_mm = self.intensity_mm_h = None
        if message:
            self._uart.write(message)
        return message is not None

    def _understand(self, line):
        if line.startswith("PwrDays"):
            self._heard(_BOOTED)
            return None
        values, faults = parse(line)  # a comment (";") or an acknowledgement has neither
        if values is not None:
            faults = _union(self._early_faults, faults)
            self._early_faults = ()
            self._heard(_ANSWERED)
            self.acc_mm, _, _, self.intensity_mm_h = values
            wet = self.acc_mm > 0 or self.intensity_mm_h > 0
            self.raining = None if faults else wet
            self.faults = faults
            return Reading(values, faults)
        if faults:  # on a line of their own: they hold at once, and for the reading that follows
            self._early_faults = _union(self._early_faults, faults)
            self.faults = _union(self.faults, faults)
            self.raining = None
        return None

    def _heard(self, event):
        self._missed = 0
        self._awaiting = False
        self._step(event)


def _union(some, more):
    return some + tuple([fault for fault in more if fault not in some])
