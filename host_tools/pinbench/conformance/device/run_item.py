"""The main file of an item on the bench: what the host plans stands in the module `item_plan`."""

from item_board import run
from item_plan import PLAN

run(getattr(__import__(PLAN["file"]), PLAN["item"]), PLAN)
