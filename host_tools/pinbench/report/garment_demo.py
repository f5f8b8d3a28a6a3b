"""The garment's part of `pinbench demo`: a synthetic fall in slow motion, table and picture."""

import click
from rich.console import Console
from rich.table import Table

from pinbench import play, scenario
from pinbench.errors import HELD, NOT_HELD
from pinbench.paths import SCENARIOS
from pinbench.report import blackbox
from pinbench.report.progress import progress
from pinbench.report.table import story

FALL = SCENARIOS / "airbag" / "fall_backward.toml"
MOTION = "motion fall backward"
INFLATED_MS = 80  # what commercial garments take to fill (facts C2); nothing is simulated of it


class Diary:
    """What a trace tells of one fall: the samples as they were read, and when what happened."""

    def __init__(self):
        self.samples = []  # (time_us, six counts)
        self.events = []  # (time_us, text)
        self.fire_us = None

    def take(self, line):
        """One record of the trace."""
        time_us, channel, rest = line.split("|", 2)
        time_us = int(time_us)
        who, _, values = rest.partition("|")
        if channel == "spi" and len(values.split("|")[-1]) == 30:
            self.samples.append((time_us, counts(bytes.fromhex(values.split("|")[-1]))))
        elif channel == "world" and who == "event":
            self.events.append((time_us, values))
        elif channel == "log" and values.lstrip("|").startswith("state: "):
            self.events.append((time_us, values.lstrip("|")))
        elif channel == "net" and who == "fire" and values.startswith("pwm"):
            self.fire_us = time_us

    def time_of(self, name):
        """Time in us of the last event of that name; None if it did not happen."""
        times = [at for at, text in self.events if text == name]
        return times[-1] if times else None

    def table(self):
        """The fall, ten lines a second and every event, in ms from the trigger."""
        begin, fire = self.time_of(MOTION), self.fire_us
        assert begin is not None and fire is not None  # asked for a fall that fired
        table = Table(title="A synthetic fall, backwards", title_justify="left", box=None)
        for column in ("ms from FIRE", "|a|", "turning", "what happens"):
            table.add_column(column, justify="left" if column.startswith("what") else "right")
        rows = []
        for k, (at, c) in enumerate(self.samples):
            near = -700_000 <= at - fire <= 500_000
            if near and k % 6 == 0 and at >= begin:
                pull = sum(v * v for v in c[:3]) ** 0.5 * 0.000488
                turn = sum(v * v for v in c[3:]) ** 0.5 * 0.07
                rows.append((at, f"{pull:.2f} g", f"{turn:.0f} deg/s", ""))
        for at, text in self.events:
            if begin <= at <= fire + 500_000 and text != "fire on":
                rows.append((at, "", "", text))
        rows.append((fire, "", "", "[bold]FIRE closes[/bold]"))
        rows.append((fire + INFLATED_MS * 1000, "", "", f"a bag would be full ({INFLATED_MS} ms)"))
        for at, pull, turn, text in sorted(rows):
            table.add_row(f"{(at - fire) / 1000:+.1f}", pull, turn, text)
        return table

    def record(self):
        """The samples around the trigger as a black box's record, for the picture."""
        near = [(at, c) for at, c in self.samples if abs(at - self.fire_us) <= 2_000_000]
        rows = [blackbox.Row(c, None, False, False, False, False, "armed") for _, c in near]
        moment = max(k for k, (at, _) in enumerate(near) if at <= self.fire_us)
        return blackbox.Record(rows, moment, 104, "FIRE closes", 0)


def counts(reply):
    """Six counts from a burst of two FIFO words: the gyroscope's first."""
    values = [
        int.from_bytes(reply[at : at + 2], "little", signed=True)
        for at in (*range(9, 15, 2), *range(2, 8, 2))
    ]
    return tuple(values)


def run(folder):
    """Play the fall and write its picture into `folder` (a Path); returns the exit code."""
    one = scenario.load(FALL)[0]
    click.echo(f"\nNow the garment: {one.why}")
    diary = Diary()
    with progress("the fall") as tell:
        outcome = play.play(one, sinks=[diary.take], progress=tell)
    if not outcome.held or diary.fire_us is None:
        click.echo(story(outcome))
        return NOT_HELD
    Console().print(diary.table())
    impact_us = diary.time_of("impact")
    assert impact_us is not None  # the scenario expects it after the shot
    lead_ms = (impact_us - diary.fire_us) / 1000
    click.echo(f"Fired {lead_ms:.0f} ms before the ground. The body is synthetic: no person fell.")
    picture = blackbox.draw(
        diary.record(), folder / "fall.png", "A synthetic fall, backwards", lead_ms / 1000
    )
    click.echo(f"The picture: {picture}")
    return HELD
