"""Plays one job on the real MicroPython VM: `micropython vm_entry.py JOB.json` (VM only).

Trace lines go to standard output as they happen, between them `=BEAT ` and the virtual time, so
that a long silence is known to pass; the last line is `=RESULT ` and the result as JSON.
"""

import gc
import json
import sys

sys.path.insert(0, __file__.rsplit("/", 2)[0])

from pinbench.session import run_job  # noqa: E402 (the path comes first)


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
    result = run_job(job, write if job.get("trace", True) else None, beat)
    write("=RESULT " + json.dumps(result))


main()
