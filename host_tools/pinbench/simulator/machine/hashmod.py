"""The `hashlib` module: sha256 alone, since what else there is depends on the build (NUM-18)."""

import hashlib

from pinbench.simulator.machine.small import namespace


class Sha256:
    """A hash as a board has it: no text, no copy, and over after its digest."""

    def __init__(self, data=b""):
        self._hash = hashlib.sha256(data)
        self._final = False

    def update(self, data):
        self._check()
        self._hash.update(data)

    def digest(self):
        self._check()
        self._final = True
        return self._hash.digest()

    def _check(self):
        if self._final:
            raise ValueError("hash is final")


def make_hashlib():
    """Return the module."""
    return namespace(sha256=Sha256)
