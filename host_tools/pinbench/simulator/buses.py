"""The wires between microcontroller and chips: I2C, SPI and UART, with wire time and faults.

A fault lies over a transfer, never inside a chip: `bus.lay("address_nack", address=0x44, count=1)`
returns a handle for `bus.lift`. Counts run down with use; None lasts until lifted.
"""

from binascii import hexlify

NACK = -1  # the address was not acknowledged
TIMEOUT = -2  # clock stretched or a line held beyond the bus's timeout

I2C_FAULTS = {
    "address_nack": "the chip does not acknowledge its address",
    "data_nack": "the chip refuses data byte `at` (default 0)",
    "stretch": "the chip holds the clock for `us`",
    "sda_low": "SDA is held low: no transfer gets through",
    "bit_flip": "bit `bit` of byte `at` is inverted (default: a random one of the transfer)",
}
UART_FAULTS = {
    "uart_noise": "each byte to the host is damaged with probability `per_mille`",
    "uart_loss": "each byte to the host is lost with probability `per_mille`",
    "uart_delay": "bytes to the host come `us` later",
    "uart_cut": "the wire is cut in both directions",
}


class Fault:
    """One fault over a bus: its kind, the address it concerns (None: all), how often it still
    acts.
    """

    def __init__(self, kind, address, count, params):
        self.kind = kind
        self.address = address
        self.count = count
        self.params = params


class _Faulty:
    KINDS = {}

    def _init_faults(self, kernel, name):
        self.kernel = kernel
        self.name = name
        self._faults = []

    def lay(self, kind, address=None, count=None, **params):
        """Lay a fault over the coming transfers; returns its handle. ValueError for unknown
        kinds.
        """
        if kind not in self.KINDS:
            raise ValueError("%s has no fault %r" % (self.name, kind))
        fault = Fault(kind, address, count, params)
        self._faults.append(fault)
        self.kernel.note("fault", self.name, kind, -1 if address is None else address)
        return fault

    def lift(self, fault):
        """End a fault; one that has run out already is harmless."""
        if fault in self._faults:
            self._faults.remove(fault)
            self.kernel.note("fault", self.name, fault.kind, "over")

    def _take(self, kind, address=None):
        for fault in self._faults:
            if fault.kind == kind and (fault.address is None or fault.address == address):
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._faults.remove(fault)
                return fault
        return None


class I2CBus(_Faulty):
    """One I2C bus and the chips on it. Transfers are traced once each, with bytes and outcome."""

    KINDS = I2C_FAULTS

    def __init__(self, kernel, name):
        self._init_faults(kernel, name)
        self.chips = []
        self.transfers = 0

    def add(self, chip, name=None, nets=None):
        """Put a chip on the bus and switch it on; returns the chip."""
        self.chips.append(chip)
        chip.attach(self.kernel, name or chip.KIND, nets or {})
        return chip

    def find(self, address):
        """Return the chip that answers `address`, or None."""
        for chip in self.chips:
            if chip.address == address:
                return chip
        return None

    def write(self, address, data, stop, freq_hz, timeout_us):
        """Send `data`; returns the count of acknowledged bytes, NACK or TIMEOUT."""
        chip, status = self._begin(address, False, freq_hz, timeout_us)
        sent = 0
        if status == 0:
            refuse = self._take("data_nack", address) if self._faults and data else None
            flip = self._flip(address, len(data)) if self._faults else None
            byte_us = 9 * 1000000 // freq_hz
            acked = True
            # What a fault makes of the bytes is not the firmware's doing: the twin must not blame
            # it.
            chip.disturbed = refuse is not None or flip is not None
            for index in range(len(data)):
                self.kernel.spend(byte_us)
                if refuse is not None and index == refuse.params.get("at", 0):
                    acked = False
                else:
                    byte = data[index]
                    if flip is not None and index == flip[0]:
                        byte ^= flip[1]
                    acked = chip.i2c_write(byte)
                if not acked:
                    break
                sent += 1
            status = sent
            if stop or not acked:
                chip.i2c_stop()
            chip.disturbed = False
        self._note("w", address, data, status)
        return status

    def read(self, address, buffer, stop, freq_hz, timeout_us):
        """Fill `buffer`; returns its length, NACK or TIMEOUT."""
        chip, status = self._begin(address, True, freq_hz, timeout_us)
        if status == 0:
            flip = self._flip(address, len(buffer)) if self._faults else None
            byte_us = 9 * 1000000 // freq_hz
            for index in range(len(buffer)):
                byte = chip.i2c_read()
                if flip is not None and index == flip[0]:
                    byte ^= flip[1]
                buffer[index] = byte
                self.kernel.spend(byte_us)
            if stop:
                chip.i2c_stop()
            status = len(buffer)
        self._note("r", address, buffer if status > 0 else b"", status)
        return status

    def general_call(self, data, freq_hz):
        """Send `data` to address 0; returns the count of bytes that some chip acknowledged."""
        self.transfers += 1
        heard = 0
        self.kernel.spend((10 + 9 * len(data)) * 1000000 // freq_hz)
        for byte in data:
            for chip in self.chips:
                if hasattr(chip, "i2c_general_call"):
                    chip.i2c_general_call(byte)
                    heard = 1
        self._note("w", 0, data, len(data) if heard else NACK)
        return len(data) if heard else NACK

    def _begin(self, address, reading, freq_hz, timeout_us):
        self.transfers += 1
        # start, seven address bits, direction, ack, stop
        self.kernel.spend(11 * 1000000 // freq_hz)
        if self._faults:
            if self._take("sda_low", address):
                self.kernel.spend(timeout_us)
                return None, TIMEOUT
            stretch = self._take("stretch", address)
            if stretch is not None:
                us = stretch.params.get("us", timeout_us + 1)
                self.kernel.spend(us if us < timeout_us else timeout_us)
                if us > timeout_us:
                    return None, TIMEOUT
            if self._take("address_nack", address):
                return None, NACK
        chip = self.find(address)
        if chip is None or getattr(chip, "max_hz", freq_hz) < freq_hz:
            return None, NACK
        if not chip.i2c_start(reading):
            return None, NACK
        return chip, 0

    def _flip(self, address, length):
        if not length:
            return None
        fault = self._take("bit_flip", address)
        if fault is None:
            return None
        at = fault.params.get("at")
        bit = fault.params.get("bit")
        if at is None:
            at = self.kernel.random.below(length)
        if bit is None:
            bit = self.kernel.random.below(8)
        return at, 1 << bit

    def _note(self, way, address, data, status):
        self.kernel.note("i2c", self.name, way, address, hexlify(data).decode(), status)


class SPIBus(_Faulty):
    """One SPI bus; the chip whose chip-select net is low answers, else MISO idles at `idle`."""

    KINDS = {
        "bit_flip": "bit `bit` of byte `at` of the reply is inverted",
        "overrun": "the receiver overflows in a transfer that goes by DMA",
    }

    def __init__(self, kernel, name):
        self._init_faults(kernel, name)
        self.chips = []
        self.idle = 0xFF  # what a floating MISO reads as
        self.miso = None  # its net, where the host has named the pin
        self.looped = False  # MOSI is joined to MISO

    def add(self, chip, name=None, nets=None):
        """Put a chip with a `cs` net on the bus; returns the chip."""
        self.chips.append(chip)
        chip.attach(self.kernel, name or chip.KIND, nets or {})
        return chip

    def exchange(self, out, into, baudrate):
        """Clock `out` out while `into` (same length, or None) fills; False after an overrun."""
        kernel = self.kernel
        chip = None
        for candidate in self.chips:
            if candidate.nets["cs"].level == 0:
                chip = candidate
        reply = bytearray(out)
        idle = self.idle
        if self.miso is not None and self.miso.is_held():
            idle = 0xFF if self.miso.level else 0
        if chip is not None and not self.looped and hasattr(chip, "spi_burst"):
            chip.spi_burst(out, reply, baudrate)
        elif not self.looped:
            for index in range(len(out)):
                reply[index] = idle if chip is None else chip.spi_exchange(out[index])
        fault = self._take("bit_flip") if self._faults else None
        if fault is not None and len(reply):
            at = fault.params.get("at", kernel.random.below(len(reply)))
            reply[at] ^= 1 << fault.params.get("bit", kernel.random.below(8))
        kernel.spend(len(out) * 8 * 1000000 // baudrate)
        if into is not None:
            into[:] = reply
        kernel.note(
            "spi",
            self.name,
            "" if chip is None else chip.name,
            hexlify(out).decode(),
            hexlify(reply).decode(),
        )
        return not self._faults or self._take("overrun") is None


class UARTLine(_Faulty):
    """Both directions of a serial line between the host's UART and one chip.

    A burst travels as one event, not one a byte: the receiver works out from its start and the
    byte time how much of it has arrived.
    """

    KINDS = UART_FAULTS

    def __init__(self, kernel, name):
        self._init_faults(kernel, name)
        self.chip = None
        self.receiver = None  # the machine.UART that listens, with arrive(start_us, byte_us, data)
        self.host_baud = 0
        # The line whose host hears what this one's sends; itself in a loop.
        self.peer: "UARTLine | None" = None
        self._busy_until = 0

    def add(self, chip, name=None, nets=None):
        """Connect a chip with a UART face; returns the chip."""
        self.chip = chip
        chip.attach_uart(self)
        chip.attach(self.kernel, name or chip.KIND, nets or {})
        return chip

    def send(self, data, delay_us=0):
        """The chip sends `data` to the host, `delay_us` from now, behind what it already sends."""
        kernel = self.kernel
        kernel.note("uart", self.name, "to host", hexlify(data).decode())
        byte_us = 10 * 1000000 // self.chip.baud
        start = max(kernel.now_us + delay_us, self._busy_until)
        self._busy_until = start + byte_us * len(data)
        if self._faults:
            if self._take("uart_cut"):
                return
            late = self._take("uart_delay")
            if late is not None:
                start += late.params.get("us", 1000)
            data = self._damage(data)
        if self.receiver is None or not data:
            return
        if self.host_baud != self.chip.baud:
            data = self._garble(data)
        self.receiver.arrive(start, byte_us, data)

    def host_send(self, data, done_us):
        """The host's `data` will have arrived whole at `done_us`."""
        self.kernel.note("uart", self.name, "from host", hexlify(data).decode())
        if self._faults and self._take("uart_cut"):
            return
        peer = self.peer
        if peer is not None:
            if peer.receiver is not None:
                byte_us = 10 * 1000000 // self.host_baud
                if peer.host_baud != self.host_baud:
                    data = self._garble(data)
                peer.receiver.arrive(done_us - byte_us * len(data), byte_us, bytes(data))
            return
        self.kernel.at(done_us, self._deliver, bytes(data))

    def host_break(self):
        """The host holds the line low for longer than a character."""
        self.kernel.note("uart", self.name, "from host", "break")
        if self.peer is not None and self.peer.receiver is not None:
            self.peer.receiver.break_condition()

    def _deliver(self, data):
        if self.chip is not None:
            if self.host_baud != self.chip.baud:
                data = self._garble(data)
            self.chip.uart_receive(data)

    def _damage(self, data):
        noise = self._take("uart_noise")
        loss = self._take("uart_loss")
        if noise is None and loss is None:
            return data
        random = self.kernel.random
        out = bytearray()
        for byte in data:
            if loss is not None and random.below(1000) < loss.params.get("per_mille", 100):
                continue
            if noise is not None and random.below(1000) < noise.params.get("per_mille", 100):
                byte ^= 1 << random.below(8)
            out.append(byte)
        return bytes(out)

    def _garble(self, data):
        random = self.kernel.random
        return bytes([byte ^ random.bits(8) for byte in data])
