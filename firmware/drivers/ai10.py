"""DFRobot AI10 (SEN0677) palm reader and its family, on a UART of 115200 8N1, 3.3 V.

Frame, both ways: EF AA | MsgID | size (2, high byte first) | data | XOR of all but EF AA. The
reader answers each command with one REPLY, maybe seconds later, and sends NOTEs at any time.
(DFRobot_AI10 and DFRobot_Biometric; ESPHome's hlk_fm22x for the time-outs.)

Names are never sent, and never looked at. The commands that carry templates over the line (0xF9,
0xFA) are not known here, and a frame of that kind is an alarm.
"""

import time

from micropython import const

# What `poll` returns first of a pair; the second is in brackets.
READY = const(1)  # the reader has (re)started: what it did is lost
KNOWN = const(2)  # a palm, and whose [id]
UNKNOWN = const(3)
FORGED = const(4)  # the liveness test failed
NOBODY = const(5)  # the time is over
ENROLLED = const(6)  # [id]
EXISTS = const(7)  # it was enrolled before
FULL = const(8)
DONE = const(9)  # [list of ids, of `list_ids`]
FAILED = const(10)  # [result, or -1: no answer]

_REPLY = const(0x00)
_NOTE = const(0x01)
_RESET = const(0x10)
_VERIFY = const(0x12)
_ENROL_PALM = const(0x1D)
_ENROL_ITG = const(0x26)
_DELETE = const(0x20)
_DELETE_PALM = const(0x80)
_LIST = const(0x24)
_TEMPLATES = (0xF9, 0xFA)

_RESULTS = {0: DONE, 1: UNKNOWN, 8: UNKNOWN, 9: FULL, 10: EXISTS, 12: FORGED, 13: NOBODY}
_LONGEST = const(256)  # data of a frame; a longer one is no answer to anything asked here
_GAP_MS = const(100)  # between two bytes of a frame (ESPHome)
_GRACE_MS = const(5000)  # an answer may come so long after the reader's own time-out (ESPHome)
_SHORT_MS = const(10000)  # for a list or a deletion
_LATE_MS = const(700)  # a command that was aborted may still answer for 0.5 s
_QUIET_MS = const(100)  # after an answer: one that comes twice is not the next command's

# dialect -> (enrolment, deletion, data behind the id, data of the list, bytes of its count, first
# palm id). SEN0736 and SEN0737: palms are 501 and up.
DIALECTS = {
    "sen0677": (_ENROL_PALM, _DELETE, b"", b"\x00", 1, 1001),
    "xst": (_ENROL_PALM, _DELETE, b"", b"\x00", 1, 1),
    "l015": (_ENROL_PALM, _DELETE, b"", b"\x00", 1, 1001),
    "sen0736": (_ENROL_ITG, _DELETE_PALM, b"\x01", b"\x00", 2, 501),
}

# What the link is doing.
IDLE, WAITING, ABORTING, SETTLING = range(4)


class AI10:
    """The reader at the end of `uart`, which should buffer 256 bytes. No call waits.

    Call `poll` every 20 ms or so. One command at a time: those below raise ValueError while
    `busy`. It begins with a reset of the reader, and is busy until that is over.

    alarm: a template was on the line, or a command for one. damaged: bytes dropped so far.
    heard_ms: ticks of the last frame.
    """

    def __init__(self, uart, dialect="sen0677"):
        self._uart = uart
        enrol, delete, tail, listing, count, first = DIALECTS[dialect]
        self._enrol, self._delete, self._delete_tail = enrol, delete, tail
        self._listing, self._count_bytes, self._first = listing, count, first
        self._buffer = bytearray(_LONGEST + 64)
        self._n = 0
        self._byte_ms = self.heard_ms = time.ticks_ms()
        self._sent = 0  # MsgID of the command in work
        self._since_ms = 0
        self._limit_ms = 0
        self._state = IDLE
        self._events = []
        self.alarm = False
        self.damaged = 0
        self.reset()

    @property
    def busy(self):
        """True while no command may be given."""
        return self._state != IDLE

    # -- commands

    def verify(self, timeout_s=10):
        """Look for a palm: KNOWN, UNKNOWN, FORGED, NOBODY or FAILED follows. 3 to 20 s."""
        self._begin(_VERIFY, bytes((0, timeout_s)), timeout_s * 1000 + _GRACE_MS)

    def enrol(self, timeout_s=10):
        """Learn a palm, without a name: ENROLLED, EXISTS, FULL, FORGED, NOBODY or FAILED."""
        if self._enrol == _ENROL_ITG:
            data = bytes(33) + bytes((0xFD, 1, 0, timeout_s, 0, 0, 0))
        else:
            data = bytes(34) + bytes((timeout_s,))
        self._begin(self._enrol, data, timeout_s * 1000 + _GRACE_MS)

    def delete(self, uid):
        """Forget the palm `uid`: DONE or FAILED."""
        self._begin(self._delete, bytes((uid >> 8, uid & 255)) + self._delete_tail, _SHORT_MS)

    def list_ids(self):
        """Ask which palms are there: DONE with the list of their ids, or FAILED."""
        self._begin(_LIST, self._listing, _SHORT_MS)

    def reset(self):
        """Abort what runs. Nothing of it is reported, however late its answer comes."""
        self._state = ABORTING
        self._send(_RESET, b"")
        self._since_ms = time.ticks_ms()
        self._limit_ms = _LATE_MS

    def _begin(self, message, data, limit_ms):
        if self.busy:
            raise ValueError("AI10: a command is in work")
        self._sent = message
        self._since_ms = time.ticks_ms()
        self._limit_ms = limit_ms
        self._state = WAITING
        self._send(message, data)

    def _send(self, message, data):
        frame = bytearray(6 + len(data))
        frame[0], frame[1], frame[2] = 0xEF, 0xAA, message
        frame[3], frame[4] = len(data) >> 8, len(data) & 255
        frame[5:-1] = data
        frame[-1] = xor(frame, 2, len(frame) - 1)
        self._uart.write(frame)  # a lost byte is a command without an answer: seen in time

    # -- answers

    def poll(self):
        """Take what has arrived; return (event, value), or None."""
        now = time.ticks_ms()
        self._receive(now)
        if self._state != IDLE and time.ticks_diff(now, self._since_ms) >= self._limit_ms:
            self._overdue()
        return self._events.pop(0) if self._events else None

    def _overdue(self):
        state = self._state
        if state == WAITING:
            self._events.append((FAILED, -1))
            self.reset()
        elif state == ABORTING:
            # It did not even answer the reset. What is late now must still be let pass.
            self._settle(_LATE_MS)
        else:
            self._state = IDLE

    def _settle(self, limit_ms):
        """Drop every answer for a while."""
        self._state = SETTLING
        self._since_ms = time.ticks_ms()
        self._limit_ms = limit_ms

    def _receive(self, now):
        if self._n and time.ticks_diff(now, self._byte_ms) > _GAP_MS:
            self._drop(1)  # a frame that never ended; what is behind its start may be one
            self._parse()
        while True:
            room = min(len(self._buffer) - self._n, self._uart.any())
            if room <= 0:
                return
            view = memoryview(self._buffer)[self._n : self._n + room]
            n = self._uart.readinto(view, room)
            if not n:
                return
            self._n += n
            self._byte_ms = now
            self._parse()

    def _parse(self):
        """Take every whole frame, sliding one byte at a time over what is none."""
        buffer = self._buffer
        while self._n >= 6:
            if buffer[0] != 0xEF or buffer[1] != 0xAA:
                self._drop(1)
                continue
            size = buffer[3] << 8 | buffer[4]
            if size > _LONGEST:
                # Only a template or an image is that long: its beginning is all there is to see.
                self._watch(buffer[2], buffer[5] if buffer[2] == _REPLY else 0)
                self._drop(1)
                continue
            if self._n < size + 6:
                return
            if xor(buffer, 2, size + 5) != buffer[size + 5]:
                self._drop(1)
                continue
            self._frame(buffer[2], bytes(buffer[5 : size + 5]))
            self._shift(size + 6)

    def _drop(self, n):
        self.damaged += n
        self._shift(n)

    def _shift(self, n):
        self._n -= n
        self._buffer[: self._n] = self._buffer[n : n + self._n]

    def _watch(self, message, answered):
        if message in _TEMPLATES or answered in _TEMPLATES:
            self.alarm = True

    def _frame(self, message, data):
        self.heard_ms = time.ticks_ms()
        self._watch(message, data[0] if message == _REPLY and data else 0)
        if message == _NOTE:
            if data[:1] == b"\x00":
                self._restarted()
        elif message == _REPLY and len(data) >= 2:
            self._reply(data[0], data[1], data[2:])

    def _restarted(self):
        # Nothing that was asked before will be answered.
        self._state = IDLE
        self._events.append((READY, None))

    def _reply(self, answered, result, data):
        if self._state == ABORTING and answered == _RESET:
            self._settle(_LATE_MS)
        elif self._state == WAITING and answered == self._sent:
            # An answer too short for what it says is none.
            value = self._value(data) if result == 0 else None
            if result == 0 and value is None:
                self._events.append((FAILED, 0))
            else:
                self._events.append(self._event(result, value))
            self._settle(_QUIET_MS)

    def _value(self, data):
        """Return what came with a success: an id, or ids; None if it is not all there."""
        if self._sent == _LIST:
            n = self._count_bytes
            if len(data) < n:
                return None
            count = data[0] if n == 1 else data[0] << 8 | data[1]
            if len(data) < n + 2 * count:
                return None
            return [data[at] << 8 | data[at + 1] for at in range(n, n + 2 * count, 2)]
        if self._sent in (_DELETE, _DELETE_PALM):
            return 0
        return data[0] << 8 | data[1] if len(data) >= 2 else None

    def _event(self, result, value):
        sent = self._sent
        if result == 0:
            if sent == _VERIFY:
                # A face is not what this reader is for (SEN0677: ids up to 1000).
                return (KNOWN, value) if value >= self._first else (UNKNOWN, None)
            return (ENROLLED if sent == self._enrol else DONE), value
        event = _RESULTS.get(result, FAILED)
        if event == UNKNOWN and sent != _VERIFY:
            event = FAILED
        return event, result


def xor(buffer, start, end):
    """Return the XOR of buffer[start:end]: xor(b"\\x12\\x00\\x02\\x00\\x0a", 0, 5) is 0x1A."""
    out = 0
    for at in range(start, end):
        out ^= buffer[at]
    return out
