"""What triggers are worth: one a trial, the first, in the recording's own samples.

fall, in time  a trigger at least 150 ms before the impact, and not early
fall, hit      a trigger from the labelled onset less 100 ms (without an onset label: from 1500 ms
               before the impact) to the impact
fall, early    a trigger before that: an airbag fires once, so the fall is missed
ADL, false     any trigger
"""

IN_TIME_MS = 150


def lead_ms(trial, trigger):
    """Milliseconds from trigger (a sample of the recording, or None) to impact, for a hit; else
    None."""
    if trigger is None or not trial.start <= trigger < trial.impact:
        return None
    return (trial.impact - trigger) * 1000 / trial.fs_hz


def figures(trials, triggers):
    """The figures of one set; shares are 0 to 1, None where there is nothing to divide by."""
    import numpy as np

    falls = adl = hits = early = in_time = quiet = older = older_quiet = false = 0
    hours = 0.0
    leads = []
    activities = {}
    for trial, trigger in zip(trials, triggers, strict=True):
        seen = activities.setdefault(
            f"{trial.code} {trial.activity}", [0, 0, "in_time_150ms" if trial.is_fall else "false"]
        )
        seen[0] += 1
        if trial.is_fall:
            falls += 1
            lead = lead_ms(trial, trigger)
            early += trigger is not None and trigger < trial.start
            if lead is not None:
                hits += 1
                leads.append(lead)
                in_time += lead >= IN_TIME_MS
                seen[1] += lead >= IN_TIME_MS
            continue
        adl += 1
        hours += trial.hours
        false += trigger is not None
        seen[1] += trigger is not None
        quiet += trigger is None
        older += trial.older
        older_quiet += trial.older and trigger is None
    quantiles = np.percentile(leads, [50, 5, 95]) if leads else [None] * 3
    return {
        "falls": falls,
        "adl": adl,
        "sensitivity": _share(hits, falls),
        "in_time_150ms": _share(in_time, falls),
        "early": _share(early, falls),
        "specificity": _share(quiet, adl),
        "specificity_older": _share(older_quiet, older),
        "false_per_hour": round(false / hours, 3) if hours else None,
        "lead_ms": {
            name: None if value is None else round(float(value), 1)
            for name, value in zip(("median", "p5", "p95"), quantiles, strict=True)
        },
        "by_activity": {
            name: {"trials": n, kind: _share(hit, n)}
            for name, (n, hit, kind) in sorted(activities.items())
        },
    }


def _share(part, whole):
    return round(part / whole, 5) if whole else None
