"""A trap for `pinbench diff`: it names its tasks by id()."""

import time


class Task:
    """Something that has no name of its own."""


print("start")
time.sleep_ms(500)
print("task", id(Task()))
print("end")
