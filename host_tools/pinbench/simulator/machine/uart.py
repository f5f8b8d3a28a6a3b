"""machine.UART (facts: UART-01 to UART-14)."""

_FIFO = 32  # bytes that the hardware holds behind a full ring


def make_uart(bench):
    """Return the UART class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call

    class UART:
        def __init__(self, id, *args, **kwargs):
            call()
            if id not in profile.uart_ids:
                raise ValueError("UART(%d) doesn't exist" % id)
            self._id = id
            self._line = bench.uart(id)
            self._parse(*args, **kwargs)

        def init(self, *args, **kwargs):
            call()
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
        ):
            if rxbuf > 32766 or txbuf > 32766:
                raise ValueError("rxbuf too large" if rxbuf > 32766 else "txbuf too large")
            bench.check_bus_pins(
                "uart", self._id, (("tx", bench.pin_number(tx)), ("rx", bench.pin_number(rx)))
            )
            self._baud = baudrate
            self._byte_us = 10 * 1000000 // baudrate
            self._room = max(rxbuf, 32) + _FIFO
            self._txbuf = max(txbuf, 32) + _FIFO
            self._timeout_us = timeout * 1000
            self._char_us = max(timeout_char * 1000, 13 * 1000000 // baudrate)
            self._ring = bytearray()
            self._coming = []  # bursts on the wire: [time of the next byte, byte_us, data, index]
            self._tx_until = 0
            self._line.host_baud = baudrate
            self._line.receiver = self

        def arrive(self, start_us, byte_us, data):
            """The line's side: a burst whose first byte is complete one byte time after its
            start.
            """
            self._coming.append([start_us + byte_us, byte_us, data, 0])
            # Something must happen when it arrives, or a waiting poll would sleep through it.
            kernel.at(start_us + byte_us, _nothing)

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

        def any(self):
            call()
            self._drain()
            return len(self._ring)

        def _wait(self, wanted, newline=False):
            """Wait for bytes as the stream layer does: `timeout` for the first, `timeout_char`
            on.
            """
            self._drain()
            last = kernel.now_us
            have = len(self._ring)
            limit = self._timeout_us if not have else self._char_us
            while len(self._ring) < wanted and not (newline and b"\n" in self._ring):
                end = last + limit
                if kernel.now_us >= end or (not have and not limit):
                    break
                kernel.wait(min(end, self._coming[0][0]) if self._coming else end)
                kernel.poll()
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
            if nbytes is None or nbytes < 0:
                self._wait(1)
                return self._get(len(self._ring))
            self._wait(nbytes)
            return self._get(nbytes)

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

        def write(self, buf):
            call()
            now = kernel.now_us
            start = max(now, self._tx_until)
            queued = (start - now) // self._byte_us
            room = self._txbuf - queued
            if profile.platform == "rp2" and len(buf) > room:
                # The buffer is full: wait for room up to `timeout`, then a short count (UART-09).
                wait = min((len(buf) - room) * self._byte_us, self._timeout_us)
                kernel.sleep(wait)
                room += wait // self._byte_us
                if room <= 0:
                    return None
                buf = bytes(buf)[:room]
            self._tx_until = start + self._byte_us * len(buf)
            self._line.host_send(bytes(buf), self._tx_until)
            if profile.platform != "rp2":
                kernel.spend(max(0, self._tx_until - kernel.now_us - self._txbuf * self._byte_us))
            return len(buf)

        def flush(self):
            call()
            kernel.spend(max(0, self._tx_until - kernel.now_us))

        def txdone(self):
            call()
            return kernel.now_us >= self._tx_until

        def ioctl(self, request, flags):
            """The stream protocol, as select.poll asks it: request 3 is "what is ready"."""
            if request != 3:
                return -1
            self._drain()
            ready = 0
            if flags & 1 and self._ring:
                ready |= 1
            if flags & 4 and (self._tx_until - kernel.now_us) // self._byte_us < self._txbuf:
                ready |= 4
            return ready

        def deinit(self):
            call()
            self._line.receiver = None

    return UART


def _nothing(_):
    pass
