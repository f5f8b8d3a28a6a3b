"""A day of wear: sixteen hours of recorded daily activities, one after another, and what triggers.

There are not sixteen hours of them, so they are repeated, in a seeded order each time; that is
said with the result. The detector's filters start anew with each recording; its calibration is a
person's, goes on through what that person does, and starts anew with the next.
"""

import random

from pinbench.evaluate import falls_core, falls_data
from pinbench.evaluate.cores import core

DAY_H = 16.0


def day(folder, seed=1, hours=DAY_H):
    """Return what came of a day made of the activities under `folder` (sets with an index.csv).

    Keys: hours, recorded_hours (of different recordings), recordings, repeated, triggers (of model
    and second condition, what would close FIRE), model_triggers, by_activity {name: triggers}.
    """
    trials = []
    for name, path in falls_data.find(folder).items():
        chosen = [trial for trial in falls_data.index(path) if not trial.is_fall]
        trials += [(name, trial, counts) for trial, counts in falls_data.read(path, chosen)]
    recorded = sum(len(counts) for _, _, counts in trials) / 104 / 3600
    draw = random.Random(seed)
    order, total = [], 0.0
    while total < hours:
        draw.shuffle(trials)
        for entry in trials:
            if total < hours:
                order.append(entry)
                total += len(entry[2]) / 104 / 3600
    worn = {}  # (set, person) -> what that person does, in the day's order
    for name, trial, counts in order:
        worn.setdefault((name, trial.subject), []).append((trial, counts))
    by_activity, model = {}, 0
    for done in worn.values():
        runs = falls_core.wear(core("airbag.detector_tables"), done)
        for (trial, _), run in zip(done, runs, strict=True):
            model += run.model is not None
            if run.fire is not None:
                by_activity[trial.activity] = by_activity.get(trial.activity, 0) + 1
    return {
        "hours": round(total, 2),
        "recorded_hours": round(recorded, 2),
        "recordings": len(order),
        "repeated": total > recorded,
        "triggers": sum(by_activity.values()),
        "model_triggers": model,
        "by_activity": dict(sorted(by_activity.items(), key=lambda item: -item[1])),
    }
