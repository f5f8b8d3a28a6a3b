"""The wiring of the board that this device stands on, by role.

There is no wiring.py here: the bench makes the module from `boards/BOARD.toml`, and a build writes
it into the slot from the same file. Pins are GPIO numbers.
"""

BOARD: str  # "rpi_pico_w"
LIVE: bool  # False: say what an output that can hurt would do, and do not drive it
PINS: dict[str, int]  # "motor_in1": 16
I2C: dict[str, dict[str, int]]  # "climate": id, scl, sda, freq (Hz), timeout_us
SPI: dict[str, dict[str, int]]  # id, sck, mosi, miso, baudrate (Hz)
UART: dict[str, dict[str, int]]  # "rain": id, tx, rx, baud
CHIPS: dict  # "humidity": kind, bus, address, and what else the board file says of the chip
