"""The slot loader, as it ships, on the VM's own littlefs: what it starts, and what it survives."""

import json

import pytest

from pinbench.cuts.image import read_files
from pinbench.deploy import loader

pytestmark = pytest.mark.vm

BOOT = "run_file('/boot.py')\nrun_file('/main.py')\n"
REPL = "run_file('/boot.py')\n"
TRIAL = {
    "slot": "b",
    "state": "trial",
    "tries": 0,
    "max_tries": 3,
    "previous": "a",
    "health_s": 60,
}
TRIAL["id"] = "idb"
CONFIRMED = {**TRIAL, "state": "confirmed"}


class Board:
    """A device whose slots a and b hold the packages that a test gives them."""

    def __init__(self, lives):
        self.lives = lives
        lives.format()
        boot, main = loader.texts()
        self.write({"/boot.py": boot, "/main.py": main})

    def write(self, files):
        """Put files onto the flash, with their folders."""
        text = "import os\n"
        for path, data in files.items():
            for end in [i for i, char in enumerate(path) if char == "/" and i]:
                text += f"try: os.mkdir({path[:end]!r})\nexcept OSError: pass\n"
            text += f"with open({path!r}, 'w') as f: f.write({data!r})\n"
        life = self.lives.run(text)
        assert life.said == [], life.said

    def slot(self, name, main="print('runs', __name__)", **extra):
        """Fill a slot with a whole version whose main.py is `main`."""
        files = {"case/__init__.py": "", "case/main.py": f"name = {name!r}\n{main}\n", **extra}
        entries = {path: {"sha256": "", "bytes": len(data)} for path, data in files.items()}
        about = {"device": "case", "version": "1." + name, "id": "id" + name, "files": entries}
        files["manifest.json"] = json.dumps(about)
        self.write({f"/slots/{name}/{path}": data for path, data in files.items()})

    def active(self, record):
        """Write the record of the active slot, a dict or a text."""
        text = record if isinstance(record, str) else json.dumps(record)
        self.write({"/slots/active": text})

    @property
    def record(self):
        """The record as it stands, read outside the VM."""
        return json.loads(read_files(self.lives.image, self.lives.geometry)["/slots/active"])

    def boot(self, text=BOOT):
        return self.lives.run(text)


@pytest.fixture
def board(lives):
    return Board(lives)


def test_a_confirmed_version_starts_and_nothing_is_written(board):
    board.slot("a")
    board.slot("b")
    board.active(CONFIRMED)
    life = board.boot()
    assert life.said == ["slot b: case 1.b", "runs case.main"]
    assert life.operations == []


def test_its_folder_comes_first_in_the_path(board):
    board.write({"/part.py": "print('the root')", "/lib/part.py": "print('lib')"})
    board.slot("a", "import part, sys\nprint(sys.path[0])", **{"part.py": "print('the slot')"})
    board.active({**CONFIRMED, "slot": "a"})
    assert board.boot().said[1:] == ["the slot", "/slots/a"]


def test_a_trial_is_counted_before_anything_of_it_runs(board):
    board.slot("a")
    board.slot("b", "with open('/slots/active') as f: print(f.read())")
    board.active(TRIAL)
    life = board.boot()
    assert life.said[0] == "slot b: case 1.b, on trial"
    assert json.loads(life.said[1])["tries"] == board.record["tries"] == 1


def test_the_raw_repl_counts_nothing_and_starts_nothing(board):
    board.slot("a")
    board.slot("b")
    board.active(TRIAL)
    life = board.boot(REPL)
    assert (life.said, life.operations, life.ended) == ([], [], "")
    assert board.record == TRIAL


RAISES = [
    "raise ValueError('wrong')",
    "import nothing_like_it",
    "raise MemoryError",
    "import case.nothing",
    "x = (",  # does not even compile
    "{}['wiring']",
    "raise OSError(5)",
]


@pytest.mark.parametrize("main", RAISES)
def test_a_trial_that_raises_is_reset_and_goes_back_after_its_boots(board, main):
    board.slot("a")
    board.slot("b", main)
    board.active(TRIAL)
    for tries in (1, 2, 3):
        life = board.boot()
        assert life.ended == "reset"
        assert "Traceback" in life.said[-1] or "Error" in life.said[-1]
        assert board.record["tries"] == tries
    life = board.boot()
    assert life.said == [
        "slot a: back, since b was not confirmed",
        "slot a: case 1.a",
        "runs case.main",
    ]
    found = board.record
    assert (found["slot"], found["state"], found["previous"]) == ("a", "confirmed", None)
    assert (found["id"], found["failed"]) == ("ida", "idb")


def test_a_trial_that_is_never_well_goes_back_when_its_time_is_up(board):
    board.slot("a")
    board.slot("b", "import time\nwhile True: time.sleep_ms(1000)")
    board.active({**TRIAL, "health_s": 45})
    life = board.boot()
    assert life.ended == "reset"
    assert life.said[-1] == "slot a: back, since b was not confirmed"
    assert board.boot().said[0] == "slot a: case 1.a"


def test_a_trial_confirmed_in_time_is_left_alone(board):
    confirm = (
        "import json, time\nwith open('/slots/active') as f: record = json.load(f)\n"
        "record['state'] = 'confirmed'\n"
        "with open('/slots/active', 'w') as f: f.write(json.dumps(record))\n"
        "while True: time.sleep_ms(1000)"
    )
    board.slot("a")
    board.slot("b", confirm)
    board.active(TRIAL)
    assert board.boot().ended == "off"
    assert board.record["slot"] == "b"


def test_a_soft_reset_out_of_a_trial_counts_too(board):
    board.slot("a")
    board.slot("b", "import sys\nsys.exit()")
    board.active(TRIAL)
    assert [board.boot().ended for _ in range(4)] == ["exit", "exit", "exit", ""]
    assert board.record["slot"] == "a"


def test_a_confirmed_version_that_raises_leaves_the_repl(board):
    """As any main.py does; a watchdog that it had begun then resets the board."""
    board.slot("a")
    board.slot("b", "raise ValueError('wrong')")
    board.active(CONFIRMED)
    life = board.boot()
    assert life.ended == ""
    assert "ValueError: wrong" in life.said[-1]


def test_the_only_version_is_started_whatever_it_does(board):
    """There is nothing to go back to: no reset, no counting, and the REPL is reached."""
    board.slot("b", "raise ValueError('wrong')")
    board.active({**TRIAL, "previous": None})
    for _ in range(5):
        life = board.boot()
        assert (life.said[0], life.ended) == ("slot b: case 1.b", "")
        assert life.operations == []


DAMAGED = [
    "", "{", "[]", "null", "3", "{}", '{"slot": "c"}', '{"slot": 7}', "\x00" * 200, "[" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_record_is_as_good_as_none(board, text):
    board.slot("a")
    board.slot("b")
    board.active(text)
    assert board.boot().said[0] == "slot a: case 1.a"


def test_without_a_record_a_whole_slot_is_started(board):
    board.slot("b")
    assert board.boot().said == ["slot b: case 1.b", "runs case.main"]


@pytest.mark.parametrize("odd", [{"tries": None}, {"tries": "1"}, {"tries": 99}, {"max_tries": 0}])
def test_a_trial_with_an_odd_count_goes_back(board, odd):
    board.slot("a")
    board.slot("b")
    board.active({**TRIAL, **odd})
    assert board.boot().said[1] == "slot a: case 1.a"


_OVERWRITE = "with open('/slots/b/manifest.json', 'w') as f: f.write({!r})"
BROKEN = [
    "import os\nos.remove('/slots/b/manifest.json')",
    "import os\nos.remove('/slots/b/case/main.py')",
    "with open('/slots/b/case/main.py', 'a') as f: f.write('#')",
    _OVERWRITE.format('{"files": {}}'),
    _OVERWRITE.format('{"files": 3, "device": 4}'),
]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("record", [TRIAL, CONFIRMED])
def test_a_slot_that_is_not_whole_is_never_started(board, text, record):
    board.slot("a")
    board.slot("b")
    board.active(record)
    board.lives.run(text)
    assert board.boot().said == ["slot a: case 1.a", "runs case.main"]


def test_with_no_whole_version_there_is_the_repl(board):
    assert board.boot().said == ["slots: neither holds a whole version"]
    assert board.boot().ended == ""


def test_a_trial_that_cannot_be_counted_is_not_run(board):
    """The flash refuses the record: uncounted, the trial might be started for ever."""
    board.slot("a")
    board.slot("b")
    board.active(TRIAL)
    refuse = "import os\ndef rename(old, new): raise OSError(28)\nos.rename = rename\n"
    life = board.boot(refuse + BOOT)
    assert life.said[-2:] == ["slot a: case 1.a", "runs case.main"]
    assert board.record["tries"] == 0


def test_the_loader_is_small_and_says_its_version():
    boot, main = loader.texts()
    assert boot.startswith("# pinbench loader ")
    assert loader.version() == int(boot.split("\n")[0].split()[-1])
    assert main.strip().split("\n")[-1] == "start()"
    assert "from " not in boot.split('"""')[2].split("def ")[0]
