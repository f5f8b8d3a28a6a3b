"""What a board says after a switch: started, well, confirmed, or back on the old version."""

import re
from dataclasses import dataclass

from pinbench.errors import HELD, NOT_HELD

WAIT_S = 75  # the loader gives a version 60 s a boot (health_s) before it counts it as failed

_STARTS = re.compile(r"slot ([ab]): (\S+) (\S+?)(, on trial)?$")
_STATE = re.compile(r"slot ([ab]): (well|confirmed)\b")
_BACK = re.compile(r"slot ([ab]): back, since ([ab]) was not confirmed")
_NONE = "slots: neither holds"
_BANNER = "MicroPython v"


@dataclass(frozen=True)
class Outcome:
    """`kind`: "started", "well", "confirmed", "back", "ended", "silent"; `text`: one sentence."""

    kind: str
    text: str

    @property
    def exit_code(self):
        """0 if the new version runs."""
        return HELD if self.kind in ("started", "well", "confirmed") else NOT_HELD


class Watch:
    """Follows the console's lines; `outcome` is None until they say how it went with `slot`."""

    def __init__(self, slot, until="well"):
        self.outcome = None
        self.started = False
        self._slot = slot
        self._until = until
        self._in_traceback = False
        self._error = ""

    def line(self, text):
        """Take the next line."""
        self._follow_traceback(text)
        if found := _BACK.match(text):
            why = f": {self._error}" if self._error else ", it never reported health"
            self._end("back", f"the board went back to slot {found[1]}{why}")
        elif found := _STATE.match(text):
            if found[1] == self._slot and (found[2] == "confirmed" or self._until == "well"):
                self._end(found[2], _WELL[found[2]].format(slot=self._slot))
        elif found := _STARTS.match(text):
            if found[1] != self._slot:
                self._end("back", f"the board started slot {found[1]} instead of {self._slot}")
            elif self._until == "started":
                self._end("started", f"slot {self._slot} has started: {found[2]} {found[3]}")
            self.started = True
        elif text.startswith(_NONE):
            self._end("ended", "the loader found no whole version in either slot")
        elif text.startswith(_BANNER) and self.started:
            why = self._error or "main.py came to its end"
            self._end("ended", f"slot {self._slot} did not stay up: {why}")

    def _follow_traceback(self, text):
        if text.startswith("Traceback (most recent call last)"):
            self._in_traceback = True
        elif self._in_traceback and not text.startswith(" "):
            self._in_traceback = False
            self._error = text.strip()

    def _end(self, kind, text):
        if self.outcome is None:
            self.outcome = Outcome(kind, text)

    def over(self, seconds):
        """Return the outcome when the time is up."""
        if self.outcome is not None:
            return self.outcome
        if self.started:
            why = f"; the last error was {self._error}" if self._error else ""
            return Outcome(
                "silent",
                f"slot {self._slot} has started but not reported health in {seconds:g} s{why}: "
                "unless it does, the board goes back by itself; `pinbench monitor` shows what it "
                "says",
            )
        return Outcome(
            "silent",
            f"the board said nothing of its start in {seconds:g} s: `pinbench monitor` shows "
            "whether it runs",
        )


_WELL = {
    "well": "slot {slot} is well, and confirms itself if it stays so",
    "confirmed": "slot {slot} is well and has confirmed itself",
}


def wait(link, slot, until="well", seconds=WAIT_S):
    """Listen to the board after its reset; returns the Outcome."""
    watch = Watch(slot, until)
    for text in link.listen(seconds):
        watch.line(text)
        if watch.outcome is not None:
            break
    return watch.over(seconds)
