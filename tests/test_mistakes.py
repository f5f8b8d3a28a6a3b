"""Mistakes that somebody could make in the firmware, and whether the suite notices each.

mistakes/NAME.toml: a patch to shipped code (`find` and `replace` in `file`), why it matters, the
tests that must fail with it, and what they then say (`shows`). A patch passes lint and types and
leaves the main scenario working (`scenario`, else the wet day), so nothing but a test about
behaviour can notice it.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pinbench.paths import FIRMWARE, ROOT

pytestmark = pytest.mark.long

FILES = sorted((ROOT / "tests" / "mistakes").glob("*.toml"))
MISTAKES = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in FILES}
BIN = Path(sys.executable).parent
PORTS = ("rp2", "esp32")
# What takes seconds a mistake is done for all of them in the long profile only.
LONG = os.environ.get("PINBENCH_PROFILE") == "long"
PART = list(MISTAKES) if LONG else list(MISTAKES)[::12]


def run(command, firmware, cwd=ROOT):
    """Run a command that uses another firmware tree, without anything of this pytest's own."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    own.update(PINBENCH_FIRMWARE=str(firmware), PINBENCH_PROFILE="judge")
    own["PYTHONDONTWRITEBYTECODE"] = "1"
    program = BIN / command[0]
    return subprocess.run(
        [program, *command[1:]], cwd=cwd, env=own, capture_output=True, text=True
    )


def pytest_on(firmware, tests):
    return run(["pytest", "-q", "-rf", "-p", "no:cacheprovider", *tests], firmware)


@pytest.fixture
def patched(tmp_path):
    """A function: names of mistakes -> a copy of the firmware that has them all."""

    def patch(*names):
        copy = tmp_path / "firmware"
        shutil.copytree(FIRMWARE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for mistake in [MISTAKES[name] for name in names]:
            path = copy / mistake["file"]
            text = path.read_text(encoding="utf-8")
            assert text.count(mistake["find"]) == 1
            path.write_text(text.replace(mistake["find"], mistake["replace"]), encoding="utf-8")
        # What lint and types look for beside the firmware.
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        (tmp_path / ".venv").symlink_to(ROOT / ".venv")
        return copy

    return patch


def complaints(firmware):
    """Return what lint and types have to say of a firmware tree: nothing."""
    folder = firmware.parent
    done = [run(["ruff", "check", "--no-cache", "firmware"], firmware, folder)]
    for port in PORTS:
        done.append(run(["pyright", "-p", f"firmware/pyright.{port}.json"], firmware, folder))
    return "".join(each.stdout for each in done if each.returncode)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_patch_fits_the_shipped_code_in_one_place(name):
    mistake = MISTAKES[name]
    shipped = (FIRMWARE / mistake["file"]).read_text(encoding="utf-8")
    assert shipped.count(mistake["find"]) == 1
    assert mistake["find"] != mistake["replace"]


def test_without_a_mistake_the_killing_tests_pass():
    tests = sorted({test for mistake in MISTAKES.values() for test in mistake["killed_by"]})
    done = pytest_on(FIRMWARE, tests)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_noticed_for_what_it_is(patched, name):
    mistake = MISTAKES[name]
    done = pytest_on(patched(name), mistake["killed_by"])
    assert done.returncode == 1, done.stdout
    for test in mistake["killed_by"]:
        assert f"FAILED {test}" in done.stdout
    assert mistake["shows"] in done.stdout


def test_all_mistakes_together_pass_lint_and_types(patched):
    assert complaints(patched(*MISTAKES)) == ""


@pytest.mark.skipif(not LONG, reason="all together pass in every profile, each alone in the long")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_passes_lint_and_types(patched, name):
    assert complaints(patched(name)) == ""


@pytest.mark.parametrize("name", PART)
def test_with_a_mistake_the_main_scenario_works(patched, name):
    main = MISTAKES[name].get("scenario", "window/wet_day.toml")
    done = run(["pinbench", "sim", f"tests/scenarios/{main}"], patched(name))
    assert done.returncode == 0, done.stdout
