"""Which recordings the shipped tables were fitted on, so that in-sample figures are called so.

`fitted.json` beside this file maps a detector ("rain", "falls") to {fingerprint: name of the
file}. Training writes it together with the tables.
"""

import hashlib
import json
from pathlib import Path

LIST = Path(__file__).with_name("fitted.json")


def fingerprint(path):
    """The first 16 hex digits of the SHA-256 of a file's bytes."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def write(detector, paths):
    """Note that `detector` is now fitted on these files and no others."""
    known = _read()
    known[detector] = {
        fingerprint(path): Path(path).name for path in sorted(paths, key=lambda p: Path(p).name)
    }
    LIST.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def warning(detector, paths):
    """One sentence if any of the files was fitted on, "" if none was."""
    paths = list(paths)
    known = _read().get(detector, {})
    seen = sum(fingerprint(path) in known for path in paths)
    if not seen:
        return ""
    return (
        f"{seen} of these {len(paths)} files were used to fit what ships: figures on them are "
        "in-sample, and flatter it."
    )


def _read():
    return json.loads(LIST.read_text(encoding="utf-8")) if LIST.is_file() else {}
