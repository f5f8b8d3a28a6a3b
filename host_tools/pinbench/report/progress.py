"""A progress bar for what takes more than two seconds."""

import contextlib
import sys
import time

AFTER_S = 2.0


@contextlib.contextmanager
def progress(what):
    """Yield a function (done, total) that shows a bar on standard error once AFTER_S have passed.

    Nothing is shown where standard error is no terminal.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    # Late: a command that ends at once is not to wait for it.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what)
    begun = time.monotonic()
    shown = False

    def tell(done, total):
        nonlocal shown
        if not shown and time.monotonic() - begun > AFTER_S:
            bar.start()
            shown = True
        if shown:
            bar.update(task, completed=done, total=total)

    try:
        yield tell
    finally:
        if shown:
            bar.stop()
