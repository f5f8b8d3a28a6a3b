"""The `rp2` module, as far as the bench has it: the flash and the button, no PIO."""

from pinbench.simulator.machine import small
from pinbench.simulator.machine.blockdev import BlockDevice


def make_rp2(bench):
    """Return the module of this boot."""

    class Flash(BlockDevice):
        """The flash that the file system lies on."""

        def __init__(self, start=-1, len=-1):
            BlockDevice.__init__(self, bench)
            bench.kernel.call()

    def bootsel_button():
        """The BOOTSEL button is never pressed here."""
        bench.kernel.call()
        return 0

    return small.namespace(Flash=Flash, bootsel_button=bootsel_button)
