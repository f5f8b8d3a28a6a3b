"""One family of the rain forecast's weights, and the score they give to a set of features.

The score is the sum of a linear part (each feature clipped to four spreads about its mean, with
two hinges) and of small regression trees, all in integers. 32 points are one unit of log odds.
"""

from array import array

from window.forecast_features import COUNT, MISSING

POINTS = 32  # of one unit of log odds
_KNOT = 51  # the hinges bend at 0.8 spreads; a spread is 64


class Table:
    """Weights from a generated module: HINGES, FEATURES, CUTS, LEAVES, USUAL (bytes), BIAS (int).

    HINGES: six rows of int16, a feature a column: mean, 2**18 over the spread, clip (four spreads),
    weights of the value, of what exceeds +0.8 spreads, of what falls short of -0.8 (65536 a unit).
    Trees of depth 3: FEATURES seven bytes each (bit 7: a missing reading goes right), CUTS seven
    int16 (left where value <= cut), LEAVES eight int16 (2048 a unit). USUAL: see forecast_budget.
    """

    def __init__(self, module):
        hinges = array("h", module.HINGES)
        self._mean = hinges[0:COUNT]
        self._scale = hinges[COUNT : 2 * COUNT]
        self._clip = hinges[2 * COUNT : 3 * COUNT]
        self._plain = hinges[3 * COUNT : 4 * COUNT]
        self._above = hinges[4 * COUNT : 5 * COUNT]
        self._below = hinges[5 * COUNT : 6 * COUNT]
        self._features = module.FEATURES
        self._cuts = array("h", module.CUTS)
        self._leaves = array("h", module.LEAVES)
        self._bias = module.BIAS
        self.usual = array("H", module.USUAL)

    def score(self, values):
        """Points for `values`, an array of COUNT features: higher means rain is nearer."""
        return (self._linear(values) >> 11) + (self._trees(values) >> 6)

    def _linear(self, values):
        total = self._bias
        mean = self._mean
        scale = self._scale
        clip = self._clip
        plain = self._plain
        above = self._above
        below = self._below
        for i in range(COUNT):
            x = values[i]
            if x == MISSING:
                continue
            x -= mean[i]
            limit = clip[i]
            if x > limit:
                x = limit
            elif x < -limit:
                x = -limit
            x = x * scale[i] >> 12
            total += x * plain[i]
            if x > _KNOT:
                total += (x - _KNOT) * above[i]
            elif x < -_KNOT:
                total += (-x - _KNOT) * below[i]
        return total

    def _trees(self, values):
        total = 0
        features = self._features
        cuts = self._cuts
        leaves = self._leaves
        leaf = 0
        for root in range(0, len(features), 7):
            node = 0
            while node < 7:
                feature = features[root + node]
                x = values[feature & 127]
                if x > cuts[root + node] or (feature > 127 and x == MISSING):
                    node += node + 2
                else:
                    node += node + 1
            total += leaves[leaf + node - 7]
            leaf += 8
        return total
