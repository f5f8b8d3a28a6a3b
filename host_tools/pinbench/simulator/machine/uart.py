"""machine.UART (facts: UART-01 to UART-17)."""

from pinbench.simulator.machine.small import octets
from pinbench.simulator.oserror import OSError

_FIFO = 32  # bytes that the hardware holds behind a full ring
_IDLE_CHARACTERS = 3  # of silence before RXIDLE
_INIT_WAIT_US = 1000000  # esp32: how long init() waits for pending output (UART-13)


def make_uart(bench):
    """Return the UART class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call
    rp2 = profile.platform == "rp2"
    known = 0
    for name in profile.UART_IRQ:
        known |= profile.UART_IRQ[name]
    rx = profile.UART_IRQ.get("IRQ_RX", 0)
    rx_idle = profile.UART_IRQ["IRQ_RXIDLE"]
    tx_idle = profile.UART_IRQ.get("IRQ_TXIDLE", 0)
    on_break = profile.UART_IRQ["IRQ_BREAK"]
    cts_flag = profile.UART_FLOW["CTS"]

    class UART:
        def __init__(self, id, *args, **kwargs):
            call()
            if id not in profile.uart_ids:
                raise ValueError("UART(%d) doesn't exist" % id)
            self._id = id
            self._line = bench.uart(id)
            self._irq = None
            self._idle_event = None
            self._tx_until = 0
            self._parse(*args, **kwargs)

        def init(self, *args, **kwargs):
            call()
            if self._id == profile.repl_uart and ("rxbuf" in kwargs or "txbuf" in kwargs):
                raise ValueError("UART buffer size is fixed for the REPL")  # UART-16
            if not rp2:
                pending = self._tx_until - kernel.now_us
                kernel.spend(min(max(pending, 0), _INIT_WAIT_US))
            self._parse(*args, **kwargs)

        def _parse(
            self,
            baudrate=115200,
            bits=8,
            parity=None,
            stop=1,
            *,
            tx=None,
            rx=None,
            txbuf=profile.UART_TXBUF,
            rxbuf=profile.UART_RXBUF,
            timeout=0,
            timeout_char=0,
            invert=0,
            flow=0,
            cts=None,
            rts=None,
        ):
            if rxbuf > 32766 or txbuf > 32766:
                raise ValueError("rxbuf too large" if rxbuf > 32766 else "txbuf too large")
            tx, rx = bench.pin_number(tx), bench.pin_number(rx)
            if rp2:  # UART-14
                for name, number, lane in (("TX", tx, 0), ("RX", rx, 1)):
                    if number is None:
                        continue
                    if number % 4 != lane or (number + 4 & 8) >> 3 != self._id:
                        raise ValueError("bad %s pin" % name)
            bench.check_bus_pins("uart", self._id, (("tx", tx), ("rx", rx)))
            self._cts = None
            if flow & cts_flag and cts is not None:
                self._cts = bench.pad(bench.pin_number(cts)).net
            self._baud = baudrate
            self._byte_us = 10 * 1000000 // baudrate
            self._rxbuf = max(rxbuf, 32)
            self._txbuf_asked = max(txbuf, 32)
            self._room = self._rxbuf + _FIFO
            self._txbuf = self._txbuf_asked + _FIFO
            self._timeout_us = timeout * 1000
            self._timeout_char = max(timeout_char, 13000 // baudrate + 1) if rp2 else timeout_char
            self._char_us = max(timeout_char * 1000, 13 * 1000000 // baudrate)
            self._ring = bytearray()
            self._coming = []  # bursts on the wire: [time of the next byte, byte_us, data, index]
            self._tx_until = 0
            self._line.host_baud = baudrate
            self._line.receiver = self

        # -- the line's side

        def arrive(self, start_us, byte_us, data):
            """A burst whose first byte is complete one byte time after its start."""
            self._coming.append([start_us + byte_us, byte_us, data, 0])
            # Something must happen when it arrives, or a waiting poll would sleep through it.
            kernel.at(start_us + byte_us, self._first_byte)
            if self._irq is not None and self._irq._mask & rx_idle:
                kernel.cancel(self._idle_event)
                end = start_us + byte_us * (len(data) + _IDLE_CHARACTERS)
                self._idle_event = kernel.at(end, self._fire, rx_idle)

        def break_condition(self):
            """The line was low for longer than a character: no byte comes of it (UART-08)."""
            self._fire(on_break)

        def _first_byte(self, _):
            if rx:
                self._fire(rx)

        def _fire(self, flag):
            if self._irq is not None:
                self._irq._raise(flag)

        def _drain(self):
            now = kernel.now_us
            ring = self._ring
            while self._coming:
                burst = self._coming[0]
                if burst[0] > now:
                    return
                data, index = burst[2], burst[3]
                count = min((now - burst[0]) // burst[1] + 1, len(data) - index)
                room = self._room - len(ring)
                ring.extend(data[index : index + min(count, room)])
                for _ in range(count - room):
                    kernel.loss("uart overflow", self._line.name)  # UART-07
                if index + count == len(data):
                    self._coming.pop(0)
                else:
                    burst[0] += count * burst[1]
                    burst[3] = index + count
                    return

        # -- reading

        def any(self):
            call()
            self._drain()
            return min(len(self._ring), self._rxbuf) if rp2 else len(self._ring)

        def _wait(self, wanted, newline=False):
            """Wait as the stream layer does: `timeout` for the first, `timeout_char` for more."""
            self._drain()
            last = kernel.now_us
            have = len(self._ring)
            limit = self._timeout_us if not have else self._char_us
            pause = kernel.idle if rp2 else kernel.wait  # UART-17
            while len(self._ring) < wanted and not (newline and b"\n" in self._ring):
                end = last + limit
                if kernel.now_us >= end or (not have and not limit):
                    break
                pause(min(end, self._coming[0][0]) if self._coming else end)
                self._drain()
                if len(self._ring) > have:
                    have = len(self._ring)
                    last = kernel.now_us
                    limit = self._char_us

        def _get(self, count):
            if not self._ring:
                return None  # UART-01
            data = bytes(self._ring[:count])
            self._ring = self._ring[count:]
            return data

        def read(self, nbytes=-1):
            call()
            if nbytes is not None and nbytes >= 0:
                self._wait(nbytes)
                return self._get(nbytes)
            # Without a count the stream layer asks again until a whole `timeout` brings nothing.
            data = b""
            while True:
                self._wait(1 << 30)
                part = self._get(len(self._ring))
                if part is None:
                    return data or None
                data += part

        def readinto(self, buf, nbytes=-1):
            call()
            count = len(buf) if nbytes < 0 else min(nbytes, len(buf))
            self._wait(count)
            data = self._get(count)
            if data is None:
                return None
            buf[: len(data)] = data
            return len(data)

        def readline(self):
            call()
            self._wait(1 << 30, True)
            at = self._ring.find(b"\n")
            return self._get(len(self._ring) if at < 0 else at + 1)  # UART-05

        # -- writing

        def _stuck(self):
            """True while the other side does not let this one send."""
            return self._cts is not None and self._cts.level == 1

        def write(self, buf):
            call()
            buf = octets(buf)
            now = kernel.now_us
            start = max(now, self._tx_until)
            queued = (start - now + self._byte_us - 1) // self._byte_us
            room = self._txbuf - queued
            if rp2 and len(buf) > room:
                # The buffer is full: wait for room up to `timeout`, then a short count (UART-09).
                wait = min((len(buf) - room) * self._byte_us, self._timeout_us)
                kernel.sleep(wait)
                room += wait // self._byte_us
                if room <= 0:
                    return None
                buf = bytes(buf)[:room]
            self._tx_until = start + self._byte_us * len(buf)
            if not self._stuck():
                self._line.host_send(bytes(buf), self._tx_until)
            if self._irq is not None and self._irq._mask & tx_idle:
                kernel.at(self._tx_until, self._fire, tx_idle)
            if not rp2:
                kernel.spend(max(0, self._tx_until - kernel.now_us - self._txbuf * self._byte_us))
            return len(buf)

        def flush(self):
            call()
            kernel.spend(max(0, self._tx_until - kernel.now_us))
            if self._tx_until and self._stuck():
                raise OSError(profile.ETIMEDOUT)

        def txdone(self):
            call()
            if self._tx_until and self._stuck():
                return False
            return kernel.now_us >= self._tx_until

        def sendbreak(self):
            call()
            kernel.spend(13 * self._byte_us // 10)
            self._line.host_break()

        def irq(self, handler=None, trigger=0, hard=False):
            call()
            if self._id == profile.repl_uart:
                raise ValueError("UART does not support IRQs")  # UART-16
            if trigger & ~known:
                raise ValueError("trigger 0x%04x unsupported" % (trigger & ~known))
            if hard and not profile.hard_irq:
                raise ValueError("hard IRQ is not supported")  # UART-12
            if self._irq is None:
                self._irq = IRQ(self)
            self._irq._set(handler, trigger, hard)
            return self._irq

        def ioctl(self, request, flags):
            """The stream protocol, as select.poll asks it: request 3 is "what is ready"."""
            if request != 3:
                return -1
            self._drain()
            ready = 0
            if flags & 1 and self._ring:
                ready |= 1
            if flags & 4:
                queued = (self._tx_until - kernel.now_us + self._byte_us - 1) // self._byte_us
                if not rp2 or queued < self._txbuf:  # UART-15
                    ready |= 4
            return ready

        def deinit(self):
            call()
            self._line.receiver = None

        def __repr__(self):
            text = "UART(%d, baudrate=%d, txbuf=%d, rxbuf=%d, timeout=%d, timeout_char=%d)"
            values = (self._id, self._baud, self._txbuf_asked, self._rxbuf)
            return text % (values + (self._timeout_us // 1000, self._timeout_char))

    class IRQ:
        """What `UART.irq` returns."""

        def __init__(self, uart):
            self._uart = uart
            self._flags = 0
            self._pending = 0  # while interrupts were blocked
            self._name = "UART%d" % uart._id
            self._set(None, 0, False)
            bench.at_reset(self._stop)

        def _set(self, handler, trigger, hard):
            self._handler = handler
            self._mask = trigger
            self._hard = hard

        def _stop(self):
            self._set(None, 0, False)

        def _raise(self, flag):
            if not self._mask & flag or self._handler is None:
                return
            if kernel.irq_off:
                if not self._pending:
                    kernel.pend(self._serve_pending)
                self._pending |= flag
                return
            self._serve(flag)

        def _serve_pending(self):
            flags = self._pending & self._mask
            self._pending = 0
            if flags and self._handler is not None:
                self._serve(flags)

        def _serve(self, flags):
            self._flags = flags
            if not self._hard:
                kernel.schedule(self._handler, self._uart, self._name)
            elif not kernel.interrupt(self._handler, self._uart, self._name):
                self._stop()

        def flags(self):
            call()
            return self._flags

        def trigger(self, *mask):
            call()
            before = self._mask
            if mask:
                self._mask = mask[0]
            return before

    for name in profile.UART_IRQ:
        setattr(UART, name, profile.UART_IRQ[name])
    for name in profile.UART_FLOW:
        setattr(UART, name, profile.UART_FLOW[name])
    return UART
