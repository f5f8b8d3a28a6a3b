"""The armed path never touches the heap: on the VM, with its heap locked, to every exit."""

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pinbench.paths import FIRMWARE
from pinbench.vm import binary

STORY = Path(__file__).with_name("vm_path_story.py")
LONG = os.environ.get("PINBENCH_PROFILE") == "long"
# What the two handlers run, file by file.
ON_THE_PATH = {
    "airbag/path.py": "on_sample _take detect _count on_tick suspect break_ end".split(),
    "airbag/firing.py": "state sound take decide permit".split(),
    "airbag/inputs.py": ["check"],
    "airbag/twice.py": ["put", "get"],
    "airbag/blackbox.py": ["put", "mark"],
    "drivers/lsm6dsox.py": "pending read_into _exchange signed".split(),
    "drivers/inflator.py": "disarm fire finish".split(),
}
KINDS = ("float", "tuple", "method", "slice")
# A short warm-up, ring and clock, so that the stories are short; nothing else is changed.
SHORTER = {
    "airbag/path.py": [
        ("WARM_UP = const(120)", "WARM_UP = const(9)"),
        ("CLOCK_SAMPLES = const(104)", "CLOCK_SAMPLES = const(8)"),
        ("CLOCK_LEAST_US = const(900000)", "CLOCK_LEAST_US = const(69000)"),
        ("CLOCK_MOST_US = const(1100000)", "CLOCK_MOST_US = const(85000)"),
    ],
    "airbag/blackbox.py": [
        ("AFTER = const(520)", "AFTER = const(10)"),
        ("_ROWS = const(1041)", "_ROWS = const(21)"),
    ],
}


def tell(*arguments):
    done = subprocess.run(
        [binary(), str(STORY), *map(str, arguments)], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout.splitlines()


def places():
    """FILE:LINE of each statement of the path that something can stand in front of."""
    out = []
    for name, wanted in ON_THE_PATH.items():
        source = (FIRMWARE / name).read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef) or node.name not in wanted:
                continue
            for part in ast.walk(node):
                if not isinstance(part, ast.stmt) or part is node:
                    continue
                text = lines[part.lineno - 1].strip()
                if not text.startswith(("elif", '"""')):
                    out.append(f"{name}:{part.lineno}")
    return sorted(set(out))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of what the path is made of, with short rings."""
    folder = tmp_path_factory.mktemp("firmware")
    for part in ("airbag", "drivers"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(FIRMWARE / part, folder / part, ignore=ignore)
    for name, changes in SHORTER.items():
        text = (folder / name).read_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / name).write_text(text)
    return folder


@pytest.mark.vm
def test_every_exit_of_the_path_is_taken_with_the_heap_locked_throughout():
    said = [line.split() for line in tell(FIRMWARE)]
    ended = {(story, live): (state, int(closed)) for story, live, state, closed in said}
    fires = ("fall", "disturbed_pulse", "long_box")
    for (story, live), (state, closed) in ended.items():
        assert closed == (1 if live == "True" and story in fires else 0), story
        if story in fires:
            assert state == ("spent" if live == "True" else "safe"), story
        elif story in ("tables", "flipped", "no_state"):
            assert state == "fault", story
        else:
            assert state in ("safe", "armed"), story
    assert len(ended) == 40


@pytest.mark.vm
@pytest.mark.long
def test_an_allocation_at_any_line_of_the_path_is_noticed(copy, tmp_path):
    found = places()
    assert len(found) > 100
    plants = [f"{place}:{kind}" for place in found for kind in KINDS]
    if not LONG:
        plants = [f"{place}:{KINDS[k % 4]}" for k, place in enumerate(found)]
    listed = tmp_path / "plants"
    listed.write_text("\n".join(plants))
    said = tell(copy, listed)
    assert len(said) == len(plants)
    silent = [line for line in said if not line.endswith(" raised")]
    assert not silent, "\n".join(silent)


def test_firmware_never_names_what_would_unlock_the_heap():
    """Only the boundary of a fake lifts the lock (simulator/boundary.py)."""
    named = [
        str(path.relative_to(FIRMWARE))
        for path in sorted(FIRMWARE.rglob("*.py"))
        if "heap_unlock" in path.read_text(encoding="utf-8")
    ]
    assert named == []
