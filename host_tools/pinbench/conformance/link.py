"""The raw REPL of a board that may reset, hang or print noise at any moment: every wait ends."""

import secrets
import time
from typing import Any

import serial

BANNER = b"raw REPL; CTRL-B to exit\r\n>"
ENTER_S = 3.0  # for one answer of a REPL that is there
REBOOT_S = 15.0  # for a board to come back
_RESET = (b"raw REPL;", b"MPY: soft reboot", b"MicroPython v")  # what only a start prints
_PIECE, _PIECE_S = 256, 0.01  # a board without flow control loses more


class Gone(Exception):
    """The board reset, or the connection broke."""


class Silent(Exception):
    """The board did not answer in time; the text tells what it said last."""


class Link:
    """The raw REPL at a serial device or a pyserial URL."""

    def __init__(self, port):
        self._port = port
        self._serial: Any = None  # a pyserial port while it is open
        self._rest = b""  # what the last `run` heard

    def close(self):
        """Leave the raw REPL and the port."""
        if self._serial is not None:
            try:
                self._serial.write(b"\x03\x02")
            except (OSError, serial.SerialException):
                pass
            self._drop()

    def _drop(self):
        serial_port, self._serial = self._serial, None
        try:
            serial_port.close()
        except (OSError, serial.SerialException):
            pass

    def enter(self):
        """Come into the raw REPL, opening the port as often as needed. Raises Silent."""
        end = time.monotonic() + REBOOT_S
        last = ""
        while time.monotonic() < end:
            try:
                if self._serial is None:
                    self._serial = serial.serial_for_url(self._port, 115200, timeout=0.05)
                self._quiet(0.3)
                self._write(b"\r\x03\x03\x01")
                self._until(BANNER, ENTER_S)
                self._agree()
                return
            except (OSError, serial.SerialException, Gone) as error:
                last = str(error)
                if self._serial is not None:
                    self._drop()
                time.sleep(0.2)
            except Silent as error:
                last = str(error)
        raise Silent(f"no raw REPL within {REBOOT_S:.0f} s: {last}")

    def fresh(self):
        """Soft-reset the board and come back into the raw REPL: nothing of before runs on."""
        self.enter()
        try:
            self._write(b"\x04")
            self._until(BANNER, ENTER_S)
            self._agree()
        except (Gone, Silent):
            self.enter()

    def _agree(self):
        """Hear a number back that nobody else can have said: what came before it is old."""
        word = secrets.token_hex(4)
        said = self.run(f"print({word[:4]!r} + {word[4:]!r})", ENTER_S)
        if word not in said:
            raise Silent(f"{said[-80:]!r} instead of {word}")

    def _quiet(self, most_s):
        """Throw away what the board says, until it is silent for a moment."""
        end = time.monotonic() + most_s
        while time.monotonic() < end and self._read():
            pass

    def _write(self, data):
        try:
            self._serial.write(data)
        except (OSError, serial.SerialException) as error:
            raise Gone(str(error)) from error

    def _read(self):
        """Return what has come, b"" after 50 ms without anything. Raises Gone."""
        try:
            return self._serial.read(max(1, self._serial.in_waiting))
        except (OSError, serial.SerialException) as error:
            raise Gone(str(error)) from error

    def _until(self, mark, within_s):
        end = time.monotonic() + within_s
        seen = b""
        while mark not in seen:
            if time.monotonic() > end:
                raise Silent(f"nothing for {within_s:.0f} s after {seen[-80:]!r}")
            seen = (seen + self._read())[-65536:]
        return seen

    def run(self, source, within_s):
        """Run `source`; returns what it printed, a traceback included. Raises Gone or Silent."""
        data = source.encode() + b"\x04"
        for at in range(0, len(data), _PIECE):
            self._write(data[at : at + _PIECE])
            if len(data) > _PIECE:
                time.sleep(_PIECE_S)
        seen = self._until(b"OK", ENTER_S).partition(b"OK")[2]
        end = time.monotonic() + within_s
        while seen.count(b"\x04") < 2:
            if any(mark in seen for mark in _RESET):
                raise Gone("it reset")
            if time.monotonic() > end:
                raise Silent(f"nothing for {within_s:.0f} s after {seen[-80:]!r}")
            seen = seen[:2048] + (seen[2048:] + self._read())[-65536:]  # noise may be endless
        self._rest = seen
        return seen.replace(b"\x04", b"\n").rstrip(b">").decode("utf-8", "replace")

    def resets(self, within_s):
        """True if a start of the board is announced within the time: after what `run` returned,
        when the code that ran was itself the reset (RST-21)."""
        end = time.monotonic() + within_s
        seen = self._rest
        while not any(mark in seen for mark in _RESET):
            if time.monotonic() > end:
                return False
            try:
                seen = (seen + self._read())[-65536:]
            except Gone:
                return True
        return True
