"""The journal: what was acknowledged is there, what is damaged is not, the size stays bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pinbench.handle import BenchHandle
from pinbench.paths import FIRMWARE
from pinbench.simulator.kernel import Halt
from pinbench.simulator.oserror import OSError as PortError

FOLDER = "/journal"
SEGMENT = 256
SEGMENTS = 3
EXTRA = 11
MODES = ("before", "prefix", "mix", "after")

payloads = st.binary(max_size=60)


def open_journal(bench, **options):
    options = {"segment_bytes": SEGMENT, "segments": SEGMENTS, **options}
    return bench.load("services.journal").Journal(FOLDER, **options)


def reboot(bench):
    bench.kernel.revive()
    bench.boot()


def files(bench):
    return bench.flash.mounted


def sizes(bench):
    host = files(bench)
    return [len(host.read(f"{FOLDER}/{name}")) for name in host.names(FOLDER)]


def test_first_record_is_number_one_and_comes_back(bench):
    journal = open_journal(bench)
    assert (journal.first, journal.last, list(journal.records())) == (0, 0, [])
    assert journal.append(b"a") == 1
    assert journal.append(b"") == 2
    assert list(journal.records()) == [(1, b"a"), (2, b"")]
    assert list(journal.newest()) == [(2, b""), (1, b"a")]
    assert (journal.first, journal.last, journal.damaged) == (1, 2, 0)


def test_record_has_the_layout_that_the_module_states(bench):
    journal = open_journal(bench)
    journal.append(b"hello")
    data = files(bench).read(FOLDER + "/00000001.log")
    assert data[:7] == b"\xa7\x05\x00\x01\x00\x00\x00"
    assert data[7:12] == b"hello"
    assert len(data) == 5 + EXTRA


def test_what_does_not_fit_is_refused(bench):
    journal = open_journal(bench)
    with pytest.raises(ValueError, match="does not fit"):
        journal.append(bytes(SEGMENT - EXTRA + 1))
    assert journal.append(bytes(SEGMENT - EXTRA)) == 1
    with pytest.raises(ValueError, match="segments"):
        open_journal(bench, segments=1)
    with pytest.raises(ValueError, match="segments"):
        open_journal(bench, segment_bytes=63)


def test_after_a_reset_it_goes_on_in_the_newest_segment_however_high_the_numbers(bench):
    options = {"segment_bytes": 64, "segments": 2}
    journal = open_journal(bench, **options)
    for _ in range(101):
        journal.append(bytes(10))
    names = files(bench).names(FOLDER)
    assert sizes(bench)[-1] + 10 + EXTRA <= 64
    reboot(bench)
    assert open_journal(bench, **options).append(bytes(10)) == 102
    assert files(bench).names(FOLDER) == names


def test_strange_files_in_its_folder_are_left_alone(bench):
    journal = open_journal(bench)
    journal.append(b"a")
    for name in ("notes.log", "00000009", "7.txt"):
        files(bench).install(f"{FOLDER}/{name}", b"not a segment")
    reboot(bench)
    journal = open_journal(bench)
    assert (journal.damaged, list(journal.records())) == (0, [(1, b"a")])


@given(st.lists(payloads, max_size=60))
def test_size_is_bounded_and_the_newest_records_stay(bench, written):
    journal = open_journal(bench)
    for number, payload in enumerate(written, 1):
        assert journal.append(payload) == number
        assert sum(sizes(bench)) <= SEGMENT * SEGMENTS
    kept = list(journal.records())
    assert kept == list(enumerate(written, 1))[len(written) - len(kept) :]
    # At most one segment's worth goes at a time.
    total = sum(len(p) + EXTRA for p in written)
    assert sum(sizes(bench)) >= min(total, SEGMENT * (SEGMENTS - 1) - 60 * SEGMENTS)
    reboot(bench)
    again = open_journal(bench)
    assert list(again.records()) == kept
    assert list(again.newest()) == kept[::-1]
    assert again.append(b"next") == len(written) + 1


@given(st.data())
def test_one_changed_byte_costs_at_most_its_own_record(bench, data):
    journal = open_journal(bench)
    written = data.draw(st.lists(payloads, min_size=1, max_size=15))
    for payload in written:
        journal.append(payload)
    whole = dict(journal.records())
    name = data.draw(st.sampled_from(sorted(files(bench).names(FOLDER))))
    path = f"{FOLDER}/{name}"
    raw = bytearray(files(bench).read(path))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    files(bench).install(path, bytes(raw))
    hit = owner(whole, int(name[:-4]), at)
    reboot(bench)
    journal = open_journal(bench)
    del whole[hit]
    assert dict(journal.records()) == whole
    assert journal.damaged >= EXTRA
    assert journal.append(b"next") > len(written)
    assert dict(journal.records()) | whole == dict(journal.records())


def owner(records, first, at):
    """Return the sequence of the record that holds byte `at` of the segment named `first`."""
    end = 0
    for sequence in sorted(s for s in records if s >= first):
        end += len(records[sequence]) + EXTRA
        if at < end:
            return sequence
    raise AssertionError


@given(st.lists(payloads, min_size=1, max_size=15), st.data())
def test_a_torn_tail_costs_only_what_was_torn(bench, written, data):
    journal = open_journal(bench)
    for payload in written:
        journal.append(payload)
    whole = dict(journal.records())
    name = max(files(bench).names(FOLDER))
    path = f"{FOLDER}/{name}"
    raw = files(bench).read(path)
    left = data.draw(st.integers(0, len(raw) - 1))
    files(bench).install(path, raw[:left] + data.draw(st.binary(max_size=20)))
    lost = owner(whole, int(name[:-4]), left)
    reboot(bench)
    journal = open_journal(bench)
    kept = {s: p for s, p in whole.items() if s < lost}
    assert dict(journal.records()) == kept
    sequence = journal.append(b"next")
    assert sequence not in kept
    assert dict(journal.records()) == kept | {sequence: b"next"}
    reboot(bench)
    assert dict(open_journal(bench).records()) == kept | {sequence: b"next"}


@given(st.lists(payloads, min_size=1, max_size=12), st.integers(0, 255))
def test_garbage_in_place_of_the_newest_segment_repeats_no_number(bench, written, byte):
    journal = open_journal(bench, segments=2)
    for payload in written:
        journal.append(payload)
    path = f"{FOLDER}/{max(files(bench).names(FOLDER))}"
    files(bench).install(path, bytes([byte]) * len(files(bench).read(path)))
    reboot(bench)
    journal = open_journal(bench, segments=2)
    assert journal.append(b"next") > len(written)


@given(st.lists(payloads, min_size=1, max_size=40))
def test_the_newest_file_remembers_the_numbers_by_its_name(bench, written):
    journal = open_journal(bench)
    for payload in written:
        journal.append(payload)
    for name in files(bench).names(FOLDER):
        files(bench).install(f"{FOLDER}/{name}", b"")
    newest = int(max(files(bench).names(FOLDER))[:-4])
    reboot(bench)
    assert open_journal(bench).append(b"next") >= newest


def test_payload_that_looks_like_a_record_is_never_taken_for_one(bench):
    module = bench.load("services.journal")
    journal = open_journal(bench)
    journal.append(b"first")
    inner = bytes(module.encode(1, 16, 2, b"first"))  # what a record in that place would be
    journal.append(inner)
    raw = bytearray(files(bench).read(FOLDER + "/00000001.log"))
    raw[17] ^= 1  # the length of the outer record
    files(bench).install(FOLDER + "/00000001.log", bytes(raw))
    reboot(bench)
    assert list(open_journal(bench).records()) == [(1, b"first")]


def test_a_ledger_holds_what_no_checkpoint_covers_yet(bench):
    journal = open_journal(bench)
    for _ in range(8):
        journal.append(bytes(50))
    assert journal.first == 1
    journal.hold(2)
    with pytest.raises(OSError) as caught:
        for _ in range(20):
            journal.append(bytes(50))
    assert caught.value.errno == 28
    assert journal.first == 1
    journal.hold(None)
    checkpoint = journal.append(b"state so far")
    journal.hold(checkpoint)
    journal.drop_before(checkpoint)
    assert journal.last == checkpoint
    assert journal.first > 4
    assert journal.room() >= SEGMENT


def test_records_may_be_dropped_while_they_are_read(bench):
    journal = open_journal(bench)
    for _ in range(12):
        journal.append(bytes(50))
    reading = journal.records()
    seen = [next(reading)[0]]
    for _ in range(12):
        journal.append(bytes(50))
    seen += [sequence for sequence, _ in reading]
    assert seen == sorted(set(seen))


def test_full_flash_is_an_error_and_no_record_is_lost(bench):
    journal = open_journal(bench)
    journal.append(b"before")
    bench.flash.full = True
    with pytest.raises(OSError) as caught:
        journal.append(b"no room")
    assert caught.value.errno == 28
    bench.flash.full = False
    journal.append(b"after")
    assert [payload for _, payload in journal.records()] == [b"before", b"after"]
    reboot(bench)
    assert [payload for _, payload in open_journal(bench).records()] == [b"before", b"after"]


class FailsOnce:
    """An open file whose next flush fails after the write was taken."""

    def __init__(self, file):
        self._file = file
        self._failed = False

    def write(self, data):
        return self._file.write(data)

    def flush(self):
        if self._failed:
            return self._file.flush()
        self._failed = True
        raise PortError(5)

    def close(self):
        self._file.close()


def test_a_flush_that_fails_is_looked_into_before_the_next_append(bench):
    journal = open_journal(bench)
    journal.append(b"before")
    journal._file = FailsOnce(journal._file)
    with pytest.raises(OSError):
        journal.append(b"unsure")
    last = journal.append(b"after")
    found = dict(journal.records())
    assert found[1] == b"before" and found[last] == b"after"
    reboot(bench)
    assert dict(open_journal(bench).records()) == found


def test_a_flash_that_really_fills_up_loses_nothing_acknowledged(bench):
    journal = open_journal(bench, segment_bytes=4096, segments=16)
    open_ = bench.flash.mounted.open
    with open_("/filler", "wb") as filler:
        for _ in range(bench.flash.blocks - 14):
            filler.write(bytes(4096))
    acknowledged = []
    with pytest.raises(OSError) as caught:
        while True:
            acknowledged.append(journal.append(bytes(1000)))
    assert caught.value.errno == 28
    with pytest.raises(OSError):
        while True:
            acknowledged.append(journal.append(bytes(1000)))
    bench.flash.mounted.os_module.remove("/filler")
    for _ in range(5):
        acknowledged.append(journal.append(bytes(1000)))
    assert [sequence for sequence, _ in journal.records()] == acknowledged
    reboot(bench)
    journal = open_journal(bench, segment_bytes=4096, segments=16)
    assert [sequence for sequence, _ in journal.records()] == acknowledged


def test_cut_at_every_operation_of_appends_and_rotations(bench):
    """Every operation, each way to tear it; the count of cuts is asserted, so none is skipped."""
    records = [bytes([n]) * (20 + 7 * n % 40) for n in range(24)]
    bench.load("services.journal")
    start = bench.flash.ops
    journal = open_journal(bench)
    for record in records:
        journal.append(record)
    operations = bench.flash.ops - start
    cuts = 0
    for mode in MODES:
        for n in range(1, operations + 1):
            bench.begin()
            bench.load("services.journal")
            bench.flash.cut_at(n, mode, 256 if mode == "prefix" else n)
            acknowledged = []
            with pytest.raises(Halt):
                journal = open_journal(bench)
                for record in records:
                    acknowledged.append(journal.append(record))
            cuts += 1
            reboot(bench)
            journal = open_journal(bench)
            found = dict(journal.records())
            assert journal.damaged == 0
            assert all(payload == records[s - 1] for s, payload in found.items())
            # All that were acknowledged, but for whole segments at the old end; at most one more.
            last = len(acknowledged)
            assert journal.last in (last, last + 1) or (mode, last) == ("before", 0)
            assert sorted(found) == list(range(journal.first, journal.last + 1)) or not found
            assert sum(sizes(bench)) <= SEGMENT * SEGMENTS
            assert journal.append(b"next") > last
    assert cuts == operations * len(MODES)


class JournalMachine(RuleBasedStateMachine):
    """A journal against a plain list, with reboots, power cuts and drops."""

    def __init__(self):
        super().__init__()
        self.bench = BenchHandle([FIRMWARE])
        self.bench.begin(seed=1)
        self.known = []  # what was acknowledged, and what was found after a cut
        self.highest = 0  # acknowledged
        self.dropped = 0
        self.journal = open_journal(self.bench)

    def teardown(self):
        self.bench.end()

    @rule(payload=payloads)
    def append(self, payload):
        sequence = self.journal.append(payload)
        assert sequence > self.highest
        self.highest = sequence
        self.known.append((sequence, payload))

    @rule()
    def reboot(self):
        reboot(self.bench)
        self.journal = open_journal(self.bench)

    @rule(
        payload=payloads,
        n=st.integers(1, 8),
        mode=st.sampled_from(MODES),
        detail=st.integers(0, 4096),
    )
    def append_until_the_power_is_cut(self, payload, n, mode, detail):
        self.bench.flash.cut_at(n, mode, detail)
        try:
            while True:
                self.append(payload)
        except Halt:
            pass
        self.reboot()
        found = list(self.journal.newest())
        if found and found[0][0] > self.highest:
            assert found[0][1] == payload
            self.known.append(found[0])
            self.highest = found[0][0]

    @rule(after_us=st.integers(1, 60_000), payload=payloads)
    def supply_fails_at_a_moment(self, after_us, payload):
        kernel = self.bench.kernel
        event = kernel.after(after_us, lambda _: kernel.power_cut(100))
        try:
            while True:
                self.append(payload)
        except Halt:
            pass
        kernel.cancel(event)
        self.reboot()
        found = list(self.journal.newest())
        if found and found[0][0] > self.highest:
            assert found[0][1] == payload
            self.known.append(found[0])
            self.highest = found[0][0]

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def drop(self, data):
        before = data.draw(st.integers(0, self.highest + 1))
        self.journal.drop_before(before)
        kept = dict(self.journal.records())
        assert all(sequence in kept for sequence, _ in self.known[-1:])

    @invariant()
    def what_is_there_is_the_newest_of_what_was_written(self):
        found = list(self.journal.records())
        assert found == self.known[len(self.known) - len(found) :]
        assert self.journal.damaged == 0
        assert sum(sizes(self.bench)) <= SEGMENT * SEGMENTS
        if self.known:
            assert found


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(stateful_step_count=25)
