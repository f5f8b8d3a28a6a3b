"""The code that the host sends to a board: device/*.py without its comments, and packed bytes."""

import ast
import zlib
from pathlib import Path

DEVICE = Path(__file__).parent / "device"
WINDOW_BITS = 12  # 4 KiB of a board's heap while it inflates; 15 would save 7 % and take 32 KiB


def source(name):
    """Return device/NAME.py with what only people read left out, and without `from look import`.

    The pieces are run one after the other in the same globals, so they need no import of each
    other.
    """
    tree = ast.parse((DEVICE / f"{name}.py").read_text(encoding="utf-8"))
    pieces = {path.stem for path in DEVICE.glob("*.py")}
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.ImportFrom) and node.module in pieces)
    ]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and body:
            if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                del body[0]
                if not body and not isinstance(node, ast.Module):
                    body.append(ast.Pass())
    return ast.unparse(tree).replace("    ", " ")


def deflate(data):
    """Compress, for deflate.DeflateIO(..., RAW, WINDOW_BITS) on the board."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS, 9)
    return packer.compress(data) + packer.flush()


# Bytes that a literal, or the raw REPL around it, would take for something else: the end of the
# literal, of a line, and of the input (Ctrl-C and Ctrl-D; the first two also start and end modes).
_ESCAPED = {byte: b"\\x%02x" % byte for byte in (0, 1, 2, 3, 4, 5)}
_ESCAPED |= {0x0A: b"\\n", 0x0D: b"\\r", 0x27: b"\\'", 0x5C: b"\\\\"}
_TABLE = [_ESCAPED.get(byte, bytes((byte,))) for byte in range(256)]


def literal(data):
    """Return the source of a bytes object, 5 % longer than it: base64 would be a third."""
    return b"b'" + b"".join(map(_TABLE.__getitem__, data)) + b"'"
