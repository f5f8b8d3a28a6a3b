"""Which board is meant: one sentence when there is none, or more than one."""

import fcntl
import tempfile

import pytest

from pinbench import cli
from pinbench.deploy import ports
from pinbench.deploy.link import Link
from pinbench.errors import UsageError


@pytest.fixture
def boards(tmp_path, monkeypatch):
    """Make virtual boards that live, or have been killed, in a temporary folder of their own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ports, "real_boards", lambda: [])
    held = []

    def make(name, alive=True):
        folder = tmp_path / f"pinbench-{name}"
        folder.mkdir()
        (folder / "port").symlink_to("/dev/null")
        lock = open(folder / "lock", "wb")
        if alive:
            fcntl.flock(lock, fcntl.LOCK_EX)
            held.append(lock)
        else:
            lock.close()
        return str(folder / "port")

    yield make
    for lock in held:
        lock.close()


def test_a_named_port_is_taken_as_it_is(boards):
    assert ports.find("/dev/ttyACM7") == "/dev/ttyACM7"


def test_auto_is_the_only_board(boards):
    port = boards("one")
    assert ports.find("auto") == port
    assert ports.find("auto", virtual=True) == port


def test_auto_without_a_board_says_what_to_do(boards):
    with pytest.raises(UsageError, match="no board was found"):
        ports.find("auto")
    with pytest.raises(UsageError, match="pinbench board"):
        ports.find("auto", virtual=True)


def test_auto_with_several_names_them(boards, monkeypatch):
    one = boards("one")
    monkeypatch.setattr(ports, "real_boards", lambda: ["/dev/ttyACM0"])
    with pytest.raises(UsageError, match=f"2 boards.*{one}.*ttyACM0.*--port"):
        ports.find("auto")
    assert ports.find("auto", virtual=False) == "/dev/ttyACM0"


def test_a_killed_boards_terminal_is_never_written_to(boards):
    """Its link is left behind, and may lead to a terminal of another program by now."""
    boards("dead", alive=False)
    with pytest.raises(UsageError, match="no board"):
        ports.find("auto")


@pytest.mark.parametrize(
    "argv, words",
    [
        (["flash", "window", "--board", "virtual", "--port", "/dev/not-there"], "no board at"),
        (["flash", "window", "--board", "piko", "--port", "/dev/null"], "no board 'piko'"),
        (["flash", "window"], "--board"),
        (["rollback", "--port", "/dev/not-there"], "no board at"),
        (["monitor", "--port", "/dev/not-there", "--seconds", "1"], "no board at"),
        (["settings", "get", "--port", "/dev/not-there"], "no board at"),
        (["settings", "set", "--port", "/dev/not-there"], "NAME=VALUE"),
        (["settings", "import", "/not/there.toml", "--port", "/dev/null"], "no /not/there.toml"),
        (["firmware", "/not/there.uf2", "--board", "rpi_pico_w"], "no /not/there.uf2"),
        (["flash", "window", "--board", "virtual", "--port", "socket://127.0.0.1:9"], "connected"),
    ],
)
def test_wrong_use_is_one_sentence(argv, words, capsys):
    assert cli.run(argv) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1 and "Traceback" not in err


def test_a_file_is_no_serial_port(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(UsageError, match="busy or no serial port"):
        Link(str(path)).open()
