"""The virtual board for tests and programs; `pinbench board` is the same on the command line."""

import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from pinbench.board.definitions import load_board
from pinbench.board.supervisor import Supervisor
from pinbench.chips.catalogue import chip_class
from pinbench.errors import PinbenchError
from pinbench.simulator.bench import Bench

BAUD_115200 = 11_520  # bytes a second: a start and a stop bit beside eight of data
FAST_USB = 1_000_000


class BoardTimeout(PinbenchError):
    """The board did not do in time what was waited for."""


@dataclass(frozen=True)
class Counters:
    """Bytes over the port, and what the flash did, since `VirtualBoard.count_from_here`."""

    to_board: int
    to_host: int
    operations: int
    programs: int
    erases: int
    programmed_bytes: int


def make_supervisor(
    board="virtual", image=None, device=None, tcp_port=None, pace=None, seed=0, stands_for=None
):
    """Return the Supervisor of a new virtual board; see VirtualBoard for what the words mean."""
    found = load_board(board, stands_for)
    wiring = found.wiring(device) if device else None
    bench = Bench(
        profile=found.port_profile,
        seed=seed,
        wiring=wiring,
        chip_class=chip_class,
    )
    world = None
    if wiring:
        from pinbench.worlds.catalogue import world_class

        kernel = bench.kernel
        nets = {name: kernel.net(name) for name in (*wiring["pins"], *wiring["nets"])}
        world = world_class(device)(kernel, bench.chips, nets, {})
    return Supervisor(bench, found, image, tcp_port, pace, world)


class VirtualBoard:
    """A board that runs in this process while the `with` lasts; its VM is a process of its own.

    `board`: the name or the file of the board that it is; "virtual" is the one that its
    `stands_for` names. `image`: the file with its LittleFS, made and formatted if there is none;
    None for a temporary one. `device`: whose chips and world are wired to it, None for a bare
    board. `pace`: bytes a second in each direction, None for no limit.
    `tcp_port`: listen on 127.0.0.1 as well, 0 for any free port.
    """

    def __init__(
        self, board="virtual", image=None, device=None, pace=None, tcp_port=None, seed=0
    ):
        self._folder = None
        if image is None:
            self._folder = tempfile.TemporaryDirectory(prefix="pinbench-")
            image = Path(self._folder.name) / "board.img"
        self._supervisor = make_supervisor(board, image, device, tcp_port, pace, seed)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error = None

    def _run(self):
        try:
            self._supervisor.run()
        except BaseException as error:  # told to whoever waits
            self._error = error

    def __enter__(self):
        self._thread.start()
        try:
            self.wait_until(lambda: self.booted, 10)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Switch it off for good."""
        self._supervisor.stop()
        self._thread.join(10)
        if self._folder is not None:
            self._folder.cleanup()

    # -- what it is

    @property
    def port(self):
        """The path that a host connects to; it stays the same when the cable comes back."""
        return self._supervisor.port.path

    @property
    def tcp_port(self):
        """The number of the TCP port, None if there is none."""
        return self._supervisor.port.tcp_port

    @property
    def bench(self):
        """Chips, nets and kernel. Touch them inside `do` only."""
        return self._supervisor.bench

    @property
    def flash(self):
        """The ImageFlash, with its counters. Touch it inside `do` only."""
        return self._supervisor.flash

    @property
    def booted(self):
        """True once the VM of this life has come to boot.py."""
        return self._supervisor.booted

    @property
    def vm_pid(self):
        """The process of the VM."""
        return self.do(lambda: self._supervisor.vm_pid)

    @property
    def resets(self):
        """The kinds of the resets so far, oldest first."""
        return list(self._supervisor.said)

    @property
    def heap(self):
        """(bytes for firmware, bytes for the simulator's own part) in the VM.

        The first is WORDS (2) times the board's, whose words are half as long.
        """
        return self._supervisor.heap_bytes, self._supervisor.share_bytes

    def do(self, fn, *args):
        """Run fn(*args) between two moments of the board and return its result."""
        return self._supervisor.do(fn, *args)

    # -- what is done to it

    def kill(self):
        """SIGKILL the VM from outside: the board goes on as after a loss of power."""
        os.kill(self.vm_pid, 9)

    def power_cut(self, off_ms=0):
        """Cut the supply of board and chips now, for `off_ms` of wall time."""
        self.do(self._supervisor.reset, "power", max(1, off_ms) * 1000)

    def hard_reset(self):
        """A pulse on the reset line: the chips keep their supply."""
        self.do(self._supervisor.reset, "power")

    def cut_at(self, n, mode="before", detail=0, off_ms=0):
        """Cut the power at the n-th program or erase from now: see Flash.cut_at for the modes."""
        self.do(lambda: self.flash.cut_at(n, mode, detail, max(1, off_ms)))

    def unplug(self):
        """Pull the cable; the board has its own supply and goes on."""
        self.do(self._supervisor.unplug)

    def plug(self):
        """Put the cable back."""
        self.do(self._supervisor.port.plug)

    # -- what it did

    def count_from_here(self):
        """Set the counters to zero."""
        self.do(self._supervisor.count_from_here)

    @property
    def counters(self):
        """The Counters now."""
        return Counters(*self.do(self._supervisor.counts))

    def image(self):
        """Return the whole flash as it stands."""
        return self.do(self.flash.image)

    def wait_until(self, condition, timeout_s=5.0):
        """Wait until condition() is true. Raises BoardTimeout, or what ended the board."""
        end_s = time.monotonic() + timeout_s
        while not condition():
            if self._error is not None:
                raise self._error
            if time.monotonic() > end_s:
                raise BoardTimeout(f"the board did not get there in {timeout_s:g} s")
            time.sleep(0.005)

    def printed(self):
        """Return what the board has printed since its last hard reset (the last 64 KiB of it)."""
        return self.do(lambda: self._supervisor.printed)

    def wait_for(self, text, timeout_s=5.0):
        """Wait until the board has printed `text` since its last hard reset."""
        self.wait_until(lambda: text.encode() in self._supervisor.printed, timeout_s)
