"""ADC (ADC-01 to ADC-09)."""

from machine import ADC, Pin

ITEMS = {
    "ADC_01": ("rp2", "kernel", "adc_pair"),
    "ADC_02": ("rp2", "kernel", "adc_pair"),
    "ADC_03": ("rp2", "kernel", "adc_pair"),
    "ADC_04": ("rp2", "kernel", "adc_pair"),
    "ADC_05": ("esp32", "kernel", "adc_pair"),
    "ADC_06": ("esp32", "kernel", "adc_pair"),
    "ADC_07": ("esp32", "kernel", "adc_broken"),
    "ADC_08": ("both", "kernel", "adc_middle"),
    "ADC_09": ("esp32", "kernel", ("classic", "adc_pair")),
}


def ADC_01(board):
    drive = Pin(board.adc_drive, Pin.OUT, value=0)
    adc = ADC(board.adc)
    assert adc.read_u16() < 800, "driven low"
    drive(1)
    seen = [adc.read_u16() for _ in range(20)]
    assert min(seen) > 65535 - 800, "driven high"
    drive(0)
    seen += [adc.read_u16() for _ in range(20)]
    temp = ADC(ADC.CORE_TEMP)
    seen += [temp.read_u16() for _ in range(50)]
    for value in seen:
        raw = value >> 4
        assert value == raw << 4 | raw >> 8, "%d is not raw<<4 | raw>>8" % value


def ADC_02(board):
    drive = Pin(board.adc_drive, Pin.OUT)
    same = [ADC(board.adc), ADC(board.adc - 26), ADC(Pin(board.adc))]
    for level in (0, 1):
        drive(level)
        for adc in same:
            assert (adc.read_u16() > 32768) == bool(level)
    drive(0)
    for channel in range(5):
        ADC(channel)
    for other in (board.pins[0], Pin(board.pins[0])):
        said = str(board.raises(ValueError, ADC, other))
        assert said == "Pin doesn't have ADC capabilities", said


def ADC_03(board):
    adc = ADC(ADC.CORE_TEMP)
    assert 10000 < adc.read_u16() < 20000, adc.read_u16()
    for name in ("read_uv", "read", "atten", "width"):
        assert not hasattr(adc, name), name


def ADC_04(board):
    board.raises(TypeError, ADC)
    board.raises(TypeError, ADC, 0, 1)
    board.raises(TypeError, ADC, 0, atten=3)
    board.raises(TypeError, lambda: ADC(id=0))


def ADC_05(board):
    drive = Pin(board.adc_drive, Pin.OUT, value=0)
    default, least = ADC(board.adc), ADC(board.adc, atten=ADC.ATTN_0DB)
    default = ADC(board.adc)
    assert default.read_u16() < 4000
    drive(1)
    uv = default.read_uv()
    assert uv > 2500000, "the range ends at %d uV" % uv
    assert default.read() > 4000, default.read()
    least.atten(ADC.ATTN_0DB)
    uv = least.read_uv()
    assert uv < 1300000, "0 dB reads %d uV" % uv
    drive(0)
    assert hasattr(default, "width")


def ADC_06(board):
    for number in (board.bad_adc, Pin(board.bad_adc)):
        said = str(board.raises(ValueError, ADC, number))
        assert said == "invalid pin", said
    said = str(board.raises(ValueError, ADC, board.adc, atten=9))
    assert said == "invalid attenuation", said


def ADC_07(board):
    adc = ADC(board.adc_broken)
    for read in (adc.read, adc.read_u16, adc.read_uv):
        error = board.raises(OSError, read)
        assert len(error.args) == 2, error.args
        assert error.args[0] < 0 and error.args[1].startswith("ESP_"), error.args


def ADC_08(board):
    """A steady voltage in the middle: unaveraged samples scatter by a step or more."""
    adc = ADC(board.adc_middle)
    seen = []
    for _ in range(300):
        value = adc.read_u16()
        if value not in seen:
            seen.append(value)
    assert len(seen) > 1, "300 samples without noise"


def ADC_09(board):
    drive = Pin(board.adc_drive, Pin.OUT, value=1)
    one, other = ADC(board.adc), ADC(board.adc_other)
    one.width(ADC.WIDTH_12BIT)
    assert one.read() > 4000, one.read()
    other.width(ADC.WIDTH_9BIT)
    top = one.read()
    other.width(ADC.WIDTH_12BIT)
    drive(0)
    assert 500 < top < 512, "9 bits on another pin of the block: this one reads %d" % top
