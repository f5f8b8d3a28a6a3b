"""The detector's tables: from fitted trees to whole numbers, and to the generated module."""

import base64
import types

import numpy as np

from pinbench.evaluate.cores import core

DEPTH = 4
LEAF_UNIT = 256  # a score's whole points to a unit of log odds


def tables(trees, level, enough):
    """An object with what the generated module holds. trees: of `from_lightgbm`."""
    count = len(trees)
    features = np.zeros(16 * count, np.uint8)
    cuts = np.full(16 * count, 32767, np.int16)
    leaves = np.zeros(16 * count, np.int16)
    for number, tree in enumerate(trees):
        places = [(count + number, tree)]
        for _ in range(DEPTH):
            below = []
            for at, node in places:
                if "leaf_value" in node:  # ends early: both ways lead to the same leaf
                    below += [(2 * at, node), (2 * at + 1, node)]
                    continue
                features[at] = node["split_feature"]
                cuts[at] = np.clip(np.floor(node["threshold"]), -32768, 32767)
                below += [(2 * at, node["left_child"]), (2 * at + 1, node["right_child"])]
            places = below
        for at, node in places:
            value = np.clip(np.rint(node["leaf_value"] * LEAF_UNIT), -32768, 32767)
            leaves[at - 16 * count] = value
    made = types.SimpleNamespace(
        TREES=count,
        LEVEL=int(level),
        ENOUGH=int(enough),
        FEATURES=features[count:].tobytes(),
        CUTS=cuts[count:].astype("<i2").tobytes(),
        LEAVES=leaves.astype("<i2").tobytes(),
    )
    return seal(made)


def seal(made):
    """Set the CRC anew, after a change."""
    import binascii

    crc = binascii.crc32(made.FEATURES)
    crc = binascii.crc32(made.CUTS, crc)
    crc = binascii.crc32(made.LEAVES, crc)
    made.CRC = core("airbag.detector").sealed(crc, made.TREES, made.LEVEL, made.ENOUGH)
    return made


def from_lightgbm(model):
    """The fitted trees as nested nodes; a comparison x <= threshold goes left."""
    return [info["tree_structure"] for info in model.dump_model()["tree_info"]]


def source(made, origin):
    """The text of detector_tables.py."""
    lines = [
        '"""The fall detector\'s trees. Generated, do not edit.',
        "",
        f"By `pinbench train falls` from {origin}.",
        "The layout is described in trees.py.",
        '"""',
        "",
        "from binascii import a2b_base64",
        "",
        f"TREES = {made.TREES}",
        f"LEVEL = {made.LEVEL}  # the model fires above it; {LEAF_UNIT} points a unit of log odds",
        f"ENOUGH = {made.ENOUGH}  # of second_condition.py",
        f"CRC = {made.CRC}",
    ]
    for name in ("FEATURES", "CUTS", "LEAVES"):
        text = base64.b64encode(getattr(made, name)).decode()
        rows = [text[at : at + 92] for at in range(0, len(text), 92)]
        lines += [f"{name} = a2b_base64(", *[f'    "{row}"' for row in rows], ")"]
    return "\n".join([*lines, ""])
