"""Firmware and host code with a seeded mistake, in place of what ships."""

import contextlib
import tomllib
import types
from pathlib import Path
from unittest.mock import patch

from pinbench.cuts import flash_story
from pinbench.deploy import loader, snippets
from pinbench.paths import ROOT

FOLDER = Path(__file__).parent / "mistakes"
MISTAKES = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.toml"))
}
_HOST = "host_tools/pinbench/deploy/flash.py"
_DEVICE = "host_tools/pinbench/deploy/device"


@contextlib.contextmanager
def made(name, folder):
    """While it lasts, stories use copies below `folder` that have the mistake `name`."""
    texts = {}
    for source in ("firmware/boot/boot.py", _HOST):
        texts[source] = (ROOT / source).read_text(encoding="utf-8")
    for part in ("firmware/services", _DEVICE):
        for path in (ROOT / part).glob("*.py"):
            texts[f"{part}/{path.name}"] = path.read_text(encoding="utf-8")
    for change in MISTAKES[name]["patch"]:
        text = texts[change["file"]]
        assert text.count(change["find"]) == 1, (change["file"], change["find"])
        texts[change["file"]] = text.replace(change["find"], change["replace"])
    for source, text in texts.items():
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    host = types.ModuleType("mistaken_flash")
    exec(compile(texts[_HOST], _HOST, "exec"), vars(host))
    with (
        patch.object(flash_story, "FIRMWARE", folder / "firmware"),
        patch.object(flash_story, "deploy", host),
        patch.object(loader, "BOOT", folder / "firmware" / "boot" / "boot.py"),
        patch.object(snippets, "DEVICE", folder / _DEVICE),
    ):
        flash_story.source.cache_clear()
        yield
    flash_story.source.cache_clear()
