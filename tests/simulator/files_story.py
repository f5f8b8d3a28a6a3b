"""What firmware sees of os, open and vfs, told alike by both interpreters.

Arguments: host_tools, then `write IMAGE` (tell, and leave the flash there) or `read IMAGE` (tell
what an image holds). Run by test_files.py.
"""

import sys

sys.path.insert(0, sys.argv[1])

from pinbench.simulator.kernel import Halt, Kernel  # noqa: E402
from pinbench.simulator.machine.files import Flash, make_files  # noqa: E402
from pinbench.simulator.trace import line  # noqa: E402

kernel = Kernel("rp2", seed=3)
kernel.trace.sinks.append(lambda *record: print(line(*record)))
flash = Flash(256 * 1024)


def ask(fn, *args):
    """Print what fn gives, or how it fails."""
    try:
        answer = fn(*args)
        print("=", answer.encode() if isinstance(answer, str) else repr(answer))
    except OSError as error:
        print("! OSError", error.args)
    except Exception as error:
        print("!", type(error).__name__)


def lines(file):
    return [text.encode() for text in file.readlines()]


def tell_files(files):
    open = files.open
    file = open("/t", "w")
    ask(file.write, "h\u00e9llo\nw\u00f6rld\nx")
    ask(file.close)
    for method in (file.close, file.read, file.flush, file.tell):
        ask(method)
    with open("/t") as file:
        ask(file.read, 2)
        ask(file.read, 3)
        ask(file.tell)
        ask(file.readline)
        ask(lines, file)
        ask(file.read)
        ask(file.seek, -1)
        ask(file.seek, -3, 2)
        ask(file.seek, 1, 1)
        ask(file.read)
        ask(file.write, "x")
        ask(file.read, 0)
        ask(repr, file)
        file.seek(0)
        ask(lambda: [text.encode() for text in file])
    with open("/t", "rb") as file:
        buffer = bytearray(5)
        ask(file.readinto, buffer)
        ask(bytes, buffer)
        ask(file.readline, 2)
        ask(file.readline)
        ask(repr, file)
    with open("/t", "a+") as file:
        ask(file.tell)
        ask(file.write, "end")
        ask(file.seek, 0)
        ask(file.read)
    with open("/t", "r+") as file:
        ask(file.write, b"HH")
        ask(file.read)
    with open("/t", "rb+") as file:
        ask(file.seek, 30)
        ask(file.write, memoryview(b"far"))
        ask(file.seek, 0)
        ask(file.read)
    with open("/t", "w") as file:
        ask(file.read)
        ask(file.write, 3)
        ask(file.write, None)
    for mode in ("rw", "+r", "x", "q", "wb", "bt", ""):
        ask(lambda: open("/t", mode).close())  # noqa: B023
    for path, mode in (("/no", "r"), ("/no/x", "w"), ("/t/x", "w"), ("/" + "n" * 300, "w")):
        ask(open, path, mode)
    ask(open, 3)


def tell_folders(files):
    os = files.os_module
    ask(os.mkdir, "/d")
    for path in ("/d", "/t", "/n/m", "/t/x"):
        ask(os.mkdir, path)
    files.open("/d/x", "w").close()
    for path in ("/d", "/t/x", "/", "/n", "/d/x/"):
        ask(os.rmdir, path)
        ask(os.listdir, path)
        ask(os.stat, path)
        ask(files.open, path, "r")
        ask(files.open, path, "w")
    ask(lambda: sorted(os.ilistdir()))
    for old, new in (("/t", "/d"), ("/q", "/r"), ("/t", "/d/y"), ("/d", "/e")):
        ask(os.rename, old, new)
    for path in ("/q", "/e/y", "e", ".", "..", "/e"):
        ask(os.chdir, path)
        ask(os.getcwd)
    ask(os.listdir)
    ask(os.stat, "y")
    ask(os.rename, "y", "z")
    ask(os.rename, "z", "/z")
    ask(os.unlink, "z")
    ask(os.remove, "/z")
    ask(os.chdir, "/")
    ask(os.statvfs, "/")
    ask(os.sync)
    ask(os.urandom, 4)
    ask(lambda: tuple(os.uname()))


def fill(file):
    count = 0
    while True:
        count += file.write(b"x" * 4096)
        if count > flash.size:
            return count


def tell_limits(files):
    os = files.os_module
    file = files.open("/big", "wb")
    ask(fill, file)
    ask(file.close)
    ask(os.stat, "/big")
    ask(os.remove, "/big")
    file = files.open("/big", "wb")
    for _ in range(9):
        file.write(b"y" * 1000)
    file.close()
    file = files.open("/big", "ab")
    for _ in range(30):
        file.write(b"z" * 50)
        file.flush()
    flash.full = True
    ask(file.write, "q")
    ask(files.open, "/new", "w")
    ask(os.mkdir, "/new")
    ask(os.mkdir, "/e")
    ask(os.statvfs, "/")
    flash.full = False
    flash.bad_reads = 1
    with files.open("/big") as other:
        ask(other.read, 3)
        ask(other.read, 3)
    vfs = files.vfs_module
    ask(vfs.umount, "/")
    ask(file.write, "late")
    ask(os.listdir)
    ask(vfs.mount, vfs.VfsLfs2(None), "/")
    ask(vfs.mount, vfs.VfsLfs2(None), "/")
    ask(os.listdir)
    vfs.umount("/")
    vfs.VfsLfs2.mkfs(None, progsize=256)
    vfs.mount(vfs.VfsLfs2(None), "/")
    ask(os.listdir)


def tell_cuts():
    """Cuts at operations and at moments; what was open is lost, the rest is whole."""
    files = make_files(kernel, flash)
    lost = files.open("/open", "w")
    lost.write("lost" * 1000)
    files = make_files(kernel, flash)
    ask(files.read, "/open")
    moments = [("at", us) for us in range(100, 400000, 23000)]
    for mode in ("before", "prefix", "mix", "after"):
        moments += [(mode, n) for n in range(1, 9)]
    for mode, n in moments:
        if mode == "at":
            kernel.after(n, lambda _: kernel.power_cut(5))
        else:
            flash.cut_at(n, mode, 256)
        try:
            file = files.open("/log", "a")
            for i in range(3):
                file.write(f"record {i} of many" * 20)
                file.flush()
            file.close()
            files.os_module.rename("/log", "/old log")
            kernel.run_until(kernel.now_us + 1000000)
        except Halt as halt:
            print("halt", halt.kind)
            kernel.revive()
        files = make_files(kernel, flash)
        print(n, mode, [(name, len(files.read("/" + name))) for name in sorted(files.names())])
    print(flash.ops, flash.programs, flash.erases, flash.programmed_bytes, list(flash.wear))


if sys.argv[2] == "write":
    tell_files(make_files(kernel, flash))
    tell_folders(flash.mounted)
    tell_limits(flash.mounted)
    tell_cuts()
    flash.mounted.install("/deep/er/file", "d\u00e9ep" * 700)
    flash.mounted.install("/small", b"\x00\xff")
    with open(sys.argv[3], "wb") as image:
        image.write(flash.image())
else:
    with open(sys.argv[3], "rb") as image:
        flash.load(image.read())
    files = make_files(kernel, flash)
    for name in sorted(files.names()):
        is_dir = files.fs.stat("/" + name)[0]
        print(name, is_dir or sum(files.read("/" + name)))
    print(files.names("/deep"), sum(files.read("/deep/er/file")))
    files.install("/deep/er/file", b"rewritten")
    print(files.read("/deep/er/file"))
