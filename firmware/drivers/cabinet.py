"""The cabinet's slots behind three select lines: solenoids, thermistors, and the banks' contacts.

While `eject` is high a decoder drives the solenoid of the selected slot, and only that. It is low
from the start, on every way out of a pulse, and by a timer of its own if the program stands still;
a pull-down holds it low when no program runs.
"""

import math
import time

from machine import ADC, Pin, Timer
from micropython import const

from drivers.ds2401 import DS2401

PULSE_MS = const(150)  # 100 to 300: the bolt is out after 30
_LONGEST_MS = const(300)
_RISEN_MS = const(20)  # five times the coil's time constant
_OPEN_MV = const(1000)  # 200 mA of the 500 that the coil takes (5 mV a mA)
_SHORT_MV = const(3050)
_RAIL_MV = const(3300)
_SETTLE_US = const(5)
# NTC 10 k at 25 C, B 3950, below 10 k to 3.3 V. Outside of these (-23 C to 125 C) it counts as
# broken: the ESP32 reads no more than 3100 mV, and cannot tell an open sensor from -26 C.
_SENSOR_LOW_MV = const(100)
_SENSOR_HIGH_MV = const(3050)

# What a pulse came to.
SOUND = const(0)
NO_CURRENT = const(1)  # a coil or its wire is open
SHORT = const(2)
CUT_SHORT = const(3)  # by `off`, or by the timer


class Cabinet:
    """select: numbers of the three select pins, lowest bit first; the others too are numbers.

    `driving` is the slot whose solenoid is on, -1 for none. Nothing is selected anew meanwhile.
    """

    def __init__(self, select, eject, slot_temp, bank_id, solenoid_current):
        self._eject = Pin(eject, Pin.OUT, value=0)
        self._select = [Pin(number, Pin.OUT, value=0) for number in select]
        self._temp = ADC(Pin(slot_temp))
        self._current = ADC(Pin(solenoid_current))
        self._bank = DS2401(bank_id)
        self._timer = Timer(-1)
        self._since_ms = 0
        self._least_mv = self._last_mv = 0
        self._stop = self.off  # bound once: a callback must not allocate
        self.driving = -1

    def off(self, _=None):
        """No solenoid is on after this."""
        self._eject.value(0)

    # -- a pulse

    def start(self, number):
        """Drive the solenoid of a slot; call `step` every 10 ms until it says how it went."""
        self._choose(number)
        self._since_ms = time.ticks_ms()
        self._last_mv = -1
        self.driving = number
        self._timer.init(mode=Timer.ONE_SHOT, period=_LONGEST_MS, callback=self._stop)
        self._eject.value(1)

    def step(self):
        """Return None while the pulse lasts, then what it came to (SOUND and so on)."""
        try:
            result = self._judge()
        except BaseException:
            self._end()
            raise
        if result is not None:
            self._end()
        return result

    def _judge(self):
        if not self._eject.value():
            return CUT_SHORT
        passed_ms = time.ticks_diff(time.ticks_ms(), self._since_ms)
        mv = _mv(self._current)
        if mv >= _SHORT_MV:
            return SHORT
        if passed_ms >= _RISEN_MS:
            if mv < _OPEN_MV:
                return NO_CURRENT
            self._last_mv = mv
        if passed_ms >= PULSE_MS or passed_ms < 0:
            return SOUND if self._last_mv >= 0 else CUT_SHORT
        return None

    def _end(self):
        self.off()
        self._timer.deinit()
        self.driving = -1

    # -- what else the select lines reach

    def temp_dc(self, number):
        """Return a slot's temperature in tenths of a degree C, None if its sensor is broken."""
        self._choose(number)
        mv = _mv(self._temp)
        if not _SENSOR_LOW_MV <= mv <= _SENSOR_HIGH_MV:
            return None
        kelvin = 1 / (1 / 298.15 + math.log(mv / (_RAIL_MV - mv)) / 3950)
        return int((kelvin - 273.15) * 10)

    def rom(self, number):
        """Return the id of the bank in a slot, None if none can be read; see DS2401.read."""
        self._choose(number)
        return self._bank.read()

    def _choose(self, number):
        if self.driving >= 0:
            raise ValueError("slot %d is being driven" % self.driving)
        for bit in range(3):
            self._select[bit].value(number >> bit & 1)
        time.sleep_us(_SETTLE_US)


def _mv(adc):
    if hasattr(adc, "read_uv"):  # the ESP32 corrects by its calibration
        return adc.read_uv() // 1000
    return adc.read_u16() * _RAIL_MV // 65535
