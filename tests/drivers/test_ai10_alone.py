"""The palm reader's driver by itself: what it takes for a frame, and for whose answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

READY = bytes.fromhex("EFAA0100010000")
TEMPLATE_IDS = (0xF9, 0xFA)


def frame(message, data):
    body = bytes([message, len(data) >> 8, len(data) & 255]) + bytes(data)
    check = 0
    for byte in body:
        check ^= byte
    return b"\xef\xaa" + body + bytes([check])


def reply(message, result, payload=b""):
    return frame(0, bytes([message, result]) + payload)


def user(uid):
    return bytes([uid >> 8, uid & 255]) + bytes(32) + b"\x00\x01"


NOTE = frame(1, bytes([1]) + bytes(16))
# Whole frames that mean nothing here, and bytes that are none; none holds a sync word by chance.
noise = st.lists(
    st.one_of(
        st.just(NOTE),
        st.just(READY[:4]),
        st.just(b"\xef"),
        st.just(b"\xef\xef"),
        st.binary(max_size=9).map(lambda raw: raw.replace(b"\xaa", b"\x00")),
        st.just(bytes([NOTE[0], *NOTE[1:-1], NOTE[-1] ^ 1])),
        st.just(frame(3, b"log text")),
    ),
    max_size=6,
).map(b"".join)


class Link:
    """The driver on a wire that the test holds."""

    def __init__(self, alone, dialect="sen0677"):
        self.alone = alone
        self.uart = alone.uart()
        self.module = alone.load("ai10")
        self.reader = self.module.AI10(self.uart, dialect)
        self.events = []

    def begun(self):
        """Past the reset at the start."""
        self.hear(reply(0x10, 0))
        self.wait(800)
        assert not self.reader.busy
        self.uart.took()
        return self

    def hear(self, data, step=64):
        for at in range(0, len(data), step):
            self.uart.incoming += data[at : at + step]
            self.poll()

    def poll(self):
        event = self.reader.poll()
        while event is not None:
            self.events.append(event)
            event = self.reader.poll()

    def wait(self, ms):
        for _ in range(ms // 20):
            self.alone.time.sleep_ms(20)
            self.poll()

    def took(self):
        events, self.events = self.events, []
        return events


@pytest.fixture
def link(alone):
    return Link(alone).begun()


def test_it_begins_with_a_reset_and_is_busy_until_late_answers_are_over(alone):
    link = Link(alone)
    assert link.uart.took() == bytes.fromhex("EFAA10000010")
    link.hear(reply(0x10, 0) + reply(0x12, 0, user(1005)))
    link.wait(600)
    assert link.reader.busy and link.took() == []
    with pytest.raises(ValueError, match="in work"):
        link.reader.verify()
    link.wait(200)
    link.reader.verify()


def test_commands_are_the_bytes_that_the_sources_show(link):
    link.reader.verify(10)
    assert link.uart.took() == bytes.fromhex("EFAA120002000A1A")
    link.hear(reply(0x12, 13))
    link.wait(200)
    link.reader.enrol(10)
    sent = link.uart.took()
    assert sent[:5] == bytes.fromhex("EFAA1D0023") and len(sent) == 41
    assert sent[5:-2] == bytes(34) and sent[-2] == 10
    link.hear(reply(0x1D, 0, b"\x03\xea\x00"))
    link.wait(200)
    link.reader.delete(1002)
    assert link.uart.took() == frame(0x20, b"\x03\xea")
    link.hear(reply(0x20, 0))
    link.wait(200)
    link.reader.list_ids()
    assert link.uart.took() == frame(0x24, b"\x00")
    link.hear(reply(0x24, 0, b"\x02\x03\xe9\x03\xeb"))
    m = link.module
    assert link.took() == [
        (m.NOBODY, 13), (m.ENROLLED, 1002), (m.DONE, 0), (m.DONE, [1001, 1003]),
    ]  # fmt: skip


def test_the_other_dialect_speaks_as_its_sources_show(alone):
    link = Link(alone, "sen0736").begun()
    m = link.module
    link.reader.enrol(10)
    data = bytes(33) + bytes.fromhex("FD01000A000000")
    assert len(data) == 40 and link.uart.took() == frame(0x26, data)
    link.hear(reply(0x26, 0, b"\x01\xf6"))
    link.wait(200)
    link.reader.delete(502)
    assert link.uart.took() == frame(0x80, b"\x01\xf6\x01")
    link.hear(reply(0x80, 0))
    link.wait(200)
    link.reader.list_ids()
    link.uart.took()
    link.hear(reply(0x24, 0, b"\x00\x01\x01\xf5"))
    assert link.took() == [(m.ENROLLED, 502), (m.DONE, 0), (m.DONE, [501])]


@pytest.mark.parametrize(
    "result, event",
    [(1, "UNKNOWN"), (8, "UNKNOWN"), (12, "FORGED"), (13, "NOBODY"), (2, "FAILED"), (4, "FAILED"),
     (19, "FAILED"), (99, "FAILED")],
)  # fmt: skip
def test_results_of_a_look(link, result, event):
    link.reader.verify()
    link.hear(reply(0x12, result))
    assert link.took() == [(getattr(link.module, event), result)]


def test_a_face_is_no_palm(link):
    link.reader.verify()
    link.hear(reply(0x12, 0, user(1000)))
    assert link.took() == [(link.module.UNKNOWN, None)]


@given(before=noise, step=st.integers(1, 64))
def test_an_answer_is_found_behind_anything_and_in_any_pieces(new_alone, before, step):
    link = Link(new_alone()).begun()
    link.reader.verify()
    link.hear(before, step)
    link.wait(200)  # what had begun and does not end is given up
    link.hear(reply(0x12, 0, user(1234)), step)
    link.wait(40)
    assert link.took() == [(link.module.KNOWN, 1234)]


@given(before=st.binary(max_size=300), step=st.integers(1, 64))
def test_no_bytes_whatever_open_anything_or_end_the_driver(new_alone, before, step):
    link = Link(new_alone()).begun()
    link.reader.list_ids()
    link.hear(before, step)
    link.wait(10_400)
    assert all(event[0] != link.module.KNOWN for event in link.took())
    link.wait(2000)
    assert not link.reader.busy


@given(bit=st.integers(0, 44 * 8 - 1))
def test_one_flipped_bit_is_no_answer(new_alone, bit):
    link = Link(new_alone()).begun()
    link.reader.verify()
    damaged = bytearray(reply(0x12, 0, user(1234)))
    damaged[bit // 8 % len(damaged)] ^= 1 << bit % 8
    link.hear(bytes(damaged))
    link.wait(300)
    assert link.took() == []
    link.hear(reply(0x12, 0, user(1235)))
    assert link.took() == [(link.module.KNOWN, 1235)], "the next one is heard"


def test_a_doubled_sync_byte_and_a_length_that_lies_cost_no_later_frame(link):
    link.reader.verify()
    link.hear(b"\xef" + NOTE)
    link.hear(b"\xef\xaa\x01\x00\x30" + NOTE[5:])  # says 48 bytes, and has 17
    link.wait(140)
    link.hear(b"\xef\xaa\x01\x00\x30" + NOTE[5:] + reply(0x12, 0, user(1234)))
    assert link.took() == [(link.module.KNOWN, 1234)]


def test_a_pause_within_a_frame_ends_it(link):
    link.reader.verify()
    answer = reply(0x12, 0, user(1234))
    link.hear(answer[:20])
    link.wait(140)
    link.hear(answer[20:])
    link.wait(140)
    assert link.took() == []


# -- whose answer


def test_an_answer_to_another_command_is_dropped(link):
    link.reader.verify()
    link.hear(reply(0x1D, 0, b"\x03\xea\x00") + reply(0x20, 0) + reply(0x10, 0))
    assert link.took() == [] and link.reader.busy


@given(late_ms=st.integers(0, 34).map(lambda n: n * 20))
def test_a_late_answer_of_an_aborted_look_opens_nothing_for_the_next(new_alone, late_ms):
    link = Link(new_alone()).begun()
    link.reader.verify()
    link.wait(1000)
    link.reader.reset()
    link.hear(reply(0x10, 0))
    asked = False
    for passed_ms in range(0, 1000, 20):
        if not asked and not link.reader.busy:
            link.reader.verify()
            asked = True
        if passed_ms == late_ms:
            link.hear(reply(0x12, 0, user(1001)))
        link.wait(20)
    assert asked and link.took() == [] and link.reader.busy, "the stale answer was credited"
    link.hear(reply(0x12, 0, user(1002)))
    assert link.took() == [(link.module.KNOWN, 1002)]


def test_an_answer_that_comes_twice_is_no_answer_to_the_next_command(link):
    link.reader.verify()
    link.hear(reply(0x12, 0, user(1001)))
    assert link.reader.busy, "the next command must wait for what may still come"
    link.hear(reply(0x12, 0, user(1001)))
    link.wait(120)
    link.reader.verify()
    assert link.took() == [(link.module.KNOWN, 1001)] and link.reader.busy


def test_a_reader_that_restarts_answers_nothing_that_was_asked_before(link):
    link.reader.verify()
    link.hear(READY)
    assert link.took() == [(link.module.READY, None)] and not link.reader.busy
    link.hear(reply(0x12, 0, user(1001)))
    assert link.took() == []


def test_silence_is_a_failure_after_the_readers_own_time_and_five_seconds(link):
    link.reader.verify(10)
    link.uart.took()
    link.wait(14_900)
    assert link.took() == []
    link.wait(200)
    assert link.took() == [(link.module.FAILED, -1)]
    assert link.uart.took() == frame(0x10, b""), "and it is reset"
    link.hear(reply(0x12, 0, user(1001)))
    link.wait(2000)
    assert link.took() == [] and not link.reader.busy


@pytest.mark.parametrize("payload", [b"", b"\x03"])
def test_a_success_without_an_id_is_none(link, payload):
    link.reader.verify()
    link.hear(reply(0x12, 0, payload))
    assert link.took() == [(link.module.FAILED, 0)]


def test_a_list_that_says_more_than_it_holds_is_none(link):
    link.reader.list_ids()
    link.hear(reply(0x24, 0, b"\x03\x03\xe9"))
    assert link.took() == [(link.module.FAILED, 0)]


# -- templates


@pytest.mark.parametrize("message", TEMPLATE_IDS)
@pytest.mark.parametrize("how", ["command", "reply", "long"])
def test_a_template_on_the_line_is_an_alarm(link, message, how):
    assert not link.reader.alarm
    data = {
        "command": frame(message, b"\x03\xe9"),
        "reply": frame(0, bytes([message, 0]) + bytes(40)),
        "long": b"\xef\xaa\x00\x06\x44" + bytes([message, 0]) + bytes(60),
    }
    link.hear(data[how])
    assert link.reader.alarm


@given(data=st.binary(max_size=60))
def test_ordinary_frames_are_no_alarm(new_alone, data):
    link = Link(new_alone()).begun()
    link.hear(frame(1, data) + frame(3, data) + reply(0x12, 0, data) + NOTE)
    assert not link.reader.alarm


@given(st.lists(st.sampled_from(["verify", "enrol", "list_ids", "reset", "delete"]), max_size=12),
       st.sampled_from(["sen0677", "sen0736", "xst", "l015"]))  # fmt: skip
def test_nothing_that_is_ever_sent_carries_a_template(new_alone, story, dialect):
    link = Link(new_alone(), dialect)
    for name in story:
        while link.reader.busy:
            link.wait(1000)
        getattr(link.reader, name)(*([1001] if name == "delete" else []))
    sent = link.uart.took()
    while sent:
        size = sent[3] << 8 | sent[4]
        assert sent[:2] == b"\xef\xaa" and sent[2] not in TEMPLATE_IDS
        assert len(set(sent[6 : size + 3])) <= 2 or sent[2] == 0x26, "a name was sent"
        sent = sent[size + 6 :]


def test_no_call_waits(link):
    before = link.alone.time.now_us
    link.reader.verify()
    for _ in range(50):
        link.hear(NOTE)
    assert link.alone.time.now_us == before
