"""Recorded motions for a scenario of the garment: from the name of a recording to its rows.

[world.motions.NAME] of a scenario may say recording = "SET/SUBJECT/ACTIVITY/TRIAL"; the recording
is read below the folder `falls` of the folder that PINBENCH_DATA names, and brought to the
sensor's counts by the one resampler.
"""

import base64
import os
from pathlib import Path

from pinbench.evaluate import falls_data, resample


def prepare(motions):
    """Return `motions` as worlds.body takes them: each `recording` replaced by its rows.

    Raises ValueError, in one sentence, for a recording that is not there.
    """
    if not isinstance(motions, dict):
        raise ValueError("motions of [world] must be a table of tables")
    return {
        name: _read(name, entry) if isinstance(entry, dict) and "recording" in entry else entry
        for name, entry in motions.items()
    }


def _read(name, entry):
    others = sorted(set(entry) - {"recording"})
    if others:
        raise ValueError(f"the motion {name!r} has a recording, so it takes no {others[0]!r}")
    parts = str(entry["recording"]).split("/")
    if len(parts) != 4:
        raise ValueError(
            f"the recording of {name!r} is SET/SUBJECT/ACTIVITY/TRIAL, not {entry['recording']!r}"
        )
    root = os.environ.get("PINBENCH_DATA")
    if not root:
        raise ValueError(
            f"the motion {name!r} is a recording: set PINBENCH_DATA to the folder of recordings"
        )
    try:
        return _rows(Path(root) / "falls" / parts[0], "/".join(parts[1:]))
    except falls_data.FallDataError as error:
        raise ValueError(str(error)) from None


def _rows(folder, wanted):
    trials = [trial for trial in falls_data.index(folder) if trial.name == wanted]
    if not trials:
        raise ValueError(f"{folder} has no recording {wanted}; see its index.csv")
    trial, counts = next(falls_data.read(folder, trials[:1]))
    return {
        "rows": base64.b64encode(counts.astype("<i2").tobytes()).decode("ascii"),
        "onset_row": _row(trial.onset, trial.fs_hz),
        "impact_row": _row(trial.impact, trial.fs_hz),
    }


def _row(sample, fs_hz):
    """Return the row that stands for a sample of the recording, -1 for none."""
    return -1 if sample is None else sample * resample.RATE_HZ // fs_hz
