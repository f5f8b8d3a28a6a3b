"""The chips that a board may name, imported only when one is made."""

CHIPS = {
    "sht4x": ("pinbench.chips.sht4x", "SHT4x"),
    "bmp390": ("pinbench.chips.bmp390", "BMP390"),
    "rg15": ("pinbench.chips.rg15", "RG15"),
    "ina226": ("pinbench.chips.ina226", "INA226"),
    "drv8871": ("pinbench.chips.drv8871", "DRV8871"),
    "hall_encoder": ("pinbench.chips.hall_encoder", "HallEncoder"),
    "limit_switch": ("pinbench.chips.limit_switch", "LimitSwitch"),
    "button": ("pinbench.chips.button", "Button"),
    "buzzer": ("pinbench.chips.buzzer", "Buzzer"),
}


def chip_class(kind):
    """Return the class of chip `kind`; raises ValueError for a name not in CHIPS."""
    if kind not in CHIPS:
        raise ValueError("chip %r is unknown: choose one of %s" % (kind, ", ".join(sorted(CHIPS))))
    module, name = CHIPS[kind]
    return getattr(__import__(module, None, None, (name,)), name)
