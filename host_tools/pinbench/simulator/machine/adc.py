"""machine.ADC (facts: ADC-01 to ADC-09)."""

from pinbench.simulator.machine.esp32mod import esp_error

_FULL_MV = 3300
# Input range of each attenuation of the ESP32, in mV (ADC chapter of ESP-IDF's documentation, D).
_RANGE_MV = (950, 1250, 1750, 3100)
_CORE_TEMP_MV = 706  # the sensor's voltage at 27 C (RP2040 datasheet, 4.9.5)


def make_adc(bench, Pin):
    """Return the ADC class of this boot."""
    if bench.kernel.profile.platform == "rp2":
        return _make_rp2(bench, Pin)
    return _make_esp32(bench, Pin)


def _sample(kernel, mv, full_mv):
    """One conversion, 12 bits, unaveraged: between the rails the last bit is noise (ADC-08)."""
    raw = mv * 4095 // full_mv
    if raw <= 0:
        return 0
    return min(raw + kernel.random.below(3) - 1 if raw < 4095 else raw, 4095)


def _make_rp2(bench, Pin):
    kernel = bench.kernel
    profile = kernel.profile
    first = profile.adc_pins[0]

    class ADC:
        CORE_TEMP = 4

        def __init__(self, source):
            kernel.call()
            if isinstance(source, Pin):
                number = source._pad.number
            elif isinstance(source, int) and 0 <= source <= 4:
                number = first + source
            else:
                number = bench.pin_number(source)
            if number == first + 4 and not isinstance(source, Pin):
                self._net = None
            elif number not in profile.adc_pins:
                raise ValueError("Pin doesn't have ADC capabilities")
            else:
                self._net = bench.pad(number).net

        def read_u16(self):
            kernel.call()
            mv = _CORE_TEMP_MV if self._net is None else self._net.millivolts()
            raw = _sample(kernel, mv, _FULL_MV)
            return raw << 4 | raw >> 8  # ADC-01

    return ADC


def _make_esp32(bench, Pin):
    kernel = bench.kernel
    profile = kernel.profile
    widths = {}  # block -> bits: a property of the block, not of the pin (ADC-09)

    class ADC:
        ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = range(4)
        WIDTH_9BIT, WIDTH_10BIT, WIDTH_11BIT, WIDTH_12BIT = 9, 10, 11, 12

        def __init__(self, source, *, atten=3):
            kernel.call()
            number = bench.pin_number(source)
            if number not in profile.adc_pins:
                raise ValueError("invalid pin")
            self._pad = bench.pad(number)
            self._block = 1 if number in profile.adc_block1 else 2
            self._set_atten(atten)

        def init(self, *, atten=3):
            kernel.call()
            self._set_atten(atten)

        def _set_atten(self, atten):
            if atten not in (0, 1, 2, 3):
                raise ValueError("invalid attenuation")
            self._atten = atten

        def atten(self, atten):
            kernel.call()
            self._set_atten(atten)

        def width(self, bits):
            kernel.call()
            if bits not in profile.adc_widths:
                raise ValueError("invalid width")
            widths[self._block] = bits

        def _raw(self):
            kernel.call()
            if self._pad.adc_fault:
                raise esp_error(profile, self._pad.adc_fault)  # ADC-07
            bits = widths.get(self._block, 12)
            mv = self._pad.net.millivolts()
            return _sample(kernel, mv, _RANGE_MV[self._atten]) >> (12 - bits), bits

        def read(self):
            return self._raw()[0]

        def read_u16(self):
            raw, bits = self._raw()
            return raw << (16 - bits) | raw >> (2 * bits - 16)

        def read_uv(self):
            raw, bits = self._raw()
            return raw * _RANGE_MV[self._atten] * 1000 // ((1 << bits) - 1)

    return ADC
