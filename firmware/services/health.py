"""What the device knows of itself: how long it runs, why it started, what went wrong."""

import machine

from services.atomic import write_atomic
from services.log import describe
from services.tasks import FAILED, RUNNING, STOPPED, WAITING

BOOTS = "/boots"


class Health:
    """`supervisor` is a services.tasks.Supervisor, its log the device's log.

    `boots` is the number of starts so far, this one included: kept in the file `path`, which is
    written once at every start (None: not kept). A file that cannot be read counts from 1 again;
    one that cannot be written is a line in the log, never an exception.
    """

    def __init__(self, supervisor, path=BOOTS):
        self._supervisor = supervisor
        self.reset_cause = machine.reset_cause()
        self.boots = 1
        if path is not None:
            self._count(path)

    def _count(self, path):
        try:
            with open(path) as file:
                self.boots = int(file.read(12)) + 1
        except (OSError, ValueError):
            pass
        try:
            write_atomic(path, "%d" % self.boots)
        except OSError as error:
            self._supervisor.log.line("starts are not counted: %s" % describe(error))

    @property
    def well(self):
        """True while every task runs, or is about to start, and nothing is condemned."""
        if self._supervisor.condemned:
            return False
        for task in self._supervisor.tasks:
            if task.state not in (RUNNING, STOPPED):
                return False
        return True

    def summary(self):
        """Return a dict of ints, strings, bools and lists of strings, fit for JSON.

        well, uptime_s, boots, reset_cause (the port's number), restarts (of tasks), failed and
        waiting (names), faults (keys of those that last), errors (the last lines of the log).
        """
        supervisor = self._supervisor
        tasks = supervisor.tasks
        return {
            "well": self.well,
            "uptime_s": supervisor.uptime_ms // 1000,
            "boots": self.boots,
            "reset_cause": self.reset_cause,
            "restarts": sum([task.failed for task in tasks]),
            "failed": [task.name for task in tasks if task.state == FAILED],
            "waiting": [task.name for task in tasks if task.state == WAITING],
            "faults": supervisor.log.faults(),
            "errors": supervisor.log.recent(),
        }

    def line(self):
        """Return the summary as one line for the log."""
        found = self.summary()
        state = "well" if found["well"] else "not well"
        text = "%s, up %d s, start %d, reset cause %d, %d restarts"
        parts = (state, found["uptime_s"], found["boots"], found["reset_cause"], found["restarts"])
        text = text % parts
        for key in ("failed", "faults"):
            if found[key]:
                text += ", %s: %s" % (key, ", ".join(found[key]))
        return text
