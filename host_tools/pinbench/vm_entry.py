"""Plays one job on the real MicroPython VM: `micropython vm_entry.py JOB.json` (VM only).

Trace lines go to standard output as they happen, between them `=BEAT ` and the virtual time, so
that a long silence is known to pass; the last line is `=RESULT ` and the result as JSON.
"""

import gc
import json
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0])

from pinbench.session import run_job  # noqa: E402 (the path comes first)
from pinbench.simulator.machine.frozen import preload  # noqa: E402

_POOL = 20_000  # bytes: only a pool of 2560 names takes that much at once


def reserve_names():
    """Intern names until the VM has made its pool of 2560 of them; each is twice the last.

    Its 28 KB would else count for the firmware, though the simulator's names have filled the
    pools before it. The places that the firmware's names take are then in the pool of either run,
    and only their letters in the firmware's figure.
    """
    number = 0
    used = gc.mem_alloc()
    while True:
        getattr(gc, "q%d" % number, None)
        number += 1
        before, used = used, gc.mem_alloc()
        if used - before > _POOL:
            return


def main():
    out = sys.stdout

    def write(text):
        out.write(text)
        out.write("\n")

    def beat(time_us):
        write("=BEAT %d" % time_us)

    with open(sys.argv[1]) as file:
        job = json.load(file)
    # Where the heap is measured: collect often, or the holes that imports leave decide by chance.
    gc.threshold(job.get("gc_threshold", -1))
    if job.get("reserve_names"):
        preload()  # on a board these are frozen, so their code is none of the firmware's heap
        reserve_names()
    result = run_job(job, write if job.get("trace", True) else None, beat)
    write("=RESULT " + json.dumps(result))


main()
