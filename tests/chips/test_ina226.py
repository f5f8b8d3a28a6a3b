"""INA226 twin: registers, arithmetic, conversions, and the alert pin to the microsecond."""

import pytest
from hypothesis import given, settings
from hypothesis.strategies import floats, integers, lists, sampled_from, tuples

from pinbench.chips.drv8871 import DRV8871
from pinbench.chips.ina226 import INA226
from pinbench.simulator.nets import Gate

CONFIG, SHUNT, BUS, POWER, CURRENT, CALIBRATION, MASK, LIMIT = range(8)
SOL, SUL, BOL, BUL, POL, CNVR = 0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400
AFF, CVRF, OVF, APOL, LEN = 0x10, 0x08, 0x04, 0x02, 0x01
PINCH = 0x4205  # shunt only, continuous, 140 us, average of 4: a decision each 560 us
TYPICAL_US = (140, 204, 332, 588, 1100, 2116, 4156, 8244)


class Monitor:
    def __init__(self, hand, **physical):
        self.hand = hand(INA226(**physical), pull_ups=("alert",))
        self.chip = self.hand.chip
        self.kernel = self.hand.kernel
        self.wait_us = self.hand.wait_us

    def put(self, register, value):
        """Write a register, which nobody may object to."""
        assert self.hand.write(register, value >> 8, value & 0xFF) == 3
        assert self.hand.violations == []

    def get(self, register):
        data = self.hand.registers(register, 2)
        return data[0] << 8 | data[1]

    @property
    def pin(self):
        return self.hand.nets["alert"].level

    def falls(self):
        return [t for t, level in self.hand.noted("net") if level == 0]


@pytest.fixture
def on(hand):
    return lambda **physical: Monitor(hand, **physical)


# -- registers


def test_reset_values(on):
    monitor = on(bus_mv=0.0)
    assert [monitor.get(r) for r in (0, 1, 2, 3, 4, 5, 6, 7, 0xFE, 0xFF)] == [
        0x4127, 0, 0, 0, 0, 0, 0, 0, 0x5449, 0x2260,
    ]  # fmt: skip


@pytest.mark.parametrize("shunt, bus", [(0x1F40, 0x2570)])
def test_the_datasheets_worked_example(on, shunt, bus):
    monitor = on(shunt_mohm=2, current_ma=10000.0, bus_mv=11980.0)
    monitor.put(CALIBRATION, 0x0A00)
    monitor.wait_us(2200)
    assert (monitor.get(SHUNT), monitor.get(BUS)) == (shunt, bus)
    assert (monitor.get(CURRENT), monitor.get(POWER)) == (10000, 4792)


def test_no_calibration_no_current(on):
    monitor = on(current_ma=1000.0)
    monitor.wait_us(2200)
    assert monitor.get(SHUNT) == 4000
    assert (monitor.get(CURRENT), monitor.get(POWER)) == (0, 0)
    monitor.put(CALIBRATION, 2048)
    assert monitor.get(CURRENT) == 0  # until the next conversion is done
    monitor.wait_us(2200)
    assert monitor.get(CURRENT) == 4000


@given(current_ma=floats(-8000, 8000), calibration=integers(0, 0x7FFF), bus_mv=floats(0, 36000))
def test_arithmetic(hand, current_ma, calibration, bus_mv):
    monitor = Monitor(hand, current_ma=current_ma, bus_mv=bus_mv)
    monitor.put(CALIBRATION, calibration)
    monitor.wait_us(2200)
    shunt, bus = monitor.get(SHUNT), monitor.get(BUS)
    signed = shunt - 0x10000 * (shunt >> 15)
    assert abs(signed * 2.5 - current_ma * 10) <= 1.25 + 1e-6
    assert abs(bus * 1.25 - bus_mv) <= 0.625 + 1e-6
    current = int(abs(signed) * calibration / 2048) * (1 if signed >= 0 else -1)
    power = abs(current) * bus // 20000
    overflow = not -32768 <= current <= 32767 or power > 0xFFFF
    assert bool(monitor.get(MASK) & OVF) == overflow
    if not overflow:
        assert monitor.get(CURRENT) == current & 0xFFFF
        assert monitor.get(POWER) == power


def test_inputs_beyond_the_range_stay_at_its_end(on):
    monitor = on(current_ma=9000.0, bus_mv=50000.0)
    monitor.wait_us(2200)
    assert (monitor.get(SHUNT), monitor.get(BUS)) == (0x7FFF, 0x7FFF)
    monitor.chip.current_ma, monitor.chip.bus_mv = -9000.0, -100.0
    monitor.wait_us(4400)
    assert (monitor.get(SHUNT), monitor.get(BUS)) == (0x8000, 0)


def test_the_pointer_stays_where_it_was_put(on):
    monitor = on()
    monitor.hand.write(0xFE)
    assert monitor.hand.read(2) == b"\x54\x49"
    assert monitor.hand.read(2) == b"\x54\x49"
    assert monitor.hand.violations == []


def test_reset_bit(on):
    monitor = on()
    monitor.put(CALIBRATION, 0x0A00)
    monitor.put(MASK, SOL | LEN)
    monitor.put(CONFIG, 0x8000)
    assert monitor.get(CONFIG) == 0x4127
    assert monitor.get(CALIBRATION) == monitor.get(MASK) == 0


def test_without_supply_it_is_silent_and_lets_go(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000)
    monitor.wait_us(560)
    assert monitor.pin == 0
    monitor.chip.power_off()
    assert monitor.pin == 1 and monitor.hand.write(0) == -1
    monitor.wait_us(10000)
    assert monitor.pin == 1


@pytest.mark.parametrize(
    "written, text",
    [
        ((SHUNT, 0, 0), "register 0x01 is read-only"),
        ((BUS, 0, 0), "register 0x02 is read-only"),
        ((POWER, 0, 0), "register 0x03 is read-only"),
        ((CURRENT, 0, 0), "register 0x04 is read-only"),
        ((0xFE, 0, 0), "register 0xFE is read-only"),
        ((0xFF, 0, 0), "register 0xFF is read-only"),
        ((0x08,), "register 0x08 does not exist"),
        ((CONFIG, 0x62, 0x05), "reserved bits of CONFIG set: 0x6205"),
        ((MASK, 0x80, 0x21), "reserved bits of MASK/ENABLE set: 0x8021"),
        ((MASK, 0x82, 0x01), "reserved bits of MASK/ENABLE set: 0x8201"),
        ((CALIBRATION, 0x80, 0x00), "reserved bit of CALIBRATION set"),
        ((LIMIT, 0x12), "half a register written to 0x07"),
        ((LIMIT, 0x12, 0x34, 0x56), "more than two bytes written to register 0x07"),
    ],
)
def test_forbidden_writes(on, written, text):
    monitor = on()
    monitor.hand.write(*written)
    assert monitor.hand.violations == [text]


def test_half_a_register_ended_by_a_repeated_start(on):
    monitor = on()
    monitor.hand.write(LIMIT, 0x12, stop=False)
    monitor.hand.read(2)
    assert monitor.hand.violations == ["half a register written to 0x07"]


def test_reading_too_far(on):
    monitor = on()
    assert monitor.hand.registers(0xFE, 3) == b"\x54\x49\xff"
    assert monitor.hand.violations == ["more than two bytes read from register 0xFE"]


# -- conversions


@pytest.mark.parametrize("code", range(8))
@pytest.mark.parametrize("averages", [(0, 1), (1, 4), (4, 128)])
@pytest.mark.parametrize("mode", [1, 2, 3])
def test_ready_after_all_conversions_and_no_sooner(on, code, averages, mode):
    monitor = on()
    monitor.put(CONFIG, 0x4000 | averages[0] << 9 | code << 6 | code << 3 | mode)
    duration_us = averages[1] * TYPICAL_US[code] * (2 if mode == 3 else 1)
    monitor.wait_us(duration_us - 1)
    assert not monitor.get(MASK) & CVRF
    monitor.wait_us(1)
    assert monitor.get(MASK) & CVRF
    assert not monitor.get(MASK) & CVRF  # reading cleared it
    monitor.wait_us(10 * duration_us)
    assert not monitor.get(MASK) & CVRF  # triggered: once only


@pytest.mark.parametrize("code, average", list(enumerate((1, 4, 16, 64, 128, 256, 512, 1024))))
def test_averages(on, code, average):
    monitor = on()
    monitor.put(CONFIG, 0x4001 | code << 9)
    monitor.wait_us(140 * average - 1)
    assert not monitor.get(MASK) & CVRF
    monitor.wait_us(1)
    assert monitor.get(MASK) & CVRF


@pytest.mark.parametrize(
    "code, maximum_us", list(enumerate((154, 224, 365, 646, 1210, 2328, 4572, 9068)))
)
def test_worst_case_times(on, code, maximum_us):
    monitor = on()
    monitor.chip.worst_case = True
    monitor.put(CONFIG, 0x4001 | code << 3)
    monitor.wait_us(maximum_us - 1)
    assert not monitor.get(MASK) & CVRF
    monitor.wait_us(1)
    assert monitor.get(MASK) & CVRF


def test_a_new_configuration_starts_afresh(on):
    monitor = on(current_ma=1000.0)
    monitor.put(CONFIG, PINCH)
    monitor.wait_us(500)
    monitor.put(CONFIG, PINCH)
    monitor.wait_us(559)
    assert monitor.get(SHUNT) == 0
    monitor.wait_us(1)
    assert monitor.get(SHUNT) == 4000


@pytest.mark.parametrize("mode", [0, 4])
def test_power_down(on, mode):
    monitor = on(current_ma=1000.0)
    monitor.wait_us(2200)
    monitor.put(CONFIG, 0x4120 | mode)
    monitor.chip.current_ma = 2000.0
    monitor.wait_us(100000)
    assert monitor.get(SHUNT) == 4000


def test_a_step_within_a_conversion_is_averaged(on):
    monitor = on(current_ma=0.0)
    monitor.put(CONFIG, PINCH)
    monitor.wait_us(140)
    monitor.chip.current_ma = 1000.0
    monitor.wait_us(420)
    assert monitor.get(SHUNT) == 3000  # three quarters of 4000


def test_shunt_and_bus_take_turns(on):
    monitor = on(current_ma=0.0)
    monitor.put(CONFIG, 0x4000 | 1 << 9 | 0 << 6 | 0 << 3 | 7)  # 4 x (140 shunt + 140 bus)
    monitor.wait_us(140)
    monitor.chip.current_ma = 1000.0  # while the bus is looked at
    monitor.wait_us(140)
    monitor.chip.current_ma = 0.0
    monitor.wait_us(840)
    assert monitor.get(SHUNT) == 0


# -- alert


def arm(monitor, limit_ma, mask=SOL | LEN, config=PINCH):
    monitor.put(LIMIT, limit_ma * 4 & 0xFFFF)
    monitor.put(MASK, mask)
    monitor.put(CONFIG, config)


def test_the_pinch_trip_falls_at_a_boundary(on):
    monitor = on(current_ma=500.0)
    arm(monitor, 2000)
    monitor.wait_us(10 * 560 + 100)
    monitor.chip.current_ma = 3000.0  # 460 of 560 us: 2553 mA on average
    monitor.wait_us(459)
    assert monitor.pin == 1
    monitor.wait_us(1)
    assert monitor.pin == 0
    assert monitor.falls() == [11 * 560]
    assert monitor.chip.trips == 1


def test_a_conversion_that_sees_too_little_of_the_step_waits_for_the_next(on):
    monitor = on(current_ma=500.0)
    arm(monitor, 2000)
    monitor.wait_us(300)
    monitor.chip.current_ma = 3000.0  # 260 of 560 us: 1660 mA
    monitor.wait_us(2000)
    assert monitor.falls() == [2 * 560]


def test_a_peak_that_averages_out_does_not_trip(on):
    monitor = on(current_ma=0.0)
    arm(monitor, 2000)
    for _ in range(20):
        monitor.chip.current_ma = 3000.0
        monitor.wait_us(280)
        monitor.chip.current_ma = 0.0
        monitor.wait_us(280)
    assert monitor.pin == 1


def test_at_the_limit_is_not_beyond_it(on):
    monitor = on(current_ma=2000.0)
    arm(monitor, 2000)
    monitor.wait_us(10000)
    assert monitor.pin == 1
    monitor.chip.current_ma = 2000.25
    monitor.wait_us(1200)
    assert monitor.pin == 0


def test_latched_until_read(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000)
    monitor.wait_us(560)
    monitor.chip.current_ma = 0.0
    monitor.wait_us(100000)
    assert monitor.pin == 0
    assert monitor.get(MASK) & (AFF | LEN | SOL) == AFF | LEN | SOL
    assert monitor.pin == 1
    assert not monitor.get(MASK) & AFF


def test_read_while_still_beyond_it_trips_again_at_the_next_boundary(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000)
    monitor.wait_us(1000)
    monitor.get(MASK)
    assert monitor.pin == 1
    monitor.wait_us(120)
    assert monitor.pin == 0
    assert monitor.falls() == [560, 1120]


def test_transparent_alert_follows(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000, SOL)
    monitor.wait_us(600)
    assert monitor.pin == 0
    monitor.get(MASK)
    assert monitor.pin == 0  # reading does not release it
    monitor.chip.current_ma = 0.0
    monitor.wait_us(520)
    assert monitor.pin == 1
    assert not monitor.get(MASK) & AFF


def test_active_high_polarity(on):
    monitor = on(current_ma=0.0)
    arm(monitor, 2000, SOL | LEN | APOL)
    assert monitor.pin == 0
    monitor.chip.current_ma = 3000.0
    monitor.wait_us(560)
    assert monitor.pin == 1


@pytest.mark.parametrize(
    "function, limit, quiet, loud",
    [
        (SOL, 8000, (1999.0, 12000.0), (2001.0, 12000.0)),
        (SUL, 8000, (2001.0, 12000.0), (1999.0, 12000.0)),
        (SUL, 0x10000 - 8000, (-1999.0, 12000.0), (-2001.0, 12000.0)),
        (BOL, 10400, (0.0, 12990.0), (0.0, 13010.0)),
        (BUL, 8400, (0.0, 10510.0), (0.0, 10490.0)),
        (POL, 955, (1990.0, 12000.0), (2010.0, 12000.0)),  # 1990 * 9600 // 20000
    ],
)
def test_each_function_has_its_own_limit(on, function, limit, quiet, loud):
    monitor = on(current_ma=quiet[0], bus_mv=quiet[1])
    monitor.put(CALIBRATION, 512)  # 1 mA a bit on 10 milliohm; power in 25 mW
    monitor.put(LIMIT, limit)
    monitor.put(MASK, function | LEN)
    monitor.put(CONFIG, 0x4007)
    monitor.wait_us(20000)
    assert monitor.pin == 1
    monitor.chip.current_ma, monitor.chip.bus_mv = loud
    monitor.wait_us(1000)
    assert monitor.pin == 0


def test_the_highest_function_wins(on):
    monitor = on(current_ma=0.0)
    arm(monitor, 2000, SOL | SUL | LEN)  # under the limit, which SUL alone would report
    monitor.wait_us(10000)
    assert monitor.pin == 1


def test_conversion_ready_on_the_pin(on):
    monitor = on()
    monitor.put(MASK, CNVR)
    monitor.put(CONFIG, PINCH)
    monitor.wait_us(560)
    assert monitor.pin == 0
    assert monitor.get(MASK) & CVRF
    assert monitor.pin == 1
    monitor.wait_us(560)
    assert monitor.pin == 0


def test_a_new_configuration_takes_ready_back(on):
    monitor = on()
    monitor.put(MASK, CNVR)
    monitor.put(CONFIG, PINCH)
    monitor.wait_us(560)
    monitor.put(CONFIG, PINCH)
    assert monitor.pin == 1
    monitor.wait_us(560)
    assert monitor.pin == 0


def test_what_a_cleared_alert_leaves_in_the_running_average_counts(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000)
    monitor.wait_us(560 + 280)
    monitor.chip.current_ma = 0.0
    monitor.get(MASK)  # 280 us at 3000 mA are in the sum: 1500 mA if nothing more comes
    monitor.wait_us(20)
    monitor.chip.current_ma = 1900.0  # below the limit, and yet 2382 mA on average
    monitor.wait_us(259)
    assert monitor.pin == 1
    monitor.wait_us(1)
    assert monitor.pin == 0


@pytest.mark.parametrize(
    "function, limit, current_ma", [(SOL, 0x7FFF, 9000.0), (SUL, 0x8000, -9000.0)]
)
def test_a_limit_at_the_end_of_the_scale_is_never_passed(on, function, limit, current_ma):
    monitor = on(current_ma=current_ma)
    monitor.put(LIMIT, limit)
    monitor.put(MASK, function)
    monitor.put(CONFIG, PINCH)
    monitor.wait_us(5000)
    assert monitor.pin == 1


def test_conversion_ready_and_a_limit_share_the_pin(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000, SOL | CNVR | LEN)
    monitor.wait_us(560)
    assert monitor.get(MASK) & (AFF | CVRF) == AFF | CVRF
    assert monitor.pin == 1


def test_disarming_lets_go(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000)
    monitor.wait_us(560)
    monitor.put(MASK, 0)
    assert monitor.pin == 1
    monitor.wait_us(10000)
    assert monitor.pin == 1


def test_a_triggered_conversion_trips_once(on):
    monitor = on(current_ma=3000.0)
    arm(monitor, 2000, config=0x4201)
    monitor.wait_us(560)
    assert monitor.falls() == [560]
    monitor.get(MASK)
    monitor.wait_us(10000)
    assert monitor.pin == 1


def test_a_steady_current_costs_no_events(on):
    monitor = on(current_ma=500.0)
    arm(monitor, 2000)
    for step in range(1000):
        monitor.chip.current_ma = 500.0 + step
        monitor.wait_us(1000)
    monitor.wait_us(60_000_000)
    assert monitor.kernel.events == 0
    assert monitor.get(SHUNT) == 5996


def test_through_a_gate_it_stops_the_motor_without_a_word_from_firmware(on):
    monitor = on(current_ma=500.0)
    net = monitor.kernel.net
    Gate(net("drv_in1"), [net("motor_in1"), monitor.hand.nets["alert"]])
    bridge = DRV8871()
    bridge.attach(monitor.kernel, "drive", {"in1": net("drv_in1"), "in2": net("drv_in2")})
    net("motor_in1").drive_pwm("pin", 20000, 40000)
    arm(monitor, 2000)
    monitor.wait_us(5600)
    assert bridge.drive == 40000 / 65535
    monitor.chip.current_ma = 3000.0
    monitor.wait_us(559)
    assert bridge.state == "drive"
    monitor.wait_us(1)
    assert bridge.state == "coast"


class OneByOne:
    """The plain way: every conversion done, averaged and compared, microsecond by microsecond."""

    def __init__(self, function, limit, latched, mode, average):
        self.function, self.limit, self.latched = function, limit, latched
        self.mode, self.average = mode, average
        self.active = False
        self.shunt = self.bus = 0
        self.changes = []

    def run(self, currents, volts):
        """Take the inputs, one value a microsecond, through shunt and bus windows of 140 us."""
        start_us = 0
        pair_us = 140 * ((self.mode & 1) + (self.mode >> 1 & 1))
        while start_us + pair_us * self.average <= len(currents):
            shunt_sum = bus_sum = 0.0
            for _ in range(self.average):
                if self.mode & 1:
                    shunt_sum += sum(currents[start_us : start_us + 140])
                    start_us += 140
                if self.mode & 2:
                    bus_sum += sum(volts[start_us : start_us + 140])
                    start_us += 140
            if self.mode & 1:
                mean = shunt_sum / (140 * self.average)
                self.shunt = int(abs(mean) * 10 / 2.5 + 0.5) * (1 if mean >= 0 else -1)
            if self.mode & 2:
                self.bus = int(bus_sum / (140 * self.average) / 1.25 + 0.5)
            self.compare(start_us)

    def compare(self, now_us):
        value = self.shunt if self.function in (SOL, SUL) else self.bus
        over = self.function in (SOL, BOL)
        beyond = value > self.limit if over else value < self.limit
        active = beyond or (self.active and self.latched)
        if active != self.active:
            self.changes.append((now_us, int(not active)))
        self.active = active


@settings(max_examples=150)
@given(
    pushes=lists(
        # Quarters are exact in binary, so both ways round alike at half a count.
        tuples(
            integers(0, 1500),
            integers(-4000, 16000).map(lambda n: n / 4),
            integers(0, 16000).map(lambda n: n / 4),
        ),
        max_size=12,
    ),
    limit=integers(-500, 12000),
    latched=sampled_from([0, LEN]),
    function=sampled_from([SOL, SUL, BOL, BUL]),
    mode=sampled_from([5, 6, 7]),
    average=sampled_from([(0, 1), (1, 4), (2, 16)]),
)
def test_lazy_equals_one_by_one(hand, pushes, limit, latched, function, mode, average):
    end_us = 16000
    limit = limit if function in (SOL, SUL) else abs(limit) // 4
    currents, volts = [], []
    monitor = Monitor(hand, current_ma=0.0, bus_mv=0.0)
    monitor.put(LIMIT, limit & 0xFFFF)
    monitor.put(MASK, function | latched)
    monitor.put(CONFIG, 0x4000 | average[0] << 9 | mode)
    for span_us, current_ma, bus_mv in [*pushes, (end_us, 0.0, 0.0)]:
        span_us = min(span_us, end_us - monitor.kernel.now_us)
        currents += [monitor.chip.current_ma] * span_us
        volts += [monitor.chip.bus_mv] * span_us
        monitor.wait_us(span_us)
        if monitor.kernel.now_us < end_us:
            monitor.chip.current_ma = current_ma
            monitor.chip.bus_mv = bus_mv
    plain = OneByOne(function, limit, bool(latched), mode, average[1])
    plain.run(currents, volts)
    changes = [(t, level) for t, level in monitor.hand.noted("net") if t]
    assert changes == plain.changes
    shunt = monitor.get(SHUNT)
    assert shunt - 0x10000 * (shunt >> 15) == plain.shunt
    assert monitor.get(BUS) == plain.bus
