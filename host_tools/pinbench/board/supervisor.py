"""The supervisor: all of a virtual board that outlives its VM, on the wall clock.

It owns the flash image, the port, the bench with pads, PWM, watchdog, clock, chips and world, and
it starts the VM, serves its requests and stops it. One thread runs everything; `do` hands it work.
"""

import queue
import secrets
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from pinbench.board.flash_image import ImageFlash
from pinbench.board.pace import Line
from pinbench.board.port import Port
from pinbench.board.process import VMProcess
from pinbench.board.remote import MachineServer
from pinbench.board.screen import Screen
from pinbench.board.wire import pack
from pinbench.simulator import calendar
from pinbench.simulator.kernel import Halt
from pinbench.simulator.machine.osmod import LOOKAHEAD, READ_SIZE

RELEASE = "1.29.0"
_IDLE_S = 0.02  # how late a host that opens the port may be noticed
_AGAIN_S = 0.002
_READING_S = 0.005  # how long flash reads that follow each other keep the rest waiting
_NEXT_READ_S = 0.0002
_KEPT_BYTES = 65536
WORDS = 2  # the VM's words have 64 bits, a board's 32: the same objects take twice the bytes
_GIVE_UP = 5  # lives that ended before their boot.py, one after the other
_PROBE_BYTES = 512 * 1024  # of heap beside the board's, until the share of our own part is known


class BoardStopped(Exception):
    """The board cannot go on; the text says why."""


class Supervisor:
    """One virtual board. `bench` is new, its flash is replaced by the image's."""

    def __init__(self, bench, board, image, tcp_port=None, bytes_per_s=None, world=None):
        profile = bench.kernel.profile
        self.bench = bench
        self.board = board
        self.flash = ImageFlash(
            image,
            board.about["filesystem_bytes"],
            board.about["filesystem_block_bytes"],
            board.about["filesystem_program_bytes"],
        )
        bench.flash = self.flash
        self.port = Port(tcp_port)
        self.to_board = Line(bytes_per_s)
        self.to_host = Line(bytes_per_s)
        self.heap_bytes = WORDS * board.about["heap_bytes"]
        self.share_bytes = None  # of our own part in the VM: measured in its first life
        self.lives = 0
        self.ready = threading.Event()  # the first boot has begun
        self.said = []  # what the board's surroundings would notice: resets and their causes
        self.printed = b""  # the last of what the VM printed, for whoever waits for a text
        self.failed = None
        self.on_news: Callable[[str], None] = lambda text: None
        self._profile = profile
        self._world = world
        self._start_s = time.monotonic()
        self._machine = board.about.get("machine", profile.machine)
        self._screen = Screen(f"MicroPython v{RELEASE}; {self._machine} (virtual)")
        self._vm: Any = None  # None while the processor is off, and so is the next
        self._server: Any = None
        self._raw = False
        self._early_ends = 0
        self._booted = False
        self._dark_until_s = None  # the processor is off till then; None: it runs
        self._in_callback = False
        self._again_s = None  # when a Ctrl-C that came inside littlefs is tried again
        self._reply = None  # (when, bytes): the VM waits till the clock is where its call ended
        self._work = queue.SimpleQueue()
        self._over = False
        self._waker, self._wake = socket.socketpair()
        self._waker.setblocking(False)
        self._wake.setblocking(False)
        self._thread = None

    # -- what it is now

    @property
    def booted(self):
        """True once the VM of this life has come to boot.py."""
        return self._booted

    @property
    def vm_pid(self):
        """The number of the VM's process, None while the processor is off."""
        return self._vm.process.pid if self._vm else None

    def counts(self):
        """Return bytes to the board and to the host, operations, programs, erases, bytes."""
        flash = self.flash
        return (
            self.to_board.passed,
            self.to_host.passed,
            flash.ops,
            flash.programs,
            flash.erases,
            flash.programmed_bytes,
        )

    def count_from_here(self):
        """Set the counters to zero."""
        flash = self.flash
        self.to_board.passed = self.to_host.passed = 0
        flash.ops = flash.programs = flash.erases = flash.programmed_bytes = 0

    def unplug(self):
        """Pull the cable: what was on its way is lost."""
        self.port.unplug()
        self.to_board.drop()
        self.to_host.drop()

    # -- for other threads

    def do(self, fn, *args):
        """Run fn(*args) in the supervisor's thread and return its result."""
        if threading.current_thread() is self._thread or self._thread is None:
            return fn(*args)
        done = queue.SimpleQueue()
        self._work.put((fn, args, done))
        self.wake()
        while True:
            try:
                result, error = done.get(timeout=0.5)
                break
            except queue.Empty:
                if self._over:
                    raise BoardStopped(self.failed or "the board has been stopped") from None
        if error is not None:
            raise error
        return result

    def wake(self):
        """Make the supervisor look at once."""
        try:
            self._wake.send(b"!")
        except BlockingIOError:
            pass

    def stop(self):
        """End the run."""
        self._over = True
        self.wake()

    # -- the run

    def run(self):
        """Be the board until `stop`. Raises BoardStopped when it cannot go on."""
        self._thread = threading.current_thread()
        if self._world is not None:
            self._world.start()
        try:
            self._start_vm()
            while not self._over:
                self._step()
        except BaseException as error:
            self.failed = str(error)
            raise
        finally:
            self._over = True
            if self._vm is not None:
                self._vm.close()
            self.port.close()
            self.flash.close()

    def _step(self):
        wait_s = self._wait_s()
        watch: list[Any] = [self._waker]
        port, vm = self.port, self._vm
        if len(self.to_board) < 1024:  # a slow board holds the host back, as a serial line does
            if port.master is not None and port.terminal_open():
                watch.append(port.master)
            if port.client is not None:
                watch.append(port.client)
        if port.listener is not None:
            watch.append(port.listener)
        if vm is not None:
            if self._reply is None:
                watch.append(vm.link)
            if len(self.to_host) < 4096:
                watch.append(vm.terminal)
        try:
            ready = select.select(watch, [], [], wait_s)[0]
        except (OSError, ValueError):  # a descriptor went away meanwhile
            ready = []
        if self._waker in ready:
            self._waker.recv(4096)
        while not self._work.empty():
            fn, args, done = self._work.get()
            try:
                done.put((fn(*args), None))
            except BaseException as error:
                done.put((None, error))
        if port.listener is not None and port.listener in ready:
            port.accept()
        try:
            self._sync()
            self._relay()
            if vm is not None and vm is self._vm and vm.link in ready and self._reply is None:
                self._serve()
            self._answer()
            if self._server is not None and self._server.waiting:
                self._vm.ring()
        except Halt as halt:
            self._halted(halt)
        if self._again_s is not None and time.monotonic() >= self._again_s:
            if self._vm is None or self._vm.interrupt_in_gap():
                self._again_s = None
            else:
                self._again_s = time.monotonic() + _AGAIN_S
        if self._dark_until_s is not None and time.monotonic() >= self._dark_until_s:
            self._dark_until_s = None
            self._start_vm()

    def _wait_s(self):
        now_s = time.monotonic()
        waits: list[float | None] = [_IDLE_S]
        for line in (self.to_board, self.to_host):
            waits.append(line.wait_s(now_s))
        event_us = self.bench.kernel.next_event_us()
        if event_us is not None:
            waits.append(event_us / 1e6 - (now_s - self._start_s))
        if self._reply is not None:
            waits.append(self._reply[0] - now_s)
        if self._again_s is not None:
            waits.append(self._again_s - now_s)
        if self._dark_until_s is not None:
            waits.append(self._dark_until_s - now_s)
        if self._vm is not None and (self._vm.pending or self.port.unsent):
            waits.append(0.0005)
        return max(0.0, min(w for w in waits if w is not None))

    def _sync(self):
        """Bring the bench to the wall clock."""
        wall_us = int((time.monotonic() - self._start_s) * 1e6)
        kernel = self.bench.kernel
        if kernel.halted is not None:
            raise kernel.halted
        if wall_us > kernel.now_us:
            kernel.run_until(wall_us)

    # -- console

    def _relay(self):
        now_s = time.monotonic()
        if len(self.to_board) < 1024:
            data = self.port.read()
            if data:
                self.to_board.put(data, now_s)
        vm = self._vm
        if vm is None:
            self.to_board.take(now_s)  # nobody listens
        else:
            self._from_vm(now_s)
            if self._screen.ready:
                vm.feed(b"" if vm.pending else self.to_board.take(now_s))
        self.port.write(self.to_host.take(now_s))

    def _from_vm(self, now_s):
        vm = self._vm
        while len(self.to_host) < 4096:
            data = vm.read()
            if not data:
                return
            shown, typed = self._screen.pass_on(data)
            if typed:
                vm.feed(typed)
            self._show(shown, now_s)

    def _show(self, data, now_s):
        if data:
            self.printed = (self.printed + data)[-_KEPT_BYTES:]
            self.to_host.put(data, now_s)

    # -- the VM

    def _start_vm(self):
        if self.share_bytes is None:
            heap = self.heap_bytes + _PROBE_BYTES
        else:
            heap = self.heap_bytes + self.share_bytes
        self.flash.power_on()
        self._server = MachineServer(self.bench)
        self._marker = f"\x00{secrets.token_hex(8)}\x00"
        self._screen.begin(self._marker.encode(), self._raw)
        self._booted = False
        self._vm = VMProcess(heap)
        self.lives += 1

    def _stop_vm(self):
        """Kill the VM; returns its exit code. What it had printed before still goes out."""
        vm = self._vm
        if vm is None:
            return 0
        code = vm.kill()
        while data := vm.read():
            self._show(self._screen.pass_on(data)[0], time.monotonic())
        vm.close()
        self._vm = self._server = self._reply = self._again_s = None
        self._in_callback = False
        return code

    def _halted(self, halt):
        self.reset(halt.kind, halt.off_us)

    def reset(self, kind, off_us=0):
        """Stop the processor at once and start it again after `off_us` of wall time.

        `kind`: "soft", "reset", "watchdog", "power" or "deepsleep". All but "soft" release the
        pads and bring the friendly REPL back.
        """
        self._stop_vm()
        if kind != "soft":
            self._raw = False
            self.to_board.drop()
            self.to_host.drop()
            self.printed = b""
        self.bench.stopped(kind, off_us)
        self.said.append(kind)
        self.on_news(kind)
        self._early_ends = 0
        self._dark_until_s = time.monotonic() + off_us / 1e6

    def _ended(self):
        """The VM's end of the link is closed: it came to its own end, or something killed it."""
        booted = self._booted
        code = self._stop_vm()
        if code < 0 and booted:  # nothing on a board can do this: as if it had lost its power
            self.on_news(f"the VM was ended by signal {-code}")
            self.reset("power")
            return
        self._early_ends = 0 if booted else self._early_ends + 1
        if self._early_ends >= _GIVE_UP:
            text = bytes(self.to_host.take(float("inf"))).decode("utf-8", "replace").strip()
            raise BoardStopped(f"the VM ends before it boots (exit code {code}): {text}")
        self._soft_reset()

    def _soft_reset(self):
        self._raw = self._screen.raw
        early = self._early_ends
        self.reset("soft")
        self._early_ends = early
        self._show(b"MPY: soft reboot\r\n", time.monotonic())

    # -- requests

    def _serve(self):
        message = self._vm.request()
        until_s = time.monotonic() + _READING_S
        while message[:1] in (b"R", b"P", b"E") and time.monotonic() < until_s:
            # littlefs reads 32 bytes at a time, thousands for one listing: a round of all that
            # else may have happened after each would make files slower than on any board.
            reply = self._flash_request(message[:1], memoryview(message)[1:])
            if reply is None:  # the power was cut there
                return
            if not self._vm.reply(reply):
                self._ended()
                return
            if not select.select([self._vm.link], [], [], _NEXT_READ_S)[0]:
                return
            message = self._vm.request()
        if not message:
            self._ended()
            return
        kind = message[:1]
        if kind == b"I":  # the one request that is not answered
            self._vm.answered()
            self._again_s = time.monotonic() + _AGAIN_S
            return
        reply = self._served(kind, memoryview(message)[1:])
        if reply is None or self._vm is None:
            return
        if kind not in b"RPE":
            reply = struct.pack("<I", len(reply)) + reply
        ahead_s = self.bench.kernel.now_us / 1e6 - (time.monotonic() - self._start_s)
        self._reply = (time.monotonic() + (ahead_s if ahead_s > 0.0002 else 0), reply)

    def _answer(self):
        if self._reply is not None and time.monotonic() >= self._reply[0]:
            reply, self._reply = self._reply[1], None
            if not self._vm.reply(reply):
                self._ended()

    def _served(self, kind, body):
        """Return the reply to one request, None if the VM will not live to read one."""
        if kind in (b"R", b"P", b"E"):
            return self._flash_request(kind, body)
        if kind == b"C":
            if not self._in_callback and self._vm.at_call(self._again_s is not None):
                self._again_s = None
            return self._server.call(body)
        if kind == b"N":  # what a callback raises goes nowhere: no moment for Ctrl-C
            self._in_callback = self._server.waiting
            return self._server.next_callback()
        if kind == b"T":
            return struct.pack("<q", self.bench.clock.unix_s())
        if kind == b"K":
            self._vm.interruptible = struct.unpack("<i", body)[0] == 3
            return b"\0"
        if kind == b"H":
            return self._hello()
        if kind == b"M":
            return self._measured(*struct.unpack("<II", body))
        if kind == b"Q":
            self._screen.ready = False
            return b"\0"
        if kind == b"X":
            self._from_vm(time.monotonic())
            self._stop_vm()
            self._soft_reset()
        return None

    def _flash_request(self, kind, body):
        """A read is answered by its bytes, the others by one byte: the errno, or 0."""
        flash = self.flash
        self._vm.at_flash()
        block, offset, n = struct.unpack_from("<III", body)
        if kind == b"R":
            return flash.read(block, offset, n)
        status = flash.program(block, offset, body[12:]) if kind == b"P" else flash.erase(block)
        if flash.off:  # the cut came here: the VM learns nothing any more
            self.reset("power", flash.off_ms * 1000)
            return None
        return bytes((-status,))

    def _hello(self):
        profile = self._profile
        told = {
            "machine": self._server.describe(),
            "raw": self._raw,
            "pid": self._vm.process.pid,
            "marker": self._marker,
            "platform": profile.platform,
            "board": self._machine,
            "release": RELEASE,
            "modules": profile.modules,
            "epoch_s": calendar.unix_s(profile.epoch_year, 1, 1),
            "blocks": self.flash.blocks,
            "block_size": self.flash.block,
            "program_size": self.flash.prog,
            "read_size": READ_SIZE,
            "lookahead": LOOKAHEAD,
        }
        out = bytearray()
        pack(told, out, lambda value: None)
        return bytes(out)

    def _measured(self, total, free):
        """The VM is ready to boot: its first life tells how much heap our own part takes."""
        if self.share_bytes is None:
            heap = self.heap_bytes + _PROBE_BYTES
            wanted = (self.heap_bytes + total - free) * heap // total  # the collector's own tables
            self.share_bytes = wanted - self.heap_bytes
            self._stop_vm()
            self._start_vm()
            return None
        self.free_bytes = free
        self._booted = True
        # Input meanwhile is main.py's; in raw mode there is none, and it waits for the prompt.
        self._screen.ready = not self._raw
        self.ready.set()
        return b"\0"
