"""Nets: what a wire's level is when outputs, pulls, open drains, shorts and faults meet on it."""


class Net:
    """One wire. `level` is 0 or 1, `duty` its average in 0..65535 (PWM lies between).

    Strong drivers win over pulls; a driven 0 wins over a driven 1 (the lower transistor of a pin
    is the stronger) and the meeting is noted as contention. A net that nothing drives or pulls
    keeps its last level, as a wire's capacitance does.
    """

    def __init__(self, kernel, name):
        self._kernel = kernel
        self.name = name
        self.level = 0
        self.duty = 0
        self.freq_hz = 0
        self.mv = None
        self._sense = None
        self.onewire = []  # chips with a 1-Wire face on it
        self.bitstream = []  # fn(timing_ns, data) of chips that listen to machine.bitstream
        self._drivers = {}
        self._pulls = {}
        self._watchers = []
        self._stuck = None
        self._floating = False
        self._contended = False
        self._phase_us = 0

    def drive(self, source, level):
        """`source` (a string) drives 0 or 1, or releases the net with None."""
        if level is None:
            if source in self._drivers:
                del self._drivers[source]
                self._resolve()
        elif self._drivers.get(source) != (level, 0):
            self._drivers[source] = (level, 0)
            self._resolve()

    def drive_pwm(self, source, freq_hz, duty_u16):
        """`source` drives a pulse train; 0 and 65535 are plain levels."""
        if duty_u16 <= 0:
            self.drive(source, 0)
        elif duty_u16 >= 65535:
            self.drive(source, 1)
        elif self._drivers.get(source) != (duty_u16, freq_hz):
            self._drivers[source] = (duty_u16, freq_hz)
            self._resolve()

    def pull(self, source, level):
        """`source` pulls weakly to 0 or 1; None takes its pull away."""
        if level is None:
            if source in self._pulls:
                del self._pulls[source]
        else:
            self._pulls[source] = level
        self._resolve()

    def watch(self, fn):
        """Call fn(net) after every change of level or duty."""
        self._watchers.append(fn)

    def unwatch(self, fn):
        """Take back a `watch`; unknown functions are ignored."""
        if fn in self._watchers:
            self._watchers.remove(fn)

    def read(self):
        """Return the level now, the phase of a pulse train included."""
        if self.freq_hz:
            period_us = 1000000 // self.freq_hz or 1
            at = (self._kernel.now_us - self._phase_us) % period_us
            return 1 if at * 65536 < self.duty * period_us else 0
        if self._floating:
            return self._kernel.random.bits(1)
        return self.level

    def edge_us(self):
        """Return when the pulse train on it next changes level, None for a plain level."""
        if not self.freq_hz:
            return None
        period_us = 1000000 // self.freq_hz or 1
        at = (self._kernel.now_us - self._phase_us) % period_us
        high_us = -(-self.duty * period_us // 65536)
        return self._kernel.now_us + (high_us if at < high_us else period_us) - at

    def millivolts(self):
        """Return what an ADC sees: what was set, else the average of what drives or pulls.

        A net that is shorted shows the rail, one that is cut noise.
        """
        if self._stuck is not None:
            return 3300 if self._stuck else 0
        if self._floating:
            return self._kernel.random.below(3301)
        if self._sense is not None:
            return self._sense()
        return self.duty * 3300 // 65535 if self.mv is None else self.mv

    def is_held(self):
        """True if anything drives or pulls the net."""
        return bool(self._drivers or self._pulls) or self._stuck is not None

    def is_stuck(self):
        """True while it is shorted to a level, or cut."""
        return self._stuck is not None or self._floating

    def set_mv(self, mv):
        """Set the analogue voltage (millivolts) that an ADC on this net sees."""
        self.mv = mv

    def sense(self, fn):
        """An ADC on this net sees fn() in millivolts, asked when it converts; None ends it."""
        self._sense = fn

    def stick(self, level):
        """Fault: the net is shorted to 0 or 1, whatever drives it."""
        self._stuck = level
        self._resolve()

    def unstick(self):
        """End `stick`."""
        self._stuck = None
        self._resolve()

    def float_(self, on=True):
        """Fault: the wire is cut at the reader, who then sees noise."""
        self._floating = on
        self._resolve()

    def _resolve(self):
        level, freq_hz = self.duty, self.freq_hz
        if self._stuck is not None:
            level, freq_hz = 65535 if self._stuck else 0, 0
        elif not self._floating:
            low = high = pwm = None
            for value in self._drivers.values():
                if value[1]:
                    pwm = value
                elif value[0]:
                    high = value
                else:
                    low = value
            if low is not None:
                level, freq_hz = 0, 0
            elif pwm is not None:
                level, freq_hz = pwm
            elif high is not None:
                level, freq_hz = 65535, 0
            elif self._pulls:
                weak = 1
                for value in self._pulls.values():
                    weak = weak and value
                level, freq_hz = 65535 if weak else 0, 0
            elif freq_hz:  # a pulse train that stopped leaves the level of its average
                level, freq_hz = 65535 if level >= 32768 else 0, 0
            contended = low is not None and (high is not None or pwm is not None)
            if contended and not self._contended:
                self._kernel.note("fault", self.name, "contention")
            self._contended = contended
        if level == self.duty and freq_hz == self.freq_hz:
            return
        if freq_hz != self.freq_hz:
            self._phase_us = self._kernel.now_us
        self.duty = level
        self.freq_hz = freq_hz
        self.level = 1 if level >= 32768 else 0
        if freq_hz:
            self._kernel.note("net", self.name, "pwm", freq_hz, level)
        else:
            self._kernel.note("net", self.name, self.level)
        for fn in self._watchers[:]:
            fn(self)


class Gate:
    """An AND gate outside the microcontroller: `output` follows the pulse train or level of its
    inputs, and is low as soon as one of them is low."""

    def __init__(self, output, inputs):
        self._output = output
        self._inputs = inputs
        for net in inputs:
            net.watch(self._update)
        self._update(None)

    def _update(self, _):
        duty, freq_hz = 65535, 0
        for net in self._inputs:
            if net.duty < duty:
                duty, freq_hz = net.duty, net.freq_hz
        self._output.drive_pwm("gate", freq_hz, duty)
