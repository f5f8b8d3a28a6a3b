"""The garment's detector on a connected board: microseconds and bytes a sample, by its own clock.

What is measured is this checkout's detector, compiled as a flash compiles it and imported from the
board's RAM. No file is written, no pin touched; the board is reset afterwards.
"""

import functools

from pinbench.conformance.on_board import SURVEY, read_survey
from pinbench.deploy import ports, snippets
from pinbench.deploy.build import compile_all, mpy_versions
from pinbench.deploy.link import BoardError, Link
from pinbench.errors import PinbenchError
from pinbench.paths import FIRMWARE

BUDGET_US = 1500
SAMPLES = 300  # a pass of them ends before the watchdog bites even at 25 ms a sample
_MODULES = ("__init__", "detector", "detector_tables", "motion", "second_condition", "trees")
_ANY_ARCH = "armv6m"  # it matters to native code only, of which there is none
_TOP = "/measured"
_PIECE = 4096  # bytes at a time, so that the source of a literal fits a small heap


def figures(port):
    """Return name -> function that gives the figure, for the board at `port`; measured once."""
    asked = functools.cache(lambda: measure(port))
    return {
        "airbag.sample": lambda: asked()["airbag.sample"],
        "airbag.alloc": lambda: asked()["airbag.alloc"],
    }


def measure(port):
    """Return both figures. Raises UsageError for no board or a live one, else PinbenchError."""
    sources = {f"airbag/{m}.py": (FIRMWARE / "airbag" / f"{m}.py").read_bytes() for m in _MODULES}
    files = compile_all(sources, _ANY_ARCH)
    with Link(port) as link:
        try:
            _, machine, _, _ = read_survey(link.run(SURVEY), port)
        except (ValueError, IndexError):
            raise BoardError(
                f"the answer of the board at {port} arrived damaged: try again, or use a better "
                "cable"
            ) from None
        _check_version(link, port, files)
        _send(link, files)
        found = link.ask(f"measure(Detector(), {SAMPLES})")
    if not (isinstance(found, list) and [type(value) for value in found] == [int] * 4):
        raise PinbenchError(f"the board at {port} gave no figures but {str(found)[:80]}")
    about = {"samples": SAMPLES, "board": machine}
    if port in ports.virtual_boards():
        about["note"] = "a virtual board: its time is this computer's"
    whole_us, loop_us, worst_us, gained = found
    return {
        "airbag.sample": {
            "value": round((whole_us - loop_us) / SAMPLES),
            "unit": "us a sample",
            "worst": worst_us,
            "budget_us": BUDGET_US,
            **about,
        },
        # Rounded up: a byte in a hundred samples is not nothing.
        "airbag.alloc": {"value": -(-gained // SAMPLES), "unit": "bytes a sample", **about},
    }


def _check_version(link, port, files):
    wanted = mpy_versions(files)[0]
    has = link.ask("getattr(sys.implementation, '_mpy', 0) & 255")
    if has != wanted:
        raise PinbenchError(
            f"the MicroPython of the board at {port} takes .mpy files of version {has}, these are "
            f"of version {wanted}: `pinbench firmware` brings the right one"
        )


def _send(link, files):
    link.load("look", "modules", "detector")
    for path, data in files.items():
        for at in range(0, len(data), _PIECE):
            packed = snippets.literal(snippets.deflate(data[at : at + _PIECE]))
            link.run(f"feed()\ntake({path!r},inflate(".encode() + packed + b").read())")
    link.run(f"feed()\noffer({_TOP!r})\nfrom airbag.detector import Detector\nforget()")
