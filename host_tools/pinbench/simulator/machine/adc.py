"""machine.ADC (facts: ADC-01 to ADC-09)."""

_FULL_MV = 3300


def make_adc(bench, Pin):
    """Return the ADC class of this boot."""
    kernel = bench.kernel
    profile = kernel.profile
    call = kernel.call
    rp2 = profile.platform == "rp2"

    class ADC:
        def __init__(self, source, *, atten=None):
            call()
            if rp2 and atten is not None:
                raise TypeError("extra keyword arguments given")  # ADC-04
            if isinstance(source, Pin):
                number = source._pad.number
            elif rp2 and 0 <= source <= 4:
                number = 26 + source
            else:
                number = source
            if number == 30 and rp2:
                self._net = None
            elif number not in profile.adc_pins:
                raise ValueError("Pin doesn't have ADC capabilities" if rp2 else "invalid pin")
            else:
                self._net = bench.pad(number).net

        def read_u16(self):
            call()
            # The core's temperature sensor reads 0.706 V at 27 C (RP2040 datasheet, 4.9.5).
            mv = 706 if self._net is None else self._net.mv
            raw = min(max(mv * 4095 // _FULL_MV, 0), 4095)
            return raw << 4 | raw >> 8  # ADC-01

        if not rp2:

            def read_uv(self):
                call()
                return self._net.mv * 1000

    if rp2:
        ADC.CORE_TEMP = 4
    else:
        ADC.ATTN_0DB, ADC.ATTN_2_5DB, ADC.ATTN_6DB, ADC.ATTN_11DB = range(4)
    return ADC
