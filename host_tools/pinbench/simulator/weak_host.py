"""Which objects does nobody refer to any more? On CPython (host only); see weak_vm.py."""

import gc
import weakref


def watch(obj):
    """Nothing to prepare: CPython can tell of any object."""


def collect():
    """The firmware asked for a collection: CPython's own counts do it."""


def release(holders):
    """Collect; then each of `holders` has in `handle` what it had, or None if it alone held it."""
    seen = [weakref.ref(holder.handle) for holder in holders]
    for holder in holders:
        holder.handle = None
    gc.collect()  # a callback may refer to its own Timer in a circle
    for holder, ref in zip(holders, seen):
        holder.handle = ref()
