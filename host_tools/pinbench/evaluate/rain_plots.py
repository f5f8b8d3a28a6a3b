"""The picture of `pinbench evaluate rain --plot`: what each setting costs and what it gives."""

import numpy as np


def draw(climates, path):
    """Write the trade-off and the lead times as a picture (PNG, SVG or PDF by the name's end).

    climates: {name: [Score of calm, of balanced, of eager]}, as `rain.measure` returns them.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), layout="constrained")
    cost, lead = figure.subplots(1, 2)
    limits = np.arange(0, 241, 15)
    for name, scores in climates.items():
        results = [score.result() for score in scores]
        needless = [0.0, *[result["needless_pct"] for result in results]]
        caught = [0.0, *[result["caught_pct"] for result in results]]
        (line,) = cost.plot(needless, caught, marker="o", label=name)
        onsets = max(1, scores[1].onsets)
        share = [100 * sum(x >= limit for x in scores[1].leads_min) / onsets for limit in limits]
        lead.step(limits, share, where="post", color=line.get_color(), label=name)
    for budget in (2, 5, 10):
        cost.axvline(budget, color="0.8", zorder=0)
    cost.set_xlabel("needless closing, % of dry time (calm, balanced, eager)")
    cost.set_ylabel("rains before which the window was closed, %")
    cost.set_xlim(left=0)
    cost.set_ylim(0, 100)
    cost.legend()
    lead.set_xlabel("closed for at least so many minutes when the rain came (balanced)")
    lead.set_ylabel("% of rains")
    lead.set_ylim(bottom=0)
    lead.legend()
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        from pinbench.errors import UsageError

        raise UsageError(f"The plot cannot be written to {path} ({error}).") from None
