"""Plays items of the machine checklist on the bench: on CPython, and together on the real VM."""

import json
import queue
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from pinbench import stall
from pinbench.conformance import rig
from pinbench.conformance.on_host import lint
from pinbench.errors import PinbenchError
from pinbench.vm import binary

DEVICE = Path(__file__).parent / "device"
VM_ENTRY = Path(__file__).parent / "vm_items.py"
VM_HEAP = "64M"
STALL_S = 5.0
PROFILES = ("rp2", "rp2350", "esp32")


@dataclass
class Row:
    """What became of one item: `state` is held, failed or skipped; `where` names the carrier."""

    id: str
    port: str
    where: str
    state: str
    why: str = ""
    crc: int = 0

    def as_json(self):
        """Return it as a plain dict."""
        return {
            "id": self.id,
            "port": self.port,
            "where": self.where,
            "state": self.state,
            "why": self.why,
        }


def job(item, profile):
    """Return the job of an item on a port profile's bench."""
    return {
        "plan": {"file": item.path.stem, "item": item.name, "chip": item.chip(profile)},
        "wires": [*item.wires, *item.optional],
        "roots": [str(item.path.parent), str(DEVICE)],
        "prints": item.printed(rig.CHIPS[item.chip(profile)][0]),
    }


def on_cpython(item, profile, where="cpython"):
    """Play an item on CPython; returns its Row. `where` "float32": with floats of binary32."""
    one = job(item, profile)
    one["numbers"] = {"float32": True} if where == "float32" else {}
    kernels = []
    one["watch"] = kernels.append
    try:
        with stall.watch(lambda: kernels[0].now_us if kernels else -1, STALL_S):
            result = rig.play(one)
    except stall.Stalled as error:
        result = {"state": "failed", "why": str(error), "crc": 0}
    return Row(item.id, profile, where, result["state"], result["why"], result["crc"])


def on_vm(pairs, plain=False):
    """Play (item, profile) pairs in one VM; yields a Row each. One that hangs costs a new VM."""
    rest = list(pairs)
    where = "vm" if plain else "micropython"
    while rest:
        jobs = [dict(job(item, profile), plain=plain) for item, profile in rest]
        done = 0
        for result in _run_vm(jobs):
            item, profile = rest[done]
            done += 1
            yield Row(item.id, profile, where, result["state"], result["why"], result["crc"])
            if result.get("gone"):
                break
        rest = rest[done:]


def _run_vm(jobs):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(jobs, file)
        file.flush()
        process = subprocess.Popen(
            [binary(), "-X", f"heapsize={VM_HEAP}", str(VM_ENTRY), file.name],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        lines = queue.Queue()
        threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
        said = ["nothing"]
        try:
            for _ in jobs:
                while True:
                    try:
                        line = lines.get(timeout=STALL_S * 2)
                    except queue.Empty:
                        line, said = None, ["nothing for %.0f s" % (STALL_S * 2)]
                    if line is None:
                        why = f"the VM ended: {said[-1]}"
                        yield {"state": "failed", "why": why, "crc": 0, "gone": True}
                        return
                    if line.startswith("=ROW "):
                        yield json.loads(line[5:])
                        break
                    said.append(line.rstrip())
        finally:
            process.kill()
            process.wait()


def _pump(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)


def run(items, profiles=PROFILES, vm=True, tell=None):
    """Play every item on every profile that it names; returns the Rows, in order of id."""
    rows = []
    pairs = [(i, p) for i in items for p in profiles if i.chip(p)]
    kernel = [(i, p) for i, p in pairs if {"kernel", "cpython"} & set(i.carriers)]
    for done, (item, profile) in enumerate(kernel):
        if tell:
            tell(done, len(kernel))
        rows.append(on_cpython(item, profile))
    rows += [Row(i.id, "host", "lint", *lint(i.id)) for i in items if "lint" in i.carriers]
    for item in items:
        if "float32" in item.carriers:
            rows += [on_cpython(item, p, "float32") for p in profiles if item.chip(p)]
    if vm:
        seen = {(row.id, row.port): row for row in rows if row.where == "cpython"}
        for row in on_vm([pair for pair in kernel if "kernel" in pair[0].carriers]):
            other = seen[row.id, row.port]
            if row.state == other.state == "held" and row.crc != other.crc:
                row.state, row.why = "failed", "its trace differs from CPython's"
            rows.append(row)
        rows += on_vm([(i, p) for i, p in _first(items, profiles) if "vm" in i.carriers], True)
    return sorted(rows, key=lambda row: (row.id, row.port, row.where))


def _first(items, profiles):
    """Yield each item once, with the first profile it names: what carries it knows no port."""
    for item in items:
        for profile in profiles:
            if item.chip(profile):
                yield item, profile
                break


def find(items, names):
    """Return the items whose ids are named (PIN-01 or PIN_01, or a group: PIN), all for none."""
    if not names:
        return items
    wanted = [name.upper().replace("_", "-") for name in names]
    found = [i for i in items if i.id in wanted or i.id.partition("-")[0] in wanted]
    if not found:
        raise PinbenchError(f"no item is called {', '.join(names)}")
    return found


def timed(fn, *args, **kwargs):
    """Return (what fn returns, wall seconds)."""
    start = time.perf_counter()
    result = fn(*args, **kwargs)
    return result, time.perf_counter() - start
