"""One run of a device in its world: bench, chips, world and player put together from plain data.

Runs on both interpreters. The host parses the scenario and hands over a job (see scenario.py); the
run hands its trace, line by line as it happens, to a sink.
"""

from pinbench.chips.catalogue import chip_class
from pinbench.simulator.bench import Bench
from pinbench.simulator.kernel import SimulationBug, describe
from pinbench.simulator.player import Player
from pinbench.simulator.trace import Trace, line
from pinbench.worlds.catalogue import world_class


class Session:
    """Everything of one run; `play()` runs it to its end and returns the result."""

    def __init__(self, job, sink=None):
        """`job` is plain data; `sink(time_us, channel, who, values)` receives each trace
        record.
        """
        self.job = job
        wiring = job.get("wiring") or {}
        self.bench = Bench(
            profile=job.get("profile"),
            seed=job.get("seed", 0),
            wiring=wiring,
            roots=job["roots"],
            start_ticks_us=job.get("start_ticks_us", 0),
            unix_s=job.get("unix_s"),
            costs=job.get("costs"),
            trace=Trace(sink),
            files=job.get("files"),
            chip_class=chip_class,
            numbers=job.get("numbers"),
            search=job.get("search"),
        )
        self.bench.expected_losses = set(job.get("expected_losses", ()))
        self.bench.expected_violations = list(job.get("expected_violations", ()))
        kernel = self.bench.kernel
        nets = {}
        for role in sorted(wiring.get("pins", {})):
            nets[role] = kernel.net(role)
        for name in sorted(wiring.get("nets", {})):
            nets[name] = kernel.net(name)
        self.world = None
        if job.get("world") is not None:
            world = world_class(job.get("world_kind") or job["device"])
            self.world = world(kernel, self.bench.chips, nets, job["world"])
        self.player = Player(
            self.bench, self.world, job.get("timeline", []), job.get("expect", [])
        )

    def play(self):
        """Run to the end; returns {"held", "failures", "unexpected", "counters", "error", ...}."""
        error = None
        kernel = self.bench.kernel
        try:
            if self.world is not None:
                self.world.start()
            self.player.start()
            self.bench.run(self.job["main"], self.job["end_us"])
        except SimulationBug as bug:
            error = "the simulator failed:\n%s" % bug
        except RuntimeError as problem:
            error = str(problem)
        except Exception as problem:
            # Not the firmware's: `bench.run` prints those. An interrupt goes on to the caller.
            error = describe(problem)
        failures = [] if error else self.player.finish()
        unexpected = [] if error else self.bench.unexpected()
        measures = {}
        events = {}
        if self.world is not None and not error:
            for name in sorted(self.world.MEASURES):
                measures[name] = self.world.measure(name)
            events = dict(self.world.events)
        return {
            "held": not failures and not unexpected and error is None,
            "failures": failures,
            "unexpected": unexpected,
            "error": error,
            "measures": measures,
            "events": events,
            "losses": kernel.losses,
            "now_us": kernel.now_us,
            "counters": {
                "records": kernel.trace.count,
                "events": kernel.events,
                "callbacks": kernel.callbacks,
                "boots": self.bench.boots,
                "watchdog_bites": self.bench.watchdog.bites,
                "watchdog_feeds": self.bench.watchdog.feeds,
            },
            "resets": self.bench.resets,
        }


def run_job(job, write=None, beat=None):
    """Play a job; `write(text)` receives each record as its canonical line. Returns the result.

    `beat(time_us)` is called every ten virtual seconds, also when nothing happens.
    """
    sink = None if write is None else _lines(write)
    session = Session(job, sink)
    session.player.beat = beat
    return session.play()


def _lines(write):
    def sink(time_us, channel, who, values):
        write(line(time_us, channel, who, values))

    return sink
