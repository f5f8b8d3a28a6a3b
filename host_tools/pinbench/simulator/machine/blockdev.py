"""The flash under the file system as a block device: rp2.Flash, and a Partition of esp32."""

_COUNT, _SIZE, _ERASE = 4, 5, 6  # requests of ioctl


class BlockDevice:
    """The flash of a bench. A write without an offset erases its blocks first (RST-22)."""

    def __init__(self, bench):
        self._bench = bench
        self._kernel = bench.kernel
        self._flash = bench.flash

    def readblocks(self, block, buf, offset=0):
        """Fill `buf` from `offset` bytes into a block on."""
        self._kernel.call()
        buf[:] = self._flash.read(block, offset, len(buf))

    def writeblocks(self, block, buf, offset=None):
        """Program `buf`, a page at a time."""
        flash = self._flash
        self._kernel.call()
        if offset is None:
            offset = 0
            for at in range(len(buf) // flash.block):
                self._erase(block + at)
        for at in range(0, len(buf), flash.prog):
            place = block * flash.block + offset + at
            page = buf[at : at + flash.prog]
            flash.program(place // flash.block, place % flash.block, page)
            self._spend(self._kernel.profile.flash_program_us)

    def ioctl(self, request, argument):
        """Count of blocks, bytes of a block, erase; 0 for what else is asked."""
        self._kernel.call()
        if request == _COUNT:
            return self._flash.blocks
        if request == _SIZE:
            return self._flash.block
        if request == _ERASE:
            self._erase(argument)
        return 0

    def _erase(self, block):
        self._flash.erase(block)
        self._spend(self._kernel.profile.flash_erase_us)

    def _spend(self, us):
        if self._flash.off:
            self._flash.mounted.cut()
        self._kernel.busy_us(us)
