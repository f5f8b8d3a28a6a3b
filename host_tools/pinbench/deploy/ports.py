"""Finding the board: `auto` is the one board that is plugged in, real or virtual."""

import fcntl
import tempfile
from pathlib import Path

from pinbench.errors import UsageError

AUTO = "auto"
# USB vendors of boards, and of the serial chips on them: Raspberry Pi, Espressif, MicroPython
# (pid.codes), then Silicon Labs (CP210x), WCH (CH34x), FTDI.
_VENDORS = (0x2E8A, 0x303A, 0xF055, 0x10C4, 0x1A86, 0x0403)


def find(port, virtual=None):
    """Return `port`, or for "auto" the path of the only board there is.

    `virtual`: True and False look for virtual and for real boards only. Raises UsageError if there
    is none, or more than one.
    """
    if port != AUTO:
        return port
    found = []
    if virtual is not False:
        found += virtual_boards()
    if virtual is not True:
        found += real_boards()
    if len(found) == 1:
        return found[0]
    if not found:
        what = "virtual board is running: start one with `pinbench board`" if virtual else (
            "board was found: plug one in, start `pinbench board`, or name its --port"
        )
        raise UsageError(f"no {what}")
    raise UsageError(
        f"there are {len(found)} boards ({', '.join(found)}): name one of them with --port"
    )


def virtual_boards():
    """Return the ports of the virtual boards that run on this computer, oldest path first."""
    found = []
    for port in sorted(Path(tempfile.gettempdir()).glob("pinbench-*/port")):
        if _held(port.with_name("lock")) and port.exists():
            found.append(str(port))
    return found


def _held(lock):
    """True while the board that made the file lives: only it holds the lock.

    A board that was killed leaves a link to a terminal that may be another program's by now.
    """
    try:
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def real_boards():
    """Return the serial devices whose USB vendor makes boards."""
    from serial.tools import list_ports

    return sorted(port.device for port in list_ports.comports() if port.vid in _VENDORS)

