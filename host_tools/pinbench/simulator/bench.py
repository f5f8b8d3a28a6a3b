"""The bench: one simulated board with its buses, chips and flash, and the firmware that runs on
it.

A Bench lives as long as the device does: pads, flash, real-time clock, watchdog and chips outlive
a reset; the fake modules and the firmware's own modules are made anew at every boot.
"""

import sys

from pinbench.simulator.buses import I2C_FAULTS, UART_FAULTS, I2CBus, SPIBus, UARTLine
from pinbench.simulator.kernel import CtrlC, Halt, Kernel, describe_error
from pinbench.simulator.machine import small
from pinbench.simulator.machine.esp32mod import OTA, make_esp32
from pinbench.simulator.machine.files import Flash, make_files
from pinbench.simulator.machine.frozen import LATE
from pinbench.simulator.machine.hashmod import make_hashlib
from pinbench.simulator.machine.pwm import PWMBlock
from pinbench.simulator.machine.rp2mod import make_rp2
from pinbench.simulator.machine.rtc import Clock, Kept
from pinbench.simulator.machine.system import Machine, Watchdog
from pinbench.simulator.machine.tasks import make_tasks
from pinbench.simulator.machine.thread import Cores, make_thread
from pinbench.simulator.machine.timemod import FreeClock, make_time
from pinbench.simulator.machine.timer import Alarms
from pinbench.simulator.nets import Gate
from pinbench.simulator.pads import Pad

_ON_VM = sys.implementation.name == "micropython"
if _ON_VM:
    from pinbench.simulator import boundary
    from pinbench.simulator import weak_vm as weak
    from pinbench.simulator.loader_vm import Loader
else:
    from pinbench.simulator import weak_host as weak
    from pinbench.simulator.alloc_guard import Guard
    from pinbench.simulator.loader_cpython import Loader
    from pinbench.simulator.machine.aio import make_asyncio
    from pinbench.simulator.search import Search

_BUS_PINS = (
    ("i2c", ("scl", "sda")),
    ("spi", ("sck", "mosi", "miso")),
    ("uart", ("tx", "rx")),
)
_PORT_MODULES = {"rp2": make_rp2, "esp32": make_esp32, "_thread": make_thread}

NET_FAULTS = {
    "stuck_pin": "net `target` is shorted to `level` (0 or 1)",
    "float_pin": "net `target` is cut: readers see noise",
}
SYSTEM_FAULTS = {
    "reset": "a spike on the reset line",
    "power_cut": "the supply is gone for `off_ms`",
    "brown_out": "the supply sags below the reset threshold for `off_ms`",
}
_NONE = object()
MAX_RESETS = 200  # a device that resets more often than this in one run is in a boot loop


class Bench:
    """One board. `wiring` is the plain dict of a board file (pinbench.board), None for a bare
    board.

    `roots` are the folders in which firmware is found; `unix_s` sets the real-time clock as a host
    would have (None: what the port shows at power-on); `costs` maps "module.Class.method" to the
    microseconds of virtual time that a call of it takes; `chip_class` maps the kind of a chip to
    its class (pinbench.chips.catalogue.chip_class): the kernel's side knows no chip. `numbers` are
    the loader's options float32 and int31, for CPython alone.
    """

    def __init__(
        self,
        profile=None,
        seed=0,
        wiring=None,
        roots=(),
        start_ticks_us=0,
        unix_s=None,
        costs=None,
        trace=None,
        files=None,
        chip_class=None,
        numbers=None,
        search=None,
    ):
        self.wiring = wiring or {}
        self.roots = roots
        name = profile or self.wiring.get("profile", "rp2")
        self.kernel = Kernel(name, seed, start_ticks_us, trace)
        self.heap_bytes = self.wiring.get("heap_bytes", 200000)
        self.reset_cause = self.kernel.profile.cause_of["power"]
        self.watchdog = Watchdog(self.kernel)
        self.clock = Clock(self.kernel, unix_s)
        self.pwm = PWMBlock(self.kernel.profile)
        self.i2c_settings = {}  # id -> what the hardware was set to; outlives a soft reset
        self.kept = Kept(self.kernel.profile)
        self.nvs = {}  # esp32: namespace -> key -> (kind, value), as committed
        self.ota = OTA()
        self.wake_on = None  # (net, level) that ends a deep sleep
        self.alarms = Alarms(self.kernel)
        self.cores = Cores(self.kernel)
        self.console = Console(self.kernel)
        self.chips = {}
        self.resets = {}
        self.boots = 0
        self.loader = None
        self.expected_losses = set()
        self.expected_violations = []
        self._costs = costs or {}
        self._numbers = numbers or {}
        if search is not None and _ON_VM:
            raise ValueError("search mode needs CPython")
        self.search = None if search is None else Search(self.kernel, search, self.collect)
        self._chip_class = chip_class
        self._pads = {}
        self._buses = {"i2c": {}, "spi": {}, "uart": {}}
        self._at_reset = []
        port = self.kernel.profile
        size = self.wiring.get("flash_bytes", port.flash_bytes)
        self.flash = Flash(size, port.flash_block, port.flash_page)
        self._roles = {}
        pins = self.wiring.get("pins", {})
        for role in sorted(pins):
            self._roles[pins[role]] = role
        self._wire()
        # As on the chip, whether the firmware uses them or not: a run takes no more memory for
        # that, so what the firmware itself takes can be measured.
        self.wired = self._wired()
        for number in self.wired:
            self.pad(number)
        if files:
            self._write_files(files)

    # -- the board

    def pad(self, number):
        """Return the Pad of a GPIO; ValueError("invalid pin") as the port says it (PIN-02)."""
        pad = self._pads.get(number)
        if pad is None:
            if not isinstance(number, int) or not 0 <= number < self.kernel.profile.pins_out:
                raise ValueError("invalid pin")
            net = self.kernel.net(self._net_name(number))
            pad = self._pads[number] = Pad(number, net)
        return pad

    def _net_name(self, number):
        """A pin's net bears its role's name, else the lowest pin's that the wiring joins it to."""
        for joined in self.wiring.get("joined", ()):
            if number in joined:
                number = min(joined)
        return self._roles.get(number, "GP%d" % number)

    def named_pin(self, name):
        """Return the number behind "GP4", "4" or "LED"; None if unknown."""
        digits = name[2:] if name.startswith("GP") else name
        if digits.isdigit() and int(digits) < self.kernel.profile.pins_out:
            return int(digits)
        return 25 if name == "LED" and self.kernel.profile.platform == "rp2" else None

    def pin_number(self, pin):
        """Return the GPIO number of a Pin, an int or a name; None stays None."""
        if pin is None or isinstance(pin, int):
            return pin
        if isinstance(pin, str):
            return self.named_pin(pin)
        return pin._pad.number

    def i2c(self, id):
        """Return the I2C bus of hardware instance `id`, made at first use."""
        return self._bus("i2c", id, I2CBus)

    def spi(self, id):
        """Return the SPI bus of instance `id`."""
        return self._bus("spi", id, SPIBus)

    def uart(self, id):
        """Return the serial line of UART `id`."""
        return self._bus("uart", id, UARTLine)

    def i2c_on(self, scl, sda):
        """Return the bus whose wires are these GPIOs (for SoftI2C), an empty one if none is."""
        for name in sorted(self.wiring.get("i2c", {})):
            entry = self.wiring["i2c"][name]
            if entry["scl"] == scl and entry["sda"] == sda:
                return self.i2c(entry["id"])
        return self._bus("i2c", "soft%s_%s" % (scl, sda), I2CBus)

    def check_bus_pins(self, kind, id, pins):
        """A bus on other pins than it is wired to reaches no chip: that is a wiring violation."""
        for name in sorted(self.wiring.get(kind, {})):
            entry = self.wiring[kind][name]
            if entry["id"] != id:
                continue
            for function, number in pins:
                if number is not None and number != entry[function]:
                    text = "%s%d: %s is on GP%d, not GP%d"
                    text = text % (kind, id, function, entry[function], number)
                    self.kernel.violation(name, text)

    def _bus(self, kind, id, cls):
        buses = self._buses[kind]
        bus = buses.get(id)
        if bus is None:
            bus = buses[id] = cls(self.kernel, self._bus_name(kind, id))
        return bus

    def _bus_name(self, kind, id):
        entries = self.wiring.get(kind, {})
        for name in sorted(entries):
            if entries[name]["id"] == id:
                return name
        return "%s%s" % (kind, id)

    def _wire(self):
        """Build the external nets and the chips of the wiring."""
        kernel = self.kernel
        nets = self.wiring.get("nets", {})
        for name in sorted(nets):
            if nets[name].get("pull_up_ohm"):
                kernel.net(name).pull("board", 1)
            if nets[name].get("pull_down_ohm"):
                kernel.net(name).pull("board", 0)
        for name in sorted(nets):
            if nets[name].get("all_of"):
                Gate(kernel.net(name), [kernel.net(n) for n in nets[name]["all_of"]])
        chips = self.wiring.get("chips", {})
        for role in sorted(chips):
            self._add_chip(role, chips[role])
        lines = self.wiring.get("uart", {})
        for name in sorted(lines):
            if "peer" in lines[name]:  # crossed with another UART of the same board
                self.uart(lines[name]["id"]).peer = self.uart(lines[lines[name]["peer"]]["id"])

    def _wired(self):
        """Return the GPIOs that the wiring names, in order."""
        found = set(self.wiring.get("pins", {}).values())
        for kind, functions in _BUS_PINS:
            for entry in self.wiring.get(kind, {}).values():
                for function in functions:
                    if entry.get(function) is not None:
                        found.add(entry[function])
        return sorted(found)

    def _add_chip(self, role, entry):
        options = {}
        for key in sorted(entry):
            if key not in ("kind", "bus", "uart", "pins"):
                options[key] = entry[key]
        chip = self._chip_class(entry["kind"])(**options)
        pins = entry.get("pins", {})
        nets = {}
        for pin in sorted(pins):
            nets[pin] = self.kernel.net(pins[pin])
        self.chips[role] = chip
        if "bus" in entry:
            if entry["bus"] in self.wiring.get("i2c", {}):
                bus = self.i2c(self.wiring["i2c"][entry["bus"]]["id"])
            else:
                bus = self.spi(self.wiring["spi"][entry["bus"]]["id"])
            bus.add(chip, role, nets)
        elif "uart" in entry:
            self.uart(self.wiring["uart"][entry["uart"]]["id"]).add(chip, role, nets)
        else:
            chip.attach(self.kernel, role, nets)

    # -- faults

    def fault(self, kind, target=None, params=None):
        """Lay a fault; returns a function that ends it, or None where it ends by itself.

        `target` is a bus, a chip's role (its transfers only) or a net. ValueError, in one
        sentence, for a kind or a target that does not exist.
        """
        params = params or {}
        if kind in NET_FAULTS:
            net = self.kernel.net(target)
            self.kernel.note("fault", target, kind, params.get("level", 0))
            if kind == "stuck_pin":
                net.stick(params.get("level", 0))
                return net.unstick
            net.float_()
            return lambda: net.float_(False)
        if kind == "reset":
            self.kernel.reset_pulse()
            return None
        if kind in ("power_cut", "brown_out"):
            self.kernel.power_cut(params.get("off_ms", 1000))
            return None
        bus, address = self._fault_target(kind, target)
        params = dict(params)
        count = params.pop("count", None)
        laid = bus.lay(kind, address, count, **params)
        return lambda: bus.lift(laid)

    def _fault_target(self, kind, target):
        group = "i2c" if kind in I2C_FAULTS else "uart" if kind in UART_FAULTS else None
        if group is None:
            raise ValueError("there is no fault called %r" % kind)
        entry = self.wiring.get("chips", {}).get(target)
        if entry is not None:
            bus_name = entry.get("bus") if group == "i2c" else entry.get("uart")
            if bus_name is not None:
                bus = self._buses[group][self.wiring[group][bus_name]["id"]]
                return bus, entry.get("address")
        if target in self.wiring.get(group, {}):
            return self._buses[group][self.wiring[group][target]["id"]], None
        raise ValueError("fault %r needs a chip or bus on %s, not %r" % (kind, group, target))

    # -- boots

    def at_reset(self, fn):
        """Call fn() once at the next reset: timers and interrupts register themselves here."""
        self._at_reset.append(fn)

    def boot(self):
        """Make the fake modules of one boot; firmware can be loaded after it."""
        kernel = self.kernel
        self.boots += 1
        files = make_files(kernel, self.flash)
        machine = Machine(self)
        clock = FreeClock(kernel)
        select = small.make_select(self)
        tasks = make_tasks(clock.ticks_ms, clock.ticks_diff)
        modules = {
            "machine": machine,
            "micropython": small.make_micropython(self),
            "time": make_time(self),
            "select": select,
            "gc": small.make_gc(self),
            "random": small.make_random(self),
            "errno": small.make_errno(self),
            "hashlib": make_hashlib(),
            "os": files.os_module,
            "vfs": files.vfs_module,
            "wiring": make_wiring(self.wiring),
        }
        modules["sys"] = small.make_sys(self, modules)
        for name in kernel.profile.modules:
            modules[name] = _PORT_MODULES[name](self)
        if _ON_VM:
            boundary.install(kernel, modules)
            modules["_asyncio"] = small.namespace(TaskQueue=tasks[0], Task=tasks[1])
            modules["_free_time"] = clock
        else:
            modules["asyncio"] = make_asyncio(clock, select, tasks, kernel.log, describe_error)
        options = {}
        if not _ON_VM:
            options = dict(self._numbers)
            options["guard"] = Guard(kernel.heap_is_locked, lambda: kernel.emergency)
            options["search"] = self.search
        print_ = self.console.print
        loader = Loader(self.roots, modules, files.open, print_, self._loaded, **options)
        modules["sys"].modules = loader.imported
        loader.late, loader.bench = LATE, self
        self.loader = loader
        self.machine = machine
        loader.enter()
        if self.search is not None:
            self.search.enter()
        if _ON_VM:
            asyncio = loader.load("asyncio")
            asyncio.core.Loop.default_exception_handler = self._report_task
        modules["uasyncio"] = modules.get("asyncio")
        return loader

    def watch_timer(self, timer):
        """A Timer runs: a collection may find that nobody refers to it (TMR-06)."""
        weak.watch(timer)

    def collect(self):
        """The firmware collects: on rp2 a running Timer without a reference ends (TMR-06).

        A board collects at any allocation, the bench only when the firmware asks for it.
        """
        alarms = self.alarms.running
        if not alarms or self.kernel.profile.platform != "rp2":
            return
        seen = list(alarms)
        weak.release(seen)
        for alarm in seen:
            if alarm.handle is None:
                self.kernel.loss("collected timer", "Timer")
                alarm.cancel()

    def load(self, name):
        """Import a firmware module of this boot (boots at first use) and return it."""
        if self.loader is None:
            self.boot()
        return self.loader.load(name)

    def bus(self, role):
        """Return the machine.I2C or machine.UART that reaches the chip of this role."""
        if self.loader is None:
            self.boot()
        entry = self.wiring.get("chips", {}).get(role, {})
        if "uart" in entry:
            wires = self.wiring["uart"][entry["uart"]]
            return self.machine.UART(wires["id"], wires["baud"], tx=wires["tx"], rx=wires["rx"])
        if "bus" in entry:
            wires = self.wiring["i2c"][entry["bus"]]
            options = {"freq": wires["freq"], "timeout": wires.get("timeout_us", 50000)}
            return self.machine.I2C(wires["id"], scl=wires["scl"], sda=wires["sda"], **options)
        return self.machine.I2C(0, freq=400000)

    def run(self, main, end_us=None):
        """Boot and run the file `main` until `end_us`, through every reset on the way.

        With None for `main` the device boots what lies on its own flash: boot.py, then main.py.
        Ends when the run does; raises RuntimeError when the device does nothing but reset.
        """
        if end_us is not None:
            self.kernel.at(end_us, self._end)
        cause = "power"
        while cause != "end":
            cause = self._one_life(main, cause)
            if self.resets.get("soft", 0) + self.boots > MAX_RESETS:
                raise RuntimeError("the device was reset %d times: a boot loop" % MAX_RESETS)

    def _one_life(self, main, cause):
        kernel = self.kernel
        if cause == "soft":
            kernel.note("reset", "processor", "soft")
        else:
            self.reset_cause = kernel.profile.cause_of[cause]
            kernel.note("reset", "processor", cause, self.reset_cause)
        try:
            kernel.spend(kernel.profile.boot_us)
            loader = self.boot()
            try:
                self._programs(loader, main)
            except SystemExit:  # RST-21
                return self._soft_reset()
            self.console.flush()
            self._idle()
        except Halt as halt:
            kind = halt.kind
            off_us = halt.off_us
        self.console.flush()
        self._forget()
        if kind in ("end", "idle"):
            return "end"
        return self._hard_reset(kind, off_us)

    def _programs(self, loader, main):
        """What runs after a boot."""
        if main is None:
            self._run_flash(loader)
        else:
            self._guarded(loader.run, main)

    def _run_flash(self, loader):
        """boot.py and main.py on the device's own flash; what the first raises skips the second
        (RST-08)."""
        for name in ("/boot.py", "/main.py"):
            try:
                source = str(self.flash.mounted.read(name), "utf-8")
            except OSError:
                continue
            if not self._guarded(loader.execute, name, source):
                return

    def _guarded(self, run, *args):
        """Run firmware; False if it raised, which is printed. SystemExit goes on (RST-21)."""
        try:
            run(*args)
        except (Exception, CtrlC) as error:
            self.kernel.log("Traceback (most recent call last):")
            self.kernel.log(describe_error(error))
            return False
        return True

    def _idle(self):
        """The REPL: nothing runs but what interrupts bring, outputs stay as they were."""
        while True:
            self.kernel.wait(None)
            self.kernel.poll()

    def stopped(self, kind, off_us=0):
        """The processor stopped outside `run`: put the hardware into the state of the next boot.

        `kind` is "soft", or as Halt has it; chips lose their supply for a "power" of `off_us`.
        """
        self._forget()
        if kind == "soft":
            self._soft_reset()
            return
        self._hard_reset(kind, off_us)
        self.reset_cause = self.kernel.profile.cause_of[kind]

    def _forget(self):
        if self.loader is not None:
            self.kernel.halt("soft")  # whatever the old firmware still asks for is refused
            self.cores.stop()
            if not _ON_VM:
                self.loader.modules["asyncio"]._close_all()
            self.loader.leave()
            self.loader = None
            if self.search is not None:
                self.search.leave()
        self.alarms.stop()
        for fn in self._at_reset:
            fn()
        self._at_reset = []
        for line in self._buses["uart"].values():
            line.receiver = None

    def _soft_reset(self):
        """RST-09: open files are finalised, globals and timers are gone, pins keep their level on
        rp2 (PIN-28)."""
        self.console.flush()
        if self.loader is not None:
            self.flash.mounted.finalise()
        self._forget()
        self.reset_cause = self.kernel.profile.cause_of.get("soft", self.reset_cause)  # RST-02
        self.kernel.revive()
        self.pwm.soft_reset()
        if not self.kernel.profile.keeps_pins_over_soft_reset:
            self._release_pads()
        self.resets["soft"] = self.resets.get("soft", 0) + 1
        return "soft"

    def _hard_reset(self, kind, off_us):
        kernel = self.kernel
        kernel.revive()
        self.resets[kind] = self.resets.get(kind, 0) + 1
        self.watchdog.stop()
        self._release_pads()
        self.i2c_settings = {}
        self.pwm.reset()
        self.ota.reset()
        if kind == "power" and off_us:
            self._supply(False)
            try:
                kernel.spend(off_us)
            except Halt as halt:  # the run ends in the dark
                self._supply(True)
                return halt.kind
            self._supply(True)
            self.clock.power_on()
            self.kept.clear()
        elif kind == "deepsleep":
            try:
                self._sleep_deeply(off_us)
            except Halt as halt:
                return halt.kind
        self.wake_on = None
        kernel.restart_ticks()
        return kind

    def _sleep_deeply(self, off_us):
        """Until the time is over (None: for ever) or the pin of `wake_on` has its level."""
        kernel = self.kernel
        end = None if off_us is None else kernel.now_us + off_us
        while end is None or kernel.now_us < end:
            if self.wake_on is not None and self.wake_on[0].level == self.wake_on[1]:
                return
            kernel.wait(end)

    def _supply(self, on):
        self.kernel.note("fault", "supply", "on" if on else "off")
        for role in sorted(self.chips):
            if on:
                self.chips[role].power_on()
            else:
                self.chips[role].power_off()

    def _release_pads(self):
        for number in sorted(self._pads):
            self._pads[number].reset()

    def _end(self, _):
        self.kernel.halt("end")

    def _loaded(self, name, module):
        """Wrap what has a stated cost, so that calling it takes that long (kernel.cost)."""
        for path in sorted(self._costs):
            if not path.startswith(name + "."):
                continue
            parts = path[len(name) + 1 :].split(".")
            owner = module
            for part in parts[:-1]:
                owner = getattr(owner, part, None)
            if owner is not None and hasattr(owner, parts[-1]):
                setattr(owner, parts[-1], self._costly(getattr(owner, parts[-1]), path))

    def _costly(self, fn, path):
        kernel = self.kernel
        us = self._costs[path]

        # Fixed arguments, and few closed over: a hard handler may call it (simulator/boundary.py).
        def wrapped(a=_NONE, b=_NONE):
            if kernel.locked:
                kernel.lift()
                kernel.spend(us)
                kernel.relock()
            else:
                kernel.spend(us)
            if a is _NONE:
                return fn()
            return fn(a) if b is _NONE else fn(a, b)

        return wrapped

    def _report_task(self, loop, context):
        self.kernel.log(context["message"])
        self.kernel.log(describe_error(context["exception"]))

    def _write_files(self, files):
        """Put files on the flash as the host would, at no virtual time."""
        made = make_files(self.kernel, self.flash)
        for path in sorted(files):
            made.install(path, files[path])

    def unexpected(self):
        """Return what must fail the run: sentences on losses and violations nobody expected."""
        out = []
        for kind in sorted(self.kernel.losses):
            if kind not in self.expected_losses:
                out.append("%d silent loss(es): %s" % (self.kernel.losses[kind], kind))
        for time_us, who, text in self.kernel.violations:
            known = False
            for part in self.expected_violations:
                known = known or part in text or part == who
            if not known:
                out.append("at %d us %s: %s" % (time_us, who, text))
        return out


class Console:
    """What firmware prints, a log record a line."""

    def __init__(self, kernel):
        self._kernel = kernel
        self._line = ""

    def print(self, *args, sep=" ", end="\n", file=None):
        """The firmware's `print`."""
        self._kernel.call()
        text = sep.join([str(a) for a in args]) + end
        if file is not None and not hasattr(file, "_console"):
            file.write(text)
        else:
            self.write(text)

    def write(self, text):
        """Add text; each whole line becomes a log record."""
        parts = (self._line + text).split("\n")
        for part in parts[:-1]:
            self._kernel.log(part)
        self._line = parts[-1]

    def flush(self):
        """End an unfinished line (the processor stopped)."""
        if self._line:
            self._kernel.log(self._line)
            self._line = ""


def make_wiring(wiring):
    """Return the module `wiring` that the build generates on a board."""
    return small.namespace(
        BOARD=wiring.get("board", ""),
        LIVE=wiring.get("live", False),
        PINS=wiring.get("pins", {}),
        I2C=wiring.get("i2c", {}),
        SPI=wiring.get("spi", {}),
        UART=wiring.get("uart", {}),
        CHIPS=wiring.get("chips", {}),
    )
