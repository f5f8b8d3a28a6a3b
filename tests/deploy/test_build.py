"""What a build holds: what the device imports and nothing else, the same bytes every time."""

import json

import pytest

from pinbench.board.definitions import load_board
from pinbench.deploy import imports, manifest
from pinbench.deploy.build import build, compile_all, mpy_versions
from pinbench.errors import BoardError, PinbenchError
from pinbench.paths import FIRMWARE


def traced(tree):
    return set(imports.trace(tree.root, "blink"))


def test_only_what_main_imports_is_sent(tree):
    tree.write("blink/unused.py", "NOBODY = 1\n")
    found = traced(tree)
    assert {"blink/main.py", "blink/words.py", "services/slots.py"} <= found
    assert "blink/unused.py" not in found
    assert "services/journal.py" not in found


def test_an_import_inside_a_function_is_followed(tree):
    tree.write("blink/late.py", "X = 1\n")
    tree.write("blink/words.py", "WORD = 'x'\ndef f():\n    from blink import late\n")
    assert "blink/late.py" in traced(tree)


def test_a_computed_name_brings_all_that_it_may_mean(tree):
    for name in ("table_a", "table_b", "other"):
        tree.write(f"blink/{name}.py", "X = 1\n")
    tree.write("blink/words.py", "WORD = 1\ndef f(x):\n    __import__('blink.table_' + x)\n")
    found = traced(tree)
    assert {"blink/table_a.py", "blink/table_b.py"} <= found
    assert "blink/other.py" not in found


def test_a_data_file_that_a_module_names_comes_along(tree):
    tree.write("blink/tables.bin", bytes(range(256)))
    tree.write("blink/notes.md", "not for the board")
    tree.write("blink/words.py", "WORD = open(__file__[:-9] + 'tables.bin')\n")
    made = build(tree.board, "blink", root=tree.root)
    assert made.files["blink/tables.bin"] == bytes(range(256))
    assert "blink/notes.md" not in made.files


def test_a_package_brings_its_init(tree):
    tree.write("blink/__init__.py", "")
    assert "blink/__init__.py" in traced(tree)


@pytest.mark.parametrize(
    "line", ["import blink.gone", "from blink.gone import X", "from services.gone import Y"]
)
def test_a_missing_module_is_named_before_anything_is_sent(tree, line):
    tree.write("blink/words.py", line + "\nWORD = 1\n")
    with pytest.raises(PinbenchError, match=r"blink/words.py imports \w+\.gone"):
        traced(tree)


def test_an_unknown_device_is_one_sentence():
    with pytest.raises(PinbenchError, match="no device 'windov'.*window"):
        imports.trace(FIRMWARE, "windov")


def test_every_module_of_the_window_that_it_imports_is_in_its_build():
    made = build(load_board("virtual"), "window")
    assert {"window/main.mpy", "wiring.mpy"} <= set(made.files)
    assert not [name for name in made.files if name.startswith(("airbag", "kiosk", "boot"))]


def test_the_same_sources_give_the_same_id(tree):
    one = build(tree.board, "blink", root=tree.root)
    two = build(tree.board, "blink", root=tree.root)
    assert one.text == two.text
    assert one.files == two.files
    tree.write("blink/words.py", "WORD = 'two'\n")
    assert build(tree.board, "blink", root=tree.root).manifest["id"] != one.manifest["id"]


def test_a_syntax_error_is_told_with_its_file_and_line(tree):
    tree.write("blink/words.py", "WORD = (\n")
    with pytest.raises(PinbenchError, match="blink/words.py line 1"):
        build(tree.board, "blink", root=tree.root)


def test_what_only_mpy_cross_refuses_is_told_with_its_file():
    with pytest.raises(PinbenchError, match="a.py does not compile: .*line 1 SyntaxError"):
        compile_all({"a.py": b"def f(x, /): pass\n"}, "armv6m")


def test_native_code_is_noticed_as_such():
    source = b"import micropython\n@micropython.native\ndef f(x):\n    return x + 1\n"
    assert mpy_versions(compile_all({"a.py": source}, "armv6m"))[1] == 4
    assert mpy_versions(compile_all({"a.py": b"X = 1\n"}, "armv6m"))[1] == 0


@pytest.mark.parametrize("live", [False, True])
def test_wiring_says_whether_outputs_that_hurt_may_be_driven(tree, live):
    made = build(tree.board, "blink", live, tree.root)
    names = {}
    exec(made.sources["wiring.py"], names)
    assert names["LIVE"] is live
    assert made.manifest["live"] is live
    assert names["PINS"] == {"led": 2}


def test_a_wiring_override_moves_a_pin_and_is_checked(tree):
    moved = tree.board.overridden("blink", {"pins": {"led": "GP3"}})
    assert moved.wiring("blink")["pins"] == {"led": 3}
    assert tree.board.wiring("blink")["pins"] == {"led": 2}
    with pytest.raises(BoardError, match="GP99"):
        tree.board.overridden("blink", {"pins": {"led": "GP99"}}).wiring("blink")
    with pytest.raises(BoardError, match="must be a table"):
        tree.board.overridden("blink", {"pins": "GP3"})


# -- the manifest


def made_manifest():
    return manifest.make(
        {"a/b.mpy": b"M\6"}, device="d", board="b", version="1", commit="c", mpy=[6, 0],
        live=False, loader=1,
    )


def test_a_manifest_vouches_for_itself():
    table = made_manifest()
    assert manifest.check(json.loads(manifest.canonical(table))) == table


@pytest.mark.parametrize(
    "change",
    [
        {"id": "0" * 64},
        {"device": 5},
        {"live": 1},
        {"format": 2},
        {"files": {"../boot.py": {"sha256": "0" * 64, "bytes": 1}}},
        {"files": {"/x": {"sha256": "0" * 64, "bytes": 1}}},
        {"files": {"x": {"sha256": "zz", "bytes": 1}}},
        {"files": {"x": {"sha256": "0" * 64, "bytes": "1"}}},
        {"files": {"x": None}},
    ],
)
def test_a_manifest_that_was_changed_is_refused(change):
    table = {**made_manifest(), **change}
    if "files" in change:
        table["id"] = manifest.identify(table)
    with pytest.raises(PinbenchError, match="manifest"):
        manifest.check(table)


@pytest.mark.parametrize("table", [None, [], "x", 3, {}])
def test_what_is_no_manifest_is_refused(table):
    with pytest.raises(PinbenchError, match="manifest"):
        manifest.check(table)
