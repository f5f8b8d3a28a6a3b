"""A trace's nets as a logic analyser shows them, below the sash's position if there is one."""

from collections import deque

from matplotlib.figure import Figure

from pinbench.report.plot import FAINT, INK, SASH, collect
from pinbench.simulator.trace import parse

MOST_NETS = 18
MOST_CHANGES = 20_000  # of one net: beyond it only the last ones are drawn
_UNITS = ((3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms"))


def draw_signals(title, lines, end_us, path):
    """Draw the nets that changed to `path`; returns the path. `lines` can be iterated twice."""
    nets = _nets(lines)
    sash, _, events = collect(lines, end_us)
    unit_us, unit = next((u for u in _UNITS if end_us >= 2 * u[0]), _UNITS[-1])
    tall = 0.42 * len(nets) + (2.2 if sash else 0) + 1.2
    figure = Figure(figsize=(11, max(tall, 2.5)), dpi=130, layout="constrained")
    figure.suptitle(title, x=0.012, ha="left", fontsize=12, color=INK, weight="bold")
    ratios = ([2.2] if sash else []) + [0.42 * max(len(nets), 1)]
    axes = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    if sash:
        times = [time_us / unit_us for time_us, _ in sash]
        axes[0].plot(times, [mm for _, mm in sash], color=SASH, lw=1.6)
        axes[0].set_ylabel("window\nmm open")
        for time_us, name in events:
            if name in ("obstacle touched", "first drop"):
                axes[0].axvline(time_us / unit_us, color=INK, lw=0.9, ls=(0, (4, 2)))
                axes[0].text(
                    time_us / unit_us, axes[0].get_ylim()[1], " " + name, fontsize=8, va="top"
                )
    bottom = axes[-1]
    for row, name in enumerate(nets):
        base = len(nets) - 1 - row
        points = [*nets[name], (end_us, nets[name][-1][1])]
        bottom.step(
            [time_us / unit_us for time_us, _ in points],
            [base + 0.7 * duty for _, duty in points],
            where="post",
            lw=0.9,
            color=f"C{row % 10}",
        )
    bottom.set_yticks([len(nets) - 1 - row + 0.35 for row in range(len(nets))], list(nets))
    bottom.set_xlabel(unit)
    bottom.set_xlim(0, end_us / unit_us)
    for axis in axes:
        axis.grid(axis="x", color=FAINT, lw=0.6)
        axis.tick_params(colors=INK, labelsize=9)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    figure.savefig(path)
    return path


def _nets(lines):
    """Return {net: [(time_us, average level 0 to 1)]} of the nets that changed after the start."""
    nets = {}
    for line in lines:
        if "|net|" not in line:
            continue
        time_us, channel, who, values = parse(line)
        if channel == "net":
            level = int(values[2]) / 65535 if values[0] == "pwm" else int(values[0])
            if who not in nets:
                nets[who] = deque([(0, 0)], maxlen=MOST_CHANGES)  # every net begins low
            nets[who].append((time_us, level))
    moved = sorted(name for name, points in nets.items() if points[-1][0] > 0)
    return {name: nets[name] for name in moved[:MOST_NETS]}
