"""OSError as MicroPython has it (NUM-13): `errno` from one argument, "[Errno 5] EIO" as its text.

On the VM it is the builtin. On CPython the builtin leaves `errno` unset for a single argument, so
the fakes raise this class, and firmware sees it under the name OSError.
"""

import sys

if sys.implementation.name == "micropython":
    OSError = OSError  # pyright: ignore[reportAssignmentType]
else:
    import errno as _errno

    class OSError(OSError):  # noqa: A001 (it stands in for the builtin, on purpose)
        """See the module."""

        def __init__(self, *args):
            super().__init__(*args)
            if args and isinstance(args[0], int):
                self.errno = args[0]

        def __str__(self):
            if len(self.args) == 1 and isinstance(self.args[0], int):
                name = _NAMES.get(self.args[0])
                return "[Errno %d] %s" % (self.args[0], name) if name else str(self.args[0])
            return ", ".join([str(a) for a in self.args])

    _NAMES = {
        number: name
        for number, name in _errno.errorcode.items()
        # The names that MicroPython's own table has (py/mperrno.h, extmod/moderrno.c).
        if name
        in (
            "EPERM ENOENT EIO EBADF EAGAIN ENOMEM EACCES EEXIST ENODEV EISDIR EINVAL EOPNOTSUPP "
            "EADDRINUSE ECONNABORTED ECONNRESET ENOBUFS ENOTCONN ETIMEDOUT ECONNREFUSED "
            "EHOSTUNREACH EALREADY EINPROGRESS"
        ).split()
    }
    _NAMES[95] = "EOPNOTSUPP"
