"""What is kept over a reset: clock, memory, NVS, slots (RST-10 to RST-16, RST-19)."""

from errno import ENOMEM, EOPNOTSUPP, ETIMEDOUT
from time import sleep_ms

import machine
from machine import ADC, RTC, Pin, deepsleep, mem_backup, reset, soft_reset

ITEMS = {
    "RST_10": ("both", "kernel", "power?"),
    "RST_11": ("rp2", "kernel", "power?"),
    "RST_12": ("both", "kernel", ()),
    "RST_13": ("both", "kernel", "power?"),
    "RST_14": ("esp32", "kernel", ()),
    "RST_15": ("esp32", "kernel", ("adc", "esp_errors")),
    "RST_16": ("esp32", "kernel", "ota"),
    "RST_19": ("both", "kernel", ()),
}


def power_off(board):
    Pin(board.power, Pin.OUT, value=1)
    sleep_ms(1000)


def RST_10(board):
    rtc = RTC()
    if board.port == "rp2":
        assert not hasattr(rtc, "memory"), "rp2 has RTC.memory"
        return
    data = bytes(range(256)) * 8
    if board.phase == 0:
        error = board.raises(ValueError, rtc.memory, data + b"x")
        assert str(error) == "buffer too long", error
        rtc.memory(data)
        reset()
    if board.phase < 3:
        assert rtc.memory() == data, "lost by reset %d" % board.phase
    if board.phase == 1:
        deepsleep(100)
    if board.phase == 2 and hasattr(board, "power"):
        power_off(board)
    if board.phase == 3:
        assert rtc.memory() == b"", "kept without a supply"


def RST_11(board):
    rtc = RTC()
    if board.phase == 0:
        board.raises(TypeError, RTC, 0)
        names = [name for name in dir(rtc) if not name.startswith("_")]
        assert names == ["datetime"], names
        rtc.datetime((2026, 11, 24, 6, 10, 20, 30, 0))  # a Tuesday, which is 1
        assert rtc.datetime()[:7] == (2026, 11, 24, 1, 10, 20, 30), rtc.datetime()
        sleep_ms(300)
        assert rtc.datetime()[7] == 0, "subseconds"
        if hasattr(board, "power"):
            power_off(board)
        return
    now = rtc.datetime()
    assert now[:6] == (2021, 1, 1, 4, 0, 0), "after power-on: %r" % (now,)


def RST_12(board):
    rtc = RTC()
    assert hasattr(rtc, "init") == (board.port == "esp32")
    if board.port == "rp2":
        return
    rtc.datetime((2026, 11, 24, 1, 10, 20, 30, 400000))
    sleep_ms(100)
    now = rtc.datetime()
    assert now[4:7] == (10, 20, 30), "datetime() has the hour elsewhere: %r" % (now,)
    assert 500000 <= now[7] < 520000, "no microseconds: %r" % (now,)
    rtc.init((2026, 11, 24, 11, 21, 31, 0, 0))
    assert rtc.datetime()[:7] == (2026, 11, 24, 1, 11, 21, 31), rtc.datetime()


def RST_13(board):
    memory = mem_backup()
    if board.port == "rp2":
        assert (len(memory), len(mem_backup(1))) == (4, 3), len(memory)
    else:
        assert len(memory) == 2048, len(memory)
    if board.phase == 0:
        memory[0], memory[len(memory) - 1] = 0x5A, 0xA5
        reset()
    kept = memory[0], memory[len(memory) - 1]
    if board.phase == 1:
        assert kept == (0x5A, 0xA5), kept
        if hasattr(board, "power"):
            power_off(board)
        return
    assert kept != (0x5A, 0xA5), "kept without a supply"


def RST_14(board):
    from esp32 import NVS

    nvs = NVS("conformance")
    if board.phase == 0:
        missing = (-4354, "ESP_ERR_NVS_NOT_FOUND")
        nvs.set_i32("count", -503)
        nvs.set_blob("blob", b"12 bytes long")
        for fn, args, expected in (
            (nvs.get_i32, ("none",), missing),
            (nvs.get_blob, ("none", bytearray(4)), missing),
            (nvs.erase_key, ("none",), missing),
            (nvs.get_i32, ("blob",), missing),
            (nvs.get_blob, ("blob", bytearray(4)), (-4364, "ESP_ERR_NVS_INVALID_LENGTH")),
            (nvs.set_i32, ("sixteen_letters_", 1), (-4361, "ESP_ERR_NVS_KEY_TOO_LONG")),
        ):
            error = board.raises(OSError, fn, *args)
            assert error.args == expected, "%r: %r" % (args, error.args)
        nvs.set_i32("fifteen_letters", 15)
        for name in ("set_i16", "set_str", "get_str"):
            assert not hasattr(nvs, name), name
        nvs.commit()
        reset()
    assert nvs.get_i32("count") == -503
    assert nvs.get_i32("fifteen_letters") == 15
    buffer = bytearray(20)
    assert nvs.get_blob("blob", buffer) == 13 and buffer[:13] == b"12 bytes long"
    for key in ("count", "blob", "fifteen_letters"):
        nvs.erase_key(key)
    nvs.commit()


def RST_15(board):
    from esp32 import NVS

    error = board.raises(OSError, NVS("conformance").get_i32, "none")
    assert error.args[0] < 0 and error.args[1].startswith("ESP_ERR_"), error.args
    adc = ADC(board.adc)
    following = Pin(board.esp_errors, Pin.OUT, value=0)
    for number in (ENOMEM, EOPNOTSUPP, ETIMEDOUT):
        following.on()
        following.off()
        error = board.raises(OSError, adc.read_u16)
        assert error.errno == number, "%r, not %d" % (error.args, number)


def RST_16(board):
    from esp32 import Partition

    running = Partition(Partition.RUNNING)
    name = running.info()[4]
    if board.phase == 0:
        board.save(name)
        running.get_next_update().set_boot()
        soft_reset()
    first = board.load()
    if board.phase == 1:
        assert name == first, "a soft reset changed the slot"
        reset()
    if board.phase == 2:
        assert name != first, "the hard reset did not change the slot"
        reset()
    if board.phase == 3:
        assert name == first, "no roll-back without mark_app_valid_cancel_rollback()"
        running.get_next_update().set_boot()
        reset()
    if board.phase == 4:
        assert name != first, "the second try did not boot"
        Partition.mark_app_valid_cancel_rollback()
        reset()
    assert name != first, "rolled back though it was called valid"
    Partition(first).set_boot()


def RST_19(board):
    assert len(machine.unique_id()) == (8 if board.port == "rp2" else 6)
    assert isinstance(machine.unique_id(), bytes)
