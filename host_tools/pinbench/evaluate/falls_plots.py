"""Pictures of `pinbench evaluate falls`: the trade-off, the lead times, and one fall."""

import numpy as np

from pinbench.evaluate import falls_data, falls_score, resample
from pinbench.evaluate.cores import core
from pinbench.evaluate.falls import triggers

_WARM = 52  # scores that the detector does not use


def first_above(scores, level):
    """The first count at which a score is above level, or None."""
    above = scores[_WARM:] > level
    at = int(np.argmax(above)) if len(above) else 0
    return 2 * (at + _WARM) + 1 if len(above) and above[at] else None


def at_level(trials, runs, level):
    """(false triggers an hour, share of falls in time) of the model alone at a level."""
    counts = [first_above(run.scores, level) for run in runs]
    figures = falls_score.figures(trials, triggers(trials, counts))
    return figures["false_per_hour"], figures["in_time_150ms"]


def curve(trials, runs, points=40):
    """The same at levels that let ever fewer activities through, from all of them to none."""
    tops = [
        run.scores[_WARM:].max()
        for trial, run in zip(trials, runs, strict=True)
        if not trial.is_fall and len(run.scores) > _WARM
    ]
    if not tops:
        return []
    shares = 1 - np.logspace(0, -np.log10(len(tops)), points)
    return [at_level(trials, runs, level) for level in np.unique(np.quantile(tops, [*shares, 1]))]


def draw(sets, paths, file):
    """Draw what `falls.measure` returned to file; paths: the sets' folders, for the one fall."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(17, 5))
    level = core("airbag.detector_tables").LEVEL
    for name, (trials, runs) in sets.items():
        points = [p for p in curve(trials, runs) if None not in p]
        if points:
            (line,) = left.plot([p[0] for p in points], [100 * p[1] for p in points], label=name)
            rate, in_time = at_level(trials, runs, level)
            left.plot(rate, 100 * in_time, "o", color=line.get_color())
        fired = triggers(trials, [r.fire for r in runs])
        leads = [
            falls_score.lead_ms(t, k) for t, k in zip(trials, fired, strict=True) if t.is_fall
        ]
        middle.hist(
            [x for x in leads if x is not None], np.arange(0, 1000, 25), alpha=0.5, label=name
        )
    left.set_xscale("symlog", linthresh=1)
    left.set(
        xlabel="false triggers per hour of activities", ylabel="falls in time, %", ylim=(80, 100.5)
    )
    left.set_title("Model alone at every level; dot: as shipped")
    middle.axvline(falls_score.IN_TIME_MS, color="black", lw=1)
    middle.set(
        xlabel="lead from trigger to impact, ms", ylabel="falls", title="Lead times as shipped"
    )
    left.legend()
    middle.legend()
    _one_fall(right, sets, paths, level)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _one_fall(axes, sets, paths, level):
    """The fall whose lead is the median one of the first set that has any."""
    for name, (trials, runs) in sets.items():
        fired = triggers(trials, [r.fire for r in runs])
        leads = [
            (falls_score.lead_ms(t, k), i)
            for i, (t, k) in enumerate(zip(trials, fired, strict=True))
            if t.is_fall and falls_score.lead_ms(t, k) is not None
        ]
        if not leads:
            continue
        _, i = sorted(leads)[len(leads) // 2]
        ((trial, counts),) = falls_data.read(paths[name], [trials[i]])
        time = np.arange(len(counts)) / resample.RATE_HZ - trial.impact / trial.fs_hz
        size = np.sqrt((counts[:, :3].astype(float) ** 2).sum(1)) * resample.ACC_G_PER_COUNT
        axes.plot(time, size, color="gray", label="|a|, g")
        score = runs[i].scores / 256
        axes.plot(time[1::2][: len(score)], score, label="model's score")
        axes.axhline(level / 256, color="tab:blue", lw=0.8, ls=":")
        axes.axvline((fired[i] - trial.impact) / trial.fs_hz, color="green", label="trigger")
        axes.axvline(0, color="red", label="impact")
        axes.set(xlim=(-2, 1), ylim=(-12, 8), xlabel="s from impact")
        axes.set_title(f"{name} {trial.name}: {trial.activity[:45]}", fontsize=9)
        axes.legend(loc="lower right")
        return
