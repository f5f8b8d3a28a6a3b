"""A trap for `pinbench diff`: alarms of the same time, in the order of an unstable sort."""

import time

print("start")
time.sleep_ms(500)
alarms = [(60, "wind"), (60, "rain"), (30, "button"), (60, "frost"), (60, "smoke")]
alarms.sort(key=lambda alarm: alarm[0])  # MicroPython's sort is not stable
print("\n".join([name for _, name in alarms]))  # one write: every line has the same time
print("end")
