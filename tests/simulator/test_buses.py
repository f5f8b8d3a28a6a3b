"""I2C, SPI and UART: acknowledge, wire time, faults."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.simulator.buses import NACK, TIMEOUT, I2CBus, SPIBus, UARTLine
from pinbench.simulator.kernel import Kernel


class Memory:
    """A chip with a pointer and 256 bytes; refuses byte `refuse_at` of a write."""

    KIND = "memory"

    def __init__(self, address=0x50, refuse_at=None):
        self.address = address
        self.disturbed = False
        self.data = bytearray(range(256))
        self.log = []
        self.general = []
        self._refuse_at = refuse_at

    def attach(self, kernel, name, nets):
        self.name = name

    def i2c_start(self, read):
        self.log.append("start r" if read else "start w")
        self._at = 0
        return True

    def i2c_write(self, byte):
        if self._at == self._refuse_at:
            return False
        if self._at == 0:
            self.pointer = byte
        else:
            self.data[self.pointer] = byte
            self.pointer = (self.pointer + 1) & 255
        self._at += 1
        return True

    def i2c_read(self):
        byte = self.data[self.pointer]
        self.pointer = (self.pointer + 1) & 255
        return byte

    def i2c_stop(self):
        self.log.append("stop")

    def i2c_general_call(self, byte):
        self.general.append(byte)


def make(**options):
    kernel = Kernel()
    bus = I2CBus(kernel, "bus")
    return kernel, bus, bus.add(Memory(**options))


@given(st.binary(min_size=1, max_size=20), st.integers(10_000, 1_000_000))
def test_a_write_reaches_the_chip_and_takes_its_wire_time(data, freq):
    kernel, bus, chip = make()
    assert bus.write(0x50, b"\x10" + data, True, freq, 50000) == len(data) + 1
    assert chip.data[0x10 : 0x10 + len(data)] == data
    bits = 11 + 9 * (len(data) + 1)
    assert abs(kernel.now_us - bits * 1_000_000 / freq) <= len(data) + 2


def test_nobody_at_the_address():
    _, bus, _ = make()
    assert bus.write(0x51, b"x", True, 400000, 50000) == NACK
    assert bus.read(0x51, bytearray(2), True, 400000, 50000) == NACK


@given(st.integers(0, 4))
def test_a_refused_byte_ends_the_write_with_a_short_count(at):
    _, bus, chip = make(refuse_at=at)
    assert bus.write(0x50, b"abcde", True, 400000, 50000) == at
    assert chip.log[-1] == "stop"


def test_without_stop_the_read_is_a_repeated_start():
    _, bus, chip = make()
    bus.write(0x50, b"\x20", False, 400000, 50000)
    buffer = bytearray(2)
    bus.read(0x50, buffer, True, 400000, 50000)
    assert chip.log == ["start w", "start r", "stop"]
    assert buffer == b"\x20\x21"


@pytest.mark.parametrize("kind", ["sda_low", "stretch"])
def test_a_held_line_costs_the_timeout(kind):
    kernel, bus, _ = make()
    bus.lay(kind)
    assert bus.write(0x50, b"x", True, 400000, 2000) == TIMEOUT
    assert 2000 <= kernel.now_us < 2100


def test_a_short_stretch_only_takes_longer():
    kernel, bus, _ = make()
    bus.lay("stretch", us=700)
    assert bus.write(0x50, b"x", True, 400000, 2000) == 1
    assert kernel.now_us > 700


@given(st.integers(0, 5), st.integers(0, 7))
def test_a_flipped_bit_is_just_that_bit(at, bit):
    _, bus, chip = make()
    chip.pointer = 0
    bus.lay("bit_flip", at=at, bit=bit, count=1)
    buffer = bytearray(6)
    bus.read(0x50, buffer, True, 400000, 50000)
    want = bytearray(range(6))
    want[at] ^= 1 << bit
    assert buffer == want
    bus.read(0x50, buffer, True, 400000, 50000)
    assert buffer == bytearray(range(6, 12))  # the count has run out


def test_a_fault_of_one_address_leaves_the_others_alone():
    _, bus, _ = make()
    bus.add(Memory(address=0x51))
    handle = bus.lay("address_nack", address=0x50)
    assert bus.write(0x50, b"x", True, 400000, 50000) == NACK
    assert bus.write(0x51, b"x", True, 400000, 50000) == 1
    bus.lift(handle)
    bus.lift(handle)
    assert bus.write(0x50, b"x", True, 400000, 50000) == 1


def test_the_chip_knows_when_a_fault_speaks_for_the_firmware():
    _, bus, chip = make()
    seen = []
    chip.i2c_write = lambda byte: seen.append(chip.disturbed) or True
    bus.lay("bit_flip", count=1)
    bus.write(0x50, b"x", True, 400000, 50000)
    bus.write(0x50, b"x", True, 400000, 50000)
    assert seen == [True, False]


def test_unknown_faults_are_refused():
    _, bus, _ = make()
    with pytest.raises(ValueError, match="no fault 'gremlin'"):
        bus.lay("gremlin")


def test_general_call():
    _, bus, chip = make()
    assert bus.general_call(b"\x06", 400000) == 1
    assert chip.general == [6]


class Echo:
    KIND = "echo"
    baud = 9600

    def attach(self, kernel, name, nets):
        self.heard = []

    def attach_uart(self, port):
        self.port = port

    def uart_receive(self, data):
        self.heard.append(data)


class Ear:
    def __init__(self):
        self.heard = []

    def arrive(self, start_us, byte_us, data):
        self.heard.append((start_us, byte_us, data))


def make_line():
    kernel = Kernel()
    serial = UARTLine(kernel, "line")
    chip = serial.add(Echo())
    serial.host_baud = 9600
    serial.receiver = Ear()
    return kernel, serial, chip


def test_bursts_queue_behind_each_other():
    _, serial, chip = make_line()
    chip.port.send(b"abc")
    chip.port.send(b"d")
    byte_us = 10_000_000 // 9600
    assert serial.receiver.heard == [(0, byte_us, b"abc"), (3 * byte_us, byte_us, b"d")]


def test_line_faults():
    kernel, serial, chip = make_line()
    ear = serial.receiver
    for kind in ("uart_cut", "uart_loss", "uart_noise", "uart_delay"):
        ear.heard.clear()
        handle = serial.lay(kind, per_mille=1000, us=5000)
        chip.port.send(b"hello")
        heard = b"".join(data for _, _, data in ear.heard)
        if kind in ("uart_cut", "uart_loss"):
            assert heard == b""
        elif kind == "uart_noise":
            assert len(heard) == 5 and all(a != b for a, b in zip(heard, b"hello", strict=True))
        else:
            assert heard == b"hello" and ear.heard[0][0] >= kernel.now_us + 5000
        serial.lift(handle)


def test_the_wrong_baud_rate_is_garbage():
    kernel, serial, chip = make_line()
    serial.host_baud = 19200
    chip.port.send(b"hello, world")
    assert serial.receiver.heard[0][2] != b"hello, world"
    serial.host_send(b"hello, world", 100)
    kernel.run_until(200)
    assert chip.heard[0] != b"hello, world"


class Shift:
    KIND = "shift"

    def attach(self, kernel, name, nets):
        self.name = name
        self.nets = nets

    def spi_exchange(self, out):
        return out ^ 0xFF


def test_spi_answers_the_selected_chip_only_and_idles_high():
    kernel = Kernel()
    bus = SPIBus(kernel, "spi")
    cs = kernel.net("cs")
    bus.add(Shift(), nets={"cs": cs})
    into = bytearray(2)
    cs.drive("host", 1)
    bus.exchange(b"\x01\x02", into, 1_000_000)
    assert into == b"\xff\xff"
    cs.drive("host", 0)
    bus.exchange(b"\x01\x02", into, 1_000_000)
    assert into == b"\xfe\xfd"
    assert kernel.now_us == 32
    bus.lay("bit_flip", at=0, bit=0, count=1)
    bus.exchange(b"\x01\x02", into, 1_000_000)
    assert into == b"\xff\xfd"
