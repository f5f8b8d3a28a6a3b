"""A version's word that it is well: given once, in time, and never before it is true."""

import ast
import json

import pytest

pytestmark = pytest.mark.vm

RECORD = {"slot": "b", "state": "trial", "tries": 1, "max_tries": 3, "previous": "a", "id": "i"}
PROGRAM = """
import asyncio
import json
import os
import sys
from services import slots
from services.log import Log


class Health:
    well = True


def show():
    with open("/slots/active") as file:
        text = file.read()
    if text == {record!r}:
        print("unchanged")
    else:  # in an order that is the same on both interpreters
        print(sorted(json.loads(text).items()))


health = Health()
may = [True]
sys.path[:0] = {path!r}
os.mkdir("/slots")
with open("/slots/active", "w") as file:
    file.write({record!r})


async def main():
    task = asyncio.create_task(slots.confirm_when_well(health, Log(), lambda: may[0], 5))
{story}
    show()


asyncio.run(main())
"""


@pytest.fixture
def tell(programs):
    """A function: a story in main() -> what was printed, the same on both interpreters."""

    def play(story, record=RECORD, path=("/slots/b",)):
        text = record if isinstance(record, str) else json.dumps(record)
        lines = "\n".join("    " + line for line in story.strip().split("\n"))
        source = PROGRAM.format(record=text, path=list(path), story=lines)
        return programs.log(programs.both(source, end_ms=60_000))

    return play


def states(said):
    """Return what `show` printed, "unchanged" or the state in the record."""
    return [
        line if line == "unchanged" else dict(ast.literal_eval(line))["state"]
        for line in said
        if line == "unchanged" or line.startswith("[(")
    ]


def test_it_is_confirmed_once_it_has_been_well_for_its_time(tell):
    said = tell("await asyncio.sleep_ms(5500)")
    assert said[:2] == ["slot b: well, on trial", "slot b: confirmed"]
    kept = dict(ast.literal_eval(said[2]))
    assert kept == {**RECORD, "state": "confirmed", "tries": 0}


def test_not_a_second_earlier(tell):
    said = tell("await asyncio.sleep_ms(4500)")
    assert said == ["slot b: well, on trial", "unchanged"]


def test_a_moment_of_illness_begins_the_time_anew(tell):
    story = """
await asyncio.sleep_ms(3500)
health.well = False
await asyncio.sleep_ms(1000)
health.well = True
await asyncio.sleep_ms(4000)
show()
await asyncio.sleep_ms(2000)
"""
    said = tell(story)
    assert states(said) == ["unchanged", "confirmed"]


def test_never_while_it_is_not_well(tell):
    said = tell("health.well = False\nawait asyncio.sleep_ms(50000)")
    assert said == ["unchanged"]


def test_the_flash_is_written_only_when_it_may_be(tell):
    story = """
may[0] = False
await asyncio.sleep_ms(30000)
show()
may[0] = True
await asyncio.sleep_ms(1100)
"""
    said = tell(story)
    assert states(said) == ["unchanged", "confirmed"]


def test_a_flash_that_refuses_is_tried_again_and_told_once(tell):
    story = """
real = os.rename
def refuse(old, new):
    raise OSError(28)
os.rename = refuse
await asyncio.sleep_ms(9000)
show()
os.rename = real
await asyncio.sleep_ms(1100)
"""
    said = tell(story)
    assert said.count("slot b: not confirmed, OSError: 28") == 1
    assert states(said) == ["unchanged", "confirmed"]


@pytest.mark.parametrize(
    "record",
    [
        {**RECORD, "state": "confirmed"},
        {**RECORD, "slot": "a"},  # the loader fell back: this is not the one on trial
        "no json",
        "[]",
        "{}",
    ],
)
def test_nothing_is_said_or_written_without_a_trial(tell, record):
    said = tell("await asyncio.sleep_ms(9000)\nprint(task.done(), slots.running())", record)
    assert said == ["True b", "unchanged"]


def test_on_the_bench_there_is_no_slot(tell):
    said = tell("await asyncio.sleep_ms(9000)\nprint(slots.running(), slots.trial())", path=())
    assert said[0] == "None None"
