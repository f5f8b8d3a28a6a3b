"""The kiosk's core in a cabinet of plain Python (pinbench.evaluate.kiosk.rig)."""

import pytest

from pinbench.evaluate.kiosk import rig as kiosk_rig


@pytest.fixture
def rig():
    """A cabinet with six banks, all known."""
    return kiosk_rig.Rig().settle(2)


@pytest.fixture(scope="session")
def core():
    """Return a module of the firmware by its dotted name: `core("kiosk.ledger")`."""
    return kiosk_rig.load
