"""The figures of speed and memory, measured on this machine now."""
