"""What a flash will do: decided from the board's answer alone, before anything is touched."""

import hashlib
from dataclasses import dataclass

from pinbench.deploy import loader

BLOCK_BYTES = 4096


@dataclass(frozen=True)
class Plan:
    """The steps, in the order in which they are taken.

    `back`: the version on trial is given up first. `slot`: where the new version goes. `nothing`:
    the slot that runs holds it already, byte for byte. `loader`: /boot.py or /main.py is replaced.
    `strange`: paths that pinbench did not put there and that would run or shadow a module.
    """

    slot: str
    nothing: bool
    back: bool
    loader: bool
    strange: tuple


def make(survey, same):
    """Return the Plan for a board that gave `survey`.

    `same`: the slot that runs holds what was built, byte for byte.
    """
    boot, main = loader.texts()
    stale_loader = (survey.loader_sha, survey.main_sha) != (_sha(boot), _sha(main))
    # It may run for want of another: then nothing says that it is to be kept.
    named = survey.active.get("slot") == survey.running
    back = survey.on_trial and survey.active.get("previous") is not None and not same
    if survey.running is None:
        slot = "a"
    elif back:
        slot = survey.running  # it runs no more when its turn comes
    else:
        slot = "b" if survey.running == "a" else "a"
    return Plan(
        slot=slot,
        nothing=same and named and not stale_loader,
        back=back,
        loader=stale_loader,
        strange=strange(survey),
    )


def strange(survey):
    """Return the paths of code that pinbench did not put on the board.

    On a board that it manages these are Python files that would shadow a slot's; on any other one
    every file, but what the services keep for a device.
    """
    kept = {"/settings.json", "/settings.bad", "/settings.json.new", "/boots", "/boots.new"}
    kept |= {"/boot.py.new", "/main.py.new"}  # a cut left them; the next loader replaces them
    found = []
    managed = survey.loader > 0
    for path, _ in survey.strange:
        if managed and (path == "/boot.py" or path == "/main.py" and is_our_main(survey)):
            continue
        if path in kept or managed and not path.endswith((".py", ".mpy")):
            continue
        found.append(path)
    return tuple(sorted(found))


def is_our_main(survey):
    """True if /main.py is what some pinbench wrote."""
    return survey.main.startswith(loader.MAIN_BEGINS)


def blocks(files):
    """Return the blocks of flash that a version takes at most: files, their folders, manifest."""
    folders = {path.rpartition("/")[0] for path in files}
    sizes = [*map(len, files.values()), 110 * len(files)]  # the manifest: path, hash, size
    return sum(-(-size // BLOCK_BYTES) for size in sizes) + 2 * len(folders) + 2


def _sha(text):
    return hashlib.sha256(text.encode()).hexdigest()
