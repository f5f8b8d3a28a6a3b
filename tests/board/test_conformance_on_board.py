"""The checklist on a board: rows, and what a board may do in the middle of one."""

import json
import socket
import threading
import time

import pytest

from pinbench import cli
from pinbench.board.definitions import load_board, names
from pinbench.board.virtual import VirtualBoard
from pinbench.conformance import link, on_board, suite
from pinbench.errors import PinbenchError, UsageError

pytestmark = [pytest.mark.vm, pytest.mark.long]


@pytest.fixture(scope="module")
def board():
    with VirtualBoard() as board:
        yield board


@pytest.fixture
def shell(board):
    """Runs a text on the board and gives what it printed; what it wrote is removed afterwards."""
    made = link.Link(board.port)
    written = []

    def write(path, text):
        folder = ""
        made.enter()
        for part in path.strip("/").split("/")[:-1]:
            folder += "/" + part
            text_ = f"import os\ntry:\n    os.mkdir({folder!r})\nexcept OSError:\n    pass"
            made.run(text_, 5)
        said = made.run(f"with open({path!r}, 'w') as file:\n    file.write({text!r})", 5)
        assert "Error" not in said, said
        written.append(path)

    yield write
    made.enter()
    for path in written:
        made.run(f"import os\nos.remove({path!r})", 5)
    made.close()


def items(folder, body, *ids, carriers="kernel"):
    """Write a file of items and return them in the order named."""
    table = {name: ("both", carriers, ()) for name in ids}
    (folder / "made.py").write_text(f"ITEMS = {table!r}\n\n{body}")
    found = {item.name: item for item in suite.collect(folder)}
    return [found[name] for name in ids]


def play(board, wanted, wiring=None):
    return {row.id: (row.state, row.why) for row in on_board.run(wanted, board.port, wiring)}


def test_the_command_plays_items_on_a_board_and_names_what_it_skips(board, tmp_path, capsys):
    wiring = tmp_path / "wiring.toml"
    wiring.write_text("pins = [14, 15]\n")
    ids = ["AIO-07", "NUM-13", "NUM-01", "PIN-03", "PIN-09", "PIN-15", "RST-11", "SPI-01"]
    code = cli.run(["conformance", *ids, "--port", board.port, "--wiring", str(wiring), "--json"])
    rows = {r["id"]: (r["state"], r["why"]) for r in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["AIO-07"] == rows["NUM-13"] == rows["PIN-03"] == ("held", "")
    assert rows["RST-11"] == ("held", "")  # what RTC lacks on rp2 is missing here as well
    assert rows["NUM-01"] == ("skipped", "its floats are double")
    assert rows["PIN-15"] == ("skipped", "not an item of rp2")
    state, why = rows["SPI-01"]
    assert state == "skipped" and why.startswith("needs the wire ")
    assert code == 0


TROUBLE = '''
import sys

def X_01(board):
    """It resets, always."""
    import machine
    machine.reset()

def X_02(board):
    while True:
        pass

def X_03(board):
    """Noise, with the very bytes by which the REPL marks the ends."""
    for n in range(200):
        print(chr(4) + chr(4) + "OK" + chr(n) * 5 + "=ITEM hel" + "raw REPL no", end="")

def X_04(board):
    board.save("x")
    assert board.load() == "x"

def X_05(board):
    """It resets once, and remembers."""
    if board.phase == 0:
        board.save("before")
        import machine
        machine.reset()
    assert board.phase == 1 and board.load() == "before"

def X_06(board):
    """Its task and its timer must not run on into the next item."""
    from machine import Timer
    Timer(-1).init(period=5, callback=lambda t: print("=ITEM failed from another item"))

def X_08(board):
    """A soft reset ends the code that asks for it without a word (RST-21)."""
    if board.phase == 0:
        import machine
        machine.soft_reset()
    assert board.phase == 1

def X_07(board):
    from time import sleep_ms
    sleep_ms(100)
    assert "Timer" not in globals()
'''


def test_a_board_that_resets_hangs_or_prints_noise_costs_one_row_each(
    board, tmp_path, monkeypatch
):
    monkeypatch.setattr(on_board, "ITEM_S", 2.5)
    wanted = items(tmp_path, TROUBLE, *[f"X_0{n}" for n in range(1, 9)])
    start = time.monotonic()
    rows = play(board, wanted)
    assert time.monotonic() - start < 25
    assert rows["X-01"] == ("failed", "the board reset 8 times")
    state, why = rows["X-02"]
    assert state == "failed" and why.startswith("the board hangs")
    assert rows["X-03"][0] == "failed" and rows["X-03"][1]
    for good in ("X-04", "X-05", "X-06", "X-07", "X-08"):
        assert rows[good] == ("held", ""), good


SLOW = """
def X_01(board):
    from time import sleep_ms
    sleep_ms(700)

def X_02(board):
    pass
"""


@pytest.mark.parametrize("trouble", ["power_cut", "unplug", "kill"])
def test_trouble_from_outside_in_the_middle_of_an_item(board, tmp_path, trouble):
    """The item is begun again as after any reset, and the next one follows."""
    wanted = items(tmp_path, SLOW, "X_01", "X_02")

    def happen():
        if trouble == "unplug":
            board.unplug()
            time.sleep(0.5)
            board.plug()
        elif trouble == "power_cut":
            board.power_cut(off_ms=200)
        else:
            board.kill()

    timer = threading.Timer(0.9, happen)
    timer.start()
    try:
        rows = play(board, wanted)
    finally:
        timer.join()
    assert rows == {"X-01": ("held", ""), "X-02": ("held", "")}


def test_a_board_that_never_comes_back_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(link, "REBOOT_S", 0.5)
    monkeypatch.setattr(on_board, "ITEM_S", 1.0)
    body = "".join(f"def X_0{n}(board):\n    while True:\n        pass\n" for n in range(1, 8))
    wanted = items(tmp_path, body, *[f"X_0{n}" for n in range(1, 8)])
    with VirtualBoard() as mortal:
        threading.Timer(1.0, mortal.unplug).start()
        start = time.monotonic()
        rows = play(mortal, wanted)
        assert time.monotonic() - start < 10
    assert [state for state, _ in rows.values()] == ["failed"] * 7
    assert rows["X-07"][1] == "the board is gone"


@pytest.mark.parametrize("say", [b"", b"\x04\x04OK>raw REPL \xff\x00" * 20])
def test_what_is_no_board_is_one_sentence(monkeypatch, capsys, say):
    """Silence, or noise without end."""
    monkeypatch.setattr(link, "REBOOT_S", 1.0)
    monkeypatch.setattr(link, "ENTER_S", 0.4)
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.settimeout(0.05)
                while not over.is_set():
                    try:
                        if say:
                            client.sendall(say)
                        client.recv(1000)
                    except TimeoutError:
                        continue
                    except OSError:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    start = time.monotonic()
    port = f"socket://127.0.0.1:{server.getsockname()[1]}"
    assert cli.run(["conformance", "NUM-13", "--port", port]) == 1
    over.set()
    server.close()
    assert time.monotonic() - start < 6
    said = capsys.readouterr().err
    assert said.startswith(f"pinbench: the board at {port} does not answer") and "\n" == said[-1]
    assert said.count("\n") == 1


def test_a_live_board_is_refused(board, shell):
    manifest = {"device": "airbag", "version": "1", "live": True, "files": {}}
    shell("/slots/active", json.dumps({"slot": "b", "state": "confirmed"}))
    shell("/slots/b/manifest.json", json.dumps(manifest))
    with pytest.raises(UsageError, match="is live \\(slot b\\)"):
        on_board.run([], board.port, None)
    shell("/slots/b/manifest.json", json.dumps(manifest | {"live": False}))
    assert on_board.run([], board.port, None) == []


def test_a_dangerous_pin_is_refused(board, shell, tmp_path, capsys):
    shell("/slots/active", json.dumps({"slot": "a", "state": "confirmed"}))
    shell("/slots/a/wiring.py", "PINS = {'motor_in1': 10, 'led': 25}\n")
    wiring = tmp_path / "wiring.toml"
    wiring.write_text("pins = [14, 10]\n")
    assert cli.run(["conformance", "PIN-03", "--port", board.port, "--wiring", str(wiring)]) == 2
    assert "puts pins on GPIO 10, which is motor_in1" in capsys.readouterr().err
    wiring.write_text("pins = [25]\n")
    assert cli.run(["conformance", "PIN-14", "--port", board.port, "--wiring", str(wiring)]) == 0


@pytest.mark.parametrize(
    "wires",
    [{"pins": [3]}, {"pair": [1, 3]}, {"i2c": {"id": 3, "scl": 3, "sda": 2}}, {"adc": 3}],
)
@pytest.mark.parametrize("role", ["arm", "fire", "motor_in1", "eject", "solenoid_3"])
def test_every_form_of_a_wire_is_looked_at(wires, role):
    with pytest.raises(UsageError, match=f"GPIO 3, which is {role}"):
        on_board.refuse_danger(wires, {role: 3})
    on_board.refuse_danger({"memory": 3, "i2c": {"id": 3}}, {role: 3})
    on_board.refuse_danger(wires, {"alarm": 3, "firefly": 3, "led": 3})


def test_what_moves_or_fires_on_our_boards_is_known_as_dangerous():
    """Each output that a gate, bridge, switch or driver of a wired device hangs on."""
    for name in names():
        board = load_board(name)
        for device in board.devices:
            wiring = board.wiring(device)
            for kind, legs in (("drv8871", ("in1", "in2")), ("inflator", ("arm", "fire"))):
                for chip in wiring["chips"].values():
                    if chip["kind"] == kind:
                        for leg in legs:
                            net = chip["pins"][leg]
                            found = wiring["nets"].get(net, {}).get("all_of", [net])
                            for role in set(found) & set(wiring["pins"]) - {"alert"}:
                                with pytest.raises(UsageError):
                                    pins = {"pins": [wiring["pins"][role]]}
                                    on_board.refuse_danger(pins, wiring["pins"])


@pytest.mark.parametrize("text", ["pins = [", "has = 3", "has = [1]"])
def test_a_wiring_file_that_cannot_be_read_is_refused(tmp_path, text):
    path = tmp_path / "wiring.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match="wiring"):
        on_board.read_wiring(path)
    with pytest.raises(UsageError, match="no wiring file"):
        on_board.read_wiring(tmp_path / "none.toml")


def test_a_port_that_is_not_there(monkeypatch):
    monkeypatch.setattr(link, "REBOOT_S", 0.3)
    with pytest.raises(PinbenchError, match="does not answer"):
        on_board.run([], "/dev/nowhere", None)
