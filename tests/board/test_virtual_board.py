"""The virtual board under the real mpremote, command by command, and what it must survive."""

import hashlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pinbench.board.virtual import BAUD_115200, VirtualBoard
from pinbench.cuts.image import read_files
from pinbench.cuts.lives import geometry
from pinbench.errors import UsageError
from pinbench.paths import ROOT

pytestmark = [pytest.mark.vm, pytest.mark.long]

MPREMOTE = str(Path(sys.executable).parent / "mpremote")
PINBENCH = str(Path(sys.executable).parent / "pinbench")
LIMIT_S = 15


@pytest.fixture
def image(tmp_path):
    return tmp_path / "board.img"


@pytest.fixture
def board(image):
    with VirtualBoard(image=image) as board:
        yield board


@pytest.fixture
def tree(tmp_path):
    """A folder with a folder in it, as a device's sources are."""
    folder = tmp_path / "app"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.py").write_text("NAME = 'a'\n" * 20)
    (folder / "inner" / "b.bin").write_bytes(bytes(range(256)) * 4)
    return folder


def mpremote(board, *words, timeout_s=LIMIT_S):
    """Run mpremote as a user does; returns what it printed, fails with its error."""
    done = start(board, *words)
    out, err = done.communicate(timeout=timeout_s)
    assert done.returncode == 0, (words, out, err)
    return out


def start(board, *words):
    port = getattr(board, "port", board)
    return subprocess.Popen(
        [MPREMOTE, "connect", port, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files_of(image):
    """Return path -> bytes of a LittleFS image, read outside the board; it must be whole."""
    return read_files(Path(image).read_bytes(), geometry("rpi_pico_w"))


# -- what users do


def test_exec_and_run(board, tmp_path):
    script = tmp_path / "hello.py"
    script.write_text("import sys\nprint('hello from', sys.platform)\n")
    assert mpremote(board, "exec", "print(6 * 7)").strip() == "42"
    assert mpremote(board, "run", script).strip() == "hello from rp2"


def test_files_come_and_go(board, tree, image):
    mpremote(board, "fs", "cp", "-r", tree, ":")
    assert "app/" in mpremote(board, "fs", "ls")
    assert "b.bin" in mpremote(board, "fs", "tree")
    digest = hashlib.sha256((tree / "inner" / "b.bin").read_bytes()).hexdigest()
    assert digest in mpremote(board, "fs", "sha256sum", ":app/inner/b.bin")
    assert "Up to date" in mpremote(board, "fs", "cp", "-r", tree, ":")
    assert "868352" in mpremote(board, "df")
    mpremote(board, "fs", "rm", ":app/a.py")
    assert "a.py" not in mpremote(board, "fs", "ls", ":app")
    assert set(files_of(image)) == {"/app/inner/b.bin"}


def test_mip_installs_a_local_package(board, tmp_path):
    (tmp_path / "tiny.py").write_text("ANSWER = 42\n")
    (tmp_path / "package.json").write_text('{"urls": [["tiny.py", "tiny.py"]], "version": "1"}')
    mpremote(board, "mip", "install", "--no-mpy", tmp_path / "package.json")
    assert mpremote(board, "exec", "import tiny; print(tiny.ANSWER)").strip() == "42"


def test_a_mounted_folder_is_imported_from(board, tmp_path):
    # Every byte value passes both ways, Ctrl-C among them.
    (tmp_path / "every.bin").write_bytes(bytes(range(256)) * 8)
    code = "print(sum(open('every.bin', 'rb').read()))"
    assert mpremote(board, "mount", tmp_path, "exec", code).split()[-1] == str(255 * 128 * 8)


def test_a_soft_reset_runs_boot_but_not_main_in_the_raw_repl(board):
    mpremote(board, "exec", "open('boot.py', 'w').write('print(\"booting\")')")
    mpremote(board, "exec", "open('main.py', 'w').write('print(\"working\")')")
    board.do(lambda: setattr(board._supervisor, "printed", b""))
    mpremote(board, "soft-reset")
    printed = board.do(lambda: board._supervisor.printed)
    assert b"soft reboot" in printed and b"booting" in printed and b"working" not in printed
    mpremote(board, "reset")
    board.wait_for("working")
    assert board.resets[-1] == "reset"


def test_the_repl_through_a_terminal(board):
    """mpremote's own repl, typed at: a line, Ctrl-C, paste mode, Ctrl-D, Ctrl-]."""
    pid, terminal = pty.fork()
    if not pid:
        os.execv(MPREMOTE, [MPREMOTE, "connect", board.port, "repl"])
    try:
        expect(terminal, b"Ctrl-x to exit this shell")
        os.write(terminal, b"\r")
        expect(terminal, b">>> ")
        os.write(terminal, b"6 * 7\r")
        expect(terminal, b"42")
        os.write(terminal, b"while True: pass\r\r")
        time.sleep(0.1)
        os.write(terminal, b"\x03")
        expect(terminal, b"KeyboardInterrupt")
        os.write(terminal, b"\x05print('pas' + 'ted')\r\x04")
        expect(terminal, b"pasted")
        os.write(terminal, b"\x04")
        expect(terminal, b"soft reboot")
        expect(terminal, b"Raspberry Pi Pico W")
        os.write(terminal, b"\x1d")
        end_s = time.monotonic() + 5
        while time.monotonic() < end_s and not os.waitpid(pid, os.WNOHANG)[0]:
            time.sleep(0.02)
        pid = 0
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)


def expect(terminal, text, timeout_s=5):
    seen = b""
    end_s = time.monotonic() + timeout_s
    while text not in seen:
        assert time.monotonic() < end_s, (text, seen)
        if select.select([terminal], [], [], 0.05)[0]:
            seen += os.read(terminal, 1024)


def test_the_tcp_port_is_the_same_board(image):
    with VirtualBoard(image=image, tcp_port=0) as board:
        mpremote(board, "exec", "open('x', 'w').write('1')")
        assert mpremote(f"socket://127.0.0.1:{board.tcp_port}", "fs", "ls").split()[-1] == "x"


def test_a_slow_line_takes_its_time(image):
    with VirtualBoard(image=image, pace=BAUD_115200) as board:
        board.count_from_here()
        began_s = time.monotonic()
        mpremote(board, "exec", "print('x' * 8000)")
        took_s = time.monotonic() - began_s
        counters = board.counters
        assert counters.to_host > 8000
        assert took_s > counters.to_host / BAUD_115200


# -- hardware


def test_the_heap_is_the_boards(board):
    free = int(mpremote(board, "exec", "import gc; gc.collect(); print(gc.mem_free())"))
    assert abs(free - board.heap[0]) < 6000


def test_callbacks_come_while_code_runs_and_while_the_prompt_waits(board):
    code = (
        "import machine\n"
        "n = [0]\n"
        "def tick(t): n[0] += 1\n"
        "t = machine.Timer(period=10, callback=tick)\n"
        "while n[0] < 5: pass\n"
        "print('enough')\n"
        "def late(t): print('at the prompt')\n"
        "t.init(period=400, mode=machine.Timer.ONE_SHOT, callback=late)\n"
    )
    assert mpremote(board, "exec", code).strip() == "enough"
    board.wait_for("at the prompt")


def test_chips_and_world_are_there(image):
    with VirtualBoard(image=image, device="window") as board:
        code = (
            "from machine import I2C, Pin\n"
            "bus = I2C(0, scl=Pin(5), sda=Pin(4), freq=100000)\n"
            "b = bytearray(1)\n"
            "bus.readfrom_mem_into(0x77, 0, b)\n"
            "print(bus.scan(), b)\n"
        )
        assert mpremote(board, "exec", code).split("\n")[0].strip() == (
            "[64, 68, 69, 119] bytearray(b'`')"
        )


def test_pins_keep_their_level_over_a_soft_reset_only(board):
    mpremote(board, "exec", "from machine import Pin; Pin(3, Pin.OUT, value=1)")
    level = board.bench.kernel.net("GP3").read
    mpremote(board, "soft-reset")
    assert board.do(level) == 1
    assert mpremote(board, "exec", "from machine import Pin; print(Pin(3).value())").strip() == "1"
    board.hard_reset()
    assert board.do(lambda: board.bench.pad(3).mode) == 0


def test_a_failing_boot_skips_main_and_leaves_the_prompt(board):
    code = "with open('%s.py', 'w') as f: f.write('%s')"
    mpremote(board, "exec", code % ("boot", "1/0"))
    mpremote(board, "exec", code % ("main", "print(1 + 2 * 1000)"))
    board.hard_reset()
    board.wait_for("ZeroDivisionError")
    board.wait_for(">>> ")
    assert b"2001" not in board._supervisor.printed
    assert b"vmside" not in board._supervisor.printed


def test_the_watchdog_bites_in_the_middle_of_a_copy(image, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(40_000))
    with VirtualBoard(image=image, pace=BAUD_115200) as board:
        mpremote(board, "exec", "import machine; machine.WDT(timeout=1500)")
        copy = start(board, "fs", "cp", big, ":")
        board.wait_until(lambda: "watchdog" in board.resets, 8)
        copy.kill()
        copy.communicate(timeout=LIMIT_S)
        board.wait_for(">>> ")
        code = "import machine; print(machine.reset_cause() == machine.WDT_RESET)"
        assert mpremote(board, "exec", code).strip() == "True"
    assert all(len(data) < len(big.read_bytes()) for data in files_of(image).values())


# -- what it must survive

COUNT = (
    "import os\nn = 0\nwhile True:\n with open('new', 'w') as f: f.write(str(n))\n"
    " os.rename('new', 'n')\n n += 1\n"
)


def test_a_killed_vm_loses_nothing_that_was_acknowledged(board, image):
    mpremote(board, "exec", "open('kept', 'w').write('before')")
    writer = start(board, "exec", COUNT)
    board.wait_until(lambda: board.counters.operations > 40)
    board.kill()
    board.wait_until(lambda: board.resets and board.resets[-1] == "power")
    writer.kill()
    writer.communicate(timeout=LIMIT_S)
    files = files_of(image)
    assert files["/kept"] == b"before"
    assert files["/n"].isdigit()
    assert mpremote(board, "exec", "print(open('kept').read())").strip() == "before"


def test_a_killed_supervisor_leaves_a_whole_image_and_no_vm(image):
    command = [PINBENCH, "board", "--image", str(image)]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert host.stdout is not None
    port = host.stdout.readline().strip()
    code = COUNT + " if n == 9: print('nine')\n"
    writer = start(port, "exec", code)
    assert writer.stdout is not None
    assert writer.stdout.readline().strip() == "nine"
    host.kill()
    host.wait(LIMIT_S)
    host.stdout.close()
    writer.kill()
    writer.communicate(timeout=LIMIT_S)
    assert int(files_of(image)["/n"]) >= 8


CUTS = [(n, mode, 100 + n) for n in (1, 2, 4) for mode in ("before", "prefix", "mix", "after")]


def test_a_cut_at_any_operation_leaves_old_or_new(board, image):
    """The rename of a written file: whole before it, whole after it."""
    write = (
        "import os\nwith open('new', 'w') as f: f.write('%s' * 700)\nos.rename('new', 'it')\n"
    )
    mpremote(board, "exec", write % "a")
    for n, mode, detail in CUTS:
        resets = len(board.resets)
        board.cut_at(n, mode, detail)
        writer = start(board, "exec", write % "b")
        board.wait_until(
            lambda n=resets, w=writer: "power" in board.resets[n:] or w.poll() is not None, 8
        )
        writer.kill()
        writer.communicate(timeout=LIMIT_S)
        board.do(board.flash.cut_off)
        board.wait_until(lambda: board.booted)
        assert files_of(image)["/it"] in (b"a" * 700, b"b" * 700), (n, mode)


def test_nothing_is_written_after_a_cut(board):
    board.cut_at(2, "before", off_ms=200)
    ops = board.counters.operations
    code = "try:\n  with open('x', 'w') as f: f.write('1')\nfinally:\n  open('y', 'w').close()\n"
    writer = start(board, "exec", code)
    board.wait_until(lambda: "power" in board.resets, 5)
    assert board.counters.operations == ops + 1
    writer.kill()
    writer.communicate(timeout=LIMIT_S)


def test_the_cable_is_pulled_in_the_middle_of_a_copy(image, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(20_000))
    with VirtualBoard(image=image, pace=BAUD_115200) as board:
        copy = start(board, "fs", "cp", big, ":")
        board.wait_until(lambda: board.counters.to_board > 6000, 8)
        board.unplug()
        copy.communicate(timeout=LIMIT_S)
        assert copy.returncode != 0
        assert not os.path.exists(board.port)
        board.plug()
        assert mpremote(board, "exec", "print(1)").strip() == "1"
    assert "/big.bin" not in files_of(image) or len(files_of(image)["/big.bin"]) < 20_000


def test_an_image_of_another_board_is_refused(tmp_path):
    (tmp_path / "small.img").write_bytes(bytes(4096))
    with pytest.raises(UsageError, match="4096 bytes"):
        VirtualBoard(image=tmp_path / "small.img")
