"""An append-only journal on flash: what `append` has returned survives any reset and power cut.

Records lie in segments of at most `segment_bytes`, files in one folder, each named by the lowest
sequence number that it may hold (00000001.log). When there would be more than `segments` of them
the oldest goes, so the size is bounded. A record:

    0xA7 | length of payload, 2 bytes | sequence, 4 bytes | payload | CRC-32, 4 bytes

little-endian. The CRC covers the record and its place (segment and offset), so that neither a
stray copy of a record nor a payload that looks like one is ever taken for one. Reading skips
damage to the next record that is whole, and counts the bytes skipped. Sequence numbers rise, over
reboots too, and one that `append` has returned is not given again: after damage at the end the
numbers that may have stood there are left out, and the name of the newest file says how far they
had come when all that was in it is lost.

On littlefs an append rewrites the last block of its file: on a board it takes 50 ms and an erase.
"""

import binascii
import os
import struct

from micropython import const

_MARK = const(0xA7)
_HEAD = const(7)
_EXTRA = const(11)  # bytes of a record beyond its payload
_ENOENT = const(2)
_EEXIST = const(17)
_ENOSPC = const(28)


class Journal:
    """`segment_bytes` (64 to 65535) times `segments` (2 or more) is the bound in bytes.

    4096 bytes a segment fill one block of flash. Opening reads the whole journal.

    damaged: bytes that reading at the start had to skip. first, last: the lowest and the highest
    sequence number there is (0: the journal is empty).
    """

    def __init__(self, folder="/journal", segment_bytes=4096, segments=16):
        if not 64 <= segment_bytes <= 65535 or segments < 2:
            raise ValueError("a journal has 2 or more segments of 64 to 65535 bytes")
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._max = segments
        self._segments = []  # [number, first and last sequence (0: no record), size]
        self._file = None
        self._unsure = False  # an append failed: look at the flash before the next
        self._held = None
        self.damaged = 0
        self.first = 0
        self.last = 0
        self._next = 1
        self._recover()

    # -- writing

    def append(self, payload):
        """Store `payload` (bytes); returns its sequence number once it is on flash.

        ValueError if it does not fit into a segment. OSError if the flash refuses, or ENOSPC if
        the oldest segment is held; the record is then, as a rule, not there.
        """
        size = len(payload) + _EXTRA
        if size > self._segment_bytes:
            raise ValueError("a record of %d bytes does not fit into a segment" % len(payload))
        if self._unsure:
            self._recover()
        if self._file is None or self._segments[-1][3] + size > self._segment_bytes:
            self._begin()
        segment = self._segments[-1]
        sequence = self._next
        record = encode(segment[0], segment[3], sequence, payload)
        try:
            self._file.write(record)
            self._file.flush()
        except OSError:
            # Part of it may lie in the file: look before anything is added to that.
            self._unsure = True
            raise
        segment[3] += size
        self._note(segment, sequence)
        return sequence

    def hold(self, sequence):
        """Never drop the record `sequence` or a later one to make room (None: drop any).

        With this and `drop_before` a ledger that writes checkpoints can be built: append the
        checkpoint, hold its number, drop what is older.
        """
        self._held = sequence

    def drop_before(self, sequence):
        """Remove the segments that hold only records before `sequence`, except the newest."""
        while len(self._segments) > 1 and self._segments[0][2] < sequence:
            self._drop()

    def room(self):
        """Return the bytes that can be appended before a record must go; overheads included."""
        free = (self._max - len(self._segments)) * self._segment_bytes
        if self._file is not None:
            free += self._segment_bytes - self._segments[-1][3]
        return free

    def close(self):
        """Close the open segment; the next append opens a new one."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    # -- reading

    def records(self, start=0):
        """Iterate over (sequence, payload), oldest first, from `start` on."""
        for number, _, last, _ in list(self._segments):
            if last >= start:
                for sequence, payload in self._read(number):
                    if sequence >= start:
                        yield sequence, payload

    def newest(self):
        """Iterate over (sequence, payload), newest first."""
        for number, _, last, _ in reversed(list(self._segments)):
            if last:
                for sequence, payload in reversed(self._read(number)):
                    yield sequence, payload

    def _read(self, number):
        out = []
        try:
            data = self._load(number)
        except OSError as error:
            if error.errno != _ENOENT:
                raise
            return out  # dropped since the iteration began
        low = number
        for _, sequence, payload in scan(number, data):
            if sequence >= low:
                low = sequence + 1
                out.append((sequence, payload))
        return out

    # -- segments

    def _path(self, number):
        return "%s/%08d.log" % (self._folder, number)

    def _load(self, number):
        with open(self._path(number), "rb") as file:
            return file.read()

    def _note(self, segment, sequence):
        if not segment[1]:
            segment[1] = sequence
        segment[2] = sequence
        if not self.first:
            self.first = sequence
        self.last = sequence
        self._next = sequence + 1

    def _begin(self):
        self.close()
        while len(self._segments) >= self._max:
            if self._held is not None and self._segments[0][2] >= self._held:
                raise OSError(_ENOSPC)
            self._drop()
        self._file = open(self._path(self._next), "ab")
        self._segments.append([self._next, 0, 0, 0])

    def _drop(self):
        os.remove(self._path(self._segments[0][0]))
        self._segments.pop(0)
        self.first = 0
        for segment in self._segments:
            if segment[1]:
                self.first = segment[1]
                break
        if not self.first:
            self.last = 0

    def _recover(self):
        """Read everything, and go on in the newest segment."""
        self._unsure = True
        try:
            self.close()
        except OSError:
            pass  # of an append that had failed already
        self._segments = []
        self.first = self.last = self.damaged = 0
        known = self._next
        for number in self._numbers():
            data = self._load(number)
            segment = [number, 0, 0, len(data)]
            self._next = max(self._next, number)
            end = 0
            low = max(number, self.last + 1)
            for at, sequence, payload in scan(number, data):
                if sequence >= low:
                    self._skip(at - end)
                    self._note(segment, sequence)
                    low = sequence + 1
                    end = at + len(payload) + _EXTRA
            self._skip(len(data) - end)
            self._segments.append(segment)
        self._next = max(self._next, known)
        if self._segments and self._segments[-1][3] < self._segment_bytes:
            self._file = open(self._path(self._segments[-1][0]), "ab")
        self._unsure = False

    def _skip(self, n):
        """Count damage, and leave out the numbers of the records that may have been there."""
        self.damaged += n
        self._next += (n + _EXTRA - 1) // _EXTRA

    def _numbers(self):
        """Return the numbers of the segments, in order; makes the folder if there is none."""
        try:
            os.mkdir(self._folder)
        except OSError as error:
            if error.errno != _EEXIST:
                raise
        out = []
        for name in os.listdir(self._folder):
            if name.endswith(".log") and name[:-4].isdigit():
                out.append(int(name[:-4]))
        return sorted(out)


def encode(number, offset, sequence, payload):
    """Return the record for its place: segment `number`, at `offset`."""
    n = len(payload)
    record = bytearray(n + _EXTRA)
    struct.pack_into("<BHI", record, 0, _MARK, n, sequence)
    record[_HEAD : _HEAD + n] = payload
    crc = binascii.crc32(memoryview(record)[: _HEAD + n], _seed(number, offset))
    struct.pack_into("<I", record, _HEAD + n, crc & 0xFFFFFFFF)
    return record


def scan(number, data):
    """Iterate over (offset, sequence, payload) of the whole records in the bytes of a segment."""
    view = memoryview(data)
    at = data.find(b"\xa7")
    while at >= 0:
        if at + _EXTRA <= len(data):
            _, n, sequence = struct.unpack_from("<BHI", data, at)
            end = at + _HEAD + n
            if end + 4 <= len(data):
                crc = binascii.crc32(view[at:end], _seed(number, at)) & 0xFFFFFFFF
                if crc == struct.unpack_from("<I", data, end)[0]:
                    yield at, sequence, data[at + _HEAD : end]
                    at = data.find(b"\xa7", end + 4)
                    continue
        at = data.find(b"\xa7", at + 1)


def _seed(number, offset):
    # The start value of the CRC: two records that differ in place alone differ in their CRC.
    return (number * 2654435761 + offset) & 0xFFFFFFFF
