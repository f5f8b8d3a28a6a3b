"""LSM6DSOX twin: registers, FIFO words, clock, replayed rows, self-test, free fall and faults."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, lists

from pinbench.chips.imu_motion import Rows
from pinbench.chips.lsm6dsox import LSM6DSOX
from pinbench.simulator.buses import SPIBus
from pinbench.simulator.kernel import Kernel

FIFO_CTRL1, FIFO_CTRL2, FIFO_CTRL3, FIFO_CTRL4, INT1_CTRL = 0x07, 0x08, 0x09, 0x0A, 0x0D
WHO_AM_I, CTRL1_XL, CTRL2_G, CTRL3_C, CTRL5_C = 0x0F, 0x10, 0x11, 0x12, 0x14
WAKE_UP_SRC, STATUS, OUT_G, OUT_A, FIFO_STATUS1 = 0x1B, 0x1E, 0x22, 0x28, 0x3A
TAP_CFG0, TAP_CFG2, FREE_FALL, MD1_CFG, TAG = 0x56, 0x58, 0x5D, 0x5E, 0x78
PERIOD_US = 1_000_000 / 104


class Board:
    """The chip on a bus, chip select by hand."""

    def __init__(self, seed=1, **physical):
        self.kernel = Kernel("rp2350", seed=seed)
        self.bus = SPIBus(self.kernel, "imu")
        self.nets = {pin: self.kernel.net(pin) for pin in LSM6DSOX.PINS}
        self.chip = self.bus.add(LSM6DSOX(**physical), "imu", self.nets)
        self.edges = []
        self.nets["int1"].watch(lambda net: self.edges.append((self.kernel.now_us, net.level)))
        self.wait_us(20_000)

    def wait_us(self, us):
        self.kernel.run_until(self.kernel.now_us + int(us))

    def transfer(self, *out, hz=8_000_000):
        into = bytearray(len(out))
        self.nets["cs"].drive("host", 0)
        self.bus.exchange(bytes(out), into, hz)
        self.nets["cs"].drive("host", 1)
        return bytes(into[1:])

    def put(self, register, *values):
        self.transfer(register, *values)

    def get(self, register):
        return self.transfer(0x80 | register, 0)[0]

    def read(self, register, count):
        return self.transfer(0x80 | register, *bytes(count))

    def start(self, watermark=2, mode=6, xl=0x44, g=0x4C, bdr=0x44):
        """104 Hz, 16 g, 2000 dps, into the FIFO; threshold on INT1."""
        self.put(CTRL3_C, 0x44)
        self.put(FIFO_CTRL1, watermark & 0xFF, watermark >> 8)
        self.put(FIFO_CTRL3, bdr)
        self.put(FIFO_CTRL4, mode)
        self.put(INT1_CTRL, 0x08)
        self.put(CTRL1_XL, xl)
        self.put(CTRL2_G, g)

    def words(self, count):
        data = self.read(TAG, 7 * count)
        return [data[at : at + 7] for at in range(0, len(data), 7)]

    def level(self):
        low, high = self.read(FIFO_STATUS1, 2)
        return low | (high & 3) << 8

    @property
    def violations(self):
        return [text for _, _, text in self.kernel.violations]


def signed(data):
    return [
        int.from_bytes(data[at : at + 2], "little", signed=True) for at in range(0, len(data), 2)
    ]


def ramp(rows):
    return [[(i * 7 + j * 1000) % 30_000 - 15_000 for j in range(6)] for i in range(rows)]


def flat(rows):
    return array("h", [value for row in rows for value in row])


@pytest.fixture(scope="session")
def board():
    return Board


# -- registers


def test_reset_values(board):
    on = board()
    assert on.get(WHO_AM_I) == 0x6C
    assert [on.get(r) for r in (0x02, CTRL1_XL, CTRL3_C, 0x18)] == [0x3F, 0, 0x04, 0xE0]
    assert on.violations == []


def test_booting_it_refuses(board):
    on = board()
    on.put(CTRL3_C, 0x84)
    assert on.get(CTRL3_C) & 0x80
    assert on.violations == []
    on.put(CTRL1_XL, 0x40)
    assert on.violations == ["register 0x10 used while it boots"]
    on.wait_us(10_000)
    assert on.get(CTRL3_C) == 0x04


def test_software_reset(board):
    on = board()
    on.start()
    on.put(CTRL3_C, 0x01)
    on.wait_us(60)
    assert (on.get(CTRL3_C), on.get(CTRL1_XL), on.get(FIFO_CTRL4)) == (0x04, 0, 0)
    on.wait_us(100_000)
    assert on.level() == 0
    assert on.violations == []


@pytest.mark.parametrize(
    "register, value, says",
    [
        (WHO_AM_I, 1, "read only or reserved"),
        (0x70, 1, "read only or reserved"),
        (CTRL3_C, 0x06, "reserved bits"),
        (CTRL1_XL, 0xB0, "data rate code 11"),
        (CTRL2_G, 0x46, "full scale code 3"),
        (FIFO_CTRL4, 0x03, "FIFO mode 3"),
        (FIFO_CTRL2, 0x40, "not modelled"),
        (0x01, 0x80, "not modelled"),
        (CTRL5_C, 0x03, "self-test code"),
    ],
)
def test_what_the_datasheet_forbids(board, register, value, says):
    on = board()
    on.put(register, value)
    assert len(on.violations) == 1 and says in on.violations[0]


def test_a_clock_beyond_10_mhz(board):
    on = board()
    on.transfer(0x8F, 0, hz=12_000_000)
    assert "10 MHz" in on.violations[0]


def test_a_byte_at_a_time_is_the_same_as_a_burst(board):
    on = board()
    on.start()
    on.wait_us(3.5 * PERIOD_US)
    other = board()
    other.start()
    other.wait_us(3.5 * PERIOD_US)
    other.nets["cs"].drive("host", 0)
    single = bytes(other.chip.spi_exchange(b) for b in [0x80 | TAG, *bytes(42)])
    assert single[1:] == on.read(TAG, 42)


# -- FIFO


def test_watermark_edges_come_with_the_samples(board):
    on = board()
    on.start(watermark=4)
    start_us = on.kernel.now_us
    on.wait_us(2.2 * PERIOD_US)
    assert len(on.edges) == 1 and on.edges[0][1] == 1
    assert abs(on.edges[0][0] - start_us - 2 * PERIOD_US) < 10  # two slots of two words
    assert on.level() == 4
    on.words(2)
    assert on.nets["int1"].level == 0
    on.wait_us(PERIOD_US)
    assert [level for _, level in on.edges] == [1, 0, 1]


def test_tags_count_slots_and_have_even_parity(board):
    on = board()
    on.start()
    on.wait_us(9.5 * PERIOD_US)
    words = on.words(18)
    assert [word[0] >> 3 for word in words] == [1, 2] * 9
    assert [word[0] >> 1 & 3 for word in words] == [i // 2 % 4 for i in range(18)]
    assert all(bin(word[0]).count("1") % 2 == 0 for word in words)


def test_an_empty_fifo_gives_tag_nothing(board):
    on = board()
    on.start()
    on.wait_us(1.5 * PERIOD_US)
    words = on.words(4)
    assert [word[0] >> 3 for word in words] == [1, 2, 0, 0]
    assert on.violations == []


def test_reading_half_a_word_leaves_it(board):
    on = board()
    on.start()
    on.wait_us(1.5 * PERIOD_US)
    assert on.read(TAG, 3) == on.read(TAG, 3)
    assert on.level() == 2
    on.read(TAG, 7)
    assert on.level() == 1


def test_continuous_mode_keeps_the_youngest(board):
    rows = ramp(400)
    on = board()
    on.start()
    on.chip.play(flat(rows))
    on.wait_us(300.5 * PERIOD_US)
    assert on.level() == 512
    low, high = on.read(FIFO_STATUS1, 2)
    assert high & 0xE8 == 0xE0  # the latch was cleared by the first look
    assert on.chip.overruns == 88
    words = on.words(512)
    assert signed(words[1][1:]) == rows[44][:3]
    assert signed(words[-1][1:]) == rows[299][:3]
    assert words[0][0] >> 1 & 3 == 44 % 4


def test_a_long_silence_costs_nothing_and_loses_the_oldest(board):
    rows = ramp(2100)
    on = board()
    on.start(watermark=0)
    on.chip.play(flat(rows))
    before = on.kernel.events
    on.wait_us(2001.5 * PERIOD_US)
    assert on.kernel.events == before
    words = on.words(512)
    assert signed(words[1][1:]) == rows[2001 - 256][:3]
    assert signed(words[-1][1:]) == rows[2000][:3]
    assert [word[0] >> 1 & 3 for word in words[::2]] == [i % 4 for i in range(1745, 2001)]
    assert on.chip.overruns == 2 * 2001 - 512


def test_the_latch_of_an_overrun_waits_for_its_reader(board):
    on = board()
    on.start()
    on.wait_us(257.5 * PERIOD_US)
    on.words(512)
    assert on.get(FIFO_STATUS1 + 1) & 0x68 == 0x08
    assert on.get(FIFO_STATUS1 + 1) & 0x68 == 0


def test_fifo_mode_stops_when_full(board):
    rows = ramp(400)
    on = board()
    on.start(mode=1)
    on.chip.play(flat(rows))
    on.wait_us(300.5 * PERIOD_US)
    words = on.words(512)
    assert signed(words[-1][1:]) == rows[255][:3]
    assert on.chip.overruns == 0


def test_watermark_as_depth(board):
    on = board()
    on.start(watermark=6)
    on.put(FIFO_CTRL2, 0x80)
    on.wait_us(20.5 * PERIOD_US)
    assert on.level() == 6
    assert on.chip.overruns == 34


def test_bypass_empties(board):
    on = board()
    on.start()
    on.wait_us(5.5 * PERIOD_US)
    on.put(FIFO_CTRL4, 0)
    assert on.level() == 0
    on.wait_us(5 * PERIOD_US)
    assert on.level() == 0


def test_two_rates_share_slots(board):
    on = board()
    on.start(watermark=9, xl=0x44, g=0x5C, bdr=0x54)  # gyroscope 208 Hz
    on.wait_us(3.01 * PERIOD_US)
    assert [word[0] >> 3 for word in on.words(9)] == [1, 2, 1, 1, 2, 1, 1, 2, 1]
    assert [level for _, level in on.edges] == [1, 0]


# -- rows


@settings(max_examples=20)
@given(
    rows=lists(lists(integers(-32768, 32767), min_size=6, max_size=6), min_size=8, max_size=30),
    read_every=integers(1, 5),
)
def test_rows_come_out_as_they_went_in(board, rows, read_every):
    on = board()
    on.start()
    on.wait_us(80_000)  # the gyroscope has turned on
    on.words(30)
    on.chip.play(flat(rows))
    got = []
    while len(got) < len(rows):
        on.wait_us(read_every * PERIOD_US)
        words = on.words(on.level())
        got += [
            signed(xl[1:]) + signed(g[1:]) for g, xl in zip(words[::2], words[1::2], strict=True)
        ]
    assert got[: len(rows)] == rows
    assert all(row == rows[-1][:3] + [0, 0, 0] for row in got[len(rows) :])
    assert on.violations == []


def test_reading_late_or_early_gives_the_same(board):
    rows = flat(ramp(100))
    outcomes = []
    for chunk in (1, 7, 60):
        on = board()
        on.start()
        on.wait_us(80_000)
        on.chip.play(rows)
        data = b""
        for _ in range(0, 60, chunk):
            on.wait_us(chunk * PERIOD_US)
            data += on.read(TAG, 7 * on.level()) if on.level() else b""
        outcomes.append(data[: 7 * 100])
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_between_two_rows_it_rounds_to_the_nearest_count(board):
    on = board()
    on.start(xl=0x54, g=0x5C, bdr=0x55)  # 208 Hz
    on.wait_us(80_000)
    on.words(60)
    on.chip.play(flat([[0] * 6, [101] * 6, [-100] * 6, [-100] * 6]))
    on.wait_us(2.6 * PERIOD_US)
    words = on.words(on.level())
    assert [signed(word[1:])[0] for word in words[::2]] == [0, 51, 101, 1, -100]


def test_a_fast_clock_reads_between_the_rows(board):
    rows = [[100 * i] * 6 for i in range(300)]
    on = board(clock_ppm=20_000)
    on.start()
    on.wait_us(80_000)
    on.words(40)
    on.chip.play(flat(rows))
    on.wait_us(100.2 * PERIOD_US)
    words = on.words(on.level())
    assert len(words) == 2 * 102
    last = signed(words[-1][1:])[0]
    assert abs(last - 100 * 101 / 1.02) < 2
    assert on.get(0x63) == 13  # 2 % in steps of 0.15 %


def test_full_scales(board):
    for code, gain in ((0, 8), (1, 1), (2, 4), (3, 2)):
        on = board(accel_mg=(0, 0, 1000), noise=0)
        on.start(xl=0x40 | code << 2)
        on.wait_us(150_000)
        assert signed(on.read(OUT_A, 6)) == [0, 0, 2049 * gain]
    on = board(gyro_dps=(100, 0, 0), noise=0)
    on.start(g=0x40)  # 250 dps
    on.wait_us(150_000)
    assert signed(on.read(OUT_G, 6)) == [1429 * 8, 0, 0]


def test_it_saturates(board):
    on = board(accel_mg=(0, -9000, 9000), noise=0)
    on.start(xl=0x40)  # 2 g
    on.wait_us(150_000)
    assert signed(on.read(OUT_A, 6)) == [0, -32768, 32767]


def test_noise_at_rest_is_small_and_not_constant(board):
    on = board(noise=3)
    on.start()
    on.wait_us(200.5 * PERIOD_US)
    z = [signed(word[1:])[2] for word in on.words(400) if word[0] >> 3 == 2]
    assert set(z) == set(range(2046, 2053))


def test_a_file_may_stand_in_for_memory(board):
    class File:
        """Two rows a window, as a reader of a long recording would have it."""

        length = 40
        asked = 0

        def window(self, i):
            self.asked += 1
            first = i - i % 2
            return first, flat([[first] * 6, [first + 1] * 6]).tobytes()

    on = board()
    on.start()
    on.wait_us(80_000)
    on.words(30)
    source = File()
    on.chip.play(source)
    on.wait_us(40.2 * PERIOD_US)
    assert [signed(word[1:])[0] for word in on.words(80)[::2]] == list(range(40))
    assert source.asked <= 21
    with pytest.raises(ValueError, match="whole rows"):
        Rows(b"12345")


# -- outputs


def test_data_ready_until_read(board):
    on = board()
    on.put(CTRL1_XL, 0x44)
    on.put(INT1_CTRL, 0x01)
    assert on.get(STATUS) & 3 == 0
    on.wait_us(1.2 * PERIOD_US)
    assert on.get(STATUS) & 3 == 1 and on.nets["int1"].level == 1
    on.read(OUT_A, 6)
    assert on.get(STATUS) & 3 == 0 and on.nets["int1"].level == 0
    on.wait_us(PERIOD_US)
    assert on.nets["int1"].level == 1


def test_block_data_update_keeps_a_words_halves_together(board):
    for control, together in ((0x44, True), (0x04, False)):
        on = board()
        on.put(CTRL3_C, control)
        on.put(CTRL1_XL, 0x44)
        on.wait_us(0.2 * PERIOD_US)
        on.chip.play(flat([[0x00FF] * 6, [0x0100] * 6, [0x0100] * 6]))
        on.wait_us(PERIOD_US)
        low = on.get(OUT_A)
        on.wait_us(PERIOD_US)
        high = on.get(OUT_A + 1)
        assert (low | high << 8 == 0x00FF) == together


def test_temperature(board):
    on = board()
    on.chip.temp_c = 35.5
    assert signed(on.read(0x20, 2)) == [2688]


def test_the_gyroscope_takes_time_to_turn_on(board):
    on = board(noise=0)
    on.start()
    on.wait_us(20_000)
    assert signed(on.read(OUT_G, 6))[0] > 150
    on.wait_us(60_000)
    assert signed(on.read(OUT_G, 6)) == [0, 0, 0]


# -- self-test


def average(on, register, mg_or_dps):
    total = [0, 0, 0]
    for _ in range(5):
        on.wait_us(25_000)
        total = [a + b for a, b in zip(total, signed(on.read(register, 6)), strict=True)]
    return [value * mg_or_dps / 5 for value in total]


@pytest.mark.parametrize(
    "rates, register, code, lsb, low, high",
    [
        ((0x38, 0), OUT_A, 0x01, 0.122, 50, 1700),
        ((0x38, 0), OUT_A, 0x02, 0.122, -1700, -50),
        ((0, 0x5C), OUT_G, 0x04, 0.07, 150, 700),
        ((0, 0x5C), OUT_G, 0x0C, 0.07, -700, -150),
        ((0, 0x50), OUT_G, 0x04, 0.00875, 20, 80),
    ],
)
def test_self_test_within_the_published_limits(board, rates, register, code, lsb, low, high):
    on = board()
    on.put(CTRL3_C, 0x44)
    on.put(CTRL1_XL, *rates)
    on.wait_us(100_000)
    before = average(on, register, lsb)
    on.put(CTRL5_C, code)
    on.wait_us(100_000)
    change = [b - a for a, b in zip(before, average(on, register, lsb), strict=True)]
    assert all(low <= value <= high for value in change)
    on.put(CTRL5_C, 0)
    on.wait_us(100_000)
    after = average(on, register, lsb)
    assert all(abs(a - b) < 5 for a, b in zip(before, after, strict=True))


def test_self_test_unsettled_shows_less(board):
    on = board(noise=0)
    on.put(CTRL1_XL, 0x48)
    on.wait_us(100_000)
    on.put(CTRL5_C, 1)
    on.wait_us(25_000)
    assert 0 < signed(on.read(OUT_A, 2))[0] * 0.122 < 200


def test_a_dead_sensor_fails_its_self_test(board):
    on = board(noise=0)
    on.chip.self_test_mg = 10
    on.put(CTRL1_XL, 0x48)
    on.wait_us(100_000)
    on.put(CTRL5_C, 1)
    on.wait_us(110_000)
    assert signed(on.read(OUT_A, 2))[0] * 0.122 < 50


# -- free fall


def test_free_fall_reaches_the_pin(board):
    rows = [[0, 0, 2049, 0, 0, 0]] * 20 + [[100, -200, 300, 0, 0, 0]] * 20
    rows += [[0, 0, 4000, 0, 0, 0]] * 20
    on = board()
    on.put(CTRL1_XL, 0x44)
    on.put(TAP_CFG2, 0x80)
    on.put(FREE_FALL, 6 << 3 | 3)  # 312 mg, more than 6 samples
    on.put(MD1_CFG, 0x10)
    on.chip.play(flat(rows))
    start_us = on.kernel.now_us
    on.wait_us(70 * PERIOD_US)
    assert [level for _, level in on.edges] == [1, 0]
    fell = [(t - start_us) / PERIOD_US for t, _ in on.edges]
    assert fell[0] == pytest.approx(27, abs=0.1)
    assert fell[1] == pytest.approx(41, abs=0.1)


def test_free_fall_while_the_fifo_is_read(board):
    rows = [[0, 0, 2049, 0, 0, 0]] * 250 + [[0, 0, 100, 0, 0, 0]] * 30 + [[0, 0, 2049, 0, 0, 0]]
    on = board()
    on.start()
    on.put(INT1_CTRL, 0)
    on.put(TAP_CFG2, 0x80)
    on.put(FREE_FALL, 6 << 3 | 3)
    on.put(MD1_CFG, 0x10)
    on.wait_us(80_000)
    on.chip.play(flat(rows))
    start_us = on.kernel.now_us
    looked = []
    is_falling = on.chip._is_falling
    on.chip._is_falling = lambda n, out: (looked.append(n), is_falling(n, out))[1]
    for _ in range(300):
        on.wait_us(PERIOD_US)
        on.words(2)
    assert [round((t - start_us) / PERIOD_US) for t, _ in on.edges] == [257, 281]
    assert len(looked) < 3 * 300 + 300  # each sample once, and once or twice ahead


def test_free_fall_needs_its_enable_and_may_be_latched(board):
    for enable, latch in ((0, 0), (0x80, 1)):
        on = board(accel_mg=(0, 0, 0))
        on.put(CTRL1_XL, 0x44)
        on.put(TAP_CFG0, latch)
        on.put(TAP_CFG2, enable)
        on.put(FREE_FALL, 3)
        on.put(MD1_CFG, 0x10)
        on.wait_us(20_000)
        assert on.nets["int1"].level == latch
        on.chip.accel_mg = (0, 0, 1000)
        on.wait_us(20_000)
        assert on.nets["int1"].level == latch
        assert on.get(WAKE_UP_SRC) == 0x20 * latch
        assert on.nets["int1"].level == 0


# -- faults


def test_faults_of_the_words(board):
    on = board()
    on.start()
    on.wait_us(1.5 * PERIOD_US)
    on.chip.bad_parity, on.chip.bad_tag = 1, 1
    on.wait_us(PERIOD_US)
    on.chip.lost_slots = 2
    on.wait_us(3 * PERIOD_US)
    words = on.words(on.level())
    assert len(words) == 6
    assert bin(words[2][0]).count("1") % 2 == 1
    assert words[2][0] >> 3 == 2  # the sensor was spoilt too
    assert [word[0] >> 1 & 3 for word in words] == [0, 0, 1, 1, 0, 0]


def test_stuck_saturated_frozen(board):
    on = board(noise=2)
    on.start()
    on.wait_us(100_000)
    on.chip.stuck = "az"
    on.chip.saturated = "gx"
    on.words(on.level())
    on.wait_us(20.2 * PERIOD_US)
    words = on.words(40)
    assert len({signed(w[1:])[2] for w in words if w[0] >> 3 == 2}) == 1
    assert len({signed(w[1:])[0] for w in words if w[0] >> 3 == 2}) > 1
    assert {signed(w[1:])[0] for w in words if w[0] >> 3 == 1} == {32767}
    on.chip.frozen = True
    on.wait_us(100_000)
    assert on.level() == 0
    on.chip.frozen = False
    on.wait_us(3.5 * PERIOD_US)
    assert on.level() == 6
    with pytest.raises(ValueError, match="'ab' is not an axis"):
        on.chip.stuck = "ab"


@pytest.mark.parametrize("level, byte", [("high", 0xFF), ("low", 0x00)])
def test_disconnected(board, level, byte):
    on = board()
    on.start()
    on.wait_us(100_000)
    on.nets["int1"].pull("board", 0)
    on.chip.disconnected = level
    assert on.get(WHO_AM_I) == byte
    assert set(on.read(TAG, 14)) == {byte}
    assert on.nets["int1"].level == 0
    on.chip.disconnected = ""
    on.wait_us(20_000)
    assert on.get(WHO_AM_I) == 0x6C
    assert on.get(CTRL1_XL) == 0  # it has lost its settings
    with pytest.raises(ValueError, match="disconnected"):
        on.chip.disconnected = "yes"


def test_it_goes_on_while_the_processor_resets_and_forgets_without_power(board):
    on = board()
    on.start()
    on.wait_us(5.5 * PERIOD_US)
    assert on.level() == 10
    on.chip.power_off()
    on.wait_us(50_000)
    on.chip.power_on()
    on.wait_us(20_000)
    assert (on.get(CTRL1_XL), on.level()) == (0, 0)
