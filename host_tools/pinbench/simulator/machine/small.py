"""The small modules: micropython, select, gc, sys, random, errno."""

from pinbench.simulator.oserror import OSError


class _Empty:
    """A namespace that `import` binds like a module."""


def namespace(**values):
    """Return an object with the given attributes."""
    out = _Empty()
    for key in values:
        setattr(out, key, values[key])
    return out


def octets(buf):
    """Return what is to be sent: a text goes out as its UTF-8, as the buffer protocol gives it."""
    return buf.encode() if isinstance(buf, str) else buf


def make_micropython(bench):
    """The `micropython` module: scheduling in the kernel's own queue (SCH-01)."""
    kernel = bench.kernel

    def schedule(fn, arg):
        kernel.call()
        if kernel.queue_full():
            raise RuntimeError("schedule queue full")
        kernel.schedule(fn, arg, "schedule")

    def nothing(*args):
        kernel.call()
        return 0

    def heap_lock():
        if kernel.locked:
            kernel.lift()
        kernel.call()
        kernel.lock_heap()

    def heap_unlock():
        if kernel.locked:
            kernel.lift()
        kernel.call()
        kernel.unlock_heap()
        return kernel.heap_locks

    def alloc_emergency_exception_buf(size):
        kernel.call()
        kernel.emergency = size > 0

    return namespace(
        const=lambda value: value,
        schedule=schedule,
        alloc_emergency_exception_buf=alloc_emergency_exception_buf,
        opt_level=nothing,
        mem_info=nothing,
        qstr_info=nothing,
        stack_use=nothing,
        kbd_intr=nothing,
        heap_lock=heap_lock,
        heap_unlock=heap_unlock,
        native=lambda fn: fn,
        viper=lambda fn: fn,
    )


def make_select(bench):
    """The `select` module: `poll`, which delivers callbacks while it waits."""
    kernel = bench.kernel

    class Poll:
        def __init__(self):
            self._watched = []

        def register(self, obj, mask=5):
            for entry in self._watched:
                if entry[0] is obj:
                    entry[1] = mask
                    return
            self._watched.append([obj, mask])

        def unregister(self, obj):
            self._watched = [entry for entry in self._watched if entry[0] is not obj]

        def modify(self, obj, mask):
            for entry in self._watched:
                if entry[0] is obj:
                    entry[1] = mask
                    return
            raise OSError(kernel.profile.ENOENT)

        def ipoll(self, timeout=-1, flags=0):
            kernel.call()
            kernel.poll()
            end = None if timeout < 0 else kernel.now_us + timeout * 1000
            while True:
                ready = []
                for obj, mask in self._watched:
                    found = obj.ioctl(3, mask)
                    if found > 0:
                        ready.append((obj, found))
                if ready or (end is not None and kernel.now_us >= end):
                    return ready
                kernel.idle(end)

        def poll(self, timeout=-1):
            return self.ipoll(timeout)

    return namespace(poll=Poll, POLLIN=1, POLLPRI=2, POLLOUT=4, POLLERR=8, POLLHUP=16)


def make_gc(bench):
    """The `gc` module: no collector of ours to steer, so it answers from the board's budget."""
    kernel = bench.kernel
    heap = bench.heap_bytes

    def nothing(*args):
        kernel.call()

    def collect():
        kernel.call()
        kernel.spend(kernel.profile.gc_us)  # no soft callback runs meanwhile (SCH-12)
        bench.collect()

    def mem_free():
        kernel.call()
        return heap // 2

    def mem_alloc():
        kernel.call()
        return heap - heap // 2

    def threshold(*args):
        kernel.call()
        return None if args else -1

    return namespace(
        collect=collect,
        enable=nothing,
        disable=nothing,
        isenabled=lambda: True,
        mem_free=mem_free,
        mem_alloc=mem_alloc,
        threshold=threshold,
    )


def make_sys(bench, modules):
    """The `sys` module as a board shows it."""
    kernel = bench.kernel
    profile = kernel.profile

    class Out:
        def write(self, text):
            kernel.call()
            bench.console.write(text)
            return len(text)

    def sys_exit(*args):
        kernel.call()
        raise SystemExit(*args)

    def print_exception(error, file=None):
        from pinbench.simulator.kernel import describe_error

        kernel.call()
        (file or out).write(describe_error(error) + "\n")

    out = Out()
    implementation = namespace(
        name="micropython", version=(1, 29, 0, ""), _machine=profile.machine, _mpy=11014
    )
    return namespace(
        platform=profile.platform,
        implementation=implementation,
        version="3.4.0; MicroPython v1.29.0",
        version_info=(3, 4, 0),
        byteorder="little",
        maxsize=0x7FFFFFFF,
        path=["", ".frozen", "/lib"],
        argv=[],
        modules=modules,
        stdout=out,
        stderr=out,
        exit=sys_exit,
        print_exception=print_exception,
    )


def make_random(bench):
    """The `random` module on the bench's one seeded generator."""
    kernel = bench.kernel
    state = [kernel.random.fork()]

    def getrandbits(n):
        kernel.call()
        if n > 32:
            raise ValueError("bits must be 32 or less")
        return state[0].bits(n) if n else 0

    def randrange(start, stop=None, step=1):
        kernel.call()
        if stop is None:
            start, stop = 0, start
        if step > 0:
            count = (stop - start + step - 1) // step
        else:
            count = (start - stop - step - 1) // -step
        if count <= 0:
            raise ValueError
        return start + step * state[0].below(count)

    def randint(a, b):
        return randrange(a, b + 1)

    def choice(sequence):
        if not len(sequence):
            raise IndexError
        return sequence[randrange(len(sequence))]

    def random():
        kernel.call()
        return state[0].uniform()

    def uniform(a, b):
        return a + (b - a) * random()

    def seed(n=None):
        kernel.call()
        from pinbench.simulator.rng import Random

        state[0] = kernel.random.fork() if n is None else Random(n)

    return namespace(
        getrandbits=getrandbits,
        randrange=randrange,
        randint=randint,
        choice=choice,
        random=random,
        uniform=uniform,
        seed=seed,
    )


ERRNO_NAMES = (
    "EPERM",
    "ENOENT",
    "EIO",
    "EBADF",
    "EAGAIN",
    "ENOMEM",
    "EACCES",
    "EEXIST",
    "ENODEV",
    "EISDIR",
    "EINVAL",
    "EOPNOTSUPP",
    "EADDRINUSE",
    "ECONNABORTED",
    "ECONNRESET",
    "ENOBUFS",
    "ENOTCONN",
    "ETIMEDOUT",
    "ECONNREFUSED",
    "EHOSTUNREACH",
    "EALREADY",
    "EINPROGRESS",
)


def make_errno(bench):
    """The `errno` module with the port's own numbers (I2C-06)."""
    out = _Empty()
    codes = {}
    for name in ERRNO_NAMES:
        value = getattr(bench.kernel.profile, name)
        setattr(out, name, value)
        codes[value] = name
    out.errorcode = codes
    return out
