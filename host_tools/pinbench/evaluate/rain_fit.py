"""Fitting one set of the rain forecast's weights: a linear part with hinges, and small trees.

Host only. The weights are whole numbers in the end, and `points` gives for many rows at once what
`window.forecast_score` gives on the device for one; a test holds them equal.
"""

import numpy as np

MISSING = -32768
CLIP = 4.0
KNOT = 51 / 64  # spreads; the core's _KNOT
LEAF_UNIT = 2048
WEIGHT_UNIT = 65536


class Linear:
    """Ridge logistic regression on z, max(0, z - knot), max(0, -z - knot); missing counts as 0."""

    def __init__(self, ridge):
        self.ridge = ridge

    def fit(self, features, target, like=None):
        """features: int16 rows, MISSING where not had. target: bool a row. like: a Linear whose
        means and spreads to use, so that the two can be added."""
        rows = _nan(features)
        if like is None:
            rows[:, np.isnan(rows).all(0)] = 0
            self.mean = np.round(np.nanmean(rows, 0))
            self.spread = np.maximum(8.0, np.nanstd(rows, 0))
        else:
            self.mean = like.mean
            self.spread = like.spread
        bent = self._bend(rows)
        target = target.astype(np.float32)
        positives = target.sum()
        ratio = np.sqrt((len(target) - positives) / positives)
        weight = np.where(target > 0, ratio, 1).astype(np.float32)
        penalty = np.full(bent.shape[1], float(self.ridge))
        penalty[-1] = 0
        self.weights = np.zeros(bent.shape[1])
        self.weights[-1] = np.log((weight * target).sum() / (weight * (1 - target)).sum())
        for _ in range(8):  # Newton's method
            odds = bent @ self.weights.astype(np.float32)
            chance = 1 / (1 + np.exp(-np.clip(odds, -15, 15)))
            curvature = weight * np.maximum(chance * (1 - chance), 1e-4)
            slope = bent.T @ (weight * (target - chance)) - penalty * self.weights
            matrix = ((bent * curvature[:, None]).T @ bent).astype(float)
            change = np.linalg.solve(matrix + np.diag(penalty + 1e-3), slope)
            self.weights += change
            if np.abs(change).max() < 1e-2:
                break
        return self

    def odds(self, features):
        return self._bend(_nan(features)) @ self.weights.astype(np.float32)

    def _bend(self, rows):
        z = np.clip(np.nan_to_num((rows - self.mean) / self.spread), -CLIP, CLIP)
        parts = [z, np.maximum(0, z - KNOT), np.maximum(0, -z - KNOT), np.ones((len(z), 1))]
        return np.hstack(parts).astype(np.float32)


class Trees:
    """Boosted regression trees of depth 3 (scikit-learn's histogram booster)."""

    def __init__(self, count, seed, leaf=60):
        """leaf: rows that a leaf must hold at least."""
        self.count = count
        self.leaf = leaf
        self.seed = seed

    def fit(self, features, target):
        from sklearn.ensemble import HistGradientBoostingClassifier

        rows = _nan(features)
        rows[:, np.isnan(rows).all(0)] = 0
        self.model = HistGradientBoostingClassifier(
            max_iter=self.count,
            learning_rate=0.09,
            max_depth=3,
            max_leaf_nodes=8,
            min_samples_leaf=self.leaf,
            l2_regularization=10,
            max_features=0.3,
            max_bins=63,
            early_stopping=False,  # pyright: ignore[reportArgumentType] (its hint says str)
            random_state=self.seed,
        ).fit(rows, target)
        return self

    def odds(self, features):
        return self.model.decision_function(_nan(features))

    def tables(self):
        """(features, cuts, leaves, base): seven nodes and eight leaves a tree, breadth first."""
        features = []
        cuts = []
        leaves = []
        for (predictor,) in self.model._predictors:
            nodes = predictor.nodes
            level = [0]
            for _ in range(3):
                below = []
                for at in level:
                    node = nodes[at]
                    if node["is_leaf"]:  # a shorter branch: both ways lead to the same value
                        features.append(0)
                        cuts.append(32767)
                        below += [at, at]
                        continue
                    right = 0 if node["missing_go_to_left"] else 128
                    features.append(int(node["feature_idx"]) + right)
                    # A cut at infinity parts missing from known; the core takes 32767 for missing.
                    cuts.append(int(np.floor(min(32766, node["num_threshold"]))))
                    below += [int(node["left"]), int(node["right"])]
                level = below
            leaves += [float(nodes[at]["value"]) for at in level]
        base = float(self.model._baseline_prediction.ravel()[0])
        return features, cuts, np.array(leaves), base


class Table:
    """Whole-number weights, as the generated module holds them."""

    def __init__(self, hinges, bias, features, cuts, leaves, usual=None):
        self.hinges = hinges  # (6, features) int16
        self.bias = bias
        self.features = features
        self.cuts = cuts
        self.leaves = leaves
        self.usual = usual

    def points(self, rows):
        """Points for many rows of features at once: exactly the core's `Table.score`."""
        mean, scale, clip, plain, above, below = self.hinges.astype(np.int64)
        total = np.full(len(rows), self.bias, np.int64)
        wide = rows.astype(np.int64)
        for i in range(len(mean)):
            x = wide[:, i]
            known = x != MISSING
            z = np.clip(x - mean[i], -clip[i], clip[i]) * scale[i] >> 12
            part = z * plain[i]
            part += np.maximum(0, z - 51) * above[i] + np.maximum(0, -z - 51) * below[i]
            total += np.where(known, part, 0)
        return (total >> 11) + (self._trees(rows) >> 6)

    def _trees(self, rows):
        total = np.zeros(len(rows), np.int64)
        features = np.asarray(self.features).reshape(-1, 7)
        cuts = np.asarray(self.cuts).reshape(-1, 7)
        leaves = np.asarray(self.leaves).reshape(-1, 8)
        every = np.arange(len(rows))
        for tree in range(len(features)):
            node = np.zeros(len(rows), np.int64)
            for _ in range(3):
                feature = features[tree][node]
                x = rows[every, feature & 127]
                right = (x > cuts[tree][node]) | ((feature > 127) & (x == MISSING))
                node = 2 * node + 1 + right
            total += leaves[tree][node - 7]
        return total


def whole(linears, trees, slope, offset):
    """The Table of slope * (sum of all parts) + offset; the linear parts have equal spreads."""
    mean = linears[0].mean
    spread = linears[0].spread
    count = len(mean)
    weights = np.sum([linear.weights for linear in linears], axis=0)
    scale = np.minimum(32767, np.round(2**18 / spread))
    hinges = [mean, scale, np.minimum(32767, np.ceil(CLIP * 2**18 / scale))]
    for part in range(3):
        weight = np.round(weights[part * count : (part + 1) * count] * slope * WEIGHT_UNIT / 64)
        hinges.append(np.clip(weight, -32767, 32767))
    features = []
    cuts = []
    leaves = []
    start = weights[-1]
    for part in trees:
        more = part.tables()
        features += more[0]
        cuts += more[1]
        leaves += np.round(more[2] * slope * LEAF_UNIT).astype(int).tolist()
        start += more[3]
    bias = round((slope * start + offset) * WEIGHT_UNIT)
    return Table(np.array(hinges).astype(np.int16), bias, features, cuts, leaves)


def _nan(features):
    return np.where(features == MISSING, np.nan, features).astype(np.float32)
