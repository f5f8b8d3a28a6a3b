"""How long the whole test suite takes."""

import subprocess
import sys
import time

from pinbench.benchmark.figures import Figure
from pinbench.errors import PinbenchError
from pinbench.paths import ROOT

LIMIT_S = 3600


def measure():
    """Return suite.time, in seconds of wall time on two processes."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile"]
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
    took = time.perf_counter() - begun
    if done.returncode:
        raise PinbenchError(f"the suite failed: {done.stdout.strip().splitlines()[-1]}")
    return {"suite.time": Figure(round(took), "s", "", "under 600")}
