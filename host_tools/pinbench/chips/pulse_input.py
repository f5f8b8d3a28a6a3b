"""A digital input that sees each pulse of a PWM train, for parts that a single pulse concerns."""


class PulseInput:
    """`level` follows the net, pulse by pulse; fn() is called before and after each change, so
    that what went on until then can be accounted for with the old level."""

    def __init__(self, kernel, net, fn):
        """`net` None: nothing is connected, the level stays 0."""
        self._kernel = kernel
        self._net = net
        self._fn = fn
        self._event = None
        self.level = 0
        if net is not None:
            net.watch(self._changed)
            self._changed(net)

    def _changed(self, net):
        self._kernel.cancel(self._event)
        self._event = None
        level = net.read() if net.freq_hz else net.level
        edge_us = net.edge_us()
        if edge_us is not None:
            self._event = self._kernel.at(edge_us, self._edge)
        if level != self.level:
            self._fn()
            self.level = level
            self._fn()

    def _edge(self, _):
        self._changed(self._net)
