"""Who is who: a random pseudonym for each id of the palm reader. Nothing else is known here.

This table is the only place where the two stand side by side; it is kept in a file of its own, and
never in the journal, a log or a message.
"""

import binascii
import struct

from micropython import const

_ENTRY = "<H8sB"
_ENTRY_BYTES = const(11)
MOST = const(100)  # what the reader's driver lists at most (DFRobot AI10)
KEEP = const(0)
FORGET = const(1)  # delete as soon as no bank is out
FORGET_AFTER = const(2)  # the same, behind the first rental


class Members:
    """`entries` is a list of [reader's id, pseudonym of 8 bytes, wish: KEEP and so on]."""

    def __init__(self, stored=b""):
        self.entries = []
        self.blocked = []  # pseudonyms that the operator serves no more; not kept over a reset
        if len(stored) >= 4:
            (crc,) = struct.unpack_from("<I", stored, len(stored) - 4)
            body = stored[:-4]
            if binascii.crc32(body) & 0xFFFFFFFF == crc and not len(body) % _ENTRY_BYTES:
                for at in range(0, len(body), _ENTRY_BYTES):
                    self.entries.append(list(struct.unpack_from(_ENTRY, body, at)))

    def stored(self):
        """Return the bytes to keep."""
        body = b"".join([struct.pack(_ENTRY, *entry) for entry in self.entries])
        return body + struct.pack("<I", binascii.crc32(body) & 0xFFFFFFFF)

    def of_palm(self, uid):
        """Return the pseudonym of a palm, None for one that is not known here."""
        for entry in self.entries:
            if entry[0] == uid:
                return entry[1]
        return None

    def add(self, uid, member, wish=KEEP):
        """A palm was enrolled."""
        self.remove(uid)
        self.entries.append([uid, member, wish])

    def rented(self, member):
        """A member has taken a bank; returns whether that changes a wish."""
        for entry in self.entries:
            if entry[1] == member and entry[2] == FORGET_AFTER:
                entry[2] = FORGET
                return True
        return False

    def remove(self, uid):
        """A palm was deleted in the reader."""
        self.entries = [entry for entry in self.entries if entry[0] != uid]

    def forget(self, member):
        """A member wishes to be forgotten; returns whether there is one of that name."""
        for entry in self.entries:
            if entry[1] == member:
                entry[2] = FORGET
                return True
        return False

    def due(self, has_one):
        """Return the reader's id of a palm to delete now, or None. `has_one(member)`: rents."""
        for uid, member, wish in self.entries:
            if wish == FORGET and not has_one(member):
                return uid
        return None

    def reconcile(self, listed):
        """Hold the table against the reader's list; returns ids to delete there.

        A palm that no pseudonym belongs to is deleted (power went between enrolling and noting
        it); an entry whose palm is gone is dropped.
        """
        known = [entry[0] for entry in self.entries]
        self.entries = [entry for entry in self.entries if entry[0] in listed]
        return [uid for uid in listed if uid not in known]
