"""`pinbench flash`: a new version into the idle slot, verified, switched to, and watched."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pinbench.deploy import adopt, health, loader, plan, refusals, survey, transfer
from pinbench.deploy.build import build
from pinbench.deploy.link import Link
from pinbench.deploy.snippets import deflate, literal
from pinbench.paths import FIRMWARE

HEALTH_S = 60


@dataclass
class Summary:
    """What a flash did; `outcome` is a health.Outcome, None if nothing was started or awaited."""

    device: str
    board: str
    port: str
    files: int = 0
    bytes: int = 0
    sent_files: int = 0
    sent_bytes: int = 0
    slot: str | None = None
    id: str = ""
    nothing: bool = False
    dry_run: bool = False
    outcome: health.Outcome | None = None
    seconds: float = 0.0
    notes: list = field(default_factory=list)


def flash(
    board,
    device,
    port,
    live=False,
    may_adopt=False,
    dry_run=False,
    until="well",
    wait_s=health.WAIT_S,
    health_s=HEALTH_S,
    root=FIRMWARE,
    say=lambda text: None,
    progress=lambda done, total: None,
):
    """Bring `device`, from the firmware tree `root`, onto the Board at `port`; returns a Summary.

    `until`: "well" waits for the device's first report of health, "confirmed" for the end of its
    trial, "switched" for nothing. `health_s`: what the loader gives the version in each boot.
    Raises PinbenchError, and then nothing but the idle slot has been touched: the same command
    goes on where it stopped.
    """
    begun_s = time.monotonic()
    # Built while the board is asked: its settings move a pin, now and then, and then once more.
    with ThreadPoolExecutor(1) as pool, Link(port) as link:
        coming = pool.submit(build, board, device, live, root)
        found = look(link, board.about.get("filesystem_block_bytes", plan.BLOCK_BYTES))
        refusals.wrong_board(board, found)
        if found.wiring:
            board = board.overridden(device, found.wiring)
            coming = pool.submit(build, board, device, live, root)
        made = coming.result()
        same = found.running is not None and holds(link, found, made)
        steps = plan.make(found, same)
        refusals.mpy_not_loadable(made, found)
        refusals.does_not_fit(made, found, steps)
        refusals.strange_files(steps, may_adopt or dry_run)
        done = Summary(device, board.name, port, len(made.files), made.size, slot=steps.slot)
        done.id, done.dry_run = made.manifest["id"], dry_run
        say(describe(made))
        if dry_run:
            done.notes = preview(link, made, found, steps)
        elif steps.nothing and not steps.strange:
            done.nothing, done.slot = True, found.running
        else:
            if steps.strange:
                say(adopt.copy(link, board, steps.strange))
            send(link, made, steps, done, progress)
            activate(link, made, steps, health_s)
        if not dry_run and not done.nothing and until != "switched":
            link.reset()
            say(f"slot {done.slot} starts; waiting until it reports that it is well")
            done.outcome = health.wait(link, done.slot, until, wait_s)
    done.seconds = time.monotonic() - begun_s
    return done


def look(link, block=plan.BLOCK_BYTES):
    """Return the Survey of the board at the other end, whose flash has blocks of `block` bytes."""
    link.load("look", "survey")
    return survey.parse(link.ask(f"survey({block})"))


def holds(link, found, made):
    """True if the slot that runs holds what was built: then its commit alone may differ."""
    if found.bad:
        return False
    if found.manifest_sha == hashlib.sha256(made.text.encode()).hexdigest():
        return True
    tell(link, made)
    link.load("change", "receive")
    return link.ask(f"same({found.running!r}, text)") is True


def tell(link, made):
    """Let the board know the new manifest, as `text`, once."""
    if link.told == made.manifest["id"]:
        return
    link.told = made.manifest["id"]
    link.run(b"text = inflate(" + literal(deflate(made.text.encode())) + b").read().decode()")


def describe(made):
    """Return one line about a build."""
    about = made.manifest
    live = "LIVE" if about["live"] else "inert"
    return (
        f"{made.device} {about['version']} ({about['commit']}, {live}) for {made.board.name}: "
        f"{len(made.files)} files, {made.size:,} bytes"
    )


def send(link, made, steps, done, progress):
    """Fill the idle slot and let it count; `done` learns what was sent."""
    link.load("change", "receive")
    if steps.back:
        link.run("rollback()")
    tell(link, made)
    missing = link.ask(f"begin({steps.slot!r}, text)")
    unknown = set(missing) - set(made.files)
    if unknown:
        raise refusals.PinbenchError("the board asks for files that this version does not have")
    done.sent_files = len(missing)
    done.sent_bytes = sum(len(made.files[path]) for path in missing)
    heap = made.board.about["heap_bytes"]
    transfer.send(link, f"/slots/{steps.slot}", made.files, missing, heap, progress)
    link.run(f"finish({steps.slot!r}, text)")


def activate(link, made, steps, health_s=HEALTH_S):
    """Loader, switch, and what was adopted: from the second on the new version is what starts."""
    if steps.loader:
        boot, main = (literal(deflate(text.encode())) for text in loader.texts())
        link.run(
            b"put_loader(*[inflate(t).read().decode() for t in (" + boot + b"," + main + b")])"
        )
    link.run(f"switch({steps.slot!r}, {made.manifest['id']!r}, {health_s})")
    rest = [path for path in steps.strange if path not in ("/boot.py", "/main.py")]
    if rest:
        link.run(f"remove({rest!r})")


def preview(link, made, found, steps):
    """Return the lines of a dry run."""
    if steps.nothing:
        return [f"nothing to do: slot {found.running} holds this version"]
    there = link.ask(f"hashes('/slots/{steps.slot}')")
    running = link.ask(f"manifest({found.running!r})") if found.running else None
    old = (running or {}).get("files", {})
    lines = []
    for path, entry in made.manifest["files"].items():
        if there.get(path) == entry["sha256"]:
            continue
        if old.get(path) == entry and path not in found.bad:
            continue
        lines.append(f"send   {path} ({entry['bytes']:,} bytes)")
    same = len(made.files) - len(lines)
    lines.append(f"keep   {same} files that the board has")
    lines += [f"drop   {path}" for path in sorted(old) if path not in made.files]
    lines += [f"adopt  {path}" for path in steps.strange]
    if steps.back:
        lines.append(f"give up the version on trial in slot {found.running}")
    if steps.loader:
        lines.append("replace the loader (/boot.py, /main.py)")
    lines.append(f"switch to slot {steps.slot}")
    return lines
