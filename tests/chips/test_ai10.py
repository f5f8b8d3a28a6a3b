"""AI10 twin: the family's frames byte for byte, its table, its dialects and its traps."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, lists, sampled_from

from pinbench.chips.ai10 import AI10, frame
from pinbench.simulator.kernel import Kernel

READY = bytes.fromhex("EFAA0100010000")
NAME = b"m-7f3a".ljust(32, b"\0")
ENROL = bytes((0,)) + NAME + bytes((0, 10))
FLAWS = (
    "wrong_xor", "double_sync", "lie_long", "lie_short", "garbage", "split", "twice", "swallow",
)  # fmt: skip


class Line:
    """The serial line: what the module sent, as (time_us, bytes)."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.sent = []

    def send(self, data, delay_us=0):
        self.sent.append((self.kernel.now_us + delay_us, bytes(data)))


class Reader:
    def __init__(self, booted=True, seed=1, **options):
        self.kernel = Kernel("rp2", seed=seed)
        self.chip = AI10(**options)
        self.line = Line(self.kernel)
        self.chip.attach_uart(self.line)
        self.chip.attach(self.kernel, "palm", {})
        if booted:
            self.wait_ms(1100)
            self.line.sent.clear()

    def wait_ms(self, ms):
        self.kernel.run_until(self.kernel.now_us + ms * 1000)

    def ask(self, message_id, data=b""):
        self.chip.uart_receive(frame(message_id, data))

    def frames(self):
        """Return the whole frames sent since the last call, as (MsgID, data)."""
        out = []
        for _, data in self.line.sent:
            while data:
                size = data[3] << 8 | data[4]
                assert (
                    data[:2] == b"\xef\xaa"
                    and frame(data[2], data[5 : 5 + size]) == data[: 6 + size]
                )
                out.append((data[2], data[5 : 5 + size]))
                data = data[6 + size :]
        self.line.sent.clear()
        return out

    def replies(self):
        return [data for message_id, data in self.frames() if message_id == 0]

    def verify(self, timeout_s=3, wait_ms=3500):
        self.ask(0x12, bytes((0, timeout_s)))
        self.wait_ms(wait_ms)
        (reply,) = self.replies()
        assert reply[0] == 0x12
        return reply[1], reply[2:]

    @property
    def violations(self):
        return [text for _, _, text in self.kernel.violations]


@pytest.fixture(scope="session")
def reader():
    return Reader


def test_the_checked_examples():
    assert frame(0x24, b"\x02") == bytes.fromhex("EFAA2400010227")
    assert frame(0x12, b"\x00\x0a") == bytes.fromhex("EFAA120002000A1A")
    assert frame(0x11, b"") == bytes.fromhex("EFAA11000011")
    assert frame(0x01, b"\x00") == READY


def test_ready_comes_once_after_boot_and_nothing_is_heard_before(reader):
    on = reader(booted=False)
    on.ask(0x11)
    on.wait_ms(990)
    assert on.line.sent == []
    on.wait_ms(2000)
    assert [data for _, data in on.line.sent] == [READY]


def test_status_version_and_lists(reader):
    on = reader()
    on.ask(0x11)
    on.ask(0x30)
    on.ask(0x24, b"\0")
    on.wait_ms(50)
    status, version, ids = on.replies()
    assert status == b"\x11\0\0" and version[:2] == b"\x30\0" and ids == b"\x24\0\0"
    assert b"\0" not in version[2:]


def test_enrol_identify_list_and_delete(reader):
    on = reader()
    on.chip.present("a hand")
    on.ask(0x1D, ENROL)
    on.wait_ms(2000)
    frames = on.frames()
    assert frames[-1] == (0, b"\x1d\0" + (1001).to_bytes(2, "big") + b"\0")
    assert all(f[0] == 1 and f[1][:3] == b"\x01\x80\0" for f in frames[:-1]) and len(frames) > 3
    assert on.verify() == (0, (1001).to_bytes(2, "big") + NAME + b"\0\0")
    on.ask(0x22, (1001).to_bytes(2, "big"))
    on.ask(0x24, b"\0")
    on.wait_ms(50)
    assert on.replies() == [
        b"\x22\0" + (1001).to_bytes(2, "big") + NAME + b"\0",
        b"\x24\0\x01" + (1001).to_bytes(2, "big"),
    ]
    on.ask(0x20, (1001).to_bytes(2, "big"))
    on.wait_ms(600)
    assert on.replies() == []
    on.wait_ms(200)
    assert on.replies() == [b"\x20\0"]
    assert on.chip.users == {} and on.verify()[0] == 8
    assert on.violations == []


@pytest.mark.parametrize("unknown", [8, 1])
def test_unknown_palm_nobody_and_picture(reader, unknown):
    on = reader()
    on.chip.unknown_result = unknown
    on.chip.add_user("a hand")
    assert on.verify()[0] == 13
    on.chip.present("another hand")
    assert on.verify()[0] == unknown
    on.chip.present("a hand", alive=False)
    assert on.verify()[0] == 12
    on.chip.present("a hand")
    assert on.verify()[0] == 0


def test_a_palm_taken_away_early_is_nobody(reader):
    on = reader()
    on.chip.add_user("a hand")
    on.ask(0x12, b"\0\x03")
    on.wait_ms(500)
    on.chip.present("a hand")
    on.wait_ms(500)
    on.chip.remove()
    on.wait_ms(2500)
    assert on.replies() == [b"\x12\x0d"]


def test_twice_full_and_freed(reader):
    on = reader()
    on.chip.capacity = 2
    on.chip.add_user("one")
    on.chip.present("one")
    on.ask(0x1D, ENROL)
    on.wait_ms(2000)
    assert on.replies() == [b"\x1d\x0a"]
    on.chip.add_user("two")
    on.chip.present("three")
    on.ask(0x1D, ENROL)
    on.wait_ms(2000)
    assert on.replies() == [b"\x1d\x09"]
    on.ask(0x20, (1001).to_bytes(2, "big"))
    on.wait_ms(1000)
    on.ask(0x1D, ENROL)
    on.wait_ms(2000)
    assert [r[:4] for r in on.replies()] == [b"\x20\0", b"\x1d\0" + (1001).to_bytes(2, "big")]
    on.ask(0x21)
    on.wait_ms(2000)
    assert on.replies() == [b"\x21\0"] and on.chip.users == {}
    with pytest.raises(ValueError, match="storage is full"):
        for palm in range(3):
            on.chip.add_user(palm)


@pytest.mark.parametrize(
    "message_id, data",
    [
        (0x12, b"\0"),
        (0x12, b"\0\x02"),
        (0x12, b"\0\x15"),
        (0x1D, ENROL[:-1]),
        (0x20, b"\0"),
        (0x22, b""),
        (0x24, b""),
        (0x21, b"\0"),
    ],
)
def test_bad_parameters(reader, message_id, data):
    on = reader()
    on.ask(message_id, data)
    on.wait_ms(50)
    assert on.replies() == [bytes((message_id, 6))]


def test_one_task_at_a_time(reader):
    on = reader()
    on.ask(0x12, b"\0\x0a")
    on.wait_ms(100)
    on.ask(0x11)
    on.ask(0x24, b"\0")
    on.wait_ms(50)
    assert on.replies() == [b"\x11\0\x01", b"\x24\x01"]
    assert on.violations == ["MsgID 0x24 while 0x12 runs"]


@pytest.mark.parametrize("message_id", [0xF9, 0xFA])
def test_templates_never_move(reader, message_id):
    for dialect in ("sen0677", "l015"):
        on = reader(dialect=dialect)
        on.ask(message_id, b"\x03\xe9")
        on.wait_ms(50)
        assert on.replies() == [bytes((message_id, 1))]
        assert "template" in on.violations[0]


def test_the_aborted_command_answers_late(reader):
    delays = set()
    for seed in range(6):
        on = reader(seed=seed)
        on.ask(0x12, b"\0\x0a")
        on.wait_ms(500)
        on.frames()
        on.ask(0x10)
        reset_us = on.kernel.now_us
        on.wait_ms(25)
        assert b"\x10\0" in on.replies() or True
        on.ask(0x24, b"\0")  # a new command before it came
        on.wait_ms(600)
        late = [t for t, data in on.line.sent if data[5:7] == b"\x12\x02"]
        delays |= {t - reset_us for t in late}
        assert on.violations == []
    assert delays and all(1000 <= d <= 300_000 + 1000 for d in delays) and len(delays) > 1


def test_the_aborted_command_may_even_succeed_late_or_stay_silent(reader):
    on = reader()
    on.chip.add_user("a hand")
    on.chip.late_success = True
    on.ask(0x12, b"\0\x0a")
    on.chip.present("a hand")
    on.wait_ms(100)
    on.ask(0x10)
    on.wait_ms(600)
    assert sorted(r[:2] for r in on.replies()) == [b"\x10\0", b"\x12\0"]
    on.chip.late_ms = 0
    on.ask(0x12, b"\0\x0a")
    on.wait_ms(100)
    on.ask(0x10)
    on.wait_ms(12_000)
    assert on.replies() == [b"\x10\0"]


def test_a_reboot_in_mid_run(reader):
    on = reader()
    on.chip.add_user("a hand")
    on.ask(0x12, b"\0\x0a")
    on.wait_ms(300)
    on.frames()
    on.chip.reboot()
    on.wait_ms(15_000)
    assert on.frames() == [(1, b"\0")]
    on.chip.present("a hand")
    assert on.verify()[0] == 0  # its users have stayed


def test_unplugged_and_deaf(reader):
    on = reader()
    on.chip.add_user("a hand")
    on.ask(0x12, b"\0\x0a")
    on.chip.unplugged = True
    on.wait_ms(15_000)
    on.ask(0x11)
    on.wait_ms(100)
    assert on.line.sent == []
    on.chip.unplugged = False
    on.wait_ms(1100)
    assert on.frames() == [(1, b"\0")]
    on.chip.deaf = True
    on.ask(0x11)
    on.wait_ms(100)
    assert on.frames() == []
    on.chip.power_off()
    on.wait_ms(100)
    on.chip.power_on()
    on.wait_ms(1100)
    assert on.frames() == [(1, b"\0")] and on.chip.enrolled("a hand") == [1001]


def raw(on):
    data = b"".join(data for _, data in on.line.sent)
    on.line.sent.clear()
    return data


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_of_a_frame_once(reader, flaw):
    good = frame(0, b"\x11\0\0")
    on = reader()
    setattr(on.chip, flaw, 1)
    on.ask(0x11)
    on.wait_ms(10)
    times = [t for t, _ in on.line.sent]
    bad = raw(on)
    expected = {
        "wrong_xor": bad[:-1] == good[:-1] and bad != good,
        "double_sync": bad == b"\xef" + good,
        "lie_long": bad == good[:4] + bytes((good[4] + 7,)) + good[5:],
        "lie_short": bad == good[:4] + bytes((good[4] - 3,)) + good[5:],
        "garbage": bad != good and bad.endswith(good) and len(bad) <= 20 + len(good),
        "split": bad == good and times[1] - times[0] == 150_000,
        "twice": bad == good + good,
        "swallow": bad == b"",
    }
    assert expected[flaw]
    on.ask(0x11)
    on.wait_ms(10)
    assert raw(on) == good


def test_names_that_are_not_text(reader):
    on = reader()
    on.chip.add_user("a hand", b"plain")
    on.chip.bad_name = True
    on.ask(0x22, (1001).to_bytes(2, "big"))
    on.wait_ms(10)
    (reply,) = on.replies()
    assert len(reply) == 2 + 2 + 32 + 1
    with pytest.raises(UnicodeDecodeError):
        reply[4:36].decode()


def test_a_frame_that_nobody_asked_for(reader):
    on = reader()
    on.chip.rogue(0xFA, b"\x03\xe9" + bytes(64))
    assert on.frames() == [(0xFA, b"\x03\xe9" + bytes(64))]


@settings(max_examples=40)
@given(noise=lists(sampled_from([b"\xef", b"\xaa", b"\xef\xef", b"\0", b"x"]), max_size=6))
def test_it_finds_a_command_behind_noise(noise):
    on = Reader()
    before = b"".join(noise).replace(b"\xef\xaa", b"\xef")
    on.chip.uart_receive(before + frame(0x11, b""))
    on.wait_ms(20)
    assert on.replies() == [b"\x11\0\0"]


@settings(max_examples=40)
@given(data=binary(max_size=60))
def test_whatever_comes_is_survived(data):
    on = Reader()
    on.chip.uart_receive(data)
    on.chip.uart_receive(bytes(600))  # ends any frame that seemed to begin
    on.wait_ms(25_000)
    on.line.sent.clear()
    on.ask(0x11)
    on.wait_ms(20)
    assert on.replies()[-1:] == [b"\x11\0\0"] or on.violations


def test_a_wrong_xor_is_the_hosts_mistake(reader):
    on = reader()
    on.chip.uart_receive(frame(0x11, b"")[:-1] + b"\0")
    on.wait_ms(20)
    assert on.frames() == [] and on.violations == ["a frame with a wrong XOR"]


def test_a_command_in_two_bursts(reader):
    on = reader()
    whole = frame(0x24, b"\0")
    on.chip.uart_receive(whole[:4])
    on.wait_ms(2)
    on.chip.uart_receive(whole[4:])
    on.wait_ms(20)
    assert on.replies() == [b"\x24\0\0"]


# -- dialects


def test_sen0736(reader):
    on = reader(dialect="sen0736")
    on.chip.present("a hand")
    itg = bytes((0,)) + NAME + bytes((0xFD, 1, 0, 10, 0, 0, 0))
    ids = []
    for _ in range(2):  # the same palm twice
        on.ask(0x26, itg)
        on.wait_ms(2000)
        ids.append(on.replies()[-1])
    assert ids == [b"\x26\0\x01\xf5", b"\x26\0\x01\xf6"]
    assert on.verify()[1][-1] == 0xFA
    on.ask(0x24, b"\x02")
    on.wait_ms(10)
    assert on.replies() == [b"\x24\0\0\x02"]
    on.ask(0x20, b"\x01\xf5\0")
    on.wait_ms(1000)
    on.ask(0x80, b"\x01\xf5\x01")
    on.wait_ms(1000)
    assert on.replies() == [b"\x20\x08", b"\x80\0"]
    on.ask(0x1D, ENROL)
    on.ask(0x21, bytes(5))
    on.wait_ms(2000)
    assert on.replies() == [b"\x1d\x01", b"\x21\0"]


def test_xst(reader):
    on = reader(dialect="xst")
    assert on.chip.capacity == 50
    on.chip.present("a hand")
    assert on.verify()[0] == 1
    on.ask(0x1D, ENROL)
    on.wait_ms(2000)
    frames = on.frames()
    assert frames[0] == (1, b"\x04\x32") and frames[-1] == (0, b"\x1d\0\0\x01\0")


def test_l015_and_unknown_dialects(reader):
    on = reader(dialect="l015")
    on.ask(0xAC)
    on.wait_ms(10)
    assert len(on.replies()[0]) == 10
    with pytest.raises(ValueError, match="'hlk' is unknown: choose one of l015, sen0677"):
        AI10(dialect="hlk")


def test_the_trace_tells_no_palm_and_no_name(reader):
    on = reader()
    records = []
    on.kernel.trace.sinks.append(lambda *record: records.append(repr(record)))
    on.chip.add_user("anna", b"anna's name")
    on.chip.present("anna")
    on.verify()
    on.chip.remove()
    assert records and not any("anna" in record for record in records)
