"""What of the VM's output a host may see: after its boot a board's banner in place of the VM's."""

RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PROMPT = b">>> "
_HELP = b'Type "help()" for more information.\r\n'
_TO_RAW = b"\x01"


class Screen:
    """Follows the output of one life of the VM after the other.

    `ready`: the host's input may reach the VM. `raw`: the REPL is the raw one, for programs.
    """

    def __init__(self, banner):
        self._banner = banner.encode() + b"\r\n" + _HELP
        self._vm_banner = None
        self.raw = False
        self.ready = False
        self.begin(b"", False)

    def begin(self, marker, raw):
        """A new VM: what it prints before `marker` is the firmware's, what follows is its REPL."""
        self._marker = marker
        self._want_raw = raw
        self.raw = raw
        self.ready = False
        self._held = b""
        self._state = "boot"

    def pass_on(self, data):
        """Return (bytes for the host, bytes to type to the VM)."""
        if self._state == "live":
            return self._live(data), b""
        self._held += data
        if self._state == "boot":
            before, found, after = self._held.partition(self._marker)
            if not found:
                # The marker may have begun at the end of this piece.
                at = before.rfind(self._marker[:1])
                keep = len(before) - at if 0 <= at and len(before) - at < len(self._marker) else 0
                self._held = before[len(before) - keep :]
                return before[: len(before) - keep], b""
            self._held = after
            self._state = "prompt"
            self.ready = False  # the REPL's first words are ours
            shown, typed = self.pass_on(b"")
            return before + shown, typed
        if self._state == "prompt":
            before, found, after = self._held.partition(PROMPT)
            if not found:
                return b"", b""
            self._vm_banner = before
            self._held = after
            if self._want_raw:
                self._state = "raw"
                return b"", _TO_RAW
            return self._go_live(self._banner + PROMPT)
        _, found, after = self._held.partition(RAW_PROMPT)
        if not found:
            return b"", b""
        self._held = after
        return self._go_live(RAW_PROMPT)

    def _go_live(self, shown):
        """What was typed ahead, while main.py ran, may have been answered already."""
        after, self._held = self._held, b""
        self._state = "live"
        self.ready = True
        return shown + self._live(after), b""

    def _live(self, data):
        tail = (self._held + data)[-200:]
        self._held = tail
        raw_at = tail.rfind(RAW_PROMPT)
        friendly_at = tail.rfind(_HELP + PROMPT)
        if raw_at >= 0 or friendly_at >= 0:
            self.raw = raw_at > friendly_at
        return data.replace(self._vm_banner, self._banner) if self._vm_banner else data
