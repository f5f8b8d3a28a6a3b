"""Scenarios: one TOML file becomes the plain data that `simulator.bench.run_job` plays.

Everything is checked here, before anything runs, so that a slip of the pen is one sentence that
names the file and says what to write instead.
"""

import copy
import csv
import gzip
import itertools
import json
import math
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pinbench import expectations, faults
from pinbench.board.definitions import load_board
from pinbench.durations import parse_us
from pinbench.errors import BoardError, UsageError
from pinbench.expectations import unknown
from pinbench.paths import FIRMWARE
from pinbench.simulator.profiles import PROFILES
from pinbench.worlds import catalogue
from pinbench.worlds.actions import check as check_action

KEYS = {
    "why": "one sentence: what this scenario is for",
    "device": "one with a world (below), or a folder beside the scenario that holds a main.py",
    "board": "a board of `pinbench boards`",
    "port_profile": "rp2, rp2350 or esp32; the board's own if left out",
    "seed": "a whole number, 0 if left out",
    "lasts": 'how long it runs ("18 h"); the hours of the weather if left out',
    "ticks_wrap_in": "the run starts so that the tick counters wrap after this time",
    "world": "the surroundings, see below",
    "at": "[[at]]: what happens and when, see below",
    "expect": "[[expect]]: what must hold, see below",
    "absent": 'chips that are not fitted, by role (["current"])',
    "settings": "what the device's /settings.json holds",
    "live": "true: the build may drive what can hurt (FIRE of the inflator); false if left out",
    "expected_losses": "kinds of silent loss that do not fail the run",
    "expected_violations": "chips whose forbidden accesses do not fail the run",
    "sweep": "lists of values; the scenario runs once for each place in the lists, with {name} "
    "replaced by its value",
    "costs": "virtual microseconds of named sections of the firmware",
}
WEATHER_COLUMNS = ("time", "temp_c", "rh_pct", "pressure_hpa", "precip_mm", "wind_ms")
INLINE_COLUMNS = "minute, rh_pct, temp_c, pressure_hpa, precip_mm, wind_ms"
WORLD_KEYS = {
    "weather": f"a CSV file beside the scenario, or rows of [{INLINE_COLUMNS}]; rain is what fell "
    "up to the row",
    "from": "UTC time at which a CSV file's part begins (2013-06-07T06:00:00Z)",
    "hours": "how much of it is played",
}
ACTION_KEYS = {
    "do": "fault, set, hog (the processor, for a time), or an action of the world",
    "time": 'when ("9 h")',
    "when": "or: at the first time that the world sees this event",
    "whenever": "or: each time that it does",
    "delay": "with when and whenever: so long after it",
    "for": "ends after this time",
    "every": "happens again after each such time",
    "times": "with every: so often in all; to the end of the run if left out",
}


class ScenarioError(UsageError):
    """A scenario that cannot be played; its text is one sentence."""


@dataclass(frozen=True)
class Scenario:
    """One run: `name` as on the command line, and `job`, the plain data that is played."""

    path: Path
    name: str
    why: str
    job: dict
    swept: dict = field(default_factory=dict)
    start: datetime | None = None  # time of day at its begin, if its weather is recorded


def load(name):
    """Return the scenarios of a file: one, or one for each value of its [sweep].

    `name` is a path, with `#key=value` behind it for one run of a sweep. Raises ScenarioError.
    """
    text, _, chosen = str(name).partition("#")
    path = Path(text)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScenarioError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: not TOML: {error}") from None
    try:
        runs = [_one(path, filled, swept) for filled, swept in _sweep(table)]
    except (ValueError, BoardError) as error:
        raise ScenarioError(f"{path}: {error}") from None
    if chosen:
        names = [run.name for run in runs]
        runs = [run for run in runs if run.name.partition("#")[2] == chosen]
        if not runs:
            raise ScenarioError(f"{text} has no run {chosen!r}: it has {', '.join(names)}")
    return runs


def _one(path, table, swept):
    for key in table:
        if key not in KEYS:
            raise ValueError(unknown(key, KEYS, "key of a scenario"))
    for key in ("why", "device", "board"):
        if not isinstance(table.get(key), str):
            raise ValueError(f'{key} = "..." is missing')
    device = table["device"]
    wiring, profile, firmware = _place(path, table["board"], device)
    if not isinstance(table.get("live", False), bool):
        raise ValueError(f"live must be true or false, not {table['live']!r}")
    wiring = {**wiring, "live": table.get("live", False)}
    about = dict(table.get("world", {}))
    start = about.get("from")
    world, world_us = _world(path, about, device)
    end_us = _time(table, "lasts") or world_us
    if not end_us:
        raise ValueError('say how long it runs: lasts = "..."')
    profile = table.get("port_profile", profile)
    if profile not in PROFILES:
        raise ValueError(unknown(str(profile), PROFILES, "port profile"))
    job = {
        "device": device,
        "board": table["board"],
        "profile": profile,
        "seed": _whole(table, "seed"),
        "start_ticks_us": 0,
        "wiring": wiring,
        "world": world if world_class(device) is not None else None,
        "timeline": _timeline(table, wiring, device),
        "expect": _expect(table, device),
        "end_us": end_us,
        "costs": dict(table.get("costs", {})),
        "expected_losses": list(table.get("expected_losses", [])),
        "expected_violations": list(table.get("expected_violations", [])),
        "files": {},
        "roots": [str(firmware)],
        "main": f"{device}/main.py",
    }
    check = getattr(world_class(device), "check", None)
    if check is not None:  # what the world's own tables do not say
        check(world, [(entry["do"], entry.get("params", {})) for entry in job["timeline"]])
    if "ticks_wrap_in" in table:
        # ticks_us and ticks_ms wrap at 2**30 (TIM-01): so both do within the time.
        job["start_ticks_us"] = (1 << 30) * 1000 - _time(table, "ticks_wrap_in")
    if "settings" in table:
        job["files"]["/settings.json"] = json.dumps(table["settings"])
    mark = ",".join(f"{key}={value}" for key, value in swept.items())
    shown = f"{path}#{mark}" if mark else str(path)
    return Scenario(path, shown, table["why"], job, swept, start)


def _place(path, name, device):
    """Return (wiring, port profile, firmware root) of a device on a board."""
    board = load_board(name)
    if device in board.devices:
        return board.wiring(device), board.port_profile, FIRMWARE
    if (path.parent / device / "main.py").is_file():  # a device of the scenario's own: any pins
        wired = board.wiring(board.devices[0]) if board.devices else {}
        return wired, board.port_profile, path.parent.resolve()
    raise ValueError(unknown(device, board.devices, f"device of {name}"))


# -- the world


def world_class(device):
    """Return the class of the device's world; None for a device that has none."""
    return catalogue.world_class(device) if device in catalogue.WORLDS else None


def _world(path, table, device):
    world = world_class(device)
    own = dict(getattr(world, "PARAMS", {})) if world is not None else {}
    known = {**WORLD_KEYS, **own}
    for key in table:
        if key not in known:
            raise ValueError(unknown(key, known, "key of [world]"))
    for key, rules in own.items():
        if key in table and "params" in rules:
            if not isinstance(table[key], dict):
                raise ValueError(f"{key} of [world] must be a table, not {table[key]!r}")
            for name in table[key]:
                if name not in rules["params"]:
                    raise ValueError(unknown(name, rules["params"], f"key of {key!r}"))
            check_action(key, own, table[key])
    if "motions" in table:
        from pinbench.evaluate.motions import prepare

        table["motions"] = prepare(table["motions"])
    weather = table.pop("weather", None)
    start, hours = table.pop("from", None), table.pop("hours", None)
    length_us = round(hours * 3_600_000_000) if hours else 0
    if isinstance(weather, list):
        table["weather"] = _inline_weather(weather)
        length_us = length_us or table["weather"][-1][0] * 60_000_000
    elif weather is not None:
        if not isinstance(start, datetime) or not hours:
            raise ValueError("weather from a file needs `from` (a UTC time) and `hours`")
        table["weather"] = read_weather(path.parent / weather, start, hours)
    return table, length_us


def _inline_weather(rows):
    result, before = [], -1
    for row in rows:
        if not isinstance(row, list) or len(row) != 6:
            raise ValueError(f"a row of weather is [{INLINE_COLUMNS}], not {row!r}")
        minute, rh_pct, temp_c, pressure_hpa, precip_mm, wind_ms = row
        if minute <= before:
            raise ValueError(f"the weather's minutes must rise: {minute} comes after {before}")
        before = minute
        result.append(_row(minute, temp_c, rh_pct, pressure_hpa, precip_mm, wind_ms))
    if not result:
        raise ValueError("the weather has no rows")
    return _even(result)


def _even(rows):
    """Return rows at equal steps: the world takes a longer step for a gap in a recording."""
    step = math.gcd(*(after[0] - before[0] for before, after in itertools.pairwise(rows)))
    result = rows[:1]
    for before, after in itertools.pairwise(rows):
        span = after[0] - before[0]
        for done in range(step, span + step, step):
            row = [a + (b - a) * done // span for a, b in zip(before, after, strict=True)]
            # Rain is the row's own, spread over its span; pressure does not run to or from none.
            row[4] = after[4] * done // span - after[4] * (done - step) // span
            if -1 in (before[3], after[3]):
                row[3] = after[3] if done == span else before[3]
            result.append(row)
    return result


def _row(minute, temp_c, rh_pct, pressure_hpa, precip_mm, wind_ms):
    pressure_pa = -1 if pressure_hpa is None else round(pressure_hpa * 100)
    return [
        minute,
        round(rh_pct * 100),
        round(temp_c * 100),
        pressure_pa,
        round(precip_mm * 1000),
        round(wind_ms * 100),
    ]


def read_weather(path, start, hours):
    """Return rows [minute, rh_centi_pct, temp_centi_c, pressure_pa or -1, precip_um, wind_cm_s].

    A CSV file (gzip if it ends in .gz) in the schema of the recordings: `precip_mm` is what fell
    up to the row's time. A missing temperature, humidity or wind keeps the one before; missing
    rain is none. Raises ValueError.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    rows, last = [], {"temp_c": None, "rh_pct": None, "wind_ms": 0.0}
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [c for c in WEATHER_COLUMNS if c not in (reader.fieldnames or ())]
            if lacking:
                raise ValueError(f"{path.name} lacks the column {lacking[0]}")
            for cells in reader:
                time = datetime.fromisoformat(cells["time"])
                for name in last:
                    if cells[name]:
                        last[name] = float(cells[name])
                minute = round((time - start).total_seconds() / 60)
                if minute > hours * 60:
                    break
                if minute < 0 or last["temp_c"] is None or last["rh_pct"] is None:
                    continue
                pressure = float(cells["pressure_hpa"]) if cells["pressure_hpa"] else None
                # What fell before the first row fell before the scenario begins.
                rain = float(cells["precip_mm"]) if cells["precip_mm"] and rows else 0.0
                row = _row(minute, last["temp_c"], last["rh_pct"], pressure, rain, last["wind_ms"])
                rows.append(row)
    except OSError as error:
        raise ValueError(f"the weather {path.name} cannot be read: {error.strerror}") from None
    except (KeyError, TypeError) as error:
        raise ValueError(f"the weather {path.name} is damaged: {error}") from None
    if not rows or rows[0][0] > 60 or rows[-1][0] < hours * 60 - 60:
        raise ValueError(f"{path.name} does not cover {hours} h from {start:%Y-%m-%d %H:%M}")
    return rows


# -- timeline and expectations


def actions(device):
    """Return what the device's world can do: name -> text (the world's own table)."""
    return dict(getattr(world_class(device), "ACTIONS", {}))


def _timeline(table, wiring, device):
    entries = []
    for role in table.get("absent", []):
        entries.append(faults.absent(role, wiring))
    for entry in table.get("at", []):
        entries.append(_action(dict(entry), wiring, device))
    return entries


def _action(entry, wiring, device):
    do = entry.pop("do", None)
    if not isinstance(do, str):
        raise ValueError('an [[at]] needs do = "..." with what happens')
    action: dict = {"do": do}
    moments = [key for key in ("time", "when", "whenever") if key in entry]
    if len(moments) != 1:
        raise ValueError(f'{do!r} needs one of time = "...", when = "EVENT", whenever = "EVENT"')
    if moments == ["time"]:
        action["time_us"] = _time(entry, "time")
    else:
        action[moments[0]] = entry[moments[0]]
        action["delay_us"] = _time(entry, "delay")
    if "for" in entry:
        action["for_us"] = _time(entry, "for")
    if "every" in entry:
        action["every_us"] = _time(entry, "every")
        if not action["every_us"]:
            raise ValueError("every: a time longer than nothing")
    if "times" in entry:
        action["times"] = _whole(entry, "times")
        if "every" not in entry:
            raise ValueError("`times` says how often `every` happens: give both")
    for key in ACTION_KEYS:
        entry.pop(key, None)
    if do == "fault":
        action.update(faults.resolve(entry, wiring))
    elif do == "set":
        action.update(faults.chip_setting(entry, wiring))
    elif do == "hog":
        if entry or "for_us" not in action:
            raise ValueError('"hog" takes `for` and nothing else')
    else:
        action["params"] = _world_action(do, entry, device)
    return action


def _world_action(do, entry, device):
    known = actions(device)
    if do not in known:
        raise ValueError(unknown(do, [*known, "fault", "set", "hog"], "action"))
    allowed = known[do]["params"]
    for key in entry:
        if key not in allowed:
            raise ValueError(unknown(key, [*allowed, *ACTION_KEYS], f"key of {do!r}"))
    return check_action(do, known, entry)


def _expect(table, device):
    checks = [expectations.parse(entry, device) for entry in table.get("expect", [])]
    measures = getattr(world_class(device), "MEASURES", {})
    for check in checks:
        if check["kind"] == "holds" and check["measure"] not in measures:
            raise ValueError(unknown(check["measure"], measures, f"measure of the {device}"))
    return checks


def _time(table, key):
    try:
        return parse_us(table[key]) if key in table else 0
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _whole(table, key):
    value = table.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{key} must be a whole number of 0 or more, not {value!r}")
    return value


# -- sweeps


def _sweep(table):
    """Yield (table with the placeholders filled, the values filled in) for each run."""
    sweep = table.pop("sweep", None)
    if sweep is None:
        yield table, {}
        return
    lengths = {len(values) for values in sweep.values() if isinstance(values, list)}
    if len(lengths) != 1 or not all(isinstance(v, list) and v for v in sweep.values()):
        raise ValueError("[sweep] needs lists of values, all of the same length")
    for at in range(lengths.pop()):
        values = {key: column[at] for key, column in sweep.items()}
        used = set()
        filled = _fill(copy.deepcopy(table), values, used)
        for key in values:
            if key not in used:
                raise ValueError(
                    f'[sweep] has {key!r}, but nothing in the scenario is "{{{key}}}"'
                )
        yield filled, values


def _fill(item, values, used):
    if isinstance(item, dict):
        return {key: _fill(value, values, used) for key, value in item.items()}
    if isinstance(item, list):
        return [_fill(value, values, used) for value in item]
    if isinstance(item, str) and "{" in item:
        for key, value in values.items():
            mark = "{" + key + "}"
            if item == mark:
                used.add(key)
                return value
            if mark in item:
                used.add(key)
                item = item.replace(mark, str(value))
    return item


def describe():
    """Return what a scenario may say, for `pinbench sim --help`."""
    lines = ["A scenario is a TOML file with these keys:"]
    lines += [f"  {key:<20}{says}" for key, says in KEYS.items()]
    lines.append("[world]")
    lines += [f"  {key:<20}{says}" for key, says in WORLD_KEYS.items()]
    lines.append("[[at]]")
    lines += [f"  {key:<20}{says}" for key, says in ACTION_KEYS.items()]
    lines.append(faults.describe())
    lines.append(expectations.describe())
    for device in sorted(catalogue.WORLDS):
        lines += _describe_world(device)
    return "\n".join(lines)


def _describe_world(device):
    world = catalogue.world_class(device)
    lines = [f"the {device}: besides the common keys its [world] has"]
    for name, entry in world.PARAMS.items():
        lines.append(f"  {name:<20}{entry.get('doc', 'a table')}")
        lines += _parameters(entry.get("params", {}))
    lines.append(f"what the {device}'s world can do:")
    for name, entry in world.ACTIONS.items():
        lines.append(f"  {name:<20}{entry['doc']}")
        lines += _parameters(entry["params"])
    lines.append("its measures:")
    lines += [f"  {name:<24}{says}" for name, says in world.MEASURES.items()]
    lines += expectations.describe_device(device)
    return lines


def _parameters(params):
    return [f"      {key:<20}{rule['doc']}" for key, rule in params.items()]
