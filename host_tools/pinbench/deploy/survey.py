"""What a board said of itself, checked: what comes over a cable is believed in no other form."""

from dataclasses import dataclass

from pinbench.deploy import loader
from pinbench.deploy.link import BoardError

SLOTS = ("a", "b")


@dataclass(frozen=True)
class Survey:
    """The answer of device/survey.py; the words are explained there."""

    active: dict
    running: str | None
    ids: dict
    loader: int  # version; 0: there is no boot.py, or not ours
    manifest_sha: str | None
    loader_sha: str | None
    main_sha: str | None
    main: str
    bad: tuple
    blocks: dict
    free_bytes: int
    mpy: int
    machine: str
    version: str
    wiring: dict
    strange: tuple

    @property
    def on_trial(self):
        """True while the version that runs has not confirmed itself."""
        return self.running is not None and self.active.get("state") == "trial"

    @property
    def virtual(self):
        """True for a board of `pinbench board`."""
        return self.version.endswith("(virtual)")


def parse(answer):
    """Return the Survey in the answer of a board. Raises BoardError if it is none."""
    try:
        return _read(answer)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise BoardError(
            "the board's answer makes no sense: reset it and try again; if it stays so, another "
            "program answers at this port"
        ) from None


def _read(answer):
    shas = [_text_or_none(sha) for sha in answer["shas"]]
    strange = [(_a(str, path), _a(int, size)) for path, size in answer["strange"]]
    running = answer["running"]
    if running is not None and running not in SLOTS:
        raise ValueError
    return Survey(
        active=_a(dict, answer["active"] or {}),
        running=running,
        ids={name: _text_or_none(answer["ids"][name]) for name in SLOTS},
        loader=loader.version(_text_or_none(answer["loader"]) or ""),
        manifest_sha=shas[0],
        loader_sha=shas[1],
        main_sha=shas[2],
        main=_text_or_none(answer["main"]) or "",
        bad=tuple(_a(str, path) for path in answer["bad"] or ()),
        blocks={name: _a(int, answer["blocks"][name]) for name in SLOTS},
        free_bytes=_a(int, answer["free_bytes"]),
        mpy=_a(int, answer["mpy"]),
        machine=_a(str, answer["machine"]),
        version=_a(str, answer["version"]),
        wiring=_a(dict, answer["wiring"] or {}),
        strange=tuple(strange),
    )


def _a(kind, value):
    """Return `value` if it is of that kind; a bool is no int here."""
    if type(value) is not kind:
        raise TypeError
    return value


def _text_or_none(value):
    return None if value is None else _a(str, value)
