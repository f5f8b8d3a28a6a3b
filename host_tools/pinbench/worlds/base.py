"""What every world does alike: it is asked for a measure, told to act, and notes what happens."""

from pinbench.worlds.actions import check, plain


class World:
    """Base of the worlds. A subclass names itself (NAME, "the window") and lists ACTIONS and
    MEASURES, with a method `_act_...` or `_measure_...` for each; a blank or hyphen in an action's
    name stands as an underscore in that of its method.

    events: time in us of the first of each event, by its name.
    """

    NAME = ""
    ACTIONS = {}
    MEASURES = {}
    PRIVATE = ()  # parameters of actions that no trace may hold

    def __init__(self, kernel):
        self.kernel = kernel
        self.events = {}

    def measure(self, name):
        """Return a measure as an int. Raises ValueError for a name that MEASURES does not have."""
        if name not in self.MEASURES:
            raise ValueError(
                "%r is not a measure of %s: it has %s"
                % (name, self.NAME, ", ".join(sorted(self.MEASURES)))
            )
        return self._measure(name)

    def act(self, name, params):
        """Do what ACTIONS names; returns a function that ends it, or None."""
        values = check(name, self.ACTIONS, params)
        told = [
            "%s=%s" % (key, plain(values[key]))
            for key in sorted(values)
            if key not in self.PRIVATE
        ]
        self.kernel.note("world", "act", name, *told)
        method = "_act_" + name.replace(" ", "_").replace("-", "_")
        return getattr(self, method)(**self._arguments(values))

    def _measure(self, name):
        return getattr(self, "_measure_" + name)()

    def _arguments(self, values):
        """What an action's method is given of the checked parameters."""
        return values

    def _event(self, name):
        if name not in self.events:
            self.events[name] = self.kernel.now_us
        self.kernel.note("world", "event", name)

