"""What MicroPython does not have: modules, names, methods, keywords.

The lists are what the real VM's `dir` shows, less what only its build for hosts has.
"""

import ast
import re

MODULES = set(
    "array asyncio binascii bluetooth btree cmath collections cryptolib deflate errno esp esp32 "
    "espnow framebuf gc hashlib heapq io json lwip machine math micropython mip neopixel network "
    "ntptime onewire ds18x20 dht os platform random re requests rp2 select socket ssl struct sys "
    "time tls uasyncio uctypes vfs webrepl wiring _asyncio _onewire _thread builtins".split()
)
ABSENT_BUILTINS = {
    "NUM-06": "ascii breakpoint format vars copyright credits exit quit aiter anext".split(),
    "NUM-09": "ExceptionGroup BaseExceptionGroup".split(),
    "AIO-05": ["TimeoutError"],
    "NUM-13": (
        "ConnectionError ConnectionAbortedError ConnectionRefusedError ConnectionResetError "
        "BrokenPipeError FileNotFoundError FileExistsError PermissionError IsADirectoryError "
        "NotADirectoryError InterruptedError ProcessLookupError ChildProcessError BlockingIOError "
        "ModuleNotFoundError RecursionError UnicodeDecodeError UnicodeEncodeError "
        "UnicodeTranslateError BufferError ReferenceError FloatingPointError SystemError TabError "
        "EnvironmentError IOError Warning UserWarning DeprecationWarning RuntimeWarning"
    ).split(),
}
_ABSENT = {name: item for item, names in ABSENT_BUILTINS.items() for name in names}

_M = {
    "struct": "calcsize pack pack_into unpack unpack_from",
    "math": (
        "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees e erf erfc exp "
        "expm1 fabs factorial floor fmod frexp gamma inf isclose isfinite isinf isnan ldexp "
        "lgamma log log10 log2 modf nan pi pow radians sin sinh sqrt tan tanh tau trunc"
    ),
    "json": "dump dumps load loads",
    "collections": "OrderedDict deque namedtuple",
    "array": "array",
    "re": "compile match search sub",
    "binascii": "a2b_base64 b2a_base64 crc32 hexlify unhexlify",
    "hashlib": "sha256",
    "heapq": "heapify heappop heappush",
    "io": "open BytesIO IOBase StringIO",
    "gc": "collect disable enable isenabled mem_alloc mem_free threshold",
    "time": (
        "gmtime localtime mktime sleep sleep_ms sleep_us ticks_add ticks_cpu ticks_diff ticks_ms "
        "ticks_us time time_ns"
    ),
    "random": "choice getrandbits randint random randrange seed uniform",
    "micropython": (
        "const RingIO heap_lock heap_unlock heap_locked kbd_intr mem_info opt_level qstr_info "
        "schedule stack_use alloc_emergency_exception_buf native viper asm_thumb asm_xtensa "
        "asm_rv32"
    ),
    "sys": (
        "argv byteorder exit implementation maxsize modules path platform print_exception ps1 ps2 "
        "stderr stdin stdout version version_info settrace"
    ),
    "os": (
        "chdir dupterm dupterm_notify getcwd ilistdir listdir mkdir mount remove rename rmdir sep "
        "stat statvfs sync umount uname unlink urandom VfsFat VfsLfs1 VfsLfs2"
    ),
    "errno": (
        "EACCES EADDRINUSE EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST "
        "EHOSTUNREACH EINPROGRESS EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOTCONN "
        "EOPNOTSUPP EPERM ETIMEDOUT errorcode"
    ),
    "asyncio": (
        "CancelledError Event Lock Loop StreamReader StreamWriter Task ThreadSafeFlag "
        "TimeoutError create_task current_task gather get_event_loop new_event_loop "
        "open_connection run run_until_complete sleep sleep_ms start_server wait_for wait_for_ms "
        "core"
    ),
}
CONTENTS = {module: set(names.split()) for module, names in _M.items()}
_ITEM_OF = {"time": "TIM-09", "asyncio": "AIO-03", "hashlib": "NUM-18", "random": "NUM-18"}

METHODS = set(
    "bit_length bit_count as_integer_ratio is_integer conjugate ljust rjust zfill title "
    "capitalize swapcase casefold isalnum isdecimal isnumeric isidentifier isprintable isascii "
    "istitle removeprefix removesuffix expandtabs translate maketrans format_map tobytes tolist "
    "frombytes fromlist byteswap toreadonly iter_unpack hexdigest groupdict finditer findall "
    "fullmatch with_traceback add_note intersection_update_all _asdict _replace _make "
    "move_to_end total_seconds".split()
)
FIELDS = set(
    "nbytes itemsize typecode strerror filename _fields __cause__ __context__ __traceback__ "
    "__annotations__ __doc__ __mro__ __defaults__ __kwdefaults__ __code__ __globals__ __closure__ "
    "__wrapped__ __subclasses__ __suppress_context__".split()
)
_FIELD_ITEM = {"__cause__": "NUM-09", "__context__": "NUM-09", "__annotations__": "NUM-10"}

# Functions and methods whose keywords CPython takes: name -> those that MicroPython takes too.
_PLAIN = (
    "int float round sum pow zip divmod bool len abs ord chr hex bin oct hash isinstance getattr "
    "hasattr setattr range reversed filter map any all iter next str bytes bytearray".split()
)
KEYWORDS = {name: set() for name in _PLAIN}
KEYWORDS.update(
    {
        "enumerate": {"start"},
        "sorted": {"key", "reverse"},
        "max": {"key", "default"},
        "min": {"key", "default"},
        "print": {"sep", "end", "file"},
        "open": {"mode", "buffering", "encoding"},
        "json.dumps": {"separators"},
        "json.dump": {"separators"},
        "collections.deque": set(),
        "collections.namedtuple": set(),
        "math.isclose": {"rel_tol", "abs_tol"},
    }
)
# Keywords that methods of CPython's types take and MicroPython's do not.
_METHOD_KEYWORDS = {
    "split": {"sep", "maxsplit"},
    "rsplit": {"sep", "maxsplit"},
    "replace": {"count"},
    "encode": {"encoding", "errors"},
    "decode": {"encoding", "errors"},
    "hex": {"sep", "bytes_per_sep"},
}
_NO_KEYWORDS = ("struct", "math", "binascii", "time", "random", "gc", "hashlib", "errno")


def find(source):
    """Yield (node, item, text) for each name, method or keyword that is not there."""
    for node in source.nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _imports(source, node)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(source, node)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            item = _ABSENT.get(node.id)
            if item and node.id not in source.bound:
                yield node, item, f"there is no {node.id}"
        elif isinstance(node, ast.Call):
            yield from _keywords(source, node)
        elif isinstance(node, ast.Compare):
            yield from _errno_literal(node)


def _imports(source, node):
    if isinstance(node, ast.ImportFrom) and node.level:
        return
    names = [alias.name for alias in node.names]
    for name in [node.module or ""] if isinstance(node, ast.ImportFrom) else names:
        top = name.partition(".")[0]
        if top not in MODULES and top not in source.modules:
            yield node, "NUM-10", f"there is no module {name}"
    if isinstance(node, ast.ImportFrom):
        for name in names:
            yield from _content(node, node.module, name)


def _content(node, module, name):
    known = CONTENTS.get(module)
    if known is not None and name not in known and name != "*" and not name.startswith("__"):
        yield node, _ITEM_OF.get(module, "NUM-06"), f"there is no {module}.{name}"


def _attribute(source, node):
    if isinstance(node.value, ast.Name) and node.value.id in source.imported:
        module = source.imported[node.value.id]
        if module in CONTENTS:
            yield from _content(node, module, node.attr)
            if module == "errno" and node.attr in CONTENTS["errno"] and node.attr.isupper():
                text = f"a compiler on another port puts its own number for errno.{node.attr}"
                yield node, "I2C-06", f"{text}: use `from errno import {node.attr}`"
            return
    name = node.attr
    if isinstance(node.ctx, ast.Load):
        if name in METHODS and name not in source.methods:
            yield node, "NUM-06", f"nothing has a method {name}"
        elif name in FIELDS and name not in source.methods:
            yield node, _FIELD_ITEM.get(name, "NUM-06"), f"nothing has an attribute {name}"


def _keywords(source, node):
    given = [keyword.arg for keyword in node.keywords if keyword.arg]
    name = source.called(node.func)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "from_bytes":
        if given:
            yield node, "NUM-04", f"from_bytes takes no keyword {given[0]}"
        elif len(node.args) > 2:
            yield node, "NUM-04", "from_bytes ignores its third argument: the result is unsigned"
        return
    if name in KEYWORDS and name not in source.bound:
        allowed = KEYWORDS[name]
    elif name.partition(".")[0] in _NO_KEYWORDS and "." in name:
        allowed = set()
    elif isinstance(node.func, ast.Attribute) and node.func.attr not in source.methods:
        name = node.func.attr
        allowed = set(given) - _METHOD_KEYWORDS.get(name, set())
    else:
        return
    for keyword in given:
        if keyword not in allowed:
            yield node, "NUM-06", f"{name} takes no keyword {keyword}"
    if name == "random.seed" and node.args and isinstance(node.args[0], ast.Constant):
        yield node, "NUM-18", "a seed gives other numbers on another port or release"


_ERRNO_WORD = re.compile(r"\b(errno|args)\b")
_PORTS_OWN: dict[object, str] = {
    110: "ETIMEDOUT",
    116: "ETIMEDOUT",
    104: "ECONNRESET",
    115: "EINPROGRESS",
}


def _errno_literal(node):
    parts = [node.left, *node.comparators]
    if not any(_ERRNO_WORD.search(ast.unparse(part)) for part in parts):
        return
    for part in parts:
        name = _PORTS_OWN.get(part.value) if isinstance(part, ast.Constant) else None
        if name:
            yield node, "I2C-06", f"{part.value} is {name} on one port only: compare with errno's"
