"""The `esp32` module: NVS and partitions (facts: RST-14 to RST-16)."""

from pinbench.simulator.machine import small
from pinbench.simulator.machine.blockdev import BlockDevice
from pinbench.simulator.oserror import OSError

_NVS = 0x1100  # ESP_ERR_NVS_BASE
NOT_FOUND, KEY_TOO_LONG, INVALID_LENGTH = _NVS + 2, _NVS + 9, _NVS + 12
NO_MEM, NOT_SUPPORTED, TIMEOUT, FAIL = 0x101, 0x106, 0x107, -1
_NAMES = {
    NO_MEM: "ESP_ERR_NO_MEM",
    NOT_SUPPORTED: "ESP_ERR_NOT_SUPPORTED",
    TIMEOUT: "ESP_ERR_TIMEOUT",
    NOT_FOUND: "ESP_ERR_NVS_NOT_FOUND",
    KEY_TOO_LONG: "ESP_ERR_NVS_KEY_TOO_LONG",
    INVALID_LENGTH: "ESP_ERR_NVS_INVALID_LENGTH",
}
_POSIX = {NO_MEM: "ENOMEM", NOT_SUPPORTED: "EOPNOTSUPP", TIMEOUT: "ETIMEDOUT"}
_KEY_MAX = 15
_PARTITIONS = ("ota_0", "ota_1", "vfs")
_VFS = 2
_APP_BYTES = 0x1F0000


def esp_error(profile, code):
    """Return the OSError that an esp-idf error reaches Python as (RST-15)."""
    if code == FAIL:
        return OSError(FAIL, "ESP_FAIL")
    name = _POSIX.get(code)
    return OSError(-code if name is None else getattr(profile, name), _NAMES[code])


class OTA:
    """The two application slots and which of them boots, as the bootloader keeps it."""

    def __init__(self):
        self.running = 0
        self.boot = 0
        self.states = ["valid", "valid"]

    def reset(self):
        """The bootloader runs: a new image gets one try, and is left if nobody called it good."""
        if self.states[self.running] == "pending" and self.boot == self.running:
            self.states[self.running] = "aborted"
            self.boot = 1 - self.running
        if self.states[self.boot] == "new":
            self.states[self.boot] = "pending"
        self.running = self.boot


def make_esp32(bench):
    """Return the module of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call

    def fail(code):
        raise esp_error(profile, code)

    class NVS:
        """Keys of one namespace: 32-bit ints and blobs; on flash only after `commit`."""

        def __init__(self, namespace):
            call()
            if len(namespace) > _KEY_MAX:
                fail(KEY_TOO_LONG)
            self._stored = bench.nvs.get(namespace)
            if self._stored is None:
                self._stored = bench.nvs[namespace] = {}
            self._values = dict(self._stored)

        def _get(self, kind, key):
            call()
            kind_there, value = self._values.get(key, (None, None))
            if kind_there != kind:
                fail(NOT_FOUND)
            return value

        def _put(self, kind, key, value):
            call()
            if len(key) > _KEY_MAX:
                fail(KEY_TOO_LONG)
            self._values[key] = (kind, value)

        def set_i32(self, key, value):
            self._put("i32", key, value)

        def get_i32(self, key):
            return self._get("i32", key)

        def set_blob(self, key, value):
            self._put("blob", key, value.encode() if isinstance(value, str) else bytes(value))

        def get_blob(self, key, buffer):
            value = self._get("blob", key)
            if len(buffer) < len(value):
                fail(INVALID_LENGTH)
            buffer[: len(value)] = value
            return len(value)

        def erase_key(self, key):
            call()
            if key not in self._values:
                fail(NOT_FOUND)
            del self._values[key]

        def commit(self):
            call()
            self._stored.clear()
            self._stored.update(self._values)

    class Partition:
        """An application slot, or "vfs", the data partition that the file system lies on."""

        BOOT = 0
        RUNNING = 1
        TYPE_APP = 0
        TYPE_DATA = 1

        def __init__(self, which):
            call()
            if isinstance(which, str):
                if which not in _PARTITIONS:
                    raise OSError(profile.ENOENT)
                self._slot = _PARTITIONS.index(which)
            elif which in (0, 1):
                self._slot = bench.ota.running if which else bench.ota.boot
            else:
                raise ValueError

        @staticmethod
        def find(type=0, subtype=255, label=None, block_size=4096):
            out = []
            for name in _PARTITIONS:
                part = Partition(name)
                kind, sub = part.info()[:2]
                if kind == type and subtype in (255, sub) and label in (None, name):
                    out.append(part)
            return out

        def info(self):
            call()
            slot = self._slot
            if slot == _VFS:
                return (1, 129, 0x10000 + 2 * _APP_BYTES, bench.flash.size, "vfs", False)
            place = 0x10000 + slot * _APP_BYTES
            return (0, 16 + slot, place, _APP_BYTES, _PARTITIONS[slot], False)

        def readblocks(self, block, buf, offset=0):
            self._device().readblocks(block, buf, offset)

        def writeblocks(self, block, buf, offset=None):
            self._device().writeblocks(block, buf, offset)

        def ioctl(self, request, argument):
            return self._device().ioctl(request, argument)

        def _device(self):
            if self._slot != _VFS:
                raise NotImplementedError("the bench holds no application images")
            return BlockDevice(bench)

        def get_next_update(self):
            return Partition("ota_%d" % (1 - bench.ota.running))

        def set_boot(self):
            call()
            bench.ota.boot = self._slot
            if self._slot != bench.ota.running:
                bench.ota.states[self._slot] = "new"

        @classmethod
        def mark_app_valid_cancel_rollback(cls):
            call()
            bench.ota.states[bench.ota.running] = "valid"

    def wake_on_ext0(pin=None, level=False):
        call()
        bench.wake_on = None if pin is None else (pin._pad.net, 1 if level else 0)

    return small.namespace(
        NVS=NVS,
        Partition=Partition,
        wake_on_ext0=wake_on_ext0,
        WAKEUP_ALL_LOW=False,
        WAKEUP_ANY_HIGH=True,
    )
