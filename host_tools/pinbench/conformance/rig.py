"""The bench's own wiring for the machine checklist: which pins are joined, which chips answer.

Runs on both interpreters. `play(job)` plays one item on a fresh bench; `wires(chip)` is what that
bench offers, under the names by which items ask for it.
"""

from binascii import crc32

from pinbench.conformance.rig_chips import Ghost, Memory
from pinbench.simulator.bench import Bench
from pinbench.simulator.kernel import SimulationBug
from pinbench.simulator.machine import esp32mod, small
from pinbench.simulator.trace import Trace, line

END_US = 120 * 1000000  # an item that has not ended by then hangs
WRAP_US = (1 << 30) * 1000  # both tick counters wrap here
MAIN = "run_item.py"
MARK = "=ITEM "

CHIPS = {  # chip -> (port, profile)
    "rp2040": ("rp2", "rp2"),
    "rp2350": ("rp2", "rp2350"),
    "esp32s3": ("esp32", "esp32"),
    "esp32": ("esp32", "esp32_classic"),
}

_RP2 = {
    "pair": (2, 3),
    "i2c": {"id": 0, "scl": 5, "sda": 4},
    "uart": {"id": 1, "tx": 8, "rx": 9},
    "other": {"id": 0, "tx": 0, "rx": 1},
    "spi": {"id": 0, "sck": 18, "mosi": 19, "miso": 16},
    "adc": 26,
    "adc_drive": 22,
    "adc_middle": 27,
    "pins": (14, 15, 10, 11, 12, 13, 20, 21, 6, 7, 17, 27, 28),
    "many": (),
}
_ESP32S3 = {
    "pair": (6, 7),
    "i2c": {"id": 0, "scl": 9, "sda": 8},
    "uart": {"id": 1, "tx": 17, "rx": 18},
    "other": {"id": 2, "tx": 15, "rx": 16},
    "spi": {"id": 1, "sck": 12, "mosi": 11, "miso": 13},
    "adc": 1,
    "adc_drive": 2,
    "adc_middle": 3,
    "bad_adc": 38,
    "pins": (4, 5, 10, 14, 21, 38, 39, 40, 41, 42, 47, 48),
    "many": (),
}
_ESP32 = {
    "pair": (18, 19),
    "i2c": {"id": 0, "scl": 22, "sda": 21},
    "uart": {"id": 2, "tx": 17, "rx": 16},
    "other": {"id": 1, "tx": 25, "rx": 26},
    "spi": {"id": 1, "sck": 14, "mosi": 13, "miso": 12},
    "adc": 32,
    "adc_drive": 23,
    "adc_other": 34,
    "adc_middle": 35,
    "bad_adc": 5,
    "pins": (4, 5, 27, 2, 15),
    "many": (4, 5, 27, 23, 2, 15, 12, 13, 14, 16, 17, 21, 22, 25, 26, 32, 33),
}
_PINS = {"rp2040": _RP2, "rp2350": _RP2, "esp32s3": _ESP32S3, "esp32": _ESP32}

MEMORY, NACKER, STRETCHER, REFUSER, GHOST, SLOW = 0x50, 0x51, 0x52, 0x53, 0x54, 0x55
EDGES = (0x07, 0x78)


def wires(chip):
    """Return what an item may ask for on the bench: name of the wire -> pins or address."""
    out = dict(_PINS[chip])
    out.update(
        {
            "memory": MEMORY,  # 256 bytes behind a one-byte pointer
            "nacker": NACKER,  # refuses its second data byte
            "stretcher": STRETCHER,  # holds the clock for 100 ms
            "refuser": REFUSER,  # acknowledges its address and no data byte
            "ghost": GHOST,  # too slow for 400 kHz: only what is bit-banged reaches it
            "slow": SLOW,  # holds the clock for 500 us
            "edges": EDGES,  # chips at reserved addresses, which a scan leaves out
            "adc_broken": out["adc"],  # conversions fail
            "short": out["pins"][0],  # shorted to ground
            "held": out["pins"][0],  # pulled up outside, held low for 200 ms from 300 ms on
            # What a rising edge on these pins does, from outside:
            "search": True,  # soft callbacks come at the poll points of the real scheduler
            "power": out["pins"][1],  # the supply is cut for 100 ms
            "cut_flash": out["pins"][2],  # it is cut inside the n-th page program or erase from
            # then on, where n is the count of edges since the boot
            "ctrl_c": out["pins"][3],  # Ctrl-C on the console
            "pulse": out["pins"][1:3],  # the second goes low 50 ms later, for 50 ms
            "esp_errors": out["pins"][4],  # the next kind of ADC failure begins
            "ota": True,  # both application slots hold an image that boots
        }
    )
    return out


class ItemBench(Bench):
    """A bench that plays one item, as a host does over the REPL, after every boot."""

    def __init__(self, job, trace):
        self.plan = dict(job["plan"])
        self.plan["phase"] = -1
        port, profile = CHIPS[self.plan["chip"]]
        asked = job["wires"]
        have = wires(self.plan["chip"])
        self.plan["port"] = port
        self.plan["bench"] = True
        self.plan["wires"] = have
        joined = [have["pair"]] if "pair" in asked else []
        if "miso_pair" in asked:
            joined.append((have["spi"]["miso"], have["pins"][0]))
        if "adc_pair" in asked:
            joined.append((have["adc"], have["adc_drive"]))
        i2c = {"bench": dict(have["i2c"])}
        Bench.__init__(
            self,
            profile=profile,
            seed=1,
            wiring={"i2c": i2c, "joined": joined},
            roots=job["roots"],
            start_ticks_us=WRAP_US - 2000000 if "wrap" in asked else 0,
            trace=trace,
            numbers=job.get("numbers"),
            search=0 if "search" in asked else None,
        )
        for name in asked:
            fit = getattr(self, "_fit_" + name, None)
            if fit is not None:
                fit(have)

    def boot(self):
        loader = Bench.boot(self)
        self.plan["phase"] += 1
        loader.modules["item_plan"] = small.namespace(PLAN=self.plan)
        return loader

    def _idle(self):
        self.kernel.halt("end")  # the item has printed its row
        self.kernel.call()  # which ends it

    def _programs(self, loader, main):
        self._run_flash(loader)
        self._guarded(loader.run, main)

    def _on_edge(self, number, fn):
        net = self.pad(number).net
        net.pull("rig", 0)

        def changed(net):
            if net.level:
                fn()

        net.watch(changed)

    def _fit_power(self, have):
        self._on_edge(have["power"], lambda: self.kernel.power_cut(100))

    def _fit_cut_flash(self, have):
        edges = [0, 0]

        def lay():
            edges[0], edges[1] = self.boots, (edges[1] if edges[0] == self.boots else 0) + 1
            self.flash.cut_at(edges[1], "prefix", self.flash.prog // 2, 100)

        self._on_edge(have["cut_flash"], lay)

    def _fit_ctrl_c(self, have):
        self._on_edge(have["ctrl_c"], self.kernel.ctrl_c)

    def _fit_pulse(self, have):
        ask, answer = have["pulse"]
        line = self.pad(answer).net
        line.pull("rig", 1)

        def asked():
            self.kernel.after(50000, lambda _: line.drive("rig", 0))
            self.kernel.after(100000, lambda _: line.drive("rig", None))

        self._on_edge(ask, asked)

    def _fit_esp_errors(self, have):
        pad = self.pad(have["adc"])
        kinds = [esp32mod.NO_MEM, esp32mod.NOT_SUPPORTED, esp32mod.TIMEOUT]

        def following():
            pad.adc_fault = kinds.pop(0)

        self._on_edge(have["esp_errors"], following)

    def _i2c(self, have, chip):
        return self.i2c(have["i2c"]["id"]).add(chip)

    def _fit_pullups(self, have):
        for pin in (have["i2c"]["scl"], have["i2c"]["sda"]):
            self.pad(pin).net.pull("board", 1)

    def _fit_memory(self, have):
        self._i2c(have, Memory(MEMORY))

    def _fit_nacker(self, have):
        self._i2c(have, Memory(NACKER, refuse_at=1))

    def _fit_refuser(self, have):
        self._i2c(have, Memory(REFUSER, refuse_at=0))

    def _fit_stretcher(self, have):
        self._i2c(have, Memory(STRETCHER))
        self.i2c(have["i2c"]["id"]).lay("stretch", STRETCHER, us=100000)

    def _fit_slow(self, have):
        self._i2c(have, Memory(SLOW))
        self.i2c(have["i2c"]["id"]).lay("stretch", SLOW, us=500)

    def _fit_edges(self, have):
        for address in EDGES:
            self._i2c(have, Memory(address))

    def _fit_ghost(self, have):
        self._i2c(have, Ghost(GHOST))

    def _fit_loop(self, have):
        line = self.uart(have["uart"]["id"])
        line.peer = line

    def _fit_cross(self, have):
        one, other = self.uart(have["uart"]["id"]), self.uart(have["other"]["id"])
        one.peer, other.peer = other, one

    def _fit_spi_overrun(self, have):
        self.spi(have["spi"]["id"]).lay("overrun")

    def _fit_spi_loop(self, have):
        self.spi(have["spi"]["id"]).looped = True

    def _fit_adc_broken(self, have):
        self.pad(have["adc"]).adc_fault = esp32mod.FAIL

    def _fit_adc_middle(self, have):
        self.pad(have["adc_middle"]).net.set_mv(1650)

    def _fit_short(self, have):
        self.pad(have["short"]).net.stick(0)


def play(job):
    """Play one item; returns {"state", "why", "log", "crc", "now_us"}.

    job: {"plan": {"file", "item", "chip"}, "wires": names asked for, "roots": folders,
    "prints": text that must be printed, or None}. `crc` is of the whole trace, so that two
    interpreters can be compared.
    """
    log = []
    crc = [0]

    def sink(time_us, channel, who, values):
        text = line(time_us, channel, who, values)
        crc[0] = crc32(text.encode(), crc[0])
        if channel == "log":
            log.append(values[0])

    bench = None
    try:
        bench = ItemBench(job, Trace(sink))
        if "watch" in job:
            job["watch"](bench.kernel)
        bench.run(MAIN, END_US)
        state, why = verdict(log, job.get("prints"))
    except SimulationBug as bug:
        state, why = "failed", "the simulator failed: %s" % bug
    except RuntimeError as problem:
        state, why = "failed", str(problem)
    now_us = bench.kernel.now_us if bench is not None else 0
    return {"state": state, "why": why, "log": log, "crc": crc[0], "now_us": now_us}


def misprint(prints, said):
    """Return what is wrong with what was printed, None if nothing is: see suite.Item.prints."""
    if not prints:
        return None
    if prints[0] == "!":
        return "it printed %r" % prints[1:] if prints[1:] in said else None
    return None if prints in said else "it did not print %r" % prints


def verdict(log, prints=None):
    """Return (state, why) of what an item printed; for `prints` see `misprint`."""
    for text in log:
        if text.startswith(MARK):
            state, _, why = text[len(MARK) :].partition(" ")
            wrong = misprint(prints, "\n".join(log))
            if state == "held" and wrong:
                return "failed", wrong
            return state, why
    return "failed", "it did not end" + (": " + log[-1] if log else "")
