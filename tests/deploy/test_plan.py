"""What a flash will do, and what it refuses, decided without a board."""

import copy
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbench.board.definitions import load_board
from pinbench.deploy import loader, plan, refusals, survey
from pinbench.deploy.build import Build
from pinbench.deploy.link import BoardError

MACHINE = "Raspberry Pi Pico W with RP2040"


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


BOOT, MAIN = loader.texts()
ANSWER = {
    "active": {"slot": "a", "state": "confirmed", "previous": "b", "id": "1"},
    "running": "a",
    "ids": {"a": "1", "b": "0"},
    "loader": BOOT.split("\n")[0],
    "main": MAIN,
    "top": ["boot.py", "main.py", "slots"],
    "free_bytes": 400_000,
    "mpy": 6,
    "machine": MACHINE,
    "release": "1.29.0",
    "bad": [],
    "shas": ["0", sha(BOOT), sha(MAIN)],
    "blocks": {"a": 40, "b": 40},
    "wiring": None,
    "version": "v1.29.0 (virtual)",
    "strange": [["/boot.py", 900], ["/main.py", 20], ["/settings.json", 30], ["/boots", 3]],
}
BLANK = {
    **ANSWER, "active": None, "running": None, "ids": {"a": None, "b": None}, "loader": None,
    "main": None, "bad": None, "shas": [None, None, None], "blocks": {"a": 0, "b": 0},
    "strange": [],
}


def found(**changes):
    return survey.parse({**ANSWER, **changes})


def built(files=None, mpy=(6, 0), board="virtual"):
    return Build(load_board(board), "window", files or {"x.mpy": b"1"}, {}, {"mpy": list(mpy)})


# -- the plan


def test_a_blank_board_gets_slot_a_and_the_loader():
    steps = plan.make(survey.parse(BLANK), same=False)
    assert (steps.slot, steps.loader, steps.back, steps.nothing) == ("a", True, False, False)
    assert steps.strange == ()


def test_the_idle_slot_is_the_other_one():
    assert plan.make(found(), same=False).slot == "b"
    assert plan.make(found(running="b"), same=False).slot == "a"


def test_the_same_version_is_nothing_to_do_unless_the_loader_is_old():
    assert plan.make(found(), same=True).nothing
    old = found(shas=["0", "other", sha(MAIN)])
    assert not plan.make(old, same=True).nothing
    assert plan.make(old, same=True).loader


def test_a_version_on_trial_is_given_up_and_its_slot_written():
    """The other slot is what it falls back to: that one must stay."""
    steps = plan.make(
        found(active={"slot": "a", "state": "trial", "previous": "b"}), same=False
    )
    assert (steps.back, steps.slot) == (True, "a")


def test_a_first_version_on_trial_has_nothing_to_fall_back_to():
    steps = plan.make(
        found(active={"slot": "a", "state": "trial", "previous": None}), same=False
    )
    assert (steps.back, steps.slot) == (False, "b")


@pytest.mark.parametrize(
    "strange, expected",
    [
        ([["/main.py", 20], ["/boots", 2], ["/position", 4]], ()),
        ([["/lib/os.py", 9]], ("/lib/os.py",)),
        ([["/window.mpy", 9]], ("/window.mpy",)),
    ],
)
def test_on_its_own_board_only_code_that_could_shadow_is_strange(strange, expected):
    assert plan.make(found(strange=strange), same=False).strange == expected


def test_on_another_ones_board_every_file_is_strange():
    other = survey.parse({**BLANK, "strange": [["/data.csv", 5], ["/settings.json", 5]]})
    assert plan.make(other, same=False).strange == ("/data.csv",)


def test_a_main_that_pinbench_did_not_write_is_strange():
    other = found(main="print(1)", shas=["0", sha(BOOT), "1"])
    assert plan.make(other, same=False).strange == ("/main.py",)


# -- refusals


def test_another_board_is_refused_by_name():
    with pytest.raises(refusals.Refused, match="Pico W.*esp32_s3_devkitc"):
        refusals.wrong_board(load_board("esp32_s3_devkitc"), found())
    with pytest.raises(refusals.Refused, match="rpi_pico is a Raspberry Pi Pico with"):
        refusals.wrong_board(load_board("rpi_pico"), found())


def test_a_real_board_is_not_taken_for_the_virtual_one():
    with pytest.raises(refusals.Refused, match="real"):
        refusals.wrong_board(load_board("virtual"), found(version="v1.29.0 on 2026-10-01"))


def test_a_variant_of_the_same_board_is_accepted():
    octal = "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3"
    refusals.wrong_board(load_board("esp32_s3_devkitc"), found(machine=octal))


def test_mpy_files_of_another_version_or_architecture_are_refused():
    with pytest.raises(refusals.Refused, match="version 5.*version 6"):
        refusals.mpy_not_loadable(built(), found(mpy=5))
    with pytest.raises(refusals.Refused, match="native"):
        refusals.mpy_not_loadable(built(mpy=(6, 4)), found(mpy=6 | 2 << 10))
    refusals.mpy_not_loadable(built(mpy=(6, 4)), found(mpy=6 | 4 << 10))


def test_a_device_that_is_too_large_for_the_board_is_refused():
    big = built({f"{n}.mpy": bytes(4000) for n in range(120)})
    steps = plan.make(found(), same=False)
    with pytest.raises(refusals.Refused, match="does not fit.*848 KiB"):
        refusals.does_not_fit(big, found(), steps)


def test_a_full_file_system_is_refused_and_the_idle_slot_counts_as_free():
    files = {f"{n}.mpy": bytes(4000) for n in range(40)}
    steps = plan.make(found(), same=False)
    with pytest.raises(refusals.Refused, match="full"):
        refusals.does_not_fit(built(files), found(free_bytes=8192), steps)
    refusals.does_not_fit(built(files), found(free_bytes=8192, blocks={"a": 0, "b": 60}), steps)


def test_strange_files_are_refused_until_adopted():
    steps = plan.make(found(strange=[[f"/{n}.py", 1] for n in range(5)]), same=False)
    with pytest.raises(refusals.Refused, match=r"/0.py, /1.py, /2.py and 2 more.*--adopt"):
        refusals.strange_files(steps, adopt=False)
    refusals.strange_files(steps, adopt=True)


# -- a board may answer anything


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(key=st.sampled_from(sorted(ANSWER)), value=JSON)
def test_a_senseless_answer_is_one_sentence(key, value):
    answer = copy.deepcopy(ANSWER)
    answer[key] = value
    try:
        read = survey.parse(answer)
    except BoardError as error:
        assert "\n" not in str(error)
    else:
        assert plan.make(read, same=False).slot in ("a", "b")


@given(answer=JSON)
def test_what_is_no_answer_at_all_is_one_sentence(answer):
    with pytest.raises(BoardError, match="makes no sense"):
        survey.parse(answer)
