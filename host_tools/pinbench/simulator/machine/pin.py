"""machine.Pin and machine.Signal (facts: PIN-01 to PIN-30)."""

from pinbench.simulator import pads


def make_pin(bench):
    """Return the Pin class of this boot, bound to the bench's pads."""
    kernel = bench.kernel
    profile = kernel.profile
    constants = profile.PIN
    modes = {constants["IN"]: pads.IN, constants["OUT"]: pads.OUT}
    modes[constants["OPEN_DRAIN"]] = pads.OPEN_DRAIN
    up, down = constants["PULL_UP"], constants["PULL_DOWN"]
    falling, rising = constants["IRQ_FALLING"], constants["IRQ_RISING"]
    both = falling | rising
    call = kernel.call
    omitted = object()
    known = {}

    class Pin:
        def __new__(cls, id, *args, **kwargs):
            number = _number(id)
            return known.get(number) or _make(number)

        def __init__(self, id, *args, **kwargs):
            call()
            if args or kwargs:
                self._init(*args, **kwargs)

        def init(self, *args, **kwargs):
            call()
            self._init(*args, **kwargs)

        def _init(self, mode=-1, pull=omitted, value=None, drive=0, alt=-1):
            pad = self._pad
            if mode is None:
                mode = -1
            if mode != -1 and mode not in modes:
                raise ValueError("invalid pin mode: %d" % mode)
            if mode == constants["OUT"] and pad.number in profile.input_only:
                raise ValueError("pin can only be input")
            if value is not None and (mode != -1 or not profile.value_needs_mode):
                pad.latch = 1 if value else 0  # before the direction: no glitch (PIN-06)
            if mode != -1:
                if (
                    modes[mode] == pads.OPEN_DRAIN
                    and value is None
                    and pad.mode != pads.OPEN_DRAIN
                ):
                    pad.latch = 1  # released at first (PIN-10)
                pad.set_mode(modes[mode])
            elif value is not None and not profile.value_needs_mode:
                pad.set_latch(pad.latch)
            if pull is omitted:
                if profile.pulls_cleared_when_omitted:
                    pad.set_pull(None)
            else:
                pad.set_pull(1 if pull == up else 0 if pull == down else None)

        def value(self, x=omitted):
            call()
            if x is omitted:
                return self._pad.net.read()
            self._pad.set_latch(1 if x else 0)

        def __call__(self, x=omitted):
            return self.value(x)

        def on(self):
            call()
            self._pad.set_latch(1)

        def off(self):
            call()
            self._pad.set_latch(0)

        def toggle(self):
            call()
            self._pad.set_latch(1 - self._pad.latch)

        def irq(self, handler=omitted, trigger=both, hard=omitted, wake=None):
            call()
            if (
                hard is not omitted
                and not profile.hard_irq
                or wake is not None
                and profile.hard_irq
            ):
                raise TypeError("extra keyword arguments given")
            if self._irq is None:
                self._irq = IRQ(self)
            if handler is not omitted:
                self._irq._set(handler, trigger, hard is not omitted and bool(hard))
            elif hard is not omitted or trigger != both:
                self._irq._set(None, trigger, hard is not omitted and bool(hard))
            return self._irq

        def __repr__(self):
            return "Pin(%d)" % self._pad.number

    class IRQ:
        """What `Pin.irq` returns."""

        def __init__(self, pin):
            self._pin = pin
            self._net = pin._pad.net
            self._handler = None
            self._mask = 0
            self._hard = False
            self._flags = 0
            self._level = self._net.level
            self._pending = 0  # edges while interrupts were blocked
            bench.at_reset(self._stop)

        def _set(self, handler, trigger, hard):
            if not trigger or trigger & ~(both | constants.get("WAKE_LOW", 0)):
                raise ValueError("invalid trigger")
            if self._handler is None and handler is not None:
                self._net.watch(self._edge)
            elif self._handler is not None and handler is None:
                self._net.unwatch(self._edge)
            self._handler = handler
            self._mask = trigger
            self._hard = hard
            self._level = self._net.level

        def _stop(self):
            self._net.unwatch(self._edge)
            self._handler = None

        def _edge(self, net):
            if net.level == self._level:
                return
            self._level = net.level
            edge = rising if net.level else falling
            if not self._mask & edge:
                return
            if not kernel.irq_off:
                self._serve(edge)
            elif self._pending:
                self._pending |= edge
            else:
                self._pending = edge
                kernel.pend(self._serve_pending)

        def _serve_pending(self):
            edges = self._pending & self._mask
            self._pending = 0
            if edges and self._handler is not None:
                self._serve(edges)

        def _serve(self, edges):
            self._flags = edges  # both, if both came while interrupts were blocked (PIN-22)
            if self._hard:
                if not kernel.interrupt(self._handler, self._pin, self._pin._name):
                    self._set(None, self._mask, True)  # PIN-21
            else:
                kernel.schedule(self._handler, self._pin, self._pin._name)

        def trigger(self, mask=omitted):
            call()
            before = self._mask
            if mask is not omitted:
                self._mask = mask
            return before

        def __call__(self):
            call()
            if self._handler is not None:
                self._handler(self._pin)

        if profile.platform == "rp2":

            def flags(self):
                call()
                return self._flags

    def _make(number):
        pin = object.__new__(Pin)
        pin._pad = bench.pad(number)
        pin._irq = None
        pin._name = "GP%d" % number
        known[number] = pin
        return pin

    def _number(id):
        if isinstance(id, Pin):
            return id._pad.number
        if isinstance(id, str):
            number = bench.named_pin(id)
            if number is None:
                if profile.platform == "rp2":
                    raise ValueError('unknown named pin "%s"' % id)
                raise ValueError("invalid pin")
            return number
        return id

    for name in constants:
        setattr(Pin, name, constants[name])
    for number in bench.wired:
        _make(number)
    if "low" in profile.pin_methods:
        Pin.low = Pin.off
        Pin.high = Pin.on
    return Pin


def make_signal(bench, Pin):
    """Return the Signal class: a pin, perhaps inverted. It writes the latch (PIN-12)."""

    class Signal:
        def __init__(self, pin, *args, invert=False, **kwargs):
            self._pin = pin if isinstance(pin, Pin) else Pin(pin, *args, **kwargs)
            self._invert = invert

        def value(self, *x):
            if x:
                level = 1 if bool(x[0]) != self._invert else 0
                if bench.kernel.profile.platform == "rp2":
                    self._pin._pad.put(level)
                else:
                    self._pin._pad.set_latch(level)
                return None
            return self._pin.value() ^ (1 if self._invert else 0)

        def __call__(self, *x):
            return self.value(*x)

        def on(self):
            self.value(1)

        def off(self):
            self.value(0)

    return Signal
