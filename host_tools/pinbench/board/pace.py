"""A serial line between host and board: its speed in one direction, and the bytes that passed."""

BAUD_BITS = 10  # a start bit, eight data bits, a stop bit


class Line:
    """Bytes on their way; each is out when its last bit is.

    `bytes_per_s` None lets everything pass at once. `passed` counts bytes since it was last set.
    """

    STEP_S = 0.002  # bytes are handed on in pieces no shorter than this

    def __init__(self, bytes_per_s=None):
        self.bytes_per_s = bytes_per_s
        self.passed = 0
        self._waiting = bytearray()
        self._free_s = 0.0  # when the line has sent what was taken so far

    def __len__(self):
        return len(self._waiting)

    def put(self, data, now_s):
        """Give it bytes to send."""
        if not self._waiting:
            self._free_s = max(self._free_s, now_s)
        self._waiting += data

    def take(self, now_s):
        """Return the bytes that are out by `now_s`."""
        n = len(self._waiting)
        if self.bytes_per_s is not None:
            n = min(n, int((now_s - self._free_s) * self.bytes_per_s + 1e-6))
            if n <= 0:
                return b""
            self._free_s += n / self.bytes_per_s
        data = bytes(self._waiting[:n])
        del self._waiting[:n]
        self.passed += n
        return data

    def wait_s(self, now_s):
        """Return the seconds until `take` is worth a call; None if nothing waits."""
        if not self._waiting:
            return None
        if self.bytes_per_s is None:
            return 0.0
        piece = min(len(self._waiting), max(1, int(self.bytes_per_s * self.STEP_S)))
        return max(0.0, self._free_s + piece / self.bytes_per_s - now_s)

    def drop(self):
        """Lose what is on its way: the cable was pulled, or the board stopped."""
        self._waiting.clear()
