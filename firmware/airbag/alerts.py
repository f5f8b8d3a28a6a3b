"""What is heard and felt, by name: one pattern at a time, the graver one first."""

import time

# name -> gravity, beeps, length of each and of the pause in ms, vibration in ms
PATTERNS = {
    "armed": (1, 2, 80, 80, 200),
    "disarmed": (1, 1, 80, 80, 0),
    "battery low": (2, 2, 300, 300, 300),
    "would fire": (2, 5, 100, 100, 600),
    "battery empty": (3, 3, 300, 300, 600),
    "not armed": (3, 3, 500, 200, 1000),
    "fault": (4, 4, 800, 200, 1500),
    "fired": (5, 20, 250, 250, 3000),
}


class Alerts:
    """buzzer, motor: of the drivers. Call `step` every 20 ms or so."""

    def __init__(self, buzzer, motor):
        self._buzzer = buzzer
        self._motor = motor
        self._playing = 0  # gravity
        self._last = {}  # name -> when it was last sounded by `every`

    def sound(self, name):
        """Begin a pattern, unless a graver one is being played."""
        gravity, beeps, on_ms, off_ms, shake_ms = PATTERNS[name]
        if gravity < self._playing:
            return
        self._playing = gravity
        self._buzzer.beep(beeps, on_ms, off_ms)
        if shake_ms:
            self._motor.run(shake_ms)

    def every(self, name, every_ms):
        """Sound a reminder at most so often."""
        now = time.ticks_ms()
        last = self._last.get(name)
        # A negative difference is one of more than half the range of the ticks: long ago.
        if last is None or not 0 <= time.ticks_diff(now, last) < every_ms:
            self._last[name] = now
            self.sound(name)

    def step(self):
        """Go on with what is being played."""
        self._motor.step()
        if not self._buzzer.step():
            self._playing = 0
