"""The `time` module (facts: TIM-01 to TIM-10)."""

from pinbench.simulator import calendar


class Ticks:
    """Tick arithmetic modulo 2**bits, as every port but the 64-bit host has it."""

    def __init__(self, bits):
        self.mask = (1 << bits) - 1
        self.half = 1 << (bits - 1)

    def diff(self, a, b):
        """Return a - b, signed, in [-2**(bits-1), 2**(bits-1))."""
        return ((a - b + self.half) & self.mask) - self.half

    def add(self, ticks, delta):
        """Return ticks + delta, wrapped; raises OverflowError as TIM-03 says."""
        if not -self.half < delta < self.half:
            raise OverflowError("ticks interval overflow")
        return (ticks + delta) & self.mask


class FreeClock:
    """ticks_ms, ticks_diff and ticks_add at no cost: asyncio's own, so that how often its loop
    looks at the clock is not part of the model."""

    def __init__(self, kernel):
        ticks = Ticks(kernel.profile.ticks_bits)
        start, mask, half = kernel.start_ticks_us, ticks.mask, ticks.half

        def ticks_ms():
            return (start + kernel.now_us) // 1000 & mask

        def ticks_diff(a, b):
            return ((a - b + half) & mask) - half

        self.ticks_ms = ticks_ms
        self.ticks_diff = ticks_diff
        self.ticks_add = ticks.add


def make_time(bench):
    """Return the module of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    ticks = Ticks(profile.ticks_bits)
    mask = ticks.mask
    call = kernel.call
    epoch_s = calendar.unix_s(profile.epoch_year, 1, 1)

    class Time:
        @staticmethod
        def ticks_us():
            call()
            return kernel.start_ticks_us + kernel.now_us & mask

        ticks_cpu = ticks_us

        @staticmethod
        def ticks_ms():
            call()
            return (kernel.start_ticks_us + kernel.now_us) // 1000 & mask

        @staticmethod
        def ticks_diff(a, b):
            call()
            return ticks.diff(a, b)

        @staticmethod
        def ticks_add(a, delta):
            call()
            return ticks.add(a, delta)

        @staticmethod
        def sleep_ms(ms):
            call()
            kernel.sleep(ms * 1000 if ms > 0 else 0)

        @staticmethod
        def sleep_us(us):
            call()
            if us <= 1000 and profile.platform == "rp2":
                kernel.spend(us)  # TIM-07: a busy wait
            else:
                kernel.sleep(us)

        @staticmethod
        def sleep(seconds):
            call()
            ms = int(seconds * 1000)
            if ms < 0:
                raise ValueError("sleep length must be non-negative")
            kernel.sleep(ms * 1000)

        @staticmethod
        def time():
            call()
            return bench.clock.unix_s() - epoch_s

        @staticmethod
        def time_ns():
            call()
            return (bench.clock.unix_s() - epoch_s) * 1000000000

        @staticmethod
        def gmtime(seconds=None):
            call()
            unix = bench.clock.unix_s() if seconds is None else seconds + epoch_s
            return calendar.civil(unix)

        localtime = gmtime

        @staticmethod
        def mktime(t):
            call()
            if not 8 <= len(t) <= 9:
                raise TypeError("mktime needs a tuple of length 8 or 9 (%d given)" % len(t))
            return calendar.unix_s(*t[:6]) - epoch_s

    return Time()
