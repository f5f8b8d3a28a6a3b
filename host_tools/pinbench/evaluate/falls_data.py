"""Recorded falls and daily activities: sets of trials, read and brought to the sensor's counts.

A set is a folder with an index.csv (one row a trial) beside SUBJECT.i16.xz files: little-endian
int16, six values a sample (acc x, y, z, gyro x, y, z), all trials of a subject end to end.
"""

import csv
import lzma
from pathlib import Path

from pinbench.evaluate import resample

_NUMBERS = ("offset", "samples", "is_fall", "fs_hz", "acc_g_per_lsb", "gyro_dps_per_lsb")
_NEEDED = ("file", "subject", "activity_code", "activity", *_NUMBERS, "impact_index")


class FallDataError(Exception):
    """A recording cannot be used; the text is one sentence with what to do."""


class Trial:
    """One row of an index. Indices are the recording's own samples; counts come with `read`."""

    def __init__(self, row):
        self.file = row["file"]
        self.offset = int(row["offset"])
        self.samples = int(row["samples"])
        self.subject = row["subject"]
        self.older = row.get("age_group") == "older"
        self.code = row["activity_code"]
        self.activity = row["activity"]
        self.number = row.get("trial") or ""
        self.is_fall = row["is_fall"] == "1"
        self.fs_hz = int(row["fs_hz"])
        self.acc_g_per_lsb = float(row["acc_g_per_lsb"])
        self.gyro_dps_per_lsb = float(row["gyro_dps_per_lsb"])
        onset = row.get("onset_index")
        self.onset = int(onset) if onset else None
        self.impact = int(row["impact_index"]) if row["impact_index"] else None
        self.start = None  # a trigger before it is early
        if self.is_fall and self.impact is not None:
            lead = self.fs_hz // 10 if self.onset is not None else self.fs_hz * 3 // 2
            begin = self.impact if self.onset is None else self.onset
            self.start = max(0, begin - lead)

    @property
    def name(self):
        return f"{self.subject}/{self.code}/{self.number}"

    @property
    def hours(self):
        return self.samples / self.fs_hz / 3600


def find(folder):
    """The sets under a folder: {name: path}, sorted; the folder itself may be one.

    Raises FallDataError if there is none.
    """
    root = Path(folder)
    if not root.is_dir():
        raise FallDataError(f"{root} is not a folder; name one that holds sets with an index.csv.")
    found = {p.parent.name: p.parent for p in sorted(root.rglob("index.csv"))}
    if not found:
        raise FallDataError(f"{root} holds no index.csv; name a folder of recorded falls.")
    return found


def files(found):
    """The files of recordings of all sets that `find` returned, sorted within a set."""
    return [file for path in found.values() for file in sorted(path.glob("*.xz"))]


def index(path):
    """The trials of one set, in the index's order; falls without an impact label are left out."""
    source = Path(path) / "index.csv"
    try:
        with open(source, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
            if missing:
                raise FallDataError(
                    f"{source} has no column '{missing[0]}'; its header must name it."
                )
            trials = [_trial(source, rows.line_num, row) for row in rows]
    except UnicodeDecodeError:
        raise FallDataError(f"{source} is not UTF-8 text; fetch it again.") from None
    except csv.Error as error:
        raise FallDataError(f"{source} is not a CSV table ({error}); fetch it again.") from None
    except OSError as error:
        reason = error.strerror or error
        raise FallDataError(f"{source} cannot be read ({reason}); check the path.") from None
    trials = [t for t in trials if not t.is_fall or t.impact is not None]
    if not trials:
        raise FallDataError(f"{source} names no trial that can be scored; use another set.")
    return trials


def _trial(source, line, row):
    try:
        trial = Trial(row)
    except (TypeError, ValueError):
        raise FallDataError(f"{source} line {line} is damaged; fetch it again.") from None
    if trial.samples < 1 or trial.offset < 0 or not 50 <= trial.fs_hz <= 2000:
        raise FallDataError(
            f"{source} line {line} has impossible samples, offset or fs_hz; correct it."
        )
    return trial


def read(path, trials):
    """Yield (trial, int16 counts at 104 Hz) of trials of one set, a file at a time."""
    import numpy as np

    loaded = None
    values = np.empty((0, 6), np.int16)
    for trial in trials:
        if trial.file != loaded:
            values = _unpack(Path(path) / trial.file, np)
            loaded = trial.file
        end = trial.offset + trial.samples
        if end > len(values):
            raise FallDataError(
                f"{Path(path) / trial.file} is shorter than its index says; fetch it again."
            )
        yield (
            trial,
            resample.counts(
                values[trial.offset : end],
                trial.fs_hz,
                trial.acc_g_per_lsb,
                trial.gyro_dps_per_lsb,
            ),
        )


def _unpack(file, np):
    try:
        raw = lzma.open(file).read()
    except (lzma.LZMAError, EOFError):
        raise FallDataError(f"{file} is not xz, or is cut short; fetch it again.") from None
    except OSError as error:
        reason = error.strerror or error
        raise FallDataError(f"{file} cannot be read ({reason}); check the path.") from None
    if len(raw) % 12:
        raise FallDataError(f"{file} does not hold whole samples of six int16; fetch it again.")
    return np.frombuffer(raw, "<i2").reshape(-1, 6)
