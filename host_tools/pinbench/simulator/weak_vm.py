"""Which objects does nobody refer to any more? On the real VM (VM only); see weak_host.py.

MicroPython has no weak references, and calls no finaliser of a class written in Python. So each
watched object owns an open file, whose finaliser gives its number back: a number that the next
open file gets is one whose owner has been collected. The address of the object is kept where the
collector cannot take it for a reference.
"""

import gc
import struct

_real_open = open
_MASK = 0x5A5A5A5A5A5A


def watch(obj):
    """Prepare `obj` for `release`."""
    obj._guard = _real_open("/dev/null")


def collect():
    """The firmware asked for a collection: only `release` needs to know what is in use."""


def release(holders):
    """Collect; then each of `holders` has in `handle` what it had, or None if it alone held it."""
    hidden = _hide(holders)
    _wipe(24)
    gc.collect()
    free = _free_numbers(max([number for _, number in hidden]))
    for at in range(len(holders)):
        masked, number = hidden[at]
        if number not in free:
            holders[at].handle = struct.unpack("O", struct.pack("P", masked ^ _MASK))[0]


def _hide(holders):
    hidden = []
    for holder in holders:
        hidden.append((id(holder.handle) ^ _MASK, holder.handle._guard.fileno()))
        holder.handle = None
    return hidden


def _wipe(depth):
    """Overwrite what is left of earlier calls on the stack: the collector looks at all of it."""
    fill = [None] * 8
    if depth:
        _wipe(depth - 1)
    return fill


def _free_numbers(last):
    """Return the numbers up to `last` that no open file has."""
    probes = []
    found = []
    while True:
        probe = _real_open("/dev/null")
        probes.append(probe)
        number = probe.fileno()
        if number > last:
            break
        found.append(number)
    for probe in probes:
        probe.close()
    return found
