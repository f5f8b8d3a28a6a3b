"""When a flash is refused, each with one sentence: what is wrong and what to do."""

from pinbench.deploy import plan as plans
from pinbench.errors import BoardError, PinbenchError


class Refused(PinbenchError):
    """Nothing was changed on the board."""


def wrong_board(board, survey):
    """Refuse a board that is not the one named: another make, or virtual where it is real."""
    expected = machine_of(board)
    if _parts(survey.machine) != _parts(expected):
        raise Refused(
            f"this is a {survey.machine or 'board without a name'}, but {board.name} is a "
            f"{expected}: name its --board"
        )
    if board.name == "virtual" and not survey.virtual:
        raise Refused(
            f"this is a real {survey.machine}, not a virtual board: name its --board"
        )


def machine_of(board):
    """Return sys.implementation._machine of the board. Raises BoardError if its file lacks it."""
    machine = board.about.get("machine")
    if not machine:
        raise BoardError(
            f'{board.source}: [board] needs machine = "...", the text of '
            "sys.implementation._machine"
        )
    return machine


def _parts(machine):
    """Return the board's and the processor's name: a variant stands between them."""
    names = machine.split(" with ")
    return names[0], names[-1]


def mpy_not_loadable(build, survey):
    """Refuse .mpy files that the board's MicroPython can't load (docs, ".mpy files").

    `survey.mpy` is sys.implementation._mpy: the version in bits 0 to 7, of native code the
    sub-version in bits 8 and 9 and the architecture from bit 10 on.
    """
    version, arch = build.manifest["mpy"]
    theirs = survey.mpy & 0xFF
    if version != theirs:
        raise Refused(
            f"the board's MicroPython loads .mpy files of version {theirs}, and this pinbench "
            f"builds version {version}: put a MicroPython onto it that fits (`pinbench firmware`)"
        )
    if arch and arch != survey.mpy >> 10:
        raise Refused(
            f"the native code of this build is for architecture {arch}, the board's is "
            f"{survey.mpy >> 10}: choose its --board"
        )


def does_not_fit(build, survey, plan):
    """Refuse a version for which there is no room, beside the one that runs."""
    about = build.board.about
    block = about.get("filesystem_block_bytes", plans.BLOCK_BYTES)
    total = about["filesystem_bytes"] // block
    needed = plans.blocks(build.files)
    kib = block // 1024
    if 2 * needed > total:
        raise Refused(
            f"{build.device} does not fit: two versions of {needed * kib} KiB each, and "
            f"{build.board.name}'s file system has {total * kib} KiB"
        )
    free = survey.free_bytes // block + survey.blocks[plan.slot]
    if needed > free:
        raise Refused(
            f"the board's file system is full: {build.device} needs {needed * kib} KiB and "
            f"{free * kib} KiB are free; remove files with `mpremote fs rm`"
        )


def strange_files(plan, adopt):
    """Refuse a board with files that pinbench did not put there, unless it may adopt it."""
    if plan.strange and not adopt:
        names = ", ".join(plan.strange[:3])
        more = len(plan.strange) - 3
        rest = f" and {more} more" if more > 0 else ""
        raise Refused(
            f"there are files on the board that pinbench did not put there ({names}{rest}): "
            "--adopt copies them to this computer first, then takes them off the board"
        )
