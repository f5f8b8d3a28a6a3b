"""`pinbench rollback`: the previous version boots next."""

from pinbench.deploy import health
from pinbench.deploy.flash import look
from pinbench.deploy.link import Link
from pinbench.errors import PinbenchError


def rollback(port, wait_s=health.WAIT_S, say=lambda text: None):
    """Go back to the previous version and wait until it starts; returns the health.Outcome.

    Raises PinbenchError if the board has none.
    """
    with Link(port) as link:
        found = look(link)
        if found.loader == 0 or found.running is None:
            raise PinbenchError(
                f"the board at {port} holds nothing that pinbench flashed: there is nothing to go "
                "back to"
            )
        link.load("change")
        slot = link.ask("rollback()")
        say(f"slot {slot} starts instead of {found.running}")
        link.reset()
        return health.wait(link, slot, "started", wait_s)
