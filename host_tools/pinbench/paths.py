"""Where the parts of the checkout lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "boards"
FIRMWARE = ROOT / "firmware"
SCENARIOS = ROOT / "tests" / "scenarios"
