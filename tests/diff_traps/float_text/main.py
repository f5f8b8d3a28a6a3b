"""A trap for `pinbench diff`: it prints a float, whose digits differ between the interpreters."""

import time

print("start")
for n in range(1, 100):
    time.sleep_ms(50)
    print("dew point", n * n / 7.3)
print("end")
