"""The garment's part of the demo, its figures, and the black box as the host reads it."""

import pytest

from pinbench.errors import PinbenchError
from pinbench.evaluate import airbag_figures
from pinbench.report import blackbox, garment_demo


@pytest.mark.long
def test_the_demo_shows_the_shot_before_the_impact(tmp_path, capsys):
    assert garment_demo.run(tmp_path) == 0
    said = capsys.readouterr().out
    assert said.index("FIRE closes") < said.index("a bag would be full") < said.index("impact")
    assert (tmp_path / "fall.png").stat().st_size > 20_000


@pytest.mark.parametrize("data", [b"", b"PBX1", b"nothing at all", b"PBX1" + bytes(12) + b"x"])
def test_what_is_no_black_box_is_refused(data):
    with pytest.raises(PinbenchError, match="black box"):
        blackbox.decode(data)


def test_a_sample_and_the_tables_fit_their_budget():
    assert airbag_figures.sample()["value"] <= 1500
    assert airbag_figures.tables()["value"] <= 16384


@pytest.mark.vm
def test_a_sample_leaves_nothing_on_the_heap():
    assert airbag_figures.alloc()["value"] == 0
