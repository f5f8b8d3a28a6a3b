"""os, open and vfs on the simulated flash: the same on both interpreters, whole after any cut."""

import pathlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.paths import ROOT
from pinbench.simulator.kernel import Halt, Kernel
from pinbench.simulator.machine.files import Flash, make_files
from pinbench.simulator.machine.flash import mix
from pinbench.vm import binary

STORY = pathlib.Path(__file__).parent / "files_story.py"
MODES = ("before", "prefix", "mix", "after")
SIZE = 64 * 4096


def told(command, *arguments):
    command = [*command, str(STORY), str(ROOT / "host_tools"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout.splitlines()


@pytest.mark.vm
def test_both_interpreters_tell_the_same_and_read_each_others_flash(tmp_path):
    interpreters = {"cpython": [sys.executable], "vm": [binary(), "-X", "heapsize=16M"]}
    images = {name: str(tmp_path / name) for name in interpreters}
    stories = {n: told(c, "write", images[n]) for n, c in interpreters.items()}
    assert stories["vm"] == stories["cpython"]
    read = [told(c, "read", images[n]) for c in interpreters.values() for n in images]
    assert read[0][-1] == "b'rewritten'"
    assert all(answers == read[0] for answers in read)
    # Not only what the files hold: every block, and so every operation that led there.
    assert (tmp_path / "vm").read_bytes() == (tmp_path / "cpython").read_bytes()


@pytest.fixture
def kernel():
    return Kernel("rp2", seed=1)


@pytest.fixture
def flash():
    return Flash(SIZE)


def boot(kernel, flash):
    kernel.revive()
    return make_files(kernel, flash)


def test_geometry_is_that_of_the_port(kernel, flash):
    found = make_files(kernel, flash).os_module.statvfs("/")
    assert found[:3] == (4096, 4096, 64)
    assert found[9] == 255
    with pytest.raises(ValueError, match="whole blocks"):
        Flash(4097)


def test_program_clears_bits_and_only_erase_sets_them(flash):
    flash.program(1, 0, b"\x0f" * 256)
    flash.program(1, 0, b"\xf1" * 256)
    assert flash.read(1, 0, 1)[0] == 0x01
    flash.erase(1)
    assert flash.read(1, 0, 1)[0] == 0xFF
    assert (flash.programs, flash.erases, flash.wear[1]) == (2, 1, 1)
    with pytest.raises(ValueError, match="whole units"):
        flash.program(0, 1, bytes(256))
    with pytest.raises(ValueError, match="whole units"):
        flash.program(0, 3840, bytes(512))


@given(old=st.binary(max_size=40), seed=st.integers(0, 2**40), data=st.data())
def test_a_torn_byte_holds_only_bits_of_before_and_after(old, seed, data):
    new = data.draw(st.binary(min_size=len(old), max_size=len(old)))
    for before, after, torn in zip(old, new, mix(old, new, seed), strict=True):
        assert torn & ~(before | after) == 0
        assert torn | ~(before & after) == -1 or (torn & before & after) == before & after


def test_what_is_not_flushed_is_lost_and_what_is_flushed_stays(kernel, flash):
    files = make_files(kernel, flash)
    for name in ("/flushed", "/not", "/closed"):
        files.open(name, "w").close()
    flushed, lost = files.open("/flushed", "w"), files.open("/not", "w")
    flushed.write("kept")
    flushed.flush()
    flushed.write(" and lost")
    lost.write("x" * 9000)
    with files.open("/closed", "w") as file:
        file.write("kept")
    before = flash.image(), flash.ops
    files = boot(kernel, flash)
    assert (flash.image(), flash.ops) == before
    assert files.read("/flushed") == files.read("/closed") == b"kept"
    assert files.read("/not") == b""


def test_opening_to_write_does_not_yet_destroy(kernel, flash):
    files = make_files(kernel, flash)
    files.install("/f", "old")
    files.open("/f", "w").write("new")
    assert boot(kernel, flash).read("/f") == b"old"  # RST-17


contents = st.binary(max_size=3000)
names = st.sampled_from(["/a", "/b", "/c"])


@given(
    before=st.dictionaries(names, contents),
    name=names,
    new=contents,
    n=st.integers(1, 6),
    mode=st.sampled_from(MODES),
    detail=st.integers(0, 2000),
)
def test_after_a_cut_each_file_is_old_or_new(before, name, new, n, mode, detail):
    kernel, flash = Kernel("rp2", seed=1), Flash(SIZE)
    files = make_files(kernel, flash)
    for path in sorted(before):
        files.install(path, before[path])
    flash.cut_at(n, mode, detail)
    try:
        with files.open("/new", "wb") as file:
            file.write(new)
        files.os_module.rename("/new", name)
        done = True
    except Halt as halt:
        assert halt.kind == "power"
        done = False
    files = boot(kernel, flash)
    for path in ("/a", "/b", "/c"):
        exists = path[1:] in files.names()
        found = files.read(path) if exists else None
        allowed = [before.get(path)] if path != name or not done else []
        assert found in (allowed + [new] if path == name else allowed)


def test_after_the_cut_nothing_reaches_the_flash(kernel, flash):
    files = make_files(kernel, flash)
    flash.cut_at(1)
    image = flash.image()
    reached = []
    with pytest.raises(Halt):
        try:
            files.open("/a", "w")
        finally:
            for attempt in (lambda: files.open("/b", "w"), lambda: files.os_module.mkdir("/d")):
                with pytest.raises(Halt):
                    attempt()
                reached.append(attempt)
    assert len(reached) == 2
    assert flash.image() == image
    assert boot(kernel, flash).names() == []


@given(after_us=st.integers(1, 250_000))
def test_supply_that_fails_within_a_write_leaves_old_or_new(after_us):
    kernel, flash = Kernel("rp2", seed=1), Flash(SIZE)
    files = make_files(kernel, flash)
    files.install("/f", b"o" * 6000)
    kernel.after(after_us, lambda _: kernel.power_cut(100))
    with pytest.raises(Halt):
        with files.open("/f", "wb") as file:
            file.write(b"n" * 6000)
        kernel.run_until(300_000)
    assert boot(kernel, flash).read("/f") in (b"o" * 6000, b"n" * 6000)


@pytest.mark.parametrize("size", [100, 6000])
def test_what_was_not_yet_done_when_the_supply_failed_is_not_on_flash(size):
    def found_after(us):
        kernel, flash = Kernel("rp2", seed=1), Flash(SIZE)
        files = make_files(kernel, flash)
        files.install("/f", b"old")
        file = files.open("/f", "wb")
        file.write(bytes(size))
        start = kernel.now_us
        kernel.after(us, lambda _: kernel.power_cut(100))
        try:
            file.close()
        except Halt:
            pass
        return kernel.now_us - start, boot(kernel, flash).read("/f")

    whole_us, found = found_after(1_000_000)
    assert found == bytes(size)
    for percent in range(5, 95, 5):
        spent_us, found = found_after(whole_us * percent // 100)
        assert spent_us < whole_us
        assert found == b"old", "the commit is the last thing that a write does"


def test_a_write_takes_time_with_interrupts_blocked(kernel, flash):
    files = make_files(kernel, flash)
    seen = []
    handler = lambda _: seen.append(kernel.now_us)  # noqa: E731
    kernel.after(20_000, lambda _: kernel.interrupt(handler, 0, "pin"))
    kernel.after(21_000, lambda _: kernel.schedule(seen.append, "soft", "timer"))
    with files.open("/f", "wb") as file:
        start = kernel.now_us
        file.write(bytes(4096))
        spent = kernel.now_us - start
    assert 45_000 <= spent <= 60_000  # one erase and sixteen pages
    assert seen == [start + spent], "the hard handler waits (SCH-11), the soft one for a poll"


def test_small_files_cost_a_page_and_large_ones_an_erase(kernel, flash):
    files = make_files(kernel, flash)
    spent = []
    for size in (10, 500, 600, 5000):
        start = kernel.now_us
        with files.open(f"/f{size}", "wb") as file:
            file.write(bytes(size))
        spent.append((kernel.now_us - start) // 45_000)
    assert spent == [0, 0, 1, 2]


def test_the_modelled_time_is_near_what_littlefs_did(kernel, flash):
    """The model says what littlefs 2 must do; over many writes it may not drift from that."""
    files = make_files(kernel, flash)
    start, programmed, erases = kernel.now_us, flash.programmed_bytes, flash.erases
    for n in range(60):
        with files.open(f"/log{n // 20}", "ab") as file:
            file.write(bytes(40 + 7 * n))
        with files.open("/new", "w") as file:
            file.write("x" * (n * 13 % 700))
        files.os_module.rename("/new", "/settings.json")
    pages = (flash.programmed_bytes - programmed) // 256
    did_us = pages * 700 + (flash.erases - erases) * 45_000
    assert 0.6 < (kernel.now_us - start) / did_us < 1.5


def test_a_full_flash_refuses_what_is_new_and_reads_what_is_there(kernel, flash):
    files = make_files(kernel, flash)
    files.install("/f", "old")
    flash.full = True
    with files.open("/f", "r+") as file:
        assert file.read() == "old"
        with pytest.raises(OSError) as write:
            file.write("x")
    with pytest.raises(OSError) as create:
        files.open("/new", "w")
    with pytest.raises(OSError) as folder:
        files.os_module.mkdir("/d")
    assert [error.value.errno for error in (write, create, folder)] == [28, 28, 28]
    assert files.os_module.statvfs("/")[3] == 0
    files.os_module.remove("/f")
    assert files.names() == []


class Model:
    """A file as a list of bytes, and a position."""

    def __init__(self, data=b""):
        self.data = bytearray(data)
        self.at = 0

    def write(self, data, append):
        if append:
            self.at = max(self.at, len(self.data))  # littlefs leaves a hole before what it appends
        self.data += bytes(max(0, self.at - len(self.data)))
        self.data[self.at : self.at + len(data)] = data
        self.at += len(data)

    def read(self, n):
        end = len(self.data) if n < 0 else self.at + n
        out = bytes(self.data[self.at : end])
        self.at += len(out)
        return out


operations = st.one_of(
    st.tuples(st.just("write"), contents),
    st.tuples(st.just("read"), st.integers(-1, 2000)),
    st.tuples(st.just("seek"), st.integers(0, 4000)),
    st.tuples(st.just("flush"), st.none()),
    st.tuples(st.just("line"), st.none()),
)


@given(start=contents, mode=st.sampled_from(["r+b", "w+b", "a+b"]), steps=st.lists(operations))
def test_a_file_behaves_as_a_list_of_bytes(start, mode, steps):
    kernel, flash = Kernel("rp2", seed=1), Flash(SIZE)
    files = make_files(kernel, flash)
    files.install("/f", start)
    model = Model(b"" if mode[0] == "w" else start)
    file = files.open("/f", mode)
    for step, argument in steps:
        if step == "write":
            assert file.write(argument) == len(argument)
            model.write(argument, mode[0] == "a")
        elif step == "read":
            assert file.read(argument) == model.read(argument)
        elif step == "seek":
            model.at = argument
            assert file.seek(argument) == argument
        elif step == "flush":
            file.flush()
        else:
            end = model.data.find(b"\n", model.at) + 1
            assert file.readline() == model.read(end - model.at if end else -1)
        assert file.tell() == model.at
    file.close()
    assert boot(kernel, flash).read("/f") == bytes(model.data)


def test_a_damaged_file_system_is_formatted_as_the_port_does(kernel, flash):
    files = make_files(kernel, flash)
    files.install("/f", "x")
    flash.load(bytes(SIZE))
    files = boot(kernel, flash)
    assert files.names() == []
    with pytest.raises(ValueError, match="image of 1 bytes"):
        flash.load(b"x")


def test_a_thousand_boots_leak_no_open_file(kernel, flash):
    for n in range(1000):
        files = boot(kernel, flash)
        file = files.open("/f", "a")
        file.write("x")
        if n % 10 == 0:
            file.flush()
    assert len(boot(kernel, flash).read("/f")) == 100
