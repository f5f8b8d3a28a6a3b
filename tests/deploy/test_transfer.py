"""Files into packets and back, and the literal that carries them, byte for byte."""

import struct
import subprocess
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.deploy import snippets, transfer
from pinbench.vm import binary

FILES = st.dictionaries(
    st.text("abc/", min_size=1, max_size=8).filter(lambda p: "//" not in p),
    st.binary(max_size=700),
    max_size=6,
)


def unpacked(packed):
    """What device/receive.py makes of a packet: path, offset, data of each record."""
    data = zlib.decompress(packed, -snippets.WINDOW_BITS)
    at = 0
    while at < len(data):
        path = data[at + 1 : at + 1 + data[at]].decode()
        at += 1 + data[at]
        offset, n = struct.unpack_from("<II", data, at)
        yield path, offset, data[at + 8 : at + 8 + n]
        at += 8 + n


@given(files=FILES, limit=st.integers(120, 900))
def test_every_file_arrives_whole_and_no_packet_is_too_large(files, limit):
    got = {}
    carried = 0
    for packed, n in transfer.packets(files, list(files), limit):
        assert len(zlib.decompress(packed, -snippets.WINDOW_BITS)) <= limit
        carried += n
        for path, offset, data in unpacked(packed):
            assert offset == len(got.get(path, b""))
            got[path] = got.get(path, b"") + data
    assert got == files
    assert carried == sum(map(len, files.values()))


@given(heap=st.integers(100_000, 10_000_000))
def test_a_packet_leaves_the_board_room(heap):
    assert 4 * transfer.packet_bytes(heap) <= heap // 3


@given(data=st.binary())
def test_a_literal_is_its_bytes_and_holds_nothing_that_ends_it_early(data):
    source = snippets.literal(data)
    assert not set(source) & {0, 1, 2, 3, 4, 5, 10, 13}
    assert eval(source.decode("latin1").encode("unicode_escape").replace(b"\\\\", b"\\")) == data


@pytest.mark.vm
def test_the_vm_reads_every_byte_of_a_literal(tmp_path):
    data = bytes(range(256)) * 2 + b"\\n'\r"
    script = tmp_path / "it.py"
    script.write_bytes(b"d = " + snippets.literal(data) + b"\nprint(len(d), sum(d), d[-4:])\n")
    done = subprocess.run([binary(), str(script)], capture_output=True, text=True, timeout=20)
    assert done.stdout.split() == [str(len(data)), str(sum(data)), repr(data[-4:])], done.stderr


@pytest.mark.parametrize("name", sorted(p.stem for p in snippets.DEVICE.glob("*.py")))
def test_a_snippet_is_sent_without_what_only_people_read(name):
    source = snippets.source(name)
    full = (snippets.DEVICE / f"{name}.py").read_text()
    assert '"""' not in source and "#" not in source.replace("'#'", "")
    assert "from look" not in source and "from change" not in source
    assert len(source) < len(full)
    compile(source, name, "exec")
