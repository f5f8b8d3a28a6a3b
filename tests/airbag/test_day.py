"""A day of wear, from recordings."""

import os

import pytest

from pinbench.evaluate import airbag_day


@pytest.mark.long
@pytest.mark.needs_data
def test_a_quarter_of_an_hour_is_made_of_recordings_in_seeded_order():
    folder = os.environ["PINBENCH_DATA"]
    found = airbag_day.day(folder, seed=3, hours=0.25)
    assert 0.25 <= found["hours"] < 0.3 and not found["repeated"]
    assert found["triggers"] == sum(found["by_activity"].values()) <= found["model_triggers"]
    assert found == airbag_day.day(folder, seed=3, hours=0.25)
    assert found != airbag_day.day(folder, seed=4, hours=0.25)
