"""The sweeps of all stories on one board's flash, on as many processes as asked for."""

from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields

from pinbench.cuts.flash_story import STORIES
from pinbench.cuts.lives import Lives, geometry
from pinbench.cuts.sweep import Failure, Sweep, Tally

# How deep: the words of `pinbench cuts --depth` -> options of sweep.Sweep.
DEPTHS = {
    "once": {"second": ()},
    "some": {"second": ("before",), "every": 12},
    "all": {"second": None},
}
_PART = 4  # parts of a story a process: they differ in how long they take


@dataclass(frozen=True)
class Order:
    """What to sweep: a story, and the keywords of sweep.Sweep."""

    story: str
    board: str
    options: dict


def sweep(order, on_cut=lambda tally: None):
    """Carry out one Order; returns (Tally, failures). Raises sweep.Wrong."""
    with Lives(geometry(order.board)) as device:
        found = Sweep(device, STORIES[order.story](device), **order.options)
        found.run(on_cut)
        return found.tally, found.failures


def sweep_all(stories, board, jobs=1, progress=lambda done, total: None, **options):
    """Yield (story, Tally, failures) of each story, done in `jobs` processes."""
    parts = _PART * jobs if jobs > 1 else 1
    orders = [
        Order(story, board, {**options, "share": (part, parts)})
        for story in stories
        for part in range(parts)
    ]
    tallies: dict[str, Tally] = {story: Tally() for story in stories}
    failures: dict[str, list[Failure]] = {story: [] for story in stories}
    if jobs == 1:
        for done, order in enumerate(orders):
            _add(tallies, failures, order, sweep(order))
            progress(done + 1, len(orders))
    else:
        with ProcessPoolExecutor(jobs) as pool:
            waiting = {pool.submit(sweep, order): order for order in orders}
            for done, future in enumerate(as_completed(waiting)):
                _add(tallies, failures, waiting[future], future.result())
                progress(done + 1, len(orders))
    for story in stories:
        yield story, tallies[story], failures[story]


def _add(tallies, failures, order, result):
    tally, found = result
    total = tallies[order.story]
    for field in fields(Tally):
        if field.name == "operations":  # every part counts all of them
            total.operations = tally.operations
        else:
            value = getattr(total, field.name) + getattr(tally, field.name)
            setattr(total, field.name, value)
    failures[order.story] += found
