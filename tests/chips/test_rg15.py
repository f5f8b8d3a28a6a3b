"""RG-15 twin: lines as real units write them, its counters, and its ways to fail."""

import re

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists, tuples

from pinbench.chips.rg15 import RG15

DATA = re.compile(
    r"Acc (.{5,}?) mm, EventAcc (.{5,}?) mm, TotalAcc (.{5,}?) mm, RInt (.{5,}?) mmph(.*)"
)
HOUR_US = 3600 * 1000000


class Gauge:
    """The host's end of the line: `said` has what arrived, in lines."""

    def __init__(self, hand):
        chip = RG15()
        chip.attach_uart(self)
        self.said = []
        self.hand = hand(chip)
        self.chip = chip

    def send(self, data, delay_us=0):
        assert data.endswith(b"\r\n")
        self.said.append(data[:-2].decode())

    def wait_s(self, s):
        self.hand.wait_us(int(s * 1000000))

    def ask(self, *lines):
        """Send commands and return what they brought."""
        del self.said[:]
        for line in lines:
            self.chip.uart_receive(line.encode() + b"\n")
        return list(self.said)

    def numbers(self, line="R"):
        """Return (Acc, EventAcc, TotalAcc, RInt) as text, and the tokens after them."""
        (answer,) = self.ask(line)
        *values, tokens = DATA.fullmatch(answer).groups()
        return tuple(v.strip() for v in values), tokens


@pytest.fixture
def booted(hand):
    gauge = Gauge(hand)
    gauge.wait_s(5)
    gauge.ask("P")
    return gauge


# -- lines


def test_boot_banner(hand):
    gauge = Gauge(hand)
    gauge.wait_s(1.9)
    assert gauge.said == []
    gauge.wait_s(0.2)
    assert gauge.said[1:] == [
        "; HYDREON MODEL RG-15 RAIN GAUGE",
        "; SOFTWARE COPYRIGHT (C) 2020 HYDREON CORPORATION",
        "SW 1.000 2020.07.06",
        "Emitters 11 12, NormEm 24, EmTotal 23",
        "PwrDays 0",
        "",
    ]


def test_the_data_line_is_that_of_the_log(booted):
    # esphome/issues 3323: "Acc  0.04 mm, EventAcc  1.63 mm, TotalAcc  6.51 mm, RInt 99.81 mmph"
    assert booted.ask("R") == [
        "Acc  0.00 mm, EventAcc  0.00 mm, TotalAcc  0.00 mm, RInt  0.00 mmph"
    ]
    booted.chip.rain_mm_per_h = 99.81
    booted.hand.wait_us(1447000)
    assert booted.ask("R") == [
        "Acc  0.04 mm, EventAcc  0.04 mm, TotalAcc  0.04 mm, RInt 99.81 mmph"
    ]


def test_inches(booted):
    booted.ask("I")
    booted.chip.rain_mm_per_h = 25.4
    booted.wait_s(36)
    assert booted.ask("R") == [
        "Acc 0.010 in, EventAcc 0.010 in, TotalAcc 0.010 in, RInt 1.000 iph"
    ]


def test_low_resolution_counts_in_fifths(booted):
    booted.ask("L")
    booted.chip.rain_mm_per_h = 3.6
    booted.wait_s(590)
    assert booted.numbers()[0][2] == "0.40"


@pytest.mark.parametrize(
    "command, answer",
    [
        ("P", "p"), ("c", "c"), ("H", "h"), ("l", "l"), ("M", "m"), ("I", "i"), ("S", "s"),
        ("O", "o"), ("Y", "y"), ("D 0", "d"), ("d 1", "d"), ("B", "Baud 9600"),
    ],
)  # fmt: skip
def test_acknowledgements(booted, command, answer):
    assert booted.ask(command) == [answer]
    assert booted.hand.violations == []


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_command_may_come_in_pieces(booted, end):
    booted.ask()
    booted.chip.uart_receive(b"D")
    booted.chip.uart_receive(b" 1")
    assert booted.said == []
    booted.chip.uart_receive(end + b"M" + end)
    assert booted.said == ["d", "m"]


def test_baud_rate(booted):
    assert booted.ask("B 4") == ["Baud 19200"]
    assert booted.chip.baud == 19200


@pytest.mark.parametrize(
    "line, text",
    [
        ("Z", "unknown command b'Z'"),
        ("RR", "unknown command b'RR'"),
        ("P 1", "unknown command b'P 1'"),
        ("D", "D takes 0 or 1"),
        ("D 2", "D takes 0 or 1"),
        ("B 7", "B takes 0 to 6"),
        ("R" * 81, "a line of more than 80 characters"),
    ],
)
def test_nonsense_is_held_against_the_firmware(booted, line, text):
    booted.ask(line)
    assert booted.hand.violations[0] == text


# -- boot


def test_reboot_on_command(booted):
    booted.chip.rain_mm_per_h = 10.0
    booted.wait_s(600)
    assert booted.ask("K") == ["Reset D"]
    assert booted.ask("R") == []  # lost: nobody is listening
    booted.wait_s(2.1)
    assert booted.said[-2:] == ["PwrDays 0", ""]
    assert booted.ask("P", "R") == []  # heard, answered when ready
    booted.wait_s(3)
    assert booted.said[0] == "p"
    assert DATA.fullmatch(booted.said[1]).group(3).strip() in ("0.00", "0.01")


def test_a_reboot_among_waiting_commands_ends_them(hand):
    gauge = Gauge(hand)
    gauge.wait_s(2.1)
    gauge.ask("P", "K", "R")
    gauge.wait_s(3)
    assert gauge.said == ["p", "Reset D"]


def test_after_boot_it_speaks_unasked_until_told_to_poll(hand):
    gauge = Gauge(hand)
    gauge.chip.rain_mm_per_h = 36.0  # 0.01 mm a second
    gauge.wait_s(10)
    lines = [line for line in gauge.said if line.startswith("Acc")]
    assert 3 <= len(lines) <= 6 and all("Acc  0.01" in line for line in lines[1:])
    gauge.ask("P")
    gauge.wait_s(60)
    assert gauge.said == ["p"]
    gauge.ask("C")
    gauge.wait_s(3)
    assert gauge.said[0] == "c" and len(gauge.said) > 2


def test_continuous_and_dry_it_is_silent_and_costs_nothing(booted):
    booted.ask("C")
    events = booted.hand.kernel.events
    booted.wait_s(86400)
    assert booted.said == ["c"]
    assert booted.hand.kernel.events == events


def test_a_line_is_due_when_the_accumulation_changes(booted):
    times = []
    send = booted.send
    booted.send = lambda data, delay_us=0: (times.append(booted.hand.kernel.now_us), send(data))
    booted.ask("C")
    del times[:], booted.said[:]
    start_us = booted.hand.kernel.now_us
    booted.chip.rain_mm_per_h = 0.36  # 0.01 mm in 100 s
    booted.wait_s(350)
    assert [line[:12] for line in booted.said] == ["Event"] + ["Acc  0.01 mm"] * 3
    assert all(abs(t - start_us - 100e6 * n) < 10 for n, t in enumerate(times))
    booted.chip.rain_mm_per_h = 3600.0  # ten counts in 10 ms, told once a second
    del booted.said[:]
    booted.wait_s(5)
    assert len(booted.said) == 5
    booted.chip.rain_mm_per_h = 0.0
    del booted.said[:]
    booted.wait_s(1000)
    assert booted.said == []


def test_a_reboot_silences_continuous_mode_and_restores_the_baud_rate(booted):
    booted.chip.rain_mm_per_h = 36.0
    booted.ask("C", "B 4", "K")
    assert booted.chip.baud == 9600
    del booted.said[:]
    booted.wait_s(1.9)
    assert booted.said == []


def test_what_fell_before_a_reboot_was_seen(booted):
    booted.chip.rain_mm_per_h = 6.0
    booted.wait_s(600)
    booted.ask("K")
    assert abs(booted.chip.fallen_mm - 1.0) < 1e-9
    booted.wait_s(602)
    assert abs(booted.chip.fallen_mm - 2.0) < 1e-9  # but for the two seconds of booting


def test_after_an_endless_line_it_listens_again(booted):
    booted.ask("R" * 81)
    assert booted.ask("P") == ["p"]


def test_the_first_drop_of_an_event_is_announced(booted):
    booted.ask("C")
    booted.wait_s(4000)
    booted.chip.rain_mm_per_h = 1.0
    assert booted.said == ["c", "Event"]


# -- rain


@given(
    spells=lists(
        tuples(integers(1, 4 * 3600), floats(0, 150), integers(0, 2)), min_size=1, max_size=10
    )
)
def test_readings_add_up_to_the_rain(hand, spells):
    gauge = Gauge(hand)
    gauge.wait_s(5)
    gauge.ask("P")
    fallen_mm = told = 0.0
    last = 0
    for duration_s, rate, reads in spells:
        gauge.chip.rain_mm_per_h = rate
        for _ in range(reads + 1):
            gauge.wait_s(duration_s)
            fallen_mm += rate * duration_s / 3600
            if reads:
                (acc, _, total, _), _ = gauge.numbers()
                told += float(acc)
                last = float(total)
                assert abs(told - last) < 1e-6  # Acc sums up to TotalAcc, nothing lost between
                assert -0.01 <= last - fallen_mm <= 0.001
    assert abs(gauge.chip.fallen_mm - fallen_mm) < 1e-6


def test_an_event_ends_after_a_dry_hour(booted):
    booted.chip.rain_mm_per_h = 6.0
    booted.wait_s(600)
    booted.chip.rain_mm_per_h = 0.0
    booted.wait_s(3500)
    booted.chip.rain_mm_per_h = 6.0
    booted.wait_s(600)
    booted.chip.rain_mm_per_h = 0.0
    assert booted.numbers()[0][1] == "2.00"
    booted.wait_s(3700)
    assert booted.numbers()[0][1] == "2.00"  # the most recent event
    booted.chip.rain_mm_per_h = 6.0
    booted.wait_s(60)
    assert booted.numbers()[0][1:3] == ("0.10", "2.10")


def test_the_total_is_reset_on_command(booted):
    booted.chip.rain_mm_per_h = 6.0
    booted.wait_s(600)
    booted.ask("O")
    assert booted.numbers()[0][2] == "0.00"


# -- faults


@pytest.mark.parametrize(
    "fault, token", [("lens_bad", "LensBad"), ("em_sat", "EmSat"), ("too_cold", "TooCold")]
)
def test_fault_tokens(booted, fault, token):
    setattr(booted.chip, fault, True)
    assert booted.numbers()[1] == ", " + token
    setattr(booted.chip, fault, False)
    assert booted.numbers()[1] == ""


def test_silent(booted):
    booted.chip.silent = True
    assert booted.ask("R") == []
    assert booted.chip.commands > 1


def test_garbled_lines_are_not_the_true_ones(booted):
    booted.chip.garble = True
    del booted.said[:]
    seen = []
    booted.send = lambda data, delay_us=0: seen.append(data)
    booted.chip.uart_receive(b"R\n")
    assert len(seen[0]) == 69 and not DATA.fullmatch(seen[0].decode().strip())


def test_unplugged_and_plugged_in_again(booted):
    booted.chip.rain_mm_per_h = 60.0
    booted.wait_s(60)
    booted.chip.unplugged = True
    assert booted.ask("R") == []
    booted.wait_s(3600)
    assert booted.said == []
    booted.chip.unplugged = False
    booted.wait_s(2.1)
    assert booted.said[-2] == "PwrDays 0"
    booted.wait_s(3)
    assert float(booted.numbers()[0][2]) < 0.1  # counts from zero, what it did not see is lost
    assert 1.0 < booted.chip.fallen_mm < 1.1


def test_unplugged_before_power_up(hand):
    gauge = Gauge(hand)
    gauge.chip.unplugged = True
    gauge.wait_s(10)
    assert gauge.said == []


def test_without_supply_it_is_silent(booted):
    booted.chip.power_off()
    assert booted.ask("R") == []
    booted.chip.power_on()
    booted.wait_s(2.1)
    assert booted.said[-2] == "PwrDays 0"
