"""Plays small firmware programs that use the services, on CPython and on the real VM."""

import itertools
import textwrap

import pytest

from pinbench.paths import FIRMWARE
from pinbench.session import run_job
from pinbench.vm import VM


class Programs:
    """Writes programs to a folder and plays them as devices without a world."""

    def __init__(self, folder):
        self._folder = folder
        self._count = itertools.count(1)

    def job(self, source, end_ms, **options):
        """Return a job whose device is the program `source`; it may import `services`."""
        name = f"program{next(self._count)}"
        path = self._folder / name / "main.py"
        path.parent.mkdir()
        path.write_text(textwrap.dedent(source))
        job = {
            "device": "program",
            "main": name + "/main.py",
            "roots": [str(self._folder), str(FIRMWARE)],
            "end_us": end_ms * 1000,
        }
        job.update(options)
        return job

    def lines(self, source, end_ms=1000, **options):
        """Return the canonical trace lines of a run on CPython."""
        lines = []
        result = run_job(self.job(source, end_ms, **options), lines.append)
        assert result["error"] is None, result["error"]
        return lines

    def both(self, source, end_ms=1000, **options):
        """Play on both, hold the traces equal, and return the lines."""
        lines = self.lines(source, end_ms, **options)
        vm = VM(self.job(source, end_ms, **options))
        assert list(vm) == lines
        assert vm.result["error"] is None, vm.result["error"]
        return lines

    @staticmethod
    def log(lines):
        """Return the texts that the firmware printed."""
        return [line.split("|", 3)[3] for line in lines if line.split("|")[1] == "log"]


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Plays firmware programs; see Programs."""
    return Programs(tmp_path_factory.mktemp("programs"))
