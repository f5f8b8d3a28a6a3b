"""The order of imports, and the common subset that both interpreters run."""

import ast
import json
import subprocess

import pytest

from pinbench.paths import FIRMWARE, ROOT
from pinbench.vm import binary

HOST = ROOT / "host_tools" / "pinbench"
DEVICES = sorted(p.parent.name for p in FIRMWARE.glob("*/main.py"))
# What MicroPython lacks, or has in another form than CPython.
NOT_COMMON = {"abc", "dataclasses", "enum", "functools", "re", "typing", "__future__"}


def host_only(path):
    """True for files of the simulator that only CPython runs; they say so in their docstring."""
    says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return "host only" in says.partition("\n")[0].lower()


def python_files(*folders):
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


COMMON = [
    path
    for path in python_files(HOST / "simulator", HOST / "chips", HOST / "worlds")
    if not host_only(path)
] + [HOST / "session.py"]


def imports(path):
    """Return the dotted names that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def breaches(paths, forbidden):
    """Return "file imports name" for each import that is `forbidden` or lies below it."""
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in sorted(imports(path))
        if any(name == root or name.startswith(root + ".") for root in forbidden)
    ]


def test_firmware_never_imports_host_tools():
    assert breaches(python_files(FIRMWARE), ["pinbench", "host_tools", "firmware"]) == []


def test_drivers_know_no_device_no_board_no_policy():
    drivers = python_files(FIRMWARE / "drivers")
    assert drivers
    assert breaches(drivers, [*DEVICES, "services", "wiring"]) == []


def test_services_know_no_device():
    assert breaches(python_files(FIRMWARE / "services"), DEVICES) == []


def test_devices_do_not_know_each_other():
    for device in DEVICES:
        others = [other for other in DEVICES if other != device]
        assert breaches(python_files(FIRMWARE / device), others) == []


# A core decides; it has no I/O and no clock. Whatever else a device's folder needs is its shell.
SHELL_ONLY = ("machine", "time", "asyncio", "os", "select", "wiring", "drivers", "services", "rp2")
SHELLS = {"main.py", "climate.py", "motor.py", "panel.py", "reader.py", "store.py"}
SHELLS.add("forecast_shipped.py")  # loads the weights' modules, and drops them
SHELLS.add("alerts.py")  # plays patterns on the buzzer and the motor


def test_cores_are_pure():
    cores = [
        path
        for device in DEVICES
        for path in python_files(FIRMWARE / device)
        if path.name not in SHELLS
    ]
    assert breaches(cores, SHELL_ONLY) == []
    assert [str(path) for path in cores if "open(" in path.read_text(encoding="utf-8")] == []


# The simulator knows chips and worlds by name in wiring and job only.
def test_simulator_imports_neither_chips_nor_worlds():
    found = breaches(python_files(HOST / "simulator"), ["pinbench"])
    assert [line for line in found if " imports pinbench.simulator" not in line] == []


def test_chips_import_nothing_but_the_simulator():
    found = breaches(python_files(HOST / "chips"), ["pinbench", "drivers"])
    allowed = (" imports pinbench.chips", " imports pinbench.simulator")
    assert [line for line in found if not any(a in line for a in allowed)] == []


def test_worlds_import_chips_and_the_simulator_only():
    found = breaches(python_files(HOST / "worlds"), ["pinbench", "drivers"])
    allowed = tuple(f" imports pinbench.{part}" for part in ("worlds", "chips", "simulator"))
    assert [line for line in found if not any(a in line for a in allowed)] == []


def test_only_evaluate_imports_firmware_on_the_host():
    paths = [p for p in python_files(HOST) if HOST / "evaluate" not in p.parents]
    assert breaches(paths, [*DEVICES, "drivers", "services"]) == []


def test_chips_package_imports_nothing():
    assert (HOST / "chips" / "__init__.py").read_text() == ""


@pytest.mark.parametrize("path", COMMON, ids=lambda path: str(path.relative_to(HOST)))
def test_common_subset_imports_only_what_both_have(path):
    roots = {name.partition(".")[0] for name in imports(path)}
    assert roots & NOT_COMMON == set()


@pytest.mark.vm
def test_both_interpreters_can_read_the_common_subset_and_the_firmware():
    paths = [str(path) for path in [*COMMON, *python_files(FIRMWARE)]]
    program = (
        "import json, sys\n"
        "for path in json.loads(sys.stdin.read()):\n"
        "    try:\n"
        "        with open(path) as f: compile(f.read(), path, 'exec')\n"
        "    except SyntaxError as e: print(path, e)\n"
    )
    done = subprocess.run(
        [binary(), "-X", "heapsize=64M", "-c", program],
        input=json.dumps(paths), capture_output=True, text=True, timeout=60, check=True,
    )
    assert done.stdout == ""
