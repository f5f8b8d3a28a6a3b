"""`pinbench rollback`."""

import click

from pinbench.deploy import ports
from pinbench.deploy.rollback import rollback


def run(port, wait_s):
    """Go back to the previous version; returns the exit code."""
    outcome = rollback(ports.find(port), wait_s, click.echo)
    click.echo(outcome.text)
    return outcome.exit_code
