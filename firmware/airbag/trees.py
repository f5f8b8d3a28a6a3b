"""Boosted trees of depth 4 in flat tables, scored with the same work whatever the input.

All trees stand in one heap: with `count` trees the roots are nodes count to 2 * count - 1, and the
children of node n are 2 * n and 2 * n + 1 (the latter where the feature is above the cut). After
four steps n - 16 * count numbers the leaf. A branch that ends early is filled up, with the same
leaf on both sides.
"""


def score(x, features, cuts, leaves, count, first, last):
    """The sum of the leaves that trees first to last - 1 come to.

    x: int16 features. features, cuts: of every node (the first `count` places stand empty).
    leaves: 16 a tree, int16; 200 of them stay below 2**23.
    """
    total = 0
    end = count << 4
    for tree in range(count + first, count + last):
        n = tree
        n += n + (x[features[n]] > cuts[n])
        n += n + (x[features[n]] > cuts[n])
        n += n + (x[features[n]] > cuts[n])
        n += n + (x[features[n]] > cuts[n])
        total += leaves[n - end]
    return total
