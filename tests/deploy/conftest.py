"""A small device whose flash takes a second, and boards to flash it onto."""

import shutil
from pathlib import Path

import pytest

from pinbench.board.definitions import load_board
from pinbench.cuts.lives import Lives, geometry
from pinbench.paths import BOARDS, FIRMWARE

MAIN = """\
import asyncio
from blink.words import WORD
from services import slots

class Health:
    well = True

class Log:
    def line(self, text):
        print(text)

async def main():
    print("blink says", WORD)
    asyncio.create_task(slots.confirm_when_well(Health(), Log(), lambda: True, 2))
    while True:
        await asyncio.sleep_ms(50)

asyncio.run(main())
"""


class Tree:
    """A firmware tree with the device `blink`, and the board file that wires it."""

    def __init__(self, folder):
        self.root = folder / "firmware"
        (self.root / "blink").mkdir(parents=True)
        shutil.copytree(
            FIRMWARE / "services",
            self.root / "services",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        self.write("blink/main.py", MAIN)
        self.write("blink/words.py", "WORD = 'one'\n")
        text = (BOARDS / "virtual.toml").read_text()
        self.board_file = folder / "virtual.toml"
        self.board_file.write_text(text + '[devices.blink.pins]\nled = "GP2"\n')

    def write(self, path, text):
        file = self.root / path
        if isinstance(text, bytes):
            file.write_bytes(text)
        else:
            file.write_text(text)
        return file

    def remove(self, path):
        (self.root / path).unlink()

    @property
    def board(self):
        return load_board(str(self.board_file))


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.fixture(scope="module")
def shared_tree(tmp_path_factory):
    return Tree(Path(tmp_path_factory.mktemp("tree")))


@pytest.fixture(scope="module")
def lives():
    """A VM whose flash is that of a Pico W; each life is a start of it."""
    with Lives(geometry("rpi_pico_w")) as lives:
        yield lives
