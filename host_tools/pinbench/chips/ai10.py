"""DFRobot AI10 (SEN0677) palm reader on a UART, byte for byte, with its family's dialects.

115200 8N1. Frame both ways: EF AA, MsgID, DataSize (2, high first), Data, XOR of MsgID to the end
of Data (sources: DFRobot_AI10, DFRobot_Biometric, the XST header, ESPHome's hlk_fm22x; see facts
palm_reader.md). REPLY 00: Data = MsgID of the command, result, payload: one for each command. NOTE
01: Data = note id, payload, at any time. READY after boot: EF AA 01 00 01 00 00.

Answers (SEN0677): 10 RESET (reply within 20 ms; what ran is aborted and answers itself result 2 up
to `late_ms` later, unless `late_ms` is 0: then it never answers); 11 GETSTATUS: 0 idle, 1 busy; 12
VERIFY data (pd_rightaway, timeout s): user_id(2) name(32) admin(1) unlock(1); 1D ENROLL_SINGLE
data (admin, name 32, direction, timeout s): user_id(2) direction(1); 13 ENROLL likewise; 20
DELUSER (user_id 2; result 8 if unknown; takes 700 ms); 21 DELALL (takes 1.5 s); 22 GETUSERINFO:
user_id(2) name(32) admin(1); 24 GET_ALL_USERID (fmt 1): count(1), ids(2 each); 30 GET_VERSION:
text. Timeouts outside 3 to 20 s and wrong lengths: result 6. A frame with a wrong XOR is not
answered. Unknown MsgIDs: result 1. A command while another runs (but RESET and GETSTATUS): result
1, and a violation, since the family runs one task at a time. F9 and FA (templates over the line):
violation, result 1.

While VERIFY or ENROLL waits, NOTE 1 (FACE_STATE, 8 little-endian int16: state, left, top, right,
bottom, yaw, pitch, roll) comes each `note_ms` (200): state 1 nobody; 0x80 a palm. A palm held for
`verify_ms` (600; enrolment `enrol_ms` 1500) gives the result: 0; unknown 8 (`unknown_result` may
be 1); 12 liveness failed for a spoof; 13 when the timeout passes with nobody there; 9 storage
full; 10 already enrolled (unless `enrols_twice`, then the same palm gets a second id). Palm ids
count from 1001; freed ids are used again, lowest first.

Dialects (`dialect=`): "sen0677" as above. "sen0736" (and SEN0737): palm ids from 501, capacity
300, enrols twice, VERIFY ends in FA instead of the unlock byte, ENROLL_ITG 26 (admin, name 32,
type FD palm, single, dup_ok, timeout s, reserved 3): user_id(2); DELUSER 20 takes id(2)+00
(faces), palms 80 with id(2)+01; DELALL takes 5 zero bytes; 24 data 00 face ids (count 2, ids), 01
face count, 02 palm count (count 2). "xst": ids from 1, capacity 50, unknown palm is 1, NOTE 4 with
one byte of progress instead of NOTE 1. "l015": as sen0677, AC answers an 8-byte module id, and
F9/FA would be honoured (still a violation).

A palm on the reader while a new command begins counts from then on.

Test face: `present(palm, alive=True)` (palm: any int or str that stands for a hand), `remove()`,
`palm`; `users`: user_id -> (name bytes, admin); `enrolled(palm)` -> its ids; `add_user(palm,
name=b"", user_id=None)` -> id; `capacity`. Faults: `unplugged` (deaf and mute; back: boots, READY
after `boot_ms` 1000); `reboot()` in mid-run: the running command is never answered, READY comes;
counts of coming frames (any but READY) that go wrong: `wrong_xor`, `double_sync` (EF EF AA),
`lie_long` and `lie_short` (DataSize 7 too much or 3 too little), `garbage` (1 to 20 random bytes
before), `split` (a pause of `split_ms` 150 in the middle), `twice` (frame sent twice), `swallow`
(not sent at all); `bad_name` True: names are not text; `deaf` True: hears nothing; `busy_ms` added
to every answer; `rogue(message_id, data=b"")` sends such a frame now (0xFA: the tamper case);
`send_raw(data)`; `late_success` True: an aborted VERIFY answers late with success if a known palm
is there. Traces: the twin notes neither palms nor names.
"""

from pinbench.chips.base import Chip

_SYNC_1, _SYNC_2 = 0xEF, 0xAA
_REPLY, _NOTE = 0x00, 0x01
_RESET, _GETSTATUS, _VERIFY, _ENROLL, _ENROLL_SINGLE = 0x10, 0x11, 0x12, 0x13, 0x1D
_DELUSER, _DELALL, _GETUSERINFO, _GET_ALL_USERID = 0x20, 0x21, 0x22, 0x24
_ENROLL_ITG, _GET_VERSION, _DELPALM, _MODULE_ID = 0x26, 0x30, 0x80, 0xAC
_TEMPLATES = (0xF9, 0xFA)
_READY, _FACE_STATE, _PALM_STATE = 0, 1, 4
_OK, _REJECTED, _ABORTED, _BAD_PARAMETER, _UNKNOWN_USER = 0, 1, 2, 6, 8
_STORAGE_FULL, _ALREADY, _NOT_ALIVE, _TIMEOUT = 9, 10, 12, 13
_NOBODY, _PALM_SEEN = 1, 0x80
_NAME_BYTES = 32
_RESET_US, _QUICK_US = 20000, 5000
_DELUSER_US, _DELALL_US = 700000, 1500000
_LONGEST = 512  # bytes of a frame from the host; nothing that it may send is near that

# name: (first palm id, capacity, result for an unknown palm, last byte of VERIFY, enrols twice)
_DIALECTS = {
    "sen0677": (1001, 100, _UNKNOWN_USER, 0, False),
    "sen0736": (501, 300, _UNKNOWN_USER, 0xFA, True),
    "xst": (1, 50, _REJECTED, 0, False),
    "l015": (1001, 100, _UNKNOWN_USER, 0, False),
}
_FLAWS = (
    "wrong_xor", "double_sync", "lie_long", "lie_short", "garbage", "split", "twice", "swallow",
)  # fmt: skip


def frame(message_id, data):
    """Return a whole frame: sync word, MsgID, size, data, XOR."""
    body = bytes((message_id, len(data) >> 8, len(data) & 0xFF)) + data
    xor = 0
    for byte in body:
        xor ^= byte
    return bytes((_SYNC_1, _SYNC_2)) + body + bytes((xor,))


class AI10(Chip):
    """See the module. ValueError for a dialect that is not known."""

    KIND = "ai10"

    def __init__(self, dialect="sen0677"):
        Chip.__init__(self)
        if dialect not in _DIALECTS:
            known = ", ".join(sorted(_DIALECTS))
            raise ValueError("dialect %r is unknown: choose one of %s" % (dialect, known))
        self.baud = 115200
        self.port = None
        self.dialect = dialect
        first, capacity, unknown, tail, twice = _DIALECTS[dialect]
        self._first_id = first
        self._tail = tail
        self.capacity = capacity
        self.unknown_result = unknown
        self.enrols_twice = twice
        self.boot_ms = 1000
        self.verify_ms = 600
        self.enrol_ms = 1500
        self.note_ms = 200
        self.late_ms = 300
        self.split_ms = 150
        self.busy_ms = 0
        self.deaf = False
        self.bad_name = False
        self.late_success = False
        for name in _FLAWS:
            setattr(self, name, 0)
        self.commands = 0
        self.palm = None
        self._alive = True
        self._unplugged = False
        self._table = {}  # user id -> (name, admin, palm); in the module's own flash
        self._task = None
        self._events = []
        self._booted = False
        self._received = b""

    # -- test face

    @property
    def users(self):
        """The user table: id -> (name as 32 bytes, admin)."""
        return dict([(i, self._table[i][:2]) for i in sorted(self._table)])

    def enrolled(self, palm):
        """Return the ids under which a palm is enrolled, lowest first."""
        return [i for i in sorted(self._table) if self._table[i][2] == palm]

    def add_user(self, palm, name=b"", user_id=None):
        """Enrol a palm without the protocol; returns its id. ValueError when full."""
        if user_id is None:
            user_id = self._free_id()
        if user_id is None:
            raise ValueError("the palm reader's storage is full")
        self._table[user_id] = (_padded(name), 0, palm)
        return user_id

    def present(self, palm, alive=True):
        """A palm is held over the reader; alive False: it is a picture of one."""
        self.palm = palm
        self._alive = alive
        if self.kernel is not None:
            self.kernel.note("chip", self.name, "palm", "held")
            self._watch()

    def remove(self):
        """Nothing is over the reader."""
        self.palm = None
        if self.kernel is not None:
            self.kernel.note("chip", self.name, "palm", "gone")
            self._watch()

    @property
    def unplugged(self):
        """True while its plug is out."""
        return self._unplugged

    @unplugged.setter
    def unplugged(self, value):
        if value == self._unplugged:
            return
        self._unplugged = value
        if self.kernel is not None and self.powered:
            self._halt()
            if not value:
                self._boot()

    def reboot(self):
        """It starts again in mid-run: what runs is never answered."""
        self._halt()
        self._boot()

    def rogue(self, message_id, data=b""):
        """Send a frame that nobody asked for."""
        self._transmit(frame(message_id, data), 0)

    def send_raw(self, data):
        """Send bytes as they are."""
        self._transmit(data, 0)

    # -- power

    def attach_uart(self, port):
        """Store the port that carries its frames to the host."""
        self.port = port

    def power_on(self):
        """Supply on: READY comes when it has booted."""
        Chip.power_on(self)
        self._random = self.kernel.random.fork()
        if not self._unplugged:
            self._boot()

    def power_off(self):
        """Supply off: its users stay in its flash."""
        self._halt()
        Chip.power_off(self)

    def _halt(self):
        for event in self._events:
            self.kernel.cancel(event)
        self._events = []
        self._task = None
        self._booted = False
        self._received = b""

    def _boot(self):
        self._later(self.boot_ms * 1000, self._ready)

    def _ready(self, _):
        self._booted = True
        self._transmit(frame(_NOTE, bytes((_READY,))), 0)

    def _later(self, us, fn, arg=None):
        now_us = self.kernel.now_us
        self._events = [e for e in self._events if e[2] is not None and e[0] >= now_us]
        event = self.kernel.after(us, fn, arg)
        self._events.append(event)
        return event

    # -- to the host

    def _transmit(self, data, delay_us):
        if self.port is not None and self.powered and not self._unplugged:
            self.port.send(data, delay_us)

    def _flawed(self, name):
        left = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0

    def _send(self, message_id, data):
        """One frame, with whatever goes wrong on the way."""
        out = bytearray(frame(message_id, data))
        if self._flawed("swallow"):
            return
        if self._flawed("wrong_xor"):
            out[-1] ^= 1 << self._random.below(8)
        lie = 7 if self._flawed("lie_long") else -3 if self._flawed("lie_short") else 0
        if lie:
            size = max(0, (out[3] << 8 | out[4]) + lie)
            out[3], out[4] = size >> 8, size & 0xFF
        out = bytes(out)
        if self._flawed("double_sync"):
            out = bytes((_SYNC_1,)) + out
        if self._flawed("garbage"):
            out = bytes([self._random.bits(8) for _ in range(1 + self._random.below(20))]) + out
        if self._flawed("twice"):
            out += out
        if self._flawed("split"):
            half = len(out) // 2
            self._transmit(out[:half], 0)
            self._transmit(out[half:], self.split_ms * 1000)
        else:
            self._transmit(out, 0)

    def _reply(self, what):
        self._send(_REPLY, bytes(what))

    def _answer(self, message_id, result, payload=b"", us=_QUICK_US):
        us += self.busy_ms * 1000
        self._later(us, self._reply, bytes((message_id, result)) + payload)

    # -- from the host

    def uart_receive(self, data):
        """A burst from the host."""
        if not self.powered or self._unplugged or not self._booted or self.deaf:
            return
        self._received += data
        while True:
            buffer = self._received
            start = buffer.find(b"\xef\xaa")
            if start < 0:
                self._received = buffer[-1:] if buffer[-1:] == b"\xef" else b""
                return
            buffer = self._received = buffer[start:]
            if len(buffer) < 6:
                return
            size = buffer[3] << 8 | buffer[4]
            if size > _LONGEST:
                self.violation("a frame of %d bytes of data" % size)
                self._received = buffer[2:]
                continue
            if len(buffer) < 6 + size:
                return
            self._received = buffer[6 + size :]
            if frame(buffer[2], buffer[5 : 5 + size]) != buffer[: 6 + size]:
                self.violation("a frame with a wrong XOR")
                continue
            self._obey(buffer[2], buffer[5 : 5 + size])

    def _obey(self, message_id, data):
        self.commands += 1
        if message_id in _TEMPLATES:
            self.violation("MsgID 0x%02x moves a template over the line" % message_id)
            self._answer(message_id, _REJECTED)
        elif message_id == _RESET:
            self._abort()
            self._answer(_RESET, _OK, b"", _RESET_US)
        elif message_id == _GETSTATUS:
            self._answer(_GETSTATUS, _OK, bytes((1 if self._task else 0,)))
        elif self._task is not None:
            self.violation("MsgID 0x%02x while 0x%02x runs" % (message_id, self._task[0]))
            self._answer(message_id, _REJECTED)
        else:
            self._begin(message_id, data)

    def _begin(self, message_id, data):
        sen0736 = self.dialect == "sen0736"
        if message_id == _VERIFY:
            if len(data) != 2:
                self._answer(_VERIFY, _BAD_PARAMETER)
            else:
                self._wait(_VERIFY, data[1], None)
        elif message_id in (_ENROLL, _ENROLL_SINGLE) and not sen0736:
            if len(data) != 35:
                self._answer(message_id, _BAD_PARAMETER)
            else:
                self._wait(message_id, data[34], data)
        elif message_id == _ENROLL_ITG and sen0736:
            if len(data) != 40 or data[33] != 0xFD:
                self._answer(message_id, _BAD_PARAMETER)
            else:
                self._wait(message_id, data[36], data)
        elif message_id == _DELUSER or message_id == _DELPALM and sen0736:
            self._delete(message_id, data, sen0736)
        elif message_id == _DELALL:
            if len(data) != (5 if sen0736 else 0):
                self._answer(_DELALL, _BAD_PARAMETER)
            else:
                self._table = {}
                self._occupy(_DELALL, _OK, _DELALL_US)
        elif message_id == _GETUSERINFO:
            self._tell_user(data)
        elif message_id == _GET_ALL_USERID:
            self._tell_all(data, sen0736)
        elif message_id == _GET_VERSION:
            self._answer(_GET_VERSION, _OK, b"PB-TWIN 1.0 " + self.dialect.encode())
        elif message_id == _MODULE_ID and self.dialect == "l015":
            self._answer(_MODULE_ID, _OK, b"\x01\x23\x45\x67\x89\xab\xcd\xef")
        else:
            self._answer(message_id, _REJECTED)

    def _delete(self, message_id, data, sen0736):
        if len(data) != (3 if sen0736 else 2):
            self._answer(message_id, _BAD_PARAMETER)
            return
        user_id = data[0] << 8 | data[1]
        palms_only = sen0736 and message_id == _DELPALM
        known = user_id in self._table and (not sen0736 or palms_only)
        if known:
            del self._table[user_id]
        self._occupy(message_id, _OK if known else _UNKNOWN_USER, _DELUSER_US)

    def _occupy(self, message_id, result, us):
        """A command that takes its time."""
        self._task = [message_id, None, None, None]
        self._later(us, self._done, (message_id, result, b""))

    def _done(self, what):
        message_id, result, payload = what
        if self._task is not None and self._task[0] == message_id:
            self._task = None
            self._answer(message_id, result, payload, 0)

    def _tell_user(self, data):
        if len(data) != 2:
            self._answer(_GETUSERINFO, _BAD_PARAMETER)
            return
        user_id = data[0] << 8 | data[1]
        if user_id not in self._table:
            self._answer(_GETUSERINFO, _UNKNOWN_USER)
            return
        self._answer(_GETUSERINFO, _OK, self._user(user_id))

    def _user(self, user_id):
        name, admin, _ = self._table[user_id]
        if self.bad_name:
            name = b"\xff\xfe\x80" + name[:29]
        return bytes((user_id >> 8, user_id & 0xFF)) + name + bytes((admin,))

    def _tell_all(self, data, sen0736):
        ids = sorted(self._table)
        listed = b""
        for user_id in ids:
            listed += bytes((user_id >> 8, user_id & 0xFF))
        if len(data) != 1 or (data[0] and not sen0736) or data[0] > 2:
            self._answer(_GET_ALL_USERID, _BAD_PARAMETER)
        elif not sen0736:
            self._answer(_GET_ALL_USERID, _OK, bytes((len(ids),)) + listed)
        elif data[0] == 2:
            self._answer(_GET_ALL_USERID, _OK, bytes((len(ids) >> 8, len(ids) & 0xFF)))
        else:  # no face is ever enrolled here
            self._answer(_GET_ALL_USERID, _OK, b"\0\0")

    # -- waiting for a palm

    def _wait(self, message_id, timeout_s, data):
        if not 3 <= timeout_s <= 20:
            self._answer(message_id, _BAD_PARAMETER)
            return
        end = self._later(timeout_s * 1000000, self._ended, message_id)
        self._task = [message_id, data, end, None]
        self._later(self.note_ms * 1000, self._notify, self._task)
        self._watch()

    def _watch(self):
        """The palm changed, or a command began: when will it be known?"""
        task = self._task
        if task is None or task[2] is None:
            return
        self.kernel.cancel(task[3])
        task[3] = None
        if self.palm is not None:
            ms = self.verify_ms if task[0] == _VERIFY else self.enrol_ms
            task[3] = self._later(ms * 1000, self._recognised, task)

    def _notify(self, task):
        if self._task is not task:
            return
        self._later(self.note_ms * 1000, self._notify, task)
        if self.dialect == "xst":
            self._send(_NOTE, bytes((_PALM_STATE, 50 if self.palm is not None else 0)))
            return
        values = (_NOBODY, 0, 0, 0, 0, 0, 0, 0)
        if self.palm is not None:
            values = (_PALM_SEEN, 120, 80, 520, 400, 3, -2, 1)
        data = bytearray((_FACE_STATE,))
        for value in values:
            data.append(value & 0xFF)
            data.append(value >> 8 & 0xFF)
        self._send(_NOTE, bytes(data))

    def _ended(self, message_id):
        task = self._task
        if task is not None and task[0] == message_id:
            self._finish(_TIMEOUT, b"")

    def _recognised(self, task):
        if not self._alive:
            self._finish(_NOT_ALIVE, b"")
        elif task[0] == _VERIFY:
            self._finish(*self._identify())
        else:
            self._finish(*self._enrol(task))

    def _identify(self):
        ids = self.enrolled(self.palm)
        if not ids:
            return self.unknown_result, b""
        return _OK, self._user(ids[0]) + bytes((self._tail,))

    def _enrol(self, task):
        message_id, data = task[0], task[1]
        if self.enrolled(self.palm) and not self.enrols_twice:
            return _ALREADY, b""
        user_id = self._free_id()
        if user_id is None:
            return _STORAGE_FULL, b""
        self._table[user_id] = (data[1:33], data[0], self.palm)
        payload = bytes((user_id >> 8, user_id & 0xFF))
        return _OK, payload if message_id == _ENROLL_ITG else payload + data[33:34]

    def _free_id(self):
        if len(self._table) >= self.capacity:
            return None
        user_id = self._first_id
        while user_id in self._table:
            user_id += 1
        return user_id

    def _finish(self, result, payload):
        task, self._task = self._task, None
        self.kernel.cancel(task[2])
        self.kernel.cancel(task[3])
        self._answer(task[0], result, payload, 0)

    def _abort(self):
        task, self._task = self._task, None
        if task is None:
            return
        self.kernel.cancel(task[2])
        self.kernel.cancel(task[3])
        if not self.late_ms:
            return
        result, payload = _ABORTED, b""
        if self.late_success and task[0] == _VERIFY and self.palm is not None:
            result, payload = self._identify()
        us = 1000 + self._random.below(self.late_ms * 1000)
        self._answer(task[0], result, payload, us)


def _padded(name):
    return (name + bytes(_NAME_BYTES))[:_NAME_BYTES]
