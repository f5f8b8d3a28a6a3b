"""NXP PN532 NFC reader on I2C at 0x24 (UM0701-02), with NTAG213 tags before it.

Write: 00 00 FF LEN LCS D4 CMD ... DCS 00 (leading zeros may be left out or more). Read: a status
byte, 01 when something waits, else 00 and nothing; then the frame, ACK (00 00 FF 00 FF 00) first,
in a read of its own, then the response in a second one (each read starts at the status byte; a
response that was read is gone; NACK frame 00 00 FF FF 00 00 asks for it again). A frame with a
wrong LCS or DCS is ignored. Pin `irq`: low while something waits (after SAMConfiguration with IRQ
1; before, too). ACK after 1 ms, answers after 2 ms more. An ACK frame from the host aborts the
running command. A command before the answer of the last was read aborts it. While asleep (power-
on, PowerDown) the first frame wakes it; it must not be used before SAMConfiguration.

Commands: 02 GetFirmwareVersion: 32 01 06 07; 14 SAMConfiguration mode(1 only) timeout(1) irq(1);
32 RFConfiguration (5: MaxRetries; last byte MxRtyPassiveActivation, FF: for ever); 4A
InListPassiveTarget (1, 0): as soon as a tag is there: n(1), then target 1, SENS_RES 00 44, SEL_RES
00, UID length 7, UID; without a tag it waits (for ever, or retries * 30 ms and then n = 0); 40
InDataExchange target 1 with 30 page: 16 bytes, or A2 page and 4 bytes: status 0, 01 timeout when
the tag has gone; 52 InRelease; 16 PowerDown (wake-up sources). Others: error frame 00 00 FF 01 FF
7F 81 00, and a violation.

Pins: `irq` (optional). Test face: `tag`: None or uid as bytes of 7 (set whenever it changes);
`pages`: dict uid -> bytearray(180) of NTAG213; `asleep`; `unplugged`; `wrong_dcs`: so many coming
answers are damaged; `tap(uid, for_ms=500)`.
"""

from pinbench.chips.base import I2CChip

_TO_CHIP, _TO_HOST = 0xD4, 0xD5
_ACK = b"\x00\x00\xff\x00\xff\x00"
_NACK = b"\x00\x00\xff\xff\x00\x00"
_ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"
_FIRMWARE, _SAM, _POWER_DOWN = 0x02, 0x14, 0x16
_RF_CONFIGURATION, _EXCHANGE, _LIST, _RELEASE = 0x32, 0x40, 0x4A, 0x52
_READ_PAGES, _WRITE_PAGE = 0x30, 0xA2
_ACK_US, _WORK_US, _RETRY_US = 1000, 2000, 30000
_FOR_EVER = 0xFF
_PAGES = 45
_TIMEOUT, _WRONG_CONTEXT = 0x01, 0x27


def frame(tfi, data):
    """Return a normal information frame: preamble, length, TFI, data, checksum, postamble."""
    body = bytes((tfi,)) + data
    length = len(body)
    total = 0
    for byte in body:
        total += byte
    return bytes((0, 0, 0xFF, length, -length & 0xFF)) + body + bytes((-total & 0xFF, 0))


def parse(data):
    """Return the body of the first good frame in `data` (TFI first), b"" for an ACK, None."""
    start = data.find(b"\x00\xff")
    if start < 0 or len(data) < start + 4:
        return None
    length, check = data[start + 2], data[start + 3]
    if length == 0 and check == 0xFF:
        return b""
    if (length + check) & 0xFF or len(data) < start + 5 + length:
        return None
    body = data[start + 4 : start + 4 + length]
    total = data[start + 4 + length]
    for byte in body:
        total += byte
    return None if total & 0xFF else body


class PN532(I2CChip):
    """See the module."""

    KIND = "pn532"
    PINS = ("irq",)

    def __init__(self, address=0x24):
        I2CChip.__init__(self, address)
        self.pages = {}
        self.wrong_dcs = 0
        self.unplugged = False
        self.asleep = True
        self._tag = None

    # -- test face

    @property
    def tag(self):
        """UID of the tag before the reader, None if there is none."""
        return self._tag

    @tag.setter
    def tag(self, uid):
        if uid is not None and len(uid) != 7:
            raise ValueError("the UID of a tag has 7 bytes, not %d" % len(uid))
        self._tag = None if uid is None else bytes(uid)
        if uid is None:
            if self.kernel is not None:
                self._active = None
        else:
            if self._tag not in self.pages:
                self.pages[self._tag] = _blank(self._tag)
            if self.kernel is not None and self.powered:
                self._try_listing()

    def tap(self, uid, for_ms=500):
        """Hold a tag before the reader for a while; needs the kernel."""
        self.tag = uid
        self.kernel.after(for_ms * 1000, self._untap, bytes(uid))

    def _untap(self, uid):
        if self._tag == uid:
            self.tag = None

    # -- power

    def power_on(self):
        """Supply on: asleep until the first frame."""
        I2CChip.power_on(self)
        self.asleep = True
        self._configured = False
        self._received = b""
        self._waiting = []  # frames to be read
        self._last = b""
        self._events = []
        self._listing = False
        self._retries = _FOR_EVER
        self._active = None  # UID of target 1
        self._reading = -1
        self._show()

    def power_off(self):
        """Supply off: silent."""
        self._stop_work()
        if "irq" in self.nets:
            self.nets["irq"].drive(self.name, None)
        I2CChip.power_off(self)

    def _show(self):
        net = self.nets.get("irq")
        if net is not None:
            net.drive(self.name, 0 if self._waiting else 1)

    # -- I2C

    def i2c_start(self, read):
        """Answers whenever it has its supply; its clock stretching is not modelled."""
        if read:
            self._reading = 0
        else:
            self._received = b""
            self._reading = -1
        return self.powered and not self.unplugged

    def i2c_write(self, byte):
        """A byte of a frame."""
        self._received += bytes((byte,))
        return True

    def i2c_read(self):
        """The status byte, then what waits."""
        at = self._reading
        self._reading += 1
        if not self._waiting:
            return 0
        if at == 0:
            return 1
        data = self._waiting[0]
        return data[at - 1] if at - 1 < len(data) else 0

    def i2c_stop(self):
        """The end of a transfer: a frame is there, or was read."""
        if self._reading > 1 and self._waiting:
            self._last = self._waiting.pop(0)
            self._show()
        elif self._reading < 0 and self._received:
            data, self._received = self._received, b""
            self._take(data)
        self._reading = 0

    def _take(self, data):
        if data.find(_NACK[1:5]) >= 0 and len(data) <= 7:
            if self._last:
                self._waiting.insert(0, self._last)
                self._show()
            return
        body = parse(data)
        if body is None:
            if not self.disturbed:
                self.violation("a damaged frame")
            return
        self._stop_work()
        if not body:
            return  # an ACK from the host: abort
        if body[0] != _TO_CHIP or len(body) < 2:
            self.violation("a frame that is not for the reader")
            return
        self.asleep = False
        self._later(_ACK_US, self._put, _ACK)
        self._later(_ACK_US + _WORK_US, self._work, body[1:])

    # -- work

    def _later(self, us, fn, arg):
        self._events.append(self.kernel.after(us, fn, arg))

    def _stop_work(self):
        for event in self._events:
            self.kernel.cancel(event)
        self._events = []
        self._listing = False
        self._waiting = []
        self._show()

    def _put(self, data):
        self._waiting.append(data)
        self._show()

    def _answer(self, command, data=b""):
        out = bytearray(frame(_TO_HOST, bytes((command + 1,)) + data))
        if self.wrong_dcs > 0:
            self.wrong_dcs -= 1
            out[-2] ^= 0x10
        self._put(bytes(out))

    def _work(self, command):
        code, data = command[0], command[1:]
        if code == _FIRMWARE:
            self._answer(code, b"\x32\x01\x06\x07")
        elif code == _SAM:
            if len(data) < 2 or data[0] != 1:
                self._refuse("SAMConfiguration of mode %d" % (data[0] if data else 0))
                return
            self._configured = True
            self._answer(code)
        elif code == _POWER_DOWN:
            self._answer(code, b"\x00")
            self.asleep = True
            self._configured = False
            self._active = None
        elif not self._configured:
            self._refuse("command 0x%02x before SAMConfiguration" % code)
        elif code == _RF_CONFIGURATION:
            if len(data) == 4 and data[0] == 5:
                self._retries = data[3]
            self._answer(code)
        elif code == _LIST:
            if data != b"\x01\x00":
                self._refuse("InListPassiveTarget of other than one tag of type A")
                return
            self._listing = True
            if self._retries != _FOR_EVER:
                self._later((self._retries + 1) * _RETRY_US, self._give_up, None)
            self._try_listing()
        elif code == _EXCHANGE:
            self._exchange(data)
        elif code == _RELEASE:
            self._active = None
            self._answer(code, b"\x00")
        else:
            self._refuse("command 0x%02x: not modelled" % code)

    def _refuse(self, text):
        self.violation(text)
        self._put(_ERROR)

    def _try_listing(self):
        if self._listing and self._tag is not None:
            self._listing = False
            self._active = self._tag
            self._answer(_LIST, b"\x01\x01\x00\x44\x00\x07" + self._tag)

    def _give_up(self, _):
        if self._listing:
            self._listing = False
            self._answer(_LIST, b"\x00")

    def _exchange(self, data):
        if len(data) < 3 or data[0] != 1 or self._active is None and self._tag is not None:
            self._answer(_EXCHANGE, bytes((_WRONG_CONTEXT,)))
            return
        if self._active is None or self._active != self._tag:
            self._answer(_EXCHANGE, bytes((_TIMEOUT,)))
            return
        memory = self.pages[self._active]
        page = data[2]
        if data[1] == _READ_PAGES and page < _PAGES:
            out = b""
            for i in range(4):  # at the end it begins again
                at = (page + i) % _PAGES * 4
                out += bytes(memory[at : at + 4])
            self._answer(_EXCHANGE, b"\x00" + out)
        elif data[1] == _WRITE_PAGE and len(data) == 7 and 4 <= page < 40:
            memory[page * 4 : page * 4 + 4] = data[3:7]
            self._answer(_EXCHANGE, b"\x00")
        else:
            # The tag refuses, and the reader hears nothing.
            self._answer(_EXCHANGE, bytes((_TIMEOUT,)))


def _blank(uid):
    """Return the memory of a new NTAG213 with its UID and check bytes in pages 0 to 2."""
    memory = bytearray(_PAGES * 4)
    memory[0:3] = uid[0:3]
    memory[3] = 0x88 ^ uid[0] ^ uid[1] ^ uid[2]
    memory[4:8] = uid[3:7]
    memory[8] = uid[3] ^ uid[4] ^ uid[5] ^ uid[6]
    memory[12:16] = b"\xe1\x10\x12\x00"
    return memory
