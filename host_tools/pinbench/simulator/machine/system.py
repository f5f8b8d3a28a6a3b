"""machine's functions, WDT and RTC (facts: RST-01 to RST-22)."""

from pinbench.simulator import calendar
from pinbench.simulator.machine.adc import make_adc
from pinbench.simulator.machine.i2c import make_i2c
from pinbench.simulator.machine.pin import make_pin, make_signal
from pinbench.simulator.machine.pwm import make_pwm
from pinbench.simulator.machine.spi import make_spi
from pinbench.simulator.machine.timer import make_timer
from pinbench.simulator.machine.uart import make_uart


class Watchdog:
    """The hardware behind machine.WDT: once started only power or its own bite stops it
    (RST-06).
    """

    def __init__(self, kernel):
        self._kernel = kernel
        self._event = None
        self._due = 0
        self.timeout_us = 0
        self.bites = 0
        self.feeds = 0

    def start(self, timeout_ms):
        """Arm it, or change its timeout (RST-07)."""
        self.timeout_us = timeout_ms * 1000
        self.feed()

    def feed(self):
        """Put the bite off. The event is moved only when it comes, so that feeding is cheap."""
        self._due = self._kernel.now_us + self.timeout_us
        self.feeds += 1
        if self._event is None or self._event[0] > self._due:
            self._kernel.cancel(self._event)
            self._event = self._kernel.at(self._due, self._check)

    def stop(self):
        """Reset or power loss."""
        self._kernel.cancel(self._event)
        self._event = None

    def _check(self, _):
        if self._kernel.now_us < self._due:
            self._event = self._kernel.at(self._due, self._check)
            return
        self._event = None
        self.bites += 1
        self._kernel.halt("watchdog")


class Clock:
    """The real-time clock: seconds since 1970 at time 0 of the run; lost at power-off."""

    def __init__(self, kernel, unix_s=None):
        self._kernel = kernel
        self._start = unix_s
        self.power_on()

    def power_on(self):
        """Start from the scenario's clock if it has one (a host set it), else from the port's."""
        start = self._kernel.profile.rtc_start if self._start is None else self._start
        base = start if self._start is not None else start - self._kernel.now_us // 1000000
        self._offset_s = base

    def unix_s(self):
        """Return whole seconds since 1970."""
        return self._offset_s + self._kernel.now_us // 1000000

    def set_unix_s(self, seconds):
        """Set the clock."""
        self._offset_s = seconds - self._kernel.now_us // 1000000


class Machine:
    """The `machine` module of one boot."""

    def __init__(self, bench):
        kernel = bench.kernel
        profile = kernel.profile
        call = kernel.call
        self._bench = bench
        self.Pin = make_pin(bench)
        self.Signal = make_signal(bench, self.Pin)
        self.PWM = make_pwm(bench, self.Pin)
        self.I2C, self.SoftI2C = make_i2c(bench)
        self.SPI = make_spi(bench)
        self.UART = make_uart(bench)
        self.Timer = make_timer(bench)
        self.ADC = make_adc(bench, self.Pin)
        self.WDT = _make_wdt(bench)
        self.RTC = _make_rtc(bench)
        for name in profile.reset_causes:
            setattr(self, name, profile.reset_causes[name])
        self._freq = profile.cpu_hz

        def disable_irq():
            call()
            state = kernel.irq_off
            kernel.irq_off += 1
            return state

        def enable_irq(state=0):
            call()
            kernel.irq_off = state
            kernel.flush_pended()

        self.disable_irq = disable_irq
        self.enable_irq = enable_irq

    def reset(self):
        kernel = self._bench.kernel
        kernel.call()
        kernel.halt("reset")
        kernel.call()

    def soft_reset(self):
        self._bench.kernel.call()
        raise SystemExit

    def reset_cause(self):
        self._bench.kernel.call()
        return self._bench.reset_cause

    def unique_id(self):
        self._bench.kernel.call()
        return self._bench.kernel.profile.unique_id

    def freq(self, *hz):
        self._bench.kernel.call()
        if not hz:
            return self._freq
        self._freq = hz[0]

    def idle(self):
        kernel = self._bench.kernel
        kernel.sleep(1000)

    def lightsleep(self, ms=None):
        kernel = self._bench.kernel
        kernel.call()
        if ms is None:
            kernel.wait(None)
        else:
            kernel.sleep(ms * 1000)

    def deepsleep(self, ms=0):
        kernel = self._bench.kernel
        kernel.call()
        kernel.halt("deepsleep", ms * 1000)
        kernel.call()

    def time_pulse_us(self, pin, level, timeout_us=1000000):
        """PIN-30: -2 when the level never comes, -1 when the pulse never ends."""
        kernel = self._bench.kernel
        kernel.call()
        net = pin._pad.net
        if not _until(kernel, net, level, timeout_us):
            return -2
        start = kernel.now_us
        if not _until(kernel, net, 1 - level, timeout_us):
            return -1
        return kernel.now_us - start


def _until(kernel, net, level, timeout_us):
    end = kernel.now_us + timeout_us
    while net.read() != level:
        if kernel.now_us >= end:
            return False
        # A pulse train changes without an event, so look again every microsecond while it runs.
        kernel.wait(min(end, kernel.now_us + 1) if net.freq_hz else end)
    return True


def _make_wdt(bench):
    kernel = bench.kernel
    profile = kernel.profile

    class WDT:
        def __init__(self, id=0, timeout=5000):
            kernel.call()
            if id != 0:
                raise ValueError("WDT(%d) doesn't exist" % id)
            if timeout > profile.wdt_max_ms:
                raise ValueError("timeout exceeds %d" % profile.wdt_max_ms)  # RST-04
            if timeout <= 0:
                raise ValueError("WDT timeout too short")  # RST-05
            bench.watchdog.start(timeout)

        def feed(self):
            kernel.call()
            bench.watchdog.feed()

    return WDT


def _make_rtc(bench):
    kernel = bench.kernel
    clock = bench.clock

    class RTC:
        def datetime(self, *value):
            kernel.call()
            if value:
                year, month, day, _, hour, minute, second = value[0][:7]
                clock.set_unix_s(calendar.unix_s(year, month, day, hour, minute, second))
                return None
            t = calendar.civil(clock.unix_s())
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0)  # RST-11: subseconds read 0

    if kernel.profile.platform == "esp32":

        def memory(self, *data):
            kernel.call()
            if not data:
                return bytes(bench.rtc_memory)
            if len(data[0]) > 2048:
                raise ValueError("buffer too long")  # RST-10
            bench.rtc_memory = bytes(data[0])

        RTC.memory = memory
    return RTC
