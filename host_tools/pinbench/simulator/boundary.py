"""Where firmware in a hard handler meets the simulator, on the VM: the heap's lock is lifted.

A hard handler runs with the real heap locked, as on a board. The fakes that it may call allocate
where the hardware does not, so each is wrapped here: the lock is lifted while the fake does the
simulator's work, and is there again before the next instruction of the firmware. The wrappers
take fixed arguments (a call with `*args` would itself allocate) and close over two names only (a
call of a closure with more than five in all allocates too).
"""

_NONE = object()


def method(kernel, fn):
    """Wrap a method that takes up to two arguments."""

    def bounded(self, a=_NONE, b=_NONE):
        if not kernel.locked:
            return _call(fn, self, a, b)
        kernel.lift()
        try:
            return _call(fn, self, a, b)
        finally:
            kernel.relock()

    return bounded


def function(kernel, fn):
    """Wrap a function that takes up to two arguments."""

    def bounded(a=_NONE, b=_NONE):
        if not kernel.locked:
            return _call_plain(fn, a, b)
        kernel.lift()
        try:
            return _call_plain(fn, a, b)
        finally:
            kernel.relock()

    return bounded


def _call(fn, self, a, b):
    if a is _NONE:
        return fn(self)
    return fn(self, a) if b is _NONE else fn(self, a, b)


def _call_plain(fn, a, b):
    if a is _NONE:
        return fn()
    return fn(a) if b is _NONE else fn(a, b)


# What a hard handler may call.
_METHODS = {
    "Pin": ("value", "__call__", "on", "off", "toggle", "low", "high"),
    "PWM": ("duty_u16", "duty_ns", "freq"),
    "SPI": ("write", "readinto", "write_readinto"),
    "ADC": ("read_u16",),
    "WDT": ("feed",),
}
_MACHINE = ("disable_irq", "enable_irq")
_TIME = ("ticks_us", "ticks_ms", "ticks_diff", "ticks_add")
_MICROPYTHON = ("schedule",)


def install(kernel, modules):
    """Wrap what the fake modules of one boot offer to hard handlers."""
    machine = modules["machine"]
    for name in _METHODS:
        cls = getattr(machine, name)
        for key in _METHODS[name]:
            if hasattr(cls, key):
                setattr(cls, key, method(kernel, getattr(cls, key)))
    for owner, names in (
        (machine, _MACHINE),
        (modules["time"], _TIME),
        (modules["micropython"], _MICROPYTHON),
    ):
        for key in names:
            setattr(owner, key, function(kernel, getattr(owner, key)))
