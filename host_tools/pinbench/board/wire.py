"""How a call and its result travel between the VM and the supervisor (runs on both interpreters).

A value is one tag and its bytes; what cannot travel raises TypeError at the sender.
"""

import struct

LONGEST = 8192  # bytes of a message to the VM


class Reference:
    """An object that stays on the other side: `number` names it, `kind` is its class's name."""

    def __init__(self, number, kind):
        self.number = number
        self.kind = kind


class Callback:
    """A function of the VM, by its number."""

    def __init__(self, number):
        self.number = number


def pack(value, out, special):
    """Append `value` to the bytearray `out`.

    `special(value)` gives a Reference or Callback for what has no form of its own, or None.
    """
    if value is None:
        out.extend(b"N")
    elif value is True or value is False:
        out.extend(b"T" if value else b"F")
    elif isinstance(value, int):
        out.extend(b"i" + struct.pack("<q", value))
    elif isinstance(value, float):
        out.extend(b"d" + struct.pack("<d", value))
    elif isinstance(value, str):
        data = value.encode()
        out.extend(b"s" + struct.pack("<I", len(data)) + data)
    elif isinstance(value, bytes):
        out.extend(b"b" + struct.pack("<I", len(value)) + value)
    elif isinstance(value, (tuple, list)):
        out.extend((b"t" if isinstance(value, tuple) else b"l") + struct.pack("<I", len(value)))
        for item in value:
            pack(item, out, special)
    elif isinstance(value, dict):
        out.extend(b"m" + struct.pack("<I", len(value)))
        for key in value:
            pack(key, out, special)
            pack(value[key], out, special)
    else:
        found = value if isinstance(value, (Reference, Callback)) else special(value)
        if isinstance(found, Reference):
            out.extend(b"o" + struct.pack("<I", found.number))
            pack(found.kind, out, special)
        elif isinstance(found, Callback):
            out.extend(b"c" + struct.pack("<I", found.number))
        else:  # a buffer that the callee may fill
            try:
                data = bytes(memoryview(value))  # pyright: ignore
            except TypeError:
                raise TypeError("can't pass %s to the hardware" % type(value).__name__) from None
            out.extend(b"B" + struct.pack("<I", len(data)) + data)


class Reader:
    """Unpacks one message; `special` turns a Reference or Callback into what stands for it."""

    def __init__(self, data, special):
        self._data = data
        self._special = special
        self._at = 0
        self.buffers = []  # what came as a buffer, in order

    def _take(self, form, size):
        at = self._at
        self._at = at + size
        return struct.unpack_from(form, self._data, at)[0]

    def _bytes(self):
        n = self._take("<I", 4)
        at = self._at
        self._at = at + n
        return bytes(self._data[at : at + n])

    def value(self):
        """Return the next value."""
        tag = self._data[self._at]
        self._at += 1
        if tag == 78:  # N
            return None
        if tag == 84 or tag == 70:  # T, F
            return tag == 84
        if tag == 105:  # i
            return self._take("<q", 8)
        if tag == 100:  # d
            return self._take("<d", 8)
        if tag == 115:  # s
            return self._bytes().decode()
        if tag == 98:  # b
            return self._bytes()
        if tag == 66:  # B
            self.buffers.append(bytearray(self._bytes()))
            return self.buffers[-1]
        if tag == 116 or tag == 108:  # t, l
            items = [self.value() for _ in range(self._take("<I", 4))]
            return tuple(items) if tag == 116 else items
        if tag == 109:  # m
            found = {}
            for _ in range(self._take("<I", 4)):
                key = self.value()
                found[key] = self.value()
            return found
        number = self._take("<I", 4)
        if tag == 111:  # o
            return self._special(Reference(number, self.value()))
        return self._special(Callback(number))
