"""The board's outer end: a pseudo-terminal at a path that stays, and a TCP port on request."""

import contextlib
import errno
import fcntl
import os
import select
import socket
import tempfile
import tty
from pathlib import Path
from typing import Any

from pinbench.errors import UsageError

MOST_UNREAD = 65536  # bytes that a host which does not read may leave; then the oldest are lost
_PIECE = 1024


class Port:
    """What the host's side of the cable is plugged into.

    `path` is a link to the terminal: it vanishes when the cable is pulled and returns with it.
    `tcp_port` is None, or the number listened on at 127.0.0.1 (0: any free one).
    """

    def __init__(self, tcp_port=None):
        self._folder = tempfile.TemporaryDirectory(prefix="pinbench-")
        self.path = str(Path(self._folder.name) / "port")
        # Held while this board lives: whoever looks for a board tells it from a killed one's rest.
        self._lock = open(Path(self._folder.name) / "lock", "wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.master: Any = None  # None while the cable is out
        self.listener: Any = None
        self.client = None
        self._to_terminal = b""
        self._to_client = b""
        if tcp_port is not None:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.listener.bind(("127.0.0.1", tcp_port))
            except OSError as error:
                raise UsageError(
                    f"port {tcp_port} cannot be listened on ({error.strerror}): choose another"
                ) from None
            self.listener.listen(1)
            self.listener.setblocking(False)
        self.tcp_port = self.listener.getsockname()[1] if self.listener else None
        self.plug()

    @property
    def plugged(self):
        """True while the cable is in."""
        return self.master is not None

    def plug(self):
        """Put the cable in."""
        if self.plugged:
            return
        self.master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        os.symlink(os.ttyname(slave), self.path)
        os.close(slave)  # so that the terminal tells whether a host has it open

    def unplug(self):
        """Pull it: the host's reads and writes fail from now on."""
        if not self.plugged:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.close(self.master)
        self.master = None
        self._to_terminal = b""
        self._hang_up()

    def _hang_up(self):
        if self.client is not None:
            self.client.close()
        self.client = None
        self._to_client = b""

    def accept(self):
        """Take a host that connects by TCP; a second one is turned away, as by a serial port."""
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            if self.client is not None or not self.plugged:
                client.close()
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client = client

    def terminal_open(self):
        """True while a host has the terminal open."""
        if self.master is None:
            return False
        watch = select.poll()
        watch.register(self.master, select.POLLIN)
        return not any(event & select.POLLHUP for _, event in watch.poll(0))

    def read(self):
        """Return what the hosts sent, empty if nothing."""
        data = b""
        if self.master is not None:
            with contextlib.suppress(OSError):
                data = os.read(self.master, _PIECE)
        if self.client is not None:
            try:
                more = self.client.recv(_PIECE)
                if not more:
                    self._hang_up()
                data += more
            except BlockingIOError:
                pass
            except OSError:
                self._hang_up()
        return data

    def write(self, data=b""):
        """Send to whoever listens; to a terminal that nobody has open it is lost, as on a wire."""
        if self.terminal_open():
            self._to_terminal = (self._to_terminal + data)[-MOST_UNREAD:]
            if self._to_terminal:
                try:
                    n = os.write(self.master, self._to_terminal)
                    self._to_terminal = self._to_terminal[n:]
                except OSError as error:
                    if error.errno != errno.EAGAIN:
                        self._to_terminal = b""
        else:
            self._to_terminal = b""
        if self.client is not None:
            self._to_client = (self._to_client + data)[-MOST_UNREAD:]
            if self._to_client:
                try:
                    n = self.client.send(self._to_client)
                    self._to_client = self._to_client[n:]
                except BlockingIOError:
                    pass
                except OSError:
                    self._hang_up()

    @property
    def unsent(self):
        """True while a host has not taken what was sent."""
        return bool(self._to_terminal or self._to_client)

    def close(self):
        """Pull the cable for good."""
        self.unplug()
        if self.listener is not None:
            self.listener.close()
        self._lock.close()
        self._folder.cleanup()
