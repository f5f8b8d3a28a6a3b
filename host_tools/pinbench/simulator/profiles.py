"""What differs between the ports of MicroPython, as data (facts: machine semantics, item ids
named).
"""


class Profile:
    """Attributes of one port; see PROFILES for what each means."""

    def __init__(self, name, values):
        self.name = name
        for key in values:
            setattr(self, key, values[key])


_COMMON = {
    "call_cost_us": 1,  # every call into a fake module, so that a busy wait ends
    "queue_depth": 8,  # SCH-01
    "ticks_bits": 30,  # TIM-01
    "I2C_TIMEOUT_US": 50000,  # I2C-18: default of both ports
    "UART_RXBUF": 256,  # UART-07
    "UART_TXBUF": 256,
    "EPERM": 1,
    "ENOENT": 2,
    "EIO": 5,
    "EBADF": 9,
    "EAGAIN": 11,
    "ENOMEM": 12,
    "EACCES": 13,
    "EEXIST": 17,
    "ENODEV": 19,
    "EISDIR": 21,
    "EINVAL": 22,
    "ENOSPC": 28,
    "EOPNOTSUPP": 95,
    # Flash as the file system pays for it (parts and safety, D: W25Q-class, typical; from memory
    # there, so a round figure): one page program and one 4 KiB sector erase.
    "flash_program_us": 700,
    "flash_erase_us": 45000,
    "flash_block": 4096,
    "boot_us": 300000,
    "gc_us": 3000,  # SCH-12: a collection takes milliseconds; a round figure
}

_RP2 = {
    "platform": "rp2",
    "epoch_year": 1970,  # TIM-04
    "ETIMEDOUT": 110,  # I2C-06
    "ECONNABORTED": 103,
    "ECONNREFUSED": 111,
    "ECONNRESET": 104,
    "EALREADY": 114,
    "EINPROGRESS": 115,
    "EADDRINUSE": 98,
    "ENOTCONN": 107,
    "EHOSTUNREACH": 113,
    "ENOBUFS": 105,
    "nack_read": 5,  # I2C-02: EIO for reads and for writes with data
    "nack_write": 5,
    "nack_empty": 19,  # I2C-03: an empty write is bit-banged, and ENODEV
    "honours_no_stop": True,  # I2C-12
    "PIN": {  # PIN-14
        "IN": 0,
        "OUT": 1,
        "OPEN_DRAIN": 2,
        "ALT": 3,
        "PULL_UP": 1,
        "PULL_DOWN": 2,
        "IRQ_FALLING": 4,
        "IRQ_RISING": 8,
    },
    "pin_methods": ("low", "high", "toggle", "on", "off"),  # PIN-13
    "pins_out": 30,
    "input_only": (),
    "hard_irq": True,  # PIN-18
    "pulls_cleared_when_omitted": True,  # PIN-09
    "value_needs_mode": True,  # PIN-07
    "keeps_pins_over_soft_reset": True,  # PIN-28
    "pwm_clock_hz": 125000000,
    "pwm_clamps": True,  # PWM-04
    "pwm_slices": 8,
    "adc_pins": (26, 27, 28, 29),
    "unique_id": b"\xe6\x61\x41\x04\x03\x2b\x6a\x2c",  # RST-19: 8 bytes
    "reset_causes": {"PWRON_RESET": 1, "WDT_RESET": 3},  # RST-01
    "cause_of": {"power": 1, "reset": 3, "watchdog": 3, "deepsleep": 3},  # RST-03
    "sleep_is_lightsleep": True,  # RST-03
    "lightsleep_max_ms": (1 << 32) // 1000 - 1,  # RST-20
    "backup_regions": (("I", 4), ("I", 3)),  # RST-13: typecode and length of each
    "wdt_max_ms": 8388,  # RST-04
    "wdt_min_ms": 1,
    "timer_ids": (-1,),  # TMR-01
    "alarm_pool": 16,  # TMR-09: PICO_TIME_DEFAULT_ALARM_POOL_MAX_TIMERS of the pico-sdk
    "alarms_burst": True,
    "i2c_ids": (0, 1),
    "I2C_PINS": ((5, 4), (7, 6)),  # SCL and SDA of each bus when none are named
    "uart_ids": (0, 1),
    "spi_ids": (0, 1),
    "SPI_PINS": ((18, 19, 16), (10, 11, 8)),  # SCK, MOSI, MISO
    "UART_IRQ": {"IRQ_RXIDLE": 64, "IRQ_TXIDLE": 32, "IRQ_BREAK": 512},  # UART-11
    "UART_FLOW": {"CTS": 1, "RTS": 2},
    "repl_uart": None,
    "flash_bytes": 848 * 1024,
    "flash_page": 256,
    "cpu_hz": 125000000,
    "rtc_start": 1609459200,  # RST-11: 2021-01-01 after power-on
    "modules": ("rp2", "_thread"),
    "lacks": ("esp32", "espnow", "_onewire_esp"),
    "machine": "Raspberry Pi Pico W with RP2040",
}

_RP2350 = dict(_RP2)
_RP2350.update(
    {
        "pwm_clock_hz": 150000000,
        "pwm_slices": 12,
        "wdt_max_ms": 16777,
        "pins_out": 48,
        "flash_bytes": 2560 * 1024,
        "cpu_hz": 150000000,
        "machine": "Raspberry Pi Pico 2 W with RP2350",
    }
)

_ESP32 = {
    "platform": "esp32",
    "epoch_year": 2000,
    "ETIMEDOUT": 116,
    "ECONNABORTED": 113,
    "ECONNREFUSED": 111,
    "ECONNRESET": 104,
    "EALREADY": 120,
    "EINPROGRESS": 119,
    "EADDRINUSE": 112,
    "ENOTCONN": 128,
    "EHOSTUNREACH": 118,
    "ENOBUFS": 105,
    "nack_read": 19,  # I2C-04
    "nack_write": 19,
    "nack_empty": 19,
    "honours_no_stop": False,
    "PIN": {
        "IN": 1,
        "OUT": 3,
        "OPEN_DRAIN": 7,
        "PULL_DOWN": 1,
        "PULL_UP": 2,
        "IRQ_RISING": 1,
        "IRQ_FALLING": 2,
        "WAKE_LOW": 4,
        "WAKE_HIGH": 5,
    },
    "pin_methods": ("toggle", "on", "off"),
    "pins_out": 49,
    "input_only": (),
    "hard_irq": False,
    "pulls_cleared_when_omitted": False,
    "value_needs_mode": False,
    "keeps_pins_over_soft_reset": False,
    "pwm_clock_hz": 80000000,
    "pwm_clamps": False,
    "pwm_slices": 0,
    "pwm_timers": 4,
    "pwm_channels": 8,
    "pwm_bits": 14,
    "adc_pins": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20),
    "adc_block1": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
    "adc_widths": (12,),
    "unique_id": b"\x34\x85\x18\x9a\x2f\x10",
    "reset_causes": {
        "PWRON_RESET": 1,
        "HARD_RESET": 2,
        "WDT_RESET": 3,
        "DEEPSLEEP_RESET": 4,
        "SOFT_RESET": 5,
    },
    "cause_of": {"power": 1, "reset": 2, "watchdog": 3, "deepsleep": 4, "soft": 5},  # RST-02
    "sleep_is_lightsleep": False,
    "lightsleep_max_ms": None,
    "backup_regions": (("B", 2048),),
    "wdt_max_ms": 1 << 30,
    "wdt_min_ms": 1,
    "timer_ids": (-1, 0, 1, 2, 3),
    "alarm_pool": None,
    "alarms_burst": False,  # TMR-11
    "i2c_ids": (0, 1),
    "I2C_PINS": ((18, 19), (9, 8)),
    "uart_ids": (0, 1, 2),
    "spi_ids": (1, 2),
    "SPI_PINS": (None, (12, 11, 13), (36, 35, 37)),
    "UART_IRQ": {"IRQ_RX": 1, "IRQ_RXIDLE": 4096, "IRQ_BREAK": 2},
    "UART_FLOW": {"RTS": 1, "CTS": 2},
    "repl_uart": 0,  # UART-16
    "flash_bytes": 6 * 1024 * 1024,
    "flash_page": 128,
    "cpu_hz": 240000000,
    "rtc_start": 946684800,
    "modules": ("esp32",),
    "lacks": ("rp2",),
    "machine": "Generic ESP32S3 module with ESP32S3",
}

# The first ESP32, where it differs from the S3 as firmware sees it.
_ESP32_CLASSIC = dict(_ESP32)
_ESP32_CLASSIC.update(
    {
        "pins_out": 40,
        "input_only": (34, 35, 36, 37, 38, 39),  # PIN-15
        "adc_pins": (32, 33, 34, 35, 36, 37, 38, 39, 0, 2, 4, 12, 13, 14, 15, 25, 26, 27),
        "adc_block1": (32, 33, 34, 35, 36, 37, 38, 39),
        "adc_widths": (9, 10, 11, 12),
        "pwm_timers": 8,  # PWM-09: two modes of four timers, of eight channels
        "pwm_channels": 16,
        "pwm_bits": 16,
        "machine": "Generic ESP32 module with ESP32",
    }
)

_TABLE = (
    ("rp2", _RP2),
    ("rp2350", _RP2350),
    ("esp32", _ESP32),
    ("esp32_classic", _ESP32_CLASSIC),
)
PROFILES = ("rp2", "rp2350", "esp32")


def profile(name):
    """Return the Profile called `name`; raises ValueError for a name not in PROFILES."""
    for key, values in _TABLE:
        if key == name:
            merged = dict(_COMMON)
            merged.update(values)
            return Profile(name, merged)
    raise ValueError("port profile %r is unknown: choose one of %s" % (name, ", ".join(PROFILES)))
