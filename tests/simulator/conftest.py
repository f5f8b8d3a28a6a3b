"""Plays small firmware programs on the bench, on CPython and on the real VM."""

import textwrap

import pytest

from pinbench.session import run_job
from pinbench.vm import VM


class Programs:
    """Writes programs to a folder and plays them as devices without a world."""

    def __init__(self, folder):
        self.folder = folder
        self._count = 0

    def job(self, source, end_ms=1000, **options):
        """Return a job whose device is the program `source`."""
        self._count += 1
        name = "program%d" % self._count
        path = self.folder / name / "main.py"
        path.parent.mkdir()
        path.write_text(textwrap.dedent(source))
        job = {
            "device": name,
            "main": name + "/main.py",
            "roots": [str(self.folder)],
            "end_us": end_ms * 1000,
        }
        job.update(options)
        return job

    def cpython(self, source, end_ms=1000, **options):
        """Return (canonical trace lines, result) of a run on CPython."""
        lines = []
        result = run_job(self.job(source, end_ms, **options), lines.append)
        assert result["error"] is None, result["error"]
        return lines, result

    def vm(self, source, end_ms=1000, **options):
        """The same on the real MicroPython VM."""
        machine = VM(self.job(source, end_ms, **options))
        lines = list(machine)
        assert machine.result["error"] is None, machine.result["error"]
        return lines, machine.result

    def both(self, source, end_ms=1000, **options):
        """Play on both, hold the traces equal, and return (lines, result)."""
        lines, result = self.cpython(source, end_ms, **options)
        other, _ = self.vm(source, end_ms, **options)
        normal = [line.replace("program%d" % (self._count - 1), "P") for line in lines]
        theirs = [line.replace("program%d" % self._count, "P") for line in other]
        assert theirs == normal
        return lines, result

    @staticmethod
    def log(lines):
        """Return the texts that the firmware printed."""
        return [line.split("|", 3)[3] for line in lines if line.split("|")[1] == "log"]


@pytest.fixture
def programs(tmp_path):
    """Plays firmware programs; see Programs."""
    return Programs(tmp_path)
