"""The slot loader that goes onto boards: firmware/boot/boot.py, and the main.py that calls it."""

import re

from pinbench.paths import ROOT

BOOT = ROOT / "firmware" / "boot" / "boot.py"
MAIN_BEGINS = "# pinbench\n"
_MAIN = MAIN_BEGINS + "start()\n"
_FIRST_LINE = re.compile(r"# pinbench loader (\d+)\s*")


def version(first_line=None):
    """Return N of "# pinbench loader N", the first line of a boot.py; 0 if it says otherwise.

    None asks for the version of the loader in this checkout.
    """
    if first_line is None:
        with open(BOOT, encoding="utf-8") as file:
            first_line = file.readline()
    found = _FIRST_LINE.fullmatch(first_line)
    return int(found[1]) if found else 0


def texts():
    """Return the texts of /boot.py and of /main.py."""
    return BOOT.read_text(encoding="utf-8"), _MAIN
