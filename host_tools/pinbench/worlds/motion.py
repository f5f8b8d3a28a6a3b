"""Closed forms for a driven mass: speed u, distance z; u' = a - b*u - w*z, z' = u, z(0) = 0.

`a` is the acceleration by constant forces, `b` the damping (back-EMF), `w` a spring that opposes.
Units are millimetres and seconds. Each form starts with a speed u >= 0 and is asked only while the
mass moves forward; there the speed rises at most once and then falls (a linear equation of second
order with real or first-quarter-period solutions), which is what `leave` relies on.
"""

import math

NEVER = 1e30
SETTLED_MM_S = 1e-4  # nearer than this to its final speed, a motion is taken as uniform


class Uniform:
    """Constant acceleration: no damping, no spring."""

    def __init__(self, a, u0):
        self._a = a
        self._u0 = u0

    def at(self, t):
        """Return (distance, speed) at time t."""
        return (self._u0 + self._a * t / 2) * t, self._u0 + self._a * t

    def rate(self, z, u):
        """Return the acceleration at this distance and speed."""
        return self._a

    def peak(self):
        """Return the time of the greatest speed."""
        return NEVER if self._a > 0 else 0.0

    def final(self):
        """Return the speed it settles at, or None if it does not."""
        return self._u0 if self._a == 0 else None

    def settle(self):
        """Return the time from which it is uniform and another form would be simpler: never."""
        return NEVER


class Settling:
    """Damping without spring: the speed approaches a / b."""

    def __init__(self, a, b, u0):
        self._b = b
        self._end = a / b
        self._off = u0 - self._end

    def at(self, t):
        """Return (distance, speed) at time t."""
        part = self._off * math.exp(-self._b * t)
        return self._end * t + (self._off - part) / self._b, self._end + part

    def rate(self, z, u):
        """Return the acceleration at this distance and speed."""
        return self._b * (self._end - u)

    def peak(self):
        """Return the time of the greatest speed."""
        return self.settle() if self._off < 0 else 0.0

    def final(self):
        """Return the speed it settles at."""
        return self._end

    def settle(self):
        """Return the time from which it is as good as uniform."""
        off = abs(self._off)
        return math.log(off / SETTLED_MM_S) / self._b if off > SETTLED_MM_S else 0.0


class Creeping:
    """Strong damping against a spring (b*b > 4*w): the sum of a fast and a slow exponential."""

    def __init__(self, a, b, w, u0):
        self._a, self._b, self._w = a, b, w
        root = math.sqrt(b * b / 4 - w)
        self._fast = b / 2 + root
        self._slow = w / self._fast  # not b/2 - root: that cancels for a soft spring
        rest = a / w
        spread = self._fast - self._slow
        # z = rest + p*exp(-slow*t) + q*exp(-fast*t)
        self._q = (self._slow * rest - u0) / spread
        self._p = -rest - self._q

    def at(self, t):
        """Return (distance, speed) at time t."""
        slow = self._p * math.exp(-self._slow * t)
        fast = self._q * math.exp(-self._fast * t)
        return slow + fast - self._p - self._q, -self._slow * slow - self._fast * fast

    def rate(self, z, u):
        """Return the acceleration at this distance and speed."""
        return self._a - self._b * u - self._w * z

    def peak(self):
        """Return the time of the greatest speed."""
        # u' = slow*slow*p*exp(-slow*t) + fast*fast*q*exp(-fast*t) changes its sign at most once
        slow = self._slow * self._slow * self._p
        fast = self._fast * self._fast * self._q
        if slow + fast <= 0 or slow >= 0:
            return 0.0
        return math.log(fast / -slow) / (self._fast - self._slow)

    def final(self):
        """A spring always stops it."""
        return None


class Swinging:
    """Weak or no damping against a spring (b*b < 4*w): a decaying sine."""

    def __init__(self, a, b, w, u0):
        self._a, self._b, self._w = a, b, w
        self._damp = b / 2
        self._turn = math.sqrt(w - b * b / 4)
        self._rest = a / w
        self._sine = (u0 - self._damp * self._rest) / self._turn
        self._u0 = u0

    def at(self, t):
        """Return (distance, speed) at time t."""
        fall = math.exp(-self._damp * t)
        cosine, sine = math.cos(self._turn * t), math.sin(self._turn * t)
        offset = fall * (self._sine * sine - self._rest * cosine)
        turning = fall * self._turn * (self._sine * cosine + self._rest * sine)
        return self._rest + offset, turning - self._damp * offset

    def rate(self, z, u):
        """Return the acceleration at this distance and speed."""
        return self._a - self._b * u - self._w * z

    def peak(self):
        """Return the time of the greatest speed."""
        start = self._a - self._b * self._u0
        if start <= 0:
            return 0.0
        # u' is a decaying sine as well: cosine part `start`, sine part from u'' = -b*u' - w*u
        other = (-self._w * self._u0 - self._damp * start) / self._turn
        turn = math.atan2(start, -other)
        return turn / self._turn

    def final(self):
        """A spring always stops it."""
        return None


def motion(a, b, w, u0):
    """Return the closed form for these constants; b and w are zero or positive."""
    if w > 0:
        # exactly critical damping has no form of its own: a hair less is as true
        return Creeping(a, b, w, u0) if b * b > 4.0001 * w else Swinging(a, b, w, u0)
    return Settling(a, b, u0) if b > 0 else Uniform(a, u0)


def time_of(form, level, which, low, high):
    """Return when distance (which = 0) or speed (1) passes `level`, known to lie in [low, high].

    Newton's method, kept inside a bracket that halves whenever Newton would leave it.
    """
    at = form.at
    rising = at(low)[which] < at(high)[which]
    t = (low + high) / 2
    for _ in range(80):
        z, u = at(t)
        error = (u if which else z) - level
        if (error < 0) == rising:
            low = t
        else:
            high = t
        slope = form.rate(z, u) if which else u
        step = error / slope if slope else NEVER
        following = t - step
        if not low <= following <= high:
            following = (low + high) / 2
        if abs(following - t) < 1e-13:
            return following
        t = following
    return t


def leave(form, slow, fast, far):
    """Return the time until the first of these, and its name: the speed falls to `slow` ("slow")
    or rises to `fast` ("fast"), the distance reaches `far` ("far"), it is uniform ("even").

    `slow` is above zero. A uniform motion that meets none of them gives (NEVER, "even").
    """
    why = "even"
    top = form.peak()
    final = form.final()
    t = NEVER
    if final is not None:  # the speed runs from its start to `final` and no further
        start = form.at(0)[1]
        if final > fast:
            why = "fast"
            t = 0.0 if start >= fast else time_of(form, fast, 1, 0.0, _beyond(form, fast, 1))
        elif final < slow:
            why = "slow"
            t = 0.0 if start <= slow else time_of(form, slow, 1, 0.0, _beyond(form, slow, -1))
        else:
            t = form.settle()
    else:
        if top > 0:
            high = top if top != NEVER else _beyond(form, fast, 1)
            if form.at(high)[1] >= fast:
                t, why = time_of(form, fast, 1, 0.0, high), "fast"
        if t == NEVER:
            why = "slow"
            t = top
            if form.at(top)[1] > slow:
                high = _beyond(form, slow, -1, top)
                t = time_of(form, slow, 1, top, high)
    if far < NEVER:
        if t == NEVER:
            return far / final, "far"
        if form.at(t)[0] >= far:
            return time_of(form, far, 0, 0.0, t), "far"
    return t, why


def _beyond(form, level, sign, after=0.0):
    """Return a time by which the speed has passed `level`, upwards (sign 1) or downwards (-1)."""
    step = 1e-3
    while sign * (form.at(after + step)[1] - level) < 0:
        step *= 2
        if step > 1e6:
            break
    return after + step
