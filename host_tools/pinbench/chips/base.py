"""What every chip twin has in common: name, kernel, nets, power, and `violation`."""


class Chip:
    """A part on the board, seen from its pins (bus face) and from the world (test face).

    A subclass names its `KIND` and the `PINS` that a board may wire to nets. Its constructor takes
    physical quantities and identity only; `attach` gives it the kernel and switches it on.
    """

    KIND = ""
    PINS = ()

    def __init__(self):
        self.kernel = None
        self.name = self.KIND
        self.nets = {}
        self.powered = False
        # True while a fault laid over a transfer alters what the firmware said: what arrives then
        # is not the firmware's doing, so it is noted and not held against it.
        self.disturbed = False

    def attach(self, kernel, name, nets):
        """Store kernel, name and nets (dict pin name -> Net), then switch on."""
        for pin in nets:
            if pin not in self.PINS:
                raise ValueError("%s has no pin %r" % (self.KIND, pin))
        self.kernel = kernel
        self.name = name
        self.nets = nets
        self.power_on()

    def power_on(self):
        """Supply on: registers to their reset state. A subclass extends it."""
        self.powered = True

    def power_off(self):
        """Supply off: everything released. A subclass extends it."""
        self.powered = False

    def violation(self, text):
        """The firmware did what the datasheet forbids: fails the run unless expected."""
        if self.disturbed:
            self.kernel.note("fault", self.name, text)
        else:
            self.kernel.violation(self.name, text)


class I2CChip(Chip):
    """A chip with an I2C face. `address` is the 7-bit address it answers."""

    def __init__(self, address):
        Chip.__init__(self)
        self.address = address

    def i2c_start(self, read):
        """A (repeated) start with this address; returns the acknowledge bit as a bool."""
        return self.powered

    def i2c_write(self, byte):
        """One byte from the host; returns the acknowledge bit as a bool."""
        return False

    def i2c_read(self):
        """One byte to the host, 0 to 255. A chip with nothing to say leaves the line high."""
        return 0xFF

    def i2c_stop(self):
        """The stop condition."""
