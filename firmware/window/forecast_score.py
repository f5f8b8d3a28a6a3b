"""One family of the rain forecast's weights, and the score they give to a set of features.

The score is the sum of a linear part (each feature clipped to four spreads about its mean, with
two hinges) and of small regression trees, all in integers. 32 points are one unit of log odds.
"""

from array import array

from micropython import const

from window.forecast_features import COUNT, MISSING

POINTS = 32  # of one unit of log odds
_KNOT = const(51)  # the hinges bend at 0.8 spreads; a spread is 64
_HIGH = const(128)

_seen = array("h", [0] * (_HIGH + COUNT))  # of the table that is being asked


class Table:
    """Weights from a generated module: HINGES, FEATURES, CUTS, LEAVES, USUAL (bytes), BIAS (int).

    HINGES: six rows of int16, a feature a column: mean, 2**18 over the spread, clip (four
    spreads), weights (65536 a unit) of the value, of what exceeds +0.8 spreads and of what falls
    short of -0.8.
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
        return (self._linear(values) >> 11) + (self._trees() >> 6)

    def _linear(self, values):
        # Copies the features for the trees on the way: as they are, and from _HIGH on with what is
        # missing as the highest number, so that a tree needs no test for it.
        seen = _seen
        total = self._bias
        mean = self._mean
        scale = self._scale
        clip = self._clip
        plain = self._plain
        at = 0
        for x in values:
            seen[at] = x
            if x == MISSING:
                seen[at + _HIGH] = 32767
                at += 1
                continue
            seen[at + _HIGH] = x
            x -= mean[at]
            limit = clip[at]
            if x > limit:
                x = limit
            elif x < -limit:
                x = -limit
            x = x * scale[at] >> 12
            total += x * plain[at]
            if x > _KNOT:
                total += (x - _KNOT) * self._above[at]
            elif x < -_KNOT:
                total += (-x - _KNOT) * self._below[at]
            at += 1
        return total

    def _trees(self):
        total = 0
        seen = _seen
        features = self._features
        cuts = self._cuts
        leaves = self._leaves
        leaf = 0
        for root in range(0, len(features), 7):
            node = root + 2 if seen[features[root]] > cuts[root] else root + 1
            below = node + node - root + 1
            if seen[features[node]] > cuts[node]:
                below += 1
            if seen[features[below]] > cuts[below]:
                total += leaves[leaf + 2 * (below - root) - 5]
            else:
                total += leaves[leaf + 2 * (below - root) - 6]
            leaf += 8
        return total
