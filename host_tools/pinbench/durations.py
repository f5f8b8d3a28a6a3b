"""Times as people write them: "3 h", "12 min 30 s", "90 ms"; inside, whole microseconds."""

import re

UNITS_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)\b\s*")


def parse_us(text):
    """Return the microseconds that `text` names, such as "12 min 30 s"; 0 is written "0 s".

    Raises ValueError, with one sentence, for anything else.
    """
    if not isinstance(text, str):
        raise ValueError(f'{text!r} is no time: write it with its unit, such as "40 s"')
    total, at = 0.0, 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise ValueError(
                f"{text!r} is no time: write numbers with units ({', '.join(UNITS_US)}), "
                'such as "12 min 30 s"'
            )
        total += float(part[1]) * UNITS_US[part[2]]
        at = part.end()
    if not text.strip():
        raise ValueError('a time is empty: write it with its unit, such as "40 s"')
    return round(total)


def show_us(time_us):
    """Return `time_us` as text that `parse_us` reads back, in the largest units that fit."""
    if time_us < 0:
        return "-" + show_us(-time_us)
    if time_us == 0:
        return "0 s"
    parts, rest = [], time_us
    for unit in ("d", "h", "min"):
        count, rest = divmod(rest, UNITS_US[unit])
        if count:
            parts.append(f"{count} {unit}")
    if rest:
        if rest % 1_000 and (parts or rest >= 1_000_000):
            parts.append(f"{rest / 1e6:.6f} s")
        elif rest >= 1_000_000 or parts:
            parts.append(f"{rest / 1e6:.3f}".rstrip("0").rstrip(".") + " s")
        elif rest % 1_000 == 0:
            parts.append(f"{rest // 1_000} ms")
        else:
            parts.append(f"{rest} us")
    return " ".join(parts)
