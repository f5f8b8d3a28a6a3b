"""`pinbench cuts`: one cut again, and wrong words in one sentence."""

import json

import pytest

from pinbench import cli

pytestmark = pytest.mark.vm

WRONG = {
    "no such story": (["--story", "nope"], "there is no story nope"),
    "no story": (["--op", "3", "--variant", "before"], "name it by --story"),
    "no variant": (["--story", "update", "--op", "3"], "together"),
    "half a second cut": (
        ["--story", "update", "--op", "3", "--variant", "before", "--second", "1"],
        "together",
    ),
    "no such operation": (
        ["--story", "update", "--op", "9999", "--variant", "before"],
        "no such cut",
    ),
    "no such variant": (["--story", "update", "--op", "3", "--variant", "half"], "no such cut"),
    "no such second": (
        "--story update --op 3 --variant before --second 9999 --second-variant after".split(),
        "no such cut",
    ),
    "no such board": (["--board", "nope"], "nope"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_words_are_told_in_one_sentence(name, capsys):
    words, says = WRONG[name]
    assert cli.run(["cuts", *words]) == 2
    out, err = capsys.readouterr()
    assert says in err and err.count("\n") == 1 and out == ""


def test_one_cut_is_done_again(capsys):
    words = "--story update --op 7 --variant mix1 --second 2 --second-variant before --json"
    assert cli.run(["cuts", *words.split()]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["story"], row["cuts"], row["second_cuts"], row["failures"]) == ("update", 1, 1, 0)
