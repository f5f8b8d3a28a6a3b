"""machine.I2C and machine.SoftI2C (facts: I2C-01 to I2C-23)."""

from pinbench.simulator.buses import NACK, TIMEOUT
from pinbench.simulator.machine.small import octets
from pinbench.simulator.oserror import OSError


def make_i2c(bench):
    """Return (I2C, SoftI2C) of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call
    rp2 = profile.platform == "rp2"
    shared = {}  # rp2: one static object a bus (I2C-17)

    class _Base:
        _soft = False

        def _configure(self, bus, freq, timeout):
            self._bus = bus
            self._freq = freq
            self._timeout = timeout

        def scan(self):
            call()
            found = []
            freq = self._freq
            if rp2 and not self._soft:
                freq = _bit_banged(freq)
            for address in range(0x08, 0x78):
                if self._bus.write(address, b"", True, freq, self._timeout) == 0:
                    found.append(address)
                kernel.poll()  # I2C-21
            return found

        def _checked(self, status, nack_errno):
            if status == NACK:
                raise OSError(nack_errno)
            if status == TIMEOUT:
                raise OSError(profile.ETIMEDOUT)
            return status

        def _write(self, address, data, stop):
            if not data or self._soft:
                errno = profile.ENODEV if self._soft else profile.nack_empty
            else:
                errno = profile.nack_write
            if address == 0:
                return self._checked(self._bus.general_call(data, self._freq), errno)
            freq = self._freq if data or not rp2 or self._soft else _bit_banged(self._freq)
            count = self._bus.write(address, data, stop, freq, self._timeout)
            self._checked(count, errno)
            if count < len(data):
                kernel.loss("short count", self._bus.name)  # I2C-07, I2C-08
            return count

        def _read(self, address, buffer, stop=True):
            errno = profile.ENODEV if self._soft else profile.nack_read
            status = self._bus.read(address, buffer, stop, self._freq, self._timeout)
            return self._checked(status, errno)

        def writeto(self, addr, buf, stop=True):
            call()
            return self._write(addr, octets(buf), stop or not self._keeps_bus())

        def writevto(self, addr, vector, stop=True):
            call()
            self._allocate()
            joined = bytearray()
            for part in vector:
                joined.extend(octets(part))
            return self._write(addr, joined, stop or not self._keeps_bus())

        def readfrom(self, addr, nbytes, stop=True):
            call()
            buffer = bytearray(nbytes)
            self._read(addr, buffer, stop)
            return bytes(buffer)

        def readfrom_into(self, addr, buf, stop=True):
            call()
            self._read(addr, buf, stop)

        def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
            call()
            self._allocate()
            self._write(addr, self._memory(memaddr, addrsize) + bytes(octets(buf)), True)  # I2C-10

        def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
            call()
            buffer = bytearray(nbytes)
            self._read_mem(addr, memaddr, buffer, addrsize)
            return bytes(buffer)

        def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
            call()
            self._read_mem(addr, memaddr, buf, addrsize)

        def _read_mem(self, addr, memaddr, buffer, addrsize):
            pointer = self._memory(memaddr, addrsize)
            count = self._write(addr, pointer, False)
            if count < len(pointer) and (self._soft or profile.platform == "rp2"):
                return  # I2C-11: the buffer stays as it was, and nobody is told
            self._read(addr, buffer)

        def _memory(self, memaddr, addrsize):
            if addrsize % 8 or not 0 <= addrsize <= 32:
                raise ValueError("invalid addrsize")
            return memaddr.to_bytes(addrsize // 8, "big")

        def _allocate(self):
            """The hardware needs the parts of a write in one buffer of its own (I2C-20)."""
            if not self._soft and kernel.heap_is_locked():
                raise MemoryError("memory allocation failed, heap is locked")

        def _keeps_bus(self):
            return self._soft or profile.honours_no_stop

    class I2C(_Base):
        def __new__(cls, id, *args, **kwargs):
            if id not in profile.i2c_ids:
                raise ValueError("I2C(%d) doesn't exist" % id)
            if not rp2:
                return object.__new__(cls)
            if id not in shared:
                shared[id] = object.__new__(cls)
            return shared[id]

        def __init__(self, id, *args, **kwargs):
            call()
            self._id = id
            if args or kwargs or id not in bench.i2c_settings:
                self._parse(*args, **kwargs)
            else:
                self._configure(bench.i2c(id), *bench.i2c_settings[id])

        def _parse(self, *, scl=None, sda=None, freq=400000, timeout=None):
            id = self._id
            scl = bench.pin_number(scl)
            sda = bench.pin_number(sda)
            if rp2:  # I2C-16
                if scl is not None and (not scl & 1 or scl >> 1 & 1 != id):
                    raise ValueError("bad SCL pin")
                if sda is not None and (sda & 1 or sda >> 1 & 1 != id):
                    raise ValueError("bad SDA pin")
            bench.check_bus_pins("i2c", id, (("scl", scl), ("sda", sda)))
            if timeout is None:
                timeout = profile.I2C_TIMEOUT_US
            elif not rp2:
                timeout = timeout // 1000 * 1000  # I2C-19
            default = profile.I2C_PINS[id]
            self._scl = default[0] if scl is None else scl
            self._sda = default[1] if sda is None else sda
            for number in (self._scl, self._sda):
                bench.pad(number).take("i2c", 1)  # I2C-18: the pull-ups inside
            bench.i2c_settings[id] = freq, timeout, self._scl, self._sda
            self._configure(bench.i2c(id), *bench.i2c_settings[id])

        def _configure(self, bus, freq, timeout, scl, sda):
            _Base._configure(self, bus, freq, timeout)
            self._scl = scl
            self._sda = sda

        def init(self, **kwargs):
            call()
            self._parse(**kwargs)

        def __repr__(self):
            freq = self._freq
            if rp2:  # whole periods of the system clock
                freq = profile.cpu_hz // ((profile.cpu_hz + freq // 2) // freq)
            text = "I2C(%d, freq=%d, scl=%d, sda=%d, timeout=%d)"
            return text % (self._id, freq, self._scl, self._sda, self._timeout)

    def unsupported(self, *args):
        call()
        raise OSError("I2C operation not supported")  # I2C-14

    for name in ("start", "stop", "readinto", "write"):
        setattr(I2C, name, unsupported)

    class SoftI2C(_Base):
        _soft = True

        def __init__(self, scl, sda, *, freq=400000, timeout=50000):
            call()
            bus = bench.i2c_on(bench.pin_number(scl), bench.pin_number(sda))
            self._configure(bus, freq, timeout)
            self._chip = None
            self._addressing = False

        def start(self):
            call()
            self._addressing = True

        def stop(self):
            call()
            if self._chip is not None:
                self._chip.i2c_stop()
                self._chip = None

        def write(self, buf):
            """The raw bytes, the address among them; returns the count of ACKs."""
            call()
            acks = 0
            for byte in buf:
                kernel.spend(9 * 1000000 // self._freq)
                if self._addressing:
                    self._addressing = False
                    self._chip = self._bus.find(byte >> 1)
                    ack = self._chip is not None and self._chip.i2c_start(bool(byte & 1))
                else:
                    ack = self._chip is not None and self._chip.i2c_write(byte)
                if not ack:
                    break
                acks += 1
            return acks

        def readinto(self, buf, nack=True):
            call()
            for at in range(len(buf)):
                kernel.spend(9 * 1000000 // self._freq)
                buf[at] = 0xFF if self._chip is None else self._chip.i2c_read()

    return I2C, SoftI2C


def _bit_banged(freq_hz):
    """The clock of rp2's zero-length writes: half periods of whole microseconds, plus one."""
    return 1000000 // (2 * (500000 // freq_hz + 1))
