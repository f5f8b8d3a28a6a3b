"""The command `pinbench`: a thin table of verbs; errors become one sentence and an exit code here.

What a verb needs is imported when it runs, so that `--help` answers at once.
"""

import os
import sys
import traceback

import click

from pinbench.errors import HELD, NOT_HELD, WRONG_USE, PinbenchError, UsageError

_PROFILES = ("rp2", "rp2350", "esp32")
_RUNTIMES = ("cpython", "micropython")
_EXTRA = ("lightgbm", "numba", "pandas", "scipy", "sklearn")


class _WithVocabulary(click.Command):
    """A verb whose help ends with what a scenario may say, told by the code that does it."""

    def format_epilog(self, ctx, formatter):
        from pinbench.scenario import describe

        formatter.write("\n" + describe() + "\n")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 99})
@click.version_option(package_name="pinbench")
def cli():
    """Run MicroPython firmware, unchanged, on a simulated bench.

    Exit codes: 0 held, 1 did not hold, 2 wrong use.
    """


_scenarios = click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
_seed = click.option("--seed", type=click.IntRange(0), help="Instead of the scenario's own.")
_profile = click.option(
    "--port-profile", type=click.Choice(_PROFILES), help="Instead of the board's own."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@cli.command(cls=_WithVocabulary)
@_scenarios
@click.option("--runtime", type=click.Choice(_RUNTIMES), default="cpython", show_default=True)
@_profile
@_seed
@click.option("--trace", metavar="F.vcd", help="Write the trace: .vcd for GTKWave, or .jsonl.")
@click.option("--plot", metavar="F.png", help="Draw what happened.")
@_as_json
def sim(scenarios, runtime, port_profile, seed, trace, plot, as_json):
    """Play scenarios and check their expectations."""
    from pinbench.verbs import sim as verb

    return verb.run(scenarios, runtime, port_profile, seed, trace, plot, as_json)


@cli.command()
@_scenarios
@_profile
@_seed
@_as_json
def diff(scenarios, port_profile, seed, as_json):
    """Play scenarios on CPython and on the MicroPython VM; their traces must be equal."""
    from pinbench.verbs import diff as verb

    return verb.run(scenarios, port_profile, seed, as_json)


@cli.command()
@click.argument("items", nargs=-1, metavar="[ITEM...]")
@click.option("--port-profile", type=click.Choice(_PROFILES), help="Only this port's bench.")
@click.option("--port", metavar="P", help="A board: a serial device, or a URL (socket://...).")
@click.option("--wiring", metavar="F.toml", help="Which of the board's pins are joined.")
@_as_json
def conformance(items, port_profile, port, wiring, as_json):
    """Run the machine checklist on the bench, or on the board at --port.

    ITEM is an id (PIN-09) or a group (PIN); all if none is named.
    """
    from pinbench.verbs import conformance as verb

    return verb.run(items, port_profile, port, wiring, as_json)


@cli.command()
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@_as_json
def lint(paths, as_json):
    """Find what CPython allows in firmware and MicroPython does not.

    PATH is a file or a folder of firmware; the checkout's own if none is named. A comment excuses
    its line: `# NUM-07 ok: ` and why.
    """
    from pinbench.verbs import lint as verb

    return verb.run(paths, as_json)


@cli.group(invoke_without_command=True)
@_as_json
@click.pass_context
def boards(ctx, as_json):
    """List the boards; `boards check` checks pins and wiring."""
    if ctx.invoked_subcommand is None:
        from pinbench.verbs import boards as verb

        return verb.show(as_json)


@boards.command("check")
@click.argument("names", nargs=-1, metavar="[BOARD...]")
def boards_check(names):
    """Check boards, all of them if none is named, by name or by the path of a file."""
    from pinbench.verbs import boards as verb

    return verb.check(names)


@boards.command("wiring")
@click.argument("device")
@click.option("--board", "name", metavar="B", required=True, help="Its name, or its file's path.")
def boards_wiring(device, name):
    """Print which leg of which part goes to which pin."""
    from pinbench.verbs import boards as verb

    return verb.wiring(device, name)


@boards.command("draw")
@click.option("--output", metavar="FOLDER", default="boards/wiring", show_default=True)
def boards_draw(output):
    """Draw every device on every board (SVG), with a README of their tables."""
    from pinbench.verbs import boards as verb

    return verb.draw(output)


@cli.command()
@click.option("--image", metavar="F", help="The file with its flash; made if there is none.")
@click.option("--device", metavar="D", help="Wire this device's chips and world to it.")
@click.option("--stands-for", metavar="B", help="The board whose pins, heap and flash it has.")
@click.option("--tcp", type=click.IntRange(0, 65535), metavar="PORT", help="Listen on it as well.")
@click.option("--pace", type=click.Choice(("none", "115200", "1MB")), default="none",
              show_default=True, help="The speed of its line.")
def board(image, device, stands_for, tcp, pace):
    """Start a virtual board and print its port; Ctrl-C ends it.

    It is a real MicroPython VM with simulated pins, on the wall clock. Without --image its flash
    is new each time. While it runs, a line on its standard input is a command: help lists them.
    """
    from pinbench.verbs import board as verb

    return verb.run(image, device, stands_for, tcp, pace)


@cli.command()
@click.option("--story", metavar="S", help="Only this one: update, unwell, first or adopted.")
@click.option("--board", default="rpi_pico_w", show_default=True, metavar="B",
              help="Whose file system: its size, its blocks, its unit of programs.")
@click.option("--depth", type=click.Choice(("once", "some", "all")), default="once",
              show_default=True, help="Whether recoveries are cut too: not, in part, or all.")
@click.option("--seeds", type=click.IntRange(1, 99), default=1, show_default=True, metavar="N",
              help="How many mixes of old and new bits.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N")
@click.option("--op", type=click.IntRange(1), metavar="N", help="Repeat one cut: its operation,")
@click.option("--variant", metavar="V", help="... its variant,")
@click.option("--second", type=click.IntRange(1), metavar="N", help="... the one in the recovery,")
@click.option("--second-variant", metavar="V", help="... and that one's variant.")
@_as_json
def cuts(story, board, depth, seeds, jobs, op, variant, second, second_variant, as_json):
    """Cut the power at every operation of the flash, while firmware is flashed and rolled back.

    Whatever is cut, a whole version must start, and settings and loader must be whole.
    """
    from pinbench.verbs import cuts as verb

    only = (op, variant, second, second_variant)
    return verb.run(story, board, depth, seeds, jobs, only, as_json)


_port = click.option(
    "--port", default="auto", show_default=True, metavar="P",
    help="A serial device, a URL (socket://...), or auto: the only board there is.",
)
_wait = click.option("--wait", type=click.FloatRange(1), default=75, show_default=True,
                     metavar="S", help="The longest wait for the device's report.")


@cli.command()
@click.argument("device")
@click.option("--board", required=True, metavar="B", help="Its name (see `pinbench boards`).")
@_port
@click.option("--live", is_flag=True, help="Let outputs that can hurt be driven; else inert.")
@click.option("--adopt", is_flag=True, help="Take over a board with other files; copy them first.")
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@click.option("--until", type=click.Choice(("switched", "well", "confirmed")), default="well",
              show_default=True, help="What to wait for: the first report of health is `well`.")
@_wait
@_as_json
def flash(device, board, port, live, adopt, dry_run, until, wait, as_json):
    """Bring DEVICE onto a board: build, send what differs, verify, switch, watch it start.

    The board keeps its old version, and goes back to it by itself if the new one does not report
    that it is well. Interrupted, the same command goes on where it stopped.
    """
    from pinbench.verbs import flash as verb

    return verb.run(device, board, port, live, adopt, dry_run, until, wait, as_json)


@cli.command()
@_port
@_wait
def rollback(port, wait):
    """Go back to the version before the last flash."""
    from pinbench.verbs import rollback as verb

    return verb.run(port, wait)


@cli.command()
@_port
@click.option("--seconds", type=click.FloatRange(0), metavar="S", help="End after that time.")
@click.option("--black-box", metavar="F.png",
              help="Then read the garment's black box and draw it. This resets the board; it is "
                   "refused while the garment is worn.")
@_as_json
def monitor(port, seconds, black_box, as_json):
    """Show what a board prints, decoded and coloured, without disturbing it; Ctrl-C ends it."""
    from pinbench.verbs import monitor as verb

    return verb.run(port, seconds, as_json, black_box)


@cli.group()
def settings():
    """Read and change a board's settings; they survive every flash. Secrets are never shown."""


@settings.command("get")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@_port
@_as_json
def settings_get(names, port, as_json):
    """Print the settings, or those named."""
    from pinbench.verbs import settings as verb

    return verb.get(names, port, as_json)


@settings.command("set")
@click.argument("words", nargs=-1, required=True, metavar="NAME=VALUE...")
@_port
def settings_set(words, port):
    """Change settings, all in one step. NAME alone asks for its value, hidden if it is a secret.

    VALUE is JSON (60, true, "text") or else text; null takes NAME away. A dot goes into a table:
    wiring.pins.button=GP21.
    """
    from pinbench.verbs import settings as verb

    return verb.set_(words, port)


@settings.command("import")
@click.argument("path", metavar="FILE")
@_port
def settings_import(path, port):
    """Merge the settings in FILE (.toml or .json) into the board's, in one step."""
    from pinbench.verbs import settings as verb

    return verb.import_(path, port)


@cli.command()
@click.argument("path", metavar="FILE")
@click.option("--board", required=True, metavar="B", help="Its name (see `pinbench boards`).")
@click.option("--port", metavar="P", help="Where the board is now; it restarts to take FILE.")
@click.option("--drive", metavar="DIR", help="The boot drive of a Pico, if it is not found.")
@click.option("--check", is_flag=True, help="Only check that FILE fits the board.")
def firmware(path, board, port, drive, check):
    """Put MicroPython itself, a .uf2 or .bin that you downloaded, onto a board.

    FILE is checked first: made for this board, whole, and within the flash that it has for it.
    """
    from pinbench.verbs import firmware as verb

    return verb.run(path, board, port, drive, check)


@cli.group()
def evaluate():
    """Measure the detectors that ship, on recorded data."""


@evaluate.command("rain")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_as_json
@click.option("--plot", metavar="F.png", help="Draw caught against needless.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes; one a core else.")
def evaluate_rain(paths, as_json, plot, jobs):
    """Measure the window's rain forecast on recorded weather: CSV files, or folders of them."""
    _existing(paths)
    with _extra():
        from pinbench.evaluate import rain

        return rain.run(paths, as_json, plot, jobs)


@evaluate.command("falls")
@click.argument("folder", metavar="DIR")
@_as_json
@click.option("--plot", metavar="F.png", help="Draw the trade-off, lead times and one fall.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="At a time; one a core else.")
def evaluate_falls(folder, as_json, plot, jobs):
    """Measure the garment's fall detector on recorded falls: a folder of sets."""
    _existing([folder])
    with _extra():
        from pinbench.evaluate import falls

        falls.run(folder, as_json, plot, jobs)


@cli.group()
def train():
    """Fit what ships with a device, from recorded data."""


@train.command("rain")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--out", metavar="FOLDER", help="Instead of the firmware's own.")
def train_rain_(paths, seed, out):
    """Fit the window's rain forecast and write its tables."""
    _existing(paths)
    with _extra():
        from pinbench.evaluate import train_rain

        return train_rain.run(paths, seed, out)


@train.command("falls")
@click.argument("folder", metavar="DIR")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--out", metavar="FILE", help="Instead of the firmware's own tables.")
@click.option("--validate", is_flag=True, help="Write nothing: figures on subjects left out.")
@_as_json
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="At a time; one a core else.")
def train_falls_(folder, seed, out, validate, as_json, jobs):
    """Fit the garment's fall detector and write its tables."""
    _existing([folder])
    with _extra():
        from pinbench.evaluate import train_falls

        train_falls.run(folder, seed, out, validate, as_json, jobs)


@cli.command()
@_as_json
@click.option("--only", metavar="WORD", help="Only figures whose name contains WORD.")
@click.option("--port", metavar="P",
              help="The garment's detector on a connected board instead: a serial device, a URL, "
                   "or auto. The board is reset; one that is live is refused.")
def benchmark(as_json, only, port):
    """Measure the figures of speed and memory."""
    from pinbench.verbs import benchmark as verb

    return verb.run(as_json, only, port)


@cli.command()
@click.option("--out", default="out", show_default=True, metavar="FOLDER")
def demo(out):
    """Play recorded rain on the window; show a table and a picture of what happened."""
    from pinbench.report import demo as verb

    return verb.run(out)


def _existing(paths):
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{path} does not exist: name files or folders of recordings")


class _extra:
    """Within it, a package that only `make setup` installs may be missing."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _trace):
        name = getattr(error, "name", None) or ""
        if kind is ModuleNotFoundError and name.partition(".")[0] in _EXTRA:
            raise UsageError(
                f"this needs {name}, which is not installed: run `make setup` first"
            ) from None


def _say(text):
    click.echo(f"pinbench: {text}", err=True)


def _sentence(error):
    """Return a usage error of click in the form of our own."""
    text = error.format_message().rstrip(".").replace("\n", " ")
    ctx = getattr(error, "ctx", None)
    where = ctx.command_path if ctx is not None else "pinbench"
    return f"{text[:1].lower()}{text[1:]}; see `{where} --help`"


def run(argv=None):
    """Run the command with `argv` (the process's own if None) and return its exit code."""
    try:
        result = cli.main(args=argv, prog_name="pinbench", standalone_mode=False)
        return result if isinstance(result, int) else HELD
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return WRONG_USE
    except click.ClickException as error:
        _say(_sentence(error))
        return WRONG_USE
    except PinbenchError as error:
        _say(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("stopped")
        return NOT_HELD
    except BrokenPipeError:  # `pinbench ... | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return HELD
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _say(f"{what}; check the path and try again")
        return WRONG_USE
    except Exception as error:
        if os.environ.get("PINBENCH_TRACEBACK"):
            traceback.print_exc()
        place = traceback.extract_tb(error.__traceback__)[-1]
        file = os.path.basename(place.filename)
        _say(
            f"failed inside, at {file} line {place.lineno} ({type(error).__name__}: {error}); "
            "PINBENCH_TRACEBACK=1 shows the way there"
        )
        return NOT_HELD


def main():
    """Run the command and exit."""
    sys.exit(run())
