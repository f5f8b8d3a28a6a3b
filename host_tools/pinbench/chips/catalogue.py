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
    "lsm6dsox": ("pinbench.chips.lsm6dsox", "LSM6DSOX"),
    "inflator": ("pinbench.chips.inflator", "Inflator"),
    "max17048": ("pinbench.chips.max17048", "MAX17048"),
    "vibration_motor": ("pinbench.chips.vibration_motor", "VibrationMotor"),
    "contact": ("pinbench.chips.contact_switch", "ContactSwitch"),
    "ai10": ("pinbench.chips.ai10", "AI10"),
    "cabinet": ("pinbench.chips.cabinet", "Cabinet"),
    "pn532": ("pinbench.chips.pn532", "PN532"),
    "ds2401": ("pinbench.chips.ds2401", "DS2401"),
    "mcp23017": ("pinbench.chips.mcp23017", "MCP23017"),
    "ssd1306": ("pinbench.chips.ssd1306", "SSD1306"),
    "ws2812": ("pinbench.chips.ws2812", "WS2812"),
}


def chip_class(kind):
    """Return the class of chip `kind`; raises ValueError for a name not in CHIPS."""
    if kind not in CHIPS:
        raise ValueError("chip %r is unknown: choose one of %s" % (kind, ", ".join(sorted(CHIPS))))
    module, name = CHIPS[kind]
    return getattr(__import__(module, None, None, (name,)), name)
