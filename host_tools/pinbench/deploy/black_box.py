"""The garment's black box, read from the board's flash: firmware/airbag/main.py writes it."""

import binascii
import re

from pinbench.deploy.link import BoardError, Link
from pinbench.errors import PinbenchError, UsageError

PATH = "/blackbox"
LISTEN_S = 2.0  # before the firmware is stopped, unless another time is asked for
NOTICE = (
    "reading the black box stops the firmware and resets the board: take the garment off and "
    "unbuckle it first"
)
# States in which it must not be stopped: ARM is closed or about to be, and the record says so.
_WORN = ("ready", "armed", "firing")
_STATE = re.compile(r"state: (\S+)")
_MOST = 64 * 1024  # bytes; a record has 19 KB
_PIECE = 1536


def state_in(text, before=None):
    """Return the garment's state after the console's line `text`; `before` if it tells none."""
    found = _STATE.match(text)
    return found[1].rstrip(":") if found else before


def refuse_worn(state):
    """Raise UsageError if the last state that was told, None for none, is one of a worn garment.

    Stopped in it, it would not know at its next start whether it fired, and arm no more until a
    person says so (firmware/airbag/record.py).
    """
    if state in _WORN:
        raise UsageError(
            f"the garment is {state}: take it off and unbuckle it, then read its black box"
        )


def fetch(port):
    """Return the bytes of the record on the board at `port`, which is reset afterwards.

    Raises PinbenchError if there is none, or if it did not arrive whole.
    """
    with Link(port) as link:
        link.load("look", "fetch")
        size = link.ask(f"size({PATH!r})")
        if size is None:
            raise PinbenchError(
                f"the board at {port} has no black box: it writes one five seconds after it "
                "fired, would have fired, or stopped trusting its sensor"
            )
        if not isinstance(size, int) or size > _MOST:
            raise PinbenchError(f"{PATH} on the board at {port} is too large for a black box")
        data = b""
        while len(data) < size:
            part = _bytes(link.ask(f"piece({PATH!r},{len(data)},{_PIECE})"))
            if not part:
                raise BoardError(f"{PATH} did not arrive whole: try again")
            data += part
        return data


def _bytes(text):
    try:
        return binascii.a2b_base64(text)
    except (binascii.Error, TypeError, ValueError):
        return b""
