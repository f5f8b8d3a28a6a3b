"""The two-switch ladder of an inflator: ARM above the squib, FIRE below, and what is measured.

    reservoir -> ARM switch -> squib -> FIRE switch -> ground

A small diagnostic current (0.6 mA at rest, 3.6 mA with ARM closed; no-fire is 400 mA) flows
through the squib always; three ADC inputs see the reservoir (33 / 133 of it), 500 times the
voltage across the squib, and the voltage below it. The limits below are of that circuit (see the
board's wiring); a squib is good from 1.4 to 3.7 ohm.

The pulse is the PWM block's: one period is far longer than the pulse, the slice stands still until
then with its counter at 0, and a width that is written to a slice that stands takes effect at once
(pico-sdk, pwm_set_chan_level). So whatever the processor does next, the pulse ends by itself; the
slice has to be stopped before the period is over.
"""

from machine import ADC, PWM, Pin
from micropython import const

PULSE_US = const(2000)  # all-fire: 1.2 A for 2 ms
_PULSE_NS = const(2000000)
PERIOD_MS = const(100)
_FREQ_HZ = const(10)  # a slice of RP2350 at 150 MHz goes no lower than 9 Hz

# What `bridge` finds.
OK = const(0)
SQUIB_OPEN = const(1)  # over 10 ohm, or fired
SQUIB_SHORT = const(2)  # under 1.0 ohm
TO_GROUND = const(3)  # a short to ground, or FIRE welded
TO_BATTERY = const(4)  # a short to the battery, or ARM welded
ODD = const(5)  # a resistance between good and bad
BRIDGE = (
    "good",
    "squib open",
    "squib shorted",
    "shorted to ground",
    "shorted to the battery",
    "odd resistance",
)

_OHM_MV = const(300)  # across the squib, for each ohm, at rest
_CROSS_OPEN_MV = const(2990)
_CROSS_SHORT_MV = const(300)
_CROSS_LEAST_MV = const(420)
_CROSS_MOST_MV = const(1109)
_BELOW_HIGH_MV = const(3000)
_BELOW_LOW_MV = const(200)
_BELOW_LEAST_MV = const(1900)  # at rest about 1979
_BELOW_MOST_MV = const(2060)
_FULL_MV = const(3300)


class Inflator:
    """Both switches open from the start.

    arm, fire: GPIO numbers; no other pin in use may share the PWM slice of fire (GPIO 2k, 2k+1).
    reservoir, continuity, squib: GPIO numbers of the ADC inputs.
    """

    def __init__(self, arm, fire, reservoir, continuity, squib):
        self._fire = Pin(fire, Pin.OUT, value=0)
        self._arm = Pin(arm, Pin.OUT, value=0)
        self._reservoir = ADC(reservoir)
        self._across = ADC(continuity)
        self._below = ADC(squib)
        self._pulse = None

    # -- the switches. `arm`, `disarm`, `fire` and `finish` allocate nothing.

    def prepare(self):
        """Give FIRE to its PWM slice, which stands still; `fire` needs it. FIRE stays open."""
        self._pulse = PWM(self._fire, freq=_FREQ_HZ)

    def arm(self):
        """Close ARM."""
        self._arm.value(1)

    def disarm(self):
        """Open ARM. Allocates nothing."""
        self._arm.value(0)

    def fire(self):
        """Close FIRE for PULSE_US, by hardware. `finish` must follow before PERIOD_MS are over.

        Allocates nothing.
        """
        self._pulse.duty_ns(_PULSE_NS)

    def finish(self):
        """Open both switches after the pulse. Allocates nothing."""
        self._pulse.duty_ns(0)
        self._arm.value(0)

    def release(self):
        """Take FIRE from its slice again: a plain output, low. Opens ARM first."""
        self._arm.value(0)
        if self._pulse is not None:
            self._pulse.deinit()
            self._pulse = None
        self._fire.init(Pin.OUT, value=0)

    @property
    def armed(self):
        """True while the pin of ARM reads high: the level itself, not what was asked for."""
        return self._arm.value() == 1

    # -- what can be measured

    def reservoir_mv(self):
        """The voltage of the reservoir in mV, 0 to 13300."""
        return millivolts(self._reservoir) * 133 // 33

    def bridge(self):
        """What the squib and its wires are like with both switches open: OK, SQUIB_OPEN, ..."""
        return classify(millivolts(self._across), millivolts(self._below))

    def complete(self):
        """True if, with ARM closed, its voltage comes through the squib."""
        return millivolts(self._below) >= _BELOW_HIGH_MV

    def squib_mohm(self):
        """The resistance of the squib with both switches open, in milliohm (a good one)."""
        return millivolts(self._across) * 1000 // _OHM_MV

    def arm_works(self):
        """Close ARM alone for a moment; True if its voltage came, and went. FIRE must be open."""
        self._arm.value(1)
        came = self.complete()
        self._arm.value(0)
        return came and self.bridge() == OK

    def fire_works(self):
        """Close FIRE alone for a moment; True if it pulled down, and let go. ARM must be open."""
        self._fire.value(1)
        came = millivolts(self._below) < _BELOW_LOW_MV
        self._fire.value(0)
        return came and self.bridge() == OK


def classify(across_mv, below_mv):
    """What the two voltages at rest say of the squib."""
    if below_mv >= _BELOW_HIGH_MV:
        return TO_BATTERY
    if below_mv < _BELOW_LOW_MV:
        return SQUIB_OPEN if across_mv >= _CROSS_OPEN_MV else TO_GROUND
    if not _BELOW_LEAST_MV <= below_mv <= _BELOW_MOST_MV:
        return ODD
    if across_mv < _CROSS_SHORT_MV:
        return SQUIB_SHORT
    return OK if _CROSS_LEAST_MV <= across_mv <= _CROSS_MOST_MV else ODD


def millivolts(adc):
    """One conversion in mV."""
    return adc.read_u16() * _FULL_MV // 65535
