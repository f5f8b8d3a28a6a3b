"""How fast the bench plays a whole device: simulated seconds a wall second, trace on."""

from statistics import median

from pinbench.benchmark.figures import Figure
from pinbench.errors import PinbenchError
from pinbench.paths import ROOT
from pinbench.play import play
from pinbench.scenario import load

SCENARIOS = ROOT / "tests" / "scenarios" / "window"
RUNS = 3
_PLAYS = (
    # name of the figure, scenario, runtime, target on CPython
    ("sim.window.cpython", "wet_day", "cpython", "10,000 or better"),
    ("sim.window.micropython", "wet_day", "micropython", ""),
    ("sim.window.moving.cpython", "always_moving", "cpython", "200 or better"),
    ("sim.window.moving.micropython", "always_moving", "micropython", ""),
)


def measure():
    """Return the speeds of the wet day and of the window that never rests, on both interpreters.

    Start-up is excluded: on CPython the clock runs from boot to end in one process that has played
    the scenario before; on the VM the time of a run that ends at once is taken off.
    """
    found = {}
    for name, scenario, runtime, target in _PLAYS:
        run = load(SCENARIOS / f"{scenario}.toml")[0]
        start_s = 0.0
        if runtime == "micropython":
            start_s = min(_play(_shortened(run), runtime).wall_s for _ in range(RUNS))
        else:
            _play(_shortened(run), runtime)
        outcomes = [_play(run, runtime) for _ in range(RUNS)]
        speed = median(o.simulated_us / 1e6 / max(o.wall_s - start_s, 1e-6) for o in outcomes)
        counters = outcomes[0].result["counters"]
        note = "{}: {} records, {} events, {} callbacks, median of {}".format(
            scenario, counters["records"], counters["events"], counters["callbacks"], RUNS
        )
        found[name] = Figure(round(speed), "simulated s / wall s", note, target)
    return found


def _play(run, runtime):
    outcome = play(run, runtime)
    if outcome.error:
        raise PinbenchError(f"{run.name}: {outcome.error}")
    return outcome


def _shortened(run):
    """The same device, ended as soon as it has booted."""
    from dataclasses import replace

    job = {**run.job, "end_us": 1_000_000, "timeline": [], "expect": []}
    return replace(run, job=job)


