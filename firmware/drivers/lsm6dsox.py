"""ST LSM6DSOX accelerometer and gyroscope over SPI, read through its FIFO.

Registers: lsm6dsox_reg.h of ST's driver; the self-test and its limits: datasheet DS12814, table 3
and figure "self-test" of AN5272. Counts are as the chip gives them: 0.488 mg at +-16 g and 70 mdps
at +-2000 dps, full scale +-32768.
"""

import time

from micropython import const

RATE_HZ = const(104)
PERIOD_US = const(9615)

# What `pending` and `read_into` return instead of a count: nothing that follows can be trusted.
GONE = const(-1)  # no chip answers
OVERRUN = const(-2)  # the FIFO was full, samples are lost
TAG = const(-3)  # a word that is neither gyroscope nor accelerometer, or two of a kind
PARITY = const(-4)
ORDER = const(-5)  # the slot counter jumped: a sample is missing
FAULTS = ("", "gone", "overrun", "tag", "parity", "order")

_READ = const(0x80)
_FIFO_CTRL1 = const(0x07)
_FIFO_CTRL2 = const(0x08)
_FIFO_CTRL3 = const(0x09)
_FIFO_CTRL4 = const(0x0A)
_INT1_CTRL = const(0x0D)
_WHO_AM_I = const(0x0F)
_CTRL1_XL = const(0x10)
_CTRL2_G = const(0x11)
_CTRL3_C = const(0x12)
_CTRL4_C = const(0x13)
_CTRL5_C = const(0x14)
_WAKE_UP_SRC = const(0x1B)
_STATUS = const(0x1E)
_OUTX_L_G = const(0x22)
_OUTX_L_A = const(0x28)
_FIFO_STATUS1 = const(0x3A)
_TAP_CFG2 = const(0x58)
_WAKE_UP_DUR = const(0x5C)
_FREE_FALL = const(0x5D)
_MD2_CFG = const(0x5F)
_FIFO_DATA_OUT_TAG = const(0x78)

_ID = const(0x6C)
_SW_RESET = const(0x01)
_IF_INC_BDU = const(0x44)
_I2C_DISABLE = const(0x04)
_XL_104HZ_16G = const(0x44)
_G_104HZ_2000DPS = const(0x4C)
_BDR_104HZ_BOTH = const(0x44)
_CONTINUOUS = const(0x06)
_FIFO_TH = const(0x08)
_WORDS_A_SAMPLE = const(2)
_FIFO_WORDS = const(512)  # 3 kB of 6-byte words
_TAG_GYRO = const(1)
_TAG_ACCEL = const(2)

_ST_XL = const(0x01)
_ST_G = const(0x04)
_XL_52HZ_4G = const(0x38)
_G_208HZ_2000DPS = const(0x5C)
_ST_XL_LEAST = const(410)  # counts of 0.122 mg: 50 mg
_ST_XL_MOST = const(13934)  # 1700 mg
_ST_G_LEAST = const(2143)  # counts of 70 mdps: 150 dps
_ST_G_MOST = const(10000)  # 700 dps
_SETTLE_MS = const(100)


class LSM6DSOX:
    """One chip on an SPI bus (mode 0 or 3, at most 10 MHz). Raises OSError if it is not there.

    cs: an output Pin, high.
    """

    def __init__(self, spi, cs):
        self._spi = spi
        self._cs = cs
        self._two = bytearray(2)
        self._two_in = bytearray(2)
        self._ask_status = bytearray(3)
        self._ask_status[0] = _FIFO_STATUS1 | _READ
        self._status = bytearray(3)
        # The address wraps from 0x7E back to 0x78, so a pair of words is one burst.
        self._ask_pair = bytearray(15)
        self._ask_pair[0] = _FIFO_DATA_OUT_TAG | _READ
        self._pair = bytearray(15)
        self._ask_axes = bytearray(7)
        self._axes = bytearray(7)
        self._slot = -1
        self.reset()

    def reset(self):
        """Bring the chip to its reset state, neither sensor running. Takes 15 ms."""
        self.identify()
        self._write(_CTRL3_C, _SW_RESET)
        time.sleep_ms(15)
        self._set(_CTRL3_C, _IF_INC_BDU)
        self._set(_CTRL4_C, _I2C_DISABLE)

    def identify(self):
        """Raise OSError if what answers is no LSM6DSOX."""
        found = self.register(_WHO_AM_I)
        if found != _ID:
            raise OSError("LSM6DSOX: identity 0x%02X instead of 0x%02X" % (found, _ID))

    # -- sampling through the FIFO

    def start(self):
        """Sample at 104 Hz, +-16 g, +-2000 dps; INT1 rises when a sample waits. Takes 100 ms."""
        self._set(_INT1_CTRL, 0)
        self._set(_FIFO_CTRL4, 0)  # bypass: empties the FIFO and clears its flags
        self._set(_CTRL1_XL, _XL_104HZ_16G)
        self._set(_CTRL2_G, _G_104HZ_2000DPS)
        time.sleep_ms(_SETTLE_MS)  # the gyroscope's first samples are not yet right
        self._set(_FIFO_CTRL1, _WORDS_A_SAMPLE)
        self._set(_FIFO_CTRL2, 0)
        self._set(_FIFO_CTRL3, _BDR_104HZ_BOTH)
        self._slot = -1
        self._set(_INT1_CTRL, _FIFO_TH)
        self._set(_FIFO_CTRL4, _CONTINUOUS)

    def stop(self):
        """End sampling and empty the FIFO."""
        self._set(_FIFO_CTRL4, 0)
        self._set(_INT1_CTRL, 0)
        self._set(_CTRL1_XL, 0)
        self._set(_CTRL2_G, 0)

    def pending(self):
        """Return how many samples wait, or GONE or OVERRUN. Allocates nothing."""
        status = self._status
        self._exchange(self._ask_status, status)
        words = status[1] | (status[2] & 3) << 8
        if words > _FIFO_WORDS:
            return GONE
        if status[2] & 0x68:  # OVR_IA, FULL_IA, FIFO_OVR_LATCHED
            return OVERRUN
        return words >> 1

    def read_into(self, sample):
        """Take the oldest sample: ax, ay, az, wx, wy, wz into sample (six int16).

        Call it for as many as wait. Returns 0, or TAG, PARITY or ORDER, and then sample is to be
        thrown away. Allocates nothing.
        """
        pair = self._pair
        self._exchange(self._ask_pair, pair)
        first = pair[1]
        second = pair[8]
        # The whole tag byte has even parity, so each word needs its own look.
        both = first ^ first >> 4
        both ^= both >> 2
        if (both ^ both >> 1) & 1:
            return PARITY
        both = second ^ second >> 4
        both ^= both >> 2
        if (both ^ both >> 1) & 1:
            return PARITY
        if first >> 3 == _TAG_GYRO and second >> 3 == _TAG_ACCEL:
            gyro = 2
            accel = 9
        elif first >> 3 == _TAG_ACCEL and second >> 3 == _TAG_GYRO:
            gyro = 9
            accel = 2
        else:
            return TAG
        slot = first >> 1 & 3
        if slot != second >> 1 & 3 or (self._slot >= 0 and slot != (self._slot + 1) & 3):
            return ORDER
        self._slot = slot
        for axis in range(3):
            sample[axis] = signed(pair, accel + 2 * axis)
            sample[3 + axis] = signed(pair, gyro + 2 * axis)
        return 0

    # -- without the FIFO

    def measure(self):
        """Return the latest ax, ay, az, wx, wy, wz, in counts of the full scales in use."""
        accel = self._three(_OUTX_L_A)
        return accel + self._three(_OUTX_L_G)

    def free_fall(self, threshold, samples):
        """INT2 rises when all three axes stay below a threshold for that many samples.

        threshold: 0 to 7, for 156, 219, 250, 312, 344, 406, 469 and 500 mg; samples: 0 to 63.
        """
        if not 0 <= threshold <= 7 or not 0 <= samples <= 63:
            raise ValueError("LSM6DSOX: threshold from 0 to 7, samples from 0 to 63")
        self._set(_FREE_FALL, (samples & 0x1F) << 3 | threshold)
        self._set(_WAKE_UP_DUR, (samples & 0x20) << 2)
        self._set(_TAP_CFG2, 0x80)  # without interrupts_enable nothing reaches the pin
        self._set(_MD2_CFG, 0x10)

    def fell(self):
        """Return True if free fall was seen since the last call (FF_IA)."""
        return self.register(_WAKE_UP_SRC) & 0x20 != 0

    # -- self-test

    def accelerometer_self_test(self):
        """Move the proof masses by electric force; True if each axis answers within its limits.

        Keep the chip still. Takes 0.5 s; sampling must be off, and is off afterwards.
        """
        self._set(_CTRL1_XL, _XL_52HZ_4G)
        change = self._self_test(_OUTX_L_A, 0x01, _ST_XL, 20)
        self._set(_CTRL1_XL, 0)
        return within(change, _ST_XL_LEAST, _ST_XL_MOST)

    def gyroscope_self_test(self):
        """The same for the gyroscope. Takes 0.3 s."""
        self._set(_CTRL2_G, _G_208HZ_2000DPS)
        change = self._self_test(_OUTX_L_G, 0x02, _ST_G, 5)
        self._set(_CTRL2_G, 0)
        return within(change, _ST_G_LEAST, _ST_G_MOST)

    def _self_test(self, register, ready, actuate, period_ms):
        try:
            self._set(_CTRL5_C, 0)
            time.sleep_ms(_SETTLE_MS)
            before = self._average(register, ready, period_ms)
            self._set(_CTRL5_C, actuate)
            time.sleep_ms(_SETTLE_MS)
            after = self._average(register, ready, period_ms)
        finally:
            self._write(_CTRL5_C, 0)
        return [after[i] - before[i] for i in range(3)]

    def _average(self, register, ready, period_ms):
        """The mean of five samples after one that is thrown away. Raises OSError if none comes."""
        sums = [0, 0, 0]
        for take in range(6):
            for _ in range(8):
                if self.register(_STATUS) & ready:
                    break
                time.sleep_ms(period_ms)
            else:
                raise OSError("LSM6DSOX: no sample comes")
            for i, value in enumerate(self._three(register)):
                sums[i] += value if take else 0
        return [total // 5 for total in sums]

    # -- the wire

    def register(self, register):
        """Return one register."""
        self._two[0] = register | _READ
        self._two[1] = 0
        self._exchange(self._two, self._two_in)
        return self._two_in[1]

    def _three(self, register):
        self._ask_axes[0] = register | _READ
        self._exchange(self._ask_axes, self._axes)
        return (signed(self._axes, 1), signed(self._axes, 3), signed(self._axes, 5))

    def _write(self, register, value):
        self._two[0] = register
        self._two[1] = value
        self._exchange(self._two, self._two_in)

    def _set(self, register, value):
        """Write, and read back: SPI has no acknowledge. Raises OSError."""
        self._write(register, value)
        found = self.register(register)
        if found != value:
            text = "LSM6DSOX: register 0x%02X reads 0x%02X after 0x%02X"
            raise OSError(text % (register, found, value))

    def _exchange(self, out, into):
        self._cs.value(0)
        self._spi.write_readinto(out, into)
        self._cs.value(1)


def signed(buffer, at):
    """The little-endian int16 at `at`. Allocates nothing."""
    value = buffer[at] | buffer[at + 1] << 8
    return value - 65536 if value & 0x8000 else value


def within(change, least, most):
    """Return True if each of three changes has a size within the limits."""
    for value in change:
        if not least <= abs(value) <= most:
            return False
    return True
