"""A passive piezo disc on a PWM pin: one tone, or beeps that go on by themselves."""

import time

from machine import PWM, Pin
from micropython import const

_HALF = const(32768)  # a square wave is loudest
_FREQ_HZ = const(2700)  # near the resonance of the usual 27 mm disc


class Buzzer:
    """Silent from the start.

    pin: number, or a Pin that is an output. On rp2 no pin of another frequency may share its PWM
    slice (GPIO 2k and 2k+1): the motor's would change with the tone.
    """

    def __init__(self, pin, freq=_FREQ_HZ):
        if isinstance(pin, int):
            pin = Pin(pin, Pin.OUT, value=0)
        self._pwm = PWM(pin, freq=freq, duty_u16=0)
        self._on_ms = self._off_ms = self._left = 0
        self._since_ms = 0
        self.sounding = False

    def on(self):
        """Sound until `off`."""
        self._left = 0
        self._sound(True)

    def off(self):
        """Be silent, and forget the beeps that were to come."""
        self._left = 0
        self._sound(False)

    def beep(self, count=1, on_ms=100, off_ms=100):
        """Sound `count` times; the first starts now, `step` does the rest."""
        self._on_ms = on_ms
        self._off_ms = off_ms
        self._left = count
        self._sound(count > 0)

    def step(self):
        """Go on with the beeps; call every 10 ms or so. Return True while there are any."""
        if not self._left:
            return False
        passed_ms = time.ticks_diff(time.ticks_ms(), self._since_ms)
        # Ticks wrap: a difference below zero means that days have passed.
        if 0 <= passed_ms < (self._on_ms if self.sounding else self._off_ms):
            return True
        if self.sounding:
            self._left -= 1
            self._sound(False)
        else:
            self._sound(True)
        return self._left > 0

    def _sound(self, sounding):
        self.sounding = sounding
        self._since_ms = time.ticks_ms()
        self._pwm.duty_u16(_HALF if sounding else 0)
