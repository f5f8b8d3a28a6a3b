"""One life of the VM process: its inner terminal, its two channels, and how Ctrl-C reaches it."""

import contextlib
import fcntl
import os
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
        self._last_sigint = 0.0
        self._asked = False  # a Ctrl-C given as a byte, which the REPL has not read yet
        self._rest = b""

    def request(self):
        """Return the next request, empty when the VM's end of the link is closed."""
        size = struct.unpack("<I", self._exactly(4) or b"\0" * 4)[0]
        return self._exactly(size)

    def _exactly(self, n):
        try:
            return self.link.recv(n, socket.MSG_WAITALL) if n else b""
        except OSError:
            return b""

    def reply(self, data):
        """Answer the request; False when the VM is gone."""
        try:
            self.link.sendall(data)
            return True
        except OSError:
            return False

    def ring(self):
        """Tell the VM that callbacks wait."""
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

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
            elif self.running:  # the line before it began to run: then it is for that
                termios.tcflush(self._slave, termios.TCIFLUSH)
                self._asked = False
                self.interrupt()
        recent = time.monotonic() - self._last_sigint < _SECOND_S
        return self._asked or (recent and self.running)

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

