"""The RG-15 driver: what counts as a reading, and what counts as rain."""

import itertools

import pytest
from hypothesis import given
from hypothesis.strategies import binary, booleans, decimals, integers, lists, sampled_from

SETUP, READ, REBOOT = b"P\nH\nM\n", b"R\n", b"K\n"
DRY = b"Acc  0.00 mm, EventAcc  0.00 mm, TotalAcc 12.30 mm, RInt  0.00 mmph\r\n"
WET = b"Acc  0.01 mm, EventAcc  0.21 mm, TotalAcc 12.31 mm, RInt  1.20 mmph\r\n"
BANNER = b"; Hydreon RG-15\r\nSW 1.000 2020.01.01\r\nReset N\r\nPwrDays 1\r\n"
LIMIT = 15  # missed replies before a reboot
REBOOTS = 5


def start(alone):
    uart = alone.uart()
    rain = alone.load("rg15").RG15(uart)
    assert uart.took() == SETUP
    return uart, rain, alone.load("rg15").RainState


def answer(uart, rain, data=DRY):
    """One round as the shell does it: ask, let the reply arrive, look."""
    rain.request()
    uart.incoming += data
    return rain.poll()


def test_a_reading_has_its_four_values(alone):
    uart, rain, state = start(alone)
    reading = answer(uart, rain, WET)
    assert (reading.acc_mm, reading.event_mm, reading.total_mm) == (0.01, 0.21, 12.31)
    assert reading.intensity_mm_h == 1.2
    assert reading.faults == ()
    assert rain.state == state.READY
    assert (rain.raining, rain.assume_rain) == (True, True)
    answer(uart, rain, DRY)
    assert (rain.raining, rain.assume_rain) == (False, False)
    assert uart.took() == READ * 2


def test_until_the_first_reading_rain_is_assumed(alone):
    _, rain, state = start(alone)
    assert rain.raining is None and rain.assume_rain and rain.state == state.STARTING


@pytest.mark.parametrize("fault", ["LensBad", "EmSat", "TooCold"])
@pytest.mark.parametrize("form", ["%s, {}", "%s {}", "{}\r\n%s"])
def test_a_fault_means_rain_until_a_reading_without_it(alone, fault, form):
    uart, rain, _ = start(alone)
    line = form.format(fault) % DRY.decode().strip()
    answer(uart, rain, line.encode() + b"\r\n")
    assert rain.faults == (fault,)
    assert rain.raining is None and rain.assume_rain
    answer(uart, rain)
    assert rain.faults == () and not rain.assume_rain


def test_a_fault_on_a_line_of_its_own_holds_at_once_and_for_the_reading_after_it(alone):
    uart, rain, _ = start(alone)
    answer(uart, rain)
    uart.incoming += b"LensBad\r\n" * 50
    assert rain.poll() is None and rain.poll() is None
    while uart.incoming:
        rain.poll()
    assert rain.faults == ("LensBad",) and rain.assume_rain
    assert answer(uart, rain).faults == ("LensBad",)
    assert answer(uart, rain).faults == ()


amounts = decimals(min_value=0, max_value=999, places=2).map(str)


@given(values=lists(amounts, min_size=4, max_size=4), inches=booleans(), gap=integers(1, 4))
def test_millimetres_and_inches_come_out_as_millimetres(new_alone, values, inches, gap):
    unit, rate = ("in", "iph") if inches else ("mm", "mmph")
    names = ["Acc", "EventAcc", "TotalAcc", "RInt"]
    units = [unit, unit, unit, rate]
    parts = [
        name + " " * gap + value + " " + text
        for name, value, text in zip(names, values, units, strict=True)
    ]
    uart, rain, _ = start(new_alone())
    reading = answer(uart, rain, (", ".join(parts) + "\r\n").encode())
    scale = 25.4 if inches else 1
    expected = [float(value) * scale for value in values]
    found = [reading.acc_mm, reading.event_mm, reading.total_mm, reading.intensity_mm_h]
    assert found == pytest.approx(expected)


def test_amounts_without_a_unit_are_metric_as_some_versions_write_them(alone):
    uart, rain, _ = start(alone)
    reading = answer(uart, rain, b"Acc 0.010, EventAcc 0.210, TotalAcc 1.000, RInt 1.200 mm/h\r\n")
    assert (reading.acc_mm, reading.intensity_mm_h) == (0.01, 1.2)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_any_line_end_will_do(alone, end):
    uart, rain, _ = start(alone)
    assert answer(uart, rain, WET.strip() + end) is not None


@given(cuts=lists(integers(0, len(WET)), max_size=6))
def test_a_reply_may_come_in_any_pieces(new_alone, cuts):
    uart, rain, _ = start(new_alone())
    rain.request()
    readings = []
    for begin, end in itertools.pairwise([0, *sorted(cuts), len(WET)]):
        uart.incoming += WET[begin:end]
        readings.append(rain.poll())
    assert [reading.acc_mm for reading in readings if reading] == [0.01]


def test_two_replies_at_once_are_two_readings(alone):
    uart, rain, _ = start(alone)
    assert answer(uart, rain, WET + DRY).acc_mm == 0.01
    assert rain.poll().acc_mm == 0
    assert rain.poll() is None


@pytest.mark.parametrize("line", [
    b"; Acc  0.00 mm, EventAcc  0.00 mm, TotalAcc  0.00 mm, RInt  0.00 mmph",
    b"p", b"", b"SW 1.000 2020", b"Baud 9600", b"R 0",
    DRY[:40], DRY[10:].strip(),
    DRY.strip() + DRY.strip(),
    DRY.replace(b"RInt", b"RIot").strip(),
    DRY.replace(b"0.00", b"nan").strip(),
    DRY.replace(b"0.00", b"1e9").strip(),
    DRY.replace(b"0.00", b"-1.0").strip(),
    DRY.replace(b"0.00", b"0.0.0").strip(),
    DRY.replace(b"0.00", b".").strip(),
    DRY.replace(b"12.30", b"123456789012").strip(),
    DRY.replace(b"mmph", b"mmpx").strip(),
    b"mm " + DRY.strip(),
])  # fmt: skip
def test_what_is_not_a_whole_reply_is_no_reading(alone, line):
    uart, rain, state = start(alone)
    assert answer(uart, rain, line + b"\r\n") is None
    assert rain.state == state.STARTING and rain.assume_rain


@given(noise=binary(max_size=600), pieces=integers(1, 40))
def test_no_noise_breaks_it_or_stops_the_next_reply(new_alone, noise, pieces):
    uart, rain, state = start(new_alone())
    for begin in range(0, len(noise), pieces):
        uart.incoming += noise[begin : begin + pieces]
        rain.poll()
    uart.incoming += b"\n"
    while uart.incoming:
        rain.poll()
    assert answer(uart, rain, WET) is not None
    assert rain.raining and rain.state == state.READY


@given(at=integers(0, len(DRY) - 3), bit=integers(0, 7))
def test_a_flipped_bit_gives_a_damaged_line_or_another_number_never_a_broken_reading(
    new_alone, at, bit
):
    line = bytearray(DRY)
    line[at] ^= 1 << bit
    uart, rain, _ = start(new_alone())
    reading = answer(uart, rain, bytes(line))
    if reading is not None:
        # Only digits, points and spaces may have changed: the words were all whole.
        same = bytes(b for b in line if b not in b"0123456789. ,")
        assert same == bytes(b for b in DRY if b not in b"0123456789. ,")


def test_a_line_without_end_is_dropped_and_bounded(alone):
    uart, rain, _ = start(alone)
    uart.incoming += b"A" * 10_000
    for _ in range(100):
        rain.poll()
    uart.incoming += b"\r\n"
    assert answer(uart, rain, WET) is not None
    assert rain.damaged_lines == 1


def test_a_poll_takes_a_bounded_bite_of_noise(alone):
    uart, rain, _ = start(alone)
    uart.incoming += b"\xff" * 10_000
    rain.poll()
    assert len(uart.incoming) >= 10_000 - 256


def test_bytes_that_vanish_between_any_and_read_are_harmless(alone):
    uart, rain, _ = start(alone)
    uart.vanishing = True
    assert answer(uart, rain, WET) is None
    uart.vanishing = False
    assert answer(uart, rain, WET) is not None


def test_one_or_two_lost_replies_change_nothing_the_third_means_rain(alone):
    uart, rain, state = start(alone)
    answer(uart, rain)
    for _ in range(3):
        rain.request()
        assert not rain.assume_rain
    rain.request()
    assert rain.state == state.SILENT
    assert rain.raining is None and rain.assume_rain
    assert rain.acc_mm is None
    answer(uart, rain)
    assert rain.state == state.READY and not rain.assume_rain


def test_a_silent_sensor_is_rebooted_five_times_then_given_up_and_still_tried(alone):
    uart, rain, state = start(alone)
    answer(uart, rain)
    uart.took()
    sent = []
    for _ in range(1 + LIMIT + REBOOTS):
        rain.request()
        sent.append(uart.took())
    assert sent == [READ] * LIMIT + [REBOOT] * REBOOTS + [READ]
    assert rain.state == state.DEAD and rain.assume_rain
    for _ in range(200):
        rain.request()
        sent.append(uart.took())
    assert set(sent[1 + LIMIT + REBOOTS :]) == {READ, REBOOT}
    assert 3 <= sent[1 + LIMIT + REBOOTS :].count(REBOOT) <= 4
    assert rain.state == state.DEAD and rain.assume_rain


@pytest.mark.parametrize("missed", [0, 2, 5, LIMIT, LIMIT + 2, LIMIT + REBOOTS, 100])
def test_the_banner_brings_it_back_from_anywhere_and_forgets_that_it_was_dry(alone, missed):
    uart, rain, state = start(alone)
    answer(uart, rain)
    for _ in range(missed):
        rain.request()
    uart.took()
    uart.incoming += BANNER
    assert rain.poll() is None
    assert rain.state == state.STARTING and rain.assume_rain
    assert uart.took() == SETUP
    assert answer(uart, rain) is not None
    assert uart.took() == READ
    assert not rain.assume_rain


STORY = {
    "dry": DRY,
    "wet": WET,
    "nothing": b"",
    "noise": b"\xffAcc\r\n",
    "banner": BANNER,
    "LensBad": b"LensBad\r\n" + DRY,
}


@given(story=lists(sampled_from(sorted(STORY))))
def test_dry_is_said_only_on_the_word_of_a_recent_sound_reading(new_alone, story):
    uart, rain, _ = start(new_alone())
    dry_since = None
    for at, what in enumerate(story):
        answer(uart, rain, STORY[what])
        while uart.incoming:
            rain.poll()
        dry_since = at if what == "dry" else dry_since if what in ("nothing", "noise") else None
        if not rain.assume_rain:
            assert dry_since is not None and at - dry_since <= 3
        if what == "dry":
            assert not rain.assume_rain


def test_the_table_names_states_and_events_that_exist_and_every_state_can_be_left(alone):
    module = alone.load("rg15")
    states, events = set(range(5)), set(range(6))
    table = {}
    for at in range(0, len(module.TABLE), 4):
        state, event, following, message = module.TABLE[at : at + 4]
        assert (state, event) not in table
        table[state, event] = (following, module._MESSAGES[message])
    for (state, event), (following, message) in table.items():
        assert state in states and following in states and event in events
        assert message in (None, SETUP, REBOOT)
    for state in states:
        assert any(key[0] == state != row[0] for key, row in table.items())
    for state in states - {module.RainState.READY}:
        assert table[state, module._ANSWERED][0] == module.RainState.READY
    for state in states:
        assert table[state, module._BOOTED] == (module.RainState.STARTING, SETUP)
