"""The real-time clock and what else outlives a reset (facts: RST-10 to RST-13)."""

from array import array

from pinbench.simulator import calendar

_MEMORY_MAX = 2048  # RST-10


class Clock:
    """The clock's hardware: microseconds since 1970, lost at power-off."""

    def __init__(self, kernel, unix_s=None):
        self._kernel = kernel
        self._start = unix_s
        self.power_on()

    def power_on(self):
        """Start from the scenario's clock if it has one (a host set it), else from the port's."""
        if self._start is not None:
            self._offset_us = self._start * 1000000
        else:
            self._offset_us = self._kernel.profile.rtc_start * 1000000 - self._kernel.now_us

    def unix_us(self):
        """Return microseconds since 1970."""
        return self._offset_us + self._kernel.now_us

    def unix_s(self):
        """Return whole seconds since 1970."""
        return self.unix_us() // 1000000

    def set_unix_s(self, seconds, us=0):
        """Set the clock."""
        self._offset_us = seconds * 1000000 + us - self._kernel.now_us


class Kept:
    """Memory that only a power-off clears: RTC.memory and machine.mem_backup."""

    def __init__(self, profile):
        self._profile = profile
        self.clear()

    def clear(self):
        """The supply was gone."""
        self.rtc = b""
        self.regions = []
        for typecode, size in self._profile.backup_regions:
            self.regions.append(array(typecode, [0] * size))


def make_rtc(bench):
    """Return the RTC class of this boot."""
    kernel = bench.kernel
    clock = bench.clock
    esp32 = kernel.profile.platform == "esp32"

    class RTC:
        def __init__(self):
            kernel.call()

        def datetime(self, *value):
            kernel.call()
            if value:
                year, month, day, _, hour, minute, second, us = value[0]
                self._set(year, month, day, hour, minute, second, us)
                return None
            t = calendar.civil(clock.unix_s())
            us = clock.unix_us() % 1000000 if esp32 else 0  # RST-11: subseconds read 0 on rp2
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], us)

        def _set(self, year, month, day, hour, minute, second, us):
            seconds = calendar.unix_s(year, month, day, hour, minute, second)
            clock.set_unix_s(seconds, us if esp32 else 0)

        if esp32:

            def init(self, value):
                """The hour is at index 3 here, at 4 in `datetime` (RST-12)."""
                kernel.call()
                self._set(*value[:7])

            def memory(self, *data):
                kernel.call()
                if not data:
                    return bytes(bench.kept.rtc)
                if len(data[0]) > _MEMORY_MAX:
                    raise ValueError("buffer too long")
                bench.kept.rtc = bytes(data[0])

    return RTC


def make_mem_backup(bench):
    """Return machine.mem_backup."""

    def mem_backup(region=0):
        bench.kernel.call()
        if not 0 <= region < len(bench.kept.regions):
            raise ValueError("invalid region")
        return memoryview(bench.kept.regions[region])

    return mem_backup
