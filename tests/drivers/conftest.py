"""Drivers by themselves: loaded with the least of a machine, on a bus that a test commands."""

import types

import pytest

from pinbench.paths import FIRMWARE
from pinbench.simulator.loader_cpython import Loader
from pinbench.simulator.oserror import OSError

TICKS = 1 << 30  # TIM-01

# What differs between the ports for a driver: error numbers and what a refused address gives.
PORTS = {"rp2": (110, 5), "esp32": (116, 19)}


class FakeTime:
    """MicroPython's time with a clock that only sleeping moves; starts just below the wrap."""

    def __init__(self):
        self.now_us = (TICKS - 5) * 1000

    def ticks_us(self):
        return self.now_us % TICKS

    def ticks_ms(self):
        return self.now_us // 1000 % TICKS

    def ticks_diff(self, later, earlier):
        return (later - earlier + TICKS // 2) % TICKS - TICKS // 2

    def sleep_ms(self, ms):
        self.now_us += ms * 1000


class FakePin:
    IN, OUT, PULL_UP = 0, 1, 2
    IRQ_RISING, IRQ_FALLING = 8, 4

    def __init__(self, number, mode=None, pull=None, value=None):
        self.number = number
        self.settings = (mode, pull)
        self.level = value or 0
        self.handler = None

    def value(self):
        return self.level

    def irq(self, *, handler, trigger=None):  # no `hard`: TypeError on esp32 (PIN-18)
        if trigger is not None:
            assert trigger == self.IRQ_RISING | self.IRQ_FALLING
        self.handler = handler


class FakePWM:
    """One channel; `watch()` is called after every change of the duty."""

    def __init__(self, pin, *, freq, duty_u16):
        self.freq_hz = freq
        self.watch = None
        self.duty_u16(duty_u16)

    def duty_u16(self, value):
        assert isinstance(value, int) and 0 <= value <= 65535
        self.duty = value
        if self.watch is not None:
            self.watch()


class FakeI2C:
    """A hardware bus with one chip behind it; it offers only what all ports agree on.

    `faults` is a list: one entry a transfer, `None`, an errno to raise, or the count of bytes to
    acknowledge. After its end all is well.
    """

    def __init__(self, chip, address, nack_errno):
        self.chip = chip
        self.address = address
        self.nack_errno = nack_errno
        self.faults = []
        self.log = []

    def _fault(self):
        return self.faults.pop(0) if self.faults else None

    def writeto(self, address, data):
        fault = self._fault()
        self.log.append(("w", bytes(data), fault))
        if address != self.address:
            raise OSError(self.nack_errno)
        if isinstance(fault, OSError):
            raise fault
        count = len(data) if fault is None else fault
        self.chip.written(bytes(data[:count]))
        return count

    def readfrom_into(self, address, buffer):
        fault = self._fault()
        self.log.append(("r", len(buffer), fault))
        if address != self.address:
            raise OSError(self.nack_errno)
        if isinstance(fault, OSError):
            raise fault
        buffer[:] = self.chip.answer(len(buffer))


class FakeUART:
    """Hands out what the test puts into `incoming`; `sent` collects what the driver writes."""

    def __init__(self):
        self.incoming = bytearray()
        self.sent = bytearray()
        self.vanishing = False  # bytes counted by any() are gone when read: None (UART-01)

    def any(self):
        return len(self.incoming)

    def readinto(self, buffer, nbytes):
        assert 0 < nbytes <= min(len(buffer), len(self.incoming)), "would wait for more"
        if self.vanishing:
            self.incoming.clear()
            return None
        buffer[:nbytes] = self.incoming[:nbytes]
        del self.incoming[:nbytes]
        return nbytes

    def write(self, data):
        self.sent += data
        return len(data)

    def took(self):
        sent = bytes(self.sent)
        self.sent.clear()
        return sent


class Alone:
    """What a driver sees of one port."""

    def __init__(self, port):
        timeout, self.nack_errno = PORTS[port]
        self.time = FakeTime()
        self.pwms = {}
        errno = types.SimpleNamespace(ETIMEDOUT=timeout, EIO=5, ENODEV=19)
        self.etimedout = timeout
        self.pwm_channels_repeat = port == "rp2"  # PWM-02
        self.pins = {}
        fakes = {
            "time": self.time,
            "errno": errno,
            "machine": types.SimpleNamespace(Pin=self._pin_class(), PWM=self._pwm),
            "micropython": types.SimpleNamespace(const=lambda value: value),
            "sys": types.SimpleNamespace(platform=port),
        }
        self._loader = Loader([str(FIRMWARE)], fakes, None, None)

    def _pin_class(self):
        pins = self.pins

        class Pin(FakePin):
            def __init__(self, number, *args, **kwargs):
                FakePin.__init__(self, number, *args, **kwargs)
                pins[number] = self

        return Pin

    def _pwm(self, pin, **kwargs):
        pwm = FakePWM(pin, **kwargs)
        self.pwms[pin.number] = pwm
        return pwm

    def load(self, name):
        """Return the driver's module."""
        return self._loader.load("drivers." + name)

    def pin(self, number, level=0):
        """Return a pin as a board would pass it."""
        pin = FakePin(number)
        pin.level = level
        return pin

    def i2c(self, chip, address):
        return FakeI2C(chip, address, self.nack_errno)

    def uart(self):
        return FakeUART()

    def nack(self):
        """What this port raises for an address that nobody acknowledges."""
        return OSError(self.nack_errno)

    def timeout(self):
        """What this port raises when the bus is stuck."""
        return OSError(self.etimedout)


@pytest.fixture(params=sorted(PORTS))
def alone(request):
    """One driver at a time, on each port."""
    return Alone(request.param)


@pytest.fixture(scope="session")
def new_alone():
    """A function `(port="rp2") -> Alone`, for properties that start afresh with every example."""
    return lambda port="rp2": Alone(port)
