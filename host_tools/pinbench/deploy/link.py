"""The connection to a board: mpremote's transport, with its failures told in one sentence."""

import contextlib
import io
import json
import os
import secrets
import time
from typing import Any

from pinbench.deploy import snippets
from pinbench.errors import PinbenchError, UsageError

ANSWER_S = 30  # the longest silence of a board that works: a slot's removal, on a worn flash
READ_S = 5  # the longest wait for a byte that must come
_REBOOT_S = 10
# The pause lets the board's acknowledgement out: a reset would swallow it.
_RESET = "import time\ntime.sleep_ms(50)\nmachine.reset()"
_SETTLE_S = 0.2
_WATCHDOG_MS = 8388  # the longest that every port takes (RST-04)
_PREPARE = f"""\
import machine, time
watchdog = machine.WDT(timeout={_WATCHDOG_MS})
fed_ms = time.ticks_ms()
def feed_watchdog():
 global fed_ms
 if time.ticks_diff(time.ticks_ms(), fed_ms) > 500:
  watchdog.feed()
  fed_ms = time.ticks_ms()
from io import BytesIO
from deflate import RAW, DeflateIO
def inflate(data):
 return DeflateIO(BytesIO(data), RAW, {snippets.WINDOW_BITS})
"""


class BoardError(PinbenchError):
    """The board answered with an exception, or did not answer; the text is one sentence."""


class Link:
    """A board at `port`, a device path or a pyserial URL, in its raw REPL while the `with` lasts.

    Whatever ran is interrupted and forgotten by a soft reset. A watchdog is running from then on,
    fed by whatever works on the board: one that the firmware left would bite in the middle of a
    transfer (RST-06), and should the host vanish, the board goes back to its work by itself. On
    the way out the board is reset, unless `reset` was called before.
    """

    def __init__(self, port):
        self.port = port
        self._transport: Any = None  # None while the port is closed
        self.told = None  # the id of the manifest that the board has been given
        self._sent = set()

    # -- opening and closing

    def __enter__(self):
        self.open()
        try:
            with self._told():
                self._enter()
            self.run(_PREPARE, READ_S)
        except BaseException:
            self.close()
            raise
        return self

    def _enter(self):
        """Enter the raw REPL; once more if the board was in the middle of its start."""
        from mpremote.transport import TransportError

        try:
            self._transport.enter_raw_repl(timeout_overall=_REBOOT_S)
        except TransportError:
            self._transport.enter_raw_repl(timeout_overall=_REBOOT_S)

    def __exit__(self, kind, *_):
        try:
            if self._transport is not None and self._transport.in_raw_repl:
                self.reset()
                time.sleep(_SETTLE_S)  # whoever connects next is not to speak to what ends now
        except PinbenchError:
            if kind is None:
                raise
        finally:
            self.close()

    def open(self):
        """Open the port, nothing more: what runs on the board goes on. Raises UsageError."""
        from mpremote.transport import TransportError
        from mpremote.transport_serial import SerialTransport

        is_url = "://" in self.port
        if not is_url and not os.path.exists(self.port):
            raise UsageError(
                f"there is no board at {self.port}: plug it in, or name another --port"
            )
        try:
            self._transport = prompt(SerialTransport)(self.port, timeout=READ_S)
        except (TransportError, OSError, ValueError) as error:
            if is_url:
                raise UsageError(f"{self.port} cannot be connected to: {_cause(error)}") from None
            if not os.access(self.port, os.R_OK | os.W_OK):
                raise UsageError(
                    f"{self.port} may not be opened: your user lacks the right (on Linux, the "
                    "group dialout)"
                ) from None
            raise UsageError(
                f"{self.port} is busy or no serial port: close the program that has it open"
            ) from None
        with contextlib.suppress(AttributeError, OSError, ValueError):
            self._transport.serial.write_timeout = READ_S  # a board that reads no more

    def close(self):
        """Let go of the port."""
        transport, self._transport = self._transport, None
        if transport is not None:
            with contextlib.suppress(Exception):  # it may have been pulled
                transport.close()
            with contextlib.suppress(Exception):  # and then mpremote leaves the file open, locked
                transport.serial.close()

    def reset(self):
        """Reset the board: what it boots then is its own affair. The port stays open."""
        with self._told():
            self._transport.exec_raw_no_follow(_RESET)
            self._transport.in_raw_repl = False

    def bootloader(self):
        """Let the board restart as the drive that takes its firmware."""
        with self._told():
            self._transport.exec_raw_no_follow(_RESET.replace("reset", "bootloader"))
            self._transport.in_raw_repl = False

    # -- code

    def run(self, code, silence_s=ANSWER_S):
        """Run source on the board and return what it printed. Raises BoardError.

        `silence_s`: the longest time without a byte from the board.
        """
        from mpremote.transport import TransportExecError

        with self._told():
            try:
                out, errors = self._transport.exec_raw(code, timeout=silence_s)
            except TransportExecError as error:  # not raised by exec_raw today; its sisters do
                out, errors = b"", error.error_output.encode()
        if errors:
            raise BoardError(_sentence(errors.decode("utf-8", "replace")))
        return out.decode("utf-8", "replace")

    def load(self, *names):
        """Send device/NAME.py, once each; what they define stays for the calls that follow."""
        new = [name for name in names if name not in self._sent]
        if new:
            source = "\n".join(snippets.source(name) for name in new)
            packed = snippets.literal(snippets.deflate(source.encode()))
            self.run(b"exec(inflate(" + packed + b").read())\nfeed = feed_watchdog")
            self._sent.update(new)

    def ask(self, expression):
        """Return the value of an expression on the board, by JSON. Raises BoardError."""
        mark = secrets.token_hex(4)  # firmware's timers and callbacks may print in between
        if isinstance(expression, str):
            expression = expression.encode()
        out = self.run(
            b"import json\nprint('\\n%s'+json.dumps(" % mark.encode() + expression + b")+'%s')"
            % mark.encode()
        )
        for line in out.splitlines():
            if line.startswith(mark) and line.endswith(mark) and len(line) >= 2 * len(mark):
                try:
                    return json.loads(line[len(mark) : -len(mark)])
                except (ValueError, RecursionError):
                    break
        raise BoardError(
            f"the answer of the board at {self.port} arrived damaged: try again, or use a better "
            "cable"
        )

    def read_file(self, path):
        """Return the bytes of a file on the board."""
        with self._told():
            return self._transport.fs_readfile(path, chunk_size=1024)

    # -- listening

    def listen(self, seconds, news=lambda text: None):
        """Yield the console's lines for `seconds` (None: for good); "" when there was none.

        A port that goes away, as USB does at a reset, is waited for; `news` is told.
        """
        end_s = None if seconds is None else time.monotonic() + seconds
        rest = b""
        away = False
        while end_s is None or time.monotonic() < end_s:
            data = b""
            try:
                if self._transport is None:
                    self.open()
                    if away:
                        news("the board is back")
                    away = False
                transport: Any = self._transport
                serial = transport.serial
                serial.timeout = 0.05
                data = serial.read(max(1, serial.in_waiting))
            except (OSError, TypeError, PinbenchError):  # TypeError: pyserial, closed meanwhile
                if not away:
                    news("the board went away; waiting for it")
                away = True
                self.close()
                time.sleep(0.1)
            rest += data
            *lines, rest = rest.split(b"\n")
            for line in lines:
                yield line.decode("utf-8", "replace").strip("\r")
            if not data:
                yield ""
        if rest:
            yield rest.decode("utf-8", "replace").strip("\r")

    @contextlib.contextmanager
    def _told(self):
        """Turn whatever the transport raises into a sentence."""
        from mpremote.transport import TransportError

        if self._transport is None:
            raise BoardError(f"the board at {self.port} is not connected")
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it read
                yield
        # struct.error and IndexError: mpremote unpacks an answer that was cut short.
        except (TransportError, OSError, ValueError, IndexError, _struct_error()) as error:
            raise BoardError(self._why(error)) from None

    def _why(self, error):
        if "://" not in self.port and not os.path.exists(self.port):
            return f"the board at {self.port} went away: plug it in and run the same command again"
        if isinstance(error, OSError):
            return (
                f"the connection to {self.port} broke ({_cause(error)}): run the same command "
                "again"
            )
        return (
            f"the board at {self.port} does not answer as MicroPython does ({_cause(error)}): "
            "reset it and try again"
        )


def prompt(transport):
    """Return the transport class with a read that wakes with the byte it waits for.

    mpremote's own looks every 10 ms, four times a call.
    """

    class Prompt(transport):
        def read_until(
            self, min_num_bytes, ending, timeout=10, data_consumer=None, timeout_overall=None
        ):
            data = b""
            begun_s = last_s = time.monotonic()
            while not data.endswith(ending):
                byte = self.serial.read(1)  # waits for READ_S at most
                now_s = time.monotonic()
                if byte:
                    last_s = now_s
                    data = byte if data_consumer else data + byte
                    if data_consumer:
                        data_consumer(byte)
                elif timeout is not None and now_s >= last_s + timeout:
                    break
                if timeout_overall is not None and now_s >= begun_s + timeout_overall:
                    break
            return data

    return Prompt


def _struct_error():
    import struct

    return struct.error


def _cause(error):
    """Return the words of an error on one line."""
    text = str(error).replace("\n", " ").strip()
    return text or type(error).__name__


# What the last line of a traceback says, and what to do about it.
_ADVICE = (
    ("ENOSPC", "the board's file system is full: remove files that are not needed"),
    ("OSError: 28", "the board's file system is full: remove files that are not needed"),
    ("MemoryError", "the board ran out of memory: reset it and try again"),
    ("KeyboardInterrupt", "the board was interrupted: is another program talking to it?"),
)


def _sentence(traceback):
    last = traceback.strip().split("\n")[-1].strip()
    for words, advice in _ADVICE:
        if words in last:
            return advice
    kind, _, text = last.partition(": ")
    if kind == "ValueError" and text:
        return text
    return f"the board answered with {last}"
