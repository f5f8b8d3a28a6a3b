"""A trap for `pinbench diff`: it names what is missing in the order of a set."""

import time

print("start")
time.sleep_ms(500)
missing = {"humidity", "pressure", "rain", "current", "indoor", "encoder", "button"}
print("does not answer: " + ", ".join(missing))
print("end")
