"""Serves the VM's `machine`: each call runs on the fakes of the bench, on this side."""

import inspect
from typing import Any

from pinbench.board import wire
from pinbench.simulator.machine.system import Machine


class MachineServer:
    """The hardware as one life of the VM sees it. `bench` outlives it."""

    def __init__(self, bench):
        self._bench = bench
        self._machine = Machine(bench)
        bench.machine = self._machine
        self._objects = [self._machine]
        self._numbers = {id(self._machine): 0}
        self._callbacks = {}
        self._due = []  # (number of the function, its argument): hard handlers that have come

    def describe(self):
        """Return name -> (kind, detail) of what the module offers, for the VM to imitate."""
        found = {}
        for name in dir(self._machine):
            if name.startswith("_"):
                continue
            value = getattr(self._machine, name)
            if inspect.isclass(value):
                names = [key for key in dir(value) if not key.startswith("_")]
                constants = {
                    key: getattr(value, key)
                    for key in names
                    if isinstance(getattr(value, key), int)
                }
                methods = tuple(key for key in names if key not in constants)
                found[name] = ("class", (constants, methods))
            elif isinstance(value, int):
                found[name] = ("constant", value)
            elif callable(value):
                found[name] = ("function", None)
        return found

    def call(self, message):
        """Run one packed call; returns the packed (error name, value or arguments, buffers)."""
        reader = wire.Reader(message, self._from_wire)
        asked: Any = reader.value()
        number, name, args, kwargs = asked
        try:
            value = getattr(self._objects[number], name)(*args, **kwargs)
        except Exception as error:
            reply = (type(error).__name__, tuple(map(_plain, error.args)), ())
        else:
            filled = tuple(map(bytes, reader.buffers)) if name.endswith("into") else ()
            reply = (None, value, filled)
        return self._packed(reply)

    def next_callback(self):
        """Return the next callback that is due, packed; None packed if there is none.

        Soft ones stay in the kernel's queue until the VM asks, so that its depth counts.
        """
        if not self._due:
            self._bench.kernel.poll()
        return self._packed(self._due.pop(0) if self._due else None)

    @property
    def waiting(self):
        """True while a callback is due."""
        return bool(self._due) or self._bench.kernel.callbacks_wait()

    def _packed(self, value):
        out = bytearray()
        wire.pack(value, out, self._to_wire)
        return bytes(out)

    def _to_wire(self, value):
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)  # keeps it alive, so its id stays its own
        return wire.Reference(number, type(value).__name__)

    def _from_wire(self, found):
        if isinstance(found, wire.Reference):
            return self._objects[found.number]
        if found.number not in self._callbacks:
            self._callbacks[found.number] = _VMFunction(found.number, self._due)
        return self._callbacks[found.number]


class _VMFunction:
    """Stands for a function of the firmware: calling it leaves a note for the VM."""

    def __init__(self, number, due):
        self._number = number
        self._due = due

    def __call__(self, arg):
        self._due.append((self._number, arg))


def _plain(value):
    return value if isinstance(value, (int, float, str, bytes)) else str(value)
