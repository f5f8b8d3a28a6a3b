"""Where the parts of the checkout lie. PINBENCH_FIRMWARE names another firmware tree to use."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "boards"
FIRMWARE = Path(os.environ.get("PINBENCH_FIRMWARE") or ROOT / "firmware").resolve()
SCENARIOS = ROOT / "tests" / "scenarios"
