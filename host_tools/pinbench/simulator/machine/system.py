"""machine's functions and WDT (facts: RST-01 to RST-22)."""

from pinbench.simulator.machine.adc import make_adc
from pinbench.simulator.machine.bitstream import make_bitstream
from pinbench.simulator.machine.i2c import make_i2c
from pinbench.simulator.machine.pin import make_pin, make_signal
from pinbench.simulator.machine.pwm import make_pwm
from pinbench.simulator.machine.rtc import make_mem_backup, make_rtc
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
        self.RTC = make_rtc(bench)
        self.mem_backup = make_mem_backup(bench)
        self.bitstream = make_bitstream(bench, self.Pin)
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
        if kernel.profile.lightsleep_max_ms is None:
            if ms is None:
                kernel.wait(None)
            else:
                kernel.sleep(ms * 1000)
            return
        if ms is not None and ms > kernel.profile.lightsleep_max_ms:
            raise ValueError("sleep too long")
        if ms is not None and ms <= 1:
            kernel.sleep(max(ms, 0) * 1000)
        else:
            kernel.doze(None if ms is None else ms * 1000)  # RST-20

    def deepsleep(self, ms=None):
        kernel = self._bench.kernel
        if kernel.profile.sleep_is_lightsleep:  # RST-03: the sleep is over when it resets
            self.lightsleep(ms)
            ms = 0
        kernel.call()
        kernel.halt("deepsleep", None if ms is None else ms * 1000)
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
