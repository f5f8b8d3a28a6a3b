"""The garment's black box: the record of five seconds before and after a moment, read and drawn.

The format stands at the head of firmware/airbag/blackbox.py.
"""

import struct
from dataclasses import dataclass

from pinbench.errors import PinbenchError

HEAD = struct.Struct("<4sHHHBBi")
ROW = struct.Struct("<9h")
MAGIC = b"PBX1"
_STATES = ("boot", "self-test", "safe", "ready", "armed", "firing", "spent", "fault")
REASONS = (
    "the detector", "sensor gone", "FIFO overrun", "wrong tag", "wrong parity", "sample lost",
    "sample late", "axis stuck or saturated", "sample clock wrong",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One sample: counts (0.488 mg, 70 mdps), a sixteenth of the score (None: not recorded), what
    was said of it.
    """

    counts: tuple
    score: int | None
    model: bool
    second: bool
    doubtful: bool
    fired: bool
    state: str


@dataclass(frozen=True)
class Record:
    """`moment` is the number of the row for which the record was made."""

    rows: list
    moment: int
    rate_hz: int
    reason: str
    uptime_s: int


def decode(data):
    """Return the Record in these bytes. Raises PinbenchError if they are none."""
    if len(data) < HEAD.size or data[:4] != MAGIC:
        raise PinbenchError("this is no black box: it must begin with PBX1")
    _, count, moment, rate_hz, reason, _, uptime_s = HEAD.unpack_from(data)
    if len(data) != HEAD.size + count * ROW.size or moment >= count or not rate_hz:
        raise PinbenchError("the black box is cut short or damaged: read it again")
    rows = []
    for values in ROW.iter_unpack(data[HEAD.size :]):
        bits, state = values[7], values[8]
        rows.append(
            Row(
                values[:6], values[6],
                bool(bits & 1), bool(bits & 2), bool(bits & 4), bool(bits & 8),
                _STATES[state] if 0 <= state < len(_STATES) else "?",
            )
        )  # fmt: skip
    why = REASONS[reason] if reason < len(REASONS) else f"reason {reason}"
    return Record(rows, moment, rate_hz, why, uptime_s)


def table(record, within_s=0.5, step_s=0.1):
    """Return the lines of a table: the rows around the moment, about `step_s` apart."""
    lines = [
        f"black box: {record.reason}, {len(record.rows)} rows at {record.rate_hz} Hz, written "
        f"{record.uptime_s} s after the start",
        f"{'s':>6} {'acceleration, g':^21} {'rotation, deg/s':^21} {'score':>8}  said",
    ]
    step = max(1, round(step_s * record.rate_hz))
    steps = int(within_s / step_s + 0.5)
    for k in range(-steps, steps + 1):
        at = record.moment + k * step
        if not 0 <= at < len(record.rows):
            continue
        row = record.rows[at]
        # + 0.0, because -0.001 is not to be shown as -0.00.
        g = " ".join(f"{round(0.000488 * count, 2) + 0.0:6.2f}" for count in row.counts[:3])
        turn = " ".join(f"{round(0.07 * count) + 0:6d}" for count in row.counts[3:])
        score = "" if row.score is None else format(16 * row.score, ",")
        said = [word for word in ("model", "second", "doubtful", "fired") if getattr(row, word)]
        words = ", ".join([row.state, *said])
        lines.append(f"{k * step / record.rate_hz:6.2f} {g:>21} {turn:>21} {score:>8}  {words}")
    return lines


def draw(record, path, title="The black box", impact_s=None):
    """Draw what came before and after the moment into a PNG; returns its path.

    impact_s: seconds after the moment at which the ground was hit, if that is known.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    at = [(k - record.moment) / record.rate_hz for k in range(len(record.rows))]
    scores = [16 * row.score for row in record.rows if row.score is not None]
    panels = 3 if len(scores) == len(at) else 2
    figure, axes = plt.subplots(panels, 1, figsize=(9, 2.4 * panels), sharex=True)
    for axis, name in enumerate(("right", "down", "forward")):
        axes[0].plot(at, [r.counts[axis] * 0.000488 for r in record.rows], label=name, lw=0.9)
        axes[1].plot(at, [r.counts[3 + axis] * 0.07 for r in record.rows], label=name, lw=0.9)
    axes[0].set_ylabel("acceleration, g")
    axes[1].set_ylabel("rotation, deg/s")
    if panels == 3:
        axes[2].plot(at, scores, color="black", lw=0.9, label="score")
        axes[2].set_ylabel("score of the model")
    axes[-1].set_xlabel("seconds from the moment")
    for one in axes:
        one.axvline(0, color="tab:red", lw=1.5, label=record.reason)
        if impact_s is not None:
            one.axvspan(0, impact_s, color="tab:red", alpha=0.08)
            one.axvline(impact_s, color="black", lw=1.5, ls="--", label="impact")
        one.legend(loc="upper left", fontsize=8)
        one.grid(alpha=0.3)
    if impact_s is not None:
        axes[0].text(impact_s / 2, 0.75 * axes[0].get_ylim()[1], f"lead {1000 * impact_s:.0f} ms",
                     ha="center", va="top", fontsize=9)  # fmt: skip
    axes[0].set_title(title)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
