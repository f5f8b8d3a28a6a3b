"""How a trunk moves: numbers a sample from six raw counts, for the tables to judge.

Counts are those of the LSM6DSOX at +-16 g and +-2000 dps (datasheet table 3: 0.488 mg and 70 mdps
a count), at 104 Hz; x points to the wearer's right, y down, z forward. A complementary filter
carries the direction "up" by the gyroscope and draws it to the accelerometer while that reads
about 1 g. Along it acceleration is integrated with leaks to velocities, and the last two seconds
are kept in rings, so that a descent can be compared with what the wearer did before it (gait is
its own reference). All is integer arithmetic within +-2**30, in arrays made at start, with the
same work for every sample; the bounds stand beside the products. Functions take plain positional
arguments and make no object, so that they run with the heap locked.

Fixed point: directions Q14 (16384 is 1; the filter itself keeps Q24), accelerations in counts
(2049 is 1 g), velocities in counts times samples (21730 is 1 m/s).
"""

from micropython import const

_ONE_G = const(2049)
_ONE = const(16384)

# Rings of the last 256 values, one behind the other.
_R_MAG = const(0)
_R_TURN = const(256)
_R_SPEED = const(512)
_R_TILT = const(768)
_R_VERT = const(1024)
_R_PITCH = const(1280)
_R_RATE = const(1536)
_R_YAW = const(1792)
_R_UPX = const(2048)
_R_UPY = const(2304)
_R_UPZ = const(2560)
_R_FLAT = const(2816)
_R_ROUGH = const(3072)
_R_ROLL = const(3328)
RING_SIZE = const(3584)

# What is carried from sample to sample.
_K = const(0)  # samples since the start, at most 2**20
_GX = const(1)  # up, Q24
_GY = const(2)
_GZ = const(3)
_REST = const(4)  # magnitude at rest, counts Q10
_VA = const(5)  # vertical velocity, leak 0.8 s
_VB = const(6)  # the same, 2 s
_VC = const(7)  # the same, 0.8 s, with 1 g for the rest magnitude
_VX = const(8)  # velocity in the sensor's frame, leak 0.8 s
_VY = const(9)
_VZ = const(10)
_DROP = const(11)  # leaky displacement
_DOWN = const(12)  # samples of descent
_DX = const(13)  # up where the descent began, Q14
_DY = const(14)
_DZ = const(15)
# sums over the last n samples
_S_MAG10 = const(16)
_S_MAG40 = const(17)
_S_ROUGH100 = const(18)
_S_ROUGH200 = const(19)
_S_TURN100 = const(20)
_S_TURN200 = const(21)
_S_VERT5 = const(22)
_S_VERT10 = const(23)
_S_VERT20 = const(24)
_S_PITCH5 = const(25)
_S_PITCH10 = const(26)
_S_PITCH20 = const(27)
_S_PITCH40 = const(28)
_S_RATE5 = const(29)
_S_RATE20 = const(30)
_S_YAW20 = const(31)
_S_FLAT10 = const(32)
_S_FLAT30 = const(33)
_S_ROLL10 = const(34)
# peaks that leak away
_P_FAST = const(35)  # fastest descent up to 300 ms ago
_P_RISE = const(36)  # fastest rise up to 300 ms ago
_P_UPRIGHT = const(37)  # least tilt up to 300 ms ago
_P_MAG = const(38)  # highest magnitude
_P_DIP = const(39)  # lowest magnitude
_P_NOW = const(40)  # fastest descent
_P_OLD = const(41)  # highest magnitude up to 300 ms ago
_ROUGH_A = const(42)  # how restless the readings are, counts Q5
_ROUGH_W = const(43)
_STILL = const(44)  # samples of stillness
_LAX = const(45)  # low-passed readings, counts Q4
_LAY = const(46)
_LAZ = const(47)
_LWX = const(48)
_LWY = const(49)
_LWZ = const(50)
CALIBRATION = const(51)  # what is from here on outlives a start
CALIBRATION_SIZE = const(9)
_BX = const(51)  # accelerometer offset, counts Q8
_BY = const(52)
_BZ = const(53)
_CX = const(54)  # gyroscope bias, counts Q8
_CY = const(55)
_CZ = const(56)
_MX = const(57)  # up when the wearer stands, Q24: how the sensor sits on this trunk
_MY = const(58)
_MZ = const(59)
STATE_SIZE = const(60)

FEATURES = const(56)


def roots():
    """The first guesses of `root`: 16 times the square roots of 0 to 255, as bytes."""
    made = bytearray(256)
    y = 0
    for n in range(256):
        while y < 255 and (y + 1) * (y + 1) <= 256 * n:
            y += 1
        made[n] = y
    return made


def root(n, guesses):
    """Square root of n, 0 to 2**30, within a count and 1 part in 5000. guesses: of `roots`."""
    up = 0
    m = n
    if m >= 4194304:
        m >>= 16
        up = 8
    if m >= 16384:
        m >>= 8
        up += 4
    if m >= 4096:
        m >>= 4
        up += 2
    if m >= 1024:
        m >>= 4
        up += 2
    if m >= 256:
        m >>= 2
        up += 1
    y = ((guesses[m] << up) >> 4) + 1
    return (y + n // y) >> 1


def new_wearer(s):
    """Forget the calibration: no offset, no bias, the sensor upright on the trunk."""
    for i in range(CALIBRATION, STATE_SIZE):
        s[i] = 0
    s[_MY] = -16777216


def plausible(calibration):
    """True if nine numbers lie where `settle` and `lean` can bring them."""
    for i in range(3):
        if abs(calibration[i]) > 102400 or abs(calibration[3 + i]) > 36608:
            return False
    x = calibration[6] >> 10
    y = calibration[7] >> 10
    z = calibration[8] >> 10
    if abs(x) > _ONE or abs(y) > _ONE or abs(z) > _ONE:
        return False
    return -13421604 < 268435456 - 1 - x * x - y * y - z * z < 13421604


def begin(s, ring, guesses, ax, ay, az):
    """Start with this first reading as what went before it; the calibration stays.

    Up is its direction if it reads 0.5 to 2 g, else the wearer's upright. Takes longer than a
    sample: call it before the sampling starts.
    """
    for i in range(CALIBRATION):
        s[i] = 0
    for i in range(RING_SIZE):
        ring[i] = 0
    mag = root((ax >> 1) * (ax >> 1) + (ay >> 1) * (ay >> 1) + (az >> 1) * (az >> 1), guesses) << 1
    if 1024 < mag < 4096:
        s[_GX] = ((ax << 14) // mag) << 10
        s[_GY] = ((ay << 14) // mag) << 10
        s[_GZ] = ((az << 14) // mag) << 10
    else:
        s[_GX] = s[_MX]
        s[_GY] = s[_MY]
        s[_GZ] = s[_MZ]
    s[_REST] = _ONE_G << 10
    s[_ROUGH_A] = 1 << 14
    s[_ROUGH_W] = 1 << 14
    s[_LAX] = ax << 4
    s[_LAY] = ay << 4
    s[_LAZ] = az << 4
    tilt = tilted(
        s[_GX] >> 10, s[_GY] >> 10, s[_GZ] >> 10, s[_MX] >> 10, s[_MY] >> 10, s[_MZ] >> 10, guesses
    )
    for i in range(256):
        ring[_R_MAG + i] = _ONE_G
        ring[_R_UPX + i] = s[_GX] >> 10
        ring[_R_UPY + i] = s[_GY] >> 10
        ring[_R_UPZ + i] = s[_GZ] >> 10
        ring[_R_TILT + i] = tilt
    s[_S_MAG10] = 10 * _ONE_G
    s[_S_MAG40] = 40 * _ONE_G
    s[_P_MAG] = _ONE_G
    s[_P_DIP] = _ONE_G
    s[_P_OLD] = _ONE_G
    s[_P_UPRIGHT] = tilt


def tilted(x, y, z, u, v, w, guesses):
    """The angle between two directions Q14, as 16384 times the sine of its half."""
    short = _ONE - ((x * u + y * v + z * w) >> 14)
    if short < 0:
        short = 0
    if short > 32767:
        short = 32767
    return root(short << 13, guesses)


def calibrate(s, ax, ay, az, wx, wy, wz):
    """Learn offset and bias from stillness: what stands still reads 1 g and does not turn.

    Raw counts; offset within 0.2 g an axis, bias within 10 dps. A second of stillness takes away
    a third of what |a| lacks, along its direction then. Only what came before is used.
    """
    s[_LAX] += ax - (s[_LAX] >> 4)
    s[_LAY] += ay - (s[_LAY] >> 4)
    s[_LAZ] += az - (s[_LAZ] >> 4)
    s[_LWX] += wx - (s[_LWX] >> 4)
    s[_LWY] += wy - (s[_LWY] >> 4)
    s[_LWZ] += wz - (s[_LWZ] >> 4)
    x = s[_LAX] >> 4
    y = s[_LAY] >> 4
    z = s[_LAZ] >> 4
    p = s[_LWX] >> 4
    q = s[_LWY] >> 4
    r = s[_LWZ] >> 4
    s[_ROUGH_A] += abs(ax - x) + abs(ay - y) + abs(az - z) - (s[_ROUGH_A] >> 5)
    s[_ROUGH_W] += abs(wx - p) + abs(wy - q) + abs(wz - r) - (s[_ROUGH_W] >> 5)
    # 90 mg and 6 dps, each the sum over three axes
    if s[_ROUGH_A] > 5760 or s[_ROUGH_W] > 2880:
        s[_STILL] = 0
    elif s[_STILL] < 1000:
        s[_STILL] += 1


def settle(s, guesses):
    """Move the calibration, if the wearer has been still for 0.4 s."""
    x = (s[_LAX] >> 4) - (s[_BX] >> 8)
    y = (s[_LAY] >> 4) - (s[_BY] >> 8)
    z = (s[_LAZ] >> 4) - (s[_BZ] >> 8)
    mag = (root((x >> 1) * (x >> 1) + (y >> 1) * (y >> 1) + (z >> 1) * (z >> 1), guesses) << 1) + 1
    off = mag - _ONE_G
    gain = 1 if s[_STILL] > 40 else 0
    if off > 400 or off < -400:
        gain = 0
    off *= gain
    # x * off: 2**15.1 * 2**8.7; a gain of 1/256 a sample in Q8
    s[_BX] = within(s[_BX] + x * off // mag, 102400)
    s[_BY] = within(s[_BY] + y * off // mag, 102400)
    s[_BZ] = within(s[_BZ] + z * off // mag, 102400)
    s[_CX] = within(s[_CX] + gain * (((s[_LWX] << 4) - s[_CX]) >> 6), 36608)
    s[_CY] = within(s[_CY] + gain * (((s[_LWY] << 4) - s[_CY]) >> 6), 36608)
    s[_CZ] = within(s[_CZ] + gain * (((s[_LWZ] << 4) - s[_CZ]) >> 6), 36608)


def within(value, limit):
    """value, but at least -limit and at most limit."""
    return -limit if value < -limit else limit if value > limit else value


def carry(s, guesses, ax, ay, az, wx, wy, wz):
    """Turn "up" by the gyroscope and draw it to the accelerometer; both without offset."""
    gx = s[_GX] >> 10
    gy = s[_GY] >> 10
    gz = s[_GZ] >> 10
    # |w| is at most 57016 and |g| 1, so a component of their product stays below 2**29.9.
    # 70 mdps a count, 104 a second: 1.1747e-5 rad, 197 / 2**14 from counts * Q14 to Q24.
    s[_GX] -= ((wy * gz - wz * gy) >> 8) * 197 >> 6
    s[_GY] -= ((wz * gx - wx * gz) >> 8) * 197 >> 6
    s[_GZ] -= ((wx * gy - wy * gx) >> 8) * 197 >> 6
    x = ax >> 1
    y = ay >> 1
    z = az >> 1
    mag = (root(x * x + y * y + z * z, guesses) << 1) + 1
    trust = 512 - abs(mag - (s[_REST] >> 10))  # none beyond a quarter of a g from rest
    if trust < 0:
        trust = 0
    # trust / 512 / 104 of the way, from Q14 to Q24: / 52
    s[_GX] += ((ax << 14) // mag - gx) * trust // 52
    s[_GY] += ((ay << 14) // mag - gy) * trust // 52
    s[_GZ] += ((az << 14) // mag - gz) * trust // 52
    gx = s[_GX] >> 10
    gy = s[_GY] >> 10
    gz = s[_GZ] >> 10
    # One Newton step to length 1; it never leaves more than 1 (t * (1.5 - t * t / 2) <= 1).
    short = (268435456 - gx * gx - gy * gy - gz * gz) >> 14
    s[_GX] += gx * short >> 5
    s[_GY] += gy * short >> 5
    s[_GZ] += gz * short >> 5
    return mag


def move(s, guesses, x, ax, ay, az, wx, wy, wz):
    """Integrate to velocities; x: the features, of which it fills 0 to 9."""
    gx = s[_GX] >> 10
    gy = s[_GY] >> 10
    gz = s[_GZ] >> 10
    up = (ax * gx + ay * gy + az * gz) >> 14  # |a| is at most 57500: 2**29.9 before the shift
    k = s[_K]
    s[_REST] += ((up << 10) - s[_REST]) // ((k if k < 450 else 450) + 50)
    s[_REST] = within(s[_REST] - 2097152, 409600) + 2097152
    rest = s[_REST] >> 10
    acc = up - rest
    va = within(s[_VA] + acc - (s[_VA] * 3 >> 8), 262136)  # 12 m/s
    s[_VA] = va
    s[_VB] = within(s[_VB] + acc - (s[_VB] * 5 >> 10), 262136)
    s[_VC] = within(s[_VC] + up - _ONE_G - (s[_VC] * 3 >> 8), 262136)
    s[_DROP] = within(s[_DROP] + (va >> 6) - (s[_DROP] * 5 >> 9), 524272)
    u = s[_VX] >> 4  # 2**14 at most: products with w below 2**30
    v = s[_VY] >> 4
    w = s[_VZ] >> 4
    # 1.1747e-5 rad * 2**4: 197 / 2**20
    s[_VX] = within(
        s[_VX]
        - (((wy * w - wz * v) >> 8) * 197 >> 12)
        + ax
        - (rest * gx >> 14)
        - (s[_VX] * 3 >> 8),
        165000,
    )
    s[_VY] = within(
        s[_VY]
        - (((wz * u - wx * w) >> 8) * 197 >> 12)
        + ay
        - (rest * gy >> 14)
        - (s[_VY] * 3 >> 8),
        165000,
    )
    s[_VZ] = within(
        s[_VZ]
        - (((wx * v - wy * u) >> 8) * 197 >> 12)
        + az
        - (rest * gz >> 14)
        - (s[_VZ] * 3 >> 8),
        165000,
    )
    u = s[_VX] >> 4
    v = s[_VY] >> 4
    w = s[_VZ] >> 4
    along = (u * gx + v * gy + w * gz) >> 14
    flat = u * u + v * v + w * w - along * along
    rot = 0
    if va < -2173:  # 0.1 m/s
        if s[_DOWN] == 0:
            s[_DX] = gx
            s[_DY] = gy
            s[_DZ] = gz
        if s[_DOWN] < 200:
            s[_DOWN] += 1
        rot = tilted(gx, gy, gz, s[_DX], s[_DY], s[_DZ], guesses)
    else:
        s[_DOWN] = 0
    x[0] = va >> 3
    x[1] = s[_VB] >> 3
    x[2] = s[_VC] >> 3
    x[3] = s[_DROP] >> 4
    x[4] = s[_DOWN]
    x[5] = rot
    x[6] = root(flat if flat > 0 else 0, guesses)
    x[7] = acc >> 1
    x[8] = along
    if k < 1048576:
        s[_K] = k + 1
    return acc


def lean(s, wx, wy, wz, x, guesses):
    """Tilt from the wearer's upright and how fast it grows; fills 9 to 16. Learns the upright."""
    gx = s[_GX] >> 10
    gy = s[_GY] >> 10
    gz = s[_GZ] >> 10
    mx = s[_MX] >> 10
    my = s[_MY] >> 10
    mz = s[_MZ] >> 10
    tilt = tilted(gx, gy, gz, mx, my, mz, guesses)
    # d(up)/dt * upright, in counts
    rate = (
        ((wy * gz - wz * gy) >> 14) * mx
        + ((wz * gx - wx * gz) >> 14) * my
        + ((wx * gy - wy * gx) >> 14) * mz
    ) >> 14
    yaw = abs(wx * gx + wy * gy + wz * gz) >> 14
    # While the trunk is within 35 degrees of the nominal upright, follow it with 40 s.
    gain = 1 if gy < -13421 else 0
    s[_MX] += gain * (s[_GX] - s[_MX]) >> 12
    s[_MY] += gain * (s[_GY] - s[_MY]) >> 12
    s[_MZ] += gain * (s[_GZ] - s[_MZ]) >> 12
    mx = s[_MX] >> 10
    my = s[_MY] >> 10
    mz = s[_MZ] >> 10
    short = (268435456 - mx * mx - my * my - mz * mz) >> 14
    s[_MX] += mx * short >> 5
    s[_MY] += my * short >> 5
    s[_MZ] += mz * short >> 5
    x[9] = tilt
    x[10] = rate >> 1
    x[11] = yaw >> 1
    x[12] = gz
    x[13] = abs(gx)
    x[14] = gy


def remember(s, ring, x, guesses, mag, acc, ax, ay, az, wx, wy, wz):
    """Keep the last two seconds in rings, and fill 15 to 55 from sums, lags and peaks of them.

    Every sum is renewed by what enters and what leaves; a peak leaks towards what is new.
    """
    if mag > 32767:
        mag = 32767
    k = s[_K]
    i = k & 255
    old = (k - 31) & 255
    turn = root((wx >> 1) * (wx >> 1) + (wy >> 1) * (wy >> 1) + (wz >> 1) * (wz >> 1), guesses)
    # what of the acceleration is not vertical: |a| is the longer side but for rounding
    up = acc + (s[_REST] >> 10)
    flat = ((mag - up) >> 1) * ((mag + up) >> 1)
    flat = root(flat if flat > 0 else 0, guesses)
    rough = abs(mag - _ONE_G)
    va = x[0]
    tilt = x[9]
    pitch = wx >> 1
    rate = x[10]
    yaw = x[11]
    roll = wz >> 1

    s[_S_MAG10] += mag - ring[_R_MAG + ((k - 10) & 255)]
    s[_S_MAG40] += mag - ring[_R_MAG + ((k - 40) & 255)]
    s[_S_ROUGH100] += rough - ring[_R_ROUGH + ((k - 100) & 255)]
    s[_S_ROUGH200] += rough - ring[_R_ROUGH + ((k - 200) & 255)]
    s[_S_TURN100] += turn - ring[_R_TURN + ((k - 100) & 255)]
    s[_S_TURN200] += turn - ring[_R_TURN + ((k - 200) & 255)]
    s[_S_VERT5] += x[7] - ring[_R_VERT + ((k - 5) & 255)]
    s[_S_VERT10] += x[7] - ring[_R_VERT + ((k - 10) & 255)]
    s[_S_VERT20] += x[7] - ring[_R_VERT + ((k - 20) & 255)]
    s[_S_PITCH5] += pitch - ring[_R_PITCH + ((k - 5) & 255)]
    s[_S_PITCH10] += pitch - ring[_R_PITCH + ((k - 10) & 255)]
    s[_S_PITCH20] += pitch - ring[_R_PITCH + ((k - 20) & 255)]
    s[_S_PITCH40] += pitch - ring[_R_PITCH + ((k - 40) & 255)]
    s[_S_RATE5] += rate - ring[_R_RATE + ((k - 5) & 255)]
    s[_S_RATE20] += rate - ring[_R_RATE + ((k - 20) & 255)]
    s[_S_YAW20] += yaw - ring[_R_YAW + ((k - 20) & 255)]
    s[_S_FLAT10] += flat - ring[_R_FLAT + ((k - 10) & 255)]
    s[_S_FLAT30] += flat - ring[_R_FLAT + ((k - 30) & 255)]
    s[_S_ROLL10] += roll - ring[_R_ROLL + ((k - 10) & 255)]

    past = ring[_R_SPEED + old]
    s[_P_FAST] = leak(s[_P_FAST], past, -1)
    s[_P_RISE] = leak(s[_P_RISE], past, 1)
    s[_P_UPRIGHT] = leak(s[_P_UPRIGHT], ring[_R_TILT + old], -1)
    s[_P_OLD] = leak(s[_P_OLD], ring[_R_MAG + old], 1)
    s[_P_MAG] = leak(s[_P_MAG], mag, 1)
    s[_P_DIP] = leak(s[_P_DIP], mag, -1)
    s[_P_NOW] = leak(s[_P_NOW], va, -1)

    gx = x[12]
    then = (k - 80) & 255
    x[15] = (va - s[_P_FAST]) >> 1
    x[16] = s[_P_FAST]
    x[17] = s[_P_RISE]
    x[18] = s[_P_UPRIGHT]
    x[19] = s[_P_OLD] >> 1
    x[20] = s[_P_MAG] >> 1
    x[21] = s[_P_DIP] >> 1
    x[22] = s[_P_NOW]
    x[23] = within(va + s[_S_VERT5], 32767)  # where the speed will be in 200 ms, more or less
    x[24] = s[_S_VERT10] // 10
    x[25] = s[_S_VERT20] // 20
    x[26] = mag >> 1
    x[27] = turn
    x[28] = s[_S_MAG10] // 20
    x[29] = s[_S_MAG40] // 80
    x[30] = s[_S_ROUGH100] // 200
    x[31] = s[_S_TURN100] // 100
    x[32] = s[_S_PITCH5] // 5
    x[33] = s[_S_PITCH10] // 10
    x[34] = s[_S_PITCH20] // 20
    x[35] = s[_S_PITCH40] // 40
    x[36] = s[_S_RATE5] // 5
    x[37] = s[_S_RATE20] // 20
    x[38] = s[_S_YAW20] // 20
    x[39] = s[_S_FLAT10] // 10
    x[40] = s[_S_FLAT30] // 30
    x[41] = abs(s[_S_ROLL10] // 10)
    x[42] = tilt - ring[_R_TILT + ((k - 20) & 255)]
    x[43] = tilt - ring[_R_TILT + ((k - 40) & 255)]
    x[44] = tilt - ring[_R_TILT + then]
    x[45] = tilt - ring[_R_TILT + ((k - 150) & 255)]
    x[46] = tilted(
        s[_GX] >> 10,
        x[14],
        gx,
        ring[_R_UPX + then],
        ring[_R_UPY + then],
        ring[_R_UPZ + then],
        guesses,
    )
    # 200 ms ahead: 20.8 samples of 1.1747e-5 * 2**14 a count
    x[47] = within(x[14] + x[36] * 8, 32767)
    x[48] = (va - ring[_R_SPEED + ((k - 10) & 255)]) >> 1
    x[49] = (va - ring[_R_SPEED + ((k - 20) & 255)]) >> 1
    x[50] = ring[_R_TILT + ((k - 30) & 255)]
    x[51] = (s[_S_TURN200] - s[_S_TURN100]) // 100
    x[52] = (s[_S_ROUGH200] - s[_S_ROUGH100]) // 200
    x[53] = (va - ring[_R_SPEED + ((k - 40) & 255)]) >> 1
    x[54] = gx - ring[_R_UPZ + ((k - 60) & 255)]
    x[55] = ring[_R_TILT + ((k - 120) & 255)]

    ring[_R_MAG + i] = mag
    ring[_R_TURN + i] = turn
    ring[_R_SPEED + i] = va
    ring[_R_TILT + i] = tilt
    ring[_R_VERT + i] = x[7]
    ring[_R_PITCH + i] = pitch
    ring[_R_RATE + i] = rate
    ring[_R_YAW + i] = yaw
    ring[_R_UPX + i] = s[_GX] >> 10
    ring[_R_UPY + i] = x[14]
    ring[_R_UPZ + i] = gx
    ring[_R_FLAT + i] = flat
    ring[_R_ROUGH + i] = rough
    ring[_R_ROLL + i] = roll


def leak(peak, value, sign):
    """The peak of what came (sign 1: the highest, -1: the lowest), drawn 1/128 towards value."""
    if (value - peak) * sign > 0:
        return value
    return peak + ((value - peak) >> 7)


def observe(s, ring, x, guesses, ax, ay, az, wx, wy, wz):
    """One sample of raw counts, int16 each: renew all features."""
    calibrate(s, ax, ay, az, wx, wy, wz)
    settle(s, guesses)
    ax -= s[_BX] >> 8
    ay -= s[_BY] >> 8
    az -= s[_BZ] >> 8
    wx -= s[_CX] >> 8
    wy -= s[_CY] >> 8
    wz -= s[_CZ] >> 8
    mag = carry(s, guesses, ax, ay, az, wx, wy, wz)
    acc = move(s, guesses, x, ax, ay, az, wx, wy, wz)
    lean(s, wx, wy, wz, x, guesses)
    remember(s, ring, x, guesses, mag, acc, ax, ay, az, wx, wy, wz)
