"""The chips of the checklist's bench: no product's twins, only what an item needs to meet."""


class Memory:
    """256 bytes behind a one-byte pointer; refuses data byte `refuse_at` of a write (0 first)."""

    KIND = "memory"

    def __init__(self, address, refuse_at=None):
        self.address = address
        self.disturbed = False
        self._data = bytearray(range(256))
        self._refuse_at = refuse_at
        self._pointer = 0
        self._at = 0
        self._open = False  # a transfer that no STOP has ended

    def attach(self, kernel, name, nets):
        self.name = name

    def power_on(self):
        pass

    def power_off(self):
        pass

    def i2c_start(self, read):
        if read and not self._open:
            self._pointer = 0  # the pointer lives only until STOP: a repeated start is needed
        self._open = True
        self._at = 0
        return True

    def i2c_write(self, byte):
        if self._at == self._refuse_at:
            return False
        if self._at == 0:
            self._pointer = byte
        else:
            self._data[self._pointer] = byte
            self._pointer = (self._pointer + 1) & 255
        self._at += 1
        return True

    def i2c_read(self):
        byte = self._data[self._pointer]
        self._pointer = (self._pointer + 1) & 255
        return byte

    def i2c_stop(self):
        self._open = False


class Ghost(Memory):
    """A chip too slow for 400 kHz: it answers what is bit-banged, a little slower, and no more."""

    max_hz = 300000
