"""One small seeded generator that gives the same numbers on both interpreters."""

_MASK = 0xFFFFFFFF


class Random:
    """xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003): 32 bits a step, period 2**32 - 1."""

    def __init__(self, seed=0):
        # A multiplicative scramble keeps neighbouring seeds apart; zero is the one forbidden
        # state.
        self._x = (seed * 2654435761 + 0x9E3779B9) & _MASK or 1
        for _ in range(8):
            self._step()

    def _step(self):
        x = self._x
        x ^= x << 13 & _MASK
        x ^= x >> 17
        x ^= x << 5 & _MASK
        self._x = x
        return x

    def bits(self, n):
        """Return an int of `n` random bits, n from 1 to 32."""
        return self._step() >> (32 - n)

    def below(self, n):
        """Return an int in [0, n), n up to 2**32."""
        return self._step() * n >> 32

    def uniform(self):
        """Return a float in [0, 1) with 24 random bits."""
        return (self._step() >> 8) / 16777216.0

    def fork(self):
        """Return a new generator, so that one consumer's draws do not shift another's."""
        return Random(self._step())
