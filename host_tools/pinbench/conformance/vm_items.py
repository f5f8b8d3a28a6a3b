"""Plays items on the real MicroPython VM: `micropython vm_items.py JOBS.json` (VM only).

Each job is an item on a bench of its own, or, where it says `plain`, on the bare interpreter. One
line a job: `=ROW ` and the result as JSON.
"""

import json
import sys

sys.path.insert(0, __file__.rsplit("/", 3)[0])


def plain(job):
    """Run an item on the bare interpreter: no machine, only what the language and VM are."""
    from pinbench.conformance.rig import verdict

    for root in job["roots"]:
        if root not in sys.path:
            sys.path.insert(0, root)
    from item_board import run

    said = []
    import builtins

    builtins.print = lambda *args: said.append(" ".join([str(a) for a in args]))
    try:
        plan = dict(job["plan"])
        plan.update({"phase": 0, "port": "vm", "chip": "vm", "wires": {}})
        run(getattr(__import__(plan["file"]), plan["item"]), plan)
    finally:
        del builtins.print
    state, why = verdict(said)
    return {"state": state, "why": why, "log": said, "crc": 0, "now_us": 0}


def main():
    with open(sys.argv[1]) as file:
        jobs = json.load(file)
    for job in jobs:
        if job.get("plain"):
            result = plain(job)
        else:
            from pinbench.conformance.rig import play

            result = play(job)
        print("=ROW " + json.dumps(result))


main()
