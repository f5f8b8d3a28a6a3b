"""One life of the VM process: its inner terminal, its two channels, and how Ctrl-C reaches it."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import termios
import time
import tty

from pinbench.paths import ROOT
from pinbench.vm import binary

_CTRL_C = b"\x03"
_SECOND_S = 0.3  # a SIGINT that finds the one before still unserved ends the VM (unix_mphal.c)
# The VM's SIGINT raises where it stands, in the middle of littlefs's C too (MICROPY_ASYNC_KBD_INTR
# of the unix port), which leaves that unusable. A file operation is a dense row of flash requests,
# so Ctrl-C waits till the VM sleeps a while after one, or has computed for longer (a collection
# computes too, and must not be hit either). A program that never does is interrupted in the end.
_QUIET_NS = 60_000_000
_ASLEEP_S = 0.005
_PATIENCE_S = 8.0
# The VM puts its terminal into raw mode while its REPL reads and takes it back while code runs.
# This flag, without effect here, tells the two apart: raw mode clears it.
_RUNNING = termios.NOFLSH
_START = (
    "import sys\nsys.path.insert(0, {root!r})\nfrom pinbench.board.vmside import start\n"
    "start({link}, {bell}, globals())"
)


class VMProcess:
    """The running VM. `terminal` and `link` are for the supervisor's selector."""

    def __init__(self, heap_bytes):
        self.terminal, self._slave = os.openpty()
        tty.setraw(self._slave)
        mode = termios.tcgetattr(self._slave)
        mode[3] |= _RUNNING
        termios.tcsetattr(self._slave, termios.TCSANOW, mode)
        os.set_blocking(self.terminal, False)
        self.link, vm_link = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._bell, vm_bell = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._bell.setblocking(False)
        fds = (vm_link.fileno(), vm_bell.fileno())
        code = _START.format(root=str(ROOT / "host_tools"), link=fds[0], bell=fds[1])
        self.process = subprocess.Popen(
            [binary(), "-i", "-X", f"heapsize={heap_bytes}", "-c", code],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            pass_fds=fds,
            start_new_session=True,
        )
        vm_link.close()
        vm_bell.close()
        self.interruptible = True  # False: firmware takes Ctrl-C as a byte (micropython.kbd_intr)
        self._owed = False  # it waits for a reply
        self._wanted_s = None  # since when a Ctrl-C waits for a gap
        self._quiet_from_ns = 0
        self._flash_s = 0.0  # when it last asked for the flash
        self._last_sigint = 0.0
        self._asked = False  # a Ctrl-C given as a byte, which the REPL has not read yet
        self._rest = b""

    def request(self):
        """Return the next request, empty when the VM's end of the link is closed."""
        size = struct.unpack("<I", self._exactly(4) or b"\0" * 4)[0]
        self._owed = True
        return self._exactly(size)

    def _exactly(self, n):
        try:
            return self.link.recv(n, socket.MSG_WAITALL) if n else b""
        except OSError:
            return b""

    def reply(self, data):
        """Answer the request; False when the VM is gone."""
        self._owed = False
        try:
            self.link.sendall(data)
            return True
        except OSError:
            return False

    def answered(self):
        """The last request wants no reply."""
        self._owed = False

    def ring(self):
        """Tell the VM that callbacks wait."""
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

    def interrupt_in_gap(self):
        """Send SIGINT if no file operation is under way; False if there is one."""
        if self._in_gap():
            self.interrupt()
            return True
        return False

    def interrupt(self):
        """Send SIGINT."""
        self._last_sigint = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGINT)

    @property
    def running(self):
        """True while code runs, False while the REPL waits for input."""
        return bool(termios.tcgetattr(self._slave)[3] & _RUNNING)

    @property
    def unread(self):
        """Bytes that the VM has not read yet."""
        return struct.unpack("i", fcntl.ioctl(self._slave, termios.FIONREAD, b"\0" * 4))[0]

    def feed(self, data):
        """Give console input to the VM; what could not be given yet waits for the next call."""
        self._rest += data
        while self._rest and not self._held():
            piece, found, after = self._rest.partition(_CTRL_C)
            if not self.interruptible:
                piece, found, after = self._rest, b"", b""
            if piece:
                n = self._write(piece)
                self._rest = self._rest[n:]
                if n < len(piece):
                    return
            elif self.running:
                if not self._in_gap():
                    self._rest = found + after
                    return
                self._rest = after
                self.interrupt()
            else:
                self._write(found)
                self._rest = after
                self._asked = True

    @property
    def pending(self):
        """Console input that waits here."""
        return len(self._rest)

    def _held(self):
        """True while a Ctrl-C is on its way: what follows it is for whoever reads after it."""
        if self._asked:
            if not self.unread:
                self._asked = False
            elif self.running and self._in_gap():  # the line before it runs: it is for that
                termios.tcflush(self._slave, termios.TCIFLUSH)
                self._asked = False
                self.interrupt()
        recent = time.monotonic() - self._last_sigint < _SECOND_S
        return self._asked or (recent and self.running)

    def _in_gap(self):
        """True if a Ctrl-C may go out: no file operation is under way, or it waited too long."""
        now_s = time.monotonic()
        if self._wanted_s is None:
            self._wanted_s = now_s
            self._quiet_from_ns = self._computed_ns()
        if now_s - self._wanted_s < _PATIENCE_S:
            asks = self._owed or select.select([self.link], [], [], 0)[0]
            asleep = now_s - self._flash_s > _ASLEEP_S and self._sleeps()
            quiet = asleep or self._computed_ns() - self._quiet_from_ns > _QUIET_NS
            if asks or not quiet:
                return False
        self._wanted_s = None
        return True

    def at_call(self, again):
        """The VM waits for the result of a call: no better moment for a Ctrl-C that waits.

        `again`: one that came inside a file operation waits as well. True if it was sent.
        """
        waits = self._wanted_s is not None and self._rest[:1] == _CTRL_C
        if not (waits or again):
            return False
        end_s = time.monotonic() + 0.002
        while not self._sleeps():  # it has sent its request, and is about to read
            if time.monotonic() > end_s:
                return False  # too early a signal would make it send the request twice
        if waits:
            self._rest = self._rest[1:]
        self._wanted_s = None
        self.interrupt()
        return True

    def at_flash(self):
        """Take note that the VM is inside a file operation."""
        self._flash_s = time.monotonic()
        if self._wanted_s is not None:
            self._quiet_from_ns = self._computed_ns()

    def _computed_ns(self):
        """Return the processor time that the VM's main thread has used."""
        try:
            with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[0])
        except (OSError, IndexError):  # another system, or the VM has ended
            return time.monotonic_ns()

    def _sleeps(self):
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] == "S"
        except (OSError, IndexError):
            return False

    def _write(self, data):
        try:
            return os.write(self.terminal, data)
        except BlockingIOError:
            return 0

    def read(self):
        """Return console output, empty if there is none now."""
        try:
            return os.read(self.terminal, 4096)
        except OSError:
            return b""

    def kill(self):
        """SIGKILL, and wait for the end."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        return self.process.wait()

    def close(self):
        """Give everything back."""
        self.kill()
        for fd in (self.terminal, self._slave):
            os.close(fd)
        self.link.close()
        self._bell.close()

