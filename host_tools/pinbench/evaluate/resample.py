"""The one way from a recording to what the LSM6DSOX would have counted.

Training, `pinbench evaluate falls` and the sensor's twin use it, so that they speak of the same
samples. It runs on both interpreters: floats are doubles there and here, and every operation has
one order.
"""

RATE_HZ = 104
ACC_G_PER_COUNT = 0.000488  # LSM6DSOX datasheet, table 3, +-16 g
GYRO_DPS_PER_COUNT = 0.07  # table 3, +-2000 dps
_LOW = -32768
_HIGH = 32767


def length(samples, fs_hz):
    """How many counts `samples` samples at fs_hz give."""
    pairs = max(1, int(fs_hz) // 100)
    usable = samples // pairs
    return max(0, (usable - 1) * RATE_HZ * pairs // int(fs_hz)) if usable else 0


def source_index(k, fs_hz):
    """The last sample of the recording (0-based) that count k depends on: it is known then."""
    pairs = max(1, int(fs_hz) // 100)
    at, rest = divmod(k * int(fs_hz), RATE_HZ * pairs)
    return (at + (1 if rest else 0)) * pairs + pairs - 1


def counts(recording, fs_hz, acc_g_per_lsb, gyro_dps_per_lsb):
    """numpy int16 rows of six at 104 Hz from rows of six (acc x y z, gyro x y z) at fs_hz.

    Groups of fs_hz // 100 samples are averaged (the chip's own low-pass does no less), and the
    line between two neighbours is read at 104 Hz. Saturates as the chip does.
    """
    import numpy as np

    pairs = max(1, int(fs_hz) // 100)
    usable = len(recording) // pairs
    means = np.asarray(recording[: usable * pairs], float).reshape(usable, pairs, 6).mean(1)
    n = length(len(recording), fs_hz)
    place = np.arange(n, dtype=np.int64) * int(fs_hz)
    at, rest = np.divmod(place, RATE_HZ * pairs)
    part = (rest / (RATE_HZ * pairs))[:, None]
    values = means[at] * (1 - part) + means[np.minimum(at + 1, usable - 1)] * part
    values[:, :3] *= acc_g_per_lsb / ACC_G_PER_COUNT
    values[:, 3:] *= gyro_dps_per_lsb / GYRO_DPS_PER_COUNT
    return np.clip(np.rint(values), _LOW, _HIGH).astype(np.int16)
