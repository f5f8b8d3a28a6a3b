"""PN532 twin: frames, acknowledgements, waiting, tags."""

import pytest
from hypothesis import given
from hypothesis.strategies import binary

from pinbench.chips.pn532 import PN532, frame, parse

UID = bytes.fromhex("04A1B2C3D4E580")
ACK = bytes.fromhex("0000FF00FF00")


@pytest.fixture
def reader(hand):
    def make(configured=True):
        made = hand(PN532())
        if configured:
            assert ask(made, 0x14, 1, 0x14, 1) == b"\x15"
        return made

    return make


def take(made, count=64):
    """Read once: what waits behind the status byte, None if nothing does."""
    data = made.read(count + 1)
    return data[1:] if data[0] == 1 else None


def send(made, *command):
    made.write(*frame(0xD4, bytes(command)))


def ask(made, *command):
    """Return the body of the answer behind D5, None if none came within 20 ms."""
    send(made, *command)
    made.wait_us(1100)
    assert take(made, 6) == ACK
    made.wait_us(20_000)
    data = take(made)
    if data is None:
        return None
    body = parse(data)
    assert body is not None and body[0] == 0xD5
    return body[1:]


@given(data=binary(max_size=60))
def test_frames_add_up(data):
    made = frame(0xD4, data)
    assert (made[3] + made[4]) & 0xFF == 0 and sum(made[5:-1]) & 0xFF == 0
    assert parse(made) == parse(b"\0\0\0" + made[1:]) == b"\xd4" + data


def test_firmware_version(reader):
    made = reader(configured=False)
    assert frame(0xD4, b"\x02") == bytes.fromhex("0000FF02FED4022A00")
    assert made.chip.asleep
    assert ask(made, 0x02) == bytes.fromhex("0332010607")
    assert not made.chip.asleep and made.violations == []


def test_ready_shows_on_status_byte_and_pin(reader):
    made = reader()
    assert made.nets["irq"].level == 1 and made.read(1) == b"\0"
    send(made, 0x02)
    made.wait_us(1100)
    assert made.nets["irq"].level == 0 and made.read(1) == b"\1"
    assert take(made, 6) == ACK
    assert made.nets["irq"].level == 1
    made.wait_us(2100)
    assert made.nets["irq"].level == 0


def test_a_tag_is_listed_now_or_when_it_comes(reader):
    made = reader()
    made.chip.tag = UID
    expected = b"\x4b\x01\x01\x00\x44\x00\x07" + UID
    assert ask(made, 0x4A, 1, 0) == expected
    made.chip.tag = None
    assert ask(made, 0x4A, 1, 0) is None
    made.wait_us(5_000_000)
    assert made.nets["irq"].level == 1
    made.chip.tap(UID, 300)
    assert made.nets["irq"].level == 0
    assert parse(take(made))[1:] == expected
    made.wait_us(400_000)
    assert made.chip.tag is None


def test_retries_end_the_wait(reader):
    made = reader()
    assert ask(made, 0x32, 5, 0xFF, 1, 4) == b"\x33"
    assert ask(made, 0x4A, 1, 0) is None
    made.wait_us(150_000)
    assert parse(take(made))[1:] == b"\x4b\x00"


def test_pages(reader):
    made = reader()
    made.chip.tag = UID
    ask(made, 0x4A, 1, 0)
    first = ask(made, 0x40, 1, 0x30, 0)
    assert first[:2] == b"\x41\x00" and first[2:5] == UID[:3] and first[6:10] == UID[3:]
    assert ask(made, 0x40, 1, 0xA2, 5, 1, 2, 3, 4) == b"\x41\x00"
    assert ask(made, 0x40, 1, 0x30, 5)[2:6] == b"\1\2\3\4"
    assert ask(made, 0x40, 1, 0xA2, 2, 0, 0, 0, 0) == b"\x41\x01"
    made.chip.tag = None
    assert ask(made, 0x40, 1, 0x30, 5) == b"\x41\x01"
    made.chip.tag = UID
    assert ask(made, 0x40, 1, 0x30, 5) == b"\x41\x27"  # it has to be listed again


def test_ack_from_the_host_aborts_and_nack_asks_again(reader):
    made = reader()
    send(made, 0x4A, 1, 0)
    made.wait_us(5000)
    take(made, 6)
    made.write(*ACK)
    made.chip.tag = UID
    made.wait_us(50_000)
    assert made.nets["irq"].level == 1
    assert ask(made, 0x02) == bytes.fromhex("0332010607")
    made.write(0, 0, 0xFF, 0xFF, 0, 0)
    assert parse(take(made))[1:] == bytes.fromhex("0332010607")


def test_a_new_command_ends_the_old_one(reader):
    made = reader()
    send(made, 0x4A, 1, 0)
    made.wait_us(5000)
    assert ask(made, 0x02) == bytes.fromhex("0332010607")
    made.chip.tag = UID
    assert made.nets["irq"].level == 1


def test_damaged_answers(reader):
    made = reader()
    made.chip.wrong_dcs = 1
    send(made, 0x02)
    made.wait_us(1100)
    take(made, 6)
    made.wait_us(3000)
    assert parse(take(made)) is None


def test_it_is_strict(reader):
    made = reader(configured=False)
    made.write(0, 0, 0xFF, 2, 0xFF, 0xD4, 2, 0x2A, 0)
    send(made, 0x4A, 1, 0)
    made.wait_us(10_000)
    assert ask(made, 0x14, 1, 0, 1) == b"\x15"
    send(made, 0x99)
    made.wait_us(10_000)
    take(made, 6)
    assert take(made, 8) == bytes.fromhex("0000FF01FF7F8100")
    assert ["damaged" in v or "before SAM" in v or "0x99" in v for v in made.violations] == [
        True, True, True,
    ]  # fmt: skip


def test_power_down_unplugged_and_wrong_uid(reader):
    made = reader()
    assert ask(made, 0x16, 0xB0, 0) == b"\x17\x00"
    assert made.chip.asleep
    made.chip.unplugged = True
    assert made.write(0) == -1 and made.read(1) is None
    with pytest.raises(ValueError, match="7 bytes, not 4"):
        made.chip.tag = b"abcd"
    made.chip.power_off()
    made.chip.power_on()
    assert made.nets["irq"].level == 1
