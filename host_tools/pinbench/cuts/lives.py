"""Lives of a board's software on a flash in memory: the host's end of vm_lives.py."""

import json
import socket
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from pinbench.board.definitions import load_board
from pinbench.errors import PinbenchError
from pinbench.simulator.machine.osmod import LOOKAHEAD, READ_SIZE
from pinbench.vm import binary

ENTRY = Path(__file__).parent / "vm_lives.py"
HEAP = "12M"  # of the VM, the flash included; what a board's heap holds is measured elsewhere
_LONGEST_S = 60  # of wall time for one life
_NEVER = 0xFFFFFFFF


@dataclass(frozen=True)
class Geometry:
    """A file system: bytes in all, of an erase block, and of the unit of a program."""

    size: int
    block: int
    program: int


def geometry(board):
    """Return the Geometry in a board's file. Raises BoardError."""
    about = load_board(board).about
    return Geometry(
        about["filesystem_bytes"],
        about["filesystem_block_bytes"],
        about["filesystem_program_bytes"],
    )


@dataclass(frozen=True)
class Operation:
    """One program or erase: `new` replaced `old` at byte `at` of the flash."""

    kind: str  # "program" or "erase"
    at: int
    old: bytes
    new: bytes
    stamp: object = None  # what the world was then (bench_flash)


@dataclass(frozen=True)
class Life:
    """What happened between two losses of power.

    ended: "" (the REPL was reached), "reset" (machine.reset), "exit" (SystemExit: a soft reset),
    "off" (it ran until its supply was switched off), or why nothing could start.
    """

    ended: str
    said: list[str]
    operations: list[Operation]


class Raised(PinbenchError):
    """What the device executed raised an exception; the text is its traceback."""


class LivesError(PinbenchError):
    """The VM that runs the lives is gone, or says nothing any more."""


class Lives:
    """A flash and the VM that runs on it; a context manager. Begins blank, without a file system.

    `image` is the flash as it stands; only `put`, `format`, `restore` and lives change it.
    """

    def __init__(self, shape: Geometry):
        self.geometry = shape
        self.image = bytearray(b"\xff" * shape.size)
        self._history = []
        self._link, theirs = socket.socketpair()
        self._link.settimeout(_LONGEST_S)
        command = [binary(), "-X", f"heapsize={HEAP}", str(ENTRY), str(theirs.fileno())]
        self._process = subprocess.Popen(
            command,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        theirs.close()
        self._link.sendall(
            struct.pack("<5I", shape.size, shape.block, shape.program, READ_SIZE, LOOKAHEAD)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._link.close()
        self._process.kill()
        self._process.communicate()

    def put(self, pieces):
        """Write (at, bytes) pieces into the flash as they are: no operation of the board."""
        message = []
        for at, data in pieces:
            self.image[at : at + len(data)] = data
            message += [struct.pack("<2I", at, len(data)), data]
        body = b"".join(message)
        self._send(b"W" + struct.pack("<I", len(body)) + body)

    def format(self):
        """Make an empty file system."""
        self._asked(b"F")

    def boot(self, stop_after=None):
        """Begin a life; returns its Session, which must be ended before the next.

        From operation `stop_after` + 1 on the flash ignores everything (None: never).
        """
        return Session(self._asked, _NEVER if stop_after is None else stop_after)

    def run(self, text, stop_after=None):
        """One life with one text; what it raises stands last in `said`."""
        session = self.boot(stop_after)
        try:
            session.run(text)
        except Raised as error:
            session.said.append(str(error))
        return session.end()

    def mark(self):
        """Return where the history of operations stands, for `restore`."""
        return len(self._history)

    def restore(self, mark):
        """Take back every operation since `mark`. What `put` wrote in between is not undone."""
        late = self._history[mark:]
        del self._history[mark:]
        self.put((op.at, op.old) for op in reversed(late))

    def _asked(self, message):
        self._send(message)
        answer = memoryview(self._exactly(struct.unpack("<I", self._exactly(4))[0]))
        size, count = struct.unpack_from("<2I", answer)
        ended, said, raised = json.loads(bytes(answer[8 : 8 + size]))
        at = 8 + size
        operations = []
        for _ in range(count):
            kind, where, n = struct.unpack_from("<cII", answer, at)
            at += 9
            if kind == b"P":
                new = bytes(answer[at : at + n])
                at += n
            else:
                new = b"\xff" * n
            old = bytes(self.image[where : where + n])
            self.image[where : where + n] = new
            operations.append(Operation("program" if kind == b"P" else "erase", where, old, new))
        self._history += operations
        return ended, said, raised, operations

    def _send(self, data):
        try:
            self._link.sendall(data)
        except OSError:
            raise LivesError(self._why()) from None

    def _exactly(self, n):
        data = bytearray(n)
        view = memoryview(data)
        at = 0
        while at < n:
            try:
                got = self._link.recv_into(view[at:])
            except OSError:
                got = 0
            if not got:
                raise LivesError(self._why())
            at += got
        return data

    def _why(self):
        self._process.kill()
        assert self._process.stdout is not None
        said = self._process.stdout.read().decode("utf-8", "replace").strip()
        return f"the VM that runs the lives ended: {said or 'no word from it in a minute'}"


class Session:
    """A life that lasts. `ended` is "" until it has come to an end by itself."""

    def __init__(self, ask, until):
        self._ask = ask
        self.said = []
        self.operations = []
        self.ended = ""
        self._take(ask(b"B" + struct.pack("<I", until)))

    def run(self, text):
        """Execute, in the names of what was executed before; returns the lines that it printed.

        Raises Raised. After the life's own end nothing is executed.
        """
        data = text.encode() if isinstance(text, str) else text
        said, raised = self._take(self._ask(b"X" + struct.pack("<I", len(data)) + data))
        if raised is not None:
            raise Raised(raised)
        return said

    def end(self):
        """Switch the supply off; returns the whole Life."""
        self._take(self._ask(b"E"))
        return Life(self.ended, self.said, self.operations)

    def _take(self, answer):
        self.ended, said, raised, operations = answer
        self.said += said
        self.operations += operations
        return said, raised
