"""Microchip MCP23017 16-bit I/O expander on I2C, address 0x20 to 0x27 (DS20001952).

Registers in BANK = 0 order (A even, B odd): 00 IODIR 0xFF, 02 IPOL, 04 GPINTEN, 06 DEFVAL, 08
INTCON, 0A IOCON (also 0B), 0C GPPU, 0E INTF (read only), 10 INTCAP (read only), 12 GPIO, 14 OLAT.
The address counts up through all 22 (IOCON SEQOP 1: toggles between the pair). IOCON: 7 BANK (not
modelled: a violation to set), 6 MIRROR, 5 SEQOP, 4 DISSLW, 2 ODR, 1 INTPOL. Interrupt on change:
with INTCON 0 against the last value read, with INTCON 1 against DEFVAL; the pin stays active until
GPIO or INTCAP of that port is read (and, against DEFVAL, the cause is gone). INTCAP holds the port
as it was at the first interrupt. Reset by power only (no reset pin here). An input that nothing
drives reads 1 with its pull-up (GPPU) and noise without: switch it on.

Pins: `inta`, `intb`: active low, push-pull unless ODR; with MIRROR both show either port, so one
wire on `inta` is enough. Test face: `drive(bit, level)`: what is outside at bit 0 to 7 (port A) or
8 to 15 (port B): 0, 1 or None (open contact); `stuck(bit, level)`; outputs: `output(bit)` -> 0, 1
or None.
"""

from pinbench.chips.base import I2CChip

_IODIR, _IPOL, _GPINTEN, _DEFVAL, _INTCON, _IOCON = 0x00, 0x02, 0x04, 0x06, 0x08, 0x0A
_GPPU, _INTF, _INTCAP, _GPIO, _OLAT = 0x0C, 0x0E, 0x10, 0x12, 0x14
_COUNT = 22
_MIRROR, _SEQOP, _ODR, _INTPOL = 0x40, 0x20, 0x04, 0x02


class MCP23017(I2CChip):
    """See the module."""

    KIND = "mcp23017"
    PINS = ("inta", "intb")

    def __init__(self, address=0x20):
        I2CChip.__init__(self, address)
        self._outside = [None] * 16
        self._stuck = [None] * 16
        self.unplugged = False

    # -- test face

    def drive(self, bit, level):
        """What is outside at bit 0 to 15: 0, 1, or None for nothing."""
        if self._outside[bit] != level:
            self._outside[bit] = level
            self._look(bit >> 3)

    def stuck(self, bit, level):
        """Fault: the pin reads 0 or 1 whatever is outside; None ends it."""
        self._stuck[bit] = level
        self._look(bit >> 3)

    def output(self, bit):
        """Return what it drives at bit 0 to 15, None for an input."""
        port, mask = bit >> 3, 1 << (bit & 7)
        if self._registers[_IODIR + port] & mask:
            return None
        return 1 if self._registers[_OLAT + port] & mask else 0

    # -- power

    def power_on(self):
        """Supply on: all pins are inputs, without pull-ups."""
        I2CChip.power_on(self)
        self._random = self.kernel.random.fork()
        self._registers = bytearray(_COUNT)
        self._registers[_IODIR] = self._registers[_IODIR + 1] = 0xFF
        self._last = [self._port(0), self._port(1)]  # against which a change counts
        self._address = 0
        self._first = True
        self._show()

    def power_off(self):
        """Supply off: everything lets go."""
        for pin in ("inta", "intb"):
            if pin in self.nets:
                self.nets[pin].drive(self.name, None)
        I2CChip.power_off(self)

    # -- ports

    def _pin(self, bit):
        port, mask = bit >> 3, 1 << (bit & 7)
        if self._stuck[bit] is not None:
            return self._stuck[bit]
        if not self._registers[_IODIR + port] & mask:
            return 1 if self._registers[_OLAT + port] & mask else 0
        if self._outside[bit] is not None:
            return self._outside[bit]
        if self._registers[_GPPU + port] & mask:
            return 1
        return self._random.bits(1)  # nothing holds it

    def _port(self, port):
        value = 0
        for i in range(8):
            value |= self._pin(8 * port + i) << i
        return value ^ self._registers[_IPOL + port]

    def _look(self, port):
        """Something outside may have changed: an interrupt is due where one is asked for."""
        if self.kernel is None or not self.powered:
            return
        registers = self._registers
        enabled = registers[_GPINTEN + port] & registers[_IODIR + port]
        if enabled:
            now = self._port(port)
            against = registers[_INTCON + port]
            changed = (now ^ self._last[port]) & ~against
            differs = (now ^ registers[_DEFVAL + port]) & against
            cause = (changed | differs) & enabled
            if cause and not registers[_INTF + port]:
                registers[_INTF + port] = cause
                registers[_INTCAP + port] = now
        self._show()

    def _show(self):
        registers = self._registers
        active = [registers[_INTF] != 0, registers[_INTF + 1] != 0]
        if registers[_IOCON] & _MIRROR:
            active = [active[0] or active[1]] * 2
        for pin, on in zip(("inta", "intb"), active):
            net = self.nets.get(pin)
            if net is None:
                continue
            if registers[_IOCON] & _ODR:
                net.drive(self.name, 0 if on else None)
            else:
                high = on if registers[_IOCON] & _INTPOL else not on
                net.drive(self.name, 1 if high else 0)

    def _cleared(self, port):
        """GPIO or INTCAP of a port was read."""
        self._last[port] = self._port(port)
        self._registers[_INTF + port] = 0
        self._look(port)

    # -- I2C

    def i2c_start(self, read):
        """Answers whenever it has its supply."""
        if not read:
            self._first = True
        return self.powered and not self.unplugged

    def _next(self):
        if self._registers[_IOCON] & _SEQOP:
            self._address ^= 1
        else:
            self._address = (self._address + 1) % _COUNT

    def i2c_write(self, byte):
        """The address, then values."""
        if self._first:
            self._first = False
            if byte >= _COUNT:
                self.violation("register 0x%02x does not exist" % byte)
                byte %= _COUNT
            self._address = byte
            return True
        self._store(self._address, byte)
        self._next()
        return True

    def _store(self, address, value):
        registers = self._registers
        base, port = address & 0x1E, address & 1
        if base in (_INTF, _INTCAP):
            self.violation("write to register 0x%02x, which is read only" % address)
        elif base == _IOCON:
            if value & 0x81:
                self.violation("IOCON 0x%02x: bank mode and bit 0 are not modelled" % value)
            registers[_IOCON] = registers[_IOCON + 1] = value & 0x7E
        elif base == _GPIO:
            registers[_OLAT + port] = value
        else:
            if base == _GPINTEN:
                self._last[port] = self._port(port)
            registers[address] = value
        self._look(port)

    def i2c_read(self):
        """Values from the address on."""
        address = self._address
        port = address & 1
        if address & 0x1E == _GPIO:
            value = self._port(port)
        else:
            value = self._registers[address]
        if address & 0x1E in (_GPIO, _INTCAP):
            self._cleared(port)
        self._next()
        return value
