"""The kiosk's figures for `pinbench benchmark`.

Times of the flash are virtual: those of a W25Q-class chip under littlefs, as the bench models it
(simulator/machine/files.py). The ledger runs on the real littlefs, block by block.
"""

import time

from pinbench import play, scenario
from pinbench.errors import PinbenchError
from pinbench.evaluate.kiosk import campaign
from pinbench.handle import BenchHandle
from pinbench.paths import FIRMWARE, SCENARIOS
from pinbench.report.progress import progress
from pinbench.simulator.trace import parse

REGULAR = SCENARIOS / "kiosk" / "regular.toml"
_KNOWN = "efaa0000261200"  # the reader's answer: a palm that it knows
CAMPAIGN = 100_000
APPENDS = 1000
RECORD_BYTES = 40  # an eject, the longest record of a rental
PER_DAY = 500
CYCLES = 100_000  # erases that a block of NOR flash is good for (W25Q data sheets)
SEGMENTS = 64  # as firmware/kiosk/main.py has it


def bench(profile="rp2350"):
    """Return a bench with the flash and the port of a board, and no chip on it."""
    handle = BenchHandle([FIRMWARE], profile=profile)
    handle.begin(profile=profile, seed=1)
    handle.boot()
    return handle


def palm_to_eject():
    """Return the virtual time from the reader's last byte to the solenoid, the worst of a run."""
    waits, answered = [], []

    def watch(line):
        time_us, channel, who, values = parse(line)
        if channel == "uart" and who == "palm" and values[1].startswith(_KNOWN):
            answered.append(time_us)
        elif channel == "net" and who == "eject" and values[0] == "1" and answered:
            waits.append(time_us - answered[-1])
            answered.clear()

    outcome = play.play(play.only(scenario.load(REGULAR)[0]), sinks=[watch])
    if not outcome.held or not waits:
        raise PinbenchError(f"no palm came to an eject; try `{outcome.command}`")
    return {"value": round(max(waits) / 1000, 1), "unit": "virtual ms", "rentals": len(waits)}


class Costs:
    """What a stretch of writing costs: virtual time, and what the flash has done."""

    def __init__(self, handle):
        self._handle = handle
        self._flash = handle.flash
        self._was = self._now()

    def _now(self):
        flash = self._flash
        return self._handle.kernel.now_us, flash.programmed_bytes, flash.erases

    def per(self, count):
        """Return (appends a second, bytes programmed, erases) for each of `count` records."""
        us, programmed, erases = (b - a for a, b in zip(self._was, self._now(), strict=True))
        return count * 1e6 / us, programmed / count, erases / count


def _journal_costs():
    handle = bench()
    journal = handle.load("services.journal").Journal("/ledger", 4096, SEGMENTS)
    costs = Costs(handle)
    for number in range(APPENDS):
        journal.append(bytes([number & 255]) * RECORD_BYTES)
    return costs.per(APPENDS)


def _plain_costs():
    """The same records, bare, at the end of one file that is flushed after each."""
    handle = bench()
    file = handle.flash.mounted.open("/plain.log", "ab")
    costs = Costs(handle)
    for number in range(APPENDS):
        file.write(bytes([number & 255]) * RECORD_BYTES)
        file.flush()
    return costs.per(APPENDS)


def append():
    """Return the appends a second in virtual time, against plain write and flush."""
    rate, _, _ = _journal_costs()
    plain, _, _ = _plain_costs()
    return {
        "value": round(rate, 1),
        "unit": "a second (virtual)",
        "against": round(plain, 1),
        "ratio": round(rate / plain, 2),
        "btree": "the VM has none",
    }


def programmed():
    """Return the bytes programmed and the erases for a record, against plain write and flush."""
    _, size, erases = _journal_costs()
    _, plain, plain_erases = _plain_costs()
    return {
        "value": round(size),
        "unit": "bytes programmed",
        "against": round(plain),
        "ratio": round(size / plain, 2),
        "erases": round(erases, 3),
        "erases_plain": round(plain_erases, 3),
        "record_bytes": RECORD_BYTES,
    }


class Days:
    """A ledger on the flash of a bench, with rentals that cost no time but the flash's."""

    def __init__(self):
        self.handle = bench()
        self.clock = self.handle.load("kiosk.clock").Clock()
        self.clock.now_s = 60_000_000
        self.ledger = self.open()
        for number in range(6):
            self.ledger.placed(number, bytes([1, number, 0, 0, 0, 0, 0, 9]), 0)
        self.ledger.early = False

    def open(self):
        """Open the journal and read the ledger."""
        journal = self.handle.load("services.journal").Journal("/ledger", 4096, SEGMENTS)
        return self.handle.load("kiosk.ledger").Ledger(journal, self.clock)

    def rentals(self, count, tell, acknowledge=True):
        """Rent and return `count` times, spread over the days."""
        ledger = self.ledger
        for number in range(count):
            slot = number % 6
            self.clock.now_s += 86400 // PER_DAY
            ref = ledger.eject(bytes([number & 255] * 8), 0, 0, slot, bytes(range(8)))
            ledger.taken(slot)
            ledger.returned(ref, slot, 0, 200, 100)
            if acknowledge and number % 50 == 0:
                ledger.acknowledge(ledger.journal.last)
            tell(number, count)


def life():
    """Return the years until the block that is erased most often is worn out."""
    days = Days()
    count = 8 * PER_DAY
    with progress("eight days of rentals on flash") as tell:
        days.rentals(count, tell)
    wear = days.handle.flash.wear
    worst = max(wear)
    years = CYCLES / worst * (count / PER_DAY) / 365.25
    return {
        "value": round(years, 1),
        "unit": "years",
        "rentals_a_day": PER_DAY,
        "worst_block_a_day": round(worst / 8, 1),
        "erases_a_day": round(sum(wear) / 8),
        "cycles": CYCLES,
    }


def recovery():
    """Return how long opening takes when the journal is as full as it may be."""
    days = Days()
    with progress("a full journal") as tell:
        while days.ledger.refuses() == 0:
            days.rentals(50, lambda done, of: None, acknowledge=False)
            room = days.ledger.journal.room()
            tell(SEGMENTS * 4096 - room, SEGMENTS * 4096)
    records = days.ledger.journal.last
    days.ledger.journal.close()
    begun_us, begun_s = days.handle.kernel.now_us, time.perf_counter()
    days.open()
    wall_ms = (time.perf_counter() - begun_s) * 1000
    return {
        "value": round(wall_ms, 1),
        "unit": "ms on CPython",
        "flash_virtual_ms": round((days.handle.kernel.now_us - begun_us) / 1000, 1),
        "records": records,
    }


def rentals():
    """Return the wall time of 100,000 rentals under random faults, none of them wrong."""
    begun_s = time.perf_counter()
    with progress("rentals under faults") as tell:
        counts = campaign.run(CAMPAIGN, seed=1, tell=tell)
    return {
        "value": round(time.perf_counter() - begun_s, 1),
        "unit": "s",
        "violations": 0,  # the first would have ended it
        **{key: counts[key] for key in ("rentals", "ejects", "boots", "stories")},
    }


FIGURES = {
    "kiosk.palm_to_eject": palm_to_eject,
    "journal.append": append,
    "journal.bytes": programmed,
    "journal.recovery": recovery,
    "journal.life": life,
    "kiosk.campaign": rentals,
}
