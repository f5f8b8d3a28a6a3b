"""Do the tests notice? Mutates drivers, services and cores, and counts what the tests let pass.

    python tests/mutation/run.py [--all] [--sample N] [--seed N] [--jobs N] [MODULE...]

Every process works on a copy of the checkout in a temporary folder, and forks a pytest for each
mutant from one that has imported what costs time. Exits with 1 when fewer than `floor_pct` of the
mutants are killed. Read each survivor that survivors.toml does not know: then add a test, or say
there why it is as good as the original.
"""

import argparse
import contextlib
import fnmatch
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import hypothesis.strategies  # noqa: F401  imported once for all mutants
import mutants
import numpy  # noqa: F401
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COPIED = ("boards", "firmware", "host_tools", "tests", "pyproject.toml")
KILLED, SURVIVED, LATE = "killed", "survived", "too late"


def copy_checkout(folder):
    """Copy what the tests need below `folder`, and point this process at the copy."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    os.chdir(folder)
    sys.path.insert(0, str(folder / "host_tools"))
    os.environ.update(
        PINBENCH_PROFILE="judge",
        PINBENCH_FIRMWARE=str(folder / "firmware"),
        PYTHONPATH=str(folder / "host_tools"),
    )
    # A mutant of the same size within the same second would be taken for the one before.
    sys.dont_write_bytecode = True


def passes(tests, limit_s):
    """Run the tests in a process of their own; True if they pass, None after `limit_s`."""
    child = os.fork()
    if child == 0:
        os.setsid()
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        options = ["-x", "-q", "-m", "not vm", "--no-header", "-p", "no:cacheprovider"]
        os._exit(int(pytest.main([*options, *tests])))
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def work(folder, tests_of, tasks, results):
    """Take mutants from `tasks` until there is a None; the first run of a module is unharmed."""
    folder = Path(folder)
    copy_checkout(folder)
    limits = {}
    for mutant in iter(tasks.get, None):
        tests = tests_of[mutant.module]
        path = folder / "firmware" / mutant.module
        if mutant.module not in limits:
            began = time.monotonic()
            if not passes(tests, 900):
                results.put((mutant, "its tests fail unharmed"))
                continue
            # Other work on the machine may slow the later runs down.
            limits[mutant.module] = 30 + 6 * (time.monotonic() - began)
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.code, encoding="utf-8")
        passed = passes(tests, limits[mutant.module])
        path.write_text(original, encoding="utf-8")
        verdict = LATE if passed is None else SURVIVED if passed else KILLED
        results.put((mutant, verdict))


def verdicts(chosen, tests_of, jobs):
    """Try the mutants; yields (mutant, verdict) as they come."""
    context = multiprocessing.get_context("fork")
    tasks, results = context.Queue(), context.Queue()
    for mutant in [*chosen, *[None] * jobs]:
        tasks.put(mutant)
    with contextlib.ExitStack() as stack:
        for _ in range(jobs):
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants."))
            worker = context.Process(target=work, args=(folder, tests_of, tasks, results))
            worker.start()
            stack.callback(worker.join)
        for _ in chosen:
            yield results.get()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="patterns such as 'drivers/*' (all)")
    parser.add_argument("--all", action="store_true", help="every mutant: some hours")
    parser.add_argument("--sample", type=int, help="how many of those modules (mutation.toml)")
    parser.add_argument("--seed", type=int, help="of the sample (mutation.toml)")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    return parser.parse_args()


def main():
    settings = tomllib.loads((HERE / "mutation.toml").read_text(encoding="utf-8"))
    read = tomllib.loads((HERE / "survivors.toml").read_text(encoding="utf-8"))
    excused = {(row["module"], row["before"], row["after"]) for row in read["survivor"]}
    arguments = parse_arguments()
    patterns = arguments.modules or ["*"]
    sources = {
        module: (ROOT / "firmware" / module).read_text(encoding="utf-8")
        for module in settings["tests"]
        if any(fnmatch.fnmatch(module, pattern) for pattern in patterns)
    }
    if not sources:
        print(f"mutation.toml names no module like {' or '.join(patterns)}")
        return 2
    size = None if arguments.all else arguments.sample or settings["sample"]
    seed = settings["seed"] if arguments.seed is None else arguments.seed
    chosen, total = mutants.sample(sources, settings["operators"], size, seed)
    print(f"{len(chosen)} of {total} mutants, seed {seed}, {arguments.jobs} processes", flush=True)
    counts = {}
    unknown = broken = 0
    for mutant, verdict in verdicts(chosen, settings["tests"], arguments.jobs):
        row = counts.setdefault(mutant.module, [0, 0])
        row[0] += 1
        if verdict in (KILLED, LATE):
            row[1] += 1
        elif verdict == SURVIVED:
            known = mutant.identity in excused
            unknown += not known
            print(f"survived{' (known)' if known else ''}: firmware/{mutant.module}:{mutant.at}")
            print(f"  before = {mutant.before!r}\n  after  = {mutant.after!r}", flush=True)
        else:
            broken += 1
            print(f"{mutant.module}: {verdict}", flush=True)
    return report(counts, unknown, broken, settings["floor_pct"])


def report(counts, unknown, broken, floor_pct):
    """Print killed of tried by module; return the exit status."""
    for module, (tried, killed) in sorted(counts.items()):
        print(f"{module:32} {killed:4} of {tried:4} killed  {100 * killed / tried:5.1f} %")
    tried = sum(row[0] for row in counts.values())
    killed = sum(row[1] for row in counts.values())
    share = 100 * killed / max(1, tried)
    print(f"{'all':32} {killed:4} of {tried:4} killed  {share:5.1f} %, floor {floor_pct} %")
    if unknown:
        print(f"{unknown} survivors that nobody has read yet: not in survivors.toml")
    return 1 if broken or share < floor_pct else 0


if __name__ == "__main__":
    sys.exit(main())
