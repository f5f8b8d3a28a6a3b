"""machine.PWM and the PWM block behind it (facts: PWM-01 to PWM-14)."""

_TOP_MAX = 65534


class Slice:
    """One slice of the RP2's PWM block: two channels, one frequency."""

    def __init__(self):
        self.freq_hz = 0
        self.top = 0  # counts a period, so duty is quantised by it (PWM-05)
        self.duty = [None, None]
        self.width_ns = [None, None]  # where the duty was given as a width, which outlives freq()
        self.pads = ([], [])
        self.enabled = False

    def set_freq(self, source_hz, freq_hz):
        """Choose divider and TOP as the port does: divider 1 where TOP fits, else sixteenths."""
        if freq_hz < 1 or 16 * source_hz // (16 * freq_hz) < 1:
            raise ValueError("freq too large")
        div16 = 16
        counts = (source_hz + freq_hz // 2) // freq_hz
        if counts >= _TOP_MAX:
            div16 = (16 * source_hz + _TOP_MAX * freq_hz - 1) // (_TOP_MAX * freq_hz)
            if div16 >= 256 * 16:
                raise ValueError("freq too small")
            counts = (16 * source_hz // div16 + freq_hz // 2) // freq_hz
        self.top = counts
        self.freq_hz = freq_hz
        for channel in (0, 1):
            if self.width_ns[channel] is not None:
                self.set_width(channel, self.width_ns[channel])

    def set_width(self, channel, ns):
        """Set a channel's duty as a width in ns, kept at every later frequency (PWM-01)."""
        self.width_ns[channel] = ns
        self.duty[channel] = min(65535, (ns * self.freq_hz * 65535 + 500000000) // 1000000000)

    def quantise(self, duty_u16):
        """Return the duty that TOP allows, read back as the port reads it."""
        counts = (duty_u16 * self.top + 32767) // 65535
        return (counts * 65535 + self.top // 2) // self.top

    def apply(self):
        """Drive the pads of both channels."""
        for channel in (0, 1):
            for pad in self.pads[channel]:
                if pad.function != "pwm":
                    continue  # somebody else has taken the pin (PIN-16)
                if self.enabled and self.freq_hz and self.duty[channel] is not None:
                    pad.drive_pwm(self.freq_hz, self.quantise(self.duty[channel]))
                else:
                    pad.net.drive(pad.source, 0)


class PWMBlock:
    """All slices; they outlive the Python objects."""

    def __init__(self, profile):
        self._profile = profile
        self.slices = {}
        self._claims = {}  # esp32: GPIO -> frequency of its channel

    def slice_of(self, number):
        """Return (slice, channel) of a GPIO: pairs share a slice on rp2, none do on esp32."""
        if self._profile.platform == "rp2":
            key, channel = number >> 1 & 7, number & 1
            if number >= 32:  # RP2350: slices 8 to 11 serve GPIO 32 and up
                key += 8 if key < 4 else 4
        else:
            key, channel = number, 0
        found = self.slices.get(key)
        if found is None:
            found = self.slices[key] = Slice()
        return found, channel

    def claim(self, number, freq_hz):
        """Take a channel and a timer of esp32 for a GPIO (PWM-09). RuntimeError if none is
        left.
        """
        profile = self._profile
        others = dict(self._claims)
        others.pop(number, None)
        if len(others) >= profile.pwm_channels:
            raise RuntimeError("out of PWM channels:%d" % profile.pwm_channels)
        if len(set(list(others.values()) + [freq_hz])) > profile.pwm_timers:
            raise RuntimeError("out of PWM timers:%d" % profile.pwm_timers)
        self._claims[number] = freq_hz

    def release(self, number):
        """Give back what `claim` took."""
        self._claims.pop(number, None)

    def reset(self):
        """A hard reset stops everything."""
        self.slices = {}
        self._claims = {}

    def soft_reset(self):
        """A soft reset walks as many channels as there are slices: half of the slices (PWM-13)."""
        if self._profile.platform != "rp2":
            self.reset()
            return
        for key in list(self.slices):
            if key < self._profile.pwm_slices // 2:
                self.slices[key].enabled = False
                self.slices[key].apply()


def make_pwm(bench, Pin):
    """Return the PWM class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call
    rp2 = profile.platform == "rp2"

    class PWM:
        def __init__(self, dest, *, freq=-1, duty_u16=-1, duty_ns=-1, invert=False, **kwargs):
            call()
            if kwargs and (rp2 or "duty" not in kwargs or len(kwargs) > 1):
                raise TypeError("extra keyword arguments given")
            pin = dest if isinstance(dest, Pin) else Pin(dest)
            self._pad = pin._pad
            self._slice, self._channel = bench.pwm.slice_of(self._pad.number)
            self._invert = False
            self._active = True
            if self._pad not in self._slice.pads[self._channel]:
                self._slice.pads[self._channel].append(self._pad)
            self._pad.function = "pwm"
            self._slice.duty[self._channel] = None  # PWM-03
            self._slice.width_ns[self._channel] = None
            if not rp2:  # PWM-08: a bare PWM drives at once
                self._slice.freq_hz = 0
                self._slice.duty[0] = 32768
                if freq == -1:
                    freq = 5000
                if "duty" in kwargs:
                    duty_u16 = kwargs["duty"] << 6
            self._init(freq, duty_u16, duty_ns, invert)

        def init(self, *, freq=-1, duty_u16=-1, duty_ns=-1, invert=False):
            call()
            self._init(freq, duty_u16, duty_ns, invert)

        def _init(self, freq, duty_u16, duty_ns, invert):
            if invert:
                raise NotImplementedError("inverted PWM is not modelled")
            if freq != -1:
                self._set_freq(freq)
            if duty_u16 != -1:
                self._set_duty(duty_u16)
            if duty_ns != -1:
                self._slice.set_width(self._channel, duty_ns)
            self._slice.enabled = True
            self._slice.apply()

        def _check(self):
            call()
            if not rp2 and not self._active:
                raise RuntimeError("PWM is inactive")  # PWM-10

        def _set_freq(self, freq):
            if not isinstance(freq, int):
                raise TypeError("can't convert %s to int" % type(freq).__name__)  # PWM-14
            if not rp2 and not 1 <= freq <= 40000000:
                raise ValueError("frequency must be from 1Hz to 40MHz")
            if not rp2:
                bench.pwm.claim(self._pad.number, freq)
            self._slice.set_freq(profile.pwm_clock_hz, freq)

        def _set_duty(self, duty):
            if not profile.pwm_clamps and not 0 <= duty <= 65535:
                raise ValueError("duty_u16 must be from 0 to 65535")
            self._slice.duty[self._channel] = min(max(duty, 0), 65535)
            self._slice.width_ns[self._channel] = None

        def _quantised(self, duty):
            if rp2:
                return self._slice.quantise(duty)
            bits = 0  # PWM-11: as many as the clock allows at this frequency
            while (
                bits < profile.pwm_bits
                and profile.pwm_clock_hz >> (bits + 1) >= self._slice.freq_hz
            ):
                bits += 1
            return duty if duty == 65535 else duty >> (16 - bits) << (16 - bits)

        def freq(self, *value):
            self._check()
            if not value:
                return self._slice.freq_hz
            self._set_freq(value[0])
            self._slice.apply()

        def duty_u16(self, *value):
            self._check()
            s = self._slice
            if value:
                before = s.duty[self._channel]
                self._set_duty(value[0])
                if before != s.duty[self._channel] or not s.enabled:
                    s.enabled = True
                    s.apply()
                return None
            duty = s.duty[self._channel]
            return self._quantised(duty) if duty is not None and s.freq_hz else 0

        def duty_ns(self, *value):
            self._check()
            s = self._slice
            if value:
                s.set_width(self._channel, value[0])
                s.enabled = True
                s.apply()
                return None
            if s.width_ns[self._channel] is not None:
                return s.width_ns[self._channel]
            duty = s.duty[self._channel]
            return duty * 1000000000 // (65535 * s.freq_hz) if duty and s.freq_hz else 0

        def deinit(self):
            call()
            self._active = False
            bench.pwm.release(self._pad.number)
            self._slice.enabled = False  # PWM-12: the sibling stops too
            self._slice.apply()

    if not rp2:

        def duty(self, *value):
            self._check()
            if not value:
                return (self._slice.duty[0] or 0) >> 6
            self._set_duty(value[0] << 6)
            self._slice.apply()

        PWM.duty = duty
    return PWM
