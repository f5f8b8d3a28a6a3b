"""Recordings that the shipped tables were fitted on are known again, whatever their name."""

import pytest

from pinbench.evaluate import fitted


@pytest.fixture
def known(tmp_path, monkeypatch):
    monkeypatch.setattr(fitted, "LIST", tmp_path / "fitted.json")
    files = [tmp_path / f"{n}.csv.gz" for n in range(3)]
    for n, path in enumerate(files):
        path.write_bytes(b"recording %d" % n)
    fitted.write("rain", files[:2])
    return files


def test_fitted_files_are_counted_and_others_are_not(known):
    assert fitted.warning("rain", known).startswith("2 of these 3 files were used to fit")
    assert fitted.warning("rain", known[2:]) == ""
    assert fitted.warning("falls", known) == ""


def test_a_renamed_file_is_still_the_same_recording(known):
    known[0].rename(known[0].with_name("other.csv.gz"))
    moved = known[0].with_name("other.csv.gz")
    assert fitted.warning("rain", [moved]).startswith("1 of these 1")


def test_fitting_anew_replaces_the_list_of_that_detector_alone(known):
    fitted.write("falls", known[:1])
    fitted.write("rain", known[2:])
    assert fitted.warning("rain", known[:2]) == ""
    assert fitted.warning("rain", known[2:]) != ""
    assert fitted.warning("falls", known[:1]) != ""


def test_what_ships_names_what_it_was_fitted_on():
    names = fitted._read()
    assert any(name.startswith("falkensee") for name in names["rain"].values())
    assert any(name.startswith("SA06") for name in names["falls"].values())
