"""TI DRV8871 brushed motor driver on two PWM pins (datasheet SLVSCY9B, section 7.3.1).

IN1 and IN2 low is coast, IN1 alone forward, IN2 alone reverse, both high brake. The chip has no
fault pin: whether the motor turns, others must see.
"""

import sys
import time

from machine import PWM, Pin
from micropython import const

_FULL = const(65535)
_DUTY_MAX = const(1000)


class DRV8871:
    """One motor. It coasts from the start, and between two directions for `pause_ms`.

    in1, in2: pin numbers, or Pin objects that are low; freq in Hz, up to 200 kHz (section 6.3). On
    rp2 the two may share a PWM slice (GPIO 2k and 2k+1), but not with a pin of another frequency.
    Raises ValueError for two pins that are one PWM channel.
    """

    def __init__(self, in1, in2, freq=20000, pause_ms=10):
        if sys.platform == "rp2" and isinstance(in1, int) and isinstance(in2, int):
            if (in1 - in2) % 16 == 0:
                raise ValueError("DRV8871: GPIO %d and %d are one PWM channel" % (in1, in2))
        self._in1 = _low_pwm(in1, freq)
        self._in2 = _low_pwm(in2, freq)
        self._pause_ms = pause_ms
        self._direction = 0  # of the last drive
        self._stopped_ms = time.ticks_ms()
        self.duty = 0  # what the bridge does now, in per mille; 0 also while braking
        self.braking = False

    def drive(self, duty):
        """Drive with -1000 to 1000 per mille, positive forward; 0 coasts.

        Return True if the bridge does so now. The first call against the last direction only
        coasts, and so do those after it until the pause is over: they return False; call again.
        Raises ValueError outside the range, and coasts.
        """
        if not -_DUTY_MAX <= duty <= _DUTY_MAX:
            self.coast()
            raise ValueError("DRV8871: duty %d is out of range" % duty)
        if duty == 0:
            self.coast()
            return True
        direction = 1 if duty > 0 else -1
        if direction == -self._direction:
            if self.duty:
                self.coast()
            # Ticks wrap: a difference below zero means that days have passed.
            if 0 <= time.ticks_diff(time.ticks_ms(), self._stopped_ms) < self._pause_ms:
                return False
        active, idle = self._pins(direction)
        idle.duty_u16(0)  # first, lest both be high
        active.duty_u16(abs(duty) * _FULL // _DUTY_MAX)
        self._direction = direction
        self.duty = duty
        self.braking = False
        return True

    def coast(self):
        """Switch the bridge off: the motor runs out. It sleeps 1 ms later (section 7.3.2)."""
        # The idle pin first: out of brake, the bridge then passes through the last direction.
        active, idle = self._pins(self._direction)
        idle.duty_u16(0)
        active.duty_u16(0)
        self._stop(False)

    def brake(self):
        """Short the motor: it stops fast, and stays braked."""
        # The active pin first: the other alone would push backwards for a moment.
        self._direction = self._direction or 1
        active, idle = self._pins(self._direction)
        active.duty_u16(_FULL)
        idle.duty_u16(_FULL)
        self._stop(True)

    def _stop(self, braking):
        # The pins change one after the other, so the ways into brake and out of it lead through
        # some microseconds of the last direction: the pause begins after them.
        if self.duty or braking != self.braking:
            self._stopped_ms = time.ticks_ms()
        self.duty = 0
        self.braking = braking

    def _pins(self, direction):
        return (self._in2, self._in1) if direction < 0 else (self._in1, self._in2)


def _low_pwm(pin, freq):
    if isinstance(pin, int):
        pin = Pin(pin, Pin.OUT, value=0)  # low now, not only once the PWM runs
    # Both at once: without a duty, esp32 would start at 50 %.
    return PWM(pin, freq=freq, duty_u16=0)
