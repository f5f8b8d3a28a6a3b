"""What an item of the machine checklist is given, on the bench and on a board (plain MicroPython).

The host tells by `plan` which item runs, on which chip, and what is wired. An item that resets the
processor is called again after each boot, with `phase` one higher; what it must remember lies in a
file on the device.
"""

STATE = "/conformance.txt"


class Skip(Exception):
    """The item cannot be observed here; the text says why."""


class Board:
    """`port` is "rp2" or "esp32", `chip` "rp2040", "rp2350", "esp32s3" or "esp32", `phase` counts
    the boots from 0. `real` is False on the bench, where the language may be CPython's. The wires
    of the plan stand as attributes (`pair`, `pins`, `i2c`, ...)."""

    def __init__(self, plan):
        self.port = plan["port"]
        self.chip = plan["chip"]
        self.phase = plan["phase"]
        self.real = not plan.get("bench")
        for name in plan["wires"]:
            setattr(self, name, plan["wires"][name])

    def skip(self, why):
        """End the item as one that cannot be observed here."""
        raise Skip(why)

    def raises(self, kind, fn, *args, **kwargs):
        """Call fn and return the error of `kind` that it raises; anything else fails the item."""
        try:
            result = fn(*args, **kwargs)
        except kind as error:
            return error
        raise AssertionError("no %s, but %r" % (kind.__name__, result))

    def save(self, text):
        """Keep a text on the device for the next phase."""
        with open(STATE, "w") as file:
            file.write(text)

    def load(self):
        """Return the text kept by an earlier phase."""
        with open(STATE) as file:
            return file.read()


def run(item, plan):
    """Run one item and print its row: `=ITEM held`, `=ITEM failed WHY` or `=ITEM skipped WHY`."""
    try:
        item(Board(plan))
    except Skip as error:
        print("=ITEM skipped " + str(error))
    except Exception as error:
        why = str(error)
        if not isinstance(error, AssertionError):
            why = "%s: %s" % (type(error).__name__, why)
        print("=ITEM failed " + " ".join(why.split()))
    else:
        print("=ITEM held")
