"""What the boards' firmware has frozen or in C besides `machine`: made when it is first imported.

neopixel, onewire and ds18x20 are frozen on rp2 and esp32 (ports/*/boards/manifest.py); _onewire,
framebuf are C modules of both.
"""


def _neopixel(bench):
    from pinbench.simulator.machine.neopixel import make_neopixel

    return make_neopixel(bench)


def _onewire_c(bench):
    from pinbench.simulator.machine.onewire import make_onewire_c

    return make_onewire_c(bench)


def _onewire(bench):
    from pinbench.simulator.machine.onewire import make_onewire

    return make_onewire(bench)


def _ds18x20(bench):
    from pinbench.simulator.machine.onewire import make_ds18x20

    return make_ds18x20(bench)


def _framebuf(bench):
    from pinbench.simulator.machine.framebuf import make_framebuf

    return make_framebuf(bench)


def preload():
    """Import the code behind LATE now, so that it counts for nobody's heap later."""
    for name in ("neopixel", "onewire", "framebuf"):
        __import__("pinbench.simulator.machine." + name)


LATE = {
    "neopixel": _neopixel,
    "_onewire": _onewire_c,
    "onewire": _onewire,
    "ds18x20": _ds18x20,
    "framebuf": _framebuf,
}
